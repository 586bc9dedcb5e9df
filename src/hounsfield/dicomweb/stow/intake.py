"""STOW-RS: parts are stored as they arrive, then each is told what became of it (PS3.18 10.5)."""

import logging
from dataclasses import dataclass, field
from typing import Any

from hounsfield.archive.access import Principal
from hounsfield.archive.store import InstanceStore, SopMismatch, Source, Stored
from hounsfield.dicomweb.multipart import (
    MultipartError,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
)
from hounsfield.errors import (
    Conflict,
    HounsfieldError,
    InvalidInstance,
    OutOfResources,
    Refused,
    Unavailable,
)
from hounsfield.storage.objects import Spool

log = logging.getLogger(__name__)

# PS3.18 table 10.5.3-2 and PS3.4 B.2.3: why an instance failed.
_REASON_OF: tuple[tuple[type[HounsfieldError], int], ...] = (
    (SopMismatch, 0xA900),
    (OutOfResources, 0xA700),
    (Unavailable, 0xA700),
    (Refused, 0x0124),
    (Conflict, 0x0111),
    (InvalidInstance, 0xC000),
)
PROCESSING_FAILURE = 0x0110
_DICOM = "application/dicom"


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that was not stored; ``identity`` is None where it could not be read."""

    reason: int
    text: str
    identity: tuple[str, str] | None = None


@dataclass(slots=True)
class Results:
    """What became of the parts of one request."""

    stored: list[Stored] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def status(self) -> int:
        """PS3.18 table 10.5.3-1: 200 all stored, 202 some, 409 none."""
        if not self.failed:
            return 200
        return 202 if self.stored else 409


class Intake:
    """Takes one request's body in pieces. Call `finish` at its end and `abandon` in any case."""

    def __init__(
        self,
        store: InstanceStore,
        principal: Principal,
        study_instance_uid: str | None,
        boundary: str | None,
    ) -> None:
        """``boundary`` is that of a multipart body; None means that the body is one instance."""
        self.results = Results()
        self._store = store
        self._source = Source(principal, "stow", principal.name)
        self._study_instance_uid = study_instance_uid
        self._reader = MultipartReader(boundary) if boundary is not None else None
        self._spool: Spool | None = None
        self._trouble: HounsfieldError | None = None
        self._parts = 0
        if self._reader is None:
            self._begin({"content-type": _DICOM})

    def feed(self, data: bytes) -> None:
        """Store what a piece completes; raises MultipartError when the body is no multipart message."""
        if self._reader is None:
            self._write(data)
            return
        for event in self._reader.feed(data):
            if isinstance(event, PartData):
                self._write(event.data)
            elif isinstance(event, PartBegin):
                self._begin(event.headers)
            elif isinstance(event, PartEnd):
                self._end()

    def finish(self) -> Results:
        """The body is complete; raises MultipartError if it is not, or had no part."""
        if self._reader is None:
            self._end()
        elif self._spool is not None or self._trouble is not None:
            # What lies behind the last delimiter may be half an instance: tell it, store nothing of it.
            self._fail(InvalidInstance("the body ended inside this part"))
        if not self._parts:
            raise MultipartError("the body has no part")
        return self.results

    def abandon(self) -> None:
        """Drop the part in progress; finished parts stay stored (STOW-05)."""
        if self._spool is not None:
            self._spool.discard()
            self._spool = None

    def _begin(self, headers: dict[str, str]) -> None:
        self._parts += 1
        self._trouble = None
        media_type = headers.get("content-type", _DICOM).split(";")[0].strip().lower()
        if media_type not in {_DICOM, "application/octet-stream"}:
            self._trouble = InvalidInstance(f"a part is {media_type}, not {_DICOM}")
            return
        try:
            self._spool = self._store.spool()
        except HounsfieldError as problem:
            self._trouble = problem

    def _write(self, data: bytes | memoryview) -> None:
        if self._spool is None:
            return
        try:
            self._spool.write(data)
        except HounsfieldError as problem:
            self.abandon()
            self._trouble = problem

    def _end(self) -> None:
        spool, self._spool = self._spool, None
        if spool is None:
            self._fail(self._trouble or InvalidInstance("an empty part"))
            return
        try:
            stored = self._store.store_instance(
                spool, self._source, within_study=self._study_instance_uid
            )
        except HounsfieldError as problem:
            self._fail(problem)
        except Exception:
            log.exception("unexpected error while storing a part")
            self.results.failed.append(Failure(PROCESSING_FAILURE, "the archive's log says why"))
        else:
            self.results.stored.append(stored)

    def _fail(self, problem: HounsfieldError) -> None:
        self.abandon()
        self._trouble = None
        reason = next(
            (code for kind, code in _REASON_OF if isinstance(problem, kind)), PROCESSING_FAILURE
        )
        self.results.failed.append(Failure(reason, str(problem), problem.about))


def response_dataset(
    results: Results, base_url: str, study_instance_uid: str | None
) -> dict[str, Any]:
    """The Store Instances Response Module as DICOM JSON (PS3.18 table 10.5.3-2)."""
    made: dict[str, Any] = {}
    studies = {stored.identity.study_instance_uid for stored in results.stored}
    if len(studies) == 1 or study_instance_uid:
        study = study_instance_uid or next(iter(studies))
        made["00081190"] = {"vr": "UR", "Value": [f"{base_url}/studies/{study}"]}
    named = [failure for failure in results.failed if failure.identity is not None]
    nameless = [failure for failure in results.failed if failure.identity is None]
    if named:
        made["00081198"] = {"vr": "SQ", "Value": [_failed_item(failure) for failure in named]}
    if results.stored:
        items = [_referenced_item(stored, base_url) for stored in results.stored]
        made["00081199"] = {"vr": "SQ", "Value": items}
    if nameless:
        items = [
            {"00081197": {"vr": "US", "Value": [failure.reason]}} | _comment(failure)
            for failure in nameless
        ]
        made["0008119A"] = {"vr": "SQ", "Value": items}
    return made


def _failed_item(failure: Failure) -> dict[str, Any]:
    assert failure.identity is not None
    return {
        "00081150": {"vr": "UI", "Value": [failure.identity[0]]},
        "00081155": {"vr": "UI", "Value": [failure.identity[1]]},
        "00081197": {"vr": "US", "Value": [failure.reason]},
    } | _comment(failure)


def _comment(failure: Failure) -> dict[str, Any]:
    return {"00000902": {"vr": "LO", "Value": [failure.text[:64]]}}


def _referenced_item(stored: Stored, base_url: str) -> dict[str, Any]:
    identity = stored.identity
    url = (
        f"{base_url}/studies/{identity.study_instance_uid}/series/{identity.series_instance_uid}"
        f"/instances/{identity.sop_instance_uid}"
    )
    return {
        "00081150": {"vr": "UI", "Value": [identity.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [identity.sop_instance_uid]},
        "00081190": {"vr": "UR", "Value": [url]},
    }
