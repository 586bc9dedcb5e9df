"""Connections on which nothing comes, too much comes, or nobody reads."""

import contextlib
import socket
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from hounsfield.app.bounded_http import BoundedHttp


class Impatient(BoundedHttp):
    head_within_s = 0.4
    stalled_after_s = 0.8
    unread_after_s = 1.0


async def length(request: Request):
    return PlainTextResponse(str(len(await request.body())))


async def much(_request: Request):
    async def pieces():
        for _ in range(2000):
            yield bytes(1 << 16)

    return StreamingResponse(pieces())


@pytest.fixture(scope="module")
def address():
    app = Starlette(routes=[Route("/", length, methods=["GET", "POST"]), Route("/much", much)])
    config = uvicorn.Config(app, http=Impatient, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join(20)
    listener.close()
    assert not thread.is_alive()


@contextlib.contextmanager
def connection(address):
    with socket.create_connection(address, timeout=20) as opened:
        yield opened


def all_of(opened):
    """Return what comes until the other side closes."""
    received = []
    with contextlib.suppress(ConnectionError):
        while piece := opened.recv(1 << 16):
            received.append(piece)
    return b"".join(received)


@pytest.mark.parametrize(
    "begun",
    [b"GET / HTTP/1.1\r\nX: ", b"GET /", b"GET / HTTP/1.1\r\n"],
    ids=["value", "URL", "name"],
)
def test_a_head_without_end_is_refused(address, begun):
    with connection(address) as opened:
        with contextlib.suppress(ConnectionError):
            opened.sendall(begun + b"a" * (1 << 20))
        assert all_of(opened)[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"")


def test_many_headers_and_trailers_are_refused(address):
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    for begun in (b"GET / HTTP/1.1\r\n", chunked):
        with connection(address) as opened:
            with contextlib.suppress(ConnectionError):
                opened.sendall(begun + b"a: b\r\n" * 200_000)
            assert all_of(opened)[:12] in (b"HTTP/1.1 431", b"")


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"\r\n",
        b"GET / HTTP/1.1\r\nHost:",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "an empty line", "half a head", "half a body", "half a chunk"],
)
def test_a_request_that_does_not_go_on_is_ended(address, begun):
    with connection(address) as opened:
        opened.sendall(begun)
        assert all_of(opened).startswith(b"HTTP/1.1 408")


def test_a_request_that_goes_on_slowly_is_served(address):
    with connection(address) as opened:
        opened.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n")
        for _ in range(12):
            opened.sendall(b"x")
            time.sleep(0.1)
        assert opened.recv(1 << 16).endswith(b"12")


def test_a_large_body_is_no_large_head(address):
    with connection(address) as opened:
        opened.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
        opened.sendall(bytes(3_000_000))
        assert opened.recv(1 << 16).endswith(b"3000000")


def test_requests_follow_each_other_on_one_connection(address):
    with connection(address) as opened:
        for _ in range(3):
            opened.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert opened.recv(1 << 16).startswith(b"HTTP/1.1 200")
        opened.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
        received = b""
        while received.count(b"HTTP/1.1 200") < 5:
            received += opened.recv(1 << 16)


def test_an_answer_that_nobody_reads_is_ended(address):
    with connection(address) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        opened.sendall(b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(3)
        assert len(all_of(opened)) < 2000 << 16
