"""What an instance says of its look, read once and kept: the attributes that rendering needs, tables included."""

import base64
import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from pydicom import Dataset

from hounsfield.archive.forms.kept import Kept
from hounsfield.archive.retrieve import BulkData, Retrieve
from hounsfield.dicom.transfer_syntax import EXPLICIT_BIG
from hounsfield.errors import HounsfieldError, InvalidInstance
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.view import View, overlays_of, shutter_of

_MAX_KEPT = 512
_MAX_KEPT_BYTES = 64 << 20
# Look-up tables and overlays of all frames; more of it than this is no image anybody looks at.
_MAX_TABLE_BYTES = 64 << 20
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
_PER_FRAME = "52009230"
_PIXELS = frozenset({"7FE00008", "7FE00009", "7FE00010"})
# What the picture depends on.
_LOOK = frozenset(
    """
    00181164 00181600 00181602 00181604 00181606 00181608 00181610 00181612 00181620 00181622 00181623 00182010
    00280002 00280004 00280006 00280008 00280009 00280010 00280011 00280030 00280034 00280100 00280101
    00280102 00280103 00280120 00280121 00281050 00281051 00281052 00281053 00281056 00281101 00281102 00281103
    00281201 00281202 00281203 00281221 00281222 00281223 00283000 00283010 20500020 52009229 52009230
    """.split()
)
# What is told with it, or asked for now and then.
_WANTED = _LOOK | frozenset(
    """
    00080005 00080016 00080018 00080020 00080021 00080022 00080023 00080030 00080031 00080032 00080033 00080050
    00080060 00080070 00080080 00081030 0008103E 00082144 00100010 00100020 00100030 00100040 00180015 00180040 00180050
    00180060 00180080 00180081 00180088 00181063 00181065 00181151 00181152 0020000D 0020000E 00200010 00200011
    00200013 00200032 00200037 00200052 00282000 00282110 00480105
    """.split()
)


def dataset_from(attributes: dict[str, Any]) -> Dataset:
    """A data set of DICOM JSON, without its pixels and what cannot be read."""
    dataset = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is odd in it was stored so
        for tag, element in attributes.items():
            if tag in _PIXELS:
                continue
            # What one writer got wrong somewhere is no reason not to show the image.
            with contextlib.suppress(*_UNREADABLE):
                dataset.update(Dataset.from_json({tag: element}))
    return dataset


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The attributes of one instance that say how its frames look, as DICOM JSON without references."""

    attributes: dict[str, Any]
    transfer_syntax_uid: str
    size_bytes: int

    def dataset(self, frame_index: int = 0, *, look_only: bool = False) -> Dataset:
        """The attributes as a data set with the functional groups of this frame only, or of them what changes its look."""
        attributes = {
            tag: one for tag, one in self.attributes.items() if not look_only or _changes_look(tag)
        }
        groups = attributes.get(_PER_FRAME, {}).get("Value", ())
        if groups:
            mine = groups[frame_index : frame_index + 1]
            attributes[_PER_FRAME] = {"vr": "SQ", "Value": mine}
        return dataset_from(attributes)

    def image(self, dataset: Dataset) -> ImagePixelDescription:
        """How its pixels lie and what they mean; ``dataset`` is that of the frame."""
        vr = next((self.attributes[tag]["vr"] for tag in _PIXELS if tag in self.attributes), "")
        return ImagePixelDescription.from_dataset(dataset, self.transfer_syntax_uid, 0, pixel_vr=vr)


@dataclass(frozen=True, slots=True)
class FrameLook:
    """One frame's description and view."""

    image: ImagePixelDescription
    view: View


class ImageHeaders:
    """Reads headers of images and keeps the latest; may be called from many threads."""

    def __init__(self, retrieve: Retrieve) -> None:
        self._retrieve = retrieve
        self._headers: Kept[ImageHeader] = Kept(
            _MAX_KEPT, _MAX_KEPT_BYTES, lambda header: header.size_bytes
        )
        self._looks: Kept[FrameLook] = Kept(
            _MAX_KEPT, _MAX_KEPT_BYTES, lambda look: 4096 + _table_bytes(look.view)
        )

    def of(self, location: InstanceLocation) -> ImageHeader:
        """The header of an instance; raises InvalidInstance."""
        key = (location.sha256, 0)
        header = self._headers.get(key)
        if header is None:
            header = self._read(location)
            self._headers.put(key, header)
        return header

    def look(self, location: InstanceLocation, frame_index: int) -> FrameLook:
        """How a frame is to be shown by what the instance itself says; raises InvalidInstance."""
        key = (location.sha256, frame_index)
        look = self._looks.get(key)
        if look is None:
            header = self.of(location)
            dataset = header.dataset(frame_index, look_only=True)
            look = FrameLook(header.image(dataset), _own_view(dataset, frame_index))
            self._looks.put(key, look)
        return look

    def dataset(self, location: InstanceLocation, frame_index: int = 0) -> Dataset:
        """What an instance says of itself beside one of its frames; raises InvalidInstance."""
        return self.of(location).dataset(frame_index)

    def _read(self, location: InstanceLocation) -> ImageHeader:
        attributes = attributes_of(self._retrieve, location, _is_wanted)
        # Python's own objects take several times what the text takes.
        size = len(orjson.dumps(attributes)) * 4
        return ImageHeader(attributes, location.transfer_syntax_uid, size)


def _is_wanted(tag: str) -> bool:
    return tag in _WANTED or _is_of_overlay(tag)


def _changes_look(tag: str) -> bool:
    return tag in _LOOK or _is_of_overlay(tag)


def _is_of_overlay(tag: str) -> bool:
    return tag[:3] in {"600", "601"}  # groups 6000 to 601E


def attributes_of(
    retrieve: Retrieve, location: InstanceLocation, is_wanted: Callable[[str], bool]
) -> dict[str, Any]:
    """The DICOM JSON of an instance with values in the place of references; of its pixels only the VR."""

    def bulk(path: str) -> bytes:
        found: BulkData = retrieve.bulk_data(location, path)
        if found.content is not None:
            return found.content
        if found.length > _MAX_TABLE_BYTES:
            raise InvalidInstance("a table of it is too large")
        with retrieve.open_instance(location) as stored:
            return stored.read_at(found.offset, found.length)

    every = orjson.loads(retrieve.instance_metadata(location))
    attributes = {tag: one for tag, one in every.items() if is_wanted(tag) and tag not in _PIXELS}
    resolver = _Resolver(bulk, is_swapped=location.transfer_syntax_uid == EXPLICIT_BIG)
    resolver.resolve(attributes)
    return attributes | {tag: {"vr": every[tag]["vr"]} for tag in _PIXELS if tag in every}


def _own_view(dataset: Dataset, frame_index: int) -> View:
    try:
        shutter = shutter_of(dataset)
    except HounsfieldError:
        shutter = None
    return View(overlays=overlays_of(dataset, frame_index), shutter=shutter)


def _table_bytes(view: View) -> int:
    return sum(len(overlay.data or b"") for overlay in view.overlays)


class _Resolver:
    """Puts the values in the place of references to them."""

    def __init__(self, read: Callable[[str], bytes], *, is_swapped: bool) -> None:
        self._read = read
        self._is_swapped = is_swapped
        self._left = _MAX_TABLE_BYTES

    def resolve(self, attributes: dict[str, Any]) -> None:
        for element in attributes.values():
            uri = element.pop("BulkDataURI", None)
            if uri is not None:
                content = self._read(uri.rpartition("/bulkdata/")[2])
                self._left -= len(content)
                if self._left < 0:
                    raise InvalidInstance("its tables are too large")
                if self._is_swapped and element["vr"] == "OW":
                    swapped = bytearray(content)
                    whole = len(content) // 2 * 2
                    swapped[0:whole:2], swapped[1:whole:2] = content[1:whole:2], content[0:whole:2]
                    content = bytes(swapped)
                element["InlineBinary"] = base64.b64encode(content).decode()
            elif element["vr"] == "SQ":
                for item in element.get("Value", ()):
                    self.resolve(item)
