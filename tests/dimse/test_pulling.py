"""Pulls from other archives, by C-GET and C-MOVE: pynetdicom's SCP, our own server, and broken peers."""

import contextlib
import threading

import pytest
from pydicom import Dataset
from tests.dimse.answering_peer import EXPLICIT, PATIENT_ROOT, STUDY_ROOT, answering_peer
from tests.dimse.storing_peer import storing_peer
from tests.instances import CT_IMAGE, MR_IMAGE, ROOT, numbered

from hounsfield.dicom.part10 import read_header
from hounsfield.dimse.browsing import Contents
from hounsfield.dimse.pulling import OurAddress, Pulling, classes_in
from hounsfield.dimse.scu.get_scu import SYNTAXES, classes_of, storage_contexts
from hounsfield.errors import NotAcceptable, NotFound, Refused, Unavailable
from hounsfield.index.site.jobs import Jobs, NewJob
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.index.site.sent import SentInstances

# pynetdicom as a sender now and then takes our answer for a message out of turn, says so, and waits for it in vain.
pytestmark = pytest.mark.flaky(reruns=2, only_rerun="TookAnAnswerOutOfTurn")


class TookAnAnswerOutOfTurn(Exception):
    """The peer of the test lost an answer of ours by its own account."""


STUDY = f"{ROOT}.1"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"


class Carried:
    """A job as its handler sees it, carried out without an engine."""

    def __init__(self, job_id, arguments):
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


class Site:
    """Our archive with its server, and how to pull into it."""

    def __init__(self, archive, port, log):
        self.archive, self.port, self.log = archive, port, log
        self.index = archive.store.index
        self.results = SentInstances(self.index.database)

    def job(self, **arguments):
        new = NewJob("pull", "Pull", lane="pacs2", study_instance_uid=STUDY, arguments=arguments)
        return Carried(Jobs(self.index.database).add(new), arguments)

    def pull(self, port, job=None, **arguments):
        peers = Peers(self.index.database, [Peer("PACS2", "127.0.0.1", port, "pacs2")])
        ours = OurAddress("HOUNSFIELD", self.port)
        pulling = Pulling(self.archive.store, peers, ours, self.results)
        try:
            return pulling(job or self.job(**arguments))
        except Refused as problem:
            if "unexpected C-STORE service message" in self.log.text:
                raise TookAnAnswerOutOfTurn from problem
            raise

    def here(self):
        return {one.sop_instance_uid: one for one in self.index.locate(STUDY)}

    def put(self, content):
        from hounsfield.archive.access import LOCAL
        from hounsfield.archive.store import Source

        spool = self.archive.store.spool()
        spool.write(content)
        self.archive.store.store_instance(spool, Source(LOCAL, "import", "disc"))


@pytest.fixture
def site(archive, serve, caplog):
    return Site(archive, serve(archive)[1], caplog)


@contextlib.contextmanager
def archive_elsewhere(site, numbers=range(1, 6), series=(1, 2), **options):
    with answering_peer(**options) as peer:
        for one in series:
            for number in numbers:
                peer.add(numbered(1, one, number, Modality="CT"))
        peer.add(numbered(2))
        peer.addresses = {"HOUNSFIELD": ("127.0.0.1", site.port)}
        yield peer


ALL = {f"{ROOT}.1.{series}.{number}" for series in (1, 2) for number in range(1, 6)}


# QR-09, NET-06
def test_a_study_comes_by_c_get_and_is_stored_byte_for_byte(site):
    with archive_elsewhere(site, services="13") as peer:
        job = site.job()
        assert site.pull(peer.port, job) == "10 pulled from pacs2"
        assert peer.levels("get") == ["STUDY"]
    assert set(site.here()) == ALL
    assert job.told[0][:2] == (0, 10)
    assert job.told[-1] == (10, 10, "")
    assert [done for done, _total, _text in job.told] == sorted(done for done, *_ in job.told)
    location = site.here()[f"{ROOT}.1.1.1"]
    assert (location.received_by, location.source) == ("dimse", "PACS2")
    sent = numbered(1, 1, 1)
    with site.archive.storage.open(location.storage_key) as stored:
        data = stored.read_at(location.dataset_offset, stored.size_bytes)
    assert data == sent[read_header(sent).dataset_offset :]
    header = read_header(site.archive.files()[0])
    assert header.file_meta[0x00020016].strip() == b"PACS2"  # who sent it
    assert header.file_meta[0x00020018].strip() == b"HOUNSFIELD"
    assert not site.archive.spooled()


# QR-08
def test_a_study_comes_by_c_move_to_ourselves(site):
    with archive_elsewhere(site, services="12") as peer:
        job = site.job()
        assert site.pull(peer.port, job) == "10 pulled from pacs2"
        assert peer.levels("move") == ["STUDY"]
    assert set(site.here()) == ALL
    assert job.told[-1] == (10, 10, "")


def test_the_way_can_be_chosen(site):
    with archive_elsewhere(site) as peer:
        site.pull(peer.port, method="move", series=[f"{STUDY}.1"])
        assert (peer.levels("move"), peer.levels("get")) == (["SERIES"], [])
        site.pull(peer.port, method="get")
        assert peer.levels("get") == ["SERIES"]
    assert set(site.here()) == ALL


def test_only_what_is_missing_is_asked_for(site):
    for number in (1, 2, 3):
        site.put(numbered(1, 1, number))
    with archive_elsewhere(site) as peer:
        assert site.pull(peer.port) == "7 pulled from pacs2, 3 were here already"
        asked = [one for what, one in peer.asked if what == "get"]
        assert [one.QueryRetrieveLevel for one in asked] == ["IMAGE", "SERIES"]
        assert list(asked[0].SOPInstanceUID) == [f"{ROOT}.1.1.4", f"{ROOT}.1.1.5"]
        peer.asked.clear()
        assert site.pull(peer.port) == "all 10 are here already"
        assert not peer.levels("get")


def test_only_the_series_that_are_wanted_come(site):
    with archive_elsewhere(site) as peer:
        assert site.pull(peer.port, series=[f"{STUDY}.2"]) == "5 pulled from pacs2"
    assert {one.series_instance_uid for one in site.here().values()} == {f"{STUDY}.2"}


# QR-01
@pytest.mark.parametrize("services", ["123", "12", "13"])
def test_a_peer_with_patient_root_only_gets_the_patient_id_too(site, services):
    with archive_elsewhere(site, roots=[PATIENT_ROOT], services=services) as peer:
        assert site.pull(peer.port, patient_id="P1") == "10 pulled from pacs2"
        assert {one.PatientID for _what, one in peer.asked} == {"P1"}


def test_without_the_patient_id_a_peer_with_patient_root_only_cannot_be_pulled_from(site):
    with (
        archive_elsewhere(site, roots=[PATIENT_ROOT]) as peer,
        pytest.raises((Refused, NotFound)),
    ):
        site.pull(peer.port)


def test_a_pull_that_was_broken_off_goes_on_with_what_is_missing(site):
    with archive_elsewhere(site, services="13") as peer:
        peer.break_off_after = 4
        job = site.job()
        with pytest.raises(Unavailable):
            site.pull(peer.port, job)
        assert len(site.here()) == 4
        peer.break_off_after = None
        assert site.pull(peer.port, job) == "6 pulled from pacs2, 4 were here already"
    assert set(site.here()) == ALL


# QR-07
@pytest.mark.parametrize("services", ["12", "13"])
def test_a_stopped_pull_is_cancelled_at_the_peer(site, services):
    with archive_elsewhere(site, numbers=range(1, 101), series=[1], services=services) as peer:
        job = site.job()
        job.stop_at = 3
        assert site.pull(peer.port, job).startswith("stopped after")
        assert peer.is_cancelled.wait(5)
    assert 3 <= len(site.here()) < 100


# QR-08
def test_an_unknown_destination_is_told_with_what_to_enter_at_the_peer(site):
    with archive_elsewhere(site, services="12") as peer:
        peer.addresses.clear()
        with pytest.raises(Refused, match=f"A801.*AE title HOUNSFIELD .*port {site.port}"):
            site.pull(peer.port)


def test_a_peer_that_sends_elsewhere_is_told_from_one_that_sends_here(site):
    with archive_elsewhere(site, services="12") as peer, storing_peer() as other:
        peer.addresses = {"HOUNSFIELD": ("127.0.0.1", other.port)}
        with pytest.raises(Refused, match="sent 10, but nothing came: it has another address"):
            site.pull(peer.port)
    assert not site.here()


# QR-08
@pytest.mark.parametrize("services", ["12", "13"])
def test_instances_that_do_not_come_are_named_and_the_others_are_kept(site, services):
    with archive_elsewhere(site, services=services) as peer:
        peer.unsendable = {f"{ROOT}.1.1.2"}
        job = site.job()
        with pytest.raises(Refused, match="1 of 10 did not come"):
            site.pull(peer.port, job)
        assert set(site.here()) == ALL - {f"{ROOT}.1.1.2"}
        assert [one.sop_instance_uid for one in site.results.failures(job.id, 10)] == [
            f"{ROOT}.1.1.2"
        ]
        peer.unsendable.clear()
        assert site.pull(peer.port, job) == "1 pulled from pacs2, 9 were here already"
        assert not site.results.failures(job.id, 10)


@pytest.mark.parametrize(("status", "error"), [(0xA702, Unavailable), (0xC001, Unavailable), (0xA900, Refused)])  # fmt: skip
def test_what_fails_for_now_is_tried_again_and_the_rest_is_not(site, status, error):
    with archive_elsewhere(site, services="13") as peer:
        peer.statuses["get"] = status
        with pytest.raises(error, match=f"{status:04X}"):
            site.pull(peer.port)


def test_where_c_get_fails_c_move_is_tried(site):
    with archive_elsewhere(site) as peer:
        peer.statuses["get"] = 0x0211
        assert site.pull(peer.port) == "10 pulled from pacs2"
        assert (peer.levels("get"), peer.levels("move")) == (["STUDY"], ["STUDY"])


# NET-06
def test_a_peer_that_takes_no_roles_is_asked_to_move(site):
    with archive_elsewhere(site, takes_roles=False) as peer:
        assert site.pull(peer.port) == "10 pulled from pacs2"
        assert peer.levels("move") == ["STUDY"]
    with (
        archive_elsewhere(site, takes_roles=False, services="13") as peer,
        pytest.raises(NotAcceptable, match="neither C-GET nor C-MOVE"),
    ):
        site.pull(peer.port, series=["1.2.3"])


def test_a_study_that_is_not_there_is_not_found(site):
    with answering_peer() as peer, pytest.raises(NotFound, match="pacs2 has no such study"):
        site.pull(peer.port)


def test_a_peer_that_cannot_be_queried_can_be_pulled_from(site):
    with archive_elsewhere(site, services="23") as peer:
        assert site.pull(peer.port) == "10 pulled from pacs2"
        assert site.pull(peer.port, series=[f"{STUDY}.1"]).endswith("5 were here already")


def test_a_peer_without_answers_at_image_level_is_pulled_from_as_a_whole(site):
    with archive_elsewhere(site) as peer:
        answer = Dataset()
        answer.StudyInstanceUID = STUDY
        peer.answers = [answer]
        assert site.pull(peer.port) == "10 pulled from pacs2"


def test_what_belongs_to_another_study_is_not_taken(site):
    with archive_elsewhere(site, numbers=[1], series=[1]) as peer:
        peer.sends_besides = [peer.instances[-1]]
        assert site.pull(peer.port) == "1 pulled from pacs2"
    assert len(site.here()) == 1
    assert not site.index.locate(f"{ROOT}.2")


# QR-10, NET-06
def test_the_peer_may_send_every_instance_as_it_has_it(site):
    with archive_elsewhere(
        site, numbers=[1], series=[1], syntaxes=[EXPLICIT, JPEG_LOSSLESS]
    ) as peer:
        site.pull(peer.port)
        proposed = [
            (str(one.abstract_syntax), [str(uid) for uid in one.transfer_syntax])
            for one in peer.proposed
        ]
    assert (CT_IMAGE, [JPEG_LOSSLESS]) in proposed
    assert (CT_IMAGE, [EXPLICIT]) in proposed
    assert MR_IMAGE not in dict(proposed)  # the peer said of which class everything is


# NET-06
@pytest.mark.parametrize("number", [1, 2, 4, 5, 9, 30, 62, 100, 124, 300])
def test_however_many_classes_there_are_the_contexts_fit_and_miss_no_frequent_syntax(number):
    classes = [f"1.2.{n}" for n in range(number)]
    contexts = storage_contexts(classes, 124)
    assert len(contexts) <= 124
    for uid in classes[:124]:
        syntaxes = [one for of, some in contexts if of == uid for one in some]
        assert len(syntaxes) == len(set(syntaxes))
        assert set(syntaxes) >= set(SYNTAXES[:32])
    assert max(len(some) for _uid, some in contexts) <= 32  # DCMTK rejects more than 50


def test_an_unknown_modality_makes_all_classes_be_expected():
    assert CT_IMAGE in classes_of({"CT"})
    assert MR_IMAGE not in classes_of({"CT"})
    assert MR_IMAGE in classes_of({"CT", "XYZ"})
    assert len(classes_of(())) < 124
    assert STUDY_ROOT not in classes_of(())


@pytest.mark.parametrize(
    ("series", "is_whole"),
    [({"1.1": {"1.1.1": CT_IMAGE}, "1.2": {}}, False), ({"1.1": {"1.1.1": CT_IMAGE, "1.1.2": ""}}, True)],
)  # fmt: skip
def test_where_a_peer_has_not_told_all_classes_the_others_are_expected_too(series, is_whole):
    contents = Contents(series=series, modalities={"CT", "MR"}, is_whole=is_whole)
    assert {CT_IMAGE, MR_IMAGE} <= set(classes_in(contents))


def test_a_peer_that_is_gone_ends_the_job(site):
    job = site.job()
    job.lane = "nobody"
    with pytest.raises(NotFound, match="no peer 'nobody'"):
        site.pull(1, job)


def test_a_peer_that_rejects_us_is_tried_again_later(site, serve, make_archive):
    _server, port = serve(site.archive, unknown_peers="refuse")
    with pytest.raises(Unavailable, match="rejected"):
        site.pull(port)
