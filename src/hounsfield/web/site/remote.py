"""Other archives in the JSON API: asked what they have, and pulled from."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from hounsfield.archive.access import Principal, require
from hounsfield.archive.site.peers import peer_named
from hounsfield.archive.site.remote import RemoteQuery, document, numbers_here, pull_job
from hounsfield.dicom.query import Level
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.errors import Unavailable
from hounsfield.index.site.jobs import Jobs
from hounsfield.web.site.jobs import Job, job_model

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

_LEVELS = {"study": Level.STUDY, "series": Level.SERIES, "instance": Level.IMAGE}
# A peer that ignores the cancel takes some seconds more; nobody should wait longer than half a minute.
_WITHIN_S = 25.0
_MOST_SERIES = 10_000
_KNOWN = {"StudyDescription", "StudyDate", "ModalitiesInStudy"}

Value = Annotated[str, Field(max_length=4096)]
Uid = Annotated[str, Field(max_length=64)]


class RemoteSearch(BaseModel):
    """What to ask a peer for: values by keyword, wildcards and ranges as in C-FIND."""

    level: Literal["study", "series", "instance"]
    match: dict[str, Value | list[Value]] = Field(default={}, max_length=64)
    limit: int = Field(default=200, ge=1, le=5000)


class RemoteMatches(BaseModel):
    """What a peer answered: attributes by keyword, and of each match ``is_here`` and ``number_here``."""

    matches: list[dict[str, Any]]
    has_more: bool
    milliseconds: float
    warnings: list[str]


class Pull(BaseModel):
    """Which study to pull, or which series of it."""

    StudyInstanceUID: Uid
    SeriesInstanceUIDs: list[Uid] = Field(default=[], max_length=_MOST_SERIES)
    PatientID: str = Field(default="", max_length=64)
    """For peers that know studies by their patients only."""
    StudyDescription: str = Field(default="", max_length=200)
    """This and what follows is what the peer said of the study: the job is called by it."""
    StudyDate: str = Field(default="", max_length=20)
    ModalitiesInStudy: list[Annotated[str, Field(max_length=16)]] = Field(default=[], max_length=32)


def add_remote(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of other archives."""
    jobs = Jobs(parts.index.database)

    @app.post("/peers/{name}/query")
    async def query_peer(request: Request, name: str, search: RemoteSearch) -> RemoteMatches:
        """Ask a peer what it has; it may take half a minute."""
        return await in_thread(_query, parts, principal_of(request), name, search)

    @app.post("/peers/{name}/pull", status_code=201)
    async def pull_from_peer(request: Request, name: str, pull: Pull) -> Job:
        """Pull a study, or some series of it, from a peer; what is here already is not fetched again."""

        def add() -> Job:
            new = pull_job(
                principal_of(request),
                peer_named(parts.peers, name),
                pull.StudyInstanceUID,
                pull.SeriesInstanceUIDs,
                pull.PatientID,
                known=pull.model_dump(include=_KNOWN),
            )
            return job_model(jobs.get(jobs.add(new)), jobs.paused_lanes())

        return await in_thread(add)


def _query(
    parts: "ApiParts", principal: Principal, name: str, search: RemoteSearch
) -> RemoteMatches:
    require(principal, "search")
    peer = peer_named(parts.peers, name)
    if parts.ask_peer is None:
        raise Unavailable("this process does not speak DICOM")
    level = _LEVELS[search.level]
    match = {
        keyword: value if isinstance(value, str) else "\\".join(value)
        for keyword, value in search.match.items()
    }
    answer = parts.ask_peer(peer, RemoteQuery(level, match, search.limit, _WITHIN_S))
    numbers = numbers_here(parts.search, principal, level, answer.matches)
    return RemoteMatches(
        matches=[
            document(one) | {"is_here": number > 0, "number_here": number}
            for one, number in zip(answer.matches, numbers, strict=True)
        ],
        has_more=answer.has_more,
        milliseconds=answer.milliseconds,
        warnings=answer.warnings,
    )
