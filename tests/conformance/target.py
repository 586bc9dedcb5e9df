"""The server under examination, seen from outside: HTTP and nothing else."""

import json
import re
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import httpx
import pytest

JSON = "application/dicom+json"
XML = 'multipart/related; type="application/dicom+xml"'
OCTETS = 'multipart/related; type="application/octet-stream"'
DICOM = 'multipart/related; type="application/dicom"'
AS_STORED = f"{DICOM}; transfer-syntax=*"
BOUNDARY = "conformance-0c7b1f5d"

# What a server answers that does not have a resource, a method or a media type at all.
_NOT_OFFERED = frozenset({404, 405, 406, 415, 501})


@dataclass(frozen=True)
class Part:
    """One part of a multipart answer; names of headers in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def transfer_syntax(self) -> str:
        return parameters(self.headers.get("content-type", "")).get("transfer-syntax", "")


def parameters(content_type: str) -> dict[str, str]:
    """Return the parameters of a media type, names in lower case."""
    found = re.findall(r';\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)', content_type)
    return {name.lower(): value.strip('"') for name, value in found}


def media_type_of(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def parts_of(response: httpx.Response) -> list[Part]:
    """Split a multipart answer (RFC 2046 5.1), strictly."""
    content_type = response.headers["content-type"]
    assert media_type_of(response) == "multipart/related", content_type
    told = parameters(content_type)
    # WEB-04: both parameters are required
    assert told.get("boundary"), content_type
    assert told.get("type"), content_type
    pieces = (b"\r\n" + response.content).split(b"\r\n--" + told["boundary"].encode())
    assert pieces[-1].startswith(b"--"), "the closing delimiter is missing"
    assert not pieces[-1][2:].strip(), "there is something behind the end"
    parts = []
    for piece in pieces[1:-1]:
        head, blank, body = piece.partition(b"\r\n\r\n")
        assert blank, "a part without the empty line behind its headers"
        lines = [line.partition(":") for line in head.decode("ascii").split("\r\n") if line.strip()]
        parts.append(Part({name.lower(): value.strip() for name, _, value in lines}, body))
    for part in parts:
        assert part.media_type == told["type"].partition(";")[0].lower(), (
            part.headers,
            content_type,
        )
    return parts


def body_of(parts: list[tuple[str, bytes]] | list[bytes], **headers: str) -> bytes:
    """Return a multipart body of (content type, bytes), or of DICOM files."""
    typed = [p if isinstance(p, tuple) else ("application/dicom", p) for p in parts]
    made = b""
    for content_type, content in typed:
        made += f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode() + content + b"\r\n"
    return made + f"--{BOUNDARY}--\r\n".encode()


class Target:
    """One server. `is_ours` says that nothing may be missing."""

    def __init__(self, base: str, wado_uri: str, *, is_ours: bool) -> None:
        self.base = base.rstrip("/")
        self.wado_uri = wado_uri
        self.is_ours = is_ours
        self.http = httpx.Client(timeout=60, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def request(
        self, method: str, path: str, accept: str | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request; without ``accept`` there is no Accept header at all."""
        headers = {**options.pop("headers", {})}
        url = path if path.startswith("http") else self.base + path
        if params := options.pop("params", None):
            # Only what must be encoded is: whether the rest may be is one test, not the matter of all of them.
            url += ("&" if "?" in url else "?") + urlencode(params, safe="/,*?:;@")
        request = self.http.build_request(method, url, headers=headers, **options)
        del request.headers["Accept"]
        if accept is not None:
            request.headers["Accept"] = accept
        return self.http.send(request)

    def get(
        self, path: str, accept: str | None = None, params: Any = None, **options: Any
    ) -> httpx.Response:
        return self.request("GET", path, accept, params=params, **options)

    def expect(
        self, response: httpx.Response, *statuses: int, is_optional: bool = False
    ) -> httpx.Response:
        """Hold a status to those that the standard allows.

        Where success is asked of another server, and it says that it has no such thing, the test counts as
        "not offered" and not as failed; in which words it says so does not matter where the standard leaves it to
        the server. Of ours nothing is forgiven.
        """
        status = response.status_code
        if status in statuses:
            return response
        says_no = status in _NOT_OFFERED or (is_optional and 400 <= status < 500)
        if not self.is_ours and min(statuses) < 300 and says_no:
            self.not_offered(f"HTTP {status}")
        request = response.request
        raise AssertionError(
            f"{request.method} {request.url}: HTTP {status}, not {statuses}: {response.text[:300]}"
        )

    def not_offered(self, what: str) -> None:
        """Leave a test that is about something which the server is free not to have."""
        assert not self.is_ours, what
        pytest.skip(f"not offered: {what}")

    def found(self, path: str, params: Any = None) -> list[dict]:
        """Search; return the matches, none for 204."""
        response = self.expect(self.get(path, JSON, params), 200, 204)
        if response.status_code == 204:
            assert not response.content
            return []
        return response.json()

    def store(self, files: list[bytes], path: str = "/studies", accept: str | None = JSON):
        content_type = f"{DICOM}; boundary={BOUNDARY}"
        return self.request(
            "POST", path, accept, content=body_of(files), headers={"Content-Type": content_type}
        )

    def send(self, method: str, path: str, dataset: Any, accept: str | None = JSON):
        """Send a data set as DICOM JSON."""
        return self.request(
            method, path, accept, content=json.dumps(dataset), headers={"Content-Type": JSON}
        )


def values(item: dict, tag: str) -> list:
    """Return the values of an attribute in DICOM JSON."""
    return item.get(tag, {}).get("Value", [])


def value(item: dict, tag: str) -> Any:
    """Return its first value."""
    return next(iter(values(item, tag)), None)


def single(answer: httpx.Response) -> dict:
    """Return the one data set of an answer, which is an object or an array of one (F.2.1)."""
    told = answer.json()
    if isinstance(told, list):
        (told,) = told
    return told
