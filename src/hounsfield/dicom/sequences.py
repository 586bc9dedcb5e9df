"""Walks the elements and items of one nested level of a data set (PS3.5 sections 7.1 and 7.5).

Nothing here recurses and nothing is copied: what lies where is told by offsets.
"""

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from pydicom.datadict import dictionary_VR

from hounsfield.errors import InvalidInstance

if TYPE_CHECKING:
    from hounsfield.dicom.part10 import Buffer

UNDEFINED = 0xFFFFFFFF
# PS3.5 7.1.2: these have a 2-byte length; every other VR, also one not yet invented, has a 4-byte one.
SHORT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(),
)
KNOWN_VRS = SHORT_VRS | frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
VR_NAMES = {vr: vr.decode() for vr in KNOWN_VRS}
MAX_DEPTH = 128

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
EXPLICIT = {False: Struct("<HH2sH"), True: Struct(">HH2sH")}
IMPLICIT = {False: Struct("<HHI"), True: Struct(">HHI")}
LENGTH = {False: Struct("<I"), True: Struct(">I")}


class Unreadable(InvalidInstance):
    """The walker lost its way; a more patient reader may find it."""


class Encoding(NamedTuple):
    """How the elements of one level are written.

    ``is_from_un`` says that they lie in a UN of undefined length, which makes them implicit VR little
    endian (PS3.5 6.2.2 note 4); some senders leave them explicit.
    """

    is_implicit_vr: bool
    is_big_endian: bool
    is_from_un: bool = False


class Place(NamedTuple):
    """One element and where its value lies; ``length`` is as announced, ``encoding`` that of its items."""

    tag: int
    vr: str
    begin: int
    end: int
    length: int
    encoding: Encoding


OF_UN = Encoding(is_implicit_vr=True, is_big_endian=False, is_from_un=True)


def skip_undefined(  # noqa: C901 - the hot loop
    buffer: "Buffer", at: int, end: int, encoding: Encoding
) -> tuple[int, int]:
    """(offset after the delimiter, offset of it) of the value of undefined length that begins at ``at``.

    Serves sequences, encapsulated pixel data and UN. Items inside items are followed with an explicit
    stack, at most MAX_DEPTH deep.
    """
    stack = [(False, encoding)]  # (within an item?, encoding)
    while at + 8 <= end:
        in_item, encoding = stack[-1]
        big = encoding.is_big_endian
        group, element, length = IMPLICIT[big].unpack_from(buffer, at)
        tag, value_at = group << 16 | element, at + 8
        if tag == (ITEM_END if in_item else SEQUENCE_END):
            stack.pop()
            if not stack:
                return value_at, at
            at = value_at
            continue
        if not in_item:
            if tag != ITEM:
                raise Unreadable(f"({group:04X},{element:04X}) stands where an item should")
        elif not encoding.is_implicit_vr:
            _, _, vr, length = EXPLICIT[big].unpack_from(buffer, at)
            if vr not in SHORT_VRS:
                if not vr.isalpha() or at + 12 > end:
                    raise Unreadable(f"unreadable VR {vr!r} at ({group:04X},{element:04X})")
                length, value_at = LENGTH[big].unpack_from(buffer, at + 8)[0], at + 12
                if vr == b"UN":
                    encoding = OF_UN
        if length != UNDEFINED:
            at = value_at + length
            continue
        if len(stack) >= MAX_DEPTH:
            raise InvalidInstance(f"sequences are nested more than {MAX_DEPTH // 2} deep")
        at = value_at
        stack.append((not in_item, encoding if in_item else of_item(buffer, at, encoding)))
    raise InvalidInstance("a sequence is cut short")


def of_item(buffer: "Buffer", at: int, encoding: Encoding) -> Encoding:
    """How an item's elements are written whose content begins at ``at``, by the look of the first one.

    An item follows the data set around it, but implicit items in explicit data sets, and the reverse
    inside UN, are met in the field.
    """
    if encoding.is_implicit_vr and not encoding.is_from_un:
        return encoding
    vr = bytes(buffer[at + 4 : at + 6])
    if encoding.is_from_un:
        return Encoding(vr not in KNOWN_VRS, encoding.is_big_endian)
    return encoding if vr.isalpha() and vr.isupper() else encoding._replace(is_implicit_vr=True)


def elements(buffer: "Buffer", at: int, end: int, encoding: Encoding) -> Iterator[Place]:
    """The elements of one level, up to its end, to a delimiter, or to where it cannot be read on."""
    is_implicit, big, _ = encoding
    explicit = EXPLICIT[big].unpack_from
    implicit = IMPLICIT[big].unpack_from
    while at + 8 <= end:
        if is_implicit:
            group, element, length = implicit(buffer, at)
            tag, value_at = group << 16 | element, at + 8
            vr = _implicit_vr(tag, length)
        else:
            group, element, raw_vr, length = explicit(buffer, at)
            tag, value_at = group << 16 | element, at + 8
            if raw_vr not in SHORT_VRS:
                if not raw_vr.isalpha() or at + 12 > end:
                    return
                length, value_at = LENGTH[big].unpack_from(buffer, at + 8)[0], at + 12
            vr = raw_vr.decode("latin-1")
        if tag in (ITEM_END, SEQUENCE_END):
            return
        inner = encoding
        if length == UNDEFINED:
            if vr == "UN":
                vr, inner = "SQ", OF_UN
            try:
                at, value_end = skip_undefined(buffer, value_at, end, inner)
            except InvalidInstance:
                at = value_end = end
        else:
            at = value_end = min(value_at + length, end)
        yield Place(tag, vr, value_at, value_end, length, inner)


def items(
    buffer: "Buffer", at: int, end: int, encoding: Encoding
) -> Iterator[tuple[int, int, Encoding]]:
    """(begin, end, encoding) of each item's content in a sequence's value."""
    implicit = IMPLICIT[encoding.is_big_endian].unpack_from
    while at + 8 <= end:
        group, element, length = implicit(buffer, at)
        if group << 16 | element != ITEM:
            return
        begin = at + 8
        inner = of_item(buffer, begin, encoding)
        if length == UNDEFINED:
            stop = begin
            for place in elements(buffer, begin, end, inner):
                # What follows a value of undefined length is behind its delimiter.
                stop = place.end + 8 if place.length == UNDEFINED and place.end < end else place.end
            at = stop + 8
        else:
            at = stop = min(begin + length, end)
        yield begin, stop, inner


@lru_cache(maxsize=8192)
def vr_of(tag: int) -> str:
    """The VR of a tag by the dictionary; UN if it is not there.

    Where there is a choice: OW of OB and OW, as implicit VR has it (PS3.5 A.1), else the first.
    """
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return "UN"
    return "OW" if vr in {"OB or OW", "US or OW", "US or SS or OW"} else vr[:2]


@lru_cache(maxsize=8192)
def may_be_signed(tag: int) -> bool:
    """Whether Pixel Representation (0028,0103) decides if the value is US or SS (PS3.5 A.1)."""
    try:
        return dictionary_VR(tag) in {"US or SS", "US or SS or OW"}
    except KeyError:
        return False


def _implicit_vr(tag: int, length: int) -> str:
    if tag >> 16 & 1:
        if is_private_creator(tag):
            return "LO"
        return "SQ" if length == UNDEFINED else "UN"
    return vr_of(tag)


def is_private_creator(tag: int) -> bool:
    """Whether the element reserves a block of private elements (PS3.5 7.8.1)."""
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF < 0x100
