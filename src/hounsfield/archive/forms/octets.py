"""Runs of bytes in stored objects: frames, values and whole objects, read when somebody takes them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hounsfield.errors import InvalidInstance
from hounsfield.storage.objects import StoredObject

_CHUNK_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Octets:
    """Bytes that can be had in any part.

    Args:
        path: where they are found below the address of the instance.
        media_type: of what they are, and ``transfer_syntax_uid`` with it.
        places: (offset, length) of the pieces in what ``opens`` gives, in order.
        content: the bytes themselves, where they lie nowhere as they are wanted.
        makes: makes them when they are taken, so many as ``made_bytes`` says; for what is large when all is together.
    """

    path: str
    media_type: str
    transfer_syntax_uid: str
    opens: Callable[[], StoredObject] | None = None
    places: tuple[tuple[int, int], ...] = ()
    content: bytes | None = None
    makes: Callable[[], bytes] | None = None
    made_bytes: int = 0

    @property
    def length(self) -> int:
        if self.content is not None:
            return len(self.content)
        if self.makes is not None:
            return self.made_bytes
        return sum(length for _, length in self.places)

    def read(self) -> list[bytes]:
        """All of them at once."""
        if (content := self._content()) is not None:
            return [content]
        assert self.opens is not None
        with self.opens() as stored:
            return [stored.read_at(offset, length) for offset, length in self.places]

    def stream(self, first: int = 0, length: int | None = None) -> Iterator[bytes]:
        """From byte ``first`` on, in pieces."""
        left = self.length - first if length is None else length
        if (content := self._content()) is not None:
            yield content[first : first + left]
            return
        assert self.opens is not None
        with self.opens() as stored:
            for offset, size in self.places:
                if first >= size:
                    first -= size
                    continue
                step = min(size - first, left)
                yield from stored.stream(offset + first, step, _CHUNK_BYTES)
                left -= step
                first = 0
                if left <= 0:
                    return

    def _content(self) -> bytes | None:
        if self.content is not None or self.makes is None:
            return self.content
        content = self.makes()
        if len(content) != self.made_bytes:
            raise InvalidInstance(f"{len(content)} bytes were made, not {self.made_bytes}")
        return content
