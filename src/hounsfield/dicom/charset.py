"""Decodes text by Specific Character Set (0008,0005), whatever a scanner made of it (PS3.5 6.1, PS3.3 C.12.1.1.2)."""

import re
from functools import lru_cache

# VRs whose repertoire (0008,0005) changes; all others are in the default repertoire.
AFFECTED_VRS = frozenset({"SH", "LO", "ST", "LT", "UC", "UT", "PN"})

_LATIN = "latin_1"
# PS3.3 tables C.12-2 to C.12-5 by registration number; code extensions have the same numbers.
_BY_NUMBER = {
    6: _LATIN,
    13: "shift_jis",
    14: "shift_jis",
    58: "gb2312",
    87: "iso2022_jp",
    100: _LATIN,
    101: "iso8859_2",
    109: "iso8859_3",
    110: "iso8859_4",
    126: "iso8859_7",
    127: "iso8859_6",
    138: "iso8859_8",
    144: "iso8859_5",
    148: "iso8859_9",
    149: "euc_kr",
    159: "iso2022_jp_2",
    166: "tis_620",
    192: "utf_8",
    203: "iso8859_15",
}
_STAND_ALONE = frozenset({"utf_8", "gbk", "gb18030"})
_JIS_X_0201 = 13
_STAND_ALONE_NUMBERS = _BY_NUMBER.keys() - {6, 14, 58, 87, 149, 159}
# The defined terms that are understood, code extensions included.
SUPPORTED_TERMS = (
    *(f"ISO_IR {number}" for number in sorted(_BY_NUMBER) if number not in {14, 58, 87, 149, 159}),
    *(f"ISO 2022 IR {number}" for number in sorted(_BY_NUMBER) if number not in {14, 192}),
    "GB18030",
    "GBK",
)
_TERM = re.compile(r"ISO[ _-]*(?:2022[ _-]*)?IR[ _-]*(\d+)")
_ESCAPE = re.compile(rb"(\x1b(?:\$[()]?|[()-])[@-~])")
# What an escape sequence puts into G1, the upper half of a byte (PS3.3 C.12.1.1.2).
_G1 = {
    b"\x1b-A": _LATIN,
    b"\x1b-B": "iso8859_2",
    b"\x1b-C": "iso8859_3",
    b"\x1b-D": "iso8859_4",
    b"\x1b-F": "iso8859_7",
    b"\x1b-G": "iso8859_6",
    b"\x1b-H": "iso8859_8",
    b"\x1b-L": "iso8859_5",
    b"\x1b-M": "iso8859_9",
    b"\x1b-T": "tis_620",
    b"\x1b-b": "iso8859_15",
    b"\x1b)I": "shift_jis",
    b"\x1b$)A": "gb2312",
    b"\x1b$)C": "euc_kr",
}
# What one puts into G0 with two bytes a character. Everything else in G0 is ASCII to us.
_G0 = {b"\x1b$@": "iso2022_jp", b"\x1b$B": "iso2022_jp", b"\x1b$(D": "iso2022_jp_2"}
# What a text with code extensions may begin in.
_EXTENSIBLE = _STAND_ALONE_NUMBERS - {192} | {6}
# Of these a character has two bytes; some codecs make up longer ones.
_TWO_BYTES = frozenset({58, 149})
# The escape sequence to write with by registration number; in G0 only those with two bytes a character are.
_ESCAPE_TO = {
    13: b"\x1b)I",
    58: b"\x1b$)A",
    87: b"\x1b$B",
    100: b"\x1b-A",
    101: b"\x1b-B",
    109: b"\x1b-C",
    110: b"\x1b-D",
    126: b"\x1b-F",
    127: b"\x1b-G",
    138: b"\x1b-H",
    144: b"\x1b-L",
    148: b"\x1b-M",
    149: b"\x1b$)C",
    159: b"\x1b$(D",
    166: b"\x1b-T",
    203: b"\x1b-b",
}
_TO_ASCII, _TO_ROMAJI = b"\x1b(B", b"\x1b(J"
# PS3.5 6.1.2.5.3: these end what an escape sequence began.
_DELIMITERS = {True: re.compile(rb"[\\^=\t\n\f\r]"), False: re.compile(rb"[\\\t\n\f\r]")}


@lru_cache(maxsize=256)
def codec_of(specific_character_set: str) -> str:
    r"""The Python codec that text begins in under a value of (0008,0005) such as ``\ISO 2022 IR 87``.

    What nobody knows is taken as Latin-1.
    """
    first = specific_character_set.split("\\", maxsplit=1)[0].strip(" \0").upper()
    if first in {"GBK", "GB18030"}:
        return first.lower()
    found = _TERM.fullmatch(first)
    return _BY_NUMBER.get(int(found[1]), _LATIN) if found else _LATIN


def can_be_written(text: str, specific_character_set: str) -> bool:
    """Whether a text can be written under a value of (0008,0005): by the codec of its one term, or by `encode`.

    Nothing is written under a term that nobody knows, nor under one that no text may begin in (PS3.3 C.12.1.1.2).
    """
    if is_extended(specific_character_set):
        numbers = _numbers(specific_character_set)
        begins_in = specific_character_set.partition("\\")[0].strip(" \0")
        if begins_in and numbers[0] not in _EXTENSIBLE:
            return text.isascii()
        others = (c for c in text if not c.isascii())
        return all(any(_written_in(c, number) for number in numbers) for c in others)
    term = specific_character_set.strip(" \0").upper()
    found = _TERM.fullmatch(term)
    number = int(found[1]) if found else 0
    if term not in {"GBK", "GB18030"} and number not in _STAND_ALONE_NUMBERS:
        return text.isascii()
    if number == _JIS_X_0201:
        # The codec is that of Shift JIS: of it no kanji, and no yen sign where others have a backslash.
        return all(c.isascii() or "\uff61" <= c <= "\uff9f" for c in text)
    try:
        text.encode(codec_of(term))
    except UnicodeEncodeError:
        return False
    return True


def is_extended(specific_character_set: str) -> bool:
    """Whether texts under this value of (0008,0005) may need escape sequences (PS3.3 C.12.1.1.2)."""
    return "\\" in specific_character_set


def encode(text: str, vr: str, specific_character_set: str) -> bytes:
    r"""A text under a value of (0008,0005) with code extensions, such as ``\ISO 2022 IR 87`` (PS3.5 6.1.2.5).

    What a component begins in is what the first value names; each set that follows is taken where those before
    do not have a character. Raises UnicodeEncodeError where none has it.
    """
    numbers = _numbers(specific_character_set)
    is_romaji = numbers[0] == _JIS_X_0201
    first = numbers[0] if numbers[0] in _STAND_ALONE_NUMBERS else 0
    delimiters = "\\^=\t\n\f\r" if vr == "PN" else "\\\t\n\f\r"
    written = bytearray()
    g0, g1 = 0, first
    for character in text:
        if character.isascii():
            if g0:
                written += _TO_ROMAJI if is_romaji else _TO_ASCII
                g0 = 0
            if character in delimiters and g1 != first:
                # The first set is active again before a delimiter; that of ASCII alone has nothing in G1.
                written += _ESCAPE_TO.get(first, b"")
                g1 = first
            written += character.encode("ascii")
            continue
        number, raw = _in_one_of(character, numbers)
        if _ESCAPE_TO[number] in _G0:
            written += _ESCAPE_TO[number] if number != g0 else b""
            g0 = number
        else:
            if g0:
                written += _TO_ROMAJI if is_romaji else _TO_ASCII
                g0 = 0
            written += _ESCAPE_TO[number] if number != g1 else b""
            g1 = number
        written += raw
    if g0:
        written += _TO_ROMAJI if is_romaji else _TO_ASCII
    if g1 != first:
        written += _ESCAPE_TO.get(first, b"")
    return bytes(written)


def _numbers(specific_character_set: str) -> list[int]:
    """The registration numbers of all values, 0 for those that nobody knows."""
    terms = specific_character_set.upper().split("\\")
    found = [_TERM.fullmatch(term.strip(" \0")) for term in terms]
    return [int(one[1]) if one else 0 for one in found]


@lru_cache(maxsize=8192)
def _written_in(character: str, number: int) -> bytes | None:
    """One character that is not ASCII in one set, without the escape sequence; None where it is not in it."""
    escape, codec = _ESCAPE_TO.get(number), _BY_NUMBER.get(number, "")
    if escape is None:
        return None
    if number == _JIS_X_0201 and not "\uff61" <= character <= "\uff9f":
        return None
    try:
        raw = character.encode(codec)
    except UnicodeEncodeError:
        return None
    if escape not in _G0:
        return raw if number not in _TWO_BYTES or len(raw) == 2 else None
    is_whole = raw.startswith(escape) and raw.endswith(_TO_ASCII)
    return raw[len(escape) : -len(_TO_ASCII)] if is_whole else None


def _in_one_of(character: str, numbers: list[int]) -> tuple[int, bytes]:
    for number in numbers:
        raw = _written_in(character, number)
        if raw is not None:
            return number, raw
    raise UnicodeEncodeError("iso2022", character, 0, 1, "none of the character sets has it")


def decode(raw: bytes, vr: str, specific_character_set: str) -> str:
    """The text of a raw value, without its padding; undecodable bytes become U+FFFD, never an error."""
    has_escapes = b"\x1b" in raw
    if not has_escapes and raw.isascii():
        return raw.decode("ascii").rstrip(" \0")
    if vr not in AFFECTED_VRS:
        return raw.decode("latin-1").rstrip(" \0")
    codec = codec_of(specific_character_set)
    if has_escapes and codec not in _STAND_ALONE:
        text = _decode_extended(raw, codec, _DELIMITERS[vr == "PN"])
    elif not specific_character_set:
        text = _decode_unnamed(raw)
    else:
        text = raw.decode(codec, "replace")
    return text.rstrip(" \0")


def _decode_unnamed(raw: bytes) -> str:
    """Most such files are UTF-8 or Latin-1, and valid UTF-8 is never Latin-1 by chance."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _decode_extended(raw: bytes, first: str, delimiters: re.Pattern[bytes]) -> str:
    """Decode with code extensions (ISO 2022); an escape sequence counts also if nobody announced it."""
    g0, g1 = b"", first
    text = []
    for number, part in enumerate(_ESCAPE.split(raw)):
        if number % 2:
            if part in _G1:
                g1 = _G1[part]
            else:
                g0 = part if part in _G0 else b""
        elif g0:
            text.append((g0 + part).decode(_G0[g0], "replace"))
        elif end := delimiters.search(part):
            text.append(part[: end.start()].decode(g1, "replace"))
            text.append(part[end.start() :].decode(first, "replace"))
            g1 = first
        else:
            text.append(part.decode(g1, "replace"))
    return "".join(text)
