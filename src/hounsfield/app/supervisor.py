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
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hounsfield.app.child import Orders
from hounsfield.app.children import Child, clear_spool_of, ending
from hounsfield.app.listeners import in_url, listeners_for, port_of
from hounsfield.app.lock import INDEX, FolderLock
from hounsfield.app.readiness import is_ready
from hounsfield.app.tls_port import TlsPort
from hounsfield.dimse.places import shared_file
from hounsfield.errors import HounsfieldError
from hounsfield.settings.model import Settings

ROLES = ("dimse", "http", "worker")
_TRIES_BEFORE_READY = 3
_MOST_BY_DEFAULT = 4
_STOP_S = 8.5  # the contract is 10 s from SIGTERM to the end of the last process
_PROBE_EVERY_S = 0.02
_RENEW_EVERY_S = 3600.0

log = logging.getLogger(__name__)


class StartFailed(HounsfieldError):
    """A process does not come up at all; its own log lines say why."""


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
            Child(role, None) for role in roles for _ in range(_processes_of(role, settings))
        ]
        self._tls = TlsPort(settings, receives="dimse" in roles)
        self._places_descriptor = -1
        self._probe_ae_title = f"READY-{secrets.token_hex(5)}"
        self._is_clean = True
        self._renew_at = time.monotonic() + _RENEW_EVERY_S
        self._is_ready = threading.Event()
        self._is_announced = False
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
        self._tls.open(listeners.get("dimse_tls"))
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
                child = Child("sweep", None)
                self._start(child)
                assert child.process is not None
                code = child.process.wait()
                child.let_go()
                if code != 0:
                    raise StartFailed(
                        f"storage and index could not be compared ({ending(code)}); the lines above say why"
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
                    if self.ready.ports and self._can_wait(child):
                        child.start_at = math.inf  # nobody waits for it: the others start sooner
                    else:
                        self._start(child)
                threading.Thread(target=self._probe, name="readiness", daemon=True).start()
                while not self._stopping.is_set():
                    self._sleep()
                    self._look_after_children()
                    self._look_after_tls()
                    if self._is_ready.is_set() and not self._is_announced:
                        self._announce(on_ready)
            finally:
                self._stop()

    def _can_wait(self, child: Child) -> bool:
        """Whether what it does is not asked for at once, or is done by another meanwhile."""
        if child.role != "http":
            return child.listener is None
        return child is not next(one for one in self._children if one.role == "http")

    def close(self) -> None:
        """Give back locks, sockets and the ready file."""
        if self._ready_file:
            self._ready_file.unlink(missing_ok=True)
        for child in self._children:
            for listener in child.listeners:  # again: `prepare` may have failed half-way
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
        """Wait for a signal, a message of the probe, or the time for one of our own tasks."""
        starts = (child.start_at for child in self._children if child.process is None)
        due = min(self._renew_at, self._tls.next_look, *starts)
        timeout = max(0.0, due - time.monotonic())
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
        self._is_announced = True
        document = self._write_ready_file()
        log.info("ready", extra=document)
        if on_ready:
            on_ready(document)

    def _write_ready_file(self) -> dict[str, Any]:
        document = self.ready.document()
        if self._ready_file:
            _write_atomically(self._ready_file, json.dumps(document) + "\n")
        return document

    def _look_after_tls(self) -> None:
        """Serve TLS from the moment on that there are certificates."""
        if not self._tls.look(time.monotonic()) or self._tls.port is None:
            return
        if self._tls.listener is not None:
            self.ready.ports["dimse_tls"] = self._tls.port
        for child in self._children:
            child.tls_listener = self._tls.listener if child.role == "dimse" else None
            child.tell_of_tls(self._tls.port)
        if self._is_announced:
            self._write_ready_file()
        log.info("DICOM over TLS is served from now on", extra={"port": self._tls.port})

    # -- children -----------------------------------------------------------------------------------

    def _start(self, child: Child) -> None:
        receives = child.role == "dimse"
        orders = Orders(
            settings=self._settings,
            dimse_port=self.ready.ports.get("dimse", self._settings.dimse.port),
            dimse_tls_port=self._tls.port,
            is_demo=self._is_demo,
            probe_ae_title=self._probe_ae_title,
            places_descriptor=self._places_descriptor,
            tls_descriptor=child.tls_listener.fileno() if child.tls_listener else -1,
            up_descriptor=self._tell_up if receives else -1,
            is_again=child.started > 0,
        )
        inherited = [orders.places_descriptor, orders.up_descriptor, *self._lock.descriptors]
        child.start(orders, (one for one in inherited if one >= 0), time.monotonic())
        assert child.process is not None
        log.debug("started", extra={"role": child.role, "child_pid": child.process.pid})

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
                    child.try_later(now)

    def _bury(self, child: Child, now: float) -> None:
        pid, code = child.bury(now)
        clear_spool_of(pid, self._settings.data / "spool")
        self._is_clean = self._is_clean and code == 0
        if self._stopping.is_set():
            return
        if not self._is_ready.is_set() and child.failures >= _TRIES_BEFORE_READY:
            raise StartFailed(
                f"the {child.role} process ended {child.failures} times before it was ready"
                f" ({ending(code)}); the lines above say why"
            )
        log.error(
            "process ended by itself, starting it again",
            extra={"role": child.role, "ending": ending(code), "in_s": child.try_later(now)},
        )

    def _stop(self) -> None:
        """Let every child finish what is in progress; who does not in time is killed."""
        self._stopping.set()
        for child in self._children:  # from now on connections are refused, not left waiting
            for listener in child.listeners:
                listener.close()
        running = [child for child in self._children if child.process is not None]
        for child in running:
            child.let_go()
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


def _processes_of(role: str, settings: Settings) -> int:
    """How many processes have a role: one interpreter keeps one processor busy."""
    wanted = {"dimse": settings.dimse.processes, "http": settings.web.processes}.get(role, 1)
    return wanted or max(1, min(os.cpu_count() or 1, _MOST_BY_DEFAULT))


def _write_atomically(file: Path, text: str) -> None:
    scratch = file.with_name(f"{file.name}.{os.getpid()}")
    scratch.write_text(text, "utf-8")
    scratch.replace(file)
