"""Storage commitment as SCP, asked by pynetdicom, and the job that checks and reports."""

import contextlib

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from tests.dimse.committing import (
    PUSH_MODEL,
    Results,
    Worker,
    action,
    ask,
    commitments,
    committed_in,
    failed_in,
    listening,
    missing,
    put,
    queued,
    report_handler,
    scu_association,
)
from tests.dimse.peer import CT, EXPLICIT, RawPeer, eventually

from hounsfield.archive.site.completeness import Completeness
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.errors import Unavailable
from hounsfield.index.site.records import ALL_RIGHTS, Peer

MR = "1.2.840.10008.5.1.4.1.1.4"


def asked(port, references, **more):
    """Ask, and go at once."""
    with scu_association(port) as assoc:
        assert ask(assoc, action(references, **more)) == 0x0000


# SC-01, SC-02
def test_the_result_comes_on_the_association_that_asked_while_it_is_open(archive, port):
    references = [put(archive, number) for number in range(5)]
    results = Results()
    with (
        Worker(archive, "commitment", report_handler(archive)),
        scu_association(port, results) as assoc,
    ):
        request = action(references)
        assert ask(assoc, request) == 0x0000
        event_type, result = results.wait()
    assert event_type == 1
    assert result.TransactionUID == request.TransactionUID
    assert committed_in(result) == [uid for _, uid in references]
    assert "FailedSOPSequence" not in result
    assert result.RetrieveAETitle == "HOUNSFIELD"
    assert len(results.heard) == 1


# SC-01, SC-03
def test_what_is_not_safe_is_named_with_the_reason_and_what_is_safe_with_it(archive, port):
    here, elsewhere = put(archive, 1), put(archive, 2)
    results = Results()
    wanted = [here, missing(), (MR, elsewhere[1]), ("1.2.3.4.5", "1.2.3.4.5.6")]
    with (
        Worker(archive, "commitment", report_handler(archive)),
        scu_association(port, results) as assoc,
    ):
        assert ask(assoc, action(wanted)) == 0x0000
        event_type, result = results.wait()
    assert event_type == 2
    assert committed_in(result) == [here[1]]
    assert failed_in(result) == {
        missing()[1]: 0x0112,
        elsewhere[1]: 0x0119,
        "1.2.3.4.5.6": 0x0122,
    }


# SC-04
@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_an_object_that_is_damaged_on_disk_is_not_committed(archive, port, harm):
    reference, other = put(archive, 1), put(archive, 2)
    key = next(one.storage_key for one in commitments(archive).locations([reference[1]]))
    path = archive.root / "objects" / key
    if not path.exists():
        path = next(p for p in archive.root.rglob("*") if p.is_file() and str(p).endswith(key))
    path.chmod(0o644)
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-3] + b"xyz" if harm == "changed" else content[:-2])
    results = Results()
    with (
        Worker(archive, "commitment", report_handler(archive)),
        scu_association(port, results) as assoc,
    ):
        ask(assoc, action([reference, other]))
        event_type, result = results.wait()
    assert event_type == 2
    assert failed_in(result) == {reference[1]: 0x0110}
    assert committed_in(result) == [other[1]]


# SC-02, NET-06
@pytest.mark.parametrize("answers_roles", [True, False])
def test_after_the_association_is_over_the_result_comes_on_a_new_one(archive, serve, answers_roles):
    references = [put(archive, number) for number in range(3)]
    results = Results()
    with listening(results, role=answers_roles) as peer:
        port = serve(archive, peers=(peer,))[1]
        asked(port, [*references, missing()])
        (job,) = queued(archive, "commitment")
        assert job.lane == "scanner"
        eventually(lambda: not commitments(archive).by_id(job.arguments["commitment"]).is_held)
        text = report_handler(archive, (peer,))(job)
    event_type, result = results.heard[0]
    assert event_type == 2
    assert committed_in(result) == [uid for _, uid in references]
    assert "3 of 4 committed" in text
    assert commitments(archive).by_id(job.arguments["commitment"]).state == "reported"


# SC-02
def test_a_peer_that_is_away_is_tried_again_and_hears_the_same_result(archive, serve):
    results = Results()
    with listening(results) as peer:
        pass
    port = serve(archive, peers=(peer,))[1]
    asked(port, [put(archive, 1)])
    (job,) = queued(archive, "commitment")
    eventually(lambda: not commitments(archive).by_id(job.arguments["commitment"]).is_held)
    for _ in range(2):
        with pytest.raises(Unavailable):
            report_handler(archive, (peer,))(job)
    with listening(results) as back:
        report_handler(archive, (back,))(job)
        assert len(results.heard) == 1
        assert "1 of 1 committed" in report_handler(archive, (back,))(job)
    assert len(results.heard) == 1


def test_a_peer_that_refuses_the_result_is_told_again(archive, serve):
    results = Results(status=0x0110)
    with listening(results) as peer:
        port = serve(archive, peers=(peer,))[1]
        asked(port, [put(archive, 1)])
        (job,) = queued(archive, "commitment")
        eventually(lambda: not commitments(archive).by_id(job.arguments["commitment"]).is_held)
        with pytest.raises(Unavailable, match="0110"):
            report_handler(archive, (peer,))(job)
        results.status = 0
        report_handler(archive, (peer,))(job)
    assert len(results.heard) == 2


def test_a_peer_that_we_cannot_call_hears_the_result_when_it_comes_again(archive, port):
    asked(port, [put(archive, 1)])
    (job,) = queued(archive, "commitment")
    eventually(lambda: not commitments(archive).by_id(job.arguments["commitment"]).is_held)
    with pytest.raises(Unavailable, match="host and port"):
        report_handler(archive)(job)
    results = Results()
    with scu_association(port, results):
        event_type, _ = results.wait()
        one = job.arguments["commitment"]
        eventually(lambda: commitments(archive).by_id(one).state == "reported")
    assert event_type == 1
    assert "reported" in report_handler(archive)(job)


# SC-05
def test_a_transaction_uid_that_was_used_for_something_else_is_a_failure(archive, port):
    first, second = put(archive, 1), put(archive, 2)
    transaction, results = generate_uid(), Results()
    with (
        Worker(archive, "commitment", report_handler(archive)),
        scu_association(port, results) as assoc,
    ):
        ask(assoc, action([first], transaction))
        assert results.wait()[0] == 1
        assert ask(assoc, action([second], transaction)) == 0x0000
        event_type, result = results.wait()
    assert event_type == 2
    assert failed_in(result) == {second[1]: 0x0131}


# SC-05
def test_the_same_request_again_is_the_same_transaction(archive, port):
    references = [put(archive, number) for number in range(3)]
    transaction = generate_uid()
    asked(port, references, transaction_uid=transaction)
    asked(port, references[::-1], transaction_uid=transaction)
    assert len(queued(archive, "commitment")) == 1
    results = Results()
    with (
        Worker(archive, "commitment", report_handler(archive)),
        scu_association(port, results) as assoc,
    ):
        ask(assoc, action(references, transaction))
        assert results.wait()[0] == 1
        ask(assoc, action(references, transaction))  # its result was lost: it is told once more
        assert results.wait()[0] == 1
    assert len(results.heard) == 2


# SC-01
@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"]
)
def test_requests_and_results_are_understood_in_every_syntax_of_messages(archive, port, syntax):
    here, results = put(archive, 1), Results()
    with (
        Worker(archive, "commitment", report_handler(archive)),
        scu_association(port, results, syntax=syntax) as assoc,
    ):
        assert ask(assoc, action([here, missing()])) == 0x0000
        event_type, result = results.wait()
    assert event_type == 2
    assert committed_in(result) == [here[1]]
    assert failed_in(result) == {missing()[1]: 0x0112}


def test_other_requests_are_answered_while_a_result_is_awaited(archive, serve):
    port = serve(archive)[1]
    put(archive, 1)
    results = Results()
    with scu_association(port, results) as assoc:
        for number in range(5):
            assert ask(assoc, action([missing(50 + number)])) == 0x0000
        with Worker(archive, "commitment", report_handler(archive)):
            eventually(lambda: len(results.heard) == 5)
    told = [failed_in(result) for _, result in results.heard]
    assert sorted(next(iter(one)) for one in told) == sorted(missing(50 + n)[1] for n in range(5))


def test_a_request_of_thousands_of_instances_is_answered_at_once_and_checked_whole(archive, serve):
    here = put(archive, 1)
    references = [here, *((CT, f"1.2.3.{number}") for number in range(20_000))]
    results = Results()
    with listening(results) as peer:
        port = serve(archive, peers=(peer,))[1]
        asked(port, references)
        (job,) = queued(archive, "commitment")
        eventually(lambda: not commitments(archive).by_id(job.arguments["commitment"]).is_held)
        report_handler(archive, (peer,))(job)
    result = results.heard[0][1]
    assert committed_in(result) == [here[1]]
    assert len(result.FailedSOPSequence) == 20_000
    assert job.told[-1] == (20_001, 20_001)


@pytest.mark.parametrize(
    ("wanted", "is_complete"), [((1, 2), True), ((1,), False), ((1, 2, 99), False)]
)
def test_a_study_is_complete_when_all_of_it_is_asked_for_and_here(
    archive, port, wanted, is_complete
):
    for number in (1, 2):
        put(archive, number)
    completeness = Completeness(archive.store.index)
    asked(port, [missing(number) for number in wanted])
    (job,) = queued(archive, "commitment")
    handler = report_handler(archive, when_all_are_here=completeness.commitment_asked)
    with pytest.raises(Unavailable):
        handler(job)
    changes = [one.kind for one in archive.store.index.changes_since(0)]
    assert ("complete" in changes) == is_complete


def test_a_check_that_is_stopped_reports_nothing(archive, port):
    asked(port, [put(archive, 1)])
    (job,) = queued(archive, "commitment")
    job.stopped = True
    assert report_handler(archive)(job) == "stopped"
    assert commitments(archive).by_id(job.arguments["commitment"]).state == "asked"


def test_a_result_that_is_known_is_not_lost_when_its_job_is_stopped(archive, port):
    asked(port, [put(archive, 1)])
    (job,) = queued(archive, "commitment")
    one = job.arguments["commitment"]
    eventually(lambda: commitments(archive).hold(one, "an association", 60))
    commitments(archive).checked(one, {})
    job.stopped = True
    with pytest.raises(Unavailable, match="not yet reported"):
        report_handler(archive)(job)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda ds: delattr(ds, "TransactionUID"), 0x0115),
        (lambda ds: delattr(ds, "ReferencedSOPSequence"), 0x0115),
        (lambda ds: setattr(ds, "ReferencedSOPSequence", []), 0x0115),
        (lambda ds: delattr(ds.ReferencedSOPSequence[0], "ReferencedSOPClassUID"), 0x0115),
        (lambda ds: setattr(ds, "ReferencedSOPSequence", [Dataset()]), 0x0115),
    ],
)
def test_a_request_that_lacks_something_is_refused_and_leaves_nothing(
    archive, port, change, status
):
    request = action([put(archive, 1)])
    change(request)
    with scu_association(port) as assoc:
        assert ask(assoc, request) == status
        assert ask(assoc, action([missing()])) == 0x0000
    assert len(queued(archive, "commitment")) == 1


def test_other_instances_and_actions_are_not_known(archive, port):
    with scu_association(port) as assoc:
        assert ask(assoc, action([missing()]), instance_uid="1.2.3") == 0x0112
        assert ask(assoc, action([missing()]), action_type=2) == 0x0123
    assert not queued(archive, "commitment")


def test_a_peer_without_the_right_is_refused(archive, serve):
    peer = Peer("SCANNER", name="scanner", may=ALL_RIGHTS - {"commit"})
    port = serve(archive, peers=(peer,))[1]
    with scu_association(port) as assoc:
        assert ask(assoc, action([missing()])) == 0x0124
    assert not queued(archive, "commitment")


@pytest.mark.parametrize(
    "data", [b"", b"\x08\x00", b"\x08\x00\x95\x11UI\xff\xff1.2", b"\xff" * 64, bytes(64)]
)
def test_a_request_that_is_no_data_set_is_refused_and_the_association_goes_on(archive, port, data):
    def request(has_dataset):
        return Command.of(
            CommandField.N_ACTION_RQ,
            {
                CommandTag.MESSAGE_ID: 1,
                CommandTag.REQUESTED_SOP_CLASS_UID: PUSH_MODEL,
                CommandTag.REQUESTED_SOP_INSTANCE_UID: PUSH_MODEL + ".1",
                CommandTag.ACTION_TYPE_ID: 1,
            },
            dataset=has_dataset,
        )

    with RawPeer(port) as peer:
        peer.associate((PUSH_MODEL, (EXPLICIT,)))
        for _ in range(2):
            peer.send(request(bool(data)), data or None)
            assert peer.response().status == 0x0115
    assert not queued(archive, "commitment")


def test_the_index_survives_an_association_that_ends_while_its_result_is_due(archive, serve):
    server, port = serve(archive)
    peer = RawPeer(port)
    with contextlib.closing(peer.sock):
        peer.associate((PUSH_MODEL, (EXPLICIT,)))
    with scu_association(port) as assoc:
        ask(assoc, action([missing()]))
        assoc.abort()
    (job,) = queued(archive, "commitment")
    eventually(lambda: not commitments(archive).by_id(job.arguments["commitment"]).is_held)
    eventually(lambda: not server.counts["open"])
