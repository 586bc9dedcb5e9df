"""TLS for programs that know none: carries connections between a port with TLS and one without."""

import contextlib
import select
import socket
import ssl
import threading
from typing import Self

_AT_ONCE = 1 << 16
_PATIENCE_S = 60.0


class Tunnel:
    """Listens at ``port`` and carries each connection on to ``target``, in TLS on exactly one of the two sides."""

    def __init__(
        self,
        target: int,
        *,
        listens: ssl.SSLContext | None = None,
        connects: ssl.SSLContext | None = None,
    ) -> None:
        assert (listens is None) != (connects is None)
        self._target, self._listens, self._connects = target, listens, connects
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _address = self._listener.accept()
                threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def _carry(self, caller: socket.socket) -> None:
        caller.settimeout(_PATIENCE_S)
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(OSError))
            stack.callback(caller.close)
            if self._listens is not None:
                caller = self._listens.wrap_socket(caller, server_side=True)
                stack.callback(caller.close)
            called = socket.create_connection(("127.0.0.1", self._target), _PATIENCE_S)
            stack.callback(called.close)
            if self._connects is not None:
                called = self._connects.wrap_socket(called, server_hostname="127.0.0.1")
            stack.callback(called.close)
            for one in (caller, called):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            _relay(caller, called)
            for one in (caller, called):
                _say_goodbye(one)


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until a side ends; in one thread, as an SSL socket is for one."""
    ends = {one: other, other: one}
    while True:
        held = [end for end in ends if isinstance(end, ssl.SSLSocket) and end.pending()]
        ready = held or select.select(list(ends), [], [], _PATIENCE_S)[0]
        if not ready:
            return
        for end in ready:
            end.settimeout(0.0)
            try:
                data = end.recv(_AT_ONCE)
            except (ssl.SSLWantReadError, BlockingIOError):
                continue
            if not data:
                return
            ends[end].settimeout(_PATIENCE_S)
            ends[end].sendall(data)


def _say_goodbye(end: socket.socket) -> None:
    """Let the other side know that nothing was cut off (RFC 8446 6.1)."""
    if isinstance(end, ssl.SSLSocket):
        with contextlib.suppress(OSError, ValueError):
            end.settimeout(0.0)
            end.unwrap()
