"""The index as the archive sees it: one object for everything it asks and tells the database."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Self

from hounsfield.dicom.query import Key, Query
from hounsfield.index import reading, removal
from hounsfield.index import search as searching
from hounsfield.index.answers import AnswerPlan
from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.glances import Glances, PreparedMetadata
from hounsfield.index.records import (
    Change,
    Found,
    InstanceLocation,
    InstanceRecord,
    Outcome,
    Totals,
)
from hounsfield.index.site import settling
from hounsfield.index.site.deletions import Deletion, is_in
from hounsfield.index.site.settling import Times
from hounsfield.index.writer import Writer


class Index:
    """Open over a database until `close`. All methods may be called from any thread."""

    def __init__(self, config: IndexConfig) -> None:
        self.database = Database(config)
        self._glances = Glances(self.database)
        self._writer: Writer | None = None
        self._writer_lock = threading.Lock()

    @property
    def writer(self) -> Writer:
        """Started with the first record, since most processes only read."""
        with self._writer_lock:
            if self._writer is None:
                self._writer = Writer(self.database)
            return self._writer

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._glances.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def write(self, record: InstanceRecord) -> Outcome:
        """Insert one record durably, in one transaction with what others have ready."""
        return self.writer.write(record)

    def search(self, query: Query) -> list[Found]:
        with self.database.reading() as connection:
            return searching.search(connection, query)

    def stream(self, query: Query) -> Generator[dict[str, Any]]:
        """The attributes of the matches, in one consistent state but never whole in memory; close it when done early."""
        with self.database.reading() as connection:
            yield from searching.stream(connection, query)

    def answers(self, query: Query) -> tuple[AnswerPlan, list[Sequence[Any]]]:
        """The matches as rows, and the plan that reads them: for whoever writes JSON from them."""
        plan = AnswerPlan(query.level, query.include)
        rows = self._glances.rows(query, plan)
        if rows is None:
            with self.database.reading() as connection:
                rows = searching.rows(connection, query, plan)
        return plan, rows

    def count(self, query: Query, at_most: int = 10_000) -> int:
        if searching.is_of_all(query):
            return self._glances.total(query.level)
        with self.database.reading() as connection:
            return searching.count(connection, query, at_most)

    def locate(
        self,
        study_instance_uid: str,
        series_instance_uid: str | None = None,
        sop_instance_uid: str | None = None,
        *,
        all_versions: bool = False,
        with_frames: bool = False,
    ) -> list[InstanceLocation]:
        if sop_instance_uid is not None and series_instance_uid is not None and not all_versions:
            return self._glances.instance(study_instance_uid, series_instance_uid, sop_instance_uid)
        with self.database.reading() as connection:
            return reading.locate(
                connection,
                study_instance_uid,
                series_instance_uid,
                sop_instance_uid,
                all_versions=all_versions,
                with_frames=with_frames,
            )

    def first_instance(
        self, study_instance_uid: str, series_instance_uid: str | None = None
    ) -> InstanceLocation | None:
        """The first instance of a series or study, with its frame table; None if there is none."""
        return self._glances.first_instance(study_instance_uid, series_instance_uid)

    def locate_by(self, keys: tuple[Key, ...]) -> list[InstanceLocation]:
        """Where the instances lie that keys of any level choose; raises InvalidQuery."""
        with self.database.reading() as connection:
            return searching.locate(connection, keys)

    def everything(self) -> Iterator[InstanceLocation]:
        """Every version of every instance, by row ID; what is added meanwhile comes too."""
        last = 0
        while True:
            # A connection a page: a reader that stays for hours would keep the journal from being reused.
            with self.database.reading() as connection:
                page = reading.page(connection, last)
            if not page:
                return
            yield from page
            last = page[-1].id

    def storage_keys(self, sop_instance_uids: Sequence[str]) -> set[str]:
        """The keys of the objects that rows with these UIDs stand for."""
        with self.database.reading() as connection:
            return reading.storage_keys(connection, sop_instance_uids)

    def drop_unless_named(self, sop_instance_uid: str, key: str, drop: Callable[[], None]) -> None:
        """Call ``drop`` if no row stands for the object, while no row can be written by anybody."""
        with self.database.writing() as connection:
            if key not in reading.storage_keys(connection, [sop_instance_uid]):
                drop()

    def delete(
        self,
        study_instance_uid: str,
        series_instance_uid: str | None,
        sop_instance_uid: str | None,
        record_of: Callable[[list[InstanceLocation]], Deletion],
    ) -> Deletion | None:
        """Take instances out, with the record that ``record_of`` makes of them; None where there are none.

        Nobody writes meanwhile. What it raises keeps everything as it was.
        """
        uids = (study_instance_uid, series_instance_uid, sop_instance_uid)
        with self.database.writing() as connection:
            found = reading.locate(connection, *uids, all_versions=True)
            if not found:
                return None
            record = record_of(found)
            removal.remove(connection, [one.id for one in found], record)
        return record

    def take_away(
        self, deletion: Deletion, objects: Sequence[tuple[str, str]], act: Callable[[str], object]
    ) -> None:
        """Call ``act`` with the keys, of (SOP Instance UID, key), that no row stands for.

        No row can be written by anybody meanwhile. Nothing is done when the deletion has another state by now.
        """
        with self.database.writing() as connection:
            if not is_in(connection, deletion.uid, deletion.state):
                return
            named = reading.storage_keys(connection, [uid for uid, _key in objects])
            for _uid, key in objects:
                if key not in named:
                    act(key)

    def hashes_of(self, sop_instance_uid: str) -> set[str]:
        """The SHA-256 of every version of an instance."""
        with self.database.reading() as connection:
            return reading.hashes_of(connection, sop_instance_uid)

    def changes_since(self, sequence: int, limit: int = 1000) -> list[Change]:
        with self.database.reading() as connection:
            return reading.changes_since(connection, sequence, limit)

    def last_sequence(self) -> int:
        with self.database.reading() as connection:
            return reading.last_sequence(connection)

    def totals(self) -> Totals:
        with self.database.reading() as connection:
            return reading.totals(connection)

    def newest_receipt_us(self) -> int:
        with self.database.reading() as connection:
            return reading.newest_receipt_us(connection)

    def settle(self, quiet_s: float, incomplete_s: float = 1800.0) -> int:
        """Mark the studies complete that are, and move the orders that their images belong to; gives how many studies.

        ``quiet_s`` is how long a study of which nobody said more gets nothing, ``incomplete_s`` how long one that
        lacks instances, or that is still being made.
        """
        times = Times.of(quiet_s, incomplete_s)
        with self.database.reading() as connection:  # a look before taking the write lock
            if not settling.plan(connection, times):
                return 0
        with self.database.writing() as connection:
            return settling.settle(connection, times)

    def series_revision(
        self, study_instance_uid: str, series_instance_uid: str
    ) -> tuple[int, int] | None:
        return self._glances.series_revision(study_instance_uid, series_instance_uid)

    def series_of(self, study_instance_uid: str) -> list[str]:
        """The UIDs of the series of a study."""
        with self.database.reading() as connection:
            return reading.series_of(connection, study_instance_uid)

    def prepared_metadata(
        self, study_instance_uid: str, series_instance_uid: str
    ) -> PreparedMetadata | None:
        """What is kept of the metadata of a series; None if there is no such series."""
        return self._glances.metadata(study_instance_uid, series_instance_uid)

    def cache_metadata(self, series_fk: int, revision: int, body: bytes) -> None:
        with self.database.writing() as connection:
            reading.cache_metadata(connection, series_fk, revision, body)


def open_index(config: IndexConfig) -> Index:
    """Open the index, making or migrating its database as needed."""
    return Index(config)
