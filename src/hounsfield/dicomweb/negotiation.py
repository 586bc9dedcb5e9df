"""Reads Accept and chooses what to answer (PS3.18 8.7.5, RFC 9110 12.5.1), forgiving what clients get wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from hounsfield.errors import NotAcceptable

_PARAMETER = re.compile(r'\s*([^=;,\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,]*)')
_MAX_ACCEPT = 8192


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept header. ``part_type`` is the type= of multipart/related."""

    media_type: str
    part_type: str = ""
    transfer_syntax: str = ""
    quality: float = 1.0

    @property
    def is_multipart(self) -> bool:
        return self.media_type == "multipart/related"

    def allows(self, media_type: str) -> bool:
        """Whether a single part of this type is fine."""
        return _covers(self.media_type, media_type)

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
    values = request.query_params.getlist("accept") or request.headers.getlist("accept")
    return parse_accept(",".join(values))


def parse_accept(text: str) -> list[MediaRange]:
    """Read an Accept value; entries that are no media ranges are passed over. No entry at all means */*.

    The type parameter may be quoted or not, and a transfer syntax may stand in a parameter of its own.
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
        found.append(
            MediaRange(
                "*/*" if media_type == "*" else media_type,
                parameters.get("type", "").lower(),
                parameters.get("transfer-syntax", ""),
                quality,
            )
        )
    found = [entry for entry in found if entry.quality > 0]
    found.sort(key=lambda entry: -entry.quality)
    return found or [MediaRange("*/*")]


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
