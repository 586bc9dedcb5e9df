"""Objects in memory: for tests, and for trials that must leave nothing behind."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from typing import Self

from hounsfield.dicom.part10 import Buffer
from hounsfield.errors import InvalidInstance, NotFound, OutOfResources
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import Spool, StoredKey


class MemorySpool:
    """An object being received into memory."""

    def __init__(self, max_bytes: int) -> None:
        self.content = bytearray()
        self._max_bytes = max_bytes

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def write(self, data: Buffer) -> None:
        if len(self.content) + len(data) > self._max_bytes:
            raise OutOfResources(f"an object may have {self._max_bytes} bytes at most")
        self.content += data

    def begin_writing_back(self) -> None:
        pass

    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @contextlib.contextmanager
    def map(self) -> Iterator[Buffer]:
        yield bytes(self.content)

    def discard(self) -> None:
        self.content = bytearray()


class MemoryObject:
    """An object in memory open for reading."""

    descriptor = None

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size_bytes = len(content)

    def read_at(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]

    def stream(
        self, offset: int = 0, length: int | None = None, chunk_bytes: int = 1 << 18
    ) -> Iterator[bytes]:
        end = self.size_bytes if length is None else min(self.size_bytes, offset + length)
        for at in range(offset, end, chunk_bytes):
            yield self._content[at : min(at + chunk_bytes, end)]

    @contextlib.contextmanager
    def map(self) -> Iterator[Buffer]:
        yield self._content

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class MemoryStorage:
    """Objects in a dictionary; ``max_bytes`` is all that fits, ``max_object_bytes`` bounds one."""

    def __init__(self, *, max_bytes: int = 1 << 40, max_object_bytes: int = 1 << 40) -> None:
        self._max_bytes = max_bytes
        self._max_object_bytes = max_object_bytes
        self._objects: dict[str, tuple[bytes, int]] = {}
        self._aside: dict[tuple[str, str], tuple[bytes, int]] = {}
        self._notes: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def spool(self, *, size_hint: int = 0) -> MemorySpool:
        if size_hint > self.free_bytes():
            raise OutOfResources("memory is full")
        return MemorySpool(min(self._max_object_bytes, max(self.free_bytes(), 0)))

    def put(self, spool: Spool, key: str, received_at_us: int) -> None:
        if not isinstance(spool, MemorySpool):
            raise TypeError("a spool can only be put where it was made")
        _check(key)
        content = bytes(spool.content)
        with self._lock:
            if key not in self._objects or self._objects[key][0] != content:
                if len(content) > self.free_bytes():
                    raise OutOfResources("memory is full")
                self._objects[key] = (content, received_at_us)
        spool.discard()

    def open(self, key: str) -> MemoryObject:
        _check(key)
        try:
            return MemoryObject(self._objects[key][0])
        except KeyError:
            raise NotFound(f"storage has no object {key}") from None

    def exists(self, key: str) -> bool:
        _check(key)
        return key in self._objects

    def delete(self, key: str) -> None:
        _check(key)
        with self._lock:
            self._objects.pop(key, None)

    def walk(self, prefix: str = "") -> Iterator[StoredKey]:
        for key in sorted(self._objects):
            if key.startswith(prefix):
                content, received_at_us = self._objects[key]
                yield StoredKey(key, len(content), received_at_us)

    def free_bytes(self) -> int:
        return self._max_bytes - sum(len(content) for content, _ in self._objects.values())

    def set_aside(self, key: str, folder: str) -> bool:
        _check(key)
        with self._lock:
            found = self._objects.pop(key, None)
            if found is not None:
                self._aside[folder, key] = found
            return (folder, key) in self._aside

    def bring_back(self, key: str, folder: str) -> bool:
        _check(key)
        with self._lock:
            found = self._aside.pop((folder, key), None)
            if found is not None:
                self._objects.setdefault(key, found)
            return key in self._objects

    def drop_aside(self, key: str, folder: str) -> None:
        with self._lock:
            self._aside.pop((folder, key), None)

    def write_note(self, folder: str, content: bytes) -> None:
        self._notes[folder] = content

    def note(self, folder: str) -> bytes | None:
        return self._notes.get(folder)

    def drop_folder(self, folder: str) -> None:
        if not any(one == folder for one, _key in self._aside):
            self._notes.pop(folder, None)

    def notes(self) -> Iterator[tuple[str, bytes]]:
        yield from sorted(self._notes.items())


def _check(key: str) -> None:
    if parse_key(key) is None:
        raise InvalidInstance(f"{key!r} cannot name an object")
