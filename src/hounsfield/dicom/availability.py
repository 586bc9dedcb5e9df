"""Instance Availability Notification as a data set (PS3.4 table R.3.2-1, PS3.3 C.4.23)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

# PS3.3 C.4.23.1.1
Availability = Literal["ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"]


@dataclass(frozen=True, slots=True)
class AvailableInstance:
    """One instance that a notification speaks of."""

    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


def notification(
    study_instance_uid: str,
    instances: Iterable[AvailableInstance],
    availability: Availability,
    retrieve_ae_title: str,
) -> dict[str, Any]:
    """What is told of instances of one study; attributes beyond those of the table are forbidden (R.3.2.1.2)."""
    by_series: dict[str, list[Mapping[str, Any]]] = {}
    for one in instances:
        by_series.setdefault(one.series_instance_uid, []).append(
            {
                "00080054": {"vr": "AE", "Value": [retrieve_ae_title]},
                "00080056": {"vr": "CS", "Value": [availability]},
                "00081150": {"vr": "UI", "Value": [one.sop_class_uid]},
                "00081155": {"vr": "UI", "Value": [one.sop_instance_uid]},
            }
        )
    series = [
        {
            "00081199": {"vr": "SQ", "Value": items},
            "0020000E": {"vr": "UI", "Value": [series_instance_uid]},
        }
        for series_instance_uid, items in by_series.items()
    ]
    return {
        "00081111": {
            "vr": "SQ"
        },  # type 2: which procedure step made them the instances say themselves
        "00081115": {"vr": "SQ", "Value": series},
        "0020000D": {"vr": "UI", "Value": [study_instance_uid]},
    }
