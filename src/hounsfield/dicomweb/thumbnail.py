"""The resources of small pictures that stand for a study, series, instance or frame (PS3.18 10.4.1.1.4)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.dicomweb import wado
from hounsfield.dicomweb.negotiation import accepted, choose
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import in_thread, is_current, principal_of, uids_of
from hounsfield.errors import InvalidQuery
from hounsfield.pixels.render import THUMBNAIL_PIXELS

MAX_SIZE_PARAMETER = 4096
_SERIES = "/studies/{study}/series/{series}"


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""

    async def retrieve_thumbnail(request: Request) -> Response:
        width, height = _viewport(request)
        study, series, sop = uids_of(request)
        principal = principal_of(request)
        frame = request.path_params.get("frames")
        frame_index = wado.parse_frames(frame)[0] - 1 if frame else None
        choose(accepted(request), ("image/jpeg",))
        if sop is not None or series is None:
            located = await in_thread(parts.retrieve.locate, principal, study, series, sop)
            location = located[0]
            series = location.series_instance_uid
        if sop is None:
            location = await in_thread(parts.thumbnails.representative, principal, study, series)
        tag = wado.etag("thumbnail", location.sha256, width, height, frame_index)
        headers = {"ETag": tag, "Cache-Control": "private, max-age=60"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        body = await in_thread(parts.thumbnails.of_instance, location, width, height, frame_index)
        return Response(body, headers=headers, media_type="image/jpeg")

    instance = _SERIES + "/instances/{instance}"
    paths = ("/studies/{study}", _SERIES, instance, instance + "/frames/{frames}")
    return [Route(f"{path}/thumbnail", retrieve_thumbnail, methods=["GET"]) for path in paths]


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
