"""The resources that are searched (QIDO-RS, PS3.18 10.6.1)."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.dicom.query import Level
from hounsfield.dicomweb import qido
from hounsfield.dicomweb.negotiation import accepted, choose
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import base_url, in_thread, principal_of

JSON = "application/dicom+json"
_STUDY_UID, _SERIES_UID = 0x0020000D, 0x0020000E
_RESOURCES = (
    ("/studies", Level.STUDY),
    ("/series", Level.SERIES),
    ("/instances", Level.IMAGE),
    ("/studies/{study}/series", Level.SERIES),
    ("/studies/{study}/instances", Level.IMAGE),
    ("/studies/{study}/series/{series}/instances", Level.IMAGE),
    ("/series/{series}/instances", Level.IMAGE),
)


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""

    def finding(level: Level) -> Callable[[Request], Awaitable[Response]]:
        async def find(request: Request) -> Response:
            uids = {
                tag: request.path_params[name]
                for tag, name in ((_STUDY_UID, "study"), (_SERIES_UID, "series"))
                if name in request.path_params
            }
            media_type = choose(accepted(request), (JSON, "application/json"))
            query, warnings = qido.parse_query(level, uids, request.query_params.multi_items())
            found, more = await in_thread(
                qido.answer, parts.search, principal_of(request), query, base_url(request)
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

        return find

    return [Route(path, finding(level), methods=["GET"]) for path, level in _RESOURCES]
