"""Retrieve Capabilities: what there is, told of each resource by OPTIONS (PS3.18 8.9), from the route tables themselves.

The answer is WADL, or JSON where the client prefers it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute

from hounsfield.dicomweb.negotiation import accepted, choose
from hounsfield.dicomweb.requests import base_url

WADL = "application/vnd.sun.wadl+xml"
JSON = "application/json"
_METHODS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")
_NAMESPACE = "http://wadl.dev.java.net/2009/02"
_VARIABLE = re.compile(r"\{(\w+)(?::\w+)?\}")

_DATASETS = (
    "application/dicom+json",
    'multipart/related; type="application/dicom+xml"',
)
_BODIES = ("application/dicom+json", "application/dicom+xml")
_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "text/html", "text/plain",
             "application/pdf")  # fmt: skip
_MATCHING = ("limit", "offset", "includefield", "fuzzymatching", "emptyvaluematching",
             "multiplevaluematching", "{attributeID}")  # fmt: skip
_SEARCHED = ("studies", "series", "instances", "workitems", "modality-scheduled-procedure-steps")


@dataclass(frozen=True, slots=True)
class _Described:
    """What a kind of resource takes and gives, by method."""

    parameters: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    words: str = "Retrieve"


# By method and what the path ends with; the first that fits counts.
_KINDS: tuple[tuple[str, str, _Described], ...] = (
    ("GET", r".*/metadata", _Described(("accept", "charset"), (), _DATASETS)),
    ("GET", r".*/frames/\{\w+\}|.*/pixeldata", _Described(
        ("accept",), (), ('multipart/related; type="application/octet-stream"',
                          'multipart/related; type="image/*"'))),
    ("GET", r".*/bulkdata.*", _Described(
        ("accept",), (), ("application/octet-stream", 'multipart/related; type="application/octet-stream"'))),
    ("GET", r".*/rendered", _Described(
        ("accept", "charset", "annotation", "quality", "viewport", "window", "iccprofile"), (), _PICTURES)),
    ("GET", r".*/thumbnail", _Described(("accept", "viewport"), (), _PICTURES)),
    ("GET", r"/(.*/)?(" + "|".join(_SEARCHED) + ")", _Described(
        (*_MATCHING, "accept"), (), _DATASETS, "Search")),
    ("GET", r"/studies/.*", _Described(
        ("accept",), (), ('multipart/related; type="application/dicom"', "application/dicom", "application/zip"))),
    ("POST", r"/studies.*", _Described(
        ("accept",), ('multipart/related; type="application/dicom"', "application/dicom",
                      'multipart/related; type="application/dicom+json"',
                      'multipart/related; type="application/dicom+xml"'), _DATASETS)),
    ("POST", r"/workitems", _Described(("workitem",), _BODIES)),
    ("POST", r"/workitems/\{\w+\}", _Described(("transaction-uid",), _BODIES)),
    ("POST", r".*/subscribers/\{\w+\}", _Described(("deletionlock", "filter"))),
    ("POST", r".*/suspend", _Described()),
    ("PUT", r".*", _Described((), _BODIES)),
    ("POST", r"/modality-performed-procedure-steps/.*", _Described(("update",), _BODIES)),
    ("POST", r"/commitment-requests/.*", _Described((), _BODIES, _DATASETS)),
    ("POST", r".*", _Described((), _BODIES)),
    ("GET", r".*", _Described(("accept", "includefield"), (), _DATASETS)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource by its URI template, and what can be done with it: (method, in words)."""

    path: str
    methods: tuple[tuple[str, str], ...]


def resources(routes: Sequence[BaseRoute]) -> list[Resource]:
    """What a route table offers, each template once; HEAD and OPTIONS go without saying."""
    found: dict[str, dict[str, str]] = {}
    for route in routes:
        if isinstance(route, Route | WebSocketRoute):
            path = _VARIABLE.sub(r"{\1}", route.path)
            methods = route.methods if isinstance(route, Route) else {"GET"}
            words = (getattr(route.endpoint, "__doc__", None) or "").strip().partition("\n")[0]
            for method in sorted((methods or set()) - {"HEAD", "OPTIONS"}):
                told = words or _described(method, path).words
                found.setdefault(path, {}).setdefault(method, told)
    return [Resource(path, tuple(sorted(ways.items()))) for path, ways in sorted(found.items())]


def capabilities(routes: Sequence[BaseRoute]) -> Route:
    """The route that answers OPTIONS for the base and for each resource of a table (WEB-08).

    What no other route takes comes here too: 405 where there is a resource, 404 where there is none.
    """

    async def retrieve_capabilities(request: Request) -> Response:
        if not request.path_params["path"]:
            told, allowed = resources(routes), {"OPTIONS"}
        else:
            here = [route for route in routes if _is_at(route, request)]
            told = resources(here)
            allowed = {"OPTIONS", *(method for one in told for method, _words in one.methods)}
            if not told:
                raise HTTPException(404, "there is no resource of this kind")
        if "GET" in allowed:
            allowed.add("HEAD")
        if request.method != "OPTIONS":
            allow = {"Allow": ", ".join(sorted(allowed))}
            raise HTTPException(405, f"{request.method} is not for this resource", allow)
        media_type = choose(accepted(request), (WADL, JSON, "application/xml", "text/xml"))
        write = _json if media_type == JSON else _wadl
        headers = {"Allow": ", ".join(sorted(allowed)), "Vary": "Accept"}
        return Response(write(told, base_url(request)), headers=headers, media_type=media_type)

    return Route("/{path:path}", retrieve_capabilities, methods=_METHODS)


def _is_at(route: BaseRoute, request: Request) -> bool:
    scope = dict(request.scope)
    if isinstance(route, WebSocketRoute):
        scope["type"] = "websocket"
    return route.matches(scope)[0] is not Match.NONE


def _described(method: str, path: str) -> _Described:
    for wanted, pattern, described in _KINDS:
        if wanted == method and re.fullmatch(pattern, path):
            return described
    return _Described()


def _json(told: Sequence[Resource], base: str) -> bytes:
    document: dict[str, Any] = {
        "base": base,
        "resources": [
            {
                "path": one.path,
                "methods": [_method(method, words, one.path) for method, words in one.methods],
            }
            for one in told
        ],
    }
    return orjson.dumps(document)


def _method(method: str, words: str, path: str) -> dict[str, Any]:
    kind = _described(method, path)
    return {
        "name": method,
        "description": words,
        "parameters": list(kind.parameters),
        "takes": list(kind.takes),
        "gives": list(kind.gives),
    }


def _wadl(told: Sequence[Resource], base: str) -> bytes:
    """The capabilities as WADL (W3C submission of 31 August 2009), resources side by side, not nested."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<application xmlns="{_NAMESPACE}">',
        f"<resources base={quoteattr(base + '/')}>",
    ]
    for one in told:
        lines.append(f"<resource path={quoteattr(one.path.lstrip('/'))}>")
        lines += (
            f'<param name={quoteattr(name)} style="template"/>'
            for name in _VARIABLE.findall(one.path)
        )
        for method, words in one.methods:
            lines += _wadl_method(method, words, one.path)
        lines.append("</resource>")
    return "\n".join([*lines, "</resources>", "</application>", ""]).encode()


def _wadl_method(method: str, words: str, path: str) -> Iterator[str]:
    kind = _described(method, path)
    yield f'<method name="{method}">'
    if words:
        yield f"<doc title={quoteattr(words)}/>"
    yield "<request>"
    yield from (f'<param name={quoteattr(name)} style="query"/>' for name in kind.parameters)
    yield from (f"<representation mediaType={quoteattr(one)}/>" for one in kind.takes)
    yield "</request>"
    yield "<response>"
    yield from (f"<representation mediaType={quoteattr(one)}/>" for one in kind.gives)
    yield "</response>"
    yield "</method>"
