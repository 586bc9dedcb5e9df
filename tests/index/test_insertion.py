"""Insertion against a model of it in plain Python: counts, versions and conflicts, whatever the batches."""

import shutil
import sqlite3
import tempfile
from collections import defaultdict
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.index.conftest import record
from tests.instances import CT_IMAGE, MR_IMAGE, ROOT, part10

from hounsfield.errors import Unavailable
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import Index
from hounsfield.index.records import AlreadyThere, Collision, Inserted, InstanceRecord
from hounsfield.index.writer import _Waiting

PATIENTS = (("P1", "Doe^Jane"), ("P1", "Roe^Richard"), ("P2", "Doe^Jane"), ("", "Doe^Jane"))


@lru_cache(maxsize=1000)
def made(patient: int, study: int, series: int, instance: int, content: int) -> InstanceRecord:
    patient_id, name = PATIENTS[patient]
    return record(
        part10(
            PatientID=patient_id,
            PatientName=name,
            StudyInstanceUID=f"{ROOT}.{study}",
            SeriesInstanceUID=f"{ROOT}.{study}.{series}",
            SOPInstanceUID=f"{ROOT}.{study}.{series}.{instance}",
            SOPClassUID=(CT_IMAGE, MR_IMAGE)[instance % 2],
            Modality=("CT", "MR")[series % 2],
            ImageComments="x" * content,
        )
    )


def identities(one: InstanceRecord):
    """Its (patient, study, series, instance), each with all above it."""
    identity = one.identity
    patient = (
        identity.patient_id,
        identity.patient_name,
        "" if identity.patient_id else identity.study_instance_uid,
    )
    study = (identity.study_instance_uid, patient)
    series = (identity.series_instance_uid, study)
    return patient, study, series, (identity.sop_instance_uid, series)


class Model:
    """What was taken, in the order in which it was."""

    def __init__(self) -> None:
        self.versions: dict[tuple, list[InstanceRecord]] = defaultdict(list)

    def add(self, one: InstanceRecord, outcome) -> None:
        versions = self.versions[identities(one)[3]]
        if any(known.sha256 == one.sha256 for known in versions):
            assert outcome == AlreadyThere()
            return
        versions.append(one)
        assert outcome == Inserted(len(versions))

    def expected(self) -> dict[str, list]:
        taken = [one for versions in self.versions.values() for one in versions]
        patients, studies, series = ({identities(one)[n] for one in taken} for n in range(3))
        keys = [name for name, versions in self.versions.items() if versions]
        by_uid, by_patient_id = defaultdict(set), defaultdict(set)
        for patient in patients:
            by_patient_id[patient[0]].add(patient)
        for uid, patient in studies:
            by_uid[uid].add(patient)

        def shares_id(patient) -> bool:
            return bool(patient[0]) and len(by_patient_id[patient[0]]) > 1

        def of(level: int, name) -> list[InstanceRecord]:
            return [one for one in taken if identities(one)[level] == name]

        return {
            "totals": [
                (
                    len(patients),
                    len(studies),
                    len(series),
                    len(keys),
                    sum(one.size_bytes for one in taken),
                )
            ],
            "patient": sorted(shares_id(patient) for patient in patients),
            "study": sorted(
                (
                    study[0],
                    sum(one[1] == study for one in series),
                    sum(key[1][1] == study for key in keys),
                    sum(one.size_bytes for one in of(1, study)),
                    sum(one.is_conflict for one in of(1, study)),
                    shares_id(study[1]) or len(by_uid[study[0]]) > 1,
                    "\\" + "\\".join(sorted({one.attributes.text(0x00080060) for one in of(1, study)})) + "\\",
                )
                for study in studies
            ),
            "series": sorted(
                (
                    one[0],
                    sum(key[1] == one for key in keys),
                    sum(key[1] == one for key in keys),  # each has one frame
                    sum(version.size_bytes for version in of(2, one)),
                    "\\" + "\\".join(sorted({version.identity.sop_class_uid for version in of(2, one)})) + "\\",
                )
                for one in series
            ),
            "instance": sorted(
                (one.sha256, key[0], number, one is self.current(key))
                for key in keys
                for number, one in enumerate(self.versions[key], 1)
            ),
        }  # fmt: skip

    def current(self, key) -> InstanceRecord:
        versions = self.versions[key]
        return next((one for one in reversed(versions) if one.becomes_current), versions[0])


QUESTIONS = {
    "totals": "SELECT patients, studies, series, instances, size_bytes FROM totals",
    "patient": "SELECT identity_conflict FROM patient",
    "study": "SELECT study_instance_uid, number_of_series, number_of_instances, size_bytes,"
    " version_conflicts, identity_conflict, modalities FROM study",
    "series": "SELECT series_instance_uid, number_of_instances, number_of_frames, size_bytes,"
    " sop_classes FROM series",
    "instance": "SELECT sha256, sop_instance_uid, version, is_current FROM instance",
}


def found(database: Path) -> dict[str, list]:
    with closing(sqlite3.connect(database)) as connection:
        rows = {name: connection.execute(sql).fetchall() for name, sql in QUESTIONS.items()}
    rows["patient"] = [conflict for (conflict,) in rows["patient"]]
    return {name: sorted(some) for name, some in rows.items()}


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    database = tmp_path_factory.mktemp("empty") / "index.db"
    Index(IndexConfig(database)).close()
    return database


def unwritable(one: InstanceRecord, how: int) -> InstanceRecord:
    """A record that fails: its object is gone, or a text that no database takes."""
    return replace(one, is_stored=lambda: False) if how else replace(one, actor="\udcff")


instances = st.tuples(
    st.integers(0, 3), st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(0, 2)
)
# An instance, what is wrong with it if anything, and whether a further version is shown and flagged.
records = st.tuples(instances, st.sampled_from([None, None, None, 0, 1]), st.booleans())
batches = st.lists(
    st.tuples(st.integers(0, 1), st.lists(records, min_size=1, max_size=8)), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(batches)
def test_two_processes_insert_what_the_model_says(empty, batches):  # STO-04, STO-05
    model = Model()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = folder / "index.db"
        shutil.copy(empty, database)
        processes = [stack.enter_context(Index(IndexConfig(database))) for _ in range(2)]
        for process, wanted in batches:
            writer = processes[process].writer
            batch = [
                _Waiting(made(*one) if how is None else unwritable(made(*one), how))
                for one, how, _shown in wanted
            ]
            writer._commit(batch)
            again = []
            for waiting, (_, how, shown) in zip(batch, wanted, strict=True):
                if isinstance(waiting.outcome, Collision):
                    again.append((waiting, shown))
                elif how is not None and waiting.problem is not None:
                    assert isinstance(waiting.problem, Unavailable)
                else:
                    assert how is None or waiting.outcome == AlreadyThere()
                    model.add(waiting.record, waiting.outcome)
            for waiting, shown in again:
                outcome, one = waiting.outcome, waiting.record
                while isinstance(outcome, Collision):
                    seen = frozenset(version.id for version in outcome.versions)
                    one = replace(one, compared_with=seen, becomes_current=shown, is_conflict=True)
                    try:
                        outcome = processes[1 - process].write(one)
                    except Unavailable:
                        outcome = None
                if outcome is not None:
                    model.add(one, outcome)
        assert found(database) == model.expected()
