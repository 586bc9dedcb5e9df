"""The DICOMweb service: each transaction's module lists its own routes, and here they come together (PS3.18 8)."""

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from hounsfield.dicomweb import deletion, searching, storing
from hounsfield.dicomweb.capabilities import capabilities
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.problems import HANDLERS
from hounsfield.dicomweb.site import commitment, event_channel, procedure_steps, ups, worklist
from hounsfield.dicomweb.wado import rendered, retrieving, thumbnail, uri

# The first that matches answers, so those asked most often stand first.
_TRANSACTIONS = (
    retrieving.routes,
    searching.routes,
    storing.routes,
    rendered.routes,
    thumbnail.routes,
    ups.routes,
    event_channel.routes,
    commitment.routes,
    worklist.routes,
    procedure_steps.routes,
    deletion.routes,
    uri.routes,
)


def dicomweb_app(parts: DicomWebParts) -> Starlette:
    """The application to be mounted at the base of the DICOMweb service."""
    routes: list[BaseRoute] = [route for make in _TRANSACTIONS for route in make(parts)]
    routes.append(capabilities(tuple(routes)))
    return Starlette(routes=routes, exception_handlers=HANDLERS)
