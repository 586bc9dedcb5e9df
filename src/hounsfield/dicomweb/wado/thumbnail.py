"""The resources of small pictures that stand for a study, series, instance or frame (PS3.18 10.4.1.1.4)."""

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.dicomweb.negotiation import accepted, choose
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import in_thread, is_current, principal_of, uids_of
from hounsfield.dicomweb.wado import instances as wado
from hounsfield.dicomweb.wado.rendered import DRAWN_AT_ONCE
from hounsfield.dicomweb.wado.rendering_parameters import viewport_of
from hounsfield.errors import InvalidQuery
from hounsfield.pixels.rendering.render import THUMBNAIL_PIXELS

MAX_SIZE_PARAMETER = 4096
_SERIES = "/studies/{study}/series/{series}"


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    limiter = CapacityLimiter(DRAWN_AT_ONCE)

    async def retrieve_thumbnail(request: Request) -> Response:
        width, height = _viewport(request)
        study, series, sop = uids_of(request)
        principal = principal_of(request)
        frame = request.path_params.get("frames")
        frame_index = wado.parse_frames(frame)[0] - 1 if frame else None
        choose(accepted(request), ("image/jpeg",))
        if sop is None:
            location = await in_thread(parts.thumbnails.representative, principal, study, series)
        else:
            (location, *_) = await in_thread(parts.retrieve.locate, principal, study, series, sop)
        tag = wado.etag("thumbnail", location.sha256, width, height, frame_index)
        headers = {"ETag": tag, "Cache-Control": "private, max-age=60"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        make = parts.thumbnails.of_instance
        body = await in_thread(make, location, width, height, frame_index, limiter=limiter)
        return Response(body, headers=headers, media_type="image/jpeg")

    instance = _SERIES + "/instances/{instance}"
    paths = ("/studies/{study}", _SERIES, instance, instance + "/frames/{frames}")
    return [Route(f"{path}/thumbnail", retrieve_thumbnail, methods=["GET"]) for path in paths]


def _viewport(request: Request) -> tuple[int, int]:
    """Width and height from viewport=w,h (8.3.5.1.3)."""
    viewport = viewport_of(request.query_params.get("viewport"), is_thumbnail=True)
    if viewport is None:
        return THUMBNAIL_PIXELS, THUMBNAIL_PIXELS
    if max(viewport.width, viewport.height) > MAX_SIZE_PARAMETER:
        raise InvalidQuery(f"viewport: from 1 to {MAX_SIZE_PARAMETER} pixels")
    return viewport.width, viewport.height
