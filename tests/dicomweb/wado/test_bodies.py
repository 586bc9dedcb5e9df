"""Bodies that are read while they are sent."""

from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import pytest

from hounsfield.dicomweb.wado.bodies import streamed

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
