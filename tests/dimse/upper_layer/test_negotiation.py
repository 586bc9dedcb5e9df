"""Negotiation as pure functions (PS3.7 annex D.3)."""

import pytest

from hounsfield.dicom.ae_titles import is_valid_ae_title
from hounsfield.dimse.upper_layer.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from hounsfield.dimse.upper_layer.negotiation import (
    AcceptedContext,
    Support,
    agreed,
    answer,
)
from hounsfield.dimse.upper_layer.pdus import (
    AnsweredContext,
    AssociateAc,
    AssociateRq,
    ContextResult,
    ProposedContext,
)

CT, ECHO, PRIVATE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.1", "1.3.999.1"
IMPLICIT, EXPLICIT, J2K = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"


def supported(abstract_syntax, service_class):
    if abstract_syntax == CT or service_class == "storage":
        return Support(
            frozenset((IMPLICIT, EXPLICIT, J2K)), answer_information=lambda _asked: b"\2\0\3\0\0\0"
        )
    if abstract_syntax == ECHO:
        return Support(frozenset((IMPLICIT,)), requestor_may_be_scp=True)
    return None


def request(*contexts, **information):
    proposed = tuple(
        ProposedContext(2 * index + 1, abstract, syntaxes)
        for index, (abstract, syntaxes) in enumerate(contexts)
    )
    return AssociateRq("CALLED", "CALLING", proposed, UserInformation(**information))


def negotiate(*contexts, **information):
    return answer(request(*contexts, **information), supported, maximum_length=4096)


# NET-01
def test_every_proposed_context_gets_its_answer():
    contexts = [(CT, (J2K, EXPLICIT)), ("1.9", (IMPLICIT,)), (ECHO, (J2K,)), (CT, ())]
    negotiated = negotiate(*contexts)
    assert [
        (context.context_id, context.result) for context in negotiated.answer.presentation_contexts
    ] == [
        (1, ContextResult.ACCEPTANCE),
        (3, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED),
        (5, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED),
        (7, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED),
    ]
    assert negotiated.contexts == {1: AcceptedContext(1, CT, J2K)}


# NET-01
def test_all_128_contexts_are_answered():
    negotiated = negotiate(*[(CT, (IMPLICIT,))] * 128)
    assert sorted(negotiated.contexts) == list(range(1, 256, 2))


# NET-01
def test_the_first_known_transfer_syntax_is_accepted():
    negotiated = negotiate((CT, ("1.2.9.9", EXPLICIT, IMPLICIT)))
    assert negotiated.answer.presentation_contexts[0].transfer_syntax == EXPLICIT


# NET-05
@pytest.mark.parametrize("window", [(0, 0), (8, 8), (1, 1)])
def test_an_asynchronous_window_is_answered_with_one(window):
    negotiated = negotiate((CT, (IMPLICIT,)), asynchronous_operations_window=window)
    assert negotiated.answer.user_information.asynchronous_operations_window == (1, 1)


# NET-05
def test_no_asynchronous_window_is_answered_with_none():
    information = negotiate((CT, (IMPLICIT,))).answer.user_information
    assert information.asynchronous_operations_window is None


# NET-06
def test_roles_are_never_more_than_asked_for_nor_more_than_we_do():
    negotiated = negotiate(
        (CT, (IMPLICIT,)),
        (ECHO, (IMPLICIT,)),
        role_selections=(RoleSelection(CT, True, True), RoleSelection(ECHO, False, True)),
    )
    assert negotiated.answer.user_information.role_selections == (
        RoleSelection(CT, True, False),
        RoleSelection(ECHO, False, True),
    )
    assert negotiated.contexts[3] == AcceptedContext(3, ECHO, IMPLICIT, False, True)


# NET-06
def test_without_role_selection_the_roles_are_the_default_ones():
    negotiated = negotiate((CT, (IMPLICIT,)))
    assert negotiated.answer.user_information.role_selections == ()
    assert negotiated.contexts[1].requestor_is_scu
    assert not negotiated.contexts[1].requestor_is_scp


# NET-06
def test_a_role_for_a_class_that_is_not_accepted_is_not_answered():
    negotiated = negotiate(("1.9", (IMPLICIT,)), role_selections=(RoleSelection("1.9", 1, 1),))
    assert negotiated.answer.user_information.role_selections == ()


# NET-07
def test_extended_negotiation_is_answered_only_where_it_was_offered():
    offered = (ExtendedNegotiation(CT, b"\2\0\0\0\2\0"), ExtendedNegotiation("1.9", b"?"))
    negotiated = negotiate((CT, (IMPLICIT,)), extended_negotiations=offered)
    assert negotiated.answer.user_information.extended_negotiations == (
        ExtendedNegotiation(CT, b"\2\0\3\0\0\0"),
    )
    assert negotiate((CT, (IMPLICIT,))).answer.user_information.extended_negotiations == ()


# NET-07, NET-09
def test_common_extended_negotiation_says_what_a_private_class_is():
    negotiated = negotiate(
        (PRIVATE, (IMPLICIT,)),
        common_extended_negotiations=(CommonExtendedNegotiation(PRIVATE, "storage"),),
    )
    assert 1 in negotiated.contexts
    assert 1 not in negotiate((PRIVATE, (IMPLICIT,))).contexts


# NET-08
@pytest.mark.parametrize(
    ("identity_type", "asked", "response"),
    [(1, True, b""), (2, True, b""), (1, False, None), (3, True, None), (5, True, None)],
)
def test_a_user_identity_is_answered_only_when_asked(identity_type, asked, response):
    identity = UserIdentity(identity_type, asked, b"user", b"pass")
    negotiated = negotiate((CT, (IMPLICIT,)), user_identity=identity)
    assert negotiated.answer.user_information.user_identity_response == response


# NET-12
@pytest.mark.parametrize("title", ["A", "HOUNSFIELD", "WITH BLANK", 16 * "X"])
def test_valid_ae_titles_pass(title):
    assert is_valid_ae_title(title)


# NET-12
@pytest.mark.parametrize("title", ["", 17 * "X", "A\\B", "A\nB", "A\x1bB", "Ä", "\x7f"])
def test_invalid_ae_titles_do_not_pass(title):
    assert not is_valid_ae_title(title)


# NET-01
def test_a_requestor_counts_only_answers_to_what_it_proposed():
    ours = request((CT, (IMPLICIT,)), (ECHO, (IMPLICIT,)), ("1.9", (IMPLICIT,)))
    theirs = AssociateAc(
        "CALLED",
        "CALLING",
        (
            AnsweredContext(1, 0, IMPLICIT),
            AnsweredContext(3, 0, J2K),
            AnsweredContext(5, 3, IMPLICIT),
            AnsweredContext(99, 0, IMPLICIT),
        ),
    )
    assert agreed(ours, theirs) == {1: AcceptedContext(1, CT, IMPLICIT)}


# NET-06
def test_a_requestor_takes_only_roles_it_asked_for():
    theirs = AssociateAc(
        "CALLED",
        "CALLING",
        (AnsweredContext(1, 0, IMPLICIT),),
        UserInformation(role_selections=(RoleSelection(CT, False, True),)),
    )
    assert agreed(request((CT, (IMPLICIT,))), theirs)[1].requestor_is_scu
    asked = request((CT, (IMPLICIT,)), role_selections=(RoleSelection(CT, True, True),))
    assert agreed(asked, theirs)[1] == AcceptedContext(1, CT, IMPLICIT, False, True)
