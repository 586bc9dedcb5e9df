"""The one way to find things: every edge's query comes through here, and access restricts it inside the query."""

from collections.abc import Generator, Sequence
from typing import Any

from hounsfield.archive.access import Principal, require
from hounsfield.dicom.query import Query
from hounsfield.errors import InvalidQuery
from hounsfield.index.answers import AnswerPlan
from hounsfield.index.index import Index
from hounsfield.index.records import (
    Found,
    InstanceState,
    PatientState,
    SeriesState,
    StudyState,
    Totals,
)

__all__ = [
    "Found",
    "InstanceState",
    "PatientState",
    "Search",
    "SeriesState",
    "StudyState",
    "Totals",
]


class Search:
    """Searches one index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def search(self, principal: Principal, query: Query) -> list[Found]:
        """The matches in the query's order; raises InvalidQuery and Refused."""
        require(principal, "search")
        if query.offset < 0 or (query.limit is not None and query.limit < 0):
            raise InvalidQuery("limit and offset cannot be negative")
        return self._index.search(query)

    def answers(self, principal: Principal, query: Query) -> tuple[AnswerPlan, list[Sequence[Any]]]:
        """The matches as rows of the index, and what reads them; raises InvalidQuery and Refused."""
        require(principal, "search")
        return self._index.answers(query)

    def stream(self, principal: Principal, query: Query) -> Generator[dict[str, Any]]:
        """The attributes of the matches, read as they are taken; close it when done early.

        More attributes may come than the query includes.
        """
        require(principal, "search")
        return self._index.stream(query)

    def count(self, principal: Principal, query: Query, at_most: int = 10_000) -> int:
        """How many match, counted no further than ``at_most``."""
        require(principal, "search")
        return self._index.count(query, at_most)

    def totals(self, principal: Principal) -> Totals:
        """How much the archive holds."""
        require(principal, "search")
        return self._index.totals()
