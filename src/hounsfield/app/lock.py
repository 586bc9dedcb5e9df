"""Who works on a data folder: one server for each role, and never a rebuild beside anybody.

Locks are advisory ones of the operating system on small files in `DATA/locks`. They belong to an
open file: a server's children inherit it, so a folder is free only when the last of them is gone.

Whoever writes also leaves a mark there and removes it at a clean end. A mark that is found by somebody
who has the folder alone was left by a crash, and means that storage and index must be compared; its time,
which a server renews, tells from which day on.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from hounsfield.errors import HounsfieldError
from hounsfield.processes import is_running

INDEX = "index"
_UNCLEAN = "unclean."
_ORPHANS_GONE_S = 12.0


class InUse(HounsfieldError):
    """Somebody else works on the data folder; the text says who."""


class FolderLock:
    """The locks that one process holds on a data folder."""

    def __init__(self, data: Path, command: str) -> None:
        self._folder = data / "locks"
        self._command = command
        self._held: dict[str, int] = {}
        self._is_marked = False
        # A process ID alone may be that of the one who crashed: in a container it nearly always is.
        self._mark = self._folder / f"{_UNCLEAN}{os.getpid()}-{time.time_ns()}"

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The open files that hold the locks, for children to inherit."""
        return tuple(self._held.values())

    def take(self, name: str, *, shared: bool = False) -> None:
        """Take one lock, or change its kind; raises InUse.

        If its holder was killed, its children may still be finishing: they get some seconds.
        """
        deadline = time.monotonic() + _ORPHANS_GONE_S
        while not self.try_to_take(name, shared=shared):
            holder = self._holder(name)
            if _is_alive(holder) or time.monotonic() > deadline:
                data, who = self._folder.parent, holder or "another process"
                raise InUse(f"{data} is in use by {who}")
            time.sleep(0.05)

    def try_to_take(self, name: str, *, shared: bool = False) -> bool:
        """Take one lock, or change its kind, if that can be had at once."""
        self._folder.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._folder.mkdir(exist_ok=True)
        descriptor = self._held.get(name)
        if descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._folder / name, flags, 0o640)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if name not in self._held:
                os.close(descriptor)
            return False
        self._held[name] = descriptor
        os.ftruncate(descriptor, 0)
        if not shared:  # many can share a lock: it then names nobody
            with contextlib.suppress(OSError):  # the index says more clearly that the disk is full
                os.pwrite(descriptor, f"{self._command} (pid {os.getpid()})\n".encode(), 0)
        return True

    def _holder(self, name: str) -> str:
        try:
            return (self._folder / name).read_text("utf-8").strip()
        except OSError:
            return ""

    def was_left_unclean(self) -> bool:
        """Whether somebody who wrote here did not come to a clean end; only for who is alone here."""
        return any(self._folder.glob(f"{_UNCLEAN}*"))

    def unclean_since(self) -> float | None:
        """The time of the oldest mark, in seconds since 1970."""
        return min(
            (mark.stat().st_mtime for mark in self._folder.glob(f"{_UNCLEAN}*")), default=None
        )

    def is_clean_again(self) -> None:
        """Remove the marks of those who are gone."""
        for mark in self._folder.glob(f"{_UNCLEAN}*"):
            mark.unlink(missing_ok=True)

    def mark(self) -> None:
        """Say that we are writing; the mark survives a power cut, since the sweep after one depends on it."""
        self._mark.touch()
        self._is_marked = True
        for folder in (self._folder, self._folder.parent):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def renew(self) -> None:
        """Say that whatever was stored before now has its row, but for the last moments."""
        with contextlib.suppress(OSError):  # an older time only makes a sweep look at more
            os.utime(self._mark)

    def release(self, *, is_clean: bool = True) -> None:
        """Let go, as far as this process is concerned; an unclean end leaves the mark."""
        if is_clean and self._is_marked:
            self._mark.unlink(missing_ok=True)
        while self._held:
            os.close(self._held.popitem()[1])


def _is_alive(holder: str) -> bool:
    """Whether the process that a lock file names runs; True if it names none."""
    pid = holder.rpartition("(pid ")[2].rstrip(")")
    return not pid.isdecimal() or is_running(int(pid))


@contextlib.contextmanager
def working_on(data: Path, command: str, *, writes: bool) -> Iterator[None]:
    """Use the index beside others, but not while it is rebuilt."""
    lock = FolderLock(data, command)
    lock.take(INDEX, shared=True)
    is_clean = False
    try:
        if writes:
            lock.mark()
        yield
        is_clean = True
    finally:
        lock.release(is_clean=is_clean)


@contextlib.contextmanager
def alone_with(data: Path, command: str, roles: Iterable[str]) -> Iterator[None]:
    """Keep every server and every writer away."""
    lock = FolderLock(data, command)
    try:
        for role in roles:  # these name their holder, so they are asked first
            lock.take(role)
        lock.take(INDEX)
        yield
        lock.is_clean_again()  # whoever wants to be alone leaves storage and index in agreement
    finally:
        lock.release()
