"""A pool of processes that decode and draw, so that no codestream can harm the server.

A codec is much C code that reads what strangers send. Each task therefore runs in a process of its own that may take so
much memory and so much processor time; one that takes more, or that dies, is a clean error, and the next task finds a
fresh process. Processes begin when there is work and end when there was none for a while.
"""

import json
import logging
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

from hounsfield import errors
from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable, Unavailable
from hounsfield.pixels.worker import READY, REPLY

_WALL_OVER_CPU = 6.0
_START_WITHIN_S = 60.0
_MAX_REPLY_BYTES = 1 << 32
# What one thread gives to another through the pool may be raised there as these.
_KNOWN = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, HounsfieldError)
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """How many processes there may be, and what each may take.

    Args:
        processes: at most so many at a time; 0 takes one for each processor, at most four.
        memory_bytes: the address space of each, beyond what the program itself takes.
        cpu_s: processor time of a small task; ``bytes_per_cpu_s`` of what comes out add to it.
        bytes_per_cpu_s: how much a slow codec makes in a second.
        wait_s: how long a task waits for a process before it is refused.
        idle_s: when a process without work ends.
    """

    processes: int = 0
    memory_bytes: int = 3 << 30
    cpu_s: float = 1.5
    bytes_per_cpu_s: int = 8 << 20
    wait_s: float = 30.0
    idle_s: float = 60.0

    @property
    def size(self) -> int:
        return self.processes or min(os.cpu_count() or 1, 4)


class _Gone(Exception):
    """The process ended; ``began`` tells whether it may have been the task's doing."""


class DecodePool:
    """Runs tasks of `pixels.tasks` in processes; may be called from many threads. Use it as a context manager."""

    def __init__(self, config: PoolConfig | None = None) -> None:
        self.config = config or PoolConfig()
        self._places = threading.BoundedSemaphore(self.config.size)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self, task: str, *arguments: Any, makes_bytes: int = 0, cpu_s: float | None = None
    ) -> tuple[Any, bytes]:
        """Carry out a task; its result is what it tells in JSON, and bytes.

        ``makes_bytes`` is the size of what it decodes, for the time it may take, ``cpu_s`` that time where the caller
        knows better. Raises what the task raised, InvalidInstance where its process died of it, NotAcceptable where it
        took too much, and Unavailable where no process was to be had.
        """
        limit_s = cpu_s or self.config.cpu_s + makes_bytes / self.config.bytes_per_cpu_s
        request = pickle.dumps((task, arguments, limit_s), protocol=5)
        if not self._places.acquire(timeout=self.config.wait_s):
            raise Unavailable("too many pictures are being made at this moment")
        try:
            return self._run(request, limit_s)
        finally:
            self._places.release()

    def processes(self) -> list[int]:
        """The process IDs of those that live."""
        with self._lock:
            return [one.pid for one in self._all if one.is_alive()]

    def close(self) -> None:
        """End all processes; tasks in progress fail."""
        with self._lock:
            self._is_closed = True
            ending, self._idle = list(self._all), []
            self._all.clear()
        for process in ending:
            process.end()

    def _run(self, request: bytes, limit_s: float) -> tuple[Any, bytes]:
        for is_last in (False, True):
            process = self._take()
            try:
                answer = process.ask(request, limit_s)
            except _Gone:
                self._drop(process)
                # One that ended for want of work, or was killed from outside, says nothing against the task.
                if is_last or not process.was_idle:
                    raise _why(process) from None
            except BaseException:
                self._drop(process)
                raise
            else:
                self._give_back(process)
                return _result(*answer)
        raise AssertionError

    def _take(self) -> "_Process":
        with self._lock:
            if self._is_closed:
                raise Unavailable("the server is ending")
            while self._idle:
                process = self._idle.pop()
                if process.is_alive():
                    return process
                self._all.discard(process)
                process.end()
        process = _Process(self.config)
        with self._lock:
            self._all.add(process)
        return process

    def _give_back(self, process: "_Process") -> None:
        process.was_idle = True
        with self._lock:
            if not self._is_closed:
                self._idle.append(process)

    def _drop(self, process: "_Process") -> None:
        with self._lock:
            self._all.discard(process)
        process.end()


def _why(process: "_Process") -> HounsfieldError:
    if process.is_too_slow:
        return NotAcceptable("decoding it takes longer than is allowed")
    log.warning("a decoding process ended with status %s", process.status)
    return InvalidInstance("its pixel data cannot be decoded: the decoder died of it")


def _result(meta: Any, content: bytes) -> tuple[Any, bytes]:
    if isinstance(meta, dict) and "error" in meta:
        kind = _KNOWN.get(str(meta["error"]))
        if kind is None:
            log.error("a decoding task failed: %s", meta.get("text"))
            kind = InvalidInstance
        raise kind(str(meta.get("text", "")))
    return meta, content


class _Process:
    """One process and the socket to it. It never sends pickles: what has read a codestream is not trusted."""

    def __init__(self, config: PoolConfig) -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            # A frame goes through in few pieces.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._socket = ours
        self.was_idle = False
        self.is_too_slow = False
        arguments = (theirs.fileno(), config.memory_bytes, config.idle_s)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "hounsfield.pixels.worker", *map(str, arguments)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        except OSError as problem:
            ours.close()
            raise Unavailable(f"no process to decode in: {problem}") from problem
        finally:
            theirs.close()
        self.pid = self._process.pid
        ours.settimeout(_START_WITHIN_S)
        if self._read_or_nothing(len(READY)) != READY:
            self.end()
            raise Unavailable("the process to decode in did not start")

    @property
    def status(self) -> int | None:
        return self._process.returncode

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: bytes, limit_s: float) -> tuple[Any, bytes]:
        """Send a task and wait for its result; raises _Gone."""
        deadline = time.monotonic() + limit_s * _WALL_OVER_CPU + 5.0
        try:
            self._socket.settimeout(deadline - time.monotonic())
            self._socket.sendall(struct.pack("<Q", len(request)))
            self._socket.sendall(request)
        except (OSError, ValueError):
            self._note_end(began=False)
            raise _Gone from None
        head = self._read(REPLY.size, deadline)
        meta_length, length = REPLY.unpack(head)
        if meta_length + length > _MAX_REPLY_BYTES:
            raise _Gone
        meta = self._read(meta_length, deadline)
        content = self._read(length, deadline)
        try:
            return json.loads(meta), content
        except ValueError:
            raise _Gone from None

    def _read(self, length: int, deadline: float) -> bytes:
        """Exactly so many bytes; raises _Gone."""
        data = bytearray(length)
        view, at = memoryview(data), 0
        while at < length:
            left_s = deadline - time.monotonic()
            try:
                self._socket.settimeout(max(left_s, 0.001))
                count = self._socket.recv_into(view[at:])
            except TimeoutError:
                self.is_too_slow = True
                raise _Gone from None
            except OSError:
                count = 0
            if not count:
                self._note_end(began=at > 0)
                raise _Gone
            at += count
        return bytes(data)

    def _read_or_nothing(self, length: int) -> bytes:
        try:
            return self._socket.recv(length)
        except OSError:
            return b""

    def _note_end(self, *, began: bool) -> None:
        """Whether it ended by itself between two tasks, by its time limit, or otherwise."""
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            status = None
        self.is_too_slow = status == -signal.SIGPROF  # its processor time was up
        self.was_idle = (
            self.was_idle and not began and status in (0, -signal.SIGKILL, -signal.SIGTERM)
        )

    def end(self) -> None:
        """Kill it if it still runs, and take note of its end."""
        self._socket.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
