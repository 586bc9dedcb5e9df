"""The statements of the hot path, written with SQLAlchemy and compiled once.

They run on the driver's cursor. Executing them through the engine costs about 20 µs each, which at six
statements an instance would be the largest part of storing a small one.
"""

from typing import Any

from sqlalchemy import Dialect, bindparam, case, func, insert, select, text, update
from sqlalchemy.sql import ClauseElement

from hounsfield.index import schema
from hounsfield.index.site.deletions import deletion


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


def _later(column: Any) -> Any:
    """The later of what a column has and ``received_us``: objects are also adopted long after they came."""
    received_us: Any = bindparam("received_us")
    return case((column < received_us, received_us), else_=column)


class Statements:
    """Every statement of an insertion, compiled."""

    def __init__(self, dialect: Dialect) -> None:
        p, st, se, i = schema.patient, schema.study, schema.series, schema.instance
        self.newest_deletion = Prepared(select(func.max(deletion.c.id)), dialect)
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
                last_received_us=_later(se.c.last_received_us),
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
                last_received_us=_later(st.c.last_received_us),
            ),
            dialect,
        )
        self.reopen_study = Prepared(
            update(st)
            .where(st.c.id == bindparam("wanted"), st.c.status != schema.RECEIVING)
            .values(status=schema.RECEIVING),
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
        self.insert_sound = _insert(schema.study_name_sound, dialect)
        self.insert_words = (
            Prepared(
                text("INSERT INTO study_words (rowid, search_text) VALUES (:id, :words)"), dialect
            )
            if dialect.name == "sqlite"
            else None
        )
