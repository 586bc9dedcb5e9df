"""Several servers on one listening socket."""

import http.client
import socket
import threading

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from hounsfield.app.accepting import SharingServer

MOST = 60


class Running:
    """A server in a thread of its own; each process has one, but two in one process are no different to the kernel."""

    def __init__(self, name: str, listener: socket.socket) -> None:
        config = uvicorn.Config(PlainTextResponse(name), lifespan="off", log_config=None)
        self.server = SharingServer(config, listener)
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()

    def stop(self) -> None:
        self.server.end()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def two():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = [Running(name, socket.socket(fileno=listener.dup().detach())) for name in "AB"]
        yield listener.getsockname(), running
        for one in running:
            one.stop()


def ask(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/")
    return connection.getresponse().read().decode()


def test_connections_that_are_kept_are_shared_between_the_servers(two):
    address, _ = two
    kept, names = [], set()
    while len(names) < 2 and len(kept) < MOST:
        kept.append(http.client.HTTPConnection(*address, timeout=30))
        names.add(ask(kept[-1]))
    for connection in kept:
        connection.close()
    assert names == {"A", "B"}


def test_a_burst_of_connections_is_shared(two):
    address, _ = two
    for _ in range(5):
        opened = [socket.create_connection(address, timeout=30) for _ in range(16)]
        for one in opened:
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        names = [one.recv(1 << 16)[-1:].decode() for one in opened]
        for one in opened:
            one.close()
        assert min(names.count("A"), names.count("B")) >= 4, names


def test_when_one_ends_the_other_takes_all(two):
    address, (first, _) = two
    first.stop()
    for _ in range(5):
        connection = http.client.HTTPConnection(*address, timeout=30)
        assert ask(connection) == "B"
        connection.close()
