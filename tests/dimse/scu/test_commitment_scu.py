"""Storage commitment as SCU: we ask pynetdicom, which answers on the same association or on one of its own."""

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role
from tests.dimse.committing import (
    PUSH_INSTANCE,
    PUSH_MODEL,
    STUDY,
    Keeper,
    Running,
    action,
    commitments,
    put,
    request_handler,
)
from tests.dimse.peer import CT, EXPLICIT, RawPeer, dataset_bytes, eventually

from hounsfield.dicom.commitment import Reference, explain
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.scu.commitment_scu import request_job
from hounsfield.errors import Conflict, Unavailable
from hounsfield.index.site.commitment_records import Request
from hounsfield.index.site.failures import Failures
from hounsfield.index.site.records import Peer


def running(peer="keeper"):
    new = request_job(peer, STUDY)
    return Running("job-1", new.lane, new.study_instance_uid, new.arguments)


# SC-01
def test_a_result_on_the_same_association_is_kept(archive):
    uids = [put(archive, number)[1] for number in range(4)]
    keeper = Keeper()
    with keeper.listening() as peer:
        text = request_handler(archive, (peer,))(running())
        eventually(lambda: keeper.answers == [0])
    assert text == "KEEPER: 4 of 4 committed"
    (known,) = commitments(archive).of_study(STUDY)
    assert known.state == "answered"
    references = commitments(archive).references(known.id)
    assert {one.sop_instance_uid for one in references if one.is_committed} == set(uids)


# SC-02, NET-06
def test_a_result_on_an_association_of_the_keepers_own_is_kept(archive, serve):
    put(archive, 1)
    keeper = Keeper()
    with keeper.listening() as peer:
        keeper.answers_to = serve(archive, peers=(peer,))[1]
        text = request_handler(archive, (peer,))(running())
        eventually(lambda: keeper.answers == [0])
    assert text == "KEEPER: 1 of 1 committed"


# SC-03
def test_a_job_that_failed_and_is_carried_out_once_more_asks_anew(archive):
    uids = [put(archive, number)[1] for number in range(3)]
    keeper = Keeper(failing=uids[:1])
    failures = Failures(archive.store.index.database)
    with keeper.listening() as peer:
        with pytest.raises(Conflict):
            request_handler(archive, (peer,))(running())
        assert failures.numbers(["job-1", "job-2"]) == {"job-1": 1}
        (one,) = failures.of_job("job-1", 10)
        assert (one.sop_instance_uid, one.status, one.text) == (
            uids[0],
            "0112",
            explain(0x0112),
        )
        keeper.failing = ()
        assert request_handler(archive, (peer,))(running()) == "KEEPER: 3 of 3 committed"
    assert len(keeper.requests) == 2
    assert failures.numbers(["job-1"]) == {}


# SC-03
def test_a_job_whose_instances_are_not_all_committed_fails_and_names_them(archive):
    uids = [put(archive, number)[1] for number in range(3)]
    with Keeper(failing=uids[:1]).listening() as peer, pytest.raises(Conflict) as told:
        request_handler(archive, (peer,))(running())
    assert "2 of 3 committed; 1: it is not there" in str(told.value)
    assert uids[0] in str(told.value)


def test_an_instance_that_the_result_does_not_mention_is_not_committed(archive):
    put(archive, 1)
    with (
        Keeper(mentions_all=False).listening() as peer,
        pytest.raises(Conflict, match="does not mention"),
    ):
        request_handler(archive, (peer,))(running())


def test_a_job_that_was_asked_waits_for_the_result_and_does_not_ask_again(archive, serve):
    put(archive, 1)
    port = serve(archive)[1]
    keeper = Keeper()
    keeper.answer = lambda *_: None
    job = running()
    with keeper.listening() as peer:
        for _ in range(2):
            with pytest.raises(Unavailable, match="has not answered"):
                request_handler(archive, (peer,))(job)
        assert len(keeper.requests) == 1
        late = Keeper(answers_to=port)
        late.answer(None, keeper.requests[0])
        assert late.answers == [0]
        assert request_handler(archive, (peer,))(job) == "KEEPER: 1 of 1 committed"


def test_a_peer_that_does_not_take_the_request_ends_the_job(archive):
    put(archive, 1)
    with Keeper(status=0x0213).listening() as peer, pytest.raises(Conflict, match="0213"):
        request_handler(archive, (peer,))(running())
    assert commitments(archive).of_study(STUDY)[0].state == "failed"


def test_a_peer_that_is_away_is_asked_later(archive):
    put(archive, 1)
    with Keeper().listening() as peer:
        pass
    with pytest.raises(Unavailable):
        request_handler(archive, (peer,))(running())


def test_a_result_that_nobody_asked_for_is_refused(archive, port):
    ds = Dataset()
    ds.TransactionUID = "1.2.3"
    request = Command.of(
        CommandField.N_EVENT_REPORT_RQ,
        {
            CommandTag.MESSAGE_ID: 1,
            CommandTag.AFFECTED_SOP_CLASS_UID: PUSH_MODEL,
            CommandTag.AFFECTED_SOP_INSTANCE_UID: PUSH_INSTANCE,
            CommandTag.EVENT_TYPE_ID: 1,
        },
        dataset=True,
    )
    with RawPeer(port) as peer:
        peer.associate((PUSH_MODEL, (EXPLICIT,)))
        peer.send(request, dataset_bytes(ds))
        assert peer.response().status == 0x0115
        peer.send(request, b"\xff\xff")
        assert peer.response().status == 0x0115


# SC-02: whoever knows a transaction may not say that it is safe
@pytest.mark.parametrize(
    ("title", "host", "status"),
    [
        ("KEEPER", None, 0x0000),
        ("OTHER", None, 0x0115),
        ("OTHER", "10.9.9.9", 0x0115),
        ("OTHER", "127.0.0.0/8", 0x0115),
        ("OTHER", "127.0.0.1", 0x0000),  # another application of the same system
    ],
)
def test_a_result_counts_only_from_whom_it_was_asked(archive, serve, title, host, status):
    _class, uid = put(archive, 1)
    keeper = Peer("KEEPER", host, 104, name="keeper")
    _server, port = serve(archive, peers=(keeper, Peer("OTHER", "127.0.0.1", name="other")))
    asked = Request("1.2.3.9", "KEEPER", "HOUNSFIELD", [Reference(CT, uid)], peer="keeper")
    one = commitments(archive).ask(asked)
    ds = action([(CT, uid)], "1.2.3.9")
    ae = AE(title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    ae.add_requested_context(PUSH_MODEL)
    role = build_role(PUSH_MODEL, scp_role=True)
    association = ae.associate("127.0.0.1", port, ae_title="HOUNSFIELD", ext_neg=[role])
    told, _ = association.send_n_event_report(ds, 1, PUSH_MODEL, PUSH_INSTANCE)
    association.release()
    assert told.Status == status
    assert commitments(archive).by_id(one).state == ("asked" if status else "answered")
