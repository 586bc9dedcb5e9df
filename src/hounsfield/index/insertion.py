"""Puts instances into the index, row by row within one transaction."""

import secrets
from dataclasses import dataclass
from typing import Any

from hounsfield.dicom import json_model
from hounsfield.dicom.attributes import InstanceAttributes, normalise_name
from hounsfield.dicom.identity import Identity
from hounsfield.dicom.matching import searchable_text
from hounsfield.dicom.names import sounds_of
from hounsfield.dicom.query import Level
from hounsfield.errors import Unavailable
from hounsfield.index.known import Known
from hounsfield.index.records import (
    AlreadyThere,
    Collision,
    Inserted,
    InstanceRecord,
    Outcome,
    Version,
)
from hounsfield.index.statements import Prepared, Statements


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
        ((newest_deletion,),) = self._all(statements.newest_deletion)
        known.mind(newest_deletion or 0)

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
        if record.is_stored is not None and not record.is_stored():
            raise Unavailable("the object was removed meanwhile; send it again")
        if rows and record.becomes_current:
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
                },
            )
            self.s.reopen_study.run(self.cursor, {"wanted": study_fk})
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
                    "attributes": json_model.write_indexed(attributes, Level.PATIENT),
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
            if twins:
                self._change("identity-conflict", record, patient_fk)
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
                "attributes": json_model.write_indexed(attributes, Level.STUDY),
            },
        )
        if self.s.insert_words is not None:
            self.s.insert_words.run(self.cursor, {"id": found, "words": words})
        for sound in sounds_of("=".join(name[:3])):
            self.s.insert_sound.run(self.cursor, {"sound": sound, "study_fk": found})
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
                    # What was deleted and comes again is another state than any before, also for entity tags.
                    "revision": secrets.randbelow(1 << 30) if self.known.newest_deletion else 0,
                    "last_received_us": record.received_us,
                    "attributes": json_model.write_indexed(attributes, Level.SERIES),
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
                "attributes": json_model.write_indexed(attributes, Level.IMAGE),
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
