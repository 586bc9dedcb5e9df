"""Who works on a data folder: one server for each role, and never a rebuild beside anybody.

Locks are advisory ones of the operating system on small files in `DATA/locks`. They belong to an
open file: a server's children inherit it, so a folder is free only when the last of them is gone.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from hounsfield.errors import HounsfieldError

INDEX = "index"
_ORPHANS_GONE_S = 12.0


class InUse(HounsfieldError):
    """Somebody else works on the data folder; the text says who."""


class FolderLock:
    """The locks that one process holds on a data folder."""

    def __init__(self, data: Path, command: str) -> None:
        self._folder = data / "locks"
        self._command = command
        self._descriptors: list[int] = []

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The open files that hold the locks, for children to inherit."""
        return tuple(self._descriptors)

    def take(self, name: str, *, shared: bool = False) -> None:
        """Take one lock or raise InUse.

        If its holder was killed, its children may still be finishing: they get some seconds.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        deadline = time.monotonic() + _ORPHANS_GONE_S
        while True:
            try:
                fcntl.flock(
                    descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
                )
                break
            except BlockingIOError:
                holder = os.read(descriptor, 200).decode("utf-8", "replace").strip()
                os.lseek(descriptor, 0, os.SEEK_SET)
                if _is_alive(holder) or time.monotonic() > deadline:
                    os.close(descriptor)
                    raise InUse(
                        f"{self._folder.parent} is in use by {holder or 'another process'}"
                    ) from None
                time.sleep(0.05)
        if not shared:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{self._command} (pid {os.getpid()})\n".encode(), 0)
        self._descriptors.append(descriptor)

    def release(self) -> None:
        """Let go, as far as this process is concerned."""
        while self._descriptors:
            os.close(self._descriptors.pop())


def _is_alive(holder: str) -> bool:
    """Whether the process that a lock file names runs; True if it names none."""
    pid = holder.rpartition("(pid ")[2].rstrip(")")
    if not pid.isdecimal():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def working_on(data: Path, command: str) -> Iterator[None]:
    """Use the index beside others, but not while it is rebuilt."""
    lock = FolderLock(data, command)
    lock.take(INDEX, shared=True)
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def alone_with(data: Path, command: str, roles: Iterable[str]) -> Iterator[None]:
    """Keep every server and every writer away."""
    lock = FolderLock(data, command)
    try:
        for role in roles:  # these name their holder, so they are asked first
            lock.take(role)
        lock.take(INDEX)
        yield
    finally:
        lock.release()
