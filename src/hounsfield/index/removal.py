"""Takes instances out of the index, and brings what is counted and summed above them in line.

The rows of insertion are known by their IDs to every process that stores (`index.known`): whoever finds that
something was deleted since it last looked forgets what it knows.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from hounsfield.index import schema
from hounsfield.index.site.deletions import Deletion, deletion, values_of

_AT_ONCE = 500
p, st, se, i = schema.patient, schema.study, schema.series, schema.instance


def remove(connection: Connection, ids: Sequence[int], record: Deletion) -> bool:
    """Delete rows of instances, all versions of each together, with the record of it; gives whether there were any."""
    series = _delete_instances(connection, ids)
    if not series:
        return False
    before = _totals_of(connection, series)
    studies = {study_fk for _id, study_fk in _rows(connection, se.c.id, se.c.study_fk, series)}
    patients = {
        patient_fk for _id, patient_fk in _rows(connection, st.c.id, st.c.patient_fk, studies)
    }
    gone_series = _recount_series(connection, series)
    gone_studies = _recount_studies(connection, studies)
    gone_patients = _drop_patients(connection, patients)
    after = _totals_of(connection, series)
    totals = schema.totals.c
    connection.execute(
        update(schema.totals).values(
            patients=totals.patients - gone_patients,
            studies=totals.studies - len(gone_studies),
            series=totals.series - gone_series,
            instances=totals.instances - (before[0] - after[0]),
            size_bytes=totals.size_bytes - (before[1] - after[1]),
        )
    )
    connection.execute(insert(deletion).values(values_of(record)))
    connection.execute(
        insert(schema.change).values(
            kind="deleted",
            study_instance_uid=record.study_instance_uid,
            series_instance_uid=record.series_instance_uid,
            sop_instance_uid=record.sop_instance_uid,
            patient_fk=min(patients),
            actor=record.deleted_by[:64],
            at_us=record.deleted_us,
        )
    )
    return True


def _delete_instances(connection: Connection, ids: Sequence[int]) -> set[int]:
    series: set[int] = set()
    for some in _chunks(ids):
        chosen = i.c.id.in_(some)
        series |= set(connection.execute(select(i.c.series_fk).where(chosen).distinct()).scalars())
        connection.execute(delete(i).where(chosen))
    return series


def _totals_of(connection: Connection, series: Iterable[int]) -> tuple[int, int]:
    """(instances, bytes) as they stand in the rows of series."""
    instances = size = 0
    for some in _chunks(sorted(series)):
        sums = select(func.sum(se.c.number_of_instances), func.sum(se.c.size_bytes))
        row = connection.execute(sums.where(se.c.id.in_(some))).one()
        instances, size = instances + int(row[0] or 0), size + int(row[1] or 0)
    return instances, size


def _recount_series(connection: Connection, series: set[int]) -> int:
    """Count anew what is left in each; gives how many have nothing left and are gone."""
    gone = 0
    for series_fk in sorted(series):
        mine = i.c.series_fk == series_fk
        sums = select(
            func.count().filter(i.c.is_current),
            func.sum(i.c.number_of_frames).filter(i.c.is_current),
            func.sum(i.c.size_bytes),
        )
        instances, frames, size = connection.execute(sums.where(mine)).one()
        metadata = schema.series_metadata
        connection.execute(delete(metadata).where(metadata.c.series_fk == series_fk))
        if not instances:
            connection.execute(delete(se).where(se.c.id == series_fk))
            gone += 1
            continue
        classes = connection.execute(select(i.c.sop_class_uid).where(mine).distinct()).scalars()
        connection.execute(
            update(se)
            .where(se.c.id == series_fk)
            .values(
                number_of_instances=instances,
                number_of_frames=frames or 0,
                size_bytes=size,
                sop_classes=_set(classes),
                revision=se.c.revision + 1,
            )
        )
    return gone


def _recount_studies(connection: Connection, studies: set[int]) -> set[int]:
    """Count anew what is left in each; gives those that have nothing left and are gone."""
    gone = set()
    for study_fk in sorted(studies):
        mine = se.c.study_fk == study_fk
        sums = select(func.count(), func.sum(se.c.number_of_instances), func.sum(se.c.size_bytes))
        number, instances, size = connection.execute(sums.where(mine)).one()
        if not number:
            _drop_study(connection, study_fk)
            gone.add(study_fk)
            continue
        modalities = connection.execute(select(se.c.modality).where(mine).distinct()).scalars()
        classes = connection.execute(select(se.c.sop_classes).where(mine)).scalars()
        versions = select(func.count()).select_from(i.join(se, se.c.id == i.c.series_fk))
        extra = connection.execute(versions.where(mine, i.c.version > 1)).scalar_one()
        before = select(st.c.version_conflicts).where(st.c.id == study_fk)
        connection.execute(
            update(st)
            .where(st.c.id == study_fk)
            .values(
                number_of_series=number,
                number_of_instances=instances,
                size_bytes=size,
                modalities=_set(modalities),
                sop_classes=_set(one for some in classes for one in some.split("\\")),
                version_conflicts=min(extra, connection.execute(before).scalar_one()),
            )
        )
    return gone


def _drop_study(connection: Connection, study_fk: int) -> None:
    if connection.dialect.name == "sqlite":  # its search index has no text of its own
        words = connection.execute(select(st.c.search_text).where(st.c.id == study_fk)).scalar_one()
        statement = "INSERT INTO study_words (study_words, rowid, search_text) VALUES ('delete', :id, :words)"
        connection.execute(text(statement), {"id": study_fk, "words": words})
    sound = schema.study_name_sound
    connection.execute(delete(sound).where(sound.c.study_fk == study_fk))
    connection.execute(delete(st).where(st.c.id == study_fk))


def _drop_patients(connection: Connection, patients: set[int]) -> int:
    """Remove those without a study; one that now has its ID alone is no conflict any more."""
    gone = 0
    for patient_fk in sorted(patients):
        studies = select(st.c.id).where(st.c.patient_fk == patient_fk).limit(1)
        if connection.execute(studies).first() is not None:
            continue
        its = select(p.c.patient_id, p.c.issuer_of_patient_id).where(p.c.id == patient_fk)
        patient_id, issuer = connection.execute(its).one()
        connection.execute(delete(p).where(p.c.id == patient_fk))
        gone += 1
        same = (p.c.patient_id == patient_id, p.c.issuer_of_patient_id == issuer)
        left = connection.execute(select(p.c.id).where(*same).limit(2)).scalars().all()
        if patient_id and len(left) == 1:
            connection.execute(update(p).where(p.c.id == left[0]).values(identity_conflict=False))
            twins = select(st.c.study_instance_uid).group_by(st.c.study_instance_uid)
            alone = st.c.study_instance_uid.not_in(twins.having(func.count() > 1))
            mine = st.c.patient_fk == left[0]
            connection.execute(update(st).where(mine, alone).values(identity_conflict=False))
    return gone


def _rows(connection: Connection, key: Any, value: Any, ids: Iterable[int]) -> list[Any]:
    found: list[Any] = []
    for some in _chunks(sorted(ids)):
        found += connection.execute(select(key, value).where(key.in_(some))).all()
    return found


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _set(members: Iterable[str]) -> str:
    r"""A sorted set kept as text, ``\CT\MR\``, as `index.insertion` keeps it."""
    found = sorted({member for member in members if member})
    return "\\" + "\\".join(found) + "\\" if found else ""
