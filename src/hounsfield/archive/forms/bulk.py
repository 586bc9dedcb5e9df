"""Frames, pixel data and long values of instances, as the web wants them (PS3.18 8.7.3, 10.4.1.1.5, 10.4.1.1.6).

Frames that are stored native are given in little endian, each beginning on a byte; compressed ones as the bare
codestream, or decoded. Only the bytes of what is asked for are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from hounsfield.archive.forms.kept import Kept
from hounsfield.archive.forms.octets import Octets
from hounsfield.archive.forms.quick_copies import HTJ2K, QuickCopies
from hounsfield.archive.forms.transcoding import IMAGE_TAGS, image_of
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dicom.frames import FrameTable
from hounsfield.dicom.json_model import little_endian
from hounsfield.dicom.part10 import PIXEL_DATA_TAGS, read_header
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE, of
from hounsfield.errors import InvalidInstance, NotAcceptable, NotFound
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.codecs.misread import is_misread, may_be_misread
from hounsfield.pixels.codecs.native import is_decodable
from hounsfield.pixels.pool import DecodePool

OCTETS = "application/octet-stream"
_BIT = 8
_MAX_KEPT = 4096
_MOST_AT_ONCE_BYTES = 64 << 20  # of what is decoded for one answer


def stored_syntax(location: InstanceLocation) -> str:
    """The transfer syntax of frames and values as they are given: native ones are little endian, with explicit VRs."""
    syntax = of(location.transfer_syntax_uid)
    return syntax.uid if syntax.is_encapsulated else EXPLICIT_LITTLE


class Bulk:
    """Reads from one archive; decodes in a pool of processes."""

    def __init__(
        self, retrieve: Retrieve, pool: DecodePool, copies: QuickCopies | None = None
    ) -> None:
        self._retrieve = retrieve
        self._copies = copies
        self._pool = pool
        self._misread: Kept[bool] = Kept(_MAX_KEPT, _MAX_KEPT, lambda _: 1)

    def better(self, location: InstanceLocation, frames: Sequence[Octets]) -> str:
        """The transfer syntax that is better for browsers than the stored one; "" where that is good."""
        if self.is_misread(location, frames):
            return EXPLICIT_LITTLE
        if self._copies is not None and self._copies.frame(location, 0) is not None:
            return HTJ2K
        return ""

    def is_misread(self, location: InstanceLocation, frames: Sequence[Octets]) -> bool:
        """Whether browsers would make other pixels of these frames than are in them; the first tells."""
        if not may_be_misread(location.transfer_syntax_uid) or not frames:
            return False
        known = self._misread.get(location.sha256)
        if known is None:
            with self._retrieve.open_instance(location) as stored, stored.map() as buffer:
                header = read_header(buffer, tags=IMAGE_TAGS)
            known = is_misread(b"".join(frames[0].read()), image_of(header))
            self._misread.put(location.sha256, known)
        return known

    def frames(self, location: InstanceLocation, numbers: Sequence[int]) -> list[Octets]:
        """Frames as they are stored; raises NotFound for a number that the instance does not have.

        ``location`` was asked for with its frame table.
        """
        table, opens = self._retrieve.frames(location)
        if table is None:
            raise NotFound("this instance has no frames")
        syntax = of(location.transfer_syntax_uid)
        media_type = syntax.media_type if table.is_encapsulated else OCTETS
        made = [
            Octets(f"frames/{number}", media_type, stored_syntax(location), opens, places)
            for number in numbers
            for places in [table.ranges(number - 1)]
        ]
        if not table.is_encapsulated and (syntax.is_big_endian or table.frame_bits % _BIT):
            cell_bytes = self._cell_bytes(location) if syntax.is_big_endian else 1
            return [
                _in_order(octets, table, number - 1, cell_bytes)
                for octets, number in zip(made, numbers, strict=True)
            ]
        return made

    def can_decode(self, location: InstanceLocation) -> bool:
        """Whether compressed frames of the instance can be had native."""
        return is_decodable(location.transfer_syntax_uid)

    def written(
        self, location: InstanceLocation, frames: Sequence[Octets], wanted: str
    ) -> list[Octets]:
        """Frames decoded or in another codec; raises InvalidInstance and NotAcceptable.

        Many large ones are decoded when they are taken, all but the first, so that they are never together in memory.
        """
        with self._retrieve.open_instance(location) as stored, stored.map() as buffer:
            header = read_header(buffer, tags=IMAGE_TAGS)
        image = image_of(header)
        size = image.rows * image.columns * image.samples_per_pixel * image.bits_allocated // _BIT
        vr = header.pixel_data.vr if header.pixel_data else "OW"
        lies = replace(image, transfer_syntax_uid=stored_syntax(location), pixel_vr=vr)

        def content(octets: Octets) -> bytes:
            if wanted == HTJ2K and self._copies is not None:
                number = int(octets.path.rpartition("/")[2])
                if copy := self._copies.frame(location, number - 1):
                    return copy
            frame = b"".join(octets.read())
            if wanted == EXPLICIT_LITTLE:
                return self._pool.run("native", frame, image, makes_bytes=size)[1]
            return self._pool.run("encode", frame, lies, 0, wanted, 0, makes_bytes=2 * size)[1]

        made: list[Octets] = []
        made_bytes = 0
        for octets in frames:
            form = replace(octets, media_type=of(wanted).media_type, transfer_syntax_uid=wanted)
            if made and made_bytes + size > _MOST_AT_ONCE_BYTES:
                if wanted != EXPLICIT_LITTLE:
                    raise NotAcceptable("so many frames are not given in another codec at once")
                length = len(made[0].content or b"")
                made.append(replace(form, makes=partial(content, octets), made_bytes=length))
                continue
            made.append(replace(form, content=content(octets)))
            made_bytes += len(made[-1].content or b"")
        return made

    def pixel_data(self, location: InstanceLocation) -> list[Octets]:
        """The pixel data of an instance: compressed frames one by one, native ones as they lie, all in one."""
        table, opens = self._retrieve.frames(location)
        if table is None:
            raise NotFound("this instance has no pixel data")
        numbers = range(1, table.number_of_frames + 1)
        if table.is_encapsulated or of(location.transfer_syntax_uid).is_big_endian:
            return self.frames(location, numbers)
        length = -(-table.number_of_frames * table.frame_bits // _BIT)
        places = ((table.first_offset, length),)
        return [Octets("pixeldata", OCTETS, EXPLICIT_LITTLE, opens, places)]

    def value(self, location: InstanceLocation, path: str) -> list[Octets]:
        """The value at a path of the metadata; that of compressed pixel data is its frames. Raises NotFound."""
        name = f"bulkdata/{path}"
        if _is_pixel_data(path) and of(location.transfer_syntax_uid).is_encapsulated:
            frames = self.pixel_data(location)
            return [replace(one, path=name) for one in frames] if len(frames) == 1 else frames
        found = self._retrieve.bulk_data(location, path)
        syntax = of(location.transfer_syntax_uid)
        if found.content is not None:
            return [Octets(name, OCTETS, EXPLICIT_LITTLE, content=found.content)]
        places = ((found.offset, found.length),)
        octets = Octets(
            name, OCTETS, EXPLICIT_LITTLE, lambda: self._retrieve.open_instance(location), places
        )
        if not syntax.is_big_endian:
            return [octets]
        return [replace(octets, content=little_endian(b"".join(octets.read()), found.vr))]

    def values(self, location: InstanceLocation) -> Iterator[Octets]:
        """All values of an instance that its metadata gives by address, those inside sequences too."""
        dataset = orjson.loads(self._retrieve.instance_metadata(location))
        for path in _paths(dataset, ""):
            yield from self.value(location, path)

    def _cell_bytes(self, location: InstanceLocation) -> int:
        with self._retrieve.open_instance(location) as stored, stored.map() as buffer:
            header = read_header(buffer, tags=IMAGE_TAGS)
        if header.pixel_data is not None and header.pixel_data.vr != "OW":
            return {"OF": 4, "OD": 8}.get(header.pixel_data.vr, 1)
        return max(image_of(header).bits_allocated // _BIT, 2)


def whole_in_one(location: InstanceLocation, octets: Sequence[Octets]) -> Octets:
    """Several runs of one value as one, where they lie in the same object, such as the fragments of a video."""
    if len(octets) == 1:
        return octets[0]
    if of(location.transfer_syntax_uid).media_type.startswith("video/") and octets[0].places:
        places = tuple(place for one in octets for place in one.places)
        return replace(octets[0], places=places)
    raise NotAcceptable("it is several values, given as multipart/related")


def _is_pixel_data(path: str) -> bool:
    try:
        return int(path, 16) in PIXEL_DATA_TAGS
    except ValueError:
        return False


def _in_order(octets: Octets, table: FrameTable, frame_index: int, cell_bytes: int) -> Octets:
    """A native frame with its first bit first, and its cells in little endian."""
    if table.frame_bits % _BIT:
        length = -(-table.frame_bits // _BIT)

        def shifted() -> bytes:
            bits = int.from_bytes(b"".join(octets.read()), "little")
            bits = bits >> table.bit_offset(frame_index) & ((1 << table.frame_bits) - 1)
            return bits.to_bytes(length, "little")

        return replace(octets, makes=shifted, made_bytes=length)
    vr = {1: "OB", 2: "OW", 4: "OF", 8: "OD"}.get(cell_bytes)
    if vr is None:
        raise InvalidInstance(f"cells of {cell_bytes} bytes have no order of bytes")
    # Of 8-bit pixels a frame may begin or end inside a word, whose other half is the neighbour's or padding.
    ((offset, length),) = octets.places
    before = (offset - table.first_offset) % cell_bytes
    after = -(before + length) % cell_bytes
    whole = replace(octets, places=((offset - before, before + length + after),))

    def swapped() -> bytes:
        return little_endian(b"".join(whole.read()), vr)[before : before + length]

    return replace(octets, makes=swapped, made_bytes=length)


def _paths(dataset: dict[str, Any], before: str) -> Iterator[str]:
    for tag, element in dataset.items():
        if "BulkDataURI" in element:
            yield before + tag
        elif element.get("vr") == "SQ":
            for n, item in enumerate(element.get("Value", ())):
                yield from _paths(item, f"{before}{tag}/{n}/")
