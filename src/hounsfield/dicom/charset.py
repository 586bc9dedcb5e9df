"""Decodes text by Specific Character Set (0008,0005), whatever a scanner made of it (PS3.5 6.1, PS3.3 C.12.1.1.2)."""

import warnings
from functools import lru_cache

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

# VRs whose repertoire (0008,0005) changes; all others are in the default repertoire.
AFFECTED_VRS = frozenset({"SH", "LO", "ST", "LT", "UC", "UT", "PN"})


@lru_cache(maxsize=256)
def encodings(specific_character_set: str) -> tuple[str, ...]:
    r"""Python codec names for a value of (0008,0005) such as ``\ISO 2022 IR 87``; never raises."""
    names = [part.strip() for part in specific_character_set.split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tuple(convert_encodings(names if len(names) > 1 else names[0]))
        except (LookupError, ValueError, AttributeError):
            return ("iso8859",)


def decode(raw: bytes, vr: str, specific_character_set: str) -> str:
    """The text of a raw value, without its padding; undecodable bytes become U+FFFD, never an error."""
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").rstrip(" \0")
    if vr not in AFFECTED_VRS:
        return raw.decode("latin-1").rstrip(" \0")
    codecs = encodings(specific_character_set)
    delimiters = PN_DELIMS if vr == "PN" else TEXT_VR_DELIMS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text = decode_bytes(raw, codecs, delimiters)
        except (LookupError, UnicodeError, ValueError):
            text = raw.decode(codecs[0], "replace")
    if codecs == ("iso8859",) and not specific_character_set:
        # Nothing was said: most such files are UTF-8 or Latin-1, and valid UTF-8 is never Latin-1 by chance.
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    return text.rstrip(" \0")
