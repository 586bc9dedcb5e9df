"""The places for connections, shared by all processes that serve one port.

Limits hold for the server as a whole, whichever of its processes a peer meets. What is counted lies in a
file that they all map: one slot a connection, with the process that serves it and, once it is an
association, a digest of its caller. Slots of a process that died are free again as soon as somebody looks.
"""

import fcntl
import hashlib
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct

from hounsfield.processes import is_running

_SLOT = Struct("=QQ")  # process ID, digest of the caller; 0 for none
# Connections beyond the associations allowed get an answer in words, up to this many.
SPARE_PLACES = 32


class Full(Exception):
    """One association too many; ``by_peer`` tells whether for its caller or for all."""

    def __init__(self, open_count: int, *, by_peer: bool) -> None:
        super().__init__(f"{open_count} associations are open")
        self.open_count = open_count
        self.by_peer = by_peer


class Places:
    """Room for ``max_associations`` and some connections that are none yet. For any number of threads."""

    def __init__(
        self, max_associations: int, max_associations_by_peer: int, descriptor: int = -1
    ) -> None:
        """Map the file that ``descriptor`` is open on, made by `shared_file`; without one be alone."""
        self._max_associations = max_associations
        self._max_by_peer = max_associations_by_peer
        self._descriptor = descriptor
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._slots = mmap.mmap(descriptor, _bytes(max_associations))

    def take(self) -> int | None:
        """A place for a connection, or None if there is none left."""
        with self._alone():
            self._free_those_of_the_dead()
            for place, (pid, _) in enumerate(_SLOT.iter_unpack(self._slots)):
                if not pid:
                    self._write(place, self._pid, 0)
                    return place
        return None

    def seat(self, place: int, calling_ae_title: str, address: str) -> None:
        """Count the connection as an association of this caller; raises Full."""
        caller = _digest(calling_ae_title, address)
        with self._alone():
            seated = [digest for _, digest in _SLOT.iter_unpack(self._slots) if digest]
            if len(seated) >= self._max_associations:
                raise Full(len(seated), by_peer=False)
            if (by_peer := seated.count(caller)) >= self._max_by_peer:
                raise Full(by_peer, by_peer=True)
            self._write(place, self._pid, caller)

    def rise(self, place: int) -> None:
        """The association is over; the connection is still there."""
        self._write(place, self._pid, 0)

    def give_back(self, place: int) -> None:
        """The connection is closed."""
        self._write(place, 0, 0)

    def has_more_than_its_share(self) -> bool:
        """Whether this process serves more connections than another one that serves any does."""
        if self._descriptor < 0:
            return False
        ours, others = 0, dict[int, int]()
        for pid, _ in _SLOT.iter_unpack(self._slots):
            if pid == self._pid:
                ours += 1
            elif pid:
                others[pid] = others.get(pid, 0) + 1
        return ours > min(others.values(), default=0)

    def close(self) -> None:
        """Unmap the file; its descriptor belongs to whoever opened it."""
        self._slots.close()

    def _write(self, place: int, pid: int, digest: int) -> None:
        _SLOT.pack_into(self._slots, place * _SLOT.size, pid, digest)

    def _free_those_of_the_dead(self) -> None:
        slots = list(_SLOT.iter_unpack(self._slots))
        others = {pid for pid, _ in slots} - {0, self._pid}
        dead = {pid for pid in others if not is_running(pid)}
        for place, (pid, _) in enumerate(slots):
            if pid in dead:
                self._write(place, 0, 0)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            if self._descriptor < 0:
                yield
                return
            # A lock of the process (not of the open file, which children inherit) ends with it.
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN)


def shared_file(max_associations: int) -> int:
    """Open a nameless file for `Places`; processes that inherit the descriptor share it.

    In memory where that can be had. Its bytes are written and not left out: a page that a full disk has no room
    for would kill the process that touches it.
    """
    empty = bytes(_bytes(max_associations))
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("hounsfield-places", os.MFD_CLOEXEC)
        os.write(descriptor, empty)
        return descriptor
    import tempfile  # noqa: PLC0415 - one process needs it once

    with tempfile.TemporaryFile() as file:
        file.write(empty)
        file.flush()
        return os.dup(file.fileno())


def _bytes(max_associations: int) -> int:
    return (max_associations + SPARE_PLACES) * _SLOT.size


def _digest(calling_ae_title: str, address: str) -> int:
    raw = hashlib.blake2b(f"{calling_ae_title}\0{address}".encode(), digest_size=8).digest()
    return int.from_bytes(raw) or 1
