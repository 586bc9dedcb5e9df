"""Objects as plain files in a folder, durable when `put` returns (docs/decisions/0002)."""

import contextlib
import ctypes
import errno
import hashlib
import itertools
import mmap
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hounsfield.dicom.part10 import Buffer
from hounsfield.errors import (
    HounsfieldError,
    InvalidInstance,
    NotFound,
    OutOfResources,
    Unavailable,
)
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import Spool, StoredKey

# On these one fsync of a file after its rename makes contents and name durable: their journal or log is
# written in order up to the inode. Elsewhere the folders are synced too.
_ORDERED_FILE_SYSTEMS = frozenset({"ext4", "xfs", "btrfs", "apfs"})
_OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FREE_CHECK_S = 1.0
# Beyond this much unwritten data the disk is started on it early, so that the final sync is short.
_WRITE_BACK_BYTES = 8 << 20
_SMALL_BYTES = 64 << 10
_WORTH_BEGINNING_BYTES = 64 << 10
_SYNC_FILE_RANGE_WRITE = 2


@dataclass(frozen=True, slots=True)
class FilesystemConfig:
    """Where objects lie and when to refuse more.

    ``reserve_bytes`` stay free for the index and the logs; ``max_object_bytes`` bounds one object.
    """

    root: Path
    reserve_bytes: int = 1 << 30
    max_object_bytes: int = 64 << 30


def _file_system_of(path: Path) -> str:
    """The type of the file system a folder is on, "" where it cannot be told."""
    if sys.platform == "darwin":
        return "apfs"
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    best, kind, where = "", "", str(path.resolve())
    for line in mounts:
        _, mount_point, name, *_ = line.split()
        inside = where == mount_point or where.startswith(mount_point.rstrip("/") + "/")
        if inside and len(mount_point) >= len(best):
            best, kind = mount_point, name
    return kind


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


_numbers = itertools.count(time.time_ns())  # a process ID is used again one day, a time is not


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
        with _told():
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
            raise _error_of(problem) from problem

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
        with _mapped(self.descriptor, self.size_bytes) as buffer:
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


def _error_of(problem: OSError) -> HounsfieldError:
    if problem.errno in _OUT_OF_SPACE:
        return OutOfResources("the disk is full")
    return Unavailable(f"the disk did not take the object: {problem.strerror}")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn errors of the operating system into ours."""
    try:
        yield
    except OSError as problem:
        raise _error_of(problem) from problem


@contextlib.contextmanager
def _mapped(descriptor: int, size: int) -> Iterator[Buffer]:
    """Small files are read at once, which is cheaper than to map them; large ones are mapped."""
    if size <= 1 << 16:
        yield os.pread(descriptor, size, 0)
        return
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as mapped:
        yield mapped


class StoredFile:
    """A stored file open for reading."""

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
        with _mapped(self.descriptor, self.size_bytes) as buffer:
            yield buffer

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class FilesystemStorage:
    """Objects under ``root/objects``, received in ``root/spool``, both on one file system."""

    def __init__(self, config: FilesystemConfig) -> None:
        self.config = config
        self.objects = config.root / "objects"
        self.spool_folder = config.root / "spool"
        for folder in (self.objects, self.spool_folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.syncs_folders = _file_system_of(config.root) not in _ORDERED_FILE_SYSTEMS
        self._objects_prefix = f"{self.objects}{os.sep}"
        self._spool_prefix = f"{self.spool_folder}{os.sep}"
        self._known_folders: set[str] = set()
        self._lock = threading.Lock()
        self._free = (0.0, 0)

    def spool(self, *, size_hint: int = 0) -> FileSpool:
        self._require_room(size_hint)
        # The writer's process ID lets sweep tell a spool file in use from one that was left behind.
        path = f"{self._spool_prefix}{os.getpid()}-{next(_numbers)}"
        return FileSpool(path, self.config.max_object_bytes, self._require_room)

    def put(self, spool: Spool, key: str, received_at_us: int) -> None:
        if not isinstance(spool, FileSpool):
            raise TypeError("a spool can only be put where it was made")
        spool.flush()
        target = self._path(key)
        if os.path.exists(target) and self._keep(target, spool):
            spool.discard()
            return
        with _told():
            os.utime(spool.descriptor, ns=(received_at_us * 1000, received_at_us * 1000))
            self._rename(spool.path, target)
        try:
            with _told():
                _sync(spool.descriptor)
                if self.syncs_folders:
                    self._sync_folders(Path(target).parent)
        except HounsfieldError:
            # The bytes may be gone although they were written: take the name away as well.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(target)
            raise
        finally:
            spool.close()

    def _keep(self, target: str, spool: FileSpool) -> bool:
        """Whether what has the name already is what was spooled; if so it is durable on return.

        Whoever put it there may not have synced it yet, or have died before it could.
        """
        try:
            with open(target, "rb") as file:
                if os.fstat(file.fileno()).st_size != spool.size_bytes:
                    return False
                if hashlib.file_digest(file, "sha256").hexdigest() != spool.sha256():
                    return False
                _sync(file.fileno())
        except OSError:
            return False
        if self.syncs_folders:
            self._sync_folders(Path(target).parent)
        return True

    def _rename(self, source: str, target: str) -> None:
        folder = os.path.dirname(target)
        self._make_folder(folder)
        try:
            os.rename(source, target)
        except FileNotFoundError:  # somebody removed a folder that we knew
            with self._lock:
                self._known_folders.clear()
            self._make_folder(folder)
            os.rename(source, target)

    def open(self, key: str) -> StoredFile:
        try:
            return StoredFile(self._path(key))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"storage has no object {key}") from None

    def exists(self, key: str) -> bool:
        return os.path.isfile(self._path(key))

    def delete(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(key))

    def walk(self, prefix: str = "") -> Iterator[StoredKey]:
        start = self.objects / prefix if prefix and prefix.endswith("/") else self.objects
        yield from self._walk(start, prefix)

    def free_bytes(self) -> int:
        at, free = self._free
        now = time.monotonic()
        if now - at > _FREE_CHECK_S:
            status = os.statvfs(self.objects)
            free = status.f_bavail * status.f_frsize
            self._free = (now, free)
        return free

    def _walk(self, folder: Path, prefix: str) -> Iterator[StoredKey]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), prefix)
                continue
            key = str(Path(entry.path).relative_to(self.objects))
            if key.startswith(prefix):
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # deleted while we walked
                    continue
                yield StoredKey(key, status.st_size, status.st_mtime_ns // 1000)

    def _path(self, key: str) -> str:
        if parse_key(key) is None:
            raise InvalidInstance(f"{key!r} cannot name an object")
        return self._objects_prefix + key

    def _make_folder(self, name: str) -> None:
        if name in self._known_folders:
            return
        os.makedirs(name, exist_ok=True)
        with self._lock:
            if len(self._known_folders) > 100_000:
                self._known_folders.clear()
            self._known_folders.add(name)

    def _require_room(self, more_bytes: int = 0) -> None:
        if self.free_bytes() < more_bytes + self.config.reserve_bytes:
            raise OutOfResources("the disk is as good as full: only the reserve is left")

    def _sync_folders(self, folder: Path) -> None:
        while folder != self.config.root:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            folder = folder.parent


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - there is no fcntl on some platforms

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync alone leaves it in the drive's cache
    else:
        os.fsync(descriptor)
