"""What the engine asks and tells the database: which jobs it may carry out, and what became of them.

A job that runs has a holder until a time that the holder moves on. When that has passed, or the holder is known to be
dead, the job is queued again: so it survives the death of a process, and no two hold it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.site.jobs import job, lane

# Whoever claims jobs on PostgreSQL does so one after the other; on SQLite the write lock sees to it.
_TURN = 0x686F756E
# A job whose holder died so often without getting any further is most likely what they die of.
MOST_DEATHS = 8
_SOON_S = 60.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is now ours to carry out."""

    id: str
    kind: str
    lane: str
    study_instance_uid: str
    arguments: dict[str, Any]
    attempt: int
    setbacks: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a running job is."""

    id: str
    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job that was carried out.

    ``state`` is "done", "failed", "waiting" until ``next_try_us``, or "stopped": then the row says what was wished.
    """

    id: str
    state: str
    text: str
    done: int
    total: int
    setbacks: int
    next_try_us: int


class Claims:
    """The jobs that one engine holds."""

    def __init__(self, database: Database, holder: str, kinds: Collection[str]) -> None:
        self._database = database
        self._holder = holder
        self._kinds = tuple(kinds)

    def is_something_due(self) -> bool:
        """A cheap look whether `claim` or `revive` could find anything."""
        waits = and_(job.c.state == "waiting", job.c.next_try_us <= now_us())
        others = and_(job.c.state == "running", job.c.holder != self._holder)
        found = [
            exists().where(condition) for condition in (job.c.state == "queued", waits, others)
        ]
        with self._database.reading() as connection:
            return bool(connection.execute(select(or_(*found))).scalar())

    def revive(self, is_dead: Callable[[str], bool]) -> int:
        """Queue what waits no longer, and what was held by those who are gone; gives how many."""
        at_us = now_us()
        due = and_(job.c.state == "waiting", job.c.next_try_us <= at_us)
        held = select(job.c.holder, job.c.held_until_us).where(
            job.c.state == "running", job.c.holder != self._holder
        )
        with self._database.reading() as connection:
            gone = {
                row.holder
                for row in connection.execute(held)
                if row.held_until_us <= at_us or is_dead(row.holder)
            }
            if not gone and not connection.execute(select(exists().where(due))).scalar():
                return 0
        lost = and_(
            job.c.state == "running",
            or_(
                job.c.held_until_us <= at_us,
                job.c.holder.in_([one for one in gone if is_dead(one)]),
            ),
            job.c.holder != self._holder,
        )
        hopeless = and_(lost, job.c.deaths >= MOST_DEATHS, job.c.wish == "")
        text = f"given up: the process that did it ended by itself {MOST_DEATHS} times"
        with self._database.writing() as connection:
            woken = connection.execute(update(job).where(due).values(state="queued")).rowcount
            failed = {"state": "failed", "text": text, "ended_us": at_us, "holder": ""}
            connection.execute(update(job).where(hopeless).values(**failed))
            for wish, state in (("pause", "paused"), ("cancel", "cancelled")):
                values = {"state": state, "wish": "", "holder": "", "ended_us": at_us}
                if wish == "pause":
                    del values["ended_us"]
                connection.execute(update(job).where(lost, job.c.wish == wish).values(**values))
            values = {"state": "queued", "holder": "", "deaths": job.c.deaths + 1}
            found = connection.execute(update(job).where(lost).values(**values))
            return woken + found.rowcount

    def claim(self, limit_of: Callable[[str], int], at_most: int, hold_s: float) -> list[Claimed]:
        """Take the next jobs of every lane that has room, the longest waiting first.

        Of the same kind, lane and study one runs at a time: two would do, and send, the same.
        """
        with self._database.reading() as connection:
            names = self._lanes(connection)
        limits = {name: limit_of(name) for name in names}
        with self._database.reading() as connection:
            if not self._rooms(connection, limits):
                return []
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(_TURN)))
            rows: list[Any] = []
            for name, room in self._rooms(connection, limits).items():
                next_ones = (
                    select(job)
                    .where(job.c.state == "queued", job.c.lane == name, job.c.kind.in_(self._kinds))
                    .where(~_has_running_twin())
                    .order_by(job.c.next_try_us, job.c.created_us)
                )
                rows += connection.execute(next_ones.limit(room)).all()
            rows = _without_twins(sorted(rows, key=lambda row: int(row.next_try_us)))[:at_most]
            self._hold(connection, [row.id for row in rows], hold_s)
        return [
            Claimed(
                row.id,
                row.kind,
                row.lane,
                row.study_instance_uid,
                orjson.loads(row.arguments),
                row.attempts + 1,
                row.setbacks,
                row.done,
                row.total,
            )
            for row in rows
        ]

    def _lanes(self, connection: Connection) -> Sequence[str]:
        """The lanes that jobs are queued on, found by leaps through the index."""
        first = select(func.min(job.c.lane).label("name")).where(job.c.state == "queued")
        leap = first.cte("leap", recursive=True)
        further = select(func.min(job.c.lane)).where(
            job.c.state == "queued", job.c.lane > leap.c.name
        )
        leap = leap.union_all(select(further.scalar_subquery()).where(leap.c.name.is_not(None)))
        return (
            connection.execute(select(leap.c.name).where(leap.c.name.is_not(None))).scalars().all()
        )

    def _rooms(self, connection: Connection, limits: dict[str, int]) -> dict[str, int]:
        """How many more jobs may run on each lane; lanes without room are left out."""
        paused = set(connection.execute(select(lane.c.name).where(lane.c.is_paused)).scalars())
        counted = (
            select(job.c.lane, func.count()).where(job.c.state == "running").group_by(job.c.lane)
        )
        running = {name: int(number) for name, number in connection.execute(counted)}
        rooms = {name: limit - running.get(name, 0) for name, limit in limits.items()}
        return {name: room for name, room in rooms.items() if room > 0 and name not in paused}

    def _hold(self, connection: Connection, ids: list[str], hold_s: float) -> None:
        at_us = now_us()
        values = {
            "state": "running",
            "holder": self._holder,
            "held_until_us": at_us + int(hold_s * 1e6),
            "attempts": job.c.attempts + 1,
            "started_us": func.coalesce(job.c.started_us, at_us),
            "ended_us": None,
        }
        connection.execute(update(job).where(job.c.id.in_(ids)).values(**values))

    def told(self, ids: Collection[str]) -> dict[str, bool]:
        """Which of our jobs are still ours, and whether each is wished to stop."""
        statement = (
            select(job.c.id, or_(job.c.wish != "", lane.c.is_paused.is_(True)))
            .select_from(job.outerjoin(lane, lane.c.name == job.c.lane))
            .where(job.c.id.in_(ids), job.c.state == "running", job.c.holder == self._holder)
        )
        with self._database.reading() as connection:
            return {job_id: bool(stops) for job_id, stops in connection.execute(statement)}

    def note(
        self,
        progressed: Iterable[Progressed],
        ended: Sequence[Ended],
        held: Collection[str],
        hold_s: float,
    ) -> None:
        """Write down in one transaction how far jobs are, how they ended, and that we still hold others."""
        at_us = now_us()
        ours = and_(job.c.holder == self._holder, job.c.state == "running")
        moved = update(job).where(job.c.id == bindparam("wanted"), ours)
        with self._database.writing() as connection:
            if held:
                hold = {"held_until_us": at_us + int(hold_s * 1e6)}
                connection.execute(update(job).where(job.c.id.in_(held), ours).values(**hold))
            rows = [
                {"wanted": one.id, "now_done": one.done, "total": one.total, "text": one.text}
                for one in progressed
            ]
            if rows:
                # Who gets further does not die of the same thing again.
                further = case((job.c.done < bindparam("now_done"), 0), else_=job.c.deaths)
                values = {"deaths": further, "done": bindparam("now_done")}
                connection.execute(moved.values(**values), rows)
            for one in ended:
                self._end(connection, one, at_us)

    def _end(self, connection: Connection, one: Ended, at_us: int) -> None:
        ours = and_(job.c.id == one.id, job.c.holder == self._holder, job.c.state == "running")
        columns = (job.c.wish, job.c.lane, job.c.give_up_us, job.c.created_us)
        found = connection.execute(select(*columns).where(ours)).one_or_none()
        if found is None:  # somebody else holds it by now, since we seemed to be dead
            return
        state, text = one.state, one.text
        # Of something that is to be tried again, a wish that came too late for the handler is fulfilled now.
        if state in {"stopped", "waiting"} and found.wish:
            state = {"pause": "paused", "cancel": "cancelled"}[found.wish]
        elif state == "stopped":
            state = "queued"
        elif state == "waiting" and at_us >= found.give_up_us:
            state, text = "failed", f"given up after {_period(at_us - found.created_us)}: {text}"
        values: dict[str, Any] = {
            "state": state,
            "wish": "",
            "holder": "",
            "text": text,
            "done": one.done,
            "total": one.total,
            "setbacks": one.setbacks,
            "deaths": 0,
            "next_try_us": min(one.next_try_us, found.give_up_us) if state == "waiting" else at_us,
        }
        if state in {"done", "failed", "cancelled"}:
            values["ended_us"] = at_us
        connection.execute(update(job).where(ours).values(**values))
        if one.state == "done" and found.lane:
            # The peer answers: whoever waits for it longer than that need not.
            soon_us = at_us + int(_SOON_S * 1e6)
            late = (
                job.c.state == "waiting",
                job.c.lane == found.lane,
                job.c.next_try_us > soon_us,
            )
            connection.execute(update(job).where(*late).values(next_try_us=soon_us))


def _has_running_twin() -> ColumnElement[bool]:
    twin = job.alias()
    return exists().where(
        job.c.study_instance_uid != "",
        twin.c.study_instance_uid == job.c.study_instance_uid,
        twin.c.state == "running",
        twin.c.kind == job.c.kind,
        twin.c.lane == job.c.lane,
    )


def _without_twins(rows: list[Any]) -> list[Any]:
    seen: set[tuple[str, ...]] = set()
    kept = []
    for row in rows:
        key = (row.kind, row.lane, row.study_instance_uid or row.id)
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


def _period(microseconds: int) -> str:
    """A period for people, in its largest whole unit."""
    seconds = microseconds // 1_000_000
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"
