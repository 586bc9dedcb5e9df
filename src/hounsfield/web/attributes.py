"""A data set as a tree that people can read: the tag browser's answer."""

import io
from typing import Any

import pydicom
from pydicom.datadict import dictionary_description, keyword_for_tag, private_dictionary_description
from pydicom.dataset import Dataset

from hounsfield.dicom.part10 import Buffer
from hounsfield.errors import InvalidInstance
from hounsfield.web.models import Attribute

_MAX_VALUE = 1024
_MAX_ITEMS = 200
_MAX_DEPTH = 32
_BYTES = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})


def attribute_tree(buffer: Buffer) -> list[Attribute]:
    """All attributes, file meta information first; long values are cut. Raises InvalidInstance."""
    try:
        # Not deferred: values are read from memory that ends with this call.
        dataset = pydicom.dcmread(io.BytesIO(buffer), force=True, stop_before_pixels=True)
        return _level(dataset.file_meta, 0) + _level(dataset, 0)
    except Exception as problem:
        raise InvalidInstance(f"the data set cannot be shown: {problem}") from problem


def _level(dataset: Dataset, depth: int) -> list[Attribute]:
    shown = []
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
        except Exception as problem:  # noqa: BLE001 - one unreadable value must not hide the others
            raw = dataset.get_item(tag)
            shown.append(
                _row(
                    dataset,
                    tag,
                    getattr(raw, "VR", None) or "UN",
                    0,
                    f"unreadable: {problem}",
                    None,
                )
            )
            continue
        items = None
        if element.VR == "SQ":
            value, length = f"{len(element.value)} items", len(element.value)
            items = (
                [_level(item, depth + 1) for item in element.value[:_MAX_ITEMS]]
                if depth < _MAX_DEPTH
                else []
            )
        else:
            value, length = _text(element.VR, element.value)
        shown.append(_row(dataset, tag, element.VR, length, value, items))
    return shown


def _row(
    dataset: Dataset,
    tag: Any,
    vr: str,
    length: int,
    value: str,
    items: list[list[Attribute]] | None,
) -> Attribute:
    return Attribute(
        tag=f"({tag.group:04X},{tag.element:04X})",
        keyword=keyword_for_tag(tag),
        name=_name(dataset, tag),
        vr=vr,
        length=length,
        value=value,
        items=items,
    )


def _name(dataset: Dataset, tag: Any) -> str:
    try:
        if tag.is_private:
            creator = dataset.get((tag.group, tag.element >> 8))
            return (
                str(private_dictionary_description(tag, str(creator.value)))
                if creator
                else "Private"
            )
        return dictionary_description(tag)
    except KeyError:
        return "Private" if tag.is_private else "Unknown"


def _text(vr: str, value: Any) -> tuple[str, int]:
    if value is None:
        return "", 0
    if vr in _BYTES and isinstance(value, bytes):
        shown = value[:32].hex(" ")
        return (f"{shown} …" if len(value) > 32 else shown), len(value)
    text = (
        "\\".join(map(str, value))
        if isinstance(value, (list, pydicom.multival.MultiValue))
        else str(value)
    )
    return (text[:_MAX_VALUE] + "…" if len(text) > _MAX_VALUE else text), len(text)
