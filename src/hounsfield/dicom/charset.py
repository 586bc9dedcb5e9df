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
    """Whether a text can be written under one defined term by its codec alone, without escape sequences.

    Nothing is written under a term that nobody knows, nor under one that no text may begin in (PS3.3 C.12.1.1.2).
    """
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
