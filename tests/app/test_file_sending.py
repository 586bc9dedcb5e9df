"""Parts of files that go from the file to the socket: in order, whole, and given up with whoever does not take them."""

import contextlib
import hashlib
import random
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from hounsfield.app.bounded_http import BoundedHttp
from hounsfield.app.file_sending import ZERO_COPY_SEND

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sendfile as Linux has it")

CONTENT = random.Random(7).randbytes(3 << 20)
REPEATS = 24  # more than the socket's buffers hold on both sides


class Impatient(BoundedHttp):
    unread_after_s = 1.0


def start(length):
    headers = [(b"content-length", str(length).encode())]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def body(content=b"", *, more=False):
    return {"type": "http.response.body", "body": content, "more_body": more}


def part(descriptor, offset, count):
    return {"type": ZERO_COPY_SEND, "file": descriptor, "offset": offset, "count": count,
            "more_body": True}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sent") / "content"
    path.write_bytes(CONTENT)
    with path.open("rb") as opened:
        yield opened.fileno()


@pytest.fixture(scope="module")
def sent_late():
    return []


@pytest.fixture(scope="module")
def address(file, sent_late):
    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
            return
        assert ZERO_COPY_SEND in scope["extensions"]
        kind = scope["path"]
        if kind == "/mixed":
            await send(start(4 + 1000 + 2 + 5000))
            await send(body(b"head", more=True))
            await send(part(file, 100, 1000))
            await send(body(b"\r\n", more=True))
            await send(part(file, 0, 5000))
        elif kind == "/long":
            await send(start(len(CONTENT) * REPEATS))
            for _ in range(REPEATS):
                await send(part(file, 0, len(CONTENT)))
        elif kind == "/short":
            await send(start(2000))
            await send(part(file, len(CONTENT) - 1000, 2000))
        elif kind == "/late":
            await send(start(1000))
            while (await receive())["type"] != "http.disconnect":
                pass
            await send(part(file, 0, 1000))
            sent_late.append(kind)
        elif kind == "/more":
            await send(start(10))
            await send(part(file, 0, 11))
        await send(body())

    config = uvicorn.Config(app, http=Impatient, log_config=None, lifespan="off", loop="uvloop",
                            ws="websockets-sansio")  # fmt: skip
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join(20)
    listener.close()
    assert not thread.is_alive()


def asking(path, count=1):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * count


class Client:
    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=20)
        self.kept = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def answer(self):
        """The body of one answer, or what came of it before the server closed."""
        while b"\r\n\r\n" not in self.kept:
            more = self.socket.recv(1 << 16)
            assert more
            self.kept += more
        head, _, rest = self.kept.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        pieces, got = [rest], len(rest)
        while got < length:
            more = self.socket.recv(1 << 20)
            if not more:
                break
            pieces.append(more)
            got += len(more)
        whole = b"".join(pieces)
        self.kept = whole[length:]
        return whole[:length]


def descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


MIXED = b"head" + CONTENT[100:1100] + b"\r\n" + CONTENT[:5000]


def test_bytes_and_parts_of_files_come_in_their_order(address):
    with Client(address) as client:
        for _ in range(3):
            client.socket.sendall(asking("/mixed"))
            assert client.answer() == MIXED


def test_requests_that_come_together_are_answered_one_after_the_other(address):
    with Client(address) as client:
        client.socket.sendall(asking("/mixed", 4))
        assert [client.answer() for _ in range(4)] == [MIXED] * 4


def test_more_than_the_socket_holds_comes_whole(address):
    with Client(address) as client:
        client.socket.sendall(asking("/long"))
        time.sleep(0.3)  # both buffers are full by then
        got = client.answer()
        assert len(got) == len(CONTENT) * REPEATS
        wanted = hashlib.sha256(CONTENT * REPEATS).digest()
        assert hashlib.sha256(got).digest() == wanted
        client.socket.sendall(asking("/mixed"))
        assert client.answer() == MIXED


def test_many_at_once_each_get_their_own(address):
    found, wanted = [], hashlib.sha256(CONTENT * REPEATS).digest()

    def ask():
        with Client(address) as client:
            client.socket.sendall(asking("/long"))
            found.append(hashlib.sha256(client.answer()).digest() == wanted)
            client.socket.sendall(asking("/mixed"))
            found.append(client.answer() == MIXED)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True] * 12


def test_whoever_leaves_in_the_middle_leaves_no_descriptor(address):
    before = descriptors()
    for _ in range(10):
        with Client(address) as client:
            client.socket.sendall(asking("/long"))
            client.socket.recv(1000)
    until(lambda: descriptors() <= before)


def test_a_connection_that_becomes_a_web_socket_leaves_no_descriptor(address):
    before = descriptors()
    for _ in range(5):
        with Client(address) as client:
            client.socket.sendall(asking("/mixed"))
            assert client.answer() == MIXED
            client.socket.sendall(
                b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert client.socket.recv(1 << 16).startswith(b"HTTP/1.1 101")
    until(lambda: descriptors() <= before)


def test_what_is_sent_to_whoever_has_left_is_no_error(address, sent_late):
    with Client(address) as client:
        client.socket.sendall(asking("/late"))
        client.socket.recv(1000)
    until(lambda: sent_late)


def test_whoever_takes_nothing_is_left(address):
    before = descriptors()
    with Client(address) as client:
        client.socket.sendall(asking("/long"))
        time.sleep(2.5)
        got = 0
        with contextlib.suppress(ConnectionError):
            while piece := client.socket.recv(1 << 20):
                got += len(piece)
        assert got < len(CONTENT) * REPEATS
    until(lambda: descriptors() <= before)


@pytest.mark.parametrize("path", ["/short", "/more"])
def test_what_is_not_as_long_as_was_said_ends_the_connection(address, path):
    with Client(address) as client:
        client.socket.sendall(asking(path))
        got = client.answer()
        assert len(got) in (0, 1000)
        with contextlib.suppress(ConnectionError):
            assert client.socket.recv(10) == b""
