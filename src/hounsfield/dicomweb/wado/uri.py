"""WADO-URI: one instance as a picture, a document or a DICOM file, asked for by query parameters (PS3.18 chapter 9)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.forms.instance_forms import DICOM, InstanceForms
from hounsfield.archive.forms.rendering import PictureRequest
from hounsfield.archive.forms.representations import Kind, content_type_of
from hounsfield.dicomweb.negotiation import MediaRange, accepted, choose, parse_accept
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import in_thread, is_current, principal_of, respond
from hounsfield.dicomweb.wado import bodies
from hounsfield.dicomweb.wado import instances as wado
from hounsfield.dicomweb.wado.rendering_parameters import picture_request
from hounsfield.errors import InvalidQuery, NotAcceptable
from hounsfield.index.records import InstanceLocation

_REQUIRED = ("studyUID", "seriesUID", "objectUID")
_MOST_PIXELS = 1 << 15
_SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The one route, below the base of the service; it is also at /wado."""
    return [Route("/wado", wado_uri(parts), methods=["GET"])]


def wado_uri(parts: DicomWebParts) -> Callable[[Request], Awaitable[Response]]:
    """The handler of the resource, wherever it is mounted."""
    service = _UriService(parts)

    async def handler(request: Request) -> Response:
        return await in_thread(service.answer, request)

    return handler


class _UriService:
    def __init__(self, parts: DicomWebParts) -> None:
        self._parts = parts
        self._forms = InstanceForms(parts.retrieve, parts.representations.rendering.pool)

    def answer(self, request: Request) -> Response:
        """Read the parameters and give what they ask for; raises InvalidQuery for what is malformed (WADO-08)."""
        asked = dict(request.query_params)
        if asked.get("requestType") != "WADO":
            raise InvalidQuery("requestType is WADO")
        for name in _REQUIRED:
            if not asked.get(name):
                raise InvalidQuery(f"{name} is required")
        if asked.get("anonymize", "no").lower() == "yes":
            raise NotAcceptable("instances are not de-identified here")
        uids = (asked["studyUID"], asked["seriesUID"], asked["objectUID"])
        frame_index = _frame_index(asked)
        location = self._parts.retrieve.locate(principal_of(request), *uids)[0]
        ranges = _ranges(request, asked)
        if _wants_dicom(ranges):
            return self._file(request, location, asked.get("transferSyntax", ""))
        return self._shown(request, location, ranges, asked, frame_index)

    def _file(self, request: Request, location: InstanceLocation, wanted: str) -> Response:
        given = self._forms.given(location, wanted) or self._forms.as_stored(location)
        tag = wado.etag("uri", location.sha256, given.transfer_syntax_uid)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        content_type = f"{DICOM}; transfer-syntax={given.transfer_syntax_uid}"
        if given.octets is not None:
            return bodies.one(request, given.octets, content_type, headers)
        syntax, pieces = self._forms.stream(given)
        return bodies.streamed(pieces, f"{DICOM}; transfer-syntax={syntax}", headers)

    def _shown(
        self,
        request: Request,
        location: InstanceLocation,
        ranges: list[MediaRange],
        asked: Mapping[str, str],
        frame_index: int | None,
    ) -> Response:
        shown, principal = self._parts.representations, principal_of(request)
        media_type = choose(ranges, shown.offers(location))
        wanted = _picture(asked, media_type)
        state = self._state(request, asked)
        if state is not None:
            target = (location, frame_index or 0)
            wanted = shown.by_state(principal, state, target, wanted)
        tag = wado.etag(
            "uri", location.sha256, media_type, replace(wanted, state=None), frame_index,
            state and state.sha256, wanted.over and (wanted.over.location.sha256, wanted.over.frame_index),
        )  # fmt: skip
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        is_image = shown.kind(location) is Kind.IMAGE
        if is_image and (frame_index is not None or state is not None):
            shown.frame_offers(location, [frame_index or 0])
            body = shown.frame(location, frame_index or 0, wanted)
        else:
            body = shown.instance(principal, location, wanted)
        return respond(content_type_of(media_type), body, headers | _SAFE)

    def _state(self, request: Request, asked: Mapping[str, str]) -> InstanceLocation | None:
        """The presentation state by which the image is shown (9.1.2.2.6)."""
        uid, series = asked.get("presentationUID"), asked.get("presentationSeriesUID")
        if not uid and not series:
            return None
        if not uid or not series:
            raise InvalidQuery("presentationUID and presentationSeriesUID go together")
        study = asked["studyUID"]
        return self._parts.retrieve.locate(principal_of(request), study, series, uid)[0]


def _ranges(request: Request, asked: Mapping[str, str]) -> list[MediaRange]:
    """ContentType says in its order what is taken, and without it the header does (9.1.2.2.1)."""
    text = asked.get("contentType", "")
    return parse_accept(text) if text else accepted(request)


def _wants_dicom(ranges: list[MediaRange]) -> bool:
    return bool(ranges) and ranges[0].media_type == DICOM


def _frame_index(asked: Mapping[str, str]) -> int | None:
    text = asked.get("frameNumber")
    if text is None:
        return None
    (number, *more) = wado.parse_frames(text)
    if more:
        raise InvalidQuery("frameNumber is one number")
    return number - 1


def _picture(asked: Mapping[str, str], media_type: str) -> PictureRequest:
    """The parameters by the names that they have here (9.4.1.2)."""
    names = {"imageQuality": "quality", "annotation": "annotation"}
    parameters = {new: asked[old] for old, new in names.items() if old in asked}
    center, width = asked.get("windowCenter"), asked.get("windowWidth")
    if (center is None) is not (width is None):
        raise InvalidQuery("windowCenter and windowWidth go together")
    if center is not None:
        parameters["window"] = f"{center},{width}"
    wanted = picture_request(parameters, media_type)
    return replace(
        wanted,
        region=_region(asked.get("region")),
        max_columns=_size("columns", asked),
        max_rows=_size("rows", asked),
    )


def _size(name: str, asked: Mapping[str, str]) -> int | None:
    text = asked.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _MOST_PIXELS:
        raise InvalidQuery(f"{name} is a number of pixels up to {_MOST_PIXELS}")
    return int(text)


def _region(text: str | None) -> tuple[float, float, float, float] | None:
    """xmin,ymin,xmax,ymax as parts of the image (9.4.1.2.6)."""
    if text is None:
        return None
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidQuery("region is xmin,ymin,xmax,ymax, each from 0 to 1") from None
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise InvalidQuery("region is xmin,ymin,xmax,ymax, each from 0 to 1")
    return left, top, right, bottom
