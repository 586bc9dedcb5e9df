"""The servers that are compared: Hounsfield and Orthanc, each on a fresh folder, both durable."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.benchmarks.association import accepts
from tests.live import LiveServer, start_server

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
PLUGIN_FOLDERS = ("/usr/share/orthanc/plugins", "/usr/lib/orthanc/plugins")


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# Where TCP_NODELAY is set, DCMTK and so Orthanc turns Nagle's algorithm off. Without it each answer
# of Orthanc waits 40 ms for a delayed ACK; it is measured at its best unless a case says "stock".
STOCK = {k: v for k, v in os.environ.items() if k != "TCP_NODELAY"}
NO_DELAY = STOCK | {"TCP_NODELAY": "1"}


def _send(method: str, url: str, body: object) -> None:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


class Hounsfield:
    """`hounsfield serve`, as it is by default."""

    name = "Hounsfield"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment  # the same for both servers; Hounsfield does not look at it
        self._live: LiveServer | None = None

    def start(self) -> None:
        self._live = start_server(self.folder)
        self.host, self.dicom_port = self._live.host, self._live.port
        self.ae_title = self._live.ae_title
        self.dicomweb = self._live.dicomweb
        self.group = self._live.process.pid

    def stop(self) -> None:
        if self._live:
            self._live.terminate()
            self._live = None

    def know(self, ae_title: str, port: int) -> None:
        """Let a destination of C-MOVE be known."""
        peer = {"name": ae_title.lower(), "ae_title": ae_title, "host": "127.0.0.1", "port": port,
                "may": ["store", "search", "retrieve"]}  # fmt: skip
        _send("POST", f"{self._live.http}/api/peers", peer)

    def number_of_instances(self) -> int:
        with urllib.request.urlopen(f"{self._live.http}/api/totals", timeout=60) as answer:
            return json.load(answer)["instances"]


class Orthanc:
    """Debian's Orthanc with its DICOMweb plugin, told to sync each file before it answers."""

    name = "Orthanc"
    ae_title = "ORTHANC"
    host = "127.0.0.1"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def configuration(self) -> dict[str, object]:
        return {
            "Name": "benchmark",
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "StorageCompression": False,
            "SyncStorageArea": True,
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomAet": self.ae_title,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "RemoteAccessAllowed": True,
            "AuthenticationEnabled": False,
            "Plugins": [f for f in PLUGIN_FOLDERS if Path(f).is_dir()][:1],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }

    def start(self, timeout_s: float = 60) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.http_port, self.dicom_port = free_port(), free_port()
        self.http = f"http://127.0.0.1:{self.http_port}"
        self.dicomweb = f"{self.http}/dicom-web"
        file = self.folder / "orthanc.json"
        file.write_text(json.dumps(self.configuration()))
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [ORTHANC, str(file)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self.environment,
            )
        self.group = self._process.pid
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def know(self, ae_title: str, port: int) -> None:
        """Let a destination of C-MOVE be known."""
        modality = {"AET": ae_title, "Host": "127.0.0.1", "Port": port}
        _send("PUT", f"{self.http}/modalities/{ae_title}", modality)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return accepts(self.host, self.dicom_port, self.ae_title) and bool(self._statistics())
        return False

    def _statistics(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.http}/statistics", timeout=60) as answer:
            return json.load(answer)

    def stop(self) -> None:
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None

    def number_of_instances(self) -> int:
        return self._statistics()["CountInstances"]


KINDS = {kind.name.lower(): kind for kind in (Hounsfield, Orthanc)}


_folders = itertools.count(1)


@contextlib.contextmanager
def running(kind: type[Hounsfield] | type[Orthanc], work: Path, environment=NO_DELAY):
    """Run a server on a new folder under `work`, whose files are empty afterwards.

    They are not removed: for a minute ext4 passes over the inodes of removed files one by one whenever it makes a new
    one, which would slow down whoever comes next by a sixth. Whoever made `work` removes it all in the end.
    """
    server = kind(work / f"{kind.name.lower()}-{next(_folders)}", environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        for file in server.folder.rglob("*"):
            if file.is_file():
                os.truncate(file, 0)
