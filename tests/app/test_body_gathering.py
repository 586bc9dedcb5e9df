"""Bodies in large pieces: all of them, soon, and also of whoever leaves in the middle."""

import random
import socket
import threading
import time

import pytest
import uvicorn

from hounsfield.app.bounded_http import BoundedHttp

CONTENT = random.Random(5).randbytes(3_000_001)


class Reader:
    """Takes bodies; ``bodies`` are those of requests, each as its pieces and how it ended."""

    def __init__(self):
        self.bodies = []
        self.told = threading.Event()

    async def __call__(self, scope, receive, send):
        pieces = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.bodies.append((pieces, "left"))
                self.told.set()
                return
            if message["body"]:
                pieces.append(message["body"])
                self.told.set()
            if not message["more_body"]:
                break
        self.bodies.append((pieces, "complete"))
        size = str(sum(map(len, pieces))).encode()
        headers = [(b"content-length", str(len(size)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": size})


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def address(reader):
    config = uvicorn.Config(
        reader, http=BoundedHttp, log_config=None, lifespan="off", loop="uvloop"
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join(20)
    listener.close()
    assert not thread.is_alive()


def head(length):
    return f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def answer(opened):
    received = b""
    while b"\r\n\r\n" not in received or received.endswith(b"\r\n\r\n"):
        more = opened.recv(1 << 16)
        assert more
        received += more
    return received.partition(b"\r\n\r\n")[2]


def test_a_body_comes_whole_and_in_large_pieces(reader, address):
    with socket.create_connection(address, timeout=20) as opened:
        opened.sendall(head(len(CONTENT)))
        for at in range(0, len(CONTENT), 40_000):
            opened.sendall(CONTENT[at : at + 40_000])
        assert answer(opened) == str(len(CONTENT)).encode()
    ((pieces, end),) = reader.bodies
    assert (b"".join(pieces), end) == (CONTENT, "complete")
    assert len(pieces) < 20


def test_bodies_that_come_together_stay_apart(reader, address):
    with socket.create_connection(address, timeout=20) as opened:
        opened.sendall(head(5) + b"first" + head(0) + head(6) + b"second")
        assert answer(opened)[:1] == b"5"
        deadline = time.monotonic() + 10
        while len(reader.bodies) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert [b"".join(pieces) for pieces, _ in reader.bodies] == [b"first", b"", b"second"]


def test_little_is_told_soon(reader, address):
    with socket.create_connection(address, timeout=20) as opened:
        opened.sendall(head(1000) + b"a few")
        assert reader.told.wait(5)
        opened.sendall(bytes(995))
        assert answer(opened) == b"1000"


@pytest.mark.parametrize("size", [5, 300_000, 1_000_000])
def test_what_came_before_the_client_left_is_told(reader, address, size):
    # STOW-05
    with socket.create_connection(address, timeout=20) as opened:
        opened.sendall(head(len(CONTENT)) + CONTENT[:size])
    deadline = time.monotonic() + 10
    while not reader.bodies:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ((pieces, end),) = reader.bodies
    assert (b"".join(pieces), end) == (CONTENT[:size], "left")
