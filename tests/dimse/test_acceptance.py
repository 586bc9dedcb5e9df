"""Who is let in, under which name, with which contexts."""

import logging

import pytest
from tests.dimse.peer import CT, EXPLICIT, IMPLICIT, VERIFICATION, RawPeer, eventually, instance

from hounsfield.dicom.sop_classes import STORAGE_SOP_CLASSES
from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES
from hounsfield.dimse.acceptance import Acceptance, Origin, Refusal, is_storable
from hounsfield.dimse.config import DimseConfig, Peer
from hounsfield.dimse.places import Places
from hounsfield.dimse.upper_layer.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from hounsfield.dimse.upper_layer.pdus import AssociateRj, AssociateRq, ProposedContext

NO_REASON, APPLICATION_CONTEXT = AssociateRj(1, 1, 1), AssociateRj(1, 1, 2)
CALLING, CALLED = AssociateRj(1, 1, 3), AssociateRj(1, 1, 7)
PROTOCOL_VERSION, LOCAL_LIMIT = AssociateRj(1, 2, 2), AssociateRj(2, 3, 2)


def acceptance_of(config):
    return Acceptance(config, Places(config.max_associations, config.max_associations_by_peer))


def decide(request=None, address="10.0.0.9", **config):
    acceptance = acceptance_of(DimseConfig(**config))
    decision = acceptance.decide(request or asking(), Origin(address), 0)
    return decision.answer if isinstance(decision, Refusal) else None


def asking(called="HOUNSFIELD", calling="CT1", **more):
    return AssociateRq(called, calling, (ProposedContext(1, CT, (IMPLICIT,)),), **more)


# NET-02
@pytest.mark.parametrize(
    ("peers", "unknown", "address", "expected"),
    [
        ((), "refuse", "10.0.0.9", CALLING),
        ((), "refuse", "127.0.0.1", CALLING),
        ((), "accept", "10.0.0.9", CALLING),
        ((), "accept", "127.0.0.1", None),
        ((), "accept", "::1", None),
        ((), "accept", "::ffff:127.0.0.1", None),
        ((Peer("CT1"),), "refuse", "10.0.0.9", None),
        ((Peer("CT2"),), "refuse", "10.0.0.9", CALLING),
        ((Peer("CT1", "10.0.0.9"),), "refuse", "10.0.0.9", None),
        ((Peer("CT1", "10.0.0.9"),), "refuse", "::ffff:10.0.0.9", None),
        ((Peer("CT1", "10.0.0.8"),), "refuse", "10.0.0.9", CALLING),
        ((Peer("CT1", "10.0.0.8"),), "accept", "127.0.0.1", CALLING),
        ((Peer("CT1", "10.0.0.8"), Peer("CT1", "10.0.0.9")), "refuse", "10.0.0.9", None),
        ((Peer("CT1", "10.0.0.0/24"),), "refuse", "10.0.0.9", None),
        ((Peer("CT1", "fe80::/10"),), "refuse", "fe80::7%eth0", None),
        ((Peer("CT1", "localhost"),), "refuse", "127.0.0.1", None),
    ],
)
def test_callers_are_known_by_ae_title_and_address(peers, unknown, address, expected):
    assert decide(address=address, peers=peers, unknown_peers=unknown) == expected


# NET-12
@pytest.mark.parametrize(
    ("address", "expected"),
    [("10.0.0.9", "ct"), ("10.0.0.8", "ward"), ("10.1.0.8", "site"), ("192.0.2.1", "anywhere")],
)
def test_of_several_peers_of_one_ae_title_the_one_with_the_closest_host_calls(address, expected):
    peers = (
        Peer("CT1", name="anywhere"),
        Peer("CT1", "10.0.0.0/8", name="site"),
        Peer("CT1", "10.0.0.0/24", name="ward"),
        Peer("CT1", "::ffff:10.0.0.9", name="ct"),
    )
    config = DimseConfig(peers=peers)
    assert (
        Acceptance(config, Places(9, 9)).decide(asking(), Origin(address), 0).peer.name == expected
    )


# NET-12
@pytest.mark.parametrize(
    ("known", "words"),
    [
        (Peer("CT1", "10.0.0.7"), "it is to call from 10.0.0.7."),
        (Peer("CT1", "localhost"), "localhost ("),
        (Peer("CT1", "ct1.invalid"), "ct1.invalid (a name that cannot be resolved here)"),
    ],
)
def test_a_caller_at_another_address_is_told_what_the_host_of_the_peer_stands_for(known, words):
    config = DimseConfig(peers=(known,))
    refusal = Acceptance(config, Places(9, 9)).decide(asking(), Origin("10.0.0.9"), 0)
    assert refusal.finding.code == "other-address"
    assert words in refusal.finding.reason


# NET-02, NET-12
@pytest.mark.parametrize(
    ("called", "more", "expected"),
    [
        ("HOUNSFIELD", (), None),
        ("OTHER", (), CALLED),
        ("hounsfield", (), CALLED),
        ("OTHER", ("OTHER",), None),
        ("OTHER", ("*",), None),
        ("", ("*",), CALLED),
        ("A\\B", ("*",), CALLED),
        ("A\tB", ("*",), CALLED),
    ],
)
def test_we_answer_to_our_names(called, more, expected):
    request = asking(called)
    assert decide(request, peers=(Peer("CT1"),), called_ae_titles=more) == expected


# NET-12
@pytest.mark.parametrize("calling", ["", "A\\B", "A\nB", "\x00A"])
def test_a_caller_without_a_valid_ae_title_is_not_recognized(calling):
    assert decide(asking(calling=calling), peers=(Peer(calling),)) == CALLING


# NET-02
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"application_context_name": "1.2.3"}, APPLICATION_CONTEXT),
        ({"application_context_name": ""}, APPLICATION_CONTEXT),
        ({"protocol_version": 2}, PROTOCOL_VERSION),
        ({"protocol_version": 3}, None),
        ({"user_information": UserInformation(maximum_length=7)}, NO_REASON),
        ({"user_information": UserInformation(maximum_length=0)}, None),
    ],
)
def test_what_we_do_not_speak_is_rejected_for_it(change, expected):
    assert decide(asking(**change), peers=(Peer("CT1"),)) == expected


# NET-02
def test_limits_are_transient_and_places_are_given_back():
    config = DimseConfig(
        peers=(Peer("CT1"), Peer("CT2"), Peer("CT3")),
        max_associations=3,
        max_associations_by_peer=2,
    )
    places = Places(config.max_associations, config.max_associations_by_peer)
    acceptance = Acceptance(config, places)

    def ask(calling):
        place = places.take()
        decision = acceptance.decide(asking(calling=calling), Origin("10.0.0.9"), place)
        if not isinstance(decision, Refusal):
            return None
        places.give_back(place)
        return decision.answer

    assert [ask("CT1"), ask("CT1"), ask("CT1")] == [None, None, LOCAL_LIMIT]
    assert [ask("CT2"), ask("CT3")] == [None, LOCAL_LIMIT]
    places.rise(0)
    assert [ask("CT3"), ask("CT1")] == [None, LOCAL_LIMIT]


# NET-09
def test_every_storage_class_is_accepted_in_every_transfer_syntax():
    acceptance = acceptance_of(DimseConfig())
    for sop_class in STORAGE_SOP_CLASSES:
        support = acceptance.support(sop_class, "")
        assert support is not None
        assert len(set(TRANSFER_SYNTAXES) - support.transfer_syntaxes) == 2


# NET-09
@pytest.mark.parametrize(
    ("sop_class", "expected"),
    [
        ("1.2.840.10008.5.1.4.1.1.1", True),
        ("1.2.840.10008.5.1.1.30", True),  # retired Hardcopy Color Image
        ("1.2.840.10008.5.1.4.1.1.999.1", True),  # newer than we are
        ("1.2.840.113619.4.30", True),  # private
        ("1.2.840.10008.5.1.4.1.2.2.1", False),  # Study Root FIND
        ("1.2.840.10008.1.20.1", False),  # Storage Commitment
        ("1.2.840.10008.1.1", False),
        ("1.2.840.10008.9.9.9", False),
        ("", False),
        ("not a UID", False),
    ],
)
def test_what_may_be_stored_is_known_from_the_class(sop_class, expected):
    assert is_storable(sop_class) is expected


# NET-07, NET-09
def test_a_private_class_of_another_service_is_not_stored():
    acceptance = acceptance_of(DimseConfig())
    assert acceptance.support("1.3.999.1", "") is not None
    assert acceptance.support("1.3.999.1", "1.2.840.10008.4.2") is not None
    assert acceptance.support("1.3.999.1", "1.2.840.10008.4.1") is None
    assert acceptance_of(DimseConfig(unknown_sop_classes="refuse")).support("1.3.999.1", "") is None


def test_our_own_ae_title_is_a_valid_one():
    with pytest.raises(ValueError, match="no AE title"):
        acceptance_of(DimseConfig(ae_title="TOO LONG TO BE ONE"))


# NET-02
@pytest.mark.parametrize(
    ("asked", "expected", "advice"),
    [
        ({"called": "OTHER"}, CALLED, "dimse.called_ae_titles"),
        ({"calling": "STRANGER"}, CALLING, "dimse.peers"),
        ({"application_context": "1.2.3"}, APPLICATION_CONTEXT, "application context"),
        ({"protocol_version": 0}, PROTOCOL_VERSION, "version"),
    ],
)
def test_a_refused_caller_is_told_and_the_log_says_what_to_do(
    archive, serve, caplog, asked, expected, advice
):
    _server, port = serve(archive, unknown_peers="refuse", peers=(Peer("RAW", "127.0.0.1"),))
    with RawPeer(port) as peer:
        assert peer.ask(**asked) == expected
    with RawPeer(port) as peer:
        peer.associate()
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert advice in warnings[0].getMessage()


# NET-02
def test_a_caller_over_the_limit_is_rejected_until_another_leaves(archive, serve):
    server, port = serve(archive, max_associations=2)
    with RawPeer(port) as first, RawPeer(port) as second:
        first.associate()
        second.associate()
        with RawPeer(port) as third:
            assert third.ask() == LOCAL_LIMIT
    eventually(lambda: server.counts["open"] == 0)
    with RawPeer(port) as fourth:
        fourth.associate()


# NET-05, NET-07, NET-08
def test_all_that_a_requestor_can_say_about_itself_is_answered(port):
    with RawPeer(port) as peer:
        answer = peer.associate(
            (CT, (IMPLICIT,)),
            ("1.3.999.1", (IMPLICIT,)),
            asynchronous_operations_window=(16, 16),
            extended_negotiations=(ExtendedNegotiation(CT, b"\2\0\0\0\2\0"),),
            common_extended_negotiations=(
                CommonExtendedNegotiation("1.3.999.1", "1.2.840.10008.4.2", (CT,)),
            ),
            user_identity=UserIdentity(2, True, b"user", b"pass"),
        )
    information = answer.user_information
    assert [context.result for context in answer.presentation_contexts] == [0, 0]
    assert information.asynchronous_operations_window == (1, 1)
    assert information.extended_negotiations == (ExtendedNegotiation(CT, b"\2\0\3\0\0\0"),)
    assert information.common_extended_negotiations == ()
    assert information.user_identity_response == b""
    assert information.implementation_class_uid
    assert information.maximum_length >= 4096


# NET-01
def test_128_contexts_are_answered_one_by_one(port):
    with RawPeer(port) as peer:
        answer = peer.associate(*[(CT, (IMPLICIT,)), (VERIFICATION, ("1.2.9",))] * 64)
    assert [context.context_id for context in answer.presentation_contexts] == list(
        range(1, 256, 2)
    )
    assert [context.result for context in answer.presentation_contexts] == [0, 4] * 64


# NET-11
def test_bytes_that_no_uid_has_are_answered_like_any_unknown_class(archive, serve):
    server, port = serve(archive)
    with RawPeer(port) as peer:
        answer = peer.associate(("\xff\xfe1.2", ("\xe9", IMPLICIT)), (CT, ("\xe9",)))
    assert [context.result for context in answer.presentation_contexts] == [3, 4]
    eventually(lambda: server.counts["open"] == 0)
    assert "failed" not in server.counts


# -- rights ------------------------------------------------------------------------------------------

STUDY_FIND, STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"
COMMITMENT, WORK_ITEM = "1.2.840.10008.1.20.1", "1.2.840.10008.5.1.4.34.6.1"


def agreed(may, *classes, roles=()):
    """What a peer of some rights gets: the result by class, and the roles."""
    acceptance = acceptance_of(DimseConfig(peers=(Peer("CT1", may=frozenset(may)),)))
    contexts = tuple(
        ProposedContext(2 * index + 1, uid, (IMPLICIT,)) for index, uid in enumerate(classes)
    )
    selections = tuple(
        RoleSelection(uid, scu_role=bool(scu), scp_role=bool(scp)) for uid, scu, scp in roles
    )
    request = AssociateRq(
        "HOUNSFIELD", "CT1", contexts, UserInformation(role_selections=selections)
    )
    admission = acceptance.decide(request, Origin("10.0.0.9"), 0)
    negotiated = admission.negotiated
    results = [context.result for context in negotiated.answer.presentation_contexts]
    given = {
        context.abstract_syntax: (context.requestor_is_scu, context.requestor_is_scp)
        for context in negotiated.contexts.values()
    }
    return results, given, admission.missing_rights


# NET-06: PS3.8 9.3.3.2, a service that a peer may not use is rejected by user, not as unknown
@pytest.mark.parametrize(
    ("may", "expected", "missing"),
    [
        ((), [0, 1, 1, 1, 1], ("store", "search", "retrieve", "work-item")),
        (("store",), [0, 0, 1, 1, 1], ("search", "retrieve", "work-item")),
        (("search", "retrieve"), [0, 1, 0, 0, 1], ("store", "work-item")),
        (("store", "search", "retrieve", "work-item"), [0, 0, 0, 0, 0], ()),
    ],
)
def test_a_peer_gets_the_contexts_of_the_services_it_may_use(may, expected, missing):
    results, _given, lacks = agreed(may, VERIFICATION, CT, STUDY_FIND, STUDY_GET, WORK_ITEM)
    assert results == expected
    assert lacks == missing


# NET-06
@pytest.mark.parametrize(
    ("may", "role", "expected"),
    [
        (("store", "retrieve"), (1, 1), (True, True)),
        (("store",), (1, 1), (True, False)),
        (("retrieve",), (1, 1), (False, True)),
        (("retrieve",), (0, 1), (False, True)),
        (("search",), (1, 1), None),
        (("retrieve",), (1, 0), None),
    ],
)
def test_storing_here_and_getting_back_are_rights_of_their_own(may, role, expected):
    _results, given, _lacks = agreed(may, CT, roles=[(CT, *role)])
    assert given.get(CT) == expected


# NET-06
def test_who_reports_on_a_commitment_that_we_asked_for_needs_no_right():
    assert agreed((), COMMITMENT)[0] == [
        0
    ]  # its right is looked at when it asks for one of its own
    assert agreed((), COMMITMENT, roles=[(COMMITMENT, 0, 1)])[1] == {COMMITMENT: (False, True)}


# NET-10
def test_a_peer_that_may_only_retrieve_cannot_store_on_the_context_for_it(archive, serve):
    peers = (Peer("RAW", "127.0.0.1", may=frozenset({"retrieve"})),)
    _server, port = serve(archive, peers=peers)
    with RawPeer(port) as peer:
        peer.associate((CT, (EXPLICIT,)), role_selections=(RoleSelection(CT, True, True),))
        assert peer.store(instance()).status == 0x0124
    assert archive.files() == []
