"""Where each frame's bytes lie in an instance (PS3.5 A.4, PS3.3 C.7.6.3)."""

import struct
from dataclasses import dataclass

from hounsfield.dicom.attributes import tag_of
from hounsfield.dicom.part10 import Buffer, Header
from hounsfield.dicom.sequences import UNDEFINED
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance, NotFound

_ITEM = struct.Struct("<HHI")
# First bytes of a JPEG family, JPEG 2000 and JPEG XL codestream: a fragment with them begins a frame.
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  ")
_FLOAT_BITS = {0x7FE00008: 32, 0x7FE00009: 64}


@dataclass(frozen=True, slots=True)
class FrameTable:
    """The fragments of every frame as absolute offsets in the stored file.

    ``fragments`` holds (offset, length) pairs, ``first_fragment[i]`` is where frame i's begin in it.
    ``bit_offset`` is for 1-bit frames that do not begin on a byte (PS3.5 8.1.1). For native frames the
    pairs are computed: ``first_offset`` and ``frame_bits`` are enough.
    """

    number_of_frames: int
    first_offset: int = 0
    frame_bits: int = 0
    fragments: tuple[tuple[int, int], ...] = ()
    first_fragment: tuple[int, ...] = ()

    @property
    def is_encapsulated(self) -> bool:
        return bool(self.fragments)

    def ranges(self, frame_index: int) -> tuple[tuple[int, int], ...]:
        """(offset, length) of the pieces that joined are frame ``frame_index`` (0-based); raises NotFound."""
        if not 0 <= frame_index < self.number_of_frames:
            raise NotFound(
                f"there is no frame {frame_index + 1}: the instance has {self.number_of_frames}"
            )
        if self.fragments:
            begin = self.first_fragment[frame_index]
            after = frame_index + 1
            end = (
                self.first_fragment[after] if after < self.number_of_frames else len(self.fragments)
            )
            return self.fragments[begin:end]
        first_bit = frame_index * self.frame_bits
        first, last = first_bit // 8, -(-(first_bit + self.frame_bits) // 8)
        return ((self.first_offset + first, last - first),)

    def bit_offset(self, frame_index: int) -> int:
        """How many bits of the first byte belong to the frame before."""
        return 0 if self.fragments else frame_index * self.frame_bits % 8

    def to_bytes(self) -> bytes:
        """A compact form for the index; ``from_bytes`` reads it."""
        numbers = [self.number_of_frames, self.first_offset, self.frame_bits, len(self.fragments)]
        numbers += [n for pair in self.fragments for n in pair]
        numbers += self.first_fragment
        return struct.pack(f"<{len(numbers)}Q", *numbers)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "FrameTable":
        numbers = struct.unpack(f"<{len(raw) // 8}Q", raw)
        count = numbers[3]
        flat = numbers[4 : 4 + 2 * count]
        pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
        return cls(numbers[0], numbers[1], numbers[2], pairs, tuple(numbers[4 + 2 * count :]))


def offsets(header: Header, buffer: Buffer) -> FrameTable | None:
    """Find the frames of an instance; None if it has no pixel data of its own.

    Reads the headers of fragments and the offset tables, never a pixel. Raises InvalidInstance where
    fragments run past the end of the file.
    """
    location = header.pixel_data
    if location is None or location.length == 0:
        return None
    count = max(_number(header, "NumberOfFrames"), 1)
    if location.length is not None:
        return _native(header, location.tag, location.value_offset, location.length, count)
    if not of(header.transfer_syntax_uid).is_encapsulated:
        raise InvalidInstance("pixel data of undefined length in a transfer syntax that has none")
    table, fragments = _fragments(buffer, location.value_offset)
    if not fragments:
        return None
    return FrameTable(
        len(first := _first_fragments(buffer, header, count, table, fragments)),
        fragments=tuple(fragments),
        first_fragment=first,
    )


def _number(header: Header, keyword: str) -> int:
    element = header.elements.get(tag_of(keyword))
    if element is None:
        return 0
    if element.vr == "US" and len(element.value) >= 2:
        return int(struct.unpack_from(">H" if header.is_big_endian else "<H", element.value)[0])
    try:
        return int(element.value.split(b"\\")[0].strip(b" \0") or 0)
    except ValueError:
        return 0


def _native(header: Header, tag: int, offset: int, length: int, count: int) -> FrameTable:
    if count > length * 8:
        count = 1  # more frames than bits
    bits = _FLOAT_BITS.get(tag) or _number(header, "BitsAllocated")
    samples = _number(header, "SamplesPerPixel") or 1
    pixels = _number(header, "Rows") * _number(header, "Columns")
    frame_bits = pixels * samples * bits
    is_422 = header.text(tag_of("PhotometricInterpretation")) in {"YBR_FULL_422", "YBR_PARTIAL_422"}
    if is_422 and frame_bits * count > length * 8:
        # PS3.3 C.7.6.3.1.2: two chroma values for two pixels; some write all three samples under this name.
        frame_bits = pixels * 2 * bits
    if not frame_bits or frame_bits * count > length * 8:
        # The attributes contradict the bytes: hand out what is there in equal shares.
        frame_bits = length // max(count, 1) * 8
    return FrameTable(count, offset, frame_bits)


def _fragments(buffer: Buffer, at: int) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """(basic offset table, [(offset, length) of each fragment])."""
    size = len(buffer)
    table: tuple[int, ...] = ()
    fragments: list[tuple[int, int]] = []
    is_first = True
    while at + 8 <= size:
        group, element, length = _ITEM.unpack_from(buffer, at)
        at += 8
        if (group, element) == (0xFFFE, 0xE0DD):
            return table, fragments
        if (group, element) != (0xFFFE, 0xE000) or length == UNDEFINED or at + length > size:
            break
        if is_first:
            count = length // 4
            table = struct.unpack_from(f"<{count}I", buffer, at)
        else:
            fragments.append((at, length))
        is_first = False
        at += length
    raise InvalidInstance("encapsulated pixel data is cut short: its fragments are not closed")


def _first_fragments(
    buffer: Buffer,
    header: Header,
    count: int,
    table: tuple[int, ...],
    fragments: list[tuple[int, int]],
) -> tuple[int, ...]:
    """The index of each frame's first fragment."""
    if count == 1:
        return (0,)
    if len(fragments) == count:
        return tuple(range(count))
    extended = header.elements.get(0x7FE00001)
    if extended and len(extended.value) == 8 * count:
        table = struct.unpack(f"<{count}Q", extended.value)
    # An offset counts from the first byte of the first fragment's item tag (PS3.5 A.4).
    base = fragments[0][0] - 8
    starts = {at - 8 - base: n for n, (at, _) in enumerate(fragments)}
    if len(table) == count and all(offset in starts for offset in table):
        return tuple(starts[offset] for offset in table)
    found = tuple(
        n for n, (at, _) in enumerate(fragments) if bytes(buffer[at : at + 12]).startswith(_STARTS)
    )
    if len(found) == count:
        return found
    # Nothing says which fragment belongs to which frame: as many frames as can be told apart.
    return tuple(range(min(count, len(fragments))))
