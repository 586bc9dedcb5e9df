"""`hounsfield serve`: starts one process for each role, keeps them running and ends them together.

The parent holds the data folder's locks and the listening sockets, so that a child that died is started
again without a connection being refused. It serves nothing itself.
"""

import contextlib
import json
import logging
import math
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hounsfield.app.child import Orders, orders_line
from hounsfield.app.listeners import in_url, listeners_for, port_of
from hounsfield.app.lock import INDEX, FolderLock
from hounsfield.app.readiness import is_ready
from hounsfield.dimse.places import shared_file
from hounsfield.dimse.tls import has_certificates
from hounsfield.errors import HounsfieldError
from hounsfield.settings.model import Settings

ROLES = ("dimse", "http", "worker")
_BACK_OFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SETTLED_S = 60.0  # a child that lived so long starts its back-off anew
_TRIES_BEFORE_READY = 3
_MOST_BY_DEFAULT = 4
_STOP_S = 8.5  # the contract is 10 s from SIGTERM to the end of the last process
_HELD_BACK = (signal.SIGINT, signal.SIGTERM)  # from a child until it can take them
_PROBE_EVERY_S = 0.02
_RENEW_EVERY_S = 3600.0

log = logging.getLogger(__name__)


class StartFailed(HounsfieldError):
    """A process does not come up at all; its own log lines say why."""


@dataclass
class _Child:
    role: str
    listener: socket.socket | None
    tls_listener: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None
    life_line: int = -1
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0


@dataclass
class Ready:
    """What a server is reached by; the ready file is this as JSON."""

    roles: Sequence[str]
    settings: Settings
    ports: dict[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The contract with scripts; a role that does not run here is left out."""
        document: dict[str, Any] = {}
        if "http" in self.ports:
            document["http"] = f"http://{in_url(self.settings.web.host)}:{self.ports['http']}"
            document["dicomweb"] = document["http"] + "/dicom-web"
        if "dimse" in self.ports:
            document["dicom"] = {
                "host": self.settings.dimse.host,
                "port": self.ports["dimse"],
                "ae_title": self.settings.dimse.ae_title,
            }
        if "dimse_tls" in self.ports:
            document["dicom_tls"] = document["dicom"] | {"port": self.ports["dimse_tls"]}
        return document | {"pid": os.getpid()}


class Supervisor:
    """Runs the roles in child processes until SIGTERM or SIGINT."""

    def __init__(
        self,
        settings: Settings,
        *,
        roles: Sequence[str] = ROLES,
        ready_file: Path | None = None,
        is_demo: bool = False,
    ) -> None:
        self._settings = settings
        self._ready_file = ready_file
        self._is_demo = is_demo
        self._lock = FolderLock(settings.data, "hounsfield demo" if is_demo else "hounsfield serve")
        self._children = [
            _Child(role, None)
            for role in roles
            for _ in range(_receiving_processes(settings) if role == "dimse" else 1)
        ]
        self._places_descriptor = -1
        self._probe_ae_title = f"READY-{secrets.token_hex(5)}"
        self._is_clean = True
        self._renew_at = time.monotonic() + _RENEW_EVERY_S
        self._is_ready = threading.Event()
        self._stopping = threading.Event()
        self._wake, self._waker = socket.socketpair()
        self._up, self._tell_up = os.pipe()
        os.set_blocking(self._up, False)
        self.ready = Ready(roles, settings)

    @property
    def stopping(self) -> threading.Event:
        """Set as soon as the end has begun."""
        return self._stopping

    def prepare(self) -> None:
        """Take the locks and the ports; raises InUse or CannotListen with nothing started."""
        if self._ready_file:
            self._ready_file.parent.mkdir(parents=True, exist_ok=True)
            self._ready_file.unlink(missing_ok=True)
        self._settings.data.mkdir(mode=0o750, parents=True, exist_ok=True)
        for role in self.ready.roles:
            self._lock.take(role)
        self._agree()
        listeners = listeners_for(self.ready.roles, self._settings)
        for child in self._children:
            child.listener = listeners.get(child.role)
            child.tls_listener = listeners.get(f"{child.role}_tls")
        self.ready.ports |= {role: port_of(listener) for role, listener in listeners.items()}
        if sum(child.role == "dimse" for child in self._children) > 1:
            self._places_descriptor = shared_file(self._settings.dimse.max_associations)

    def _agree(self) -> None:
        """After a crash, let storage and index be compared before anything is received.

        Only who is alone on the folder may: otherwise an object could be taken for an orphan while it
        is being stored. Whoever else is here leaves that to a later start.
        """
        settings = self._settings
        if self._lock.try_to_take(INDEX):
            has_lost_index = (settings.data / "objects").exists() and not (
                settings.data / "index.db"
            ).exists()
            if has_lost_index or self._lock.was_left_unclean():
                child = _Child("sweep", None)
                self._start(child)
                assert child.process is not None
                code = child.process.wait()
                os.close(child.life_line)
                if code != 0:
                    raise StartFailed(
                        f"storage and index could not be compared ({_ending(code)}); the lines above say why"
                    )
                self._lock.is_clean_again()
        self._lock.take(INDEX, shared=True)
        self._lock.mark()

    def run(self, on_ready: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Start the children, keep them running, and end them in order; raises StartFailed.

        ``on_ready`` is called once, from this thread, when every role has answered.
        """
        with self._signals():
            try:
                for child in self._children:
                    if self.ready.ports and child.listener is None:
                        child.start_at = math.inf  # nobody waits for it: the others start sooner
                    else:
                        self._start(child)
                threading.Thread(target=self._probe, name="readiness", daemon=True).start()
                announced = False
                while not self._stopping.is_set():
                    self._sleep()
                    self._look_after_children()
                    if self._is_ready.is_set() and not announced:
                        announced = True
                        self._announce(on_ready)
            finally:
                self._stop()

    def close(self) -> None:
        """Give back locks, sockets and the ready file."""
        if self._ready_file:
            self._ready_file.unlink(missing_ok=True)
        for child in self._children:
            for listener in (child.listener, child.tls_listener):
                if listener is not None:  # again: `prepare` may have failed half-way
                    listener.close()
        if self._places_descriptor >= 0:
            os.close(self._places_descriptor)
            self._places_descriptor = -1
        self._lock.release(is_clean=self._is_clean)
        self._wake.close()
        self._waker.close()
        os.close(self._up)
        os.close(self._tell_up)

    # -- waiting ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into bytes that end `_sleep`."""
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        handled = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
        before = {number: signal.signal(number, lambda *_: None) for number in handled}
        before_fd = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before_fd)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _sleep(self) -> None:
        """Wait for a signal, a message of the probe, or the time to start a child again or renew the mark."""
        due = min(
            (child.start_at for child in self._children if child.process is None),
            default=self._renew_at,
        )
        timeout = max(0.0, min(due, self._renew_at) - time.monotonic())
        select.select([self._wake], [], [], timeout)
        if time.monotonic() >= self._renew_at:
            self._lock.renew()
            self._renew_at = time.monotonic() + _RENEW_EVERY_S
        with contextlib.suppress(BlockingIOError):
            if {signal.SIGTERM, signal.SIGINT} & set(self._wake.recv(4096)):
                self._stopping.set()

    def _probe(self) -> None:
        receiving = sum(child.role == "dimse" for child in self._children)
        while not self._stopping.is_set():
            # One answers for all who share its port, so each has to say for itself that it serves.
            with contextlib.suppress(BlockingIOError):
                receiving -= len(os.read(self._up, 64))
            if receiving <= 0 and is_ready(self.ready.ports, self._settings, self._probe_ae_title):
                self._is_ready.set()
                with contextlib.suppress(OSError):
                    self._waker.send(b"\0")
                return
            time.sleep(_PROBE_EVERY_S)

    def _announce(self, on_ready: Callable[[dict[str, Any]], None] | None) -> None:
        for child in self._children:
            child.start_at = min(child.start_at, time.monotonic())
        document = self.ready.document()
        if self._ready_file:
            _write_atomically(self._ready_file, json.dumps(document) + "\n")
        log.info("ready", extra=document)
        if on_ready:
            on_ready(document)

    # -- children -----------------------------------------------------------------------------------

    def _start(self, child: _Child) -> None:
        reader, child.life_line = os.pipe()
        listener = child.listener.fileno() if child.listener else None
        inherited = [reader, *self._lock.descriptors]
        tls = child.tls_listener.fileno() if child.tls_listener else -1
        inherited += [
            one for one in (listener, self._places_descriptor, tls) if one not in (None, -1)
        ]
        up = self._tell_up if child.role == "dimse" else -1
        if up >= 0:
            inherited.append(up)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        try:
            child.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    # -P: whatever lies in the working directory is not for us to import.
                    *(sys.executable, "-P", "-m", "hounsfield.app.child"),
                    *(child.role, str(reader), "-" if listener is None else str(listener)),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=inherited,
            )
        except OSError:
            os.close(child.life_line)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(reader)
        is_again = child.started > 0
        child.started = time.monotonic()
        orders = Orders(
            settings=self._settings,
            dimse_port=self.ready.ports.get("dimse", self._settings.dimse.port),
            dimse_tls_port=self._tls_port(),
            is_demo=self._is_demo,
            probe_ae_title=self._probe_ae_title,
            places_descriptor=self._places_descriptor,
            tls_descriptor=tls,
            up_descriptor=up,
            is_again=is_again,
        )
        with contextlib.suppress(BrokenPipeError):  # it died already: seen by the next look
            os.write(child.life_line, orders_line(orders))
        log.debug("started", extra={"role": child.role, "child_pid": child.process.pid})

    def _tls_port(self) -> int | None:
        """Where TLS is spoken, here or by the one on this folder that receives; None where it is not."""
        if "dimse" in self.ready.roles:
            return self.ready.ports.get("dimse_tls")
        return (
            self._settings.dimse.tls_port if has_certificates(self._settings.data / "tls") else None
        )

    def _look_after_children(self) -> None:
        """Notice who died, start again who is due."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            elif child.process is None and child.start_at <= now and not self._stopping.is_set():
                try:
                    self._start(child)
                except OSError as problem:  # no memory or no process to be had just now
                    log.warning(
                        "cannot be started", extra={"role": child.role, "why": str(problem)}
                    )
                    child.failures += 1
                    self._try_later(child, now)

    def _bury(self, child: _Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        self._clear_spool_of(child.process.pid)
        os.close(child.life_line)
        child.process, child.life_line = None, -1
        self._is_clean = self._is_clean and code == 0
        if self._stopping.is_set():
            return
        child.failures = 1 if now - child.started > _SETTLED_S else child.failures + 1
        if not self._is_ready.is_set() and child.failures >= _TRIES_BEFORE_READY:
            raise StartFailed(
                f"the {child.role} process ended {child.failures} times before it was ready"
                f" ({_ending(code)}); the lines above say why"
            )
        log.error(
            "process ended by itself, starting it again",
            extra={
                "role": child.role,
                "ending": _ending(code),
                "in_s": self._try_later(child, now),
            },
        )

    def _try_later(self, child: _Child, now: float) -> float:
        delay = _BACK_OFF_S[min(child.failures, len(_BACK_OFF_S)) - 1]
        child.start_at = now + delay
        return delay

    def _clear_spool_of(self, pid: int) -> None:
        """Remove what a child that is gone did not finish: the next sweep may be months away."""
        with contextlib.suppress(OSError):
            for path in (self._settings.data / "spool").glob(f"{pid}-*"):
                path.unlink(missing_ok=True)

    def _stop(self) -> None:
        """Let every child finish what is in progress; who does not in time is killed."""
        self._stopping.set()
        for child in self._children:  # from now on connections are refused, not left waiting
            for listener in (child.listener, child.tls_listener):
                if listener is not None:
                    listener.close()
        running = [child for child in self._children if child.process is not None]
        for child in running:
            os.close(child.life_line)
            child.life_line = -1
        deadline = time.monotonic() + _STOP_S
        for child in running:
            assert child.process is not None
            try:
                code = child.process.wait(max(0.0, deadline - time.monotonic()))
                self._is_clean = self._is_clean and code == 0
            except subprocess.TimeoutExpired:
                log.warning("killed, it did not end in time", extra={"role": child.role})
                child.process.kill()
                child.process.wait()
                self._is_clean = False
        log.info("stopped")


def _receiving_processes(settings: Settings) -> int:
    """How many processes take associations: one interpreter keeps one processor busy."""
    return settings.dimse.processes or max(1, min(os.cpu_count() or 1, _MOST_BY_DEFAULT))


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _write_atomically(file: Path, text: str) -> None:
    scratch = file.with_name(f"{file.name}.{os.getpid()}")
    scratch.write_text(text, "utf-8")
    scratch.replace(file)
