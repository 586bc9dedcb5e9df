"""The processes that the supervisor runs, one an object: started, told, and started again after a while."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hounsfield.app.child import Orders, orders_line

_BACK_OFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SETTLED_S = 60.0  # a child that lived so long starts its back-off anew
_HELD_BACK = (signal.SIGINT, signal.SIGTERM)  # from a child until it can take them


@dataclass
class Child:
    """One process of a role, or the place of one that is to be started again."""

    role: str
    listener: socket.socket | None
    tls_listener: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None
    life_line: socket.socket | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0

    @property
    def listeners(self) -> list[socket.socket]:
        """The sockets that it serves."""
        return [one for one in (self.listener, self.tls_listener) if one is not None]

    def start(self, orders: Orders, inherited: Iterable[int], now: float) -> None:
        """Start the process and give it its orders; raises OSError where there is no process to be had."""
        ours, theirs = socket.socketpair()
        listener = "-" if self.listener is None else str(self.listener.fileno())
        passed = [theirs.fileno(), *inherited, *(one.fileno() for one in self.listeners)]
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    # -P: whatever lies in the working directory is not for us to import.
                    *(sys.executable, "-P", "-m", "hounsfield.app.child"),
                    *(self.role, str(theirs.fileno()), listener),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=passed,
            )
        except OSError:
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            theirs.close()
        self.life_line, self.started = ours, now
        with contextlib.suppress(OSError):  # it died already: seen by the next look
            ours.sendall(orders_line(orders))

    def tell_of_tls(self, port: int) -> None:
        """Let a process that runs know where TLS is spoken now, and serve it if it is one that receives."""
        if self.life_line is None:
            return
        line = json.dumps({"dimse_tls_port": port}).encode() + b"\n"
        handed = [] if self.tls_listener is None else [self.tls_listener.fileno()]
        with contextlib.suppress(OSError):  # it is gone: the next one learns it from its orders
            socket.send_fds(self.life_line, [line], handed)

    def let_go(self) -> None:
        """End the life-line: the process finishes what is in progress and goes."""
        if self.life_line is not None:
            self.life_line.close()
            self.life_line = None

    def try_later(self, now: float) -> float:
        """Have it started again after ever longer times; gives the seconds."""
        delay = _BACK_OFF_S[min(self.failures, len(_BACK_OFF_S)) - 1]
        self.start_at = now + delay
        return delay

    def bury(self, now: float) -> tuple[int, int]:
        """Take in that the process has ended; gives its process ID and exit code."""
        assert self.process is not None
        pid, code = self.process.pid, self.process.returncode
        self.let_go()
        self.process = None
        self.failures = 1 if now - self.started > _SETTLED_S else self.failures + 1
        return pid, code


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def clear_spool_of(pid: int, spool: Path) -> None:
    """Remove what a process that is gone did not finish: the next sweep may be months away."""
    with contextlib.suppress(OSError):
        for path in spool.glob(f"{pid}-*"):
            path.unlink(missing_ok=True)
