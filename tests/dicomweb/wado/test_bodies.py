"""Bodies that are read while they are sent."""

import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from starlette.requests import ClientDisconnect, Request

from hounsfield.app.file_sending import ZERO_COPY_SEND
from hounsfield.archive.forms.octets import Octets
from hounsfield.dicomweb.wado import bodies
from hounsfield.dicomweb.wado.bodies import streamed
from hounsfield.storage.files import StoredFile

PIECE = bytes(3 << 20)


class Source:
    """Pieces without end, and whether somebody closed them."""

    def __init__(self) -> None:
        self.taken, self.is_closed = 0, False

    def pieces(self):
        try:
            while True:
                self.taken += 1
                yield PIECE
        finally:
            self.is_closed = True


def answer(method: str, stop_after: int) -> tuple[Source, list[dict]]:
    """Send an answer to a client that leaves after so many messages."""
    source, sent = Source(), []

    async def run() -> None:
        has_left = anyio.Event()

        async def receive() -> dict:
            await has_left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            sent.append(message)
            if len(sent) >= stop_after:
                has_left.set()
                await anyio.lowlevel.checkpoint()

        scope = {"type": "http", "method": method, "headers": [], "asgi": {"spec_version": "2.3"}}
        with anyio.fail_after(30):
            await streamed(source.pieces(), "text/plain", {})(scope, receive, send)

    # In a thread of its own: the one of the tests may hold the event loop of a browser.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, run).result()
    return source, sent


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_what_is_read_is_closed_when_the_client_leaves(stop_after):
    source, _ = answer("GET", stop_after)
    assert source.is_closed or not source.taken
    assert source.taken < 20


def test_nothing_is_read_for_who_wants_the_headers_alone():
    source, sent = answer("HEAD", 99)
    assert source.taken == 0
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1]["body"] == b""


CONTENT = random.Random(1).randbytes(3 << 20)


class Kernel:
    """What a server that sends parts of files does with what it is told."""

    def __init__(self, *, has_extension: bool = True, leaves_after: int = 1 << 30) -> None:
        self.extensions = {ZERO_COPY_SEND: {}} if has_extension else {}
        self.body, self.parts, self._leaves_after, self._sent = b"", 0, leaves_after, 0

    async def send(self, message: dict) -> None:
        self._sent += 1
        if self._sent > self._leaves_after:
            raise OSError("the client is gone")
        if message["type"] == ZERO_COPY_SEND:
            self.parts += 1
            self.body += os.pread(message["file"], message["count"], message["offset"])
        elif message["type"] == "http.response.body":
            self.body += message["body"]

    def ask(self, make, headers=()) -> int:
        """Send what is made of a request; gives the status."""
        scope = {"type": "http", "method": "GET", "path": "/", "extensions": self.extensions,
                 "headers": headers, "asgi": {"spec_version": "2.4"}}  # fmt: skip

        async def receive() -> dict:
            await anyio.sleep_forever()
            raise AssertionError

        async def run() -> int:
            with anyio.fail_after(30):
                response = make(Request(scope))
                await response(scope, receive, self.send)
                return response.status_code

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(anyio.run, run).result()


@pytest.fixture
def octets(tmp_path):
    path = tmp_path / "object"
    path.write_bytes(CONTENT)
    places = ((10, 100_000), (500_000, 7), (900_000, 2_000_000))
    return Octets("frames/1", "x/y", "1.2", lambda: StoredFile(str(path)), places)


def expected(octets):
    return b"".join(CONTENT[offset : offset + length] for offset, length in octets.places)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="sendfile as Linux has it")


@needs_linux
@pytest.mark.parametrize("has_extension", [True, False])
@pytest.mark.parametrize("at_once", [8 << 20, 0], ids=["small", "large"])
def test_parts_of_files_are_the_bytes_that_lie_there(monkeypatch, octets, has_extension, at_once):
    monkeypatch.setattr(bodies, "AT_ONCE_BYTES", at_once)
    before = open_files()
    kernel = Kernel(has_extension=has_extension)
    assert kernel.ask(lambda request: bodies.one(request, octets, "x/y", {})) == 200
    assert kernel.body == expected(octets)
    assert bool(kernel.parts) is has_extension

    def several(request):
        return bodies.parts(request, [octets] * 3, "x/y", ["x/y"] * 3, ["a", "b", "c"], {})

    kernel = Kernel(has_extension=has_extension)
    kernel.ask(several)
    assert kernel.body.count(expected(octets)) == 3
    assert kernel.body.endswith(b"--\r\n")
    assert open_files() == before


@needs_linux
@pytest.mark.parametrize("at_once", [8 << 20, 0], ids=["small", "large"])
@pytest.mark.parametrize(("first", "last"), [(0, 0), (50_000, 150_000), (99_999, 1_500_000)])
def test_a_range_lies_across_several_runs(monkeypatch, octets, at_once, first, last):
    # WEB-11
    monkeypatch.setattr(bodies, "AT_ONCE_BYTES", at_once)
    kernel = Kernel()
    headers = [(b"range", f"bytes={first}-{last}".encode())]
    assert kernel.ask(lambda request: bodies.one(request, octets, "x/y", {}), headers) == 206
    assert kernel.body == expected(octets)[first : last + 1]


@needs_linux
@pytest.mark.parametrize("at_once", [8 << 20, 0], ids=["small", "large"])
@pytest.mark.parametrize("is_later", [False, True], ids=["made", "made when taken"])
@pytest.mark.parametrize("size", [70_000, 2_100_007, 3_000_000], ids=["less", "same", "more"])
def test_what_was_made_of_a_file_is_sent_and_not_what_lies_there(
    monkeypatch, octets, at_once, is_later, size
):
    # WADO-03: frames that were decoded, or stored in big endian
    monkeypatch.setattr(bodies, "AT_ONCE_BYTES", at_once)
    made = random.Random(2).randbytes(size)
    form = {"makes": lambda: made, "made_bytes": size} if is_later else {"content": made}
    frame = replace(octets, **form)
    kernel = Kernel()
    assert kernel.ask(lambda request: bodies.one(request, frame, "x/y", {})) == 200
    assert kernel.body == made
    kernel = Kernel()
    kernel.ask(
        lambda request: bodies.parts(request, [frame] * 2, "x/y", ["x/y"] * 2, ["a", "b"], {})
    )
    assert kernel.body.count(made) == 2
    kernel = Kernel()
    ranged = [(b"range", b"bytes=1000-69999")]
    assert kernel.ask(lambda request: bodies.one(request, frame, "x/y", {}), ranged) == 206
    assert kernel.body == made[1000:70_000]


@needs_linux
@pytest.mark.parametrize("at_once", [8 << 20, 0], ids=["small", "large"])
@pytest.mark.parametrize("leaves_after", [1, 2, 3, 4])
@pytest.mark.parametrize("several", [False, True], ids=["one", "parts"])
def test_no_file_stays_open_when_the_client_leaves(
    monkeypatch, octets, at_once, leaves_after, several
):
    monkeypatch.setattr(bodies, "AT_ONCE_BYTES", at_once)
    monkeypatch.setattr(bodies, "_BATCH_PIECES", 1)
    before, kept = open_files(), []

    def make(request):
        if several:
            types = ["x/y"] * 3
            kept.append(bodies.parts(request, [octets] * 3, "x/y", types, ["a", "b", "c"], {}))
        else:
            kept.append(bodies.one(request, octets, "x/y", {}))
        return kept[0]

    with pytest.raises((OSError, ClientDisconnect)):
        Kernel(leaves_after=leaves_after).ask(make)
    assert open_files() == before


def test_what_is_being_read_when_the_client_leaves_is_closed_after_it():
    begun, closed = threading.Event(), []

    def pieces():
        try:
            yield PIECE
            begun.set()
            time.sleep(0.3)  # a slow disk
            yield PIECE
            yield PIECE
        finally:
            closed.append(True)

    async def receive() -> dict:
        await anyio.to_thread.run_sync(begun.wait, 20)
        return {"type": "http.disconnect"}

    async def send(_message: dict) -> None:
        await anyio.lowlevel.checkpoint()

    async def run() -> None:
        scope = {"type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": "2.3"}}
        with anyio.fail_after(30):
            await streamed(pieces(), "text/plain", {})(scope, receive, send)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, run).result()
    assert closed
