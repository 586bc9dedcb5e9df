import io
from collections import Counter
from itertools import pairwise

import pydicom
import pytest

from hounsfield.archive.demonstration import demo_studies, fill
from hounsfield.archive.store import InstanceStore
from hounsfield.errors import OutOfResources
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.storage.memory import MemoryStorage


@pytest.fixture(scope="module")
def instances():
    return list(demo_studies())


@pytest.fixture
def synthetic(instances):
    return [instance for instance in instances if "SYNTHETIC" in instance.label]


@pytest.fixture
def store(tmp_path):
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        yield InstanceStore(MemoryStorage(), index)


def read(instance):
    return pydicom.dcmread(io.BytesIO(instance.to_bytes()))


def test_every_instance_is_one_of_its_own(instances):
    assert len({instance.sop_instance_uid for instance in instances}) == len(instances)


def test_four_series_of_three_synthetic_studies_have_120_slices_or_more(synthetic):
    sizes = Counter(instance.series_instance_uid for instance in synthetic)
    assert len({instance.study_instance_uid for instance in synthetic}) == 3
    assert sorted(sizes.values()) == [65, 128, 128, 130, 144]


def test_uids_are_the_same_at_the_next_start(instances):
    again = [instance.sop_instance_uid for instance in demo_studies()]
    assert again == [instance.sop_instance_uid for instance in instances]


@pytest.mark.parametrize("at", [0, 127, 140, 141, 340, 341])
def test_a_synthetic_instance_says_in_every_place_that_it_is_one(synthetic, at):
    dataset = read(synthetic[at])
    assert str(dataset.PatientName).startswith("Synthetic^")
    assert dataset.ImageType[0] == "DERIVED"
    for keyword in ("StudyDescription", "SeriesDescription", "ImageComments", "PatientComments"):
        assert "SYNTHETIC" in dataset[keyword].value
    assert dataset.SyntheticData == "YES"
    assert dataset.pixel_array.shape == (dataset.Rows, dataset.Columns)
    assert dataset.SOPInstanceUID == synthetic[at].sop_instance_uid
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID


def test_slices_of_a_series_follow_each_other_in_space(synthetic):
    series = [s for s in synthetic if s.series_instance_uid == synthetic[0].series_instance_uid]
    datasets = [read(instance) for instance in series[:4]]
    assert [dataset.InstanceNumber for dataset in datasets] == [1, 2, 3, 4]
    heights = [dataset.ImagePositionPatient[2] for dataset in datasets]
    steps = {round(float(b - a), 4) for a, b in pairwise(heights)}
    assert steps == {1.25}
    assert len({dataset.FrameOfReferenceUID for dataset in datasets}) == 1


def test_real_files_come_as_they_are_and_bring_names_in_many_scripts(instances):
    names = set()
    for instance in instances:
        if instance.label.startswith("pydicom"):
            dataset = read_any(instance)
            assert dataset.SOPInstanceUID == instance.sop_instance_uid
            names.add(str(dataset.get("PatientName", "")))
    text = "".join(names)
    for script in ("山田", "洪", "قباني", "Люк", "Διον", "שרון", "王"):
        assert script in text


def read_any(instance):
    return pydicom.dcmread(io.BytesIO(instance.to_bytes()), force=True)


def test_filling_again_stores_nothing_twice(store, instances):
    said = []
    first = fill(store, lambda done, total: said.append((done, total)))
    assert (first.stored, first.duplicates, first.failed) == (len(instances), 0, 0)
    assert said == [(n + 1, len(instances)) for n in range(len(instances))]
    again = fill(store, lambda _done, _total: None)
    assert (again.stored, again.duplicates, again.failed) == (0, len(instances), 0)
    assert store.index.totals().instances == len(instances)


def test_what_was_begun_is_finished_at_the_next_start(store, instances):
    class Stopped(Exception):
        pass

    def stop(done, _total):
        if done == 5:
            raise Stopped

    with pytest.raises(Stopped):
        fill(store, stop)
    there = store.index.totals().instances
    assert 5 <= there < 20
    spool = store.spool()
    spool.write(instances[-1].to_bytes())
    spool.discard()
    assert all(
        store.index.locate(i.study_instance_uid, i.series_instance_uid, i.sop_instance_uid)
        for i in instances[:5]
    )


def test_a_full_disk_is_counted_not_raised(tmp_path):
    class Full(MemoryStorage):
        def spool(self, *, size_hint=0):
            raise OutOfResources("no space is left")

    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        filled = fill(InstanceStore(Full(), index), lambda _done, _total: None)
    assert filled.stored == 0
    assert filled.failed > 550
