"""The resources that are retrieved as they are stored (WADO-RS, PS3.18 10.4.1)."""

from collections.abc import Iterator, Sequence
from itertools import chain

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from hounsfield.archive.retrieve import BulkData, Retrieve
from hounsfield.dicomweb import wado
from hounsfield.dicomweb.multipart import closing, new_boundary, part_head
from hounsfield.dicomweb.negotiation import MediaRange, accepted, choose
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import (
    base_url,
    byte_range,
    in_thread,
    is_current,
    principal_of,
    respond,
    uids_of,
)
from hounsfield.index.records import InstanceLocation

JSON = "application/dicom+json"


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    web = _Retrieving(parts.retrieve)
    study, series = "/studies/{study}", "/studies/{study}/series/{series}"
    instance = series + "/instances/{instance}"
    paths = [
        (instance + "/frames/{frames}", web.frames),
        (f"{study}/metadata", web.metadata),
        (f"{series}/metadata", web.metadata),
        (f"{instance}/metadata", web.metadata),
        (study, web.instances),
        (series, web.instances),
        (instance, web.instances),
        (instance + "/bulkdata/{path:path}", web.bulk_data),
    ]
    return [Route(path, handler, methods=["GET"]) for path, handler in paths]


class _Retrieving:
    def __init__(self, retrieve: Retrieve) -> None:
        self.retrieve = retrieve

    async def instances(self, request: Request) -> Response:
        """Study, series and instance (10.4.1.1.1)."""
        locations = await self._locate(request)
        payload = wado.instances(self.retrieve, locations, accepted(request), base_url(request))
        return respond(payload.media_type, payload.pieces, length=payload.length)

    async def metadata(self, request: Request) -> Response:
        """Metadata (10.4.1.1.2)."""
        media_type = choose(accepted(request), (JSON, "application/json"))
        study, series, sop = uids_of(request)
        tag = None
        if series is not None:
            revision = await in_thread(self.retrieve.revision, study, series)
            tag = wado.etag("metadata", study, series, sop, revision, base_url(request))
            if is_current(request, tag):
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

    async def frames(self, request: Request) -> Response:
        """Frames (10.4.1.1.6)."""
        numbers = wado.parse_frames(request.path_params["frames"])
        (location, *_) = await self._locate(request)
        tag = wado.etag(
            "frames", location.sha256, request.path_params["frames"], request.headers.get("accept")
        )
        if is_current(request, tag):
            return Response(status_code=304, headers={"ETag": tag})
        payload = await in_thread(
            wado.frames, self.retrieve, location, numbers, accepted(request), base_url(request)
        )
        # The bytes of an instance never change, but another version may be shown one day.
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        return respond(payload.media_type, payload.pieces, headers, payload.length)

    async def bulk_data(self, request: Request) -> Response:
        """Bulk data by the URI that stands in the metadata (10.4.1.1.5), ranges included (WADO-02)."""
        (location, *_) = await self._locate(request)
        found = await in_thread(self.retrieve.bulk_data, location, request.path_params["path"])
        ranges = accepted(request)
        if not any(entry.allows(wado.OCTETS) for entry in ranges):
            return self._bulk_data_part(request, ranges, location, found)
        first, last = byte_range(request, found.length)
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

    async def _locate(self, request: Request) -> list[InstanceLocation]:
        return await in_thread(self.retrieve.locate, principal_of(request), *uids_of(request))

    def _bytes_of(
        self, found: BulkData, location: InstanceLocation, first: int, length: int
    ) -> Iterator[bytes]:
        if found.content is not None:
            yield found.content[first : first + length]
            return
        offset = found.offset + first
        with self.retrieve.open_instance(location) as stored:
            yield from stored.stream(offset, length)
