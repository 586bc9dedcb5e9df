"""What of data sets is answered: the attributes that paths lead to, with their private creators (PS3.18 8.3.4.3)."""

from collections.abc import Iterable, Iterator

from hounsfield.dicom.json_reading import DataSet
from hounsfield.dicomweb.query_parameters import Path


def creator_of(tag: int) -> str | None:
    """The tag of the Private Creator to which a private element belongs (PS3.5 7.8.1)."""
    if not tag >> 16 & 1 or tag & 0xFFFF < 0x1000:
        return None
    return f"{tag & 0xFFFF0000 | tag >> 8 & 0xFF:08X}"


def selected(dataset: DataSet, paths: Iterable[Path]) -> DataSet:
    """The members of a data set in the DICOM JSON model that the paths lead to, in items those within (QIDO-05)."""
    below: dict[str, set[Path]] = {}
    for path in paths:
        for name in _names(path[0]):
            below.setdefault(name, set()).add(path[1:])
    return {
        tag: selected_of(element, below[tag]) for tag, element in dataset.items() if tag in below
    }


def selected_of(element: DataSet, paths: Iterable[Path]) -> DataSet:
    """A sequence with only those members in its items that the paths lead to; whole for the empty path."""
    wanted = frozenset(paths)
    if element.get("vr") != "SQ" or () in wanted:
        return element
    kept = [selected(item or {}, wanted) for item in element.get("Value", ())]
    return {"vr": "SQ", "Value": kept} if kept else {"vr": "SQ"}


def _names(tag: int) -> Iterator[str]:
    """The tag of an attribute, and that of its creator."""
    yield f"{tag:08X}"
    creator = creator_of(tag)
    if creator is not None:
        yield creator
