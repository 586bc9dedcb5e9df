"""The DICOMweb resources and their routes (PS3.18 10.4.1, 10.5.1, 10.6.1)."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hounsfield.archive.access import LOCAL, Principal
from hounsfield.archive.retrieve import BulkData, Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore
from hounsfield.archive.thumbnails import Thumbnails
from hounsfield.dicom import json_model
from hounsfield.dicom.query import Level
from hounsfield.dicomweb import qido, stow, wado
from hounsfield.dicomweb.multipart import MultipartError, closing, new_boundary, part_head
from hounsfield.dicomweb.negotiation import MediaRange, accepted, choose
from hounsfield.dicomweb.problems import (
    HANDLERS,
    RangeNotSatisfiable,
    UnsupportedMediaType,
    problem,
)
from hounsfield.errors import InvalidQuery
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.render import THUMBNAIL_PIXELS

JSON = "application/dicom+json"
MAX_SIZE_PARAMETER = 4096
_FEED_BYTES = 1 << 18
_BOUNDARY = re.compile(r'boundary\s*=\s*("([^"]+)"|[^;,\s]+)', re.IGNORECASE)
_STUDY_UID, _SERIES_UID, _SOP_UID = 0x0020000D, 0x0020000E, 0x00080018
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Run a call of the synchronous core without holding up other requests."""
    return await to_thread.run_sync(partial(function, *arguments))


@dataclass(frozen=True, slots=True)
class DicomWeb:
    """The parts of the archive that DICOMweb needs, and the handlers over them."""

    store: InstanceStore
    search: Search
    retrieve: Retrieve
    thumbnails: Thumbnails

    async def find(self, request: Request, level: Level) -> Response:
        """QIDO-RS (10.6)."""
        uids = {
            tag: request.path_params[name]
            for tag, name in ((_STUDY_UID, "study"), (_SERIES_UID, "series"))
            if name in request.path_params
        }
        media_type = choose(accepted(request), (JSON, "application/json"))
        query, warnings = qido.parse_query(level, uids, request.query_params.multi_items())
        found, more = await in_thread(
            qido.answer, self.search, principal_of(request), query, base_url(request)
        )
        if more:
            warnings.append(
                f'299 {qido.SERVICE}: "There are {more} additional results that can be requested"'
            )
        response = (
            Response(status_code=204)
            if not found
            else Response(qido.dumps(found), media_type=media_type)
        )
        for warning in warnings:
            response.headers.append("Warning", warning)
        return response

    async def store_instances(self, request: Request) -> Response:
        """STOW-RS (10.5)."""
        study = request.path_params.get("study")
        choose(accepted(request), (JSON, "application/json"))
        intake = await in_thread(
            stow.Intake, self.store, principal_of(request), study, _boundary_of(request)
        )
        try:
            async for chunk in _chunks(request):
                await in_thread(intake.feed, chunk)
            results = await in_thread(intake.finish)
        except MultipartError as error:
            return problem(400, str(error))
        except ClientDisconnect:
            return problem(400, "the client left before the end of the request")
        finally:
            intake.abandon()
        body = json_model.dumps(stow.response_dataset(results, base_url(request), study))
        return Response(body, results.status, media_type=JSON)

    async def retrieve_instances(self, request: Request) -> Response:
        """WADO-RS study, series and instance (10.4.1.1.1)."""
        locations = await self._locate(request)
        payload = wado.instances(self.retrieve, locations, accepted(request), base_url(request))
        return _respond(payload)

    async def retrieve_metadata(self, request: Request) -> Response:
        """WADO-RS metadata (10.4.1.1.2)."""
        media_type = choose(accepted(request), (JSON, "application/json"))
        study, series, sop = _uids(request)
        tag = None
        if series is not None:
            revision = await in_thread(self.retrieve.revision, study, series)
            tag = wado.etag("metadata", study, series, sop, revision, base_url(request))
            if _is_current(request, tag):
                return Response(status_code=304, headers={"ETag": tag})
        body = await in_thread(
            wado.metadata,
            self.retrieve,
            principal_of(request),
            study,
            series,
            sop,
            base_url(request),
        )
        headers = (
            {"ETag": tag, "Cache-Control": "no-cache"} if tag else {"Cache-Control": "no-cache"}
        )
        return Response(body, headers=headers, media_type=media_type)

    async def retrieve_frames(self, request: Request) -> Response:
        """WADO-RS frames (10.4.1.1.6)."""
        numbers = wado.parse_frames(request.path_params["frames"])
        (location, *_) = await self._locate(request)
        tag = wado.etag(
            "frames", location.sha256, request.path_params["frames"], request.headers.get("accept")
        )
        if _is_current(request, tag):
            return Response(status_code=304, headers={"ETag": tag})
        payload = await in_thread(
            wado.frames, self.retrieve, location, numbers, accepted(request), base_url(request)
        )
        # The bytes of an instance never change, but another version may be shown one day.
        return _respond(
            payload, {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        )

    async def retrieve_bulk_data(self, request: Request) -> Response:
        """Bulk data by the URI that stands in the metadata (10.4.1.1.5), ranges included (WADO-02)."""
        (location, *_) = await self._locate(request)
        found = await in_thread(self.retrieve.bulk_data, location, request.path_params["path"])
        ranges = accepted(request)
        if not any(entry.allows(wado.OCTETS) for entry in ranges):
            return self._bulk_data_part(request, ranges, location, found)
        first, last = _byte_range(request, found.length)
        length = last - first + 1
        headers = {"Accept-Ranges": "bytes", "Content-Length": str(length)}
        status = 200
        if length != found.length:
            status = 206
            headers["Content-Range"] = f"bytes {first}-{last}/{found.length}"
        pieces = self._bytes_of(found, location, first, length)
        return StreamingResponse(iterate_in_threadpool(pieces), status, headers, wado.OCTETS)

    def _bulk_data_part(
        self,
        request: Request,
        ranges: Sequence[MediaRange],
        location: InstanceLocation,
        found: BulkData,
    ) -> Response:
        """The same as the one part of a multipart answer, for clients such as dicomweb-client that insist."""
        if not any(entry.allows_parts(wado.OCTETS) for entry in ranges):
            choose(ranges, (wado.OCTETS,))
        boundary = new_boundary()
        url = f"{base_url(request)}{request.url.path.removeprefix(request.scope.get('root_path', ''))}"
        head = part_head(boundary, wado.OCTETS, is_first=True, location=url)
        pieces = chain(
            (head,), self._bytes_of(found, location, 0, found.length), (closing(boundary),)
        )
        media_type = f'multipart/related; type="{wado.OCTETS}"; boundary={boundary}'
        return StreamingResponse(iterate_in_threadpool(pieces), media_type=media_type)

    async def retrieve_thumbnail(self, request: Request) -> Response:
        """A JPEG that stands for a series, instance or frame (10.4.1.1.4)."""
        width, height = _viewport(request)
        study, series, sop = _uids(request)
        principal = principal_of(request)
        frame = request.path_params.get("frames")
        frame_index = wado.parse_frames(frame)[0] - 1 if frame else None
        choose(accepted(request), ("image/jpeg",))
        if sop is not None:
            (location, *_) = await self._locate(request)
        elif series is not None:
            location = await in_thread(self.thumbnails.representative, principal, study, series)
        else:
            first = (await self._locate(request))[0].series_instance_uid
            location = await in_thread(self.thumbnails.representative, principal, study, first)
        tag = wado.etag("thumbnail", location.sha256, width, height, frame_index)
        headers = {"ETag": tag, "Cache-Control": "private, max-age=60"}
        if _is_current(request, tag):
            return Response(status_code=304, headers=headers)
        body = await in_thread(self.thumbnails.of_instance, location, width, height, frame_index)
        return Response(body, headers=headers, media_type="image/jpeg")

    async def _locate(self, request: Request) -> list[InstanceLocation]:
        return await in_thread(self.retrieve.locate, principal_of(request), *_uids(request))

    def _bytes_of(
        self, found: BulkData, location: InstanceLocation, first: int, length: int
    ) -> Iterator[bytes]:
        if found.content is not None:
            yield found.content[first : first + length]
            return
        offset = found.offset + first
        with self.retrieve.open_instance(location) as stored:
            yield from stored.stream(offset, length)


def dicomweb_app(
    store: InstanceStore, search: Search, retrieve: Retrieve, thumbnails: Thumbnails
) -> Starlette:
    """The application to be mounted at the base of the DICOMweb service."""
    web = DicomWeb(store, search, retrieve, thumbnails)

    def finding(level: Level) -> Callable[[Request], Any]:
        async def handler(request: Request) -> Response:
            return await web.find(request, level)

        return handler

    study, series = "/studies/{study}", "/studies/{study}/series/{series}"
    instance = series + "/instances/{instance}"
    get = [
        ("/studies", finding(Level.STUDY)),
        ("/series", finding(Level.SERIES)),
        ("/instances", finding(Level.IMAGE)),
        (f"{study}/series", finding(Level.SERIES)),
        (f"{study}/instances", finding(Level.IMAGE)),
        (f"{series}/instances", finding(Level.IMAGE)),
        ("/series/{series}/instances", finding(Level.IMAGE)),
        (study, web.retrieve_instances),
        (series, web.retrieve_instances),
        (instance, web.retrieve_instances),
        (f"{study}/metadata", web.retrieve_metadata),
        (f"{series}/metadata", web.retrieve_metadata),
        (f"{instance}/metadata", web.retrieve_metadata),
        (instance + "/frames/{frames}", web.retrieve_frames),
        (instance + "/frames/{frames}/thumbnail", web.retrieve_thumbnail),
        (instance + "/bulkdata/{path:path}", web.retrieve_bulk_data),
        (f"{study}/thumbnail", web.retrieve_thumbnail),
        (f"{series}/thumbnail", web.retrieve_thumbnail),
        (f"{instance}/thumbnail", web.retrieve_thumbnail),
    ]
    routes = [Route(path, handler, methods=["GET"]) for path, handler in get]
    routes.insert(0, Route("/studies", web.store_instances, methods=["POST"]))
    routes.insert(1, Route(study, web.store_instances, methods=["POST"]))
    return Starlette(routes=routes, exception_handlers=HANDLERS)


def principal_of(request: Request) -> Principal:
    """Who asks; until there are accounts, everybody who reaches the loopback address is the same."""
    principal = request.scope.get("principal", LOCAL)
    assert isinstance(principal, Principal)
    return principal


def base_url(request: Request) -> str:
    """The base of the service as the client reached it."""
    host, server = request.url.netloc, request.scope.get("server")
    if host in _LOOPBACK_NAMES and server is not None and server[1]:
        # dicomweb-client sends a Host without the port that it went to, and then follows our addresses.
        host = f"{host}:{server[1]}"
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '')}"


def _uids(request: Request) -> tuple[str, str | None, str | None]:
    parameters = request.path_params
    return parameters["study"], parameters.get("series"), parameters.get("instance")


def _respond(payload: wado.Payload, headers: dict[str, str] | None = None) -> Response:
    made = dict(headers or {})
    if isinstance(payload.pieces, bytes):
        response = Response(payload.pieces, headers=made)
    else:
        if payload.length is not None:
            made["Content-Length"] = str(payload.length)
        response = StreamingResponse(iterate_in_threadpool(payload.pieces), headers=made)
    response.headers["Content-Type"] = payload.media_type
    return response


def _boundary_of(request: Request) -> str | None:
    """The boundary of a multipart body, None for a body that is one instance; raises UnsupportedMediaType."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.split(";")[0].strip().lower()
    if media_type == "application/dicom":
        return None
    if media_type not in {"multipart/related", "multipart/form-data", "multipart/mixed"}:
        raise UnsupportedMediaType(
            'instances are taken as multipart/related; type="application/dicom", or one as application/dicom'
        )
    part_type = re.search(r'type\s*=\s*"?([^;",]+)', content_type.partition(";")[2], re.IGNORECASE)
    if part_type and part_type[1].strip().lower() not in {
        "application/dicom",
        "application/octet-stream",
    }:
        raise UnsupportedMediaType(
            f"parts are taken as application/dicom, not as {part_type[1].strip()}"
        )
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise InvalidQuery("Content-Type multipart/related has no boundary")
    return found[2] or found[1]


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces large enough to be worth a change of thread."""
    kept: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        kept.append(chunk)
        size += len(chunk)
        if size >= _FEED_BYTES:
            yield b"".join(kept)
            kept, size = [], 0
    if size:
        yield b"".join(kept)


def _is_current(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in (
        part.strip().removeprefix("W/") for part in given.split(",")
    )


def _byte_range(request: Request, length: int) -> tuple[int, int]:
    """(first, last) of a single range (RFC 9110 14.2); all of it when there is none that can be read."""
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or not (match[1] or match[2]):
        return 0, length - 1
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or length - 1), length - 1)
    else:
        first, last = max(length - int(match[2]), 0), length - 1
    if first > last:
        raise RangeNotSatisfiable(f"the value has {length} bytes")
    return first, last


def _viewport(request: Request) -> tuple[int, int]:
    """Width and height from viewport=w,h (8.3.5.1.3)."""
    text = request.query_params.get("viewport")
    if text is None:
        return THUMBNAIL_PIXELS, THUMBNAIL_PIXELS
    parts = text.split(",")[:2]
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        raise InvalidQuery("viewport is width,height in pixels")
    width, height = (int(part) for part in parts)
    if not (0 < width <= MAX_SIZE_PARAMETER and 0 < height <= MAX_SIZE_PARAMETER):
        raise InvalidQuery(f"viewport: from 1 to {MAX_SIZE_PARAMETER} pixels")
    return width, height
