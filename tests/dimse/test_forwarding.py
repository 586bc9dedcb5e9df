"""The job that sends, over a real archive, to a peer of pynetdicom's that answers as it is told."""

import contextlib
import hashlib
import socket
import threading
import time

import pytest
from tests.dimse.storing_peer import EXPLICIT, IMPLICIT, storing_peer
from tests.instances import MR_IMAGE, ROOT, numbered

from hounsfield.dicom.part10 import read_header
from hounsfield.dimse.forwarding import Forwarding
from hounsfield.dimse.scu.commitment_scu import REQUEST_JOB
from hounsfield.errors import NotFound, Refused, Unavailable
from hounsfield.index.site.claims import Claims
from hounsfield.index.site.jobs import Jobs, NewJob, Selection
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.index.site.sent import SentInstances

STUDY = f"{ROOT}.1"


@pytest.fixture
def archive(open_archive):
    return open_archive(duplicates="replace")


@pytest.fixture
def peer():
    with storing_peer() as running:
        yield running


class Carried:
    """A job as its handler sees it, carried out without an engine."""

    def __init__(self, job_id, **arguments):
        self.id, self.lane, self.study_instance_uid = job_id, "pacs2", STUDY
        self.arguments, self.attempt = arguments, 1
        self.told = []
        self.stops = threading.Event()
        self.stop_at = None

    def progress(self, done, total, text=""):
        self.told.append((done, total, text))
        if done == self.stop_at:
            self.stops.set()

    def is_stopped(self):
        return self.stops.is_set()


@pytest.fixture
def site(archive, peer):
    """An archive with a study of ten instances, and how to send of it."""

    jobs = Jobs(archive.index.database)

    class Site:
        sent = SentInstances(archive.index.database)

        def forwarding(self, **changes):
            known = Peer("PACS2", "127.0.0.1", changes.pop("port", peer.port), "pacs2", **changes)
            peers = Peers(archive.index.database, [known])
            return Forwarding(archive.retrieve, self.sent, peers, "HOUNSFIELD", jobs)

        def job(self, **arguments):
            new = NewJob("send", "Send", lane="pacs2", study_instance_uid=STUDY)
            return Carried(Jobs(archive.index.database).add(new), **arguments)

        def put(self, number, **attributes):
            content = numbered(1, number // 100 + 1, number, **attributes)
            archive.send(content)
            self.contents[f"{ROOT}.1.{number // 100 + 1}.{number}"] = content

        def failures(self, job):
            return {one.sop_instance_uid: one for one in self.sent.failures(job.id, 1000)}

    made = Site()
    made.contents = {}
    for number in range(1, 11):
        made.put(number)
    return made


def uid(number):
    return f"{ROOT}.1.{number // 100 + 1}.{number}"


def test_a_study_arrives_byte_for_byte_over_one_association(site, peer):
    site.put(101, SOPClassUID=MR_IMAGE)
    job = site.job()
    assert site.forwarding()(job) == "11 sent to pacs2"
    assert peer.associations == 1
    assert peer.uids == [uid(n) for n in (*range(1, 11), 101)]
    for sop_instance_uid, syntax, data in peer.came:
        content = site.contents[sop_instance_uid]
        assert syntax == EXPLICIT
        assert (
            hashlib.sha256(data).digest()
            == hashlib.sha256(content[read_header(content).dataset_offset :]).digest()
        )
    assert job.told[0] == (0, 11, "")
    assert job.told[-1] == (11, 11, "")


def test_only_some_series_or_instances_are_sent(site, peer):
    site.put(101)
    assert site.forwarding()(site.job(series=[f"{ROOT}.1.2"])) == "1 sent to pacs2"
    assert site.forwarding()(site.job(instances=[uid(3), uid(4)])) == "2 sent to pacs2"
    assert peer.uids == [uid(101), uid(3), uid(4)]


def test_every_refused_instance_is_named_with_its_status_and_the_others_arrive(site, peer):
    peer.answers = {uid(3): 0xA900, uid(7): 0xC123}
    job = site.job()
    with pytest.raises(Refused, match=r"2 of 10 refused: .*A900.*C123"):
        site.forwarding()(job)
    assert {uid: one.status for uid, one in site.failures(job).items()} == {
        uid(3): 0xA900,
        uid(7): 0xC123,
    }
    assert job.told[-1][:2] == (8, 10)


def test_a_warning_counts_as_accepted(site, peer):
    peer.answers = {uid(3): 0xB000, uid(4): 0xB007}
    job = site.job()
    assert site.forwarding()(job) == "10 sent to pacs2"
    assert site.failures(job) == {}


def test_sending_again_sends_only_what_was_refused(archive, site, peer):
    peer.answers = {uid(3): 0xA900}
    job = site.job()
    with pytest.raises(Refused):
        site.forwarding()(job)
    with pytest.raises(Refused):  # carried out again after a crash: the refusal stands
        site.forwarding()(job)
    assert peer.uids.count(uid(3)) == 1
    jobs = Jobs(archive.index.database)
    jobs.cancel(job.id)
    jobs.retry(job.id)
    peer.answers.clear()
    assert site.forwarding()(job) == "10 sent to pacs2"
    assert sorted(peer.uids) == sorted([uid(n) for n in range(1, 11)] + [uid(3)])


def test_what_is_refused_for_lack_of_resources_is_tried_again_later(site, peer):
    peer.answers = {uid(3): 0xA700, uid(4): 0xA9FF}
    job = site.job()
    with pytest.raises(Unavailable, match="2 of 10 refused"):
        site.forwarding()(job)
    peer.answers.clear()
    with pytest.raises(Refused, match="1 of 10 refused"):  # A9FF was the instance's own fault
        site.forwarding()(job)
    assert peer.uids.count(uid(3)) == 2
    assert peer.uids.count(uid(4)) == 1


def test_a_peer_without_resources_is_not_bothered_with_everything(site, peer):
    for number in range(11, 41):
        site.put(number)
    peer.answers = {uid(number): 0xA700 for number in range(1, 41)}
    with pytest.raises(Unavailable, match="20 of 40 refused"):
        site.forwarding()(site.job())
    assert len(peer.came) == 20


def test_an_association_that_breaks_is_tried_again_later_without_what_was_accepted(site, peer):
    peer.answers = {uid(5): "abort"}
    job = site.job()
    with pytest.raises(Unavailable):
        site.forwarding()(job)
    assert peer.uids == [uid(n) for n in range(1, 5)]
    assert site.failures(job)[uid(5)].status is None
    with pytest.raises(Unavailable):  # again at the same one, but after all others
        site.forwarding()(job)
    assert peer.uids == [uid(n) for n in (1, 2, 3, 4, 6, 7, 8, 9, 10)]
    peer.answers.clear()
    assert site.forwarding()(job) == "10 sent to pacs2"
    assert peer.uids[-1] == uid(5)
    assert site.failures(job) == {}


def test_a_peer_that_is_not_there_or_rejects_us_is_tried_again_later(site, peer):
    with pytest.raises(Unavailable, match="no connection"):
        site.forwarding(port=1)(site.job())
    unknown = Peers(None, [Peer("\x01", "127.0.0.1", peer.port, "pacs2")])
    forwarding = Forwarding(site.forwarding()._retrieve, site.sent, unknown, "HOUNSFIELD", None)
    with pytest.raises(Unavailable, match="AE title"):
        forwarding(site.job())


def test_a_peer_that_is_gone_from_the_list_ends_the_job(archive, site):
    forwarding = Forwarding(archive.retrieve, site.sent, Peers(None), "HOUNSFIELD", None)
    with pytest.raises(NotFound, match="no peer 'pacs2'"):
        forwarding(site.job())


def test_what_a_peer_does_not_take_at_all_is_named(site, peer):
    with storing_peer(classes=["1.2.840.10008.5.1.4.1.1.4"]) as only_mr:
        job = site.job()
        site.put(101, SOPClassUID=MR_IMAGE)
        with pytest.raises(Refused, match=r"10 of 11 refused: .* does not take CT Image"):
            site.forwarding(port=only_mr.port)(job)
        assert only_mr.uids == [uid(101)]
        assert len(site.failures(job)) == 10


def test_a_rule_sends_only_what_the_peer_has_not_accepted_yet(site, peer):
    assert site.forwarding()(site.job(only_new=True)) == "10 sent to pacs2"
    site.put(11)
    assert site.forwarding()(site.job(only_new=True)) == "1 sent to pacs2"
    assert site.forwarding()(site.job(only_new=True)) == "nothing new for pacs2"
    assert peer.uids == [uid(n) for n in range(1, 12)]
    site.forwarding()(site.job())  # a person who sends it wants it sent
    assert len(peer.came) == 22


def test_nothing_goes_back_to_where_it_came_from_by_a_rule(archive, site, peer):
    archive.send(numbered(1, 2, 101), sender="PACS2")
    assert site.forwarding()(site.job(only_new=True)) == "10 sent to pacs2"
    assert uid(101) not in peer.uids


def test_a_changed_version_is_sent_again_by_a_rule(site, peer):
    site.forwarding()(site.job(only_new=True))
    site.put(3, PatientComments="corrected")
    assert site.forwarding()(site.job(only_new=True)) == "1 sent to pacs2"
    assert b"corrected" in peer.came[-1][2]


# QR-10
def test_the_transfer_syntax_that_a_peer_prefers_is_used_where_nothing_is_lost(site, peer):
    site.forwarding(transfer_syntaxes=(IMPLICIT,))(site.job())
    assert {syntax for _uid, syntax, _data in peer.came} == {IMPLICIT}
    peer.came.clear()
    site.forwarding(transfer_syntaxes=("1.2.840.10008.1.2.4.50", EXPLICIT, IMPLICIT))(site.job())
    assert {syntax for _uid, syntax, _data in peer.came} == {EXPLICIT}


def test_a_stopped_job_ends_between_two_instances_and_goes_on_there(site, peer):
    job = site.job()
    job.stop_at = 4
    assert site.forwarding()(job) == "stopped after 4 of 10"
    assert len(peer.came) == 4
    job.stops.clear()
    job.stop_at = None
    assert site.forwarding()(job) == "10 sent to pacs2"
    assert peer.uids == [uid(n) for n in range(1, 11)]


def test_a_job_whose_peer_does_not_answer_is_stopped_all_the_same(site, peer):
    peer.hold = threading.Event()
    job = site.job()
    threading.Timer(0.3, job.stops.set).start()
    begin = time.monotonic()
    with contextlib.suppress(Unavailable):
        site.forwarding()(job)
    assert time.monotonic() - begin < 6  # the server's end waits no longer
    assert site.failures(job) == {}


def test_a_job_whose_peer_does_not_even_answer_the_call_is_stopped_all_the_same(site):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        job = site.job()
        threading.Timer(0.3, job.stops.set).start()
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            site.forwarding(port=deaf.getsockname()[1])(job)
        assert time.monotonic() - begin < 8


def asked(archive):
    """What jobs ask peers to commit: title, peer and the UIDs, the oldest first."""
    claims = Claims(archive.index.database, "test", [REQUEST_JOB])
    titles = {one.id: one.title for one in Jobs(archive.index.database).page(Selection(), 100)}
    found = claims.claim(lambda _lane: 100, 100, 0)
    return [(titles[one.id], one.lane, one.arguments["sop_instance_uids"]) for one in found]


def test_the_peer_is_asked_once_to_commit_what_it_accepted(archive, site, peer):
    job = site.job(asks_commitment=True)
    text = "10 sent to pacs2, which is asked to commit them"
    assert site.forwarding()(job) == text
    assert site.forwarding()(job) == text  # carried out again after a crash
    everything = sorted(uid(number) for number in range(1, 11))
    assert asked(archive) == [("Commitment of Send", "pacs2", everything)]
    assert site.forwarding()(site.job()) == "10 sent to pacs2"
    assert len(Jobs(archive.index.database).page(Selection(kind=REQUEST_JOB), 100)) == 1


def test_what_was_refused_for_good_is_not_asked_for_and_what_may_come_yet_is_waited_for(
    archive, site, peer
):
    peer.answers = {uid(3): 0xA700}
    job = site.job(asks_commitment=True)
    with pytest.raises(Unavailable):
        site.forwarding()(job)
    assert asked(archive) == []
    peer.answers = {uid(3): 0xA900}
    with pytest.raises(Refused):
        site.forwarding()(job)
    ((_title, _peer, uids),) = asked(archive)
    assert set(uids) == {uid(number) for number in range(1, 11)} - {uid(3)}


def test_nothing_new_is_nothing_to_commit(archive, site, peer):
    site.forwarding()(site.job())
    again = site.job(only_new=True, asks_commitment=True)
    assert site.forwarding()(again) == "nothing new for pacs2"
    assert asked(archive) == []
