"""A peer gets another name, and with it everything that knows it by that."""

from typing import Any

import orjson
from sqlalchemy import Table, delete, exists, func, literal, or_, select, update
from sqlalchemy.engine import Connection

from hounsfield.errors import Conflict
from hounsfield.index.site.associations import association
from hounsfield.index.site.availability import availability_subscriber
from hounsfield.index.site.commitment_records import commitment
from hounsfield.index.site.jobs import job, lane
from hounsfield.index.site.routing import routing_rule
from hounsfield.index.site.sent import sent_instance

_ENDED = ("done", "failed", "cancelled")
# How titles of jobs end that name their peer.
_BEFORE_NAME = (" to ", " from ")


def follow(connection: Connection, old: str, new: str) -> None:
    """Let rules, jobs and records follow a peer to its new name; raises Conflict while a job talks to it.

    A job that runs holds the old name in the memory of some process, and would write it down at its end.
    """
    running = select(exists().where(job.c.lane == old, job.c.state == "running"))
    if connection.execute(running).scalar():
        raise Conflict(
            f"a job is talking to {old!r} just now: pause the jobs of this peer, rename it when none runs, and let"
            " them go on"
        )
    for table, column in (
        (availability_subscriber, availability_subscriber.c.peer),
        (lane, lane.c.name),
    ):
        # What a peer of this name left that was removed long ago is not for this one.
        connection.execute(delete(table).where(column == new))
        _rename(connection, table, column, old, new)
    for table, column in (
        (commitment, commitment.c.peer),
        (sent_instance, sent_instance.c.peer),
        (association, association.c.peer),
    ):
        _rename(connection, table, column, old, new)
    _rename_in_titles(connection, old, new)
    _rename(connection, job, job.c.lane, old, new)
    _rename_in_rules(connection, old, new)


def _rename(connection: Connection, table: Table, column: Any, old: str, new: str) -> None:
    connection.execute(update(table).where(column == old).values({column.name: new}))


def _rename_in_titles(connection: Connection, old: str, new: str) -> None:
    """Of the jobs that are still to be done: what has ended is told as it was."""
    endings = [before + old for before in _BEFORE_NAME]
    stem = func.substr(job.c.title, 1, func.length(job.c.title) - len(old))
    statement = update(job).where(
        job.c.lane == old,
        job.c.state.not_in(_ENDED),
        or_(*(job.c.title.endswith(one, autoescape=True) for one in endings)),
    )
    connection.execute(statement.values(title=stem.concat(literal(new))))


def _rename_in_rules(connection: Connection, old: str, new: str) -> None:
    rules = connection.execute(select(routing_rule.c.id, routing_rule.c.destinations)).all()
    for rule_id, destinations in rules:
        names = orjson.loads(destinations)
        if old in names:
            named = list(dict.fromkeys(new if one == old else one for one in names))
            values = {"destinations": orjson.dumps(named).decode()}
            connection.execute(
                update(routing_rule).where(routing_rule.c.id == rule_id).values(values)
            )
