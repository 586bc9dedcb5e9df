"""Reads Accept and chooses what to answer (PS3.18 8.7.5, RFC 9110 12.5.1), forgiving what clients get wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from starlette.requests import Request

from hounsfield.errors import NotAcceptable

# A name begins where the last one cannot go on, so that what is none is passed over once.
_PARAMETER = re.compile(r'(?<![^;,\s"])([^=;,\s"]++)\s*+=\s*+("(?:[^"\\]|\\.)*"|[^;,]*)')
_MAX_ACCEPT = 8192
_BLANK = re.compile(r"(?<=\w) (?=\w)")
# What clients still ask for from before these types had their names (PS3.18 8.7.3.3).
_ONCE_CALLED = {
    "image/dicom+jpeg": "image/jpeg",
    "image/dicom+jpeg-jls": "image/jls",
    "image/dicom+jls": "image/jls",
    "image/x-jls": "image/jls",
    "image/dicom+jp2": "image/jp2",
    "image/dicom+jpx": "image/jpx",
    "image/dicom+rle": "image/dicom-rle",
    "image/x-dicom-rle": "image/dicom-rle",
    "image/dicom-rle": "image/dicom-rle",
}


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept header.

    ``part_type`` is the type= of multipart/related; ``refused`` are types that a range with * does not mean.
    """

    media_type: str
    part_type: str = ""
    transfer_syntax: str = ""
    quality: float = 1.0
    refused: frozenset[str] = frozenset()

    @property
    def is_multipart(self) -> bool:
        return self.media_type == "multipart/related"

    def allows(self, media_type: str) -> bool:
        """Whether a single part of this type is fine."""
        return media_type not in self.refused and _covers(self.media_type, media_type)

    def allows_parts(self, media_type: str) -> bool:
        """Whether multipart/related of parts of this type is fine."""
        if self.media_type in {"multipart/*", "*/*"}:
            return True
        return self.is_multipart and (not self.part_type or _covers(self.part_type, media_type))


def _covers(pattern: str, media_type: str) -> bool:
    if pattern in {"*/*", "*"} or pattern == media_type:
        return True
    return pattern.endswith("/*") and media_type.startswith(pattern[:-1])


def accepted(request: Request) -> list[MediaRange]:
    """What the client takes, best first; the query parameter ``accept`` goes before the header (8.3.3.1)."""
    # A + in a query is a blank unless it is written as %2B; no media type has blanks.
    in_query = [_BLANK.sub("+", value) for value in request.query_params.getlist("accept")]
    return [*_parsed(",".join(in_query or request.headers.getlist("accept")))]


@lru_cache(maxsize=512)
def _parsed(text: str) -> tuple[MediaRange, ...]:
    return tuple(parse_accept(text))


def parse_accept(text: str) -> list[MediaRange]:
    """Read an Accept value; entries that are no media ranges are passed over.

    No entry at all means */*, entries that are all refused (q=0) leave none. The type parameter may be quoted or not, and a transfer syntax may stand in a parameter of its own.
    """
    found = []
    for entry in _split(text[:_MAX_ACCEPT]):
        head, _, rest = entry.partition(";")
        media_type = head.strip().lower()
        if "/" not in media_type and media_type != "*":
            continue
        parameters = {
            name.lower(): value.strip().strip('"').strip()
            for name, value in _PARAMETER.findall(rest)
        }
        try:
            quality = min(max(float(parameters.get("q", "1")), 0.0), 1.0)
        except ValueError:
            quality = 1.0
        part_type = parameters.get("type", "").lower()
        media_type = _ONCE_CALLED.get(media_type, media_type)
        found.append(
            MediaRange(
                "*/*" if media_type == "*" else media_type,
                _ONCE_CALLED.get(part_type, part_type),
                parameters.get("transfer-syntax", ""),
                quality,
            )
        )
    if not found:
        return [MediaRange("*/*")]
    # What names a type goes before what covers it with * (RFC 9110 12.5.1).
    refused = frozenset(
        one.media_type for one in found if not one.quality and "*" not in one.media_type
    )
    found = [
        replace(entry, refused=refused) if refused and "*" in entry.media_type else entry
        for entry in found
        if entry.quality > 0
    ]
    # Of what is liked alike, the range that says more goes first (RFC 9110 12.5.1).
    found.sort(key=lambda entry: (-entry.quality, "*" in entry.media_type))
    return found


def _split(text: str) -> Sequence[str]:
    """Split at commas that are not inside quotes."""
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', text)


def choose(ranges: Sequence[MediaRange], offers: Sequence[str]) -> str:
    """The first offered type in the client's best range; raises NotAcceptable naming the offers."""
    for entry in ranges:
        for offer in offers:
            if entry.allows(offer):
                return offer
    raise NotAcceptable(f"only in {', '.join(offers)}")
