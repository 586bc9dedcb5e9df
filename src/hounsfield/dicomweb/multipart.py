"""multipart/related, read as it streams in and written as it streams out (PS3.18 8.6.1, RFC 2387, RFC 2046 5.1)."""

import re
from dataclasses import dataclass
from uuid import uuid4

from hounsfield.errors import InvalidQuery

MAX_HEADER_BYTES = 16 << 10
MAX_BOUNDARY = 256  # RFC 2046 allows 70; Orthanc's DICOMweb client sends 73
_PARAMETER = re.compile(r';\s*([^=;\s"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')


class MultipartError(InvalidQuery):
    """The body is not the multipart message that its header announces."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part's headers, names in lower case."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some bytes of the current part."""

    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The current part is complete."""


Event = PartBegin | PartData | PartEnd


class MultipartReader:
    """Turns pieces of a body into events, in memory bounded by the largest piece and the header limit."""

    def __init__(self, boundary: str) -> None:
        raw = boundary.encode("latin-1", "replace")
        if not 0 < len(raw) <= MAX_BOUNDARY:
            raise MultipartError(f"a boundary has 1 to {MAX_BOUNDARY} characters")
        self._delimiter = b"\r\n--" + raw
        # As if a line had ended before the body, so that a delimiter at its very beginning is one.
        self._buffer = b"\r\n"
        self._state = "preamble"

    @property
    def is_complete(self) -> bool:
        """Whether the closing delimiter was seen."""
        return self._state == "epilogue"

    def feed(self, data: bytes) -> list[Event]:  # noqa: C901, PLR0912 - one state machine, one loop
        """Take a piece; raises MultipartError."""
        if self._state == "epilogue":
            return []
        events: list[Event] = []
        buffer = self._joined(data, events)
        at = 0
        while True:
            if self._state in {"preamble", "body"}:
                found = buffer.find(self._delimiter, at)
                if found < 0:
                    # All but what may be the beginning of a delimiter belongs to the part.
                    keep = max(len(buffer) - len(self._delimiter) + 1, at)
                    if self._state == "body" and keep > at:
                        events.append(PartData(memoryview(buffer)[at:keep]))
                    at = keep
                    break
                if self._state == "body":
                    if found > at:
                        events.append(PartData(memoryview(buffer)[at:found]))
                    events.append(PartEnd())
                at = found + len(self._delimiter)
                self._state = "delimiter"
            if self._state == "delimiter":
                if len(buffer) - at < 2:
                    break
                if buffer[at : at + 2] == b"--":
                    self._state = "epilogue"
                    at = len(buffer)
                    break
                end = buffer.find(b"\r\n", at, at + 256)
                if end < 0:
                    if len(buffer) - at >= 256:
                        raise MultipartError("a delimiter line does not end")
                    break
                if buffer[at:end].strip(b" \t"):
                    raise MultipartError("there is text behind a delimiter")
                at = end  # the line end may be the empty line that ends no headers
                self._state = "headers"
            if self._state == "headers":
                end = buffer.find(b"\r\n\r\n", at)
                if end < 0:
                    if len(buffer) - at > MAX_HEADER_BYTES:
                        raise MultipartError("the headers of a part are too long")
                    break
                if end - at > MAX_HEADER_BYTES:
                    raise MultipartError("the headers of a part are too long")
                events.append(PartBegin(_headers(buffer[at:end])))
                at = end + 4
                # An empty part: its delimiter's line end is the one that ended the headers.
                if buffer.startswith(self._delimiter[2:], at):
                    at -= 2
                self._state = "body"
        self._buffer = bytes(buffer[at:])
        return events

    def _joined(self, data: bytes, events: list[Event]) -> bytes:
        """What was left of the last piece with this one behind it, copied together only where a delimiter may lie across."""
        if not self._buffer:
            return data
        reach = len(self._delimiter) - 1
        if self._state != "body" or len(data) < reach:
            return self._buffer + data
        if self._delimiter in self._buffer + data[:reach]:
            return self._buffer + data
        events.append(PartData(self._buffer))
        return data


def read_content_type(text: str) -> tuple[str, dict[str, str]]:
    """(media type, its parameters), names in lower case; quotes may be there or not."""
    parameters = {
        name.lower(): value.strip().strip('"').strip() for name, value in _PARAMETER.findall(text)
    }
    return text.partition(";")[0].strip().lower(), parameters


def _headers(raw: bytes) -> dict[str, str]:
    found = {}
    for line in raw.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found


def new_boundary() -> str:
    """A boundary that no image contains by chance (128 random bits)."""
    return uuid4().hex


def part_head(
    boundary: str, content_type: str, *, is_first: bool, location: str | None = None
) -> bytes:
    """The delimiter and headers before a part's bytes."""
    head = (
        f"{'' if is_first else chr(13) + chr(10)}--{boundary}\r\nContent-Type: {content_type}\r\n"
    )
    if location:
        head += f"Content-Location: {location}\r\n"
    return head.encode("latin-1") + b"\r\n"


def closing(boundary: str) -> bytes:
    """What ends the message."""
    return f"\r\n--{boundary}--\r\n".encode("latin-1")
