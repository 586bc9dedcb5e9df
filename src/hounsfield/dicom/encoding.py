"""Writes data sets in any uncompressed transfer syntax from the DICOM JSON model (PS3.5 section 7, PS3.18 annex F).

What is written are identifiers of queries and the like: small, without pixel data, all items of defined length.
"""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from struct import pack
from typing import Any

from hounsfield.dicom.charset import (
    AFFECTED_VRS,
    can_be_written,
    codec_of,
    encode,
    is_extended,
)
from hounsfield.dicom.sequences import ITEM, SHORT_VRS
from hounsfield.dicom.transfer_syntax import of

SPECIFIC_CHARACTER_SET = "00080005"
_UTF_8 = "ISO_IR 192"
_NUMBERS = {
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "UV": "Q",
    "SV": "q",
    "FL": "f",
    "FD": "d",
}
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_NO_TEXT = _BYTES | _NUMBERS.keys() | {"SQ", "AT"}
_SHORT = frozenset(vr.decode() for vr in SHORT_VRS)
_PN_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_MAX_DS = 16  # PS3.5 6.2
_MAX_SHORT = 0xFFFE  # PS3.5 7.1.2: the length has two bytes
_REMEMBERED = 64
_MOST_REMEMBERED = 4096  # texts of one attribute, in one query


def encode_dataset(
    attributes: dict[str, Any], transfer_syntax_uid: str, wanted_charset: str = ""
) -> bytes:
    """The bytes of a data set given in the DICOM JSON model, with the Specific Character Set that it needs.

    ``wanted_charset`` is the set that the reader itself uses; it is kept to where all texts can be written in
    it, else they are in UTF-8. A text of ASCII alone needs none.
    """
    term = _charset_for(attributes, wanted_charset)
    if term:
        charset = {SPECIFIC_CHARACTER_SET: {"vr": "CS", "Value": term.split("\\")}}
        attributes = charset | {
            tag: value for tag, value in attributes.items() if tag != SPECIFIC_CHARACTER_SET
        }
    else:
        attributes = {t: v for t, v in attributes.items() if t != SPECIFIC_CHARACTER_SET}
    syntax = of(transfer_syntax_uid)
    writer = _Writer(
        _way_to_write(term),
        is_implicit_vr=syntax.is_implicit_vr,
        is_big_endian=syntax.is_big_endian,
    )
    raw = writer.dataset(attributes)
    return _deflated(raw) if syntax.is_deflated else raw


def _deflated(raw: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = deflate.compress(raw) + deflate.flush()
    return body + b"\0" * (len(body) % 2)


_ASCII, _WANTED, _UNICODE = range(3)
_ALPHABETIC_ONLY = ["Alphabetic"]


class AnswerEncoder:
    """Writes many data sets of the same attributes, each as `encode_dataset` would.

    An element is written once for all answers that have the same value in it: most of what an answer
    says, the one before it said too.
    """

    def __init__(
        self,
        vrs: Mapping[str, str],
        fixed: Mapping[str, dict[str, Any]],
        transfer_syntax_uid: str,
        wanted_charset: str = "",
    ) -> None:
        """``vrs`` are the attributes by tag and VR, ``fixed`` those that are the same in every answer."""
        syntax = of(transfer_syntax_uid)
        self._syntax = syntax
        self._wanted = wanted_charset
        self._fixed = dict(fixed)
        self._vrs = {tag: vr for tag, vr in vrs.items() if tag not in fixed}
        self._writers = {
            codec: _Writer(
                codec, is_implicit_vr=syntax.is_implicit_vr, is_big_endian=syntax.is_big_endian
            )
            for codec in {"ascii", "utf_8", _way_to_write(self._wanted)}
        }
        ascii_writer = self._writers["ascii"]
        # What is written for no value, and what was written for each value so far.
        self._plan: list[tuple[int, str, str, bytes, dict[str, tuple[bytes, int]]]] = []
        for tag in sorted(self._vrs.keys() | fixed.keys()):
            vr = self._vrs.get(tag, "")
            element = ascii_writer.dataset({tag: self._fixed.get(tag, {"vr": vr})})
            self._plan.append((int(tag, 16), tag if vr else "", vr, element, {}))

    def encode(self, attributes: Mapping[str, Any]) -> bytes:
        """One answer; what is not among its attributes is written without a value."""
        parts = [b""]
        needs = 0
        for number, tag, vr, empty, remembered in self._plan:
            attribute = attributes.get(tag)
            if attribute is None:
                parts.append(empty)
                continue
            values = attribute.get("Value")
            value = values[0] if values and len(values) == 1 else None
            if vr == "PN" and value and [*value] == _ALPHABETIC_ONLY:
                value = value["Alphabetic"]
            if type(value) is int and vr == "IS":
                value = str(value)
            if type(value) is str and attribute["vr"] == vr and vr not in _NO_TEXT:
                known = remembered.get(value)
                if known is None:
                    known = self._text(number, tag, vr, value, attribute)
                    if len(remembered) < _MOST_REMEMBERED and len(value) <= _REMEMBERED:
                        remembered[value] = known
                element, need = known
            else:
                element, need = self._element(tag, attribute)
            parts.append(element)
            needs |= 1 << need
        if needs > 1 << _ASCII:
            if needs & 1 << _WANTED and needs & 1 << _UNICODE:
                return self._whole(attributes)
            term = self._wanted if needs & 1 << _WANTED else _UTF_8
            charset = {SPECIFIC_CHARACTER_SET: {"vr": "CS", "Value": term.split("\\")}}
            parts[0] = self._writers["ascii"].dataset(charset)
        raw = b"".join(parts)
        return _deflated(raw) if self._syntax.is_deflated else raw

    def _text(
        self, number: int, tag: str, vr: str, value: str, attribute: dict[str, Any]
    ) -> tuple[bytes, int]:
        if not value.isascii():
            return self._element(tag, attribute)
        syntax = self._syntax
        order = ">" if syntax.is_big_endian else "<"
        if vr == "PN":
            value = value.rstrip("=")
        return _framed(number, vr, value.encode(), order, syntax.is_implicit_vr), _ASCII

    def _element(self, tag: str, attribute: dict[str, Any]) -> tuple[bytes, int]:
        """(the element, which character set it needs)."""
        alone = {tag: attribute}
        term = _charset_for(alone, self._wanted)
        if not term:
            return self._writers["ascii"].dataset(alone), _ASCII
        need = _WANTED if term == self._wanted and codec_of(term) != "utf_8" else _UNICODE
        return self._writers[_way_to_write(term)].dataset(alone), need

    def _whole(self, attributes: Mapping[str, Any]) -> bytes:
        """An answer in which one text cannot be written in the wanted set, so that no other may be."""
        made = {tag: attributes.get(tag) or {"vr": vr} for tag, vr in self._vrs.items()}
        return encode_dataset(made | self._fixed, self._syntax.uid, self._wanted)


def _charset_for(attributes: dict[str, Any], wanted: str) -> str:
    r"""The defined term to write texts in, "" if they are all ASCII."""
    texts = [text for text in _texts(attributes) if not text.isascii()]
    if not texts:
        return ""
    return wanted if wanted and all(can_be_written(text, wanted) for text in texts) else _UTF_8


def _way_to_write(term: str) -> str:
    """The codec of a defined term, or the whole of several, which are written with escape sequences."""
    return term if is_extended(term) else codec_of(term) if term else "ascii"


def _texts(attributes: dict[str, Any]) -> Iterator[str]:
    """Every text that the character set has to do with."""
    for attribute in attributes.values():
        values = attribute.get("Value", ())
        if attribute["vr"] == "SQ":
            for item in values:
                yield from _texts(item)
        elif attribute["vr"] in AFFECTED_VRS:
            yield _joined(attribute["vr"], values)


class _Writer:
    def __init__(self, codec: str, *, is_implicit_vr: bool, is_big_endian: bool) -> None:
        self._codec = codec
        self._is_implicit_vr = is_implicit_vr
        self._order = ">" if is_big_endian else "<"

    def dataset(self, attributes: dict[str, Any]) -> bytes:
        """One level, its elements in the order of their tags."""
        return b"".join(
            self._element(int(tag, 16), attribute) for tag, attribute in sorted(attributes.items())
        )

    def _element(self, tag: int, attribute: dict[str, Any]) -> bytes:
        vr: str = attribute["vr"]
        if vr in _NO_TEXT:
            return _framed(tag, vr, self._value(vr, attribute), self._order, self._is_implicit_vr)
        text = _joined(vr, attribute.get("Value", ()))
        write = _text_element if len(text) <= _REMEMBERED else _text_element.__wrapped__
        return write(tag, vr, text, self._codec, self._order, self._is_implicit_vr)

    def _value(self, vr: str, attribute: dict[str, Any]) -> bytes:
        values: Sequence[Any] = attribute.get("Value", ())
        if vr == "SQ":
            return b"".join(self._item(item) for item in values)
        if vr in _NUMBERS:
            return pack(f"{self._order}{len(values)}{_NUMBERS[vr]}", *map(_number, values))
        if vr == "AT":
            tags = [int(value, 16) for value in values]
            halves = [half for tag in tags for half in (tag >> 16, tag & 0xFFFF)]
            return pack(f"{self._order}{len(halves)}H", *halves)
        return base64.b64decode(str(attribute.get("InlineBinary", "")))

    def _item(self, attributes: dict[str, Any]) -> bytes:
        body = self.dataset(attributes)
        return pack(self._order + "HHI", ITEM >> 16, ITEM & 0xFFFF, len(body)) + body


@lru_cache(maxsize=8192)
def _text_element(
    tag: int, vr: str, text: str, codec: str, order: str, is_implicit_vr: bool
) -> bytes:
    """An element of text; most of what an answer says, the one before it said too."""
    if vr not in AFFECTED_VRS:
        value = text.encode("ascii", "replace")
    elif is_extended(codec):
        value = encode(text, vr, codec)
    else:
        value = text.encode(codec, "replace")
    return _framed(tag, vr, value, order, is_implicit_vr)


def _framed(tag: int, vr: str, value: bytes, order: str, is_implicit_vr: bool) -> bytes:
    """A value, padded, behind its tag, VR and length."""
    if len(value) % 2:
        value += b"\0" if vr == "UI" or vr in _BYTES else b" "
    head = pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if is_implicit_vr:
        return head + pack(order + "I", len(value)) + value
    if vr in _SHORT:
        if len(value) <= _MAX_SHORT:
            return head + vr.encode() + pack(order + "H", len(value)) + value
        vr = "UN"  # PS3.5 6.2.2 note 2: a list of a thousand failed UIDs is whole in no other way
    return head + vr.encode() + pack(order + "HI", 0, len(value)) + value


def _number(value: Any) -> Any:
    """A number that JSON could only hold as a string (PS3.18 F.2.3): NaN and infinity."""
    return float(value) if isinstance(value, str) else value


def _joined(vr: str, values: Sequence[Any]) -> str:
    if vr == "PN":
        return "\\".join(map(_person_name, values))
    if vr == "DS":
        return "\\".join(map(_decimal, values))
    return "\\".join("" if value is None else str(value) for value in values)


def _person_name(groups: dict[str, str] | None) -> str:
    return "=".join((groups or {}).get(name, "") for name in _PN_GROUPS).rstrip("=")


def _decimal(value: Any) -> str:
    if value is None or isinstance(value, str | int):
        return "" if value is None else str(value)
    text = repr(value).upper()
    return text if len(text) <= _MAX_DS else f"{value:.10G}"
