"""Objects as plain files in a folder, durable when `put` returns (docs/decisions/0002)."""

import contextlib
import hashlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hounsfield.errors import (
    HounsfieldError,
    InvalidInstance,
    NotFound,
    OutOfResources,
)
from hounsfield.storage.files import FileSpool, StoredFile, told
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import Spool, StoredKey
from hounsfield.storage.trash import FolderTrash

# On these one fsync of a file after its rename makes contents and name durable: their journal or log is
# written in order up to the inode. Elsewhere the folders are synced too.
_ORDERED_FILE_SYSTEMS = frozenset({"ext4", "xfs", "btrfs", "apfs"})
_FREE_CHECK_S = 1.0


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


_numbers = itertools.count(time.time_ns())  # a process ID is used again one day, a time is not


class FilesystemStorage:
    """Objects under ``root/objects``, received in ``root/spool``, both on one file system."""

    def __init__(self, config: FilesystemConfig) -> None:
        self.config = config
        self.objects = config.root / "objects"
        self.spool_folder = config.root / "spool"
        config.root.mkdir(mode=0o750, parents=True, exist_ok=True)
        for folder in (self.objects, self.spool_folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.syncs_folders = _file_system_of(config.root) not in _ORDERED_FILE_SYSTEMS
        self._objects_prefix = f"{self.objects}{os.sep}"
        self._spool_prefix = f"{self.spool_folder}{os.sep}"
        self._known_folders: set[str] = set()
        self._lock = threading.Lock()
        self._free = (0.0, 0)
        self._trash = FolderTrash(config.root / "trash", self._path, _sync)

    def spool(self, *, size_hint: int = 0) -> FileSpool:
        self._require_room(size_hint)
        # The supervisor knows by the process ID what a child that died has left behind.
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
        with told():
            os.utime(spool.descriptor, ns=(received_at_us * 1000, received_at_us * 1000))
            self._rename(spool.path, target)
        try:
            with told():
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

    def set_aside(self, key: str, folder: str) -> bool:
        return self._trash.set_aside(key, folder)

    def bring_back(self, key: str, folder: str) -> bool:
        return self._trash.bring_back(key, folder)

    def drop_aside(self, key: str, folder: str) -> None:
        self._trash.drop_aside(key, folder)

    def write_note(self, folder: str, content: bytes) -> None:
        self._trash.write_note(folder, content)

    def note(self, folder: str) -> bytes | None:
        return self._trash.note(folder)

    def drop_folder(self, folder: str) -> None:
        self._trash.drop_folder(folder)

    def notes(self) -> Iterator[tuple[str, bytes]]:
        return self._trash.notes()

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
