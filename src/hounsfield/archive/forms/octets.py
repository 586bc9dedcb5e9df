"""Runs of bytes in stored objects: frames, values and whole objects, read when somebody takes them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hounsfield.errors import InvalidInstance
from hounsfield.storage.objects import StoredObject

_CHUNK_BYTES = 64 << 10
# What is smaller is read sooner than given to the kernel to be sent.
_WORTH_SENDING_BYTES = 64 << 10
_AT_ONCE_BYTES = 1 << 20
_TOUCHED_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class FilePart:
    """Bytes of an open file, in memory already as far as anybody can tell; whoever has it closes it.

    ``closes`` is whether the file is closed with this part, because it is the last one of it.
    """

    stored: StoredObject
    descriptor: int
    offset: int
    length: int
    closes: bool

    def close(self) -> None:
        """Give back the file if nothing more of it follows."""
        if self.closes:
            self.stored.close()

    def touch(self) -> None:
        """Have it read from the disk if it is not in memory, so that who sends it has not to wait for it."""
        if not (self._is_at_hand(self.offset) and self._is_at_hand(self.offset + self.length - 1)):
            scratch, end = bytearray(_TOUCHED_BYTES), self.offset + self.length
            for at in range(self.offset, end, _TOUCHED_BYTES):
                os.preadv(self.descriptor, [memoryview(scratch)[: end - at]], at)

    def _is_at_hand(self, offset: int) -> bool:
        try:
            os.preadv(self.descriptor, [bytearray(1)], offset, os.RWF_NOWAIT)
        except BlockingIOError:
            return False
        except OSError:  # a file system that cannot tell
            return False
        return True


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
        if (content := self._content()) is not None:
            yield content[first : None if length is None else first + length]
            return
        assert self.opens is not None
        with self.opens() as stored:
            for offset, size in self._runs(first, length):
                yield from stored.stream(offset, size, _CHUNK_BYTES)

    def sent(self, first: int = 0, length: int | None = None) -> Iterator[bytes | FilePart]:
        """The same for whoever can have the kernel send parts of files; what is small, or in no file, is bytes."""
        total = self.length - first if length is None else length
        # What was decoded or put in another order still says where it came from: that is not it.
        is_made = self.content is not None or self.makes is not None
        if self.opens is None or is_made or total < _WORTH_SENDING_BYTES:
            yield from self.stream(first, length)
            return
        stored = self.opens()
        try:
            descriptor = stored.descriptor
            if descriptor is None:
                for offset, size in self._runs(first, length):
                    yield from stored.stream(offset, size, _CHUNK_BYTES)
                return
            for offset, size in self._runs(first, length):
                for at in range(0, size, _AT_ONCE_BYTES):
                    step = min(size - at, _AT_ONCE_BYTES)
                    total -= step
                    part = FilePart(stored, descriptor, offset + at, step, closes=not total)
                    part.touch()
                    yield part
        finally:
            if total:
                stored.close()

    def _runs(self, first: int, length: int | None) -> Iterator[tuple[int, int]]:
        """(offset, length) in the object of so many bytes from byte ``first`` on."""
        left = self.length - first if length is None else length
        for offset, size in self.places:
            if first >= size:
                first -= size
                continue
            step = min(size - first, left)
            yield offset + first, step
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
