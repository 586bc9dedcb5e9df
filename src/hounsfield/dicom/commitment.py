"""Storage commitment as data sets: what is asked for and what is answered (PS3.4 J.3, PS3.3 C.14)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hounsfield.errors import InvalidInstance

REQUEST_STORAGE_COMMITMENT = 1  # Action Type ID, PS3.4 table J.3-1
ALL_COMMITTED, FAILURES_EXIST = 1, 2  # Event Type IDs, PS3.4 table J.3-2

# More than any study has; keeps a peer from filling our index with one request.
MAX_REFERENCES = 100_000

COMMITTED = 0
# PS3.3 C.14.1.1: what Failure Reason (0008,1197) may say.
PROCESSING_FAILURE = 0x0110
NO_SUCH_OBJECT_INSTANCE = 0x0112
CLASS_INSTANCE_CONFLICT = 0x0119
SOP_CLASS_NOT_SUPPORTED = 0x0122
DUPLICATE_TRANSACTION_UID = 0x0131
RESOURCE_LIMITATION = 0x0213
FAILURE_REASONS: dict[int, str] = {
    PROCESSING_FAILURE: "its object cannot be read, or is not what was received",
    NO_SUCH_OBJECT_INSTANCE: "it is not there",
    CLASS_INSTANCE_CONFLICT: "it is there, but of another SOP class",
    SOP_CLASS_NOT_SUPPORTED: "its SOP class is not supported",
    DUPLICATE_TRANSACTION_UID: "the Transaction UID was used for another request",
    RESOURCE_LIMITATION: "there is no room to look, or to keep it",
}

_TRANSACTION_UID, _RETRIEVE_AE_TITLE = "00081195", "00080054"
_SOP_CLASS_UID, _SOP_INSTANCE_UID = "00081150", "00081155"
_REFERENCED_SOPS, _FAILED_SOPS, _FAILURE_REASON = "00081199", "00081198", "00081197"
_STUDIES, _SERIES, _BY_SOP_CLASS, _INSTANCES = "00081110", "00081115", "00081112", "0008114A"
_UID = re.compile(r"[0-9.]{1,64}")


class TooManyReferences(InvalidInstance):
    """A request that names more instances than are taken at once."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One instance of a transaction; ``failure_reason`` is 0 when it is committed, None while nobody has said."""

    sop_class_uid: str
    sop_instance_uid: str
    failure_reason: int | None = None

    @property
    def is_committed(self) -> bool:
        """Whether its keeper has taken responsibility for it."""
        return self.failure_reason == COMMITTED


def explain(failure_reason: int | None) -> str:
    """A failure reason in words."""
    if failure_reason is None:
        return "the answer does not mention it"
    if failure_reason == COMMITTED:
        return "committed"
    return FAILURE_REASONS.get(failure_reason, f"failure reason {failure_reason:04X}")


def request_dataset(transaction_uid: str, references: Sequence[Reference]) -> dict[str, Any]:
    """The Action Information of a request (PS3.4 table J.3-1)."""
    return {
        _TRANSACTION_UID: {"vr": "UI", "Value": [transaction_uid]},
        _REFERENCED_SOPS: {"vr": "SQ", "Value": [_item(one) for one in references]},
    }


def result_dataset(
    transaction_uid: str, references: Sequence[Reference], retrieve_ae_title: str
) -> dict[str, Any]:
    """The Event Information of a result (PS3.4 table J.3-2): every instance asked for is in one of its sequences."""
    dataset: dict[str, Any] = {_TRANSACTION_UID: {"vr": "UI", "Value": [transaction_uid]}}
    committed = [_item(one) for one in references if one.is_committed]
    failed = [
        _item(one) | {_FAILURE_REASON: {"vr": "US", "Value": [_reason_of(one)]}}
        for one in references
        if not one.is_committed
    ]
    if committed:
        dataset[_RETRIEVE_AE_TITLE] = {"vr": "AE", "Value": [retrieve_ae_title]}
        dataset[_REFERENCED_SOPS] = {"vr": "SQ", "Value": committed}
    if failed:
        dataset[_FAILED_SOPS] = {"vr": "SQ", "Value": failed}
    return dataset


def response_dataset(references: Sequence[Reference]) -> dict[str, Any]:
    """The Storage Commitment Response Module of the web service (PS3.18 J.2): no Transaction UID, that is in the path."""
    dataset = result_dataset("", references, "")
    return {tag: dataset[tag] for tag in (_FAILED_SOPS, _REFERENCED_SOPS) if tag in dataset}


def read_references(dataset: dict[str, Any]) -> list[Reference]:
    """The instances of a Storage Commitment Request Module (PS3.18 J.1), in either of its forms; raises InvalidInstance."""
    found = _references(dataset, _REFERENCED_SOPS)
    for study in _items(dataset, _STUDIES):
        for series in _items(study, _SERIES):
            for group in _items(series, _BY_SOP_CLASS):
                sop_class_uid = _uid(group, _SOP_CLASS_UID, "Referenced SOP Class UID")
                for item in _items(group, _INSTANCES):
                    uid = _uid(item, _SOP_INSTANCE_UID, "Referenced SOP Instance UID")
                    found.append(Reference(sop_class_uid, uid))
    if not found:
        raise InvalidInstance("the request names no instance")
    if len(found) > MAX_REFERENCES:
        raise TooManyReferences(
            f"{len(found)} instances in one request; the most is {MAX_REFERENCES}"
        )
    return found


def event_type_of(references: Iterable[Reference]) -> int:
    """1 when all are committed, otherwise 2 (SC-01)."""
    return ALL_COMMITTED if all(one.is_committed for one in references) else FAILURES_EXIST


def read_request(dataset: dict[str, Any]) -> tuple[str, list[Reference]]:
    """The Transaction UID and the instances of a request; raises InvalidInstance."""
    references = _references(dataset, _REFERENCED_SOPS)
    if not references:
        raise InvalidInstance("the request names no instance")
    return _uid(dataset, _TRANSACTION_UID, "Transaction UID"), references


def read_result(dataset: dict[str, Any]) -> tuple[str, list[Reference]]:
    """The Transaction UID of a result, and its instances with what became of each; raises InvalidInstance."""
    committed = [
        Reference(one.sop_class_uid, one.sop_instance_uid, COMMITTED)
        for one in _references(dataset, _REFERENCED_SOPS)
    ]
    failed = _references(dataset, _FAILED_SOPS, otherwise=PROCESSING_FAILURE)
    return _uid(dataset, _TRANSACTION_UID, "Transaction UID"), committed + failed


def _item(reference: Reference) -> dict[str, Any]:
    return {
        _SOP_CLASS_UID: {"vr": "UI", "Value": [reference.sop_class_uid]},
        _SOP_INSTANCE_UID: {"vr": "UI", "Value": [reference.sop_instance_uid]},
    }


def _reason_of(reference: Reference) -> int:
    return PROCESSING_FAILURE if reference.failure_reason is None else reference.failure_reason


def _references(dataset: dict[str, Any], tag: str, otherwise: int | None = None) -> list[Reference]:
    items = _items(dataset, tag)
    if len(items) > MAX_REFERENCES:
        raise TooManyReferences(
            f"{len(items)} instances in one request; the most is {MAX_REFERENCES}"
        )
    return [
        Reference(
            _uid(item, _SOP_CLASS_UID, "Referenced SOP Class UID"),
            _uid(item, _SOP_INSTANCE_UID, "Referenced SOP Instance UID"),
            otherwise if otherwise is None else _number(item, otherwise),
        )
        for item in items
    ]


def _items(dataset: dict[str, Any], tag: str) -> Sequence[dict[str, Any]]:
    attribute = dataset.get(tag, {})
    items: Sequence[dict[str, Any]] = (
        attribute.get("Value", ()) if attribute.get("vr") == "SQ" else ()
    )
    return items


def _number(item: dict[str, Any], otherwise: int) -> int:
    values = item.get(_FAILURE_REASON, {}).get("Value") or [otherwise]
    value = values[0]
    # A failure without a reason, or with one that would mean success, is a failure all the same.
    return value if isinstance(value, int) and 0 < value <= 0xFFFF else otherwise


def _uid(dataset: dict[str, Any], tag: str, name: str) -> str:
    values = dataset.get(tag, {}).get("Value") or [""]
    uid = str(values[0])
    if not _UID.fullmatch(uid):
        raise InvalidInstance(f"no {name}" if not uid else f"{uid[:80]!a} is no {name}")
    return uid
