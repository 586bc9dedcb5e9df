"""What viewers ask all day, compiled once and read on the driver's cursor: places of instances, lists, metadata.

Through the engine such a look costs four times what the database itself takes. Each is one statement, and so sees one
consistent state without a transaction of its own.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, literal_column, select, true
from sqlalchemy.exc import DBAPIError

from hounsfield.dicom.query import Level, Query, SingleValue
from hounsfield.errors import Unavailable
from hounsfield.index import schema
from hounsfield.index.answers import AnswerPlan
from hounsfield.index.database import Database
from hounsfield.index.reading import JOINED, LOCATION
from hounsfield.index.records import InstanceLocation
from hounsfield.index.search import DEFAULT_ORDER, TOTALS, tables
from hounsfield.index.statements import Prepared

st, se, i, m = schema.study, schema.series, schema.instance, schema.series_metadata
_STUDY_UID, _SERIES_UID, _SOP_UID = 0x0020000D, 0x0020000E, 0x00080018
_COLUMNS = {
    _STUDY_UID: st.c.study_instance_uid,
    _SERIES_UID: se.c.series_instance_uid,
    _SOP_UID: i.c.sop_instance_uid,
}
_LEVELS = {_STUDY_UID: Level.STUDY, _SERIES_UID: Level.SERIES, _SOP_UID: Level.IMAGE}
_MAX_SHAPES = 256  # kinds of lists that are kept compiled
_NO_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class PreparedMetadata:
    """A series' revision, and its compressed metadata if it was made at that revision."""

    series_fk: int
    revision: int
    body: bytes | None


class Glances:
    """Looks at one database; may be used from many threads at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.engine.dialect
        self._idle: deque[Any] = deque()
        self._lists: dict[tuple[object, ...], tuple[Prepared, AnswerPlan]] = {}
        self._is_closed = False
        uids = (
            st.c.study_instance_uid == bindparam("study"),
            se.c.series_instance_uid == bindparam("series"),
        )
        self._instance = Prepared(
            select(*LOCATION, i.c.frame_table)
            .select_from(JOINED)
            .where(*uids, i.c.sop_instance_uid == bindparam("sop"), i.c.is_current == true())
            .order_by(se.c.series_number, se.c.id, i.c.instance_number, i.c.id),
            self._dialect,
        )
        first = (
            select(*LOCATION, i.c.frame_table)
            .select_from(JOINED)
            .order_by(se.c.series_number, se.c.id, i.c.instance_number, i.c.id)
            .limit(literal_column("1"))
            .offset(literal_column("0"))
        )
        is_current = i.c.is_current == true()
        self._first_of_series = Prepared(first.where(*uids, is_current), self._dialect)
        self._first_of_study = Prepared(first.where(uids[0], is_current), self._dialect)
        self._totals = {
            level: Prepared(select(column), self._dialect) for level, column in TOTALS.items()
        }
        of_series = se.join(st, st.c.id == se.c.study_fk)
        self._revision = Prepared(
            select(se.c.id, se.c.revision).select_from(of_series).where(*uids).order_by(se.c.id),
            self._dialect,
        )
        kept = of_series.outerjoin(m, (m.c.series_fk == se.c.id) & (m.c.revision == se.c.revision))
        self._metadata = Prepared(
            select(se.c.id, se.c.revision, m.c.body)
            .select_from(kept)
            .where(*uids)
            .order_by(se.c.id),
            self._dialect,
        )

    def instance(self, study: str, series: str, sop: str) -> list[InstanceLocation]:
        """Where an instance lies, with its frame table; the same UIDs may be there for two patients."""
        rows = self._all(self._instance, {"study": study, "series": series, "sop": sop})
        return [InstanceLocation(*row) for row in rows]

    def first_instance(self, study: str, series: str | None) -> InstanceLocation | None:
        """The first instance of a series or study, with its frame table."""
        if series is None:
            rows = self._all(self._first_of_study, {"study": study})
        else:
            rows = self._all(self._first_of_series, {"study": study, "series": series})
        return InstanceLocation(*rows[0]) if rows else None

    def total(self, level: Level) -> int:
        """How many entities there are at a level."""
        return int(self._all(self._totals[level], {})[0][0])

    def series_revision(self, study: str, series: str) -> tuple[int, int] | None:
        """(row ID, revision) of a series; the revision grows with everything added to it."""
        rows = self._all(self._revision, {"study": study, "series": series})
        return (rows[0][0], rows[0][1]) if rows else None

    def metadata(self, study: str, series: str) -> PreparedMetadata | None:
        """What is kept of a series' metadata; None if there is no such series."""
        rows = self._all(self._metadata, {"study": study, "series": series})
        return PreparedMetadata(*rows[0]) if rows else None

    def rows(self, query: Query, plan: AnswerPlan) -> list[Sequence[Any]] | None:
        """The rows of a list that is narrowed by UIDs alone, as ``plan`` reads them; None for any other query."""
        if query.text or query.status or query.order or query.patient_key is not None:
            return None
        values: dict[str, Any] = {"limit_": query.limit, "offset_": query.offset}
        if query.limit is None:
            values["limit_"] = _NO_LIMIT
        for key in query.keys:
            level = _LEVELS.get(key.tag)
            if level is None or level.depth > query.level.depth:
                return None
            if not isinstance(key.match, SingleValue) or not _is_plain(key.match.value):
                return None
            values[f"k{key.tag:08x}"] = key.match.value
        tags = tuple(key.tag for key in query.keys)
        if len(set(tags)) != len(tags) or max(values["limit_"], query.offset) > _NO_LIMIT:
            return None
        prepared = self._list(query.level, tags, plan)
        with self._cursor() as cursor:
            rows: list[Sequence[Any]] = prepared.run(cursor, values).fetchall()
        return rows

    def _list(self, level: Level, tags: tuple[int, ...], plan: AnswerPlan) -> Prepared:
        shape = (level, tags, plan.shape)
        found = self._lists.get(shape)
        if found is None:
            statement = select(*plan.columns).select_from(tables(level))
            statement = statement.where(
                *(_COLUMNS[tag] == bindparam(f"k{tag:08x}") for tag in tags)
            )
            if level is Level.IMAGE:
                statement = statement.where(i.c.is_current == true())
            statement = statement.order_by(*DEFAULT_ORDER[level])
            statement = statement.limit(bindparam("limit_")).offset(bindparam("offset_"))
            found = (Prepared(statement, self._dialect), plan)
            if len(self._lists) >= _MAX_SHAPES:
                self._lists.clear()
            self._lists[shape] = found
        return found[0]

    def _all(self, prepared: Prepared, values: dict[str, Any]) -> list[Any]:
        if not all(map(_is_plain, values.values())):
            return []
        with self._cursor() as cursor:
            rows: list[Any] = prepared.run(cursor, values).fetchall()
        return rows

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor of an idle connection, which goes back when all went well."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection.cursor()
        except self._database.engine.dialect.dbapi.Error as problem:  # type: ignore[union-attr]
            connection.close()
            raise Unavailable(f"the index cannot be read now: {problem}") from problem
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if self._is_closed:
            self.close()

    def _connect(self) -> Any:
        try:
            connection: Any = self._database.engine.raw_connection()
        except DBAPIError as problem:
            raise Unavailable(f"the index cannot be reached: {problem.orig}") from problem
        if not self._database.is_sqlite:
            connection.driver_connection.autocommit = True
        connection.detach()
        return connection

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()


def _is_plain(value: object) -> bool:
    """Whether a database can be asked for a text at all (PS3.5 6.2: a UID has digits and dots)."""
    return not isinstance(value, str) or (value.isascii() and "\0" not in value)
