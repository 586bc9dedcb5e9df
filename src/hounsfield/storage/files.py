"""Files of the object storage: one that is being received, one that is read."""

import contextlib
import ctypes
import errno
import hashlib
import mmap
import os
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from hounsfield.dicom.part10 import Buffer
from hounsfield.errors import HounsfieldError, OutOfResources, Unavailable

_OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Beyond this much unwritten data the disk is started on it early, so that the final sync is short.
_WRITE_BACK_BYTES = 8 << 20
_SMALL_BYTES = 64 << 10
_WORTH_BEGINNING_BYTES = 64 << 10
_SYNC_FILE_RANGE_WRITE = 2


def _load_sync_file_range() -> "ctypes._NamedFuncPointer | None":
    if sys.platform != "linux":
        return None
    try:
        function = ctypes.CDLL(None, use_errno=True).sync_file_range
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return function


_sync_file_range = _load_sync_file_range()


class FileSpool:
    """A file in the spool folder that is being written.

    What comes first is kept until there is more than a little: a small object, and the meta information
    in front of a large one, then cost one write, and the small one need not be read back.
    """

    def __init__(self, path: str, max_bytes: int, require_room: Callable[[], None]) -> None:
        self.path = path
        self.size_bytes = 0
        self._max_bytes = max_bytes
        self._require_room = require_room
        self._first = bytearray()
        self._content: bytes | None = None  # of a small object, once it is written
        self._written_bytes = 0
        self._written_back = 0
        self._hash = hashlib.sha256()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        with told():
            self.descriptor = os.open(path, flags, 0o640)

    def write(self, data: Buffer) -> None:
        size = len(data)
        if self.size_bytes + size > self._max_bytes:
            raise OutOfResources(f"an object may have {self._max_bytes} bytes at most")
        self.size_bytes += size
        if not self._written_bytes and self.size_bytes <= _SMALL_BYTES:
            self._first += data
            return
        if self._first:
            self._write_all(self._first, data)
            self._first = bytearray()
        else:
            self._write_all(data)
        if self.size_bytes - self._written_back >= _WRITE_BACK_BYTES:
            self._write_back()

    def _write_all(self, *pieces: Buffer) -> None:
        pending = [memoryview(piece) for piece in pieces]
        for piece in pending:
            self._hash.update(piece)
        try:
            while pending:
                done = os.writev(self.descriptor, pending)
                self._written_bytes += done
                while pending and done >= len(pending[0]):
                    done -= len(pending.pop(0))
                if pending:
                    pending[0] = pending[0][done:]
        except OSError as problem:
            raise error_of(problem) from problem

    def flush(self) -> None:
        """Write what is still kept."""
        if self._first:
            self._content = bytes(self._first)
            self._first = bytearray()
            self._write_all(self._content)

    def _write_back(self) -> None:
        self._require_room()
        if _sync_file_range is not None:
            length = self.size_bytes - self._written_back
            _sync_file_range(self.descriptor, self._written_back, length, _SYNC_FILE_RANGE_WRITE)
        self._written_back = self.size_bytes

    def sha256(self) -> str:
        self.flush()
        return self._hash.hexdigest()

    def begin_writing_back(self) -> None:
        """Start the disk on what it has not got yet, so that it works while we read the header."""
        self.flush()
        left = self.size_bytes - self._written_back
        if _sync_file_range is not None and left >= _WORTH_BEGINNING_BYTES:
            _sync_file_range(self.descriptor, self._written_back, left, _SYNC_FILE_RANGE_WRITE)

    @contextlib.contextmanager
    def map(self) -> Iterator[Buffer]:
        self.flush()
        if self._content is not None and len(self._content) == self.size_bytes:
            yield self._content
            return
        with mapped(self.descriptor, self.size_bytes) as buffer:
            yield buffer

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def discard(self) -> None:
        if self.descriptor >= 0:
            self.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)


def error_of(problem: OSError) -> HounsfieldError:
    """What an error of the operating system is to us: out of space, or something that may pass."""
    if problem.errno in _OUT_OF_SPACE:
        return OutOfResources("the disk is full")
    return Unavailable(f"the disk did not take the object: {problem.strerror}")


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn errors of the operating system into ours."""
    try:
        yield
    except OSError as problem:
        raise error_of(problem) from problem


@contextlib.contextmanager
def mapped(descriptor: int, size: int) -> Iterator[Buffer]:
    """Small files are read at once, which is cheaper than to map them; large ones are mapped."""
    if size <= 1 << 16:
        yield os.pread(descriptor, size, 0)
        return
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as mapped:
        yield mapped


class StoredFile:
    """A stored file open for reading."""

    descriptor = -1

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        self.size_bytes = os.fstat(self.descriptor).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        data = os.pread(self.descriptor, length, offset)
        if len(data) == length or offset + len(data) >= self.size_bytes:
            return data
        pieces = [data]  # Linux reads 2 GiB at most at once
        while (done := sum(map(len, pieces))) < length:
            piece = os.pread(self.descriptor, length - done, offset + done)
            if not piece:
                break
            pieces.append(piece)
        return b"".join(pieces)

    def stream(
        self, offset: int = 0, length: int | None = None, chunk_bytes: int = 1 << 18
    ) -> Iterator[bytes]:
        end = self.size_bytes if length is None else min(self.size_bytes, offset + length)
        while offset < end:
            data = os.pread(self.descriptor, min(chunk_bytes, end - offset), offset)
            if not data:
                return
            offset += len(data)
            yield data

    @contextlib.contextmanager
    def map(self) -> Iterator[Buffer]:
        with mapped(self.descriptor, self.size_bytes) as buffer:
            yield buffer

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __del__(self) -> None:
        # Opened in a thread for somebody who has been cancelled meanwhile, it has nobody else to close it.
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
