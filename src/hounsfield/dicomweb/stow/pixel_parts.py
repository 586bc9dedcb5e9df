"""What parts of bulk data are as pixel data: in which transfer syntax, and with which attributes (PS3.18 8.7.3.3, 10.5.2)."""

from collections.abc import Callable, Sequence
from typing import Any

from hounsfield.dicom.consumer_formats import (
    FORMATS,
    PIXEL_DATA,
    SOP_CLASSES,
    DataSet,
    completed,
    described,
    number_of,
    value_of,
)
from hounsfield.dicom.instance_writing import Bulk, Encapsulated, Frames, Given
from hounsfield.dicom.mp4 import read_video
from hounsfield.dicom.part10 import Buffer
from hounsfield.dicom.transfer_syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, TRANSFER_SYNTAXES, of
from hounsfield.dicomweb.stow.bulk_data import ITEM_TAG, Part
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.photographs import (
    Photograph,
    decoded_bytes,
    jpeg_as_it_is,
    stream_attributes,
    transfer_syntax_of,
)
from hounsfield.pixels.pool import DecodePool

# Reads a JPEG or PNG file: its media type, whether it may be turned, its bytes.
ReadPhotograph = Callable[[str, bool, bytes], Photograph]
Value = tuple[DataSet, str, Given]

_OCTETS = frozenset({"", "application/octet-stream"})
_MAX_DECODED_BYTES = 1 << 30
_ROWS, _COLUMNS, _SAMPLES, _FRAMES = "00280010", "00280011", "00280002", "00280008"
_BITS_ALLOCATED = "00280100"


def reader_in(pool: DecodePool) -> ReadPhotograph:
    """Reads photographs in the pool, but for JPEG files that need no decoding."""

    def read(media_type: str, may_turn: bool, content: bytes) -> Photograph:
        if media_type == "image/jpeg":
            kept = jpeg_as_it_is(content, may_turn=may_turn)
            if kept is not None:
                return kept
        size = decoded_bytes(media_type, content)
        told, pixels = pool.run("photograph", media_type, may_turn, content, makes_bytes=size)
        syntax, attributes = told
        return Photograph(
            syntax, {tag: (vr, value) for tag, (vr, value) in attributes.items()}, pixels
        )

    return read


def pixel_value(
    dataset: DataSet, syntax: str, parts: Sequence[Part], buffer: Buffer, read: ReadPhotograph
) -> Value:
    """(the data set with what the pixels say, transfer syntax, pixel data); raises InvalidInstance, NotAcceptable.

    ``syntax`` is the transfer syntax that the metadata tells, "" if none.
    """
    media_type = parts[0].media_type
    if any(part.media_type != media_type for part in parts):
        raise InvalidInstance("its frames come in different media types")
    syntax = parts[0].transfer_syntax_uid or syntax
    if syntax == EXPLICIT_BIG or (syntax and syntax not in TRANSFER_SYNTAXES):
        raise NotAcceptable(f"pixel data is not taken in the transfer syntax {syntax[:64]}")
    places = [Bulk(buffer, part.offset, part.length) for part in parts]
    if media_type in _OCTETS:
        return _octets(dataset, syntax, places)
    is_file = not syntax and value_of(dataset, "00080016") in {None, *SOP_CLASSES}
    if media_type == "image/png" or (media_type == "image/jpeg" and is_file):
        return _photographs(dataset, media_type, places, read)
    if media_type.startswith("video/"):
        return _video(dataset, media_type, syntax, places[0])
    return _compressed(dataset, media_type, syntax, places)


def icon_value(syntax: str, part: Part, buffer: Buffer) -> Given:
    """Pixel data inside a sequence, in an instance of this transfer syntax; raises NotAcceptable."""
    place = Bulk(buffer, part.offset, part.length)
    is_compressed = of(syntax).is_encapsulated
    if part.media_type in _OCTETS and part.head != ITEM_TAG:
        return place
    if is_compressed and part.head == ITEM_TAG:
        return Encapsulated(place)
    if is_compressed and part.media_type == of(syntax).media_type:
        return Frames([place])
    raise NotAcceptable("pixel data inside a sequence is in another transfer syntax than the image")


def _octets(dataset: DataSet, syntax: str, places: list[Bulk]) -> Value:
    first = places[0]
    if syntax and of(syntax).is_encapsulated:
        if bytes(first.buffer[first.offset : first.offset + 4]) == ITEM_TAG:
            return dataset, syntax, Encapsulated(first)
        _require_frames(dataset, len(places))
        return dataset, syntax, Frames(places)
    bits = number_of(dataset, _BITS_ALLOCATED)
    cells = number_of(dataset, _ROWS) * number_of(dataset, _COLUMNS) * bits
    samples = number_of(dataset, _SAMPLES) or 1
    if samples == 3 and str(value_of(dataset, "00280004")).endswith(("_422", "_420")):
        samples = 2 if str(value_of(dataset, "00280004")).endswith("_422") else 1
    needed = -(-cells * samples * (number_of(dataset, _FRAMES) or 1) // 8)
    if first.length < needed:
        raise InvalidInstance(f"pixel data has {first.length} bytes where {needed} are needed")
    return _with_pixels(dataset, "OW" if bits > 8 else "OB"), EXPLICIT_LITTLE, first


def _compressed(dataset: DataSet, media_type: str, syntax: str, places: list[Bulk]) -> Value:
    frame = _bytes(places[0])
    if not syntax or not of(syntax).is_encapsulated:
        syntax = transfer_syntax_of(frame, media_type)
    if of(syntax).media_type != media_type:
        raise NotAcceptable(f"{of(syntax).name} is not {media_type}")
    _require_frames(dataset, len(places))
    told = stream_attributes(frame, media_type)
    _require_same(dataset, told)
    made = _consumed(completed(dataset, told), media_type, places[0].length)
    return _with_pixels(made, "OB"), syntax, Frames(places)


def _photographs(
    dataset: DataSet, media_type: str, places: list[Bulk], read: ReadPhotograph
) -> Value:
    may_turn = _ROWS not in dataset and len(places) == 1
    pictures: list[Photograph] = []
    size = 0
    for place in places:
        pictures.append(read(media_type, may_turn, _bytes(place)))
        size += len(pictures[-1].pixels or b"")
        if size > _MAX_DECODED_BYTES:
            raise InvalidInstance("its pictures have too many pixels")
    first = pictures[0]
    shape = {(one.transfer_syntax_uid, *map(repr, _shape(one.attributes))) for one in pictures}
    if len(shape) > 1:
        raise InvalidInstance("its pictures differ in size or kind")
    _require_frames(dataset, len(places))
    _require_same(dataset, first.attributes)
    made = dataset | {
        # What the file is counts, as far as it says it: nobody can read its pixels by anything else.
        tag: {"vr": vr, "Value": value if isinstance(value, list) else [value]}
        for tag, (vr, value) in first.attributes.items()
    }
    made = _consumed(made, media_type, places[0].length)
    if first.pixels is None:
        return _with_pixels(made, "OB"), first.transfer_syntax_uid, Frames(places)
    pixels = b"".join(one.pixels or b"" for one in pictures)
    vr = "OW" if number_of(made, _BITS_ALLOCATED) > 8 else "OB"
    return _with_pixels(made, vr), first.transfer_syntax_uid, Bulk(pixels, 0, len(pixels))


def _video(dataset: DataSet, media_type: str, syntax: str, place: Bulk) -> Value:
    told: dict[str, tuple[str, Any]] = {
        "00280002": ("US", 3),
        "00280004": ("CS", "YBR_PARTIAL_420"),
        "00280006": ("US", 0),
        "00280100": ("US", 8),
        "00280101": ("US", 8),
        "00280102": ("US", 7),
        "00280103": ("US", 0),
        "00282110": ("CS", "01"),
    }
    if media_type == "video/mp4":
        video = read_video(place.buffer, place.offset, place.length)
        told |= {_ROWS: ("US", video.rows), _COLUMNS: ("US", video.columns)}
        if video.number_of_frames:
            told[_FRAMES] = ("IS", str(video.number_of_frames))
        if video.number_of_frames and video.duration_s:
            rate = video.number_of_frames / video.duration_s
            told["00181063"] = ("DS", f"{1000 / rate:.6g}")
            told["00280009"] = ("AT", "00181063")
        syntax = syntax if syntax and of(syntax).is_encapsulated else video.transfer_syntax_uid
    elif not syntax:
        raise NotAcceptable(f"{media_type} needs a transfer-syntax")
    if of(syntax).media_type != media_type:
        raise NotAcceptable(f"{of(syntax).name} is not {media_type}")
    made = _consumed(completed(dataset, told), media_type, place.length)
    if not number_of(made, _ROWS) or not number_of(made, _FRAMES):
        raise InvalidInstance("its metadata does not tell Rows, Columns and Number of Frames")
    return _with_pixels(made, "OB"), syntax, Frames([place])


def _consumed(dataset: DataSet, media_type: str, length: int) -> DataSet:
    """With what the SOP class for such files asks for, where it is that class or the sender named none."""
    sop_class = value_of(dataset, "00080016")
    if media_type in FORMATS and (sop_class is None or sop_class in SOP_CLASSES):
        return described(dataset, media_type, length)
    return dataset


def _require_frames(dataset: DataSet, count: int) -> None:
    wanted = number_of(dataset, _FRAMES) or 1
    if count != wanted:
        raise InvalidInstance(f"it has {wanted} frames and {count} parts of pixel data")


def _require_same(dataset: DataSet, told: dict[str, tuple[str, Any]]) -> None:
    for tag, name in ((_ROWS, "Rows"), (_COLUMNS, "Columns"), (_SAMPLES, "Samples per Pixel")):
        said = number_of(dataset, tag)
        if said and tag in told and said != told[tag][1]:
            raise InvalidInstance(f"{name} is {said}, in the picture {told[tag][1]}")


def _shape(attributes: dict[str, tuple[str, Any]]) -> list[Any]:
    return [attributes.get(tag) for tag in (_ROWS, _COLUMNS, _SAMPLES, _BITS_ALLOCATED)]


def _with_pixels(dataset: DataSet, vr: str) -> DataSet:
    return dataset | {PIXEL_DATA: dataset[PIXEL_DATA] | {"vr": vr}}


def _bytes(place: Bulk) -> bytes:
    return bytes(place.buffer[place.offset : place.offset + place.length])
