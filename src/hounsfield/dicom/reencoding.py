"""Writes a data set as it lies in another encoding, element by element: no value is understood, none is lost.

Only VRs, lengths and the order of bytes change (PS3.5 sections 7.1, 7.3 and annex A), and what `Changes` says.
Text stays as its bytes, whatever character set it claims to be in.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from struct import pack
from typing import Literal

from hounsfield.dicom.part10 import PIXEL_DATA_TAGS, Buffer
from hounsfield.dicom.sequences import (
    EXPLICIT,
    IMPLICIT,
    ITEM,
    LENGTH,
    MAX_DEPTH,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    Encoding,
    Place,
    elements,
    items,
    may_be_signed,
)
from hounsfield.errors import InvalidInstance, NotAcceptable

Write = Callable[[bytes], object]

_SHORT = frozenset(vr.decode() for vr in SHORT_VRS)
# How many bytes of a value change places in the other byte order (PS3.5 7.3).
_SWAPPED = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
_NUL_PADDED = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UI", "UN"))
_BITS_ALLOCATED, _PIXEL_REPRESENTATION, _PIXEL_DATA = 0x00280100, 0x00280103, 0x7FE00010
_DECISIVE = frozenset((_BITS_ALLOCATED, _PIXEL_REPRESENTATION))
# A multiple of every size in _SWAPPED.
_CHUNK_BYTES = 1 << 20
_MAX_SHORT = 0xFFFE


@dataclass(frozen=True, slots=True)
class Fragments:
    """Compressed frames, a fragment each: their lengths, which are even, and their bytes one after the other."""

    lengths: tuple[int, ...]
    pieces: Iterable[bytes]

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where each item begins after the offset table (PS3.5 A.4)."""
        return tuple(accumulate((length + 8 for length in self.lengths[:-1]), initial=0))


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be different in what is written.

    Args:
        drop: attributes of this level that are left out.
        is_dropped: says the same of an attribute on any level, by the tags that lead to it.
        put: elements by tag, as (VR, value in little endian, already padded), instead of what is there.
        pixel_data: what stands in Pixel Data instead: its VR, its length without padding, its bytes in little endian.
        fragments: compressed frames that stand in Pixel Data instead; for explicit VR little endian only.
        of_item: gives the changes of an item in which there is encapsulated pixel data, by where the item lies.
    """

    drop: Collection[int] = frozenset()
    is_dropped: Callable[[tuple[int, ...]], bool] = lambda _path: False
    put: Mapping[int, tuple[str, bytes]] = field(default_factory=dict)
    pixel_data: tuple[str, int, Iterable[bytes]] | None = None
    fragments: Fragments | None = None
    of_item: "Callable[[int, int, Encoding], Changes] | None" = None


NO_CHANGES = Changes()


def reencode(
    buffer: Buffer,
    at: int,
    end: int,
    source: Encoding,
    target: Encoding,
    write: Write,
    changes: Changes = NO_CHANGES,
) -> None:
    """Write the data set from ``at`` to ``end`` in the ``target`` encoding; raises InvalidInstance, NotAcceptable.

    Large values go through in pieces; a sequence is whole in memory while its length is found out.
    """
    if not any(True for _ in elements(buffer, at, end, source)):
        raise InvalidInstance("there is nothing in it that can be read")
    _Reencoder(buffer, target, changes).dataset(at, end, source, write, (), changes)


class _Reencoder:
    def __init__(self, buffer: Buffer, target: Encoding, changes: Changes) -> None:
        self._buffer = buffer
        self._target = target
        self._is_dropped = changes.is_dropped
        self._of_item = changes.of_item

    def dataset(
        self,
        at: int,
        end: int,
        source: Encoding,
        write: Write,
        path: tuple[int, ...],
        changes: Changes,
        *,
        is_signed: bool = False,
    ) -> None:
        """One level; ``is_signed`` is what Pixel Representation (0028,0103) says around it."""
        places = list(elements(self._buffer, at, end, source))
        self._require_whole(places, at, end)
        numbers = {place.tag: place for place in places if place.tag in _DECISIVE}
        is_signed = self._number(numbers.get(_PIXEL_REPRESENTATION), source, int(is_signed)) == 1
        cell_bytes = self._number(numbers.get(_BITS_ALLOCATED), source, 16) // 8
        put = sorted(changes.put)
        for place in places:
            tag = place.tag
            while put and put[0] <= tag:
                self._put(put.pop(0), changes, write)
            inside = (*path, tag)
            # Group lengths are not true any more.
            if not tag & 0xFFFF or tag in changes.put or tag in changes.drop:
                continue
            if self._is_dropped(inside):
                continue
            if tag == _PIXEL_DATA and changes.fragments is not None:
                self._fragments(changes.fragments, write)
            elif tag == _PIXEL_DATA and changes.pixel_data is not None:
                self._pixel_data(changes.pixel_data, cell_bytes, write)
            else:
                signed = is_signed and source.is_implicit_vr and may_be_signed(tag)
                shown = place._replace(vr="SS") if signed else place
                self._element(shown, write, inside, cell_bytes, is_signed=is_signed)
        for tag in put:
            self._put(tag, changes, write)

    def _require_whole(self, places: list[Place], at: int, end: int) -> None:
        """The walker stops where it cannot read on; what lies behind must not be lost unseen."""
        after = at
        if places:
            last = places[-1]
            after = last.end + (8 if last.length == UNDEFINED else 0)
        if after > end or any(bytes(self._buffer[after:end])):
            raise InvalidInstance(f"a data set cannot be read from byte {after - at} on")

    def _number(self, place: Place | None, source: Encoding, default: int) -> int:
        if place is None or place.end - place.begin < 2:
            return default
        order: Literal["big", "little"] = "big" if source.is_big_endian else "little"
        return int.from_bytes(bytes(self._buffer[place.begin : place.begin + 2]), order)

    def _put(self, tag: int, changes: Changes, write: Write) -> None:
        vr, value = changes.put[tag]
        write(self._head(tag, vr, len(value)) + self._swapped(value, _SWAPPED.get(vr, 1), False))

    def _element(
        self, place: Place, write: Write, path: tuple[int, ...], cell_bytes: int, *, is_signed: bool
    ) -> None:
        tag, vr, begin, end, length, encoding = place
        if tag in PIXEL_DATA_TAGS and length == UNDEFINED:
            raise NotAcceptable("its compressed pixel data is not decoded here")
        if vr == "SQ":
            value = self._items(begin, end, encoding, path, is_signed=is_signed)
            # In implicit VR nobody knows a private sequence but by its undefined length.
            is_open = self._target.is_implicit_vr and bool(tag >> 16 & 1)
            write(self._head(tag, "SQ", UNDEFINED if is_open else len(value)) + value)
            if is_open:
                write(self._mark(SEQUENCE_END, 0))
            return
        if length == UNDEFINED:
            raise InvalidInstance(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) has no length")
        if tag == _PIXEL_DATA and vr == "OB" and cell_bytes > 1:
            # PS3.5 A.2: some senders call words bytes, and nobody reads them so.
            vr = "OW"
        size = _SWAPPED.get(vr, 1)
        if tag == _PIXEL_DATA and vr == "OW":
            size = max(size, cell_bytes)
        self._value(place._replace(vr=vr), size, write)

    def _items(
        self, at: int, end: int, encoding: Encoding, path: tuple[int, ...], *, is_signed: bool
    ) -> bytes:
        if len(path) > MAX_DEPTH // 2:
            raise InvalidInstance("sequences are nested too deep")
        value, after = bytearray(), at
        for begin, stop, inner in items(self._buffer, at, end, encoding):
            item = bytearray()
            changes = NO_CHANGES
            if self._of_item is not None and self._has_fragments(begin, stop, inner):
                changes = self._of_item(begin, stop, inner)
            self.dataset(begin, stop, inner, item.extend, path, changes, is_signed=is_signed)
            value += self._mark(ITEM, len(item)) + item
            length = LENGTH[encoding.is_big_endian].unpack_from(self._buffer, begin - 4)[0]
            after = stop + 8 if length == UNDEFINED else begin + length
        if after > end or any(bytes(self._buffer[after:end])):
            raise InvalidInstance(f"a sequence cannot be read from byte {after - at} on")
        return bytes(value)

    def _has_fragments(self, begin: int, stop: int, encoding: Encoding) -> bool:
        return any(
            place.tag == _PIXEL_DATA and place.length == UNDEFINED
            for place in elements(self._buffer, begin, stop, encoding)
        )

    def _value(self, place: Place, size: int, write: Write) -> None:
        tag, vr, begin, end, _length, encoding = place
        length = end - begin
        is_big = encoding.is_big_endian
        if vr in _SHORT and length > _MAX_SHORT and not self._target.is_implicit_vr:
            vr, size = "UN", 1  # PS3.5 6.2.2 note 2
        write(self._head(tag, vr, length + length % 2))
        for at in range(begin, end, _CHUNK_BYTES):
            chunk = bytes(self._buffer[at : min(at + _CHUNK_BYTES, end)])
            if len(chunk) % 2:
                chunk += b"\0" if vr in _NUL_PADDED else b" "
            write(self._swapped(chunk, size, is_big))

    def _pixel_data(
        self, given: tuple[str, int, Iterable[bytes]], cell_bytes: int, write: Write
    ) -> None:
        vr, length, pieces = given
        if length + length % 2 >= UNDEFINED:
            raise NotAcceptable(f"{length} bytes of pixels do not fit an element")
        size = max(_SWAPPED.get(vr, 1), cell_bytes if vr == "OW" else 1)
        write(self._head(_PIXEL_DATA, vr, length + length % 2))
        written, left = 0, b""
        for piece in pieces:
            written += len(piece)
            whole = left + piece if left else piece
            # Words that are cut between two pieces are swapped with the next.
            cut = len(whole) - len(whole) % 8
            write(self._swapped(whole[:cut], size, False))
            left = whole[cut:]
        if written != length:
            raise InvalidInstance(f"{written} bytes of pixels came where {length} were announced")
        write(self._swapped(left + b"\0" * (len(left) % 2), size, False))

    def _fragments(self, fragments: Fragments, write: Write) -> None:
        """PS3.5 A.4: the basic offset table, left empty where 32 bits are not enough, then an item for each frame."""
        write(self._head(_PIXEL_DATA, "OB", UNDEFINED))
        offsets = fragments.offsets
        table = b"" if offsets[-1] >= UNDEFINED else pack(f"<{len(offsets)}I", *offsets)
        write(self._mark(ITEM, len(table)) + table)
        left = iter(fragments.lengths)
        missing = 0
        for piece in fragments.pieces:
            at = 0
            while at < len(piece):
                if not missing:
                    missing = next(left, 0)
                    if not missing:
                        raise InvalidInstance("more bytes of frames came than were announced")
                    write(self._mark(ITEM, missing))
                part = piece[at : at + missing]
                write(part)
                at += len(part)
                missing -= len(part)
        if missing or next(left, 0):
            raise InvalidInstance("fewer bytes of frames came than were announced")
        write(self._mark(SEQUENCE_END, 0))

    def _swapped(self, value: bytes, size: int, is_big_endian: bool) -> bytes:
        if size == 1 or is_big_endian == self._target.is_big_endian:
            return value
        swapped = bytearray(value)
        whole = len(value) - len(value) % size
        for byte in range(size):
            swapped[byte:whole:size] = value[size - 1 - byte : whole : size]
        return bytes(swapped)

    def _mark(self, tag: int, length: int) -> bytes:
        return IMPLICIT[self._target.is_big_endian].pack(tag >> 16, tag & 0xFFFF, length)

    def _head(self, tag: int, vr: str, length: int) -> bytes:
        implicit, big, _ = self._target
        if implicit:
            return self._mark(tag, length)
        name = vr.encode("latin-1")
        if vr in _SHORT:
            return EXPLICIT[big].pack(tag >> 16, tag & 0xFFFF, name, length)
        return EXPLICIT[big].pack(tag >> 16, tag & 0xFFFF, name, 0) + LENGTH[big].pack(length)
