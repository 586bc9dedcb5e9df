"""Hounsfield's own JSON API under /api (docs: /api/openapi.json)."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import ClientDisconnect

from hounsfield import __version__
from hounsfield.archive.exporting import named_instances
from hounsfield.archive.forms.zipping import zip_stream
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.site.completeness import Completeness
from hounsfield.archive.site.peers import CheckPeer
from hounsfield.archive.site.remote import AskPeer
from hounsfield.archive.store import InstanceStore
from hounsfield.dicomweb.problems import HANDLERS, problem
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.errors import Gone, InvalidInstance, NotFound
from hounsfield.index.index import Index
from hounsfield.index.site.deletions import Deletions
from hounsfield.index.site.peers import Peers
from hounsfield.web import models, studies
from hounsfield.web.attributes import attribute_tree
from hounsfield.web.changes import add_changes
from hounsfield.web.downloads import safe_name
from hounsfield.web.events import Feed
from hounsfield.web.site.associations import add_associations
from hounsfield.web.site.jobs import add_jobs
from hounsfield.web.site.orders import add_orders
from hounsfield.web.site.peers import add_peers
from hounsfield.web.site.remote import add_remote
from hounsfield.web.site.routing import add_routing
from hounsfield.web.site.trash import add_trash
from hounsfield.web.uploads import Upload

_FEED_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the API is built over."""

    store: InstanceStore
    search: Search
    retrieve: Retrieve
    index: Index
    feed: Feed
    server: dict[str, Any]
    data_folder: Path
    peers: Peers
    check_peer: CheckPeer | None = None
    ask_peer: AskPeer | None = None
    trash_days: float = 30.0


def api_app(parts: ApiParts) -> FastAPI:
    """The application to be mounted at /api."""
    app = FastAPI(
        title="Hounsfield",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        exception_handlers={**HANDLERS, RequestValidationError: _on_invalid},
        responses={
            400: {"model": models.Problem, "description": "The request cannot be understood"}
        },
        generate_unique_id_function=lambda route: route.name,
        root_path_in_servers=False,
    )
    _add_studies(app, parts)
    _add_files(app, parts)
    _add_server(app, parts)
    add_peers(app, parts)
    add_associations(app, parts)
    add_jobs(app, parts)
    add_routing(app, parts)
    add_remote(app, parts)
    add_orders(app, parts)
    add_trash(app, parts)
    add_changes(app, parts)
    return app


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = (f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
    return problem(400, "; ".join(details))


def _add_studies(app: FastAPI, parts: ApiParts) -> None:
    completeness = Completeness(parts.index)
    deletions = Deletions(parts.index.database)

    @app.get("/studies")
    async def list_studies(
        request: Request,
        q: Annotated[str | None, Query(max_length=200)] = None,
        StudyDate: Annotated[str | None, Query(max_length=17)] = None,
        ModalitiesInStudy: Annotated[list[str] | None, Query()] = None,
        PatientID: Annotated[str | None, Query(max_length=64)] = None,
        PatientName: Annotated[str | None, Query(max_length=200)] = None,
        AccessionNumber: Annotated[str | None, Query(max_length=64)] = None,
        StudyInstanceUID: Annotated[str | None, Query(max_length=2048)] = None,
        status: Literal["receiving", "complete"] | None = None,
        sort: str | None = None,
        page: Annotated[int, Query(ge=1, le=10_000_000)] = 1,
        page_size: Annotated[int, Query(ge=1, le=studies.MAX_PAGE_SIZE)] = 25,
    ) -> models.StudyPage:
        """One page of the study list; each word of ``q`` occurs in name, ID, accession number or description."""
        query = studies.study_query(
            q=q,
            matches={
                "StudyDate": StudyDate,
                "PatientID": PatientID,
                "PatientName": PatientName,
                "AccessionNumber": AccessionNumber,
                "StudyInstanceUID": StudyInstanceUID,
            },
            modalities=ModalitiesInStudy or [],
            status=status,
            sort=sort,
            page=page,
            page_size=page_size,
        )
        principal = principal_of(request)
        return await in_thread(
            studies.study_page, parts.search, completeness, principal, query, page
        )

    @app.get("/studies/{study}")
    async def read_study(
        request: Request, study: str, patient_key: int | None = None
    ) -> models.StudyDetail:
        """A study and its series."""
        principal = principal_of(request)
        try:
            return await in_thread(
                studies.study_detail, parts.search, completeness, principal, study, patient_key
            )
        except NotFound:
            if await in_thread(deletions.covers, study, None, None):
                raise Gone("this study was deleted") from None
            raise

    @app.get("/studies/{study}/series/{series}/instances/{instance}/attributes")
    async def read_attributes(
        request: Request, study: str, series: str, instance: str
    ) -> list[models.Attribute]:
        """All attributes of an instance, for people to read."""

        def read() -> list[models.Attribute]:
            location = parts.retrieve.locate(principal_of(request), study, series, instance)[0]
            with parts.retrieve.open_instance(location) as stored, stored.map() as buffer:
                return attribute_tree(buffer)

        return await in_thread(read)


def _add_files(app: FastAPI, parts: ApiParts) -> None:
    def zipped(request: Request, study: str, series: str | None) -> StreamingResponse:
        named = named_instances(parts.search, parts.retrieve, principal_of(request), study, series)
        name = safe_name(named[0].path.partition("/")[0])
        headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
        pieces = iterate_in_threadpool(zip_stream(parts.retrieve, named))
        return StreamingResponse(pieces, headers=headers, media_type="application/zip")

    @app.get("/studies/{study}/archive.zip", response_class=StreamingResponse)
    async def download_study(request: Request, study: str) -> Response:
        """All instances of a study as a ZIP archive, byte for byte as stored."""
        return await in_thread(zipped, request, study, None)

    @app.get("/studies/{study}/series/{series}/archive.zip", response_class=StreamingResponse)
    async def download_series(request: Request, study: str, series: str) -> Response:
        """All instances of a series as a ZIP archive, byte for byte as stored."""
        return await in_thread(zipped, request, study, series)

    @app.get(
        "/studies/{study}/series/{series}/instances/{instance}/file",
        response_class=StreamingResponse,
    )
    async def download_instance(
        request: Request, study: str, series: str, instance: str, version: int | None = None
    ) -> Response:
        """One instance as a file, byte for byte as stored; ``version`` names one that is not shown."""

        def find() -> tuple[Any, int]:
            found = parts.retrieve.locate(
                principal_of(request), study, series, instance, all_versions=version is not None
            )
            location = next((one for one in found if version in (None, one.version)), None)
            if location is None:
                raise NotFound(f"the instance has no version {version}")
            return location, location.size_bytes

        location, size = await in_thread(find)

        def pieces() -> Any:
            with parts.retrieve.open_instance(location) as stored:
                yield from stored.stream()

        headers = {
            "Content-Disposition": f'attachment; filename="{safe_name(instance)}.dcm"',
            "Content-Length": str(size),
        }
        return StreamingResponse(
            iterate_in_threadpool(pieces()), headers=headers, media_type="application/dicom"
        )

    @app.post(
        "/uploads",
        openapi_extra={
            "requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}
        },
    )
    async def upload(
        request: Request, name: Annotated[str, Query(max_length=4096)] = "file"
    ) -> models.UploadResults:
        """Take one DICOM file or ZIP archive as the body."""
        taken = Upload(parts.store, principal_of(request), name)
        kept: list[bytes] = []
        size = 0
        try:
            async for chunk in request.stream():
                kept.append(chunk)
                size += len(chunk)
                if size >= _FEED_BYTES:
                    await in_thread(taken.feed, b"".join(kept))
                    kept, size = [], 0
            await in_thread(taken.feed, b"".join(kept))
            return models.UploadResults(results=await in_thread(taken.finish))
        except ClientDisconnect:
            raise InvalidInstance("the upload was broken off") from None
        finally:
            await in_thread(taken.abandon)


def _add_server(app: FastAPI, parts: ApiParts) -> None:
    @app.get("/totals")
    async def read_totals(request: Request) -> models.Totals:
        """How much the archive holds."""

        def read() -> models.Totals:
            found = parts.search.totals(principal_of(request))
            free = shutil.disk_usage(parts.data_folder).free
            return models.Totals(
                patients=found.patients,
                studies=found.studies,
                series=found.series,
                instances=found.instances,
                size_bytes=found.size_bytes,
                free_bytes=free,
            )

        return await in_thread(read)

    @app.get("/server")
    async def read_server(request: Request) -> models.Server:
        """How this server is reached."""
        url = f"{request.url.scheme}://{request.url.netloc}/dicom-web"
        return models.Server(version=__version__, dicomweb_url=url, **parts.server)

    @app.get("/events", response_class=StreamingResponse)
    async def follow_changes(
        last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    ) -> Response:
        """Server-sent events: which studies changed; resumes after Last-Event-ID."""
        after = int(last_event_id) if last_event_id and last_event_id.isdigit() else None
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            parts.feed.listen(after), headers=headers, media_type="text/event-stream"
        )
