"""What a place for objects must do, whichever it is: a folder, memory, later a bucket."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from hounsfield.dicom.part10 import Buffer


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One object in a listing."""

    key: str
    size_bytes: int
    modified_us: int


class Spool(Protocol):
    """An object while it is being received. Whoever holds it must `put` or `discard` it."""

    @property
    def size_bytes(self) -> int:
        """How much has been written."""

    def write(self, data: Buffer) -> None:
        """Append, hashing on the way; raises OutOfResources when space or the limit is out."""

    def begin_writing_back(self) -> None:
        """Nothing more comes: where there is a disk, let it begin while the header is read."""

    def sha256(self) -> str:
        """Of all that was written so far, in hexadecimal."""

    def map(self) -> AbstractContextManager[Buffer]:
        """All that was written, to read at random without copying it."""

    def discard(self) -> None:
        """Drop what was written; harmless after `put` and when repeated."""


class StoredObject(Protocol):
    """An object open for reading. Use it as a context manager."""

    @property
    def size_bytes(self) -> int:
        """The size of the object."""

    @property
    def descriptor(self) -> int | None:
        """The open file that the object is, for a kernel that can send it by itself; None where it is no file."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``, fewer only at the end."""

    def stream(
        self, offset: int = 0, length: int | None = None, chunk_bytes: int = 1 << 18
    ) -> Iterator[bytes]:
        """The bytes from ``offset`` in pieces."""

    def map(self) -> AbstractContextManager[Buffer]:
        """The whole object, to read at random without copying it."""

    def close(self) -> None:
        """Give back what it holds; harmless when repeated."""

    def __enter__(self) -> Self:
        """Give itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close."""


class ObjectStorage(Protocol):
    """Immutable objects under keys of `storage.keys`. All methods may be called from any thread."""

    def spool(self, *, size_hint: int = 0) -> Spool:
        """Begin to receive an object; raises OutOfResources if ``size_hint`` bytes will not fit."""

    def put(self, spool: Spool, key: str, received_at_us: int) -> None:
        """Make what was spooled durable under ``key``; on return it survives a power cut.

        Putting the same content again changes nothing, and mends an object that was damaged.
        """

    def open(self, key: str) -> StoredObject:
        """Open for reading; raises NotFound."""

    def exists(self, key: str) -> bool:
        """Whether an object has this key."""

    def delete(self, key: str) -> None:
        """Remove an object; harmless if it is not there."""

    def walk(self, prefix: str = "") -> Iterator[StoredKey]:
        """All objects whose key begins with ``prefix``, in the order of their keys."""

    def free_bytes(self) -> int:
        """How much more can be stored."""

    # The trash: each deletion has a folder there. What lies in it is found by nothing above.

    def set_aside(self, key: str, folder: str) -> bool:
        """Move an object into a folder of the trash; gives whether it is there now."""

    def bring_back(self, key: str, folder: str) -> bool:
        """Move an object back under its key, unless it has come again meanwhile; gives whether it has the key now."""

    def drop_aside(self, key: str, folder: str) -> None:
        """Remove an object from a folder of the trash for good; harmless if it is not there."""

    def write_note(self, folder: str, content: bytes) -> None:
        """Keep what there is to say about a folder of the trash, durably; what moved before is durable with it."""

    def note(self, folder: str) -> bytes | None:
        """The note of a folder of the trash; None where there is none."""

    def drop_folder(self, folder: str) -> None:
        """Remove a folder of the trash with its note; harmless if it is not there, and where objects lie in it."""

    def notes(self) -> Iterator[tuple[str, bytes]]:
        """The folders of the trash with their notes."""
