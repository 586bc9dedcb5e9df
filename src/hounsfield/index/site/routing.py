"""Routing rules, and the jobs that follow from them for each change of the archive.

The change feed is followed with a cursor. That the cursor moves and that jobs are added is one transaction, so that
each change counts exactly once, however often a process dies.
"""

import uuid
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    String,
    Table,
    Text,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection

from hounsfield.errors import NotFound
from hounsfield.index import reading, schema
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.records import Change
from hounsfield.index.schema import metadata
from hounsfield.index.site.routed import Dispatch, Match, Routed

routing_rule = Table(
    "routing_rule",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("occasion", String(16), nullable=False),
    Column("match", Text, nullable=False),
    Column("destinations", Text, nullable=False),
    Column("asks_commitment", Boolean, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("last_job_us", BigInteger),
)
routing_cursor = Table(
    "routing_cursor",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("moved_us", BigInteger, nullable=False),
    Column("not_before_us", BigInteger, nullable=False),
)

When = Literal["complete", "received"]
_CURSOR = 1
_SLACK_S = 2.0
_RECEIVED = frozenset({"stored", "version-conflict"})
r, c, ch = routing_rule.c, routing_cursor.c, schema.change.c


@dataclass(frozen=True, slots=True)
class Rule:
    """What is sent where. It holds for what happens from ``since_us`` on, when it was last enabled.

    An instance matches when all of ``match`` is true of it. "received" sends each instance that matches, "complete"
    a study with any such instance, all of it. With ``asks_commitment`` each peer is asked to commit what it accepted.
    """

    name: str
    when: When
    match: Match
    destinations: tuple[str, ...]
    is_enabled: bool = True
    id: str = ""
    since_us: int = 0
    created_us: int = 0
    updated_us: int = 0
    last_job_us: int | None = None
    asks_commitment: bool = False


class RoutingRules:
    """The rules of an archive, in the order of their making."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Rule]:
        with self._database.reading() as connection:
            return _rules(connection)

    def get(self, rule_id: str) -> Rule:
        """One rule; raises NotFound."""
        with self._database.reading() as connection:
            return _rule_of(connection, rule_id)

    def add(self, new: Rule) -> Rule:
        """Keep a rule; it holds for what happens from now on."""
        at_us = now_us()
        kept = replace(
            new, id=str(uuid.uuid4()), since_us=at_us, created_us=at_us, updated_us=at_us
        )
        with self._database.writing() as connection:
            _begin_here_if_idle(connection)
            connection.execute(insert(routing_rule).values(_values(kept)))
        return kept

    def replace(self, changed: Rule) -> Rule:
        """Change the rule of this ID; raises NotFound. One that is enabled by it begins now."""
        at_us = now_us()
        with self._database.writing() as connection:
            before = _rule_of(connection, changed.id)
            begins = changed.is_enabled and not before.is_enabled
            if begins:
                _begin_here_if_idle(connection)
            kept = replace(
                changed,
                since_us=at_us if begins else before.since_us,
                created_us=before.created_us,
                updated_us=at_us,
                last_job_us=before.last_job_us,
            )
            connection.execute(update(routing_rule).where(r.id == changed.id).values(_values(kept)))
        return kept

    def remove(self, rule_id: str) -> None:
        """Forget a rule; jobs that it made stay. Raises NotFound."""
        with self._database.writing() as connection:
            if not connection.execute(delete(routing_rule).where(r.id == rule_id)).rowcount:
                raise NotFound("there is no such rule")

    def begin_here(self, complete_after_s: float) -> None:
        """Pass over all that has happened: a feed made anew tells old things again, and will tell that they are complete.

        What came in the last ``complete_after_s`` before the old feed was last followed may not have been complete
        then: it is taken once more.
        """
        with self._database.writing() as connection:
            moved_us = connection.execute(select(c.moved_us)).scalar()
            not_before_us = (moved_us or now_us()) - int((complete_after_s + _SLACK_S) * 1e6)
            connection.execute(delete(routing_cursor))
            _move(connection, reading.last_sequence(connection), now_us(), not_before_us)

    # -- following ----------------------------------------------------------------------------------

    def follow(self, at_least_s: float, limit: int = 5000) -> int:
        """Add the jobs that follow from what has happened since the last time; gives how many.

        Does nothing if somebody did so within ``at_least_s``: so a study gets at most one job in that time.
        """
        with self._database.reading() as connection:
            if not self._is_due(connection, at_least_s):
                return 0
        with self._database.writing() as connection:
            # On PostgreSQL several processes may be here: one after the other. SQLite knows no such lock, and needs none.
            connection.execute(select(c.id).with_for_update()).all()
            cursor = self._is_due(connection, at_least_s)
            if cursor is None:
                return 0
            changes = reading.changes_since(connection, cursor.sequence, limit)
            added = self._route(connection, changes, cursor.not_before_us) if changes else 0
            if changes:
                _move(connection, changes[-1].sequence, now_us())
            return added

    def _is_due(self, connection: Connection, at_least_s: float) -> Any:
        """The cursor, if there are rules and changes that it has not passed."""
        if not connection.execute(select(exists().where(r.is_enabled))).scalar():
            return None
        cursor = connection.execute(select(routing_cursor)).one_or_none()
        if cursor is None or reading.last_sequence(connection) <= cursor.sequence:
            return None
        # A clock that was set back must not hold up everything.
        waited_us = abs(now_us() - cursor.moved_us)
        return cursor if waited_us >= at_least_s * 1e6 else None

    def _route(self, connection: Connection, changes: list[Change], not_before_us: int) -> int:
        added = 0
        routed = Routed(connection, is_sqlite=self._database.is_sqlite)
        for rule in _rules(connection):
            if not rule.is_enabled:
                continue
            dispatch = Dispatch(rule.destinations, rule.name, rule.asks_commitment)
            mine = [change for change in changes if change.at_us >= rule.since_us]
            if rule.when == "complete":
                completed = {one.study_instance_uid for one in mine if one.kind == "complete"}
                jobs = routed.studies(rule.match, completed, dispatch, not_before_us)
            else:
                received = [
                    (one.study_instance_uid, one.sop_instance_uid)
                    for one in mine
                    if one.kind in _RECEIVED
                ]
                jobs = routed.instances(rule.match, received, dispatch)
            if jobs:
                connection.execute(
                    update(routing_rule).where(r.id == rule.id).values(last_job_us=now_us())
                )
            added += jobs
        return added

    def title_of(self, study_instance_uid: str, peer: str) -> str:
        """What to call a job that sends this study to a peer."""
        with self._database.reading() as connection:
            routed = Routed(connection, is_sqlite=self._database.is_sqlite)
            return routed.title_of(study_instance_uid, peer)

    def studies_that_match(self, match: Match, limit: int) -> tuple[list[Any], int]:
        """The newest studies with an instance that matches, and how many there are.

        What only instances tell is looked for in the newest studies that may match; no more than 10,000 are counted.
        """
        with self._database.reading() as connection:
            routed = Routed(connection, is_sqlite=self._database.is_sqlite)
            return routed.newest(match, limit)


def _rules(connection: Connection) -> list[Rule]:
    rows = connection.execute(select(routing_rule).order_by(r.created_us, r.id))
    return [_rule(row) for row in rows]


def _rule_of(connection: Connection, rule_id: str) -> Rule:
    row = connection.execute(select(routing_rule).where(r.id == rule_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such rule")
    return _rule(row)


def _rule(row: Any) -> Rule:
    match: dict[str, Any] = {
        name: value if isinstance(value, str) else tuple(value)
        for name, value in orjson.loads(row.match).items()
    }
    return Rule(
        row.name,
        cast("When", row.occasion),
        Match(**match),
        tuple(orjson.loads(row.destinations)),
        row.is_enabled,
        row.id,
        row.since_us,
        row.created_us,
        row.updated_us,
        row.last_job_us,
        row.asks_commitment,
    )


def _values(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "is_enabled": rule.is_enabled,
        "occasion": rule.when,
        "match": orjson.dumps(asdict(rule.match)).decode(),
        "destinations": orjson.dumps(rule.destinations).decode(),
        "asks_commitment": rule.asks_commitment,
        "since_us": rule.since_us,
        "created_us": rule.created_us,
        "updated_us": rule.updated_us,
        "last_job_us": rule.last_job_us,
    }


def _begin_here_if_idle(connection: Connection) -> None:
    """Where no rule was enabled nobody followed the feed: what it tells by now is of no rule."""
    if not connection.execute(select(exists().where(r.is_enabled))).scalar():
        _move(connection, reading.last_sequence(connection), 0)


def _move(connection: Connection, sequence: int, moved_us: int, not_before_us: int = 0) -> None:
    values = {"sequence": sequence, "moved_us": moved_us}
    if not connection.execute(update(routing_cursor).values(**values)).rowcount:
        values |= {"id": _CURSOR, "not_before_us": not_before_us}
        connection.execute(insert(routing_cursor).values(**values))
