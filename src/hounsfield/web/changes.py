"""The change feed: everything that happened to what the archive holds, in order, for programs that follow it."""

from typing import TYPE_CHECKING, Annotated

import orjson
from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from hounsfield.archive.access import require
from hounsfield.dicomweb.negotiation import accepted
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.index.records import Change
from hounsfield.web.studies import iso_time

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

LINES = "application/x-ndjson"
_MOST = 5000
_LONGEST_WAIT_S = 60


class ChangeModel(BaseModel):
    """One thing that happened; ``kind`` is a word of docs/integrate.md, and there may be more of them one day."""

    sequence: int
    kind: str
    StudyInstanceUID: str
    SeriesInstanceUID: str
    SOPInstanceUID: str
    actor: str
    at: str


class ChangePage(BaseModel):
    """Changes after ``since``, oldest first; ask again with ``last`` as ``since``."""

    changes: list[ChangeModel]
    last: int
    has_more: bool


def add_changes(app: FastAPI, parts: "ApiParts") -> None:
    """Add the route of the feed."""

    @app.get("/changes", response_model=ChangePage)
    async def list_changes(
        request: Request,
        since: Annotated[int, Query(ge=0, le=1 << 62)] = 0,
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 1000,
        wait_s: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 0,
    ) -> Response:
        """What happened after ``since``; with ``wait_s``, wait so long where nothing did.

        JSON, or one change a line with `Accept: application/x-ndjson`.
        """
        require(principal_of(request), "search")

        def read() -> list[Change]:
            return parts.index.changes_since(since, limit + 1)

        found = await in_thread(read)
        if not found and wait_s:
            await parts.feed.wait_for(since, wait_s)
            found = await in_thread(read)
        page, has_more = [_shown(one) for one in found[:limit]], len(found) > limit
        if accepted(request)[0].media_type in {LINES, "application/jsonl"}:
            body = b"".join(orjson.dumps(one.model_dump()) + b"\n" for one in page)
            return Response(body, media_type=LINES, headers={"Cache-Control": "no-store"})
        last = page[-1].sequence if page else since
        answer = ChangePage(changes=page, last=last, has_more=has_more)
        headers = {"Cache-Control": "no-store"}
        return Response(answer.model_dump_json(), media_type="application/json", headers=headers)


def _shown(change: Change) -> ChangeModel:
    return ChangeModel(
        sequence=change.sequence,
        kind=change.kind,
        StudyInstanceUID=change.study_instance_uid,
        SeriesInstanceUID=change.series_instance_uid,
        SOPInstanceUID=change.sop_instance_uid,
        actor=change.actor,
        at=iso_time(change.at_us),
    )
