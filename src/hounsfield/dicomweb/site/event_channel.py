"""Open Notification Connection and Send Event Report: events of work items over a WebSocket (PS3.18 8.10.4, 8.10.5, 11.13).

Each process follows the events in the index, so it does not matter which of them a client is connected to, nor which
changed the work item. What came while nobody was connected waits: the first channel that opens gets it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from anyio import create_task_group, move_on_after, to_thread
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hounsfield.archive.site.work_item_watchers import receiver_of
from hounsfield.dicom.ae_titles import is_valid_ae_title
from hounsfield.dicom.sop_classes import UPS_EVENT
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.errors import HounsfieldError
from hounsfield.index.site.work_item_events import Event, EventQueue

POLL_S = 0.2
_RENEW_S = 3600.0
_MAX_CHANNELS = 1000
_AT_ONCE = 1000
# Who lets more than this wait is too slow: it is let go, and what it has not had waits in the index.
_MAX_WAITING = 2000
_N_EVENT_REPORT_RQ = 0x0100
_MAX_MESSAGE_ID = 0xFFFF
# RFC 6455 7.4.1, and 1013 of its registry.
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013


@dataclass(eq=False, slots=True)
class _Channel:
    """One open WebSocket; ``after`` is the newest event there was when it was opened."""

    ae_title: str
    waiting: asyncio.Queue[Event | None] = field(
        default_factory=lambda: asyncio.Queue(_MAX_WAITING)
    )
    after: int = 0
    message_id: int = 0


class EventChannels:
    """The open channels of a process, and the one look at the index for all of them.

    ``is_called`` says whether an AE is told by a call of ours as well: then a channel only listens in.
    """

    def __init__(self, queue: EventQueue, is_called: Callable[[str], bool]) -> None:
        self._queue = queue
        self._is_called = is_called
        self._channels: set[_Channel] = set()
        self._follower: asyncio.Task[None] | None = None
        self._last = 0

    async def serve(self, websocket: WebSocket) -> None:
        """Send the events of an AE title until the client leaves."""
        ae_title = websocket.path_params["aetitle"].strip()
        if not is_valid_ae_title(ae_title):
            await websocket.close(_POLICY_VIOLATION)
            return
        if len(self._channels) >= _MAX_CHANNELS:
            await websocket.close(_TRY_AGAIN_LATER)
            return
        channel = _Channel(ae_title)
        self._channels.add(channel)
        try:
            await self._begin_following()
            await websocket.accept()
            await self._serve_until_left(websocket, channel)
        finally:
            self._channels.discard(channel)
            if not self._channels and self._follower is not None:
                self._follower.cancel()
                self._follower = None

    async def _serve_until_left(self, websocket: WebSocket, channel: _Channel) -> None:
        async with create_task_group() as tasks:

            async def until_left() -> None:
                # What a client sends has no meaning; only that it leaves does.
                while (await websocket.receive())["type"] != "websocket.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(until_left)
            with contextlib.suppress(WebSocketDisconnect):
                with contextlib.suppress(HounsfieldError):  # the index is not to be had now
                    await self._send(websocket, channel)
                await websocket.close(_TRY_AGAIN_LATER)
            tasks.cancel_scope.cancel()

    async def _begin_following(self) -> None:
        """Follow the index from here on."""
        if self._follower is None:
            last = await to_thread.run_sync(self._queue.last)
            if self._follower is None:  # no other channel was quicker
                self._last = last
                self._follower = asyncio.create_task(self._follow())

    async def _send(self, websocket: WebSocket, channel: _Channel) -> None:
        is_called = await to_thread.run_sync(self._is_called, channel.ae_title)
        # What comes after this one is passed on; what came before and was told to nobody waits.
        channel.after = await to_thread.run_sync(self._queue.last)
        if not is_called:
            await to_thread.run_sync(self._queue.seen, channel.ae_title)
            await self._send_what_waits(websocket, channel)
        while True:
            some: list[Event | None] = []
            with move_on_after(_RENEW_S):
                some.append(await channel.waiting.get())
            if not some and not is_called:
                await to_thread.run_sync(self._queue.seen, channel.ae_title)
            while not channel.waiting.empty():
                some.append(channel.waiting.get_nowait())
            events = [event for event in some if event is not None and event.id > channel.after]
            await self._tell(websocket, channel, events, is_kept=is_called)
            if None in some:
                return

    async def _send_what_waits(self, websocket: WebSocket, channel: _Channel) -> None:
        while True:
            waiting = await to_thread.run_sync(self._queue.events_for, channel.ae_title, _AT_ONCE)
            events = [event for event in waiting if event.id <= channel.after]
            if not events:
                return
            await self._tell(websocket, channel, events, is_kept=False)

    async def _tell(
        self, websocket: WebSocket, channel: _Channel, events: list[Event], *, is_kept: bool
    ) -> None:
        for event in events:
            channel.message_id = channel.message_id % _MAX_MESSAGE_ID + 1
            await websocket.send_text(event_report(event, channel.message_id))
        if events and not is_kept:
            ids = [event.id for event in events]
            await to_thread.run_sync(self._queue.told, channel.ae_title, ids)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            ae_titles = {channel.ae_title for channel in self._channels}
            with contextlib.suppress(Exception):  # the index may be busy: look again later
                events = await to_thread.run_sync(self._queue.since, self._last, ae_titles)
                for event in events:
                    self._pass_on(event)
                    self._last = event.id

    def _pass_on(self, event: Event) -> None:
        for channel in self._channels:
            if channel.ae_title != event.ae_title:
                continue
            if channel.waiting.qsize() < _MAX_WAITING - 1:
                channel.waiting.put_nowait(event)
            elif not channel.waiting.full():
                channel.waiting.put_nowait(None)


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module: that of the channels (11.13)."""

    def is_called(ae_title: str) -> bool:
        return receiver_of(parts.peers, ae_title) is not None

    channels = EventChannels(EventQueue(parts.store.index.database), is_called)
    return [WebSocketRoute("/subscribers/{aetitle}", channels.serve)]


def event_report(event: Event, message_id: int) -> str:
    """An N-EVENT-REPORT as one JSON data set (8.10.5.1.1), command elements and all (PS3.7 table 10.3-1)."""
    report = {
        "00000002": {"vr": "UI", "Value": [UPS_EVENT]},
        "00000100": {"vr": "US", "Value": [_N_EVENT_REPORT_RQ]},
        "00000110": {"vr": "US", "Value": [message_id]},
        "00000800": {"vr": "US", "Value": [0]},
        "00001000": {"vr": "UI", "Value": [event.sop_instance_uid]},
        "00001002": {"vr": "US", "Value": [event.event_type]},
    }
    return orjson.dumps(report | dict(sorted(event.information.items()))).decode()
