"""A minimal STOW-RS client: multipart bodies made beforehand, sent over one kept connection."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

BOUNDARY = "e9c5b1b5f6d54f7a8a4e5b0c"
HEADERS = {
    "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
    "Accept": "application/dicom+json",
}


def multipart(files: list[Path]) -> bytes:
    """Return one multipart/related body of Part 10 files (PS3.18 8.6.1)."""
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(head + f.read_bytes() + b"\r\n" for f in files) + f"--{BOUNDARY}--\r\n".encode()


def send(dicomweb: str, bodies: list[bytes]) -> int:
    """Store the bodies one after the other; return how many instances were referenced as stored."""
    url = urlsplit(dicomweb)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=300)
    stored = 0
    for body in bodies:
        connection.request("POST", f"{url.path}/studies", body, HEADERS)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(f"STOW-RS {response.status}: {answer[:300]!r}")
        stored += len(json.loads(answer)["00081199"]["Value"])
    connection.close()
    return stored


def send_all(dicomweb: str, bodies: list[bytes], clients: int) -> int:
    """Store the bodies by several clients at once."""
    shares = [bodies[k::clients] for k in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(lambda share: send(dicomweb, share), shares))
