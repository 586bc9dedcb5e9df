"""Requests that store, for tests of STOW-RS."""

import io
import json
import struct

from pydicom import dcmread

BASE = "/dicom-web"
DICOM, JSON, XML = "application/dicom", "application/dicom+json", "application/dicom+xml"


def message(*parts, boundary: str = "b") -> bytes:
    """A multipart message of (headers, bytes); plain bytes are DICOM files."""
    body = b""
    for part in parts:
        headers, content = part if isinstance(part, tuple) else ({"Content-Type": DICOM}, part)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body += f"--{boundary}\r\n{head}\r\n".encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def post(site, body, content_type: str, path: str = "/studies", **headers):
    return site.client.post(
        BASE + path,
        content=body,
        headers={
            "Content-Type": content_type,
            **{k.replace("_", "-"): v for k, v in headers.items()},
        },
    )


def stow(site, *parts, path: str = "/studies", kind: str = DICOM, **headers):
    return post(
        site, message(*parts), f'multipart/related; type="{kind}"; boundary=b', path, **headers
    )


def metadata(*datasets, kind: str = JSON):
    return {"Content-Type": kind}, json.dumps(datasets).encode()


def bulk(location: str, content: bytes, kind: str = "application/octet-stream", **headers):
    return {"Content-Type": kind, "Content-Location": location, **headers}, content


def contents(site) -> list[bytes]:
    storage = site.store.storage
    return [storage.open(one.key).read_at(0, 1 << 30) for one in storage.walk()]


def datasets(site):
    return [dcmread(io.BytesIO(content)) for content in contents(site)]


def value(item, tag):
    return item[tag]["Value"][0]


def stored(answer) -> list[str]:
    return [value(one, "00081155") for one in answer.json().get("00081199", {}).get("Value", [])]


def failures(answer) -> list[tuple[int, str]]:
    """(reason, comment) of FailedSOPSequence, then of OtherFailuresSequence."""
    found = answer.json()
    items = found.get("00081198", {}).get("Value", []) + found.get("0008119A", {}).get("Value", [])
    return [(value(one, "00081197"), value(one, "00000902")) for one in items]


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mp4(codec: bytes = b"avc1", level: int = 31, frames: int = 50, *, moov_first=True) -> bytes:
    configuration = (
        box(b"avcC", bytes([1, 100, 0, level]))
        if codec == b"avc1"
        else box(b"hvcC", bytes([1, level]))
    )
    entry = box(codec, bytes(24), struct.pack(">HH", 320, 240), bytes(50), configuration)
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), entry),
        box(b"stsz", struct.pack(">III", 0, 100, frames)),
    )
    head = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, 1000, 2000), bytes(4))
    sound = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), box(b"mp4a", bytes(28)))))))  # fmt: skip
    moov = box(b"moov", sound, box(b"trak", box(b"mdia", head, box(b"minf", table))))
    parts = [moov, box(b"mdat", b"\0" * 1000)]
    return box(b"ftyp", b"isom") + b"".join(parts if moov_first else reversed(parts))
