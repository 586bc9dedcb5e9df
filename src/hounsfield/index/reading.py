"""Looks things up in the index that are no queries: places of instances, changes, totals, cached metadata."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, true

from hounsfield.index import schema
from hounsfield.index.records import Change, InstanceLocation, Totals

st, se, i = schema.study, schema.series, schema.instance
LOCATION: tuple[Any, ...] = (
    i.c.id,
    st.c.study_instance_uid,
    se.c.series_instance_uid,
    i.c.sop_instance_uid,
    i.c.sop_class_uid,
    i.c.transfer_syntax_uid,
    i.c.instance_number,
    i.c.number_of_frames,
    i.c.size_bytes,
    i.c.sha256,
    i.c.received_us,
    i.c.received_by,
    i.c.source,
    i.c.dataset_offset,
    i.c.version,
    i.c.is_current,
)
JOINED = i.join(se, se.c.id == i.c.series_fk).join(st, st.c.id == se.c.study_fk)


def locate(
    connection: Connection,
    study_instance_uid: str,
    series_instance_uid: str | None = None,
    sop_instance_uid: str | None = None,
    *,
    all_versions: bool = False,
    with_frames: bool = False,
) -> list[InstanceLocation]:
    """Where the instances below these UIDs lie, in the order of series and instance number."""
    columns = [*LOCATION, i.c.frame_table] if with_frames else [*LOCATION]
    statement = (
        select(*columns).select_from(JOINED).where(st.c.study_instance_uid == study_instance_uid)
    )
    if series_instance_uid is not None:
        statement = statement.where(se.c.series_instance_uid == series_instance_uid)
    if sop_instance_uid is not None:
        statement = statement.where(i.c.sop_instance_uid == sop_instance_uid)
    if not all_versions:
        statement = statement.where(i.c.is_current == true())
    statement = statement.order_by(se.c.series_number, se.c.id, i.c.instance_number, i.c.id)
    return [InstanceLocation(*row) for row in connection.execute(statement)]


def page(connection: Connection, after: int, limit: int = 1000) -> list[InstanceLocation]:
    """Versions of instances in the order of their row IDs, from the one after ``after``."""
    statement = (
        select(*LOCATION).select_from(JOINED).where(i.c.id > after).order_by(i.c.id).limit(limit)
    )
    return [InstanceLocation(*row) for row in connection.execute(statement)]


def versions_of(connection: Connection, sop_instance_uids: Sequence[str]) -> list[InstanceLocation]:
    """Every version of the instances with these UIDs, in whichever study they are."""
    statement = (
        select(*LOCATION).select_from(JOINED).where(i.c.sop_instance_uid.in_(sop_instance_uids))
    )
    return [InstanceLocation(*row) for row in connection.execute(statement)]


def storage_keys(connection: Connection, sop_instance_uids: Sequence[str]) -> set[str]:
    """The keys of the objects that rows with these UIDs stand for."""
    return {one.storage_key for one in versions_of(connection, sop_instance_uids)}


def hashes_of(connection: Connection, sop_instance_uid: str) -> set[str]:
    """The SHA-256 of every version of an instance."""
    statement = select(i.c.sha256).where(i.c.sop_instance_uid == sop_instance_uid)
    return set(connection.execute(statement).scalars())


def changes_since(connection: Connection, sequence: int, limit: int = 1000) -> list[Change]:
    """What happened after ``sequence``, oldest first."""
    c = schema.change.c
    statement = select(schema.change).where(c.sequence > sequence).order_by(c.sequence).limit(limit)
    return [Change(*row) for row in connection.execute(statement)]


def last_sequence(connection: Connection) -> int:
    """The number of the newest change; 0 when nothing has happened."""
    c = schema.change.c
    return int(
        connection.execute(select(c.sequence).order_by(c.sequence.desc()).limit(1)).scalar() or 0
    )


def totals(connection: Connection) -> Totals:
    """How much there is."""
    t = schema.totals.c
    row = connection.execute(
        select(t.patients, t.studies, t.series, t.instances, t.size_bytes)
    ).one()
    return Totals(*row)


def newest_receipt_us(connection: Connection) -> int:
    """When the newest instance came; 0 for an empty index."""
    statement = select(st.c.last_received_us).order_by(st.c.last_received_us.desc()).limit(1)
    return int(connection.execute(statement).scalar() or 0)


def series_of(connection: Connection, study_instance_uid: str) -> list[str]:
    """The UIDs of the series of a study."""
    statement = (
        select(se.c.series_instance_uid)
        .select_from(se.join(st, st.c.id == se.c.study_fk))
        .where(st.c.study_instance_uid == study_instance_uid)
        .order_by(se.c.series_number, se.c.id)
    )
    return [*connection.execute(statement).scalars()]


def cache_metadata(connection: Connection, series_fk: int, revision: int, body: bytes) -> None:
    """Keep the compressed metadata of a series."""
    m = schema.series_metadata
    connection.execute(delete(m).where(m.c.series_fk == series_fk))
    still_there = select(se.c.id).where(se.c.id == series_fk, se.c.revision == revision)
    if connection.execute(still_there).first() is None:  # deleted, or grown, while it was made
        return
    connection.execute(insert(m).values(series_fk=series_fk, revision=revision, body=body))
