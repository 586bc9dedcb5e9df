"""What became of the parts of a request, and how that is told (PS3.18 10.5.3, annex I)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hounsfield.archive.store import SopMismatch, Stored
from hounsfield.dicom.implementation import IMPLEMENTATION_VERSION_NAME
from hounsfield.dicomweb.problems import TooLarge, status_of
from hounsfield.errors import (
    Conflict,
    HounsfieldError,
    InvalidInstance,
    InvalidQuery,
    NotAcceptable,
    OutOfResources,
    Refused,
    Unavailable,
)

# PS3.18 table 10.5.3-2 and PS3.4 B.2.3: why an instance failed.
_REASON_OF: tuple[tuple[type[HounsfieldError], int], ...] = (
    (SopMismatch, 0xA900),
    (OutOfResources, 0xA700),
    (TooLarge, 0xA700),
    (Unavailable, 0xA700),
    (Refused, 0x0124),
    (NotAcceptable, 0xC122),
    (Conflict, 0x0111),
    (InvalidInstance, 0xC000),
    (InvalidQuery, 0xC000),
)
PROCESSING_FAILURE = 0x0110
COERCION = 0xB000
# What says of a whole request that nothing of it could be stored for want of something here.
_OF_THE_ARCHIVE = ((OutOfResources, 507), (TooLarge, 413), (Unavailable, 503), (Refused, 403))


@dataclass(frozen=True, slots=True)
class Failure:
    """An instance that was not stored; ``about`` is its (SOP Class UID, SOP Instance UID) where it has names."""

    reason: int
    text: str
    about: tuple[str, str] | None = None
    status: int = 409


def failure_of(problem: HounsfieldError) -> Failure:
    """How an error of the archive is told."""
    reason = next(
        (code for kind, code in _REASON_OF if isinstance(problem, kind)), PROCESSING_FAILURE
    )
    status = next((code for kind, code in _OF_THE_ARCHIVE if isinstance(problem, kind)), 409)
    return Failure(reason, str(problem), problem.about, status)


@dataclass(slots=True)
class Results:
    """What became of the instances of one request.

    ``trouble`` is why its body could not be read to its end; ``is_malformed`` says that metadata could not be read.
    ``coerced`` holds, by its place among the stored, what an instance had been sent with and is not stored with.
    """

    stored: list[Stored] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    trouble: HounsfieldError | None = None
    is_malformed: bool = False
    coerced: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """PS3.18 table 10.5.3-1: 200 all stored, 202 some or with warnings, 409 none; 400 where the message is broken.

        Where nothing was stored for a single reason that lies with the archive, its own status says more.
        """
        if self.trouble is not None:
            return status_of(self.trouble)
        if not self.failed:
            return 202 if self.coerced else 200
        if self.stored:
            return 202
        if self.is_malformed:
            return 400
        found = {failure.status for failure in self.failed}
        return found.pop() if len(found) == 1 else 409


def response_dataset(
    results: Results, base_url: str, study_instance_uid: str | None
) -> dict[str, Any]:
    """The Store Instances Response Module in the DICOM JSON model (PS3.18 table I-1)."""
    made: dict[str, Any] = {"00081190": {"vr": "UR"}}  # type 2: there without a value too
    studies = {stored.identity.study_instance_uid for stored in results.stored}
    if results.stored and (len(studies) == 1 or study_instance_uid):
        study = study_instance_uid or next(iter(studies))
        made["00081190"] = {"vr": "UR", "Value": [f"{base_url}/studies/{study}"]}
    named = [failure for failure in results.failed if failure.about is not None]
    nameless = [failure for failure in results.failed if failure.about is None]
    if results.trouble is not None:
        nameless.append(failure_of(results.trouble))
    if named:
        made["00081198"] = {"vr": "SQ", "Value": [_failed_item(failure) for failure in named]}
    if results.stored:
        items = [
            _referenced_item(stored, base_url) | _warning(results.coerced.get(number))
            for number, stored in enumerate(results.stored)
        ]
        made["00081199"] = {"vr": "SQ", "Value": items}
    if nameless:
        made["0008119A"] = {"vr": "SQ", "Value": [_reason(failure) for failure in nameless]}
    return made


def _warning(coerced: dict[str, Any] | None) -> dict[str, Any]:
    """What was not stored as it was sent (PS3.18 table I-1, PS3.3 C.12.1.1.9)."""
    if not coerced:
        return {}
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    original = {
        "04000550": {"vr": "SQ", "Value": [coerced]},
        "04000562": {"vr": "DT", "Value": [now]},
        "04000563": {"vr": "LO", "Value": [IMPLEMENTATION_VERSION_NAME]},
        "04000564": {"vr": "LO"},
        "04000565": {"vr": "CS", "Value": ["COERCE"]},
    }
    return {
        "00081196": {"vr": "US", "Value": [COERCION]},
        "04000561": {"vr": "SQ", "Value": [original]},
    }


def _reason(failure: Failure) -> dict[str, Any]:
    return {
        "00000902": {"vr": "LO", "Value": [failure.text[:64]]},
        "00081197": {"vr": "US", "Value": [failure.reason]},
    }


def _failed_item(failure: Failure) -> dict[str, Any]:
    assert failure.about is not None
    sop_class, sop_instance = failure.about
    names = {
        "00081150": {"vr": "UI", "Value": [sop_class]},
        "00081155": {"vr": "UI", "Value": [sop_instance]},
    }
    return dict(sorted((names | _reason(failure)).items()))


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
