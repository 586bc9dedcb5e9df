"""Puts instances into the index: the SQL of the hot path.

Statements are written with SQLAlchemy and compiled once; they run on the driver's cursor. Executing them
through the engine costs about 20 µs each, which at six statements an instance would be the largest part of
storing a small one.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Dialect, bindparam, insert, select, text, update
from sqlalchemy.sql import ClauseElement

from hounsfield.dicom import json_model
from hounsfield.dicom.attributes import InstanceAttributes, normalise_name
from hounsfield.dicom.identity import Identity
from hounsfield.dicom.matching import searchable_text
from hounsfield.dicom.query import Level
from hounsfield.index import schema
from hounsfield.index.records import (
    AlreadyThere,
    Collision,
    Inserted,
    InstanceRecord,
    Outcome,
    Version,
)

MAX_KNOWN = 20_000


class Prepared:
    """One statement compiled for a dialect, run on a driver's cursor with named values."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self.names: list[str] | None = getattr(compiled, "positiontup", None)
        self.defaults = dict(compiled.params)

    def run(self, cursor: Any, values: dict[str, Any]) -> Any:
        if self.names is None:
            return cursor.execute(self.sql, values)
        return cursor.execute(self.sql, [values[name] for name in self.names])


def _insert(table: Any, dialect: Dialect, *, without: tuple[str, ...] = ("id",)) -> Prepared:
    columns: dict[str, Any] = {
        c.name: bindparam(c.name) for c in table.columns if c.name not in without
    }
    statement: Any = insert(table).values(columns)
    if "id" in table.columns and table.name != "totals":
        statement = statement.returning(table.c.id)
    return Prepared(statement, dialect)


class Statements:
    """Every statement of an insertion, compiled."""

    def __init__(self, dialect: Dialect) -> None:
        p, st, se, i = schema.patient, schema.study, schema.series, schema.instance
        self.find_patient = Prepared(select(p.c.id).where(p.c.key == bindparam("key")), dialect)
        self.same_id = Prepared(
            select(p.c.id).where(
                p.c.patient_id == bindparam("patient_id"),
                p.c.issuer_of_patient_id == bindparam("issuer"),
            ),
            dialect,
        )
        self.flag_patient = Prepared(
            update(p).where(p.c.id == bindparam("wanted")).values(identity_conflict=True), dialect
        )
        self.find_study = Prepared(
            select(st.c.id).where(
                st.c.study_instance_uid == bindparam("uid"),
                st.c.patient_fk == bindparam("patient_fk"),
            ),
            dialect,
        )
        self.same_study_uid = Prepared(
            select(st.c.id).where(st.c.study_instance_uid == bindparam("uid")), dialect
        )
        self.flag_study = Prepared(
            update(st).where(st.c.id == bindparam("wanted")).values(identity_conflict=True), dialect
        )
        self.flag_studies_of = Prepared(
            update(st).where(st.c.patient_fk == bindparam("wanted")).values(identity_conflict=True),
            dialect,
        )
        self.find_series = Prepared(
            select(se.c.id).where(
                se.c.series_instance_uid == bindparam("uid"), se.c.study_fk == bindparam("study_fk")
            ),
            dialect,
        )
        self.versions = Prepared(
            select(
                i.c.id,
                i.c.sha256,
                i.c.received_us,
                i.c.received_by,
                i.c.dataset_offset,
                i.c.size_bytes,
                i.c.version,
            ).where(
                i.c.sop_instance_uid == bindparam("uid"), i.c.series_fk == bindparam("series_fk")
            ),
            dialect,
        )
        self.retire_versions = Prepared(
            update(i)
            .where(i.c.sop_instance_uid == bindparam("uid"), i.c.series_fk == bindparam("wanted"))
            .values(is_current=False),
            dialect,
        )
        self.insert_patient = _insert(p, dialect)
        self.insert_study = _insert(st, dialect)
        self.insert_series = _insert(se, dialect)
        self.insert_instance = Prepared(
            insert(i).values({c.name: bindparam(c.name) for c in i.columns if c.name != "id"}),
            dialect,
        )
        self.insert_change = _insert(schema.change, dialect, without=("sequence",))
        self.grow_series = Prepared(
            update(se)
            .where(se.c.id == bindparam("wanted"))
            .values(
                number_of_instances=se.c.number_of_instances + bindparam("instances"),
                number_of_frames=se.c.number_of_frames + bindparam("frames"),
                size_bytes=se.c.size_bytes + bindparam("bytes"),
                revision=se.c.revision + 1,
                last_received_us=bindparam("received_us"),
            ),
            dialect,
        )
        self.grow_study = Prepared(
            update(st)
            .where(st.c.id == bindparam("wanted"))
            .values(
                number_of_series=st.c.number_of_series + bindparam("series"),
                number_of_instances=st.c.number_of_instances + bindparam("instances"),
                size_bytes=st.c.size_bytes + bindparam("bytes"),
                version_conflicts=st.c.version_conflicts + bindparam("conflicts"),
                last_received_us=bindparam("received_us"),
                status="receiving",
            ),
            dialect,
        )
        self.grow_totals = Prepared(
            update(schema.totals).values(
                patients=schema.totals.c.patients + bindparam("patients"),
                studies=schema.totals.c.studies + bindparam("studies"),
                series=schema.totals.c.series + bindparam("series"),
                instances=schema.totals.c.instances + bindparam("instances"),
                size_bytes=schema.totals.c.size_bytes + bindparam("bytes"),
            ),
            dialect,
        )
        self.study_classes = Prepared(
            select(st.c.modalities, st.c.sop_classes).where(st.c.id == bindparam("wanted")), dialect
        )
        self.set_study_classes = Prepared(
            update(st)
            .where(st.c.id == bindparam("wanted"))
            .values(modalities=bindparam("new_modalities"), sop_classes=bindparam("new_classes")),
            dialect,
        )
        self.series_classes = Prepared(
            select(se.c.sop_classes).where(se.c.id == bindparam("wanted")), dialect
        )
        self.set_series_classes = Prepared(
            update(se)
            .where(se.c.id == bindparam("wanted"))
            .values(sop_classes=bindparam("new_classes")),
            dialect,
        )
        self.insert_words = (
            Prepared(
                text("INSERT INTO study_words (rowid, search_text) VALUES (:id, :words)"), dialect
            )
            if dialect.name == "sqlite"
            else None
        )


@dataclass(slots=True)
class Known:
    """Row IDs met before, so that the next instance of a series asks for none.

    Rows are only ever added while it is in use; an integrity error drops it whole.
    """

    patients: dict[str, int] = field(default_factory=dict)
    studies: dict[tuple[str, int], int] = field(default_factory=dict)
    series: dict[tuple[str, int], int] = field(default_factory=dict)
    classes: set[tuple[int, int, str, str]] = field(default_factory=set)

    def forget(self) -> None:
        for one in (self.patients, self.studies, self.series, self.classes):
            one.clear()

    def bound(self) -> None:
        if (
            len(self.series) > MAX_KNOWN
            or len(self.patients) > MAX_KNOWN
            or len(self.classes) > MAX_KNOWN
        ):
            self.forget()


@dataclass(slots=True)
class _Growth:
    instances: int = 0
    frames: int = 0
    bytes: int = 0
    series: int = 0
    conflicts: int = 0
    received_us: int = 0


class Insertion:
    """One transaction's worth of records, put in row by row, sums at the end."""

    def __init__(self, statements: Statements, known: Known, cursor: Any) -> None:
        self.s, self.known, self.cursor = statements, known, cursor
        self.series_growth: dict[int, _Growth] = {}
        self.study_growth: dict[int, _Growth] = {}
        self.new_patients = self.new_studies = self.new_series = 0

    def add(self, record: InstanceRecord) -> Outcome:
        """Insert one record, or say why it is not a new row."""
        identity, attributes = record.identity, record.attributes
        patient_fk = self._patient(identity, attributes, record)
        study_fk = self._study(identity, attributes, patient_fk, record)
        series_fk = self._series(identity, attributes, study_fk, record)
        rows = self._all(self.s.versions, uid=identity.sop_instance_uid, series_fk=series_fk)
        if rows:
            if any(row[1] == record.sha256 for row in rows):
                return AlreadyThere()
            strangers = [row for row in rows if row[0] not in record.compared_with]
            if strangers:
                return Collision(tuple(Version(*row[:6]) for row in rows))
            if record.becomes_current:
                self.s.retire_versions.run(
                    self.cursor,
                    {"uid": identity.sop_instance_uid, "wanted": series_fk, "is_current": False},
                )
        version = 1 + max((row[6] for row in rows), default=0)
        self._instance(record, series_fk, version)
        self._grow(record, study_fk, series_fk, is_new=not rows)
        self._note_classes(identity, attributes, study_fk, series_fk)
        self._change("version-conflict" if record.is_conflict else "stored", record, patient_fk)
        return Inserted(version)

    def finish(self) -> None:
        """Write the sums of what was added."""
        total = _Growth()
        for series_fk, growth in self.series_growth.items():
            self.s.grow_series.run(
                self.cursor,
                {
                    "wanted": series_fk,
                    "instances": growth.instances,
                    "frames": growth.frames,
                    "bytes": growth.bytes,
                    "received_us": growth.received_us,
                    "revision_1": 1,
                },
            )
            total.instances += growth.instances
            total.bytes += growth.bytes
        for study_fk, growth in self.study_growth.items():
            self.s.grow_study.run(
                self.cursor,
                {
                    "wanted": study_fk,
                    "series": growth.series,
                    "instances": growth.instances,
                    "bytes": growth.bytes,
                    "conflicts": growth.conflicts,
                    "received_us": growth.received_us,
                    "status": "receiving",
                },
            )
        if (
            total.instances
            or total.bytes
            or self.new_studies
            or self.new_patients
            or self.new_series
        ):
            self.s.grow_totals.run(
                self.cursor,
                {
                    "patients": self.new_patients,
                    "studies": self.new_studies,
                    "series": self.new_series,
                    "instances": total.instances,
                    "bytes": total.bytes,
                },
            )

    def _all(self, statement: Prepared, **values: Any) -> list[Any]:
        statement.run(self.cursor, values)
        return list(self.cursor.fetchall())

    def _id(self, statement: Prepared, **values: Any) -> int | None:
        rows = self._all(statement, **values)
        return int(rows[0][0]) if rows else None

    def _insert(self, statement: Prepared, values: dict[str, Any]) -> int:
        statement.run(self.cursor, values)
        return int(self.cursor.fetchall()[0][0])

    def _patient(
        self, identity: Identity, attributes: InstanceAttributes, record: InstanceRecord
    ) -> int:
        key = identity.patient_key
        found = self.known.patients.get(key)
        if found is not None:
            return found
        found = self._id(self.s.find_patient, key=key)
        if found is None:
            namesakes = (
                self._all(
                    self.s.same_id,
                    patient_id=identity.patient_id,
                    issuer=identity.issuer_of_patient_id,
                )
                if identity.patient_id
                else []
            )
            found = self._insert(
                self.s.insert_patient,
                {
                    "key": key,
                    "patient_id": identity.patient_id,
                    "issuer_of_patient_id": identity.issuer_of_patient_id,
                    "patient_name": normalise_name(identity.patient_name),
                    "patient_birth_date": identity.patient_birth_date,
                    "patient_sex": identity.patient_sex,
                    "identity_conflict": bool(namesakes),
                    "attributes": _json(attributes, Level.PATIENT),
                },
            )
            self.new_patients += 1
            for (other,) in namesakes:
                self.s.flag_patient.run(self.cursor, {"wanted": other, "identity_conflict": True})
                self.s.flag_studies_of.run(
                    self.cursor, {"wanted": other, "identity_conflict": True}
                )
            if namesakes:
                self._change("identity-conflict", record, found)
        self.known.patients[key] = found
        return found

    def _study(
        self,
        identity: Identity,
        attributes: InstanceAttributes,
        patient_fk: int,
        record: InstanceRecord,
    ) -> int:
        key = (identity.study_instance_uid, patient_fk)
        found = self.known.studies.get(key)
        if found is not None:
            return found
        found = self._id(self.s.find_study, uid=identity.study_instance_uid, patient_fk=patient_fk)
        if found is None:
            twins = self._all(self.s.same_study_uid, uid=identity.study_instance_uid)
            shared_id = (
                bool(identity.patient_id)
                and len(
                    self._all(
                        self.s.same_id,
                        patient_id=identity.patient_id,
                        issuer=identity.issuer_of_patient_id,
                    )
                )
                > 1
            )
            found = self._insert_study(
                identity, attributes, patient_fk, record, conflict=bool(twins) or shared_id
            )
            self.new_studies += 1
            for (other,) in twins:
                self.s.flag_study.run(self.cursor, {"wanted": other, "identity_conflict": True})
        self.known.studies[key] = found
        return found

    def _insert_study(
        self,
        identity: Identity,
        attributes: InstanceAttributes,
        patient_fk: int,
        record: InstanceRecord,
        *,
        conflict: bool,
    ) -> int:
        name = (normalise_name(identity.patient_name) + "==").split("=")
        described = attributes.json(Level.PATIENT) | attributes.json(Level.STUDY)
        words = searchable_text(described)
        found = self._insert(
            self.s.insert_study,
            {
                "patient_fk": patient_fk,
                "study_instance_uid": identity.study_instance_uid,
                "patient_id": identity.patient_id,
                "patient_name": name[0],
                "patient_name_ideographic": name[1],
                "patient_name_phonetic": name[2],
                "study_date": attributes.text(0x00080020),
                "study_time": attributes.text(0x00080030),
                "accession_number": attributes.text(0x00080050),
                "study_id": attributes.text(0x00200010),
                "study_description": attributes.text(0x00081030),
                "referring_physician_name": normalise_name(attributes.text(0x00080090)),
                "modalities": "",
                "sop_classes": "",
                "number_of_series": 0,
                "number_of_instances": 0,
                "size_bytes": 0,
                "status": "receiving",
                "first_received_us": record.received_us,
                "last_received_us": record.received_us,
                "identity_conflict": conflict,
                "version_conflicts": 0,
                "search_text": words,
                "attributes": _json(attributes, Level.STUDY),
            },
        )
        if self.s.insert_words is not None:
            self.s.insert_words.run(self.cursor, {"id": found, "words": words})
        return found

    def _series(
        self,
        identity: Identity,
        attributes: InstanceAttributes,
        study_fk: int,
        record: InstanceRecord,
    ) -> int:
        key = (identity.series_instance_uid, study_fk)
        found = self.known.series.get(key)
        if found is not None:
            return found
        found = self._id(self.s.find_series, uid=identity.series_instance_uid, study_fk=study_fk)
        if found is None:
            found = self._insert(
                self.s.insert_series,
                {
                    "study_fk": study_fk,
                    "series_instance_uid": identity.series_instance_uid,
                    "modality": attributes.text(0x00080060),
                    "series_number": _integer(attributes.text(0x00200011)),
                    "series_description": attributes.text(0x0008103E),
                    "sop_classes": "",
                    "number_of_instances": 0,
                    "number_of_frames": 0,
                    "size_bytes": 0,
                    "revision": 0,
                    "last_received_us": record.received_us,
                    "attributes": _json(attributes, Level.SERIES),
                },
            )
            self.new_series += 1
            self.study_growth.setdefault(
                study_fk, _Growth(received_us=record.received_us)
            ).series += 1
        self.known.series[key] = found
        return found

    def _instance(self, record: InstanceRecord, series_fk: int, version: int) -> None:
        attributes, header = record.attributes, record.attributes.header
        table = record.frame_table
        self.s.insert_instance.run(
            self.cursor,
            {
                "series_fk": series_fk,
                "sop_instance_uid": record.identity.sop_instance_uid,
                "version": version,
                "is_current": version == 1 or record.becomes_current,
                "sop_class_uid": record.identity.sop_class_uid,
                "instance_number": _integer(header.text(0x00200013)),
                "number_of_frames": table.number_of_frames if table else 0,
                "transfer_syntax_uid": header.transfer_syntax_uid,
                "size_bytes": record.size_bytes,
                "sha256": record.sha256,
                "received_us": record.received_us,
                "received_by": record.received_by,
                "source": record.source,
                "dataset_offset": record.dataset_offset,
                "frame_table": table.to_bytes() if table else None,
                "attributes": _json(attributes, Level.IMAGE),
            },
        )

    def _grow(self, record: InstanceRecord, study_fk: int, series_fk: int, *, is_new: bool) -> None:
        frames = record.frame_table.number_of_frames if record.frame_table else 0
        for growth in (
            self.series_growth.setdefault(series_fk, _Growth()),
            self.study_growth.setdefault(study_fk, _Growth()),
        ):
            growth.bytes += record.size_bytes
            growth.received_us = max(growth.received_us, record.received_us)
            growth.conflicts += record.is_conflict
            if is_new:
                growth.instances += 1
                growth.frames += frames

    def _note_classes(
        self, identity: Identity, attributes: InstanceAttributes, study_fk: int, series_fk: int
    ) -> None:
        """Keep the sets of modalities and SOP classes that C-FIND and QIDO-RS compute (PS3.4 C.3.4)."""
        modality = attributes.header.text(0x00080060)
        key = (study_fk, series_fk, modality, identity.sop_class_uid)
        if key in self.known.classes:
            return
        modalities, classes = self._all(self.s.study_classes, wanted=study_fk)[0]
        new_modalities, new_classes = (
            _with(modalities, modality),
            _with(classes, identity.sop_class_uid),
        )
        if (new_modalities, new_classes) != (modalities, classes):
            self.s.set_study_classes.run(
                self.cursor,
                {"wanted": study_fk, "new_modalities": new_modalities, "new_classes": new_classes},
            )
        ((classes,),) = self._all(self.s.series_classes, wanted=series_fk)
        new_classes = _with(classes, identity.sop_class_uid)
        if new_classes != classes:
            self.s.set_series_classes.run(
                self.cursor, {"wanted": series_fk, "new_classes": new_classes}
            )
        self.known.classes.add(key)

    def _change(self, kind: str, record: InstanceRecord, patient_fk: int) -> None:
        identity = record.identity
        self.s.insert_change.run(
            self.cursor,
            {
                "kind": kind,
                "study_instance_uid": identity.study_instance_uid,
                "series_instance_uid": identity.series_instance_uid,
                "sop_instance_uid": identity.sop_instance_uid,
                "patient_fk": patient_fk,
                "actor": record.actor[:64],
                "at_us": record.received_us,
            },
        )


def _json(attributes: InstanceAttributes, level: Level) -> str:
    return json_model.dumps(attributes.json(level)).decode()


def _integer(text: str) -> int | None:
    try:
        number = int(text.split("\\", maxsplit=1)[0])
    except ValueError:
        return None
    return number if abs(number) < 1 << 62 else None


def _with(members: str, member: str) -> str:
    r"""A sorted set kept as text, ``\CT\MR\``, so that one member can be searched for."""
    found = {part for part in members.split("\\") if part}
    if member:
        found.add(member)
    return "\\" + "\\".join(sorted(found)) + "\\" if found else ""
