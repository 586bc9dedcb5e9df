"""Storage Commitment Service: what of the instances that a client names is safe here (PS3.18 chapter 13)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.site.commitment import CommitmentDesk
from hounsfield.dicom.commitment import Reference, read_references, response_dataset
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.dicomweb.site.datasets import dataset_response, read_dataset

RETRY_AFTER_S = 5
_MAX_REQUEST_BYTES = 32 << 20


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    desk = CommitmentDesk(parts.store.index, parts.store.storage)

    async def request_commitment(request: Request) -> Response:
        """Request (13.4): 200 with the result, or 202 and the result is there later; 409 for a UID in use (SC-05)."""
        dataset = await read_dataset(request, at_most=_MAX_REQUEST_BYTES)
        references = read_references(dataset)
        uid = request.path_params["transaction"]
        found = await in_thread(desk.request, principal_of(request), uid, references)
        return _response(request, found)

    async def check_result(request: Request) -> Response:
        """Result Check (13.5): as the request, 404 for a UID that nobody used."""
        uid = request.path_params["transaction"]
        return _response(request, await in_thread(desk.result, principal_of(request), uid))

    resource = "/commitment-requests/{transaction}"
    return [
        Route(resource, request_commitment, methods=["POST"]),
        Route(resource, check_result, methods=["GET"]),
    ]


def _response(request: Request, found: list[Reference] | None) -> Response:
    if found is None:
        return Response(status_code=202, headers={"Retry-After": str(RETRY_AFTER_S)})
    return dataset_response(request, [response_dataset(found)])
