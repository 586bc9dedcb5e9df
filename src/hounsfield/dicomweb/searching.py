"""The resources that are searched (QIDO-RS, PS3.18 10.6.1)."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import BASE_URL
from hounsfield.archive.stored_attributes import StoredAttributes
from hounsfield.dicom.query import Level, Query
from hounsfield.dicomweb import qido
from hounsfield.dicomweb.matches import MatchWriter, Members, members_of
from hounsfield.dicomweb.negotiation import accepted
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.query_parameters import warning
from hounsfield.dicomweb.requests import base_url, briefly, in_thread, principal_of
from hounsfield.dicomweb.wado.representations import choose_representation, dataset_list

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
    return [Route(path, _finding(parts, level), methods=["GET"]) for path, level in _RESOURCES]


def _finding(parts: DicomWebParts, level: Level) -> Callable[[Request], Awaitable[Response]]:
    async def find(request: Request) -> Response:
        uids = {
            tag: request.path_params[name]
            for tag, name in ((_STUDY_UID, "study"), (_SERIES_UID, "series"))
            if name in request.path_params
        }
        representation = choose_representation(accepted(request))
        asked = qido.parse_query(level, uids, request.query_params.multi_items())
        run = in_thread if asked.further else briefly
        found = await run(answer, parts, principal_of(request), asked, base_url(request))
        return await matches_response(representation, *found, asked.warnings)

    return find


async def matches_response(
    representation: str, matches: Sequence[bytes], more: int, warnings: Sequence[str]
) -> Response:
    """The answer to any search, of DICOM JSON objects: 204 where there are none (QIDO-02), with its Warnings (QIDO-03).

    ``more`` is how many matches follow those.
    """
    if more:
        text = f"There are {more} additional results that can be requested"
        warnings = [*warnings, warning(text)]
    response = await dataset_list(representation, matches) if matches else Response(status_code=204)
    for told in warnings:
        response.headers.append("Warning", told)
    return response


def answer(
    parts: DicomWebParts, principal: Principal, asked: qido.Asked, base: str
) -> tuple[list[bytes], int]:
    """(the matches as DICOM JSON objects, how many more there are)."""
    query = asked.query
    assert query.limit is not None
    ahead = Query(query.level, query.keys, None, query.include, (), query.limit + 1, query.offset)
    plan, rows = parts.search.answers(principal, ahead)
    more = 0
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        total = parts.search.count(principal, Query(query.level, query.keys), at_most=1_000_000)
        more = max(total - query.offset - query.limit, 1)
    stored = StoredAttributes(parts.retrieve, principal)

    def read_stored(study: str, series: str | None, sop: str | None) -> Members:
        found = stored.of_entity(study, series, sop)
        return members_of(found.replace(f'"{BASE_URL}/'.encode(), f'"{base}/'.encode()).decode())

    writer = MatchWriter(asked, plan, base, read_stored)
    return [writer.write(row) for row in rows], more
