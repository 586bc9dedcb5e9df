"""The resources that instances are stored to (STOW-RS, PS3.18 10.5.1)."""

import re
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.dicom import json_model
from hounsfield.dicomweb.multipart import MultipartError
from hounsfield.dicomweb.negotiation import accepted, choose
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.problems import UnsupportedMediaType, problem
from hounsfield.dicomweb.requests import base_url, in_thread, principal_of
from hounsfield.dicomweb.stow import intake as stow
from hounsfield.errors import InvalidQuery

JSON = "application/dicom+json"
_FEED_BYTES = 1 << 18
_BOUNDARY = re.compile(r'boundary\s*=\s*("([^"]+)"|[^;,\s]+)', re.IGNORECASE)


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""

    async def store_instances(request: Request) -> Response:
        study = request.path_params.get("study")
        choose(accepted(request), (JSON, "application/json"))
        intake = await in_thread(
            stow.Intake, parts.store, principal_of(request), study, _boundary_of(request)
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

    return [
        Route("/studies", store_instances, methods=["POST"]),
        Route("/studies/{study}", store_instances, methods=["POST"]),
    ]


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
