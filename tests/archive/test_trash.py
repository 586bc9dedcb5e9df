"""What is deleted is gone for everybody, and comes back whole."""

import pytest
from tests.dicom.samples import make_file

from hounsfield.archive.access import LOCAL, Principal
from hounsfield.archive.check import check
from hounsfield.archive.forms.derived import DerivedFiles
from hounsfield.archive.rebuild import rebuild
from hounsfield.archive.sweep import sweep
from hounsfield.archive.trash import Trash
from hounsfield.dicom.query import Key, Level, Query, SingleValue
from hounsfield.errors import Conflict, Gone, NotFound, Refused
from hounsfield.index.records import Totals


@pytest.fixture(params=["files", "memory"])
def archive(request, open_archive):
    return open_archive(in_memory=request.param == "memory")


@pytest.fixture
def trash(archive):
    return Trash(archive.store)


def fill(archive):
    """Two studies of one patient and one of another; two series in the first."""
    for study, patient in (("1.1", "P1"), ("1.2", "P1"), ("1.3", "P2")):
        for series in ("1", "2") if study == "1.1" else ("1",):
            for number in range(3):
                archive.put(
                    make_file(
                        PatientID=patient,
                        PatientName=f"{patient}^Jane",
                        StudyInstanceUID=study,
                        SeriesInstanceUID=f"{study}.{series}",
                        SOPInstanceUID=f"{study}.{series}.{number}",
                        Modality="CT" if series == "1" else "MR",
                        StudyDescription="CT head",
                    )
                )


def state_of(archive):
    """Everything that the index says, but for what only grows."""
    found = {}
    for level in (Level.PATIENT, Level.STUDY, Level.SERIES, Level.IMAGE):
        for one in archive.search.search(LOCAL, Query(level)):
            state = {
                name: getattr(one.state, name)
                for name in one.state.__slots__
                if name not in {"patient_key", "revision"}
            }
            uids = [
                one.attributes.get(tag, {}).get("Value")
                for tag in ("00100020", "0020000D", "0020000E", "00080018")
            ]
            found[level, str(uids)] = state, one.attributes
    return found, archive.search.totals(LOCAL)


def studies(archive, **words):
    return [
        one.attributes["0020000D"]["Value"][0]
        for one in archive.search.search(LOCAL, Query(Level.STUDY, **words))
    ]


def test_a_deleted_study_is_found_by_nothing_and_counted_by_nothing(archive, trash):
    fill(archive)
    before = archive.search.totals(LOCAL)
    deleted = trash.delete(LOCAL, "1.1")
    assert (deleted.state, deleted.level, deleted.number_of_instances) == ("trash", "study", 6)
    assert deleted.description == "P1, Jane · P1 · CT head · 2026-01-31"
    assert sorted(studies(archive)) == ["1.2", "1.3"]
    assert sorted(studies(archive, text="head")) == ["1.2", "1.3"]
    assert not archive.search.search(
        LOCAL, Query(Level.IMAGE, (Key(0x0020000D, "UI", SingleValue("1.1")),))
    )
    after = archive.search.totals(LOCAL)
    assert (after.patients, after.studies, after.series, after.instances) == (2, 2, 2, 6)
    assert after.size_bytes == before.size_bytes - deleted.size_bytes
    assert len(archive.contents()) == 6
    assert list(check(archive.storage, archive.index)) == []
    assert archive.changes()[-1] == "deleted"


@pytest.mark.parametrize(
    "uids", [("1.1",), ("1.1", "1.1.2"), ("1.1", "1.1.1", "1.1.1.0"), ("1.3",)], ids=len
)
def test_what_comes_back_is_as_it_was(archive, trash, uids):
    fill(archive)
    before, contents = state_of(archive), sorted(archive.contents())
    uid = trash.delete(LOCAL, *uids).uid
    assert state_of(archive) != before
    assert trash.restore(LOCAL, uid).state == "restored"
    after = state_of(archive)
    for found in (before[0], after[0]):  # a study that came anew is receiving, and when it did
        for state, _attributes in found.values():
            state.pop("status", None)
    assert after == before
    assert sorted(archive.contents()) == contents
    assert list(check(archive.storage, archive.index)) == []
    assert list(archive.storage.notes()) == []
    assert archive.changes()[-1] == "restored"


def test_of_a_series_without_some_instances_everything_is_counted_anew(archive, trash):
    fill(archive)
    trash.delete(LOCAL, "1.1", "1.1.2")
    (study,) = archive.search.search(
        LOCAL, Query(Level.STUDY, (Key(0x0020000D, "UI", SingleValue("1.1")),))
    )
    assert (study.state.number_of_series, study.state.number_of_instances) == (1, 3)
    assert study.attributes["00080061"]["Value"] == ["CT"]
    trash.delete(LOCAL, "1.1", "1.1.1", "1.1.1.0")
    (series,) = archive.search.search(
        LOCAL, Query(Level.SERIES, (Key(0x0020000D, "UI", SingleValue("1.1")),))
    )
    assert series.state.number_of_instances == 2


def test_what_was_deleted_is_gone_and_what_never_was_is_not_found(archive, trash):
    # WADO-01
    fill(archive)
    trash.delete(LOCAL, "1.1", "1.1.2")
    for uids in (("1.1", "1.1.2"), ("1.1", "1.1.2", "1.1.2.0")):
        with pytest.raises(Gone):
            archive.retrieve.locate(LOCAL, *uids)
    with pytest.raises(Gone):
        archive.retrieve.revision("1.1", "1.1.2")
    assert archive.retrieve.locate(LOCAL, "1.1")
    for uids in (("1.9",), ("1.1", "1.1.9")):
        with pytest.raises(NotFound) as told:
            archive.retrieve.locate(LOCAL, *uids)
        assert not isinstance(told.value, Gone)
    with pytest.raises(Gone):
        trash.delete(LOCAL, "1.1", "1.1.2")
    with pytest.raises(NotFound):
        trash.delete(LOCAL, "1.9")


def test_what_was_deleted_may_come_again_and_the_trash_still_holds_the_first(archive, trash):
    fill(archive)
    deleted = trash.delete(LOCAL, "1.3")
    metadata = archive.retrieve.revision
    fill(archive)
    assert len(archive.retrieve.locate(LOCAL, "1.3")) == 3
    assert metadata("1.3", "1.3.1") > 3  # an entity tag from before stands for nothing now
    trash.restore(LOCAL, deleted.uid)
    assert len(archive.retrieve.locate(LOCAL, "1.3", all_versions=True)) == 3
    assert list(check(archive.storage, archive.index)) == []
    again = trash.delete(LOCAL, "1.3")
    fill(archive)
    trash.purge(LOCAL, again.uid)
    assert len(archive.retrieve.locate(LOCAL, "1.3")) == 3
    assert list(check(archive.storage, archive.index)) == []


def test_all_versions_of_an_instance_go_and_come_back(archive, trash):
    archive.put(make_file())
    archive.put(make_file(PatientSex="F"))
    before = state_of(archive)
    trash_uid = trash.delete(LOCAL, "1.2.3").uid
    assert archive.contents() == []
    assert archive.search.totals(LOCAL) == Totals(0, 0, 0, 0, 0)
    trash.restore(LOCAL, trash_uid)
    assert len(archive.retrieve.locate(LOCAL, "1.2.3", all_versions=True)) == 2
    assert state_of(archive)[1] == before[1]


def test_storing_goes_on_after_the_rows_that_it_knew_are_gone(archive, trash):
    for number in range(3):
        archive.put(make_file(SOPInstanceUID=f"1.2.3.{number}"))
        trash.delete(LOCAL, "1.2.3")
        # Another patient's study gets the row IDs that the first one had.
        other = f"1.8.{number}"
        archive.put(
            make_file(
                PatientID=f"Q{number}", StudyInstanceUID=other, SeriesInstanceUID=f"{other}.1"
            )
        )
        archive.put(make_file(SOPInstanceUID=f"1.2.3.{number}"))
        (found,) = archive.retrieve.locate(LOCAL, "1.2.3")
        assert found.series_instance_uid == "1.2.3.1"
        assert archive.search.totals(LOCAL).studies == number + 2


def test_two_who_shared_an_id_are_no_conflict_when_one_is_gone(archive, trash):
    archive.put(make_file())
    archive.put(
        make_file(
            PatientName="Roe^Richard",
            StudyInstanceUID="1.9",
            SeriesInstanceUID="1.9.1",
            SOPInstanceUID="1.9.2",
        )
    )
    query = Query(Level.STUDY)
    assert [one.state.identity_conflict for one in archive.search.search(LOCAL, query)] == [
        True
    ] * 2
    trash.delete(LOCAL, "1.9")
    assert [one.state.identity_conflict for one in archive.search.search(LOCAL, query)] == [False]


def test_what_is_removed_for_good_cannot_come_back_and_is_still_gone(archive, trash):
    fill(archive)
    old, new = trash.delete(LOCAL, "1.1"), trash.delete(LOCAL, "1.2")
    assert trash.purge_old(30) == 0
    assert trash.purge(LOCAL, old.uid).state == "purged"
    assert trash.purge_old(-1) == 1
    assert trash.settle_all() == 1  # as its job does
    assert trash.page(LOCAL, 10) == []
    for uid in (old.uid, new.uid):
        with pytest.raises(Conflict):
            trash.restore(LOCAL, uid)
    with pytest.raises(Gone):
        archive.retrieve.locate(LOCAL, "1.1")
    assert len(archive.contents()) == 3
    assert archive.changes()[-2:] == ["purged", "purged"]


def test_pictures_made_of_an_instance_go_for_good_with_it(archive, tmp_path):
    archive.put(make_file())
    archive.put(
        make_file(StudyInstanceUID="1.9", SeriesInstanceUID="1.9.1", SOPInstanceUID="1.9.2")
    )
    kept = DerivedFiles(tmp_path / "derived" / "thumbnails")
    for study in ("1.2.3", "1.9"):
        kept.put(archive.retrieve.locate(LOCAL, study)[0].sha256, "128.jpeg", b"a picture")
    gone, stays = (archive.retrieve.locate(LOCAL, study)[0].sha256 for study in ("1.2.3", "1.9"))
    trash = Trash(archive.store, tmp_path / "derived")
    uid = trash.delete(LOCAL, "1.2.3").uid
    assert kept.get(gone, "128.jpeg") == b"a picture"
    trash.purge(LOCAL, uid)
    assert kept.get(gone, "128.jpeg") is None
    assert kept.get(stays, "128.jpeg") == b"a picture"


def test_who_may_not_delete_does_not(archive, trash):
    fill(archive)
    person = Principal("reader", "person")
    with pytest.raises(Refused):
        trash.delete(person, "1.1")
    uid = trash.delete(LOCAL, "1.1").uid
    for act in (trash.restore, trash.purge):
        with pytest.raises(Refused):
            act(person, uid)


def test_a_deletion_outlives_the_index(archive, trash, open_archive, tmp_path):
    fill(archive)
    uid = trash.delete(LOCAL, "1.1", reason="sent to the wrong archive").uid
    fresh = open_archive(tmp_path / "fresh", in_memory=True)
    fresh.storage = fresh.store.storage = archive.storage
    anew = Trash(fresh.store)
    anew.before_rebuild()
    rebuild(fresh.store)
    anew.after_rebuild()
    assert fresh.search.totals(LOCAL).studies == 2
    (known,) = anew.page(LOCAL, 10)
    assert (known.uid, known.state, known.reason) == (uid, "trash", "sent to the wrong archive")
    anew.restore(LOCAL, uid)
    assert fresh.search.totals(LOCAL).studies == 3


class Dying(Exception):
    """The process ends here."""


def die(*_arguments):
    raise Dying


@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_deletion_that_was_cut_short_is_finished_before_the_sweep(archive, trash, after):
    fill(archive)
    storage, moved = archive.storage, []

    def set_aside(key, folder):
        if len(moved) == after:
            raise Dying
        moved.append(key)
        return type(storage).set_aside(storage, key, folder)

    storage.set_aside = set_aside
    with pytest.raises(Dying):
        trash.delete(LOCAL, "1.1")
    del storage.set_aside
    trash.clear_up()
    assert sweep(archive.store).adopted == 0
    assert sorted(studies(archive)) == ["1.2", "1.3"]
    (known,) = trash.page(LOCAL, 10)
    assert known.state == "trash"
    assert len(archive.contents()) == 6
    trash.restore(LOCAL, known.uid)
    assert len(archive.retrieve.locate(LOCAL, "1.1")) == 6


def test_a_deletion_that_was_not_decided_is_forgotten(archive, trash):
    fill(archive)
    index = archive.index
    index.delete = lambda *uids_and_record: (
        uids_and_record[-1](index.locate("1.1", all_versions=True)) and die()
    )
    storage = archive.storage
    storage.drop_folder = lambda _folder: None  # it died before it could
    with pytest.raises(Dying):
        trash.delete(LOCAL, "1.1")
    del index.delete, storage.drop_folder
    assert len(list(storage.notes())) == 1
    trash.clear_up()
    assert list(storage.notes()) == []
    assert len(archive.retrieve.locate(LOCAL, "1.1")) == 6


def test_a_restoring_that_was_cut_short_goes_on(archive, trash):
    fill(archive)
    uid = trash.delete(LOCAL, "1.1").uid
    storage, done = archive.storage, []

    def bring_back(key, folder):
        if len(done) == 2:
            raise Dying
        done.append(key)
        return type(storage).bring_back(storage, key, folder)

    storage.bring_back = bring_back
    with pytest.raises(Dying):
        trash.restore(LOCAL, uid)
    del storage.bring_back
    sweep(archive.store)
    assert trash.settle_all() == 1
    assert len(archive.retrieve.locate(LOCAL, "1.1")) == 6
    assert list(check(archive.storage, archive.index)) == []
