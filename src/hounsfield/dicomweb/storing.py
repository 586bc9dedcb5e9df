"""The resources that instances are stored to (STOW-RS, PS3.18 10.5.1)."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.dicom import json_model, xml_model
from hounsfield.dicomweb.multipart import MultipartError, closing, new_boundary, part_head
from hounsfield.dicomweb.negotiation import MediaRange, accepted
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.problems import TooLarge, UnsupportedMediaType, problem
from hounsfield.dicomweb.requests import base_url, in_thread, principal_of
from hounsfield.dicomweb.stow.coding import ENCODINGS
from hounsfield.dicomweb.stow.intake import Intake, form_of
from hounsfield.dicomweb.stow.pixel_parts import reader_in
from hounsfield.dicomweb.stow.results import Results, response_dataset
from hounsfield.errors import NotAcceptable

JSON, XML = "application/dicom+json", "application/dicom+xml"
_FEED_BYTES = 1 << 18
# An executor takes a third of the time that `in_thread` takes to give a call to a thread and back.
_receiving = ThreadPoolExecutor(16, thread_name_prefix="receiving")


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    read = reader_in(parts.representations.rendering.pool)

    async def store_instances(request: Request) -> Response:
        study = request.path_params.get("study")
        ranges = accepted(request)
        _form_of_answer(ranges)
        form = form_of(
            request.headers.get("content-type", ""), request.headers.get("content-encoding", "")
        )
        try:
            intake = await in_thread(
                lambda: Intake(
                    parts.store, principal_of(request), study, form, read, _length_of(request)
                )
            )
        except UnsupportedMediaType as error:
            return problem(415, str(error), {"Accept-Encoding": ENCODINGS})
        try:
            results = await _received(request, intake)
        except ClientDisconnect:
            return problem(400, "the client left before the end of the request")
        finally:
            intake.discard()  # also when this task is cancelled, which would not wait for a thread
        if results.trouble is not None and not results.stored and not results.failed:
            return problem(results.status, str(results.trouble))
        return _answer(ranges, results, response_dataset(results, base_url(request), study))

    return [
        Route("/studies", store_instances, methods=["POST"]),
        Route("/studies/{study}", store_instances, methods=["POST"]),
    ]


async def _received(request: Request, intake: Intake) -> Results:
    try:
        run = asyncio.get_running_loop().run_in_executor
        async for chunks in _some_chunks(request):
            await run(_receiving, _feed, intake, chunks)
        return await in_thread(intake.finish)
    except (MultipartError, TooLarge) as error:
        return await in_thread(intake.break_off, error)


def _feed(intake: Intake, chunks: list[bytes]) -> None:
    for chunk in chunks:
        intake.feed(chunk)


def _length_of(request: Request) -> int:
    with suppress(ValueError):
        return max(int(request.headers.get("content-length", "0")), 0)
    return 0


def _form_of_answer(ranges: list[MediaRange]) -> tuple[str, bool]:
    """(JSON or XML, whether it goes into a multipart message); raises NotAcceptable."""
    for entry in ranges:
        for media_type in (JSON, "application/json", XML):
            if entry.allows(media_type):
                return media_type, False
        if entry.allows_parts(XML):
            return XML, True
    raise NotAcceptable(f"only in {JSON} and {XML}")


def _answer(ranges: list[MediaRange], results: Results, dataset: dict[str, Any]) -> Response:
    """The response data set in the form that the client prefers (STOW-06)."""
    media_type, is_multipart = _form_of_answer(ranges)
    if media_type != XML:
        return Response(json_model.dumps(dataset), results.status, media_type=media_type)
    document = xml_model.write(dataset)
    if not is_multipart:
        return Response(document, results.status, media_type=XML)
    boundary = new_boundary()
    body = part_head(boundary, XML, is_first=True) + document + closing(boundary)
    full_type = f'multipart/related; type="{XML}"; boundary={boundary}'
    return Response(body, results.status, headers={"Content-Type": full_type})


async def _some_chunks(request: Request) -> AsyncIterator[list[bytes]]:
    """The body, so much of it at a time that it is worth a change of thread."""
    kept: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            kept.append(chunk)
            size += len(chunk)
            if size >= _FEED_BYTES:
                yield kept
                kept, size = [], 0
    except ClientDisconnect:
        if size:  # parts may be complete in it (STOW-05)
            yield kept
        raise
    if size:
        yield kept
