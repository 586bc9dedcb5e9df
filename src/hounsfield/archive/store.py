"""The one way in: a spooled instance becomes a stored and indexed one, or nothing (architecture, "going in")."""

import contextlib
import time
from dataclasses import dataclass, replace
from typing import Literal

from hounsfield.archive.access import Principal, require
from hounsfield.dicom import frames
from hounsfield.dicom.attributes import InstanceAttributes
from hounsfield.dicom.identity import Identity, identify
from hounsfield.dicom.part10 import Header, read_header
from hounsfield.errors import (
    Conflict,
    HounsfieldError,
    InvalidInstance,
    NotFound,
    OutOfResources,
    Unavailable,
)
from hounsfield.hooks import Admit, Hooks
from hounsfield.index.index import Index
from hounsfield.index.records import AlreadyThere, Collision, Inserted, InstanceRecord, Version
from hounsfield.storage.keys import object_key
from hounsfield.storage.objects import ObjectStorage, Spool

ReceivedBy = Literal["dimse", "stow", "upload", "import"]
Duplicates = Literal["keep-both", "keep-first", "replace"]

_COMPARE_BYTES = 1 << 18
_MAX_COLLISIONS = 16


class SopMismatch(Conflict):
    """The data set is another instance than its command says (PS3.4 B.2.3, A900)."""


class DuplicateInstance(Conflict):
    """The instance is here with other bytes, and the policy keeps the first (PS3.7 C.5.11, 0111)."""


class OtherStudy(SopMismatch):
    """The instance belongs to another study than the one it was sent to (PS3.18 10.5.1)."""


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """What to do with an instance that is here with other bytes.

    ``keep-both``: both are kept, the first is shown, and they are flagged; ``replace``: the newest is shown;
    ``keep-first``: the later is refused.
    """

    duplicates: Duplicates = "keep-both"
    max_object_bytes: int = 64 << 30


@dataclass(frozen=True, slots=True)
class Source:
    """Who sent an instance, by what way; ``name`` is the AE title or what a person would call it."""

    principal: Principal
    received_by: ReceivedBy
    name: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an instance."""

    outcome: Literal["stored", "duplicate", "version"]
    identity: Identity
    sha256: str
    size_bytes: int


class InstanceStore:
    """Stores instances; may be called from any number of threads."""

    def __init__(
        self,
        storage: ObjectStorage,
        index: Index,
        hooks: Hooks | None = None,
        policy: StorePolicy | None = None,
    ) -> None:
        self.storage = storage
        self.index = index
        self.hooks = hooks or Hooks()
        self.policy = policy or StorePolicy()

    def spool(self, size_hint: int = 0) -> Spool:
        """Begin to receive; give the spool to `store_instance` or discard it. Raises OutOfResources."""
        return self.storage.spool(size_hint=size_hint)

    def store_instance(
        self,
        spool: Spool,
        source: Source,
        *,
        expected: tuple[str, str] | None = None,
        within_study: str | None = None,
        received_us: int | None = None,
    ) -> Stored:
        """Store what was spooled; on return it survives a power cut. The spool is used up either way.

        ``expected`` is the (SOP Class UID, SOP Instance UID) that a command announced (STO-03).
        ``within_study`` is the Study Instance UID that it has to belong to (STOW-03).
        ``received_us`` is given when an object from before is adopted. Raises InvalidInstance, Conflict,
        Refused, OutOfResources, Unavailable.
        """
        try:
            return self._store(
                spool, source, expected, within_study, received_us or time.time_ns() // 1000
            )
        finally:
            spool.discard()

    def _store(
        self,
        spool: Spool,
        source: Source,
        expected: tuple[str, str] | None,
        within_study: str | None,
        received_us: int,
    ) -> Stored:
        spool.begin_writing_back()
        header, table = _read(spool)
        attributes = InstanceAttributes(header)
        identity = identify(header, attributes)
        try:
            if expected is not None:
                _compare(expected, identity)
            if within_study is not None and within_study != identity.study_instance_uid:
                raise OtherStudy("the instance belongs to another study than the request names")
            require(source.principal, "store")
            for admit in self.hooks.admit:
                _ask(admit, attributes, source.name)
            record = InstanceRecord(
                identity=identity,
                attributes=attributes,
                size_bytes=spool.size_bytes,
                sha256=spool.sha256(),
                received_us=received_us,
                received_by=source.received_by,
                source=source.name[:64],
                dataset_offset=header.dataset_offset,
                frame_table=table,
                actor=source.principal.name,
            )
            return self._keep(spool, record)
        except HounsfieldError as problem:
            problem.about = (identity.sop_class_uid, identity.sop_instance_uid)
            raise

    def _keep(self, spool: Spool, record: InstanceRecord) -> Stored:
        """Bytes first, then the row (architecture, "going in")."""
        key = object_key(record.identity, record.sha256, record.received_us)
        self.storage.put(spool, key, record.received_us)
        record = replace(record, is_stored=lambda: self.storage.exists(key))
        try:
            outcome = self.index_stored(record)
        except (Unavailable, OutOfResources):
            with contextlib.suppress(HounsfieldError):  # then a sweep finds it
                self._drop_unless_named(record, key)
            raise
        return Stored(outcome, record.identity, record.sha256, record.size_bytes)

    def index_stored(
        self, record: InstanceRecord, *, is_adopted: bool = False
    ) -> Literal["stored", "duplicate", "version"]:
        """Insert the row, deciding about other versions as often as new ones turn up meanwhile.

        An adopted object was acknowledged once: it is kept, whatever the policy is by now.
        """
        key = object_key(record.identity, record.sha256, record.received_us)
        is_first = True
        for _ in range(_MAX_COLLISIONS):
            outcome = self.index.write(record)
            if isinstance(outcome, Inserted):
                return "stored" if is_first else "version"
            if isinstance(outcome, AlreadyThere):
                self._bring_back(record, key)
                self._drop_unless_named(record, key)
                return "duplicate"
            is_first = False
            decided = self._decide(record, outcome, key, is_adopted=is_adopted)
            if decided is None:
                self._drop_unless_named(record, key)
                return "duplicate"
            record = decided
        raise Unavailable("this instance keeps arriving in new versions; try again")

    def _decide(
        self, record: InstanceRecord, collision: Collision, key: str, *, is_adopted: bool
    ) -> InstanceRecord | None:
        """The record as it should be tried again, or None if it is nothing new."""
        compared = frozenset(version.id for version in collision.versions)
        file_after_network = False
        for version in collision.versions:
            if "dimse" not in {version.received_by, record.received_by}:
                continue  # both came as files: they differ, and their bytes are what counts
            if not self._same_dataset(record, version, key):
                continue
            if version.received_by == "dimse" and record.received_by != "dimse":
                file_after_network = (
                    True  # the file's own preamble and meta information are worth keeping
                )
                continue
            return None
        record = replace(record, compared_with=compared, is_stored=lambda: self.storage.exists(key))
        if file_after_network:
            return replace(record, becomes_current=True, is_conflict=False)
        if self.policy.duplicates == "keep-first" and not is_adopted:
            self._drop_unless_named(record, key)
            raise DuplicateInstance("the instance is here already with other content")
        return replace(
            record, becomes_current=self.policy.duplicates == "replace", is_conflict=True
        )

    def _same_dataset(self, record: InstanceRecord, version: Version, key: str) -> bool:
        if record.size_bytes - record.dataset_offset != version.size_bytes - version.dataset_offset:
            return False
        other = object_key(record.identity, version.sha256, version.received_us)
        with self.storage.open(key) as mine, self.storage.open(other) as theirs:
            pieces = zip(
                mine.stream(record.dataset_offset, chunk_bytes=_COMPARE_BYTES),
                theirs.stream(version.dataset_offset, chunk_bytes=_COMPARE_BYTES),
                strict=False,
            )
            return all(a == b for a, b in pieces)

    def has(self, identity: Identity, sha256: str, size_bytes: int) -> bool:
        """Whether this very file is in the index and whole in storage."""
        return any(
            known.sha256 == sha256 and self._size_of(known.storage_key) == size_bytes
            for known in self.index.locate(
                identity.study_instance_uid,
                identity.series_instance_uid,
                identity.sop_instance_uid,
                all_versions=True,
            )
        )

    def _bring_back(self, record: InstanceRecord, key: str) -> None:
        """Put the content where its row says if it was lost there: we are about to say that it is here."""
        identity = record.identity
        for known in self.index.locate(
            identity.study_instance_uid,
            identity.series_instance_uid,
            identity.sop_instance_uid,
            all_versions=True,
        ):
            if known.sha256 != record.sha256 or known.storage_key == key:
                continue
            if self._size_of(known.storage_key) == record.size_bytes:
                continue
            spool = self.storage.spool(size_hint=record.size_bytes)
            try:
                with self.storage.open(key) as source:
                    for piece in source.stream(chunk_bytes=_COMPARE_BYTES):
                        spool.write(piece)
                self.storage.put(spool, known.storage_key, known.received_us)
            finally:
                spool.discard()

    def _size_of(self, key: str) -> int | None:
        try:
            with self.storage.open(key) as stored:
                return stored.size_bytes
        except (NotFound, OSError):
            return None

    def _drop_unless_named(self, record: InstanceRecord, key: str) -> None:
        """Remove the object that no row stands for; a row may name the same key when it came the same day."""
        self.index.drop_unless_named(
            record.identity.sop_instance_uid, key, lambda: self.storage.delete(key)
        )


def _read(spool: Spool) -> tuple[Header, frames.FrameTable | None]:
    if spool.size_bytes == 0:
        raise InvalidInstance("the object is empty")
    with spool.map() as buffer:
        header = read_header(buffer)
        return header, frames.offsets(header, buffer)


def _compare(expected: tuple[str, str], identity: Identity) -> None:
    found = (identity.sop_class_uid, identity.sop_instance_uid)
    for what, said, is_ in zip(("SOP Class", "SOP Instance"), expected, found, strict=True):
        if said.strip(" \0") != is_:
            raise SopMismatch(f"the {what} UID of the data set is not that of the command")


def _ask(admit: Admit, attributes: InstanceAttributes, name: str) -> None:
    try:
        admit(attributes, name)
    except HounsfieldError:
        raise
    except Exception as problem:
        raise Unavailable("a hook of this site failed; the instance was not stored") from problem
