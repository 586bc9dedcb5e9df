"""Modality Performed Procedure Step Service: modalities say over the web what they do (PS3.18 chapter 15)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.site.procedure_steps import FaultyStep, ProcedureSteps
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.problems import problem
from hounsfield.dicomweb.requests import base_url, in_thread, principal_of
from hounsfield.dicomweb.site.datasets import dataset_response, read_dataset
from hounsfield.dicomweb.site.searches import included

_RESOURCE = "/modality-performed-procedure-steps/{mpps}"


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    web = _PerformedSteps(ProcedureSteps(parts.store.index))
    return [
        Route(_RESOURCE, web.create_or_update, methods=["POST"]),
        # The examples B.38 and B.39 update so, the syntax of 15.5.1 with a parameter.
        Route(_RESOURCE + "/update", web.update, methods=["POST"]),
        Route(_RESOURCE, web.retrieve, methods=["GET"]),
    ]


class _PerformedSteps:
    def __init__(self, steps: ProcedureSteps) -> None:
        self._steps = steps

    async def create_or_update(self, request: Request) -> Response:
        """Update where the parameter of that name says so, Create otherwise."""
        names = {name.lower() for name in request.query_params}
        return await (self.update(request) if "update" in names else self.create(request))

    async def create(self, request: Request) -> Response:
        """Create (15.4): 201, 409 for a UID that is in use (MPPS-01)."""
        dataset = await read_dataset(request)
        uid = request.path_params["mpps"]
        step = await in_thread(self._steps.create, principal_of(request), uid, dataset)
        url = f"{base_url(request)}/modality-performed-procedure-steps/{step.sop_instance_uid}"
        return Response(status_code=201, headers={"Location": url, "Content-Location": url})

    async def update(self, request: Request) -> Response:
        """Update (15.5): 409 where the step is at its end, or would lack what that end needs (MPPS-02)."""
        dataset = await read_dataset(request)
        uid = request.path_params["mpps"]
        try:
            await in_thread(self._steps.update, principal_of(request), uid, dataset)
        except FaultyStep as error:
            return problem(400 if error.faults.invalid else 409, str(error))
        return Response(status_code=200)

    async def retrieve(self, request: Request) -> Response:
        """Retrieve (15.6): all attributes, or those of includefield."""
        uid = request.path_params["mpps"]
        step = await in_thread(self._steps.get, principal_of(request), uid)
        return dataset_response(request, [included(request, step.attributes)])
