"""Queries to other archives: pynetdicom's SCP, and peers that break the rules."""

import threading
import time

import pytest
from pydicom import Dataset
from tests.dimse.answering_peer import PATIENT_ROOT, STUDY_ROOT, answering_peer
from tests.instances import ROOT, numbered

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.remote import RemoteQuery, document
from hounsfield.archive.store import Source
from hounsfield.dicom.query import Level
from hounsfield.dimse.browsing import PeerBrowser
from hounsfield.dimse.scu.find_scu import Find
from hounsfield.errors import InvalidQuery, NotAcceptable, OutOfResources, Refused, Unavailable
from hounsfield.index.site.records import Peer


@pytest.fixture
def peer():
    with answering_peer() as running:
        for study in (1, 2):
            for series in (1, 2):
                for number in (1, 2, 3):
                    running.add(numbered(study, series, number))
        yield running


def ask(peer, level=Level.STUDY, limit=200, within_s=10.0, character_set="", **match):
    known = Peer("PACS2", "127.0.0.1", peer.port, "pacs2", character_set=character_set)
    answer = PeerBrowser("HOUNSFIELD")(known, RemoteQuery(level, match, limit, within_s))
    return [document(one) for one in answer.matches], answer


# QR-01
def test_all_levels_are_asked_with_the_keys_of_the_levels_above(peer):
    studies, answer = ask(peer, PatientName="Doe*")
    assert {one["StudyInstanceUID"] for one in studies} == {f"{ROOT}.1", f"{ROOT}.2"}
    assert studies[0]["PatientName"] == "Doe^Jane"
    assert studies[0]["ModalitiesInStudy"] == ["CT"]
    assert not answer.has_more
    assert not answer.warnings
    series, _ = ask(peer, Level.SERIES, StudyInstanceUID=f"{ROOT}.2")
    assert [one["SeriesInstanceUID"] for one in series] == [f"{ROOT}.2.1", f"{ROOT}.2.2"]
    uids = {"StudyInstanceUID": f"{ROOT}.2", "SeriesInstanceUID": f"{ROOT}.2.1"}
    images, _ = ask(peer, Level.IMAGE, **uids)
    assert {one["SOPInstanceUID"] for one in images} == {f"{ROOT}.2.1.{n}" for n in (1, 2, 3)}
    patients, _ = ask(peer, Level.PATIENT, PatientID="P2")
    assert [one["PatientID"] for one in patients] == ["P2"]


# QR-01, NET-07
def test_a_key_that_is_missing_is_named_unless_relational_queries_are_agreed_on(peer):
    with pytest.raises(InvalidQuery, match="pacs2 wants StudyInstanceUID"):
        ask(peer, Level.SERIES, Modality="CT")


# QR-01
def test_a_peer_with_patient_root_only_is_asked_for_patients_first():
    with answering_peer(roots=[PATIENT_ROOT]) as peer:
        for study in (1, 2, 3):
            peer.add(numbered(study))
        studies, _ = ask(peer, PatientName="Doe*")
        assert {one["StudyInstanceUID"] for one in studies} == {f"{ROOT}.{n}" for n in (1, 2, 3)}
        assert peer.levels("find") == ["PATIENT", "STUDY", "STUDY", "STUDY"]
        assert "PatientName" not in peer.asked[-1][1] or not peer.asked[-1][1].PatientName
        studies, answer = ask(peer, limit=2)
        assert len(studies) == 2
        assert answer.has_more


def test_a_peer_that_cannot_be_queried_is_told_so():
    with answering_peer(services="23") as peer, pytest.raises(NotAcceptable, match="no C-FIND"):
        ask(peer)
    with answering_peer(roots=[STUDY_ROOT]) as peer, pytest.raises(NotAcceptable, match="patients"):
        ask(peer, Level.PATIENT)


def many(number, pause_s=0.0):
    for n in range(number):
        made = Dataset()
        made.StudyInstanceUID = f"1.2.{n}"
        yield made
        time.sleep(pause_s)


# QR-07
def test_more_answers_than_wanted_are_cancelled(peer):
    peer.answers = many(20_000, pause_s=0.001)  # so that its other thread comes to read the cancel
    studies, answer = ask(peer, limit=5)
    assert [one["StudyInstanceUID"] for one in studies] == [f"1.2.{n}" for n in range(5)]
    assert answer.has_more
    assert peer.is_cancelled.wait(5)


def test_answers_without_measure_are_cut_off_before_they_fill_the_memory(peer):
    answer = Dataset()
    answer.StudyInstanceUID = f"{ROOT}.1"
    answer.TextValue = "x" * (4 << 20)
    peer.answers = [answer] * 40
    found, told = ask(peer, limit=10_000, within_s=30.0)
    assert 1 <= len(found) <= 16
    assert told.has_more


def test_exactly_as_many_answers_as_wanted_are_not_more(peer):
    peer.answers = list(many(5))
    studies, answer = ask(peer, limit=5)
    assert len(studies) == 5
    assert not answer.has_more


# QR-07
def test_a_peer_that_ignores_the_cancel_is_cut_off_and_its_first_answers_are_kept(
    peer, monkeypatch
):
    monkeypatch.setattr("hounsfield.dimse.scu.operation.CANCEL_WITHIN_S", 0.3)

    class Endless(list):
        def __iter__(self):
            return many(10_000_000)

    peer.heeds_cancel = False
    peer.answers = Endless([1])
    studies, answer = ask(peer, limit=5)
    assert len(studies) == 5
    assert answer.has_more


def test_a_peer_that_falls_silent_is_not_waited_for_for_ever(peer):
    peer.hold = threading.Event()
    peer.answers = list(many(2))
    studies, answer = ask(peer, within_s=1.0)
    assert len(studies) == 2
    assert answer.has_more
    peer.answers = []
    with pytest.raises(Unavailable):
        ask(peer, within_s=1.0)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (0xA700, Unavailable, "A700 out of resources: no more memory"),
        (0xA900, InvalidQuery, "A900 .*no more memory"),
        (0xC001, Unavailable, "C001 cannot understand"),
        (0x0122, NotAcceptable, "SOP class not supported"),
        (0x0124, Refused, "not authorized"),
        (0x0213, OutOfResources, "resource limitation"),
    ],
)
def test_a_failure_is_told_in_words_with_the_comment_of_the_peer(peer, status, error, words):
    answer = Dataset()
    answer.Status, answer.ErrorComment = status, "no more memory"
    peer.statuses["find"] = answer
    with pytest.raises(error, match=words):
        ask(peer)


# QR-05
def test_unsupported_keys_are_told_where_something_was_searched_for(peer):
    peer.answers = [(0xFF01, next(many(1)))]
    assert not ask(peer)[1].warnings
    assert "does not search by all" in ask(peer, StudyDescription="Head")[1].warnings[0]


NAMES = [
    ("ISO_IR 100", "Müller^Jürgen", "Müller^Jürgen"),
    (
        "\\ISO 2022 IR 87",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    ("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동", "Hong^Gildong=洪^吉洞=홍^길동"),
    ("GB18030", "Wang^XiaoDong=王^小东", "Wang^XiaoDong=王^小东"),
    ("ISO_IR 192", "Wang^XiaoDong=王^小東", "Wang^XiaoDong=王^小東"),
]


# QR-05, FILE-03
@pytest.mark.parametrize(("charset", "name", "read"), NAMES)
def test_names_of_all_scripts_are_read(peer, charset, name, read):
    answer = Dataset()
    answer.SpecificCharacterSet = charset.split("\\")
    answer.StudyInstanceUID, answer.PatientName = "1.2.3", name
    peer.answers = [answer]
    assert ask(peer)[0][0]["PatientName"] == read


# FILE-03
def test_the_character_set_of_the_peer_is_assumed_where_an_answer_names_none(peer):
    answer = Dataset()
    answer.StudyInstanceUID = "1.2.3"
    answer.add_new("PatientID", "LO", "1")
    answer.add_new("PatientName", "PN", "홍^길동".encode("euc_kr"))
    peer.answers = [answer]
    assert ask(peer, character_set="\\ISO 2022 IR 149")[0][0]["PatientName"] != "홍^길동"
    assert ask(peer, character_set="ISO 2022 IR 149")[0][0]["PatientName"] == "홍^길동"
    peer.asked.clear()
    ask(peer, character_set="ISO_IR 100", PatientName="Müller*")
    assert peer.asked[0][1].SpecificCharacterSet == "ISO_IR 100"
    assert peer.asked[0][1].PatientName == "Müller*"


@pytest.mark.parametrize(
    "match",
    [{"Nonsense": "1"}, {"PixelData": "1"}, {"QueryRetrieveLevel": "STUDY"}, {"PatientID": "a\0b"},
     {"ProcedureCodeSequence": "x"}, {"PatientID": "x" * 10_000}],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_not_sent(peer, match):
    with pytest.raises(InvalidQuery):
        ask(peer, **match)
    assert not peer.asked


def test_a_port_where_nobody_listens_is_unavailable(peer):
    peer.port = 1
    with pytest.raises(Unavailable, match=r"no connection to 127\.0\.0\.1:1"):
        ask(peer)


# NET-07
def test_a_query_without_the_keys_above_is_relational_where_the_peer_agrees(archive, serve):
    _server, port = serve(archive, called_ae_titles=("PACS2",))
    for study in (1, 2):
        spool = archive.store.spool()
        spool.write(numbered(study))
        archive.store.store_instance(spool, Source(LOCAL, "import", "disc"))

    class Ours:
        pass

    Ours.port = port
    series, _ = ask(Ours, Level.SERIES, Modality="CT")
    assert {one["SeriesInstanceUID"] for one in series} == {f"{ROOT}.1.1", f"{ROOT}.2.1"}
    assert ask(Ours, Level.SERIES, Modality="MR")[0] == []


def test_an_answer_that_is_no_data_set_is_left_out_and_counted():
    request = {"00080052": {"vr": "CS", "Value": ["STUDY"]}}
    find = Find(None, "1.2.840.10008.5.1.4.1.2.2.1", request)
    for broken in (b"", b"\0", b"\x08\0\x05\0CS\xff\xff", b"\xff" * 100):
        assert find._read(broken, "1.2.840.10008.1.2.1") is None
    assert "4 answers of pacs2 cannot be read" in find.warnings("pacs2", is_selective=False)[0]
