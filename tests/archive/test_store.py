"""The one way in."""

import json
import os
import threading
import time
from collections import Counter

import pytest
from tests.instances import CT_IMAGE, ROOT, numbered, part10

from hounsfield.archive.access import LOCAL, Principal
from hounsfield.archive.store import DuplicateInstance, OtherStudy, SopMismatch, Source
from hounsfield.dicom.query import Level, Query
from hounsfield.errors import InvalidInstance, OutOfResources, Refused, Unavailable
from hounsfield.hooks import Hooks
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage
from hounsfield.storage.memory import MemoryStorage

DAY_US = 86_400_000_000
RECEIVED_US = 1_790_000_000_000_000


def versions(archive, sop=f"{ROOT}.1.1.1"):
    return archive.index.locate(f"{ROOT}.1", None, sop, all_versions=True)


def current(archive):
    (location,) = archive.index.locate(f"{ROOT}.1")
    with archive.retrieve.open_instance(location) as stored:
        return stored.read_at(0, 1 << 20)


def leftovers(archive):
    return list((archive.root / "spool").iterdir())


def test_an_instance_is_kept_to_the_byte_and_located(archive):  # STO-01
    content = bytes(range(128)) + part10()[128:] + b"trailing"
    stored = archive.put(content)
    assert stored.outcome == "stored"
    assert current(archive) == content
    (location,) = versions(archive)
    assert (location.sha256, location.size_bytes) == (stored.sha256, len(content))
    assert (location.received_by, location.source) == ("import", "disc")
    (location,) = archive.retrieve.locate(LOCAL, f"{ROOT}.1", None, f"{ROOT}.1.1.1")
    assert location.frame_table().ranges(0) == ((len(content) - 40, 32),)
    assert archive.changes() == ["stored"]
    assert leftovers(archive) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not DICOM at all",
        part10()[:-4],
        part10().replace(b"\x08\0\x18\0UI", b"\x08\0\x19\0UI"),
        part10(StudyInstanceUID=None),
        part10(StudyInstanceUID="../../etc"),
        part10(SeriesInstanceUID=""),
    ],
    ids=["empty", "text", "short", "no SOP UID", "no study UID", "a path", "empty UID"],
)
def test_what_is_no_instance_is_refused_and_leaves_nothing(archive, content):  # STO-02
    with pytest.raises(InvalidInstance):
        archive.put(content)
    assert archive.contents() == leftovers(archive) == []
    assert archive.index.totals().instances == 0
    assert archive.changes() == []


def test_a_data_set_that_is_not_what_its_command_says_is_refused(archive):  # STO-03
    for expected in (
        ("1.2.840.10008.5.1.4.1.1.4", f"{ROOT}.1.1.1"),
        (CT_IMAGE, f"{ROOT}.1.1.2"),
    ):
        with pytest.raises(SopMismatch):
            archive.send(part10(), expected=expected)
    assert archive.contents() == []
    assert archive.send(part10(), expected=(CT_IMAGE + "\0", f"{ROOT}.1.1.1")).outcome == "stored"


def test_an_instance_of_another_study_than_it_is_sent_to_is_refused(archive):  # STOW-03
    with pytest.raises(OtherStudy):
        archive.put(part10(), within_study="1.2.3")
    assert archive.contents() == []
    assert archive.put(part10(), within_study=f"{ROOT}.1").outcome == "stored"


def test_who_may_not_store_stores_nothing(archive):
    spool = archive.store.spool()
    spool.write(part10())
    with pytest.raises(Refused):
        archive.store.store_instance(spool, Source(Principal("cron", "worker"), "import"))
    assert archive.contents() == leftovers(archive) == []


def test_a_hook_may_refuse_and_a_broken_hook_stores_nothing(open_archive):
    asked = []

    def admit(attributes, source):
        asked.append((attributes.text(0x00100020), source))
        if attributes.text(0x00080060) == "MR":
            raise Refused("no MR here")
        if attributes.text(0x00080060) == "US":
            raise KeyError("a mistake in the hook")

    archive = open_archive(hooks=Hooks(admit=(admit,)))
    with pytest.raises(Refused, match="no MR here"):
        archive.put(part10(Modality="MR"))
    with pytest.raises(Unavailable):
        archive.put(part10(Modality="US"))
    assert archive.contents() == leftovers(archive) == []
    archive.put(part10())
    assert asked == [("P1", "disc")] * 3


def test_the_same_bytes_again_change_nothing(archive):  # STO-04
    assert archive.put(part10()).outcome == "stored"
    assert archive.put(part10()).outcome == "duplicate"
    assert archive.put(part10(), received_us=RECEIVED_US).outcome == "duplicate"  # on another day
    assert len(archive.contents()) == 1
    assert archive.index.totals().instances == 1
    assert archive.changes() == ["stored"]


def test_other_bytes_are_kept_beside_the_first_and_flagged(archive):  # STO-04
    first, second = part10(), part10(StudyDescription="Skull")
    archive.put(first)
    assert archive.put(second).outcome == "version"
    assert archive.put(second).outcome == "duplicate"
    assert current(archive) == first
    assert sorted(archive.contents()) == sorted([first, second])
    assert [location.is_current for location in versions(archive)] == [True, False]
    (found,) = studies(archive)
    assert (found.state.version_conflicts, found.state.number_of_instances) == (1, 1)
    assert found.state.size_bytes == len(first) + len(second)
    assert archive.changes() == ["stored", "version-conflict"]


def studies(archive):
    return archive.search.search(LOCAL, Query(Level.STUDY))


def test_with_replace_the_newest_is_shown(open_archive):  # STO-04
    archive = open_archive(duplicates="replace")
    first, second = part10(), part10(StudyDescription="Skull")
    archive.put(first)
    assert archive.put(second).outcome == "version"
    assert current(archive) == second
    assert len(archive.contents()) == 2


def test_with_keep_first_the_later_is_refused_and_leaves_nothing(open_archive):  # STO-04
    archive = open_archive(duplicates="keep-first")
    archive.put(part10())
    with pytest.raises(DuplicateInstance):
        archive.put(part10(StudyDescription="Skull"))
    assert archive.put(part10()).outcome == "duplicate"
    assert archive.contents() == [part10()]


def test_a_data_set_sent_again_by_another_peer_is_the_same_instance(archive):  # STO-04
    archive.send(part10(), "CT1")
    assert archive.send(part10(), "CT2").outcome == "duplicate"
    assert len(archive.contents()) == 1
    assert archive.index.totals().size_bytes == len(archive.contents()[0])


def test_a_data_set_that_is_here_as_a_file_is_the_same_instance(archive):  # STO-04
    archive.put(part10())
    assert archive.send(part10()).outcome == "duplicate"
    assert archive.contents() == [part10()]


def test_a_file_that_came_over_the_network_before_is_kept_and_shown_without_a_flag(archive):
    file = b"MZ" + bytes(126) + part10()[128:]
    archive.send(part10())
    assert archive.put(file).outcome == "version"
    assert current(archive) == file
    assert len(archive.contents()) == 2
    assert studies(archive)[0].state.version_conflicts == 0
    assert archive.send(part10()).outcome == "duplicate"
    assert current(archive) == file


def test_one_sop_instance_uid_in_two_studies_is_two_instances(archive):  # STO-05
    archive.put(part10())
    other = part10(StudyInstanceUID=f"{ROOT}.2", SeriesInstanceUID=f"{ROOT}.2.1")
    assert archive.put(other).outcome == "stored"
    assert archive.index.totals().instances == 2


def test_one_study_uid_under_two_patients_is_two_studies_both_flagged(archive):  # STO-05
    archive.put(part10())
    archive.put(part10(PatientID="P2", PatientName="Roe^Rita", SOPInstanceUID=f"{ROOT}.1.1.2"))
    found = studies(archive)
    assert len({one.state.patient_key for one in found}) == 2
    assert all(one.state.identity_conflict for one in found)
    assert archive.changes() == ["stored", "identity-conflict", "stored"]


def test_two_people_with_one_id_are_kept_apart_and_flagged(archive):
    archive.put(numbered(1, PatientID="P"))
    assert not studies(archive)[0].state.identity_conflict
    archive.put(numbered(2, PatientID="P", PatientName="Roe^Rita"))
    archive.put(numbered(3, PatientID="P", PatientBirthDate="19990101"))
    assert [one.state.identity_conflict for one in studies(archive)] == [True] * 3
    assert archive.index.totals().patients == 3
    assert archive.changes().count("identity-conflict") == 2


def test_case_accents_and_padding_do_not_make_another_person(archive):
    archive.put(numbered(1, PatientID="P", PatientName="Müller^Jörg"))
    archive.put(numbered(2, PatientID="P", PatientName="MULLER^JORG^^"))
    assert archive.index.totals().patients == 1
    assert not any(one.state.identity_conflict for one in studies(archive))


def test_the_same_id_of_another_issuer_is_another_person_without_conflict(archive):
    archive.put(numbered(1, PatientID="P", IssuerOfPatientID="EAST"))
    archive.put(numbered(2, PatientID="P", IssuerOfPatientID="WEST", PatientName="Roe^Rita"))
    assert archive.index.totals().patients == 2
    assert not any(one.state.identity_conflict for one in studies(archive))


def test_people_without_an_id_are_never_one(archive):
    for study in (1, 2):
        archive.put(numbered(study, PatientID="", PatientName=""))
    assert archive.index.totals().patients == 2
    assert not any(one.state.identity_conflict for one in studies(archive))


def in_threads(calls):
    outcomes, problems = Counter(), []
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait(10)
        try:
            outcomes[call().outcome] += 1
        except Exception as problem:  # noqa: BLE001 - the test looks at it
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    return outcomes


def test_the_same_instance_from_four_threads_is_stored_once(archive):  # STO-04
    for study in range(1, 6):
        content = numbered(study)
        outcomes = in_threads([lambda c=content: archive.put(c)] * 4)
        assert outcomes == {"stored": 1, "duplicate": 3}
    assert len(archive.contents()) == 5
    assert leftovers(archive) == []


def test_other_bytes_from_four_threads_become_versions_with_one_shown(archive):  # STO-04
    contents = [part10(StudyDescription=f"number {n}") for n in range(4)]
    outcomes = in_threads([lambda c=c: archive.put(c) for c in contents])
    assert outcomes == {"stored": 1, "version": 3}
    assert sorted(archive.contents()) == sorted(contents)
    assert sorted(location.version for location in versions(archive)) == [1, 2, 3, 4]
    assert sum(location.is_current for location in versions(archive)) == 1
    assert studies(archive)[0].state.version_conflicts == 3


def test_the_same_data_set_from_four_peers_at_once_leaves_one_object(archive):  # STO-04
    outcomes = in_threads([lambda n=n: archive.send(part10(), f"CT{n}") for n in range(4)])
    assert outcomes == {"stored": 1, "duplicate": 3}
    assert len(archive.contents()) == 1


def test_many_series_from_many_threads_are_counted_right(archive):
    contents = [numbered(s, r, n) for s in (1, 2) for r in (1, 2, 3) for n in range(4)]
    assert in_threads([lambda c=c: archive.put(c) for c in contents]) == {"stored": 24}
    totals = archive.index.totals()
    assert (totals.studies, totals.series, totals.instances) == (2, 6, 24)
    assert totals.size_bytes == sum(map(len, contents))
    assert {one.state.number_of_instances for one in studies(archive)} == {12}
    assert {one.state.number_of_series for one in studies(archive)} == {3}


def test_without_space_nothing_is_spooled(open_archive, tmp_path):  # STO-02: A700
    archive = open_archive()
    archive.store.storage = FilesystemStorage(
        FilesystemConfig(tmp_path / "full", reserve_bytes=1 << 62)
    )
    with pytest.raises(OutOfResources):
        archive.put(part10())


def test_an_object_dropped_by_another_sender_of_the_same_does_not_get_a_row(open_archive):
    """The other one found it to be nothing new just before the row of this one was to be written."""

    class Losing(MemoryStorage):
        """Loses an object while it is compared with what is there."""

        lost = None

        def open(self, key):
            opened = super().open(key)
            if self.lost is not None:
                self.delete(self.lost)
            return opened

    archive = open_archive(in_memory=True)
    archive.storage = archive.store.storage = storage = Losing()
    archive.send(part10())
    (first,) = [stored.key for stored in storage.walk()]
    spool = storage.spool()
    spool.write(part10())
    digest = spool.sha256()
    storage.lost = first.rsplit(".", 2)[0] + f".{digest[:32]}.dcm"
    with pytest.raises(Unavailable):
        archive.put(part10())
    storage.lost = None
    assert len(versions(archive)) == 1
    assert archive.put(part10()).outcome == "version"


def refusing(archive, monkeypatch, problem):
    """Let the index refuse whatever comes."""

    def write(_record):
        raise problem

    monkeypatch.setattr(archive.index, "write", write)


@pytest.mark.parametrize("problem", [OutOfResources("full"), Unavailable("locked")])
def test_what_the_index_does_not_take_leaves_no_object(archive, monkeypatch, problem):  # STO-02
    archive.put(numbered(1))
    with monkeypatch.context() as patched:
        refusing(archive, patched, problem)
        for content in (numbered(1), numbered(2)):
            with pytest.raises(type(problem)):
                archive.put(content)
    assert archive.contents() == [numbered(1)]  # that one has its row
    assert archive.put(numbered(2)).outcome == "stored"
    assert len(archive.contents()) == 2


def test_an_object_dropped_by_another_whom_the_index_refused_does_not_get_a_row(
    archive, monkeypatch
):  # STO-02
    write = archive.index.write

    def dropped_first(record):
        for stored in list(archive.storage.walk()):
            archive.storage.delete(stored.key)
        return write(record)

    with monkeypatch.context() as patched:
        patched.setattr(archive.index, "write", dropped_first)
        with pytest.raises(Unavailable, match="send it again"):
            archive.put(numbered(1))
    assert archive.index.totals().instances == 0
    assert archive.put(numbered(1)).outcome == "stored"


def test_metadata_is_read_although_it_cannot_be_remembered(archive, monkeypatch):
    archive.put(numbered(1))

    def full(*_arguments):
        raise OutOfResources("full")

    monkeypatch.setattr(archive.index, "cache_metadata", full)
    body = archive.retrieve.series_metadata(LOCAL, f"{ROOT}.1", f"{ROOT}.1.1")
    assert len(json.loads(body)) == 1


@pytest.mark.parametrize("what", ["gone", "cut short"])
def test_an_instance_sent_again_brings_back_an_object_that_was_lost(archive, what):  # STO-02
    content = numbered(1)
    spool = archive.store.spool()
    spool.write(content)
    yesterday = time.time_ns() // 1000 - 86_400_000_000
    archive.store.store_instance(spool, Source(LOCAL, "import"), received_us=yesterday)
    (stored,) = archive.storage.walk()
    if what == "gone":
        archive.storage.delete(stored.key)
    else:
        os.truncate(archive.root / "objects" / stored.key, 100)
    assert archive.put(content).outcome == "duplicate"
    assert archive.contents() == [content]
    assert [one.key for one in archive.storage.walk()] == [stored.key]
    body = archive.retrieve.series_metadata(LOCAL, f"{ROOT}.1", f"{ROOT}.1.1")
    assert len(json.loads(body)) == 1
