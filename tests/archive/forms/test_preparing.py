from tests.instances import ROOT, part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.forms.preparing import Preparing

STUDY, SERIES = f"{ROOT}.1", f"{ROOT}.1.1"


def is_prepared(archive, study=STUDY, series=SERIES):
    found = archive.index.prepared_metadata(study, series)
    return found is not None and found.body is not None


def test_the_metadata_of_a_study_is_made_when_it_is_complete_and_not_before(archive):
    archive.put(part10())
    preparing = Preparing(archive.retrieve, archive.index)
    assert preparing.look_after() == 0
    assert archive.index.settle(quiet_s=0) == 1
    assert preparing.look_after() == 1
    assert is_prepared(archive)
    assert preparing.look_after() == 0


def test_it_is_made_again_after_more_has_come(archive):
    preparing = Preparing(archive.retrieve, archive.index)
    for number in (1, 2):
        archive.put(part10(SOPInstanceUID=f"{ROOT}.1.1.{number}", InstanceNumber=str(number)))
        assert not is_prepared(archive)
        archive.index.settle(quiet_s=0)
        assert preparing.look_after() == 1
    found = archive.retrieve.series_metadata(LOCAL, STUDY, SERIES)
    assert found.count(b"00080018") == 2


def test_an_object_that_cannot_be_read_keeps_no_other_from_being_prepared(archive):
    preparing = Preparing(archive.retrieve, archive.index)
    archive.put(part10())
    archive.put(
        part10(
            StudyInstanceUID=f"{ROOT}.2",
            SeriesInstanceUID=f"{ROOT}.2.1",
            SOPInstanceUID=f"{ROOT}.2.1.1",
        )
    )
    lost = archive.index.locate(STUDY)[0]
    archive.storage.delete(lost.storage_key)
    archive.index.settle(quiet_s=0)
    assert preparing.look_after() == 1
    assert is_prepared(archive, f"{ROOT}.2", f"{ROOT}.2.1")
    assert not is_prepared(archive)
