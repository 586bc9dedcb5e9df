"""Deleting, and bringing back: what is deleted goes to the trash of the storage and stays there for a while.

PS3.18 has no transaction for it; the DELETE of `dicomweb`, the app and the command line are edges of it. A deletion is
decided in one transaction of the index: the rows go, and its record comes. What lies in storage is brought in line
after that, as often as it takes (`settle`): nobody is told that something is gone that a crash would bring back.
A note beside the objects says what they are, so that a deletion outlives the index.
"""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hounsfield.archive.access import Principal, require
from hounsfield.archive.adoption import record_of
from hounsfield.archive.forms.derived import forget
from hounsfield.archive.store import InstanceStore
from hounsfield.dicom.query import Key, Level, Query, SingleValue
from hounsfield.errors import Conflict, Gone, HounsfieldError, NotFound, Unavailable
from hounsfield.index.clock import now_us
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site.deletions import UNDER_WAY, Deletion, Deletions, new_uid
from hounsfield.index.site.jobs import NewJob
from hounsfield.jobs.handlers import RunningJob
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import StoredKey

TRASH_JOB = "trash"
_VERBS = {"restoring": "Return", "purging": "Removal for good"}
_IN_THE_TRASH = ("deleting", "trash", "restoring")
_AT_ONCE = 100  # whoever stores an instance waits no longer than moving these takes
_DAY_S = 86_400.0
_DATE_DIGITS = 8
_MAX_REASON = 1024
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Object:
    """One object of a deletion, with what its row said and the object itself does not."""

    key: str
    sop_instance_uid: str
    size_bytes: int
    received_us: int
    received_by: str
    source: str


class Trash:
    """Deletes from one archive, and restores; may be called from any thread and process.

    ``derived`` is where pictures made of instances are kept: they go for good with these.
    """

    def __init__(self, store: InstanceStore, derived: Path | None = None) -> None:
        self._store = store
        self._derived = derived
        self._storage, self._index = store.storage, store.index
        self._deletions = Deletions(store.index.database)

    # -- what people and clients decide -------------------------------------------------------------

    def delete(
        self,
        principal: Principal,
        study_instance_uid: str,
        series_instance_uid: str | None = None,
        sop_instance_uid: str | None = None,
        reason: str = "",
    ) -> Deletion:
        """Move a study, series or instance to the trash. Raises NotFound, Gone, Refused."""
        require(principal, "delete")
        uids = (study_instance_uid, series_instance_uid, sop_instance_uid)
        description = self._describe(study_instance_uid)
        uid = new_uid()

        def record(found: list[InstanceLocation]) -> Deletion:
            made = Deletion(
                uid=uid,
                state="deleting",
                study_instance_uid=study_instance_uid,
                series_instance_uid=series_instance_uid or "",
                sop_instance_uid=sop_instance_uid or "",
                description=description,
                number_of_instances=sum(one.is_current for one in found),
                size_bytes=sum(one.size_bytes for one in found),
                deleted_by=principal.name[:64],
                reason=reason[:_MAX_REASON],
                deleted_us=now_us(),
            )
            self._write(made, [_object(one) for one in found])
            return made

        try:
            deleted = self._index.delete(*uids, record)
        except BaseException:
            self._storage.drop_folder(uid)
            raise
        if deleted is None:
            if self._deletions.covers(*uids):
                raise Gone("it was deleted already")
            raise NotFound("there is nothing of that name here to delete")
        log.info(
            "deleted: it is in the trash",
            extra={"study": study_instance_uid, "instances": deleted.number_of_instances},
        )
        self.settle(uid)
        return self._get(uid)

    def page(self, principal: Principal, limit: int, offset: int = 0) -> list[Deletion]:
        """What is in the trash, the newest first. Raises Refused."""
        require(principal, "search")
        return self._deletions.page(limit, offset, _IN_THE_TRASH)

    def count(self, principal: Principal) -> int:
        """How many deletions are in the trash. Raises Refused."""
        require(principal, "search")
        return self._deletions.count(_IN_THE_TRASH)

    def restore(self, principal: Principal, uid: str, *, in_background: bool = False) -> Deletion:
        """Bring back what one deletion took. Raises NotFound, Conflict, Refused."""
        require(principal, "delete")
        return self._begin(principal, uid, "restoring", in_background=in_background)

    def purge(self, principal: Principal, uid: str, *, in_background: bool = False) -> Deletion:
        """Remove for good what one deletion took. Raises NotFound, Conflict, Refused."""
        require(principal, "administer")
        return self._begin(principal, uid, "purging", in_background=in_background)

    def _begin(
        self, principal: Principal, uid: str, state: str, *, in_background: bool
    ) -> Deletion:
        known = self._get(uid)
        job = _job(known, state, principal.name) if in_background else None
        if not self._deletions.move(uid, ("deleting", "trash", state), state, job=job):
            raise Conflict(f"it is {self._get(uid).state} already")
        if not in_background:
            self.settle(uid, actor=principal.name)
        return self._get(uid)

    # -- what follows from it -----------------------------------------------------------------------

    def work(self, job: RunningJob) -> str:
        """The handler of the jobs that restore and purge."""
        uid = str(job.arguments["deletion"])
        total = self._get(uid).number_of_instances

        def progressed(done: int) -> None:
            job.progress(done, total)
            if job.is_stopped():
                raise Unavailable("it was stopped")

        self.settle(uid, progressed)
        return self._get(uid).state

    def settle(
        self, uid: str, progress: Callable[[int], None] = lambda _done: None, actor: str = "local"
    ) -> None:
        """Bring what storage has in line with what was decided of one deletion; harmless when repeated."""
        known = self._get(uid)
        if known.state not in UNDER_WAY:
            return
        _note, objects = self._read(uid)
        if known.state == "restoring":
            self._bring_back(uid, objects, progress)
        else:
            self._take_away(known, objects, progress)
        after = UNDER_WAY[known.state]
        kept = objects if after == "trash" else []
        self._write(dataclasses.replace(known, state=after), kept)
        if self._deletions.move(uid, (known.state,), after, actor=actor) and after == "restored":
            self._storage.drop_folder(uid)

    def settle_all(self, *, states: Sequence[str] = tuple(UNDER_WAY)) -> int:
        """Do what a crash left undone; gives how much of it."""
        pending = [one for one in self._deletions.under_way() if one.state in states]
        for one in pending:
            self.settle(one.uid)
        return len(pending)

    def purge_old(self, days: float) -> int:
        """Let jobs remove for good what has been in the trash for so long; gives how many deletions."""
        old = self._deletions.older_than(days * _DAY_S)
        for one in old:
            self._deletions.move(
                one.uid, ("trash",), "purging", job=_job(one, "purging", "retention")
            )
        return len(old)

    def clear_up(self) -> None:
        """After a crash, before the sweep: finish deletions, and forget notes of what was not decided any more."""
        self.settle_all(states=("deleting", "purging"))
        for uid, known in self._notes():
            if known.state == "deleting" and self._deletions.get(uid) is None:
                self._storage.drop_folder(uid)

    def before_rebuild(self) -> None:
        """Let what was deleted stay so in an index made anew: its objects must not be found."""
        for uid, known in self._notes():
            if known.state == "deleting":
                _known, objects = self._read(uid)
                for one in objects:
                    self._storage.set_aside(one.key, uid)
                self._write(dataclasses.replace(known, state="trash"), objects)

    def after_rebuild(self) -> None:
        """Take in the deletions that the old index could not tell of."""
        for _uid, known in sorted(self._notes(), key=lambda note: note[1].deleted_us):
            self._deletions.add(known)

    # -- storage ------------------------------------------------------------------------------------

    def _take_away(
        self, known: Deletion, objects: list[_Object], progress: Callable[[int], None]
    ) -> None:
        """Set aside what no row stands for any more, or again; and from there remove it if it is to go for good."""
        for start in range(0, len(objects), _AT_ONCE):
            some = objects[start : start + _AT_ONCE]
            keys = [(one.sop_instance_uid, one.key) for one in some]
            self._index.take_away(known, keys, lambda key: self._storage.set_aside(key, known.uid))
            if known.state == "purging":
                for one in some:
                    self._storage.drop_aside(one.key, known.uid)
                    parts = parse_key(one.key)
                    if self._derived is not None and parts is not None:
                        forget(self._derived, parts.sha256_prefix)
            progress(start + len(some))

    def _bring_back(
        self, uid: str, objects: list[_Object], progress: Callable[[int], None]
    ) -> None:
        for done, one in enumerate(objects, 1):
            if not self._storage.bring_back(one.key, uid):
                log.warning("an object is not in the trash any more: %s", one.key)
                continue
            stored = StoredKey(one.key, one.size_bytes, one.received_us)
            try:
                record = record_of(self._storage, stored, "restore")
                record = dataclasses.replace(record, received_by=one.received_by, source=one.source)
                self._store.index_stored(record, is_adopted=True)
            except Unavailable:
                raise
            except (HounsfieldError, OSError) as problem:  # `check` names it from now on
                log.warning("an object of the trash cannot be indexed: %s: %s", one.key, problem)
            progress(done)

    def _get(self, uid: str) -> Deletion:
        found = self._deletions.get(uid)
        if found is None:
            raise NotFound(f"there is no deletion {uid[:64]!a}")
        return found

    def _describe(self, study_instance_uid: str) -> str:
        """What a person knows the study by."""
        key = Key(0x0020000D, "UI", SingleValue(study_instance_uid))
        # Two patients may have a study of one UID, by mistake of whoever made them.
        found = self._index.search(Query(Level.STUDY, (key,), limit=3))
        described = (_described(one.attributes) for one in found)
        return "; ".join(one for one in described if one) or study_instance_uid

    def _write(self, known: Deletion, objects: list[_Object]) -> None:
        note = {"deletion": known, "objects": objects}
        self._storage.write_note(known.uid, orjson.dumps(note, option=orjson.OPT_INDENT_2))

    def _read(self, uid: str) -> tuple[Deletion, list[_Object]]:
        content = self._storage.note(uid)
        if content is None:
            raise Unavailable(f"the note of the deletion {uid} is not there")
        return _parse(content)

    def _notes(self) -> Iterator[tuple[str, Deletion]]:
        for uid, content in list(self._storage.notes()):
            try:
                yield uid, _parse(content)[0]
            except (ValueError, TypeError, KeyError) as problem:
                log.warning("a note in the trash cannot be read: %s: %s", uid, problem)


def _described(attributes: dict[str, Any]) -> str:
    def text(tag: str) -> str:
        values = attributes.get(tag, {}).get("Value") or [""]
        value = values[0]
        return str(value.get("Alphabetic", "") if isinstance(value, dict) else value or "")

    name = ", ".join(part for part in text("00100010").split("^")[:2] if part)
    date = text("00080020")
    if len(date) == _DATE_DIGITS:
        date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    named = (name, text("00100020"), text("00081030"), date)
    return " · ".join(part for part in named if part)


def _job(known: Deletion, state: str, actor: str) -> NewJob:
    number = known.number_of_instances
    instances = "1 instance" if number == 1 else f"{number} instances"
    return NewJob(
        TRASH_JOB,
        # No patient is named: titles of jobs are seen in many places.
        f"{_VERBS[state]} of {instances} of a deleted {known.level}",
        arguments={"deletion": known.uid},
        study_instance_uid=known.study_instance_uid,
        actor=actor,
        total=number,
    )


def _parse(content: bytes) -> tuple[Deletion, list[_Object]]:
    note = orjson.loads(content)
    return Deletion(**note["deletion"]), [_Object(**one) for one in note["objects"]]


def _object(location: InstanceLocation) -> _Object:
    return _Object(
        location.storage_key,
        location.sop_instance_uid,
        location.size_bytes,
        location.received_us,
        location.received_by,
        location.source,
    )
