"""Inflates deflated data sets within bounds (PS3.5 section A.5)."""

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hounsfield.errors import InvalidInstance

if TYPE_CHECKING:
    from hounsfield.dicom.part10 import Buffer

MAX_INFLATED_BYTES = 64 << 20
_FIRST_BYTES = 1 << 14


def beginnings(buffer: "Buffer", offset: int) -> Iterator[tuple[bytes, bool]]:
    """Ever longer beginnings of the data set that was deflated at ``offset``, and whether it is all of it.

    Each is twice as long as the one before. Raises InvalidInstance when the deflated bytes are damaged, or
    when more is asked for than MAX_INFLATED_BYTES.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    at, wanted = offset, _FIRST_BYTES
    content = bytearray()
    raw = b""
    while True:
        while len(content) < wanted and not inflater.eof:
            if not raw:
                raw = bytes(buffer[at : at + _FIRST_BYTES])
                at += len(raw)
                if not raw:
                    break
            try:
                content += inflater.decompress(raw, wanted - len(content))
            except zlib.error as problem:
                raise InvalidInstance(f"the deflated data set is damaged: {problem}") from problem
            raw = inflater.unconsumed_tail
        is_whole = inflater.eof or len(content) < wanted
        yield bytes(content), is_whole
        if is_whole:
            return
        if wanted >= MAX_INFLATED_BYTES:
            raise InvalidInstance("the deflated data set is unreasonably large")
        wanted *= 2


def inflated(buffer: "Buffer", offset: int) -> bytes:
    """The data set as it was before it was deflated; raises InvalidInstance."""
    *_, (content, _is_whole) = beginnings(buffer, offset)
    return content
