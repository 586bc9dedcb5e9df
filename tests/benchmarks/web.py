"""A kept HTTP connection to a DICOMweb server, and how long requests over it take."""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

JSON = "application/dicom+json"
OCTETS = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'


class Web:
    """One connection, kept open; the whole body is read each time."""

    def __init__(self, base: str) -> None:
        url = urlsplit(base)
        self._base = url.path.rstrip("/")
        self._connection = http.client.HTTPConnection(url.hostname, url.port, timeout=300)

    def get(self, path: str, accept: str) -> bytes:
        self._connection.request("GET", self._base + path, headers={"Accept": accept})
        response = self._connection.getresponse()
        body = response.read()
        if response.status not in (200, 204, 206):
            raise RuntimeError(f"{path}: HTTP {response.status}: {body[:200]!r}")
        return body

    def items(self, path: str) -> list[dict]:
        return json.loads(self.get(path, JSON) or b"[]")

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Times:
    """Latencies of one kind of request."""

    seconds: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def p95_ms(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)] * 1000

    def __str__(self) -> str:
        return f"{self.median_ms:.2f} ({self.p95_ms:.2f})"


def timed(call: Callable[[Any], object], arguments: Iterable[Any], limit_s: float = 10) -> Times:
    """Call once for each argument after a short warm-up; stop early at the time limit."""
    arguments = list(arguments)
    for argument in arguments[:3]:
        call(argument)
    seconds, stop = [], time.perf_counter() + limit_s
    for argument in arguments:
        begin = time.perf_counter()
        call(argument)
        seconds.append(time.perf_counter() - begin)
        if begin > stop:
            break
    return Times(tuple(seconds))


def rate(base: str, paths: list[str], accept: str, clients: int, seconds: float) -> float:
    """Return requests a second of several clients that take the paths in turn."""

    def client(number: int) -> int:
        web, done = Web(base), 0
        while time.perf_counter() < stop:
            web.get(paths[(number + done * clients) % len(paths)], accept)
            done += 1
        web.close()
        return done

    begin = time.perf_counter()
    stop = begin + seconds
    with ThreadPoolExecutor(clients) as pool:
        done = sum(pool.map(client, range(clients)))
    return done / (time.perf_counter() - begin)
