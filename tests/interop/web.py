"""Plain HTTP requests to DICOMweb, with the bytes of the parts as they come."""

import json
import re
from typing import Self

import httpx

BOUNDARY = "interop-4c1f7c9ad5f0"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def multipart(parts: list[bytes]) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def split(response: httpx.Response) -> list[bytes]:
    """Return the bodies of the parts of a multipart answer (RFC 2046)."""
    found = re.search(r'boundary="?([^";]+)"?', response.headers["content-type"])
    assert found, response.headers["content-type"]
    delimiter = b"--" + found[1].encode()
    body = response.content
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter)
    assert pieces[-1].startswith(b"--"), "the closing delimiter is missing"
    return [piece.partition(b"\r\n\r\n")[2] for piece in pieces[1:-1]]


class Dicomweb:
    """STOW-RS, QIDO-RS and WADO-RS of one server."""

    def __init__(self, base: str) -> None:
        self.http = httpx.Client(base_url=base, timeout=60)

    def store(self, parts: list[bytes]) -> httpx.Response:
        headers = {"Content-Type": STOW_TYPE, "Accept": "application/dicom+json"}
        return self.http.post("/studies", content=multipart(parts), headers=headers)

    def search(self, path: str, **parameters: str) -> list[dict]:
        headers = {"Accept": "application/dicom+json"}
        response = self.http.get(path, params=parameters, headers=headers)
        if response.status_code == 204:  # QIDO-02
            return []
        assert response.status_code == 200, response.text
        return response.json()

    def instance(self, resource: str) -> bytes:
        """Return an instance as it is stored."""
        response = self.http.get(resource, headers={"Accept": AS_STORED})
        assert response.status_code == 200, f"{resource}: {response.status_code} {response.text}"
        parts = split(response)
        assert len(parts) == 1
        return parts[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


def referenced(response: httpx.Response) -> dict[str, dict]:
    """Return the items of ReferencedSOPSequence by SOP Instance UID."""
    items = json.loads(response.content).get("00081199", {}).get("Value", [])
    return {item["00081155"]["Value"][0]: item for item in items}


def failures(response: httpx.Response) -> list[int]:
    """Return the FailureReasons of FailedSOPSequence and OtherFailuresSequence (STOW-02)."""
    answer = json.loads(response.content)
    items = [i for tag in ("00081198", "0008119A") for i in answer.get(tag, {}).get("Value", [])]
    return [item["00081197"]["Value"][0] for item in items]
