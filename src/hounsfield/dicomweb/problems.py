"""Which error of the archive is which HTTP status, and how it is told (PS3.18 8.5, RFC 9457)."""

import logging
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hounsfield.errors import (
    Conflict,
    Gone,
    HounsfieldError,
    InvalidInstance,
    InvalidQuery,
    NotAcceptable,
    NotFound,
    OutOfResources,
    Refused,
    Unavailable,
)

log = logging.getLogger(__name__)

STATUS_OF: dict[type[HounsfieldError], int] = {
    InvalidInstance: 400,
    InvalidQuery: 400,
    NotFound: 404,
    Gone: 410,
    NotAcceptable: 406,
    Conflict: 409,
    Refused: 403,
    Unavailable: 503,
    OutOfResources: 507,
}
_TITLES = {
    400: "The request cannot be understood",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    406: "Not available in the form asked for",
    409: "It contradicts what is here",
    410: "Deleted",
    413: "Too large",
    415: "Not a form that is taken here",
    416: "That range does not exist",
    500: "An error of the archive",
    503: "Not available now",
    507: "No space left",
}


class UnsupportedMediaType(HounsfieldError):
    """The body is in a form that the resource does not take."""


class TooLarge(HounsfieldError):
    """The body is longer than any that the resource has a use for."""


class RangeNotSatisfiable(HounsfieldError):
    """The byte range asked for lies outside the value."""


def status_of(error: HounsfieldError) -> int:
    """The HTTP status for an error, by its class or the nearest it derives from."""
    if isinstance(error, UnsupportedMediaType):
        return 415
    if isinstance(error, RangeNotSatisfiable):
        return 416
    if isinstance(error, TooLarge):
        return 413
    return next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), 500)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """An error's answer: application/problem+json with title, status and what happened."""
    body: dict[str, Any] = {
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    return Response(orjson.dumps(body), status, headers, "application/problem+json")


async def on_archive_error(_request: Request, error: Exception) -> Response:
    """Answer for an error that the archive raised."""
    assert isinstance(error, HounsfieldError)
    headers = {"Retry-After": "5"} if isinstance(error, Unavailable) else None
    return problem(status_of(error), str(error), headers)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer for what the web framework found wrong."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), headers)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """Answer for an error of ours; the log has the details."""
    log.error(
        "unexpected error in %s %s", request.method, request.scope.get("route"), exc_info=error
    )
    return problem(500, "The archive's log says what happened.")


HANDLERS: dict[Any, Any] = {
    HounsfieldError: on_archive_error,
    HTTPException: on_http_error,
    Exception: on_unexpected,
}
