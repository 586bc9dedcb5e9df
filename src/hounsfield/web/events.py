"""The feed of changes as server-sent events (HTML Living Standard 9.2), one look at the index for all listeners."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import orjson
from anyio import move_on_after, to_thread

from hounsfield.index.index import Index
from hounsfield.index.records import Change

POLL_S = 0.2
KEEP_ALIVE_S = 15.0
_MAX_BATCH = 2000
_MAX_WAITING = 100
# Someone who missed more than this reloads the list instead of hearing of each change.
_MAX_RESUME = 5000


class Feed:
    """Follows the index's changes and tells every listener what happened to which study."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._listeners: set[asyncio.Queue[bytes]] = set()
        self._task: asyncio.Task[None] | None = None
        self._sequence = 0
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look for changes while the context lasts."""
        self._sequence = await to_thread.run_sync(self._index.last_sequence)
        self._task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            for listener in list(self._listeners):
                listener.put_nowait(b"")

    async def listen(self, after: int | None) -> AsyncIterator[bytes]:
        """The events after sequence number ``after``, and on, until the listener leaves."""
        listener: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)
        self._listeners.add(listener)
        try:
            yield b": connected\n\n"
            if after is not None:
                missed = await to_thread.run_sync(self._index.changes_since, after, _MAX_RESUME)
                if missed:
                    yield event(missed)
            while True:
                try:
                    message = await asyncio.wait_for(listener.get(), KEEP_ALIVE_S)
                except TimeoutError:
                    message = b": still here\n\n"
                if not message:
                    return
                yield message
        finally:
            self._listeners.discard(listener)

    async def wait_for(self, after: int, seconds: float) -> None:
        """Wait until there is a change after a sequence number, or so long."""
        with move_on_after(seconds):
            while self._sequence <= after:
                await self._moved.wait()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            with suppress(Exception):  # the database may be busy or being rebuilt: look again later
                changes = await to_thread.run_sync(
                    self._index.changes_since, self._sequence, _MAX_BATCH
                )
                if changes:
                    self._sequence = changes[-1].sequence
                    self._tell(event(changes))

    def _tell(self, message: bytes) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        for listener in list(self._listeners):
            try:
                listener.put_nowait(message)
            except asyncio.QueueFull:
                # Too slow: end its stream; the browser comes back with Last-Event-ID.
                self._listeners.discard(listener)
                while not listener.empty():
                    listener.get_nowait()
                listener.put_nowait(b"")


def event(changes: list[Change]) -> bytes:
    """One event for a batch of changes: each study once, with the last thing that happened to it."""
    studies = {
        (change.study_instance_uid, change.patient_key, change.kind): {
            "StudyInstanceUID": change.study_instance_uid,
            "patient_key": change.patient_key,
            "kind": change.kind,
        }
        for change in changes
    }
    sequence = changes[-1].sequence
    data = orjson.dumps({"sequence": sequence, "studies": list(studies.values())}).decode()
    return f"id: {sequence}\nevent: change\ndata: {data}\n\n".encode()
