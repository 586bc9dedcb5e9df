"""Another archive for the app to send to: DCMTK's storescp with an empty folder."""

import contextlib
import socket
import subprocess
import time
from pathlib import Path

import httpx

START_S = 10


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def introduce(server, name: str, port: int, ae_title: str = "STORESCP") -> str:
    """Make a peer of the server by its API; return the name."""
    peer = {
        "name": name, "ae_title": ae_title, "host": "127.0.0.1", "port": port, "uses_tls": False,
        "may": ["store", "search", "retrieve"], "transfer_syntaxes": [], "character_set": "",
        "max_parallel": 1, "description": "",
    }  # fmt: skip
    answer = httpx.post(f"{server.http}/api/peers", json=peer, timeout=10)
    assert answer.status_code == 201, answer.text
    return name


class StoragePeer:
    """A storescp for the length of a block."""

    def __init__(self, program: str, folder: Path, ae_title: str = "STORESCP") -> None:
        self.folder, self.port = folder, free_port()
        command = [program, "-aet", ae_title, "-od", str(folder), "+xa", str(self.port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1),
            ):
                return self
            time.sleep(0.05)
        raise TimeoutError("storescp does not listen")

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)

    def received(self) -> list[Path]:
        """Return the files that came."""
        return [path for path in self.folder.iterdir() if path.is_file()]
