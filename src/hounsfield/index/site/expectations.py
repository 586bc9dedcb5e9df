"""How many instances each study should have, by what the scanners say, and how many of them are here (MPPS-03).

What is here is looked up when somebody asks, so that an instance that comes costs nothing more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, String, Table, case, delete, distinct, func, insert, select
from sqlalchemy.engine import Connection

from hounsfield.index import schema
from hounsfield.index.database import Database
from hounsfield.index.schema import metadata

expected_instance = Table(
    "expected_instance",
    metadata,
    Column("procedure_step_uid", String(64), primary_key=True),
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("series_instance_uid", String(64), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Index("expected_instance_by_study", "study_instance_uid"),
)
x = expected_instance.c
_instance = schema.instance.c
IS_HERE = select(_instance.id).where(_instance.sop_instance_uid == x.sop_instance_uid).exists()
COUNTS: tuple[Any, ...] = (
    func.count(distinct(x.sop_instance_uid)),
    func.count(distinct(case((IS_HERE, x.sop_instance_uid)))),
)
_AT_A_TIME = 500
_MAX_UID = 64


@dataclass(frozen=True, slots=True)
class Expected:
    """How many instances were made, and how many of these are here."""

    expected: int
    received: int


class Expectations:
    """What studies should have, against what is here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, study_instance_uids: Collection[str]) -> dict[str, Expected]:
        """By Study Instance UID; of studies that no scanner said anything about there is nothing."""
        return self._counted(x.study_instance_uid, x.study_instance_uid.in_(study_instance_uids))

    def series_of(self, procedure_step_uid: str) -> dict[str, Expected]:
        """By Series Instance UID, of one performed procedure step."""
        return self._counted(x.series_instance_uid, x.procedure_step_uid == procedure_step_uid)

    def _counted(self, by: Any, condition: Any) -> dict[str, Expected]:
        statement = select(by, *COUNTS).where(condition).group_by(by)
        with self._database.reading() as connection:
            return {row[0]: Expected(row[1], row[2]) for row in connection.execute(statement)}


def reference(
    connection: Connection,
    procedure_step_uid: str,
    study_instance_uid: str,
    references: Iterable[tuple[str, str]],
) -> None:
    """Put what a step says it made in the place of what it said before; (Series, SOP) Instance UIDs."""
    connection.execute(delete(expected_instance).where(x.procedure_step_uid == procedure_step_uid))
    rows = [
        {
            "procedure_step_uid": procedure_step_uid,
            "sop_instance_uid": sop_uid,
            "series_instance_uid": series_uid[:_MAX_UID],
            "study_instance_uid": study_instance_uid,
        }
        for sop_uid, series_uid in {sop: series for series, sop in references}.items()
        if len(sop_uid) <= _MAX_UID
    ]
    for begin in range(0, len(rows), _AT_A_TIME):
        connection.execute(insert(expected_instance), rows[begin : begin + _AT_A_TIME])
