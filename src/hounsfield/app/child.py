"""The entry of each process that the supervisor starts: `python -m hounsfield.app.child ROLE …`.

The life-line is a socket of the supervisor's. Its first line says what to do, later ones what has changed; its end
means: finish what is in progress and go. It ends when the supervisor closes it and also when the supervisor is killed.
"""

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from select import poll
from types import FrameType
from typing import Any

from pydantic import BaseModel, ConfigDict

from hounsfield.app.logs import set_up_log
from hounsfield.settings.model import Settings

DRAIN_S = 6.0
_NICENESS = 10  # what waits for a person or a scanner goes first
_DEADLINE_S = 8.0

log = logging.getLogger(__name__)


class Orders(BaseModel):
    """What the supervisor tells a child on its life-line."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    dimse_port: int
    dimse_tls_port: int | None = None
    is_demo: bool = False
    probe_ae_title: str
    places_descriptor: int = -1
    tls_descriptor: int = -1
    up_descriptor: int = -1
    is_again: bool = False
    """Whether this role died since the server started, and is now started again."""

    def tell_that_we_serve(self) -> None:
        """Let the supervisor know that this process, too, takes connections."""
        if self.up_descriptor >= 0:
            os.write(self.up_descriptor, b"\0")


class LifeLine:
    """Calls ``on_end`` once, from a thread of its own, when it is time to go."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._unread = bytearray()
        self._handed: list[int] = []
        self.ended = threading.Event()
        self._done = threading.Event()
        self._on_end: Callable[[], object] = lambda: None
        self._on_tls: Callable[[int, int | None], object] = lambda _port, _descriptor: None
        self._told, self._tell = os.pipe()
        self._starting = threading.Lock()
        self._is_watched = False

    def leave_while_starting(self) -> None:
        """Until `watch` nothing is in progress: the end of the life-line is then the end of the process."""
        threading.Thread(target=self._wait_for_its_end, name="starting", daemon=True).start()

    def _wait_for_its_end(self) -> None:
        hung_up = poll()
        hung_up.register(self._socket.fileno(), 0)
        hung_up.poll()
        with self._starting:
            if not self._is_watched:
                os._exit(0)

    def read_orders(self) -> Orders | None:
        """Read the first line; None if the supervisor is gone already."""
        line = self._read_line()
        return None if line is None else Orders.model_validate_json(line)

    def _read_line(self) -> bytes | None:
        """Wait for a line; the descriptors that came with it are in `_handed`. None at the end."""
        while b"\n" not in self._unread:
            try:
                piece, handed, _flags, _address = socket.recv_fds(self._socket, 1 << 16, 4)
            except ConnectionResetError:  # it was killed with something of ours unread
                return None
            for one in handed:
                os.set_inheritable(one, False)
            self._handed += handed
            if not piece:
                return None
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return bytes(line)

    def when_tls_opens(self, on_tls: Callable[[int, int | None], object]) -> None:
        """Have the port told on which TLS is spoken from now on, and who receives its socket. Before `watch`."""
        self._on_tls = on_tls

    def watch(self, on_end: Callable[[], object]) -> None:
        """Begin to wait for the end of the life-line, or for SIGTERM."""
        with self._starting:
            self._is_watched = True
        self._on_end = on_end
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's business
        signal.signal(signal.SIGTERM, self._on_signal)
        take_signals()
        threading.Thread(target=self._wait, name="life-line", daemon=True).start()
        threading.Thread(target=self._read_to_end, name="life-line reader", daemon=True).start()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        os.write(self._tell, b"\0")

    def _read_to_end(self) -> None:
        try:
            while (line := self._read_line()) is not None:
                self._on_tls(
                    json.loads(line)["dimse_tls_port"], self._handed.pop() if self._handed else None
                )
        finally:
            os.write(self._tell, b"\0")

    def _wait(self) -> None:
        os.read(self._told, 1)
        deadline = threading.Timer(_DEADLINE_S, os._exit, (1,))
        deadline.daemon = True
        deadline.start()
        self.ended.set()
        try:
            self._on_end()
        finally:
            self._done.set()

    def wait(self) -> None:
        """Wait until ``on_end`` has returned."""
        self._done.wait()


def take_signals() -> None:
    """Let in what the supervisor holds back from us while we start."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))


def run(role: str, orders: Orders, listener: socket.socket | None, life_line: LifeLine) -> None:
    """Load the code of one role, and nothing else, and run it to its end."""
    if role == "dimse":
        from hounsfield.app.dimse_process import run_dimse

        assert listener is not None
        run_dimse(orders, listener, life_line)
    elif role == "http":
        from hounsfield.app.http_process import run_http

        assert listener is not None
        run_http(orders, listener, life_line)
    elif role == "worker":
        from hounsfield.app.worker_process import run_worker

        run_worker(orders, life_line)
    else:
        from hounsfield.app.worker_process import run_sweep

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        take_signals()
        run_sweep(orders)


def main(arguments: list[str]) -> None:
    """Run the role that the command line names."""
    role, life_line_descriptor, listener_descriptor = arguments
    if role == "worker":
        # At once: loading its code is a second of work beside the first instances.
        os.nice(_NICENESS)
    life_line = LifeLine(int(life_line_descriptor))
    orders = life_line.read_orders()
    if orders is None:
        return
    set_up_log(orders.settings.log, role)
    if role != "sweep":
        life_line.leave_while_starting()
    listener = (
        socket.socket(fileno=int(listener_descriptor)) if listener_descriptor != "-" else None
    )
    run(role, orders, listener, life_line)


def orders_line(orders: Orders) -> bytes:
    """The line that `LifeLine.read_orders` takes."""
    document: dict[str, Any] = orders.model_dump(mode="json")
    return json.dumps(document).encode() + b"\n"


if __name__ == "__main__":
    main(sys.argv[1:])
