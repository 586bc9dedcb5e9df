"""OHIF's prebuilt app from npm, served together with a DICOMweb server under one address."""

import contextlib
import functools
import hashlib
import http.client
import http.server
import json
import os
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache" / "ohif"
PACKAGE, VERSION = "@ohif/app", "3.13.2"
SHA256 = "b189d3963bfc58e9394a9db8c7be75d07beb029ec211dbb126d47b62969dd3f1"

CONFIGURATION = {
    "routerBasename": "/",
    "extensions": [],
    "modes": [],
    "customizationService": {},
    "showStudyList": True,
    "maxNumberOfWebWorkers": 2,
    "showLoadingIndicator": True,
    "strictZSpacingForVolumeViewport": True,
    "defaultDataSourceName": "dicomweb",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "dicomweb",
            "configuration": {
                "friendlyName": "Hounsfield",
                "name": "hounsfield",
                "wadoUriRoot": "/dicom-web/wado",
                "qidoRoot": "/dicom-web",
                "wadoRoot": "/dicom-web",
                "qidoSupportsIncludeField": True,
                "imageRendering": "wadors",
                "thumbnailRendering": "wadors",
                "enableStudyLazyLoad": True,
                "supportsFuzzyMatching": True,
                "supportsWildcard": True,
                "bulkDataURI": {"enabled": True},
            },
        }
    ],
}


def node_tool(name: str) -> str | None:
    """Return the machine's npm or node, or what `make.py` got from PyPI."""
    own = REPOSITORY / ".cache" / "node-commands" / name
    return shutil.which(name) or (str(own) if own.exists() else None)


def dist() -> Path:
    """Return the folder of the built app; it is fetched once and kept outside of the repository."""
    folder = CACHE / VERSION
    if (folder / "index.html").exists():
        return folder
    npm = node_tool("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    file = CACHE / f"{PACKAGE.removeprefix('@').replace('/', '-')}-{VERSION}.tgz"
    if not file.exists():
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", CACHE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode != 0:
            pytest.skip(f"{PACKAGE} cannot be had from the npm registry: {done.stderr[-300:]}")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        file.unlink()
        raise AssertionError(f"{file.name} is another than the one that was looked at")
    unpacked = CACHE / f"unpacking-{os.getpid()}"
    with tarfile.open(file) as archive:
        archive.extractall(unpacked, filter="data")
    with contextlib.suppress(OSError):  # another process of the same test run was first
        (unpacked / "package" / "dist").rename(folder)
    shutil.rmtree(unpacked)
    file.unlink()
    return folder


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = ("127.0.0.1", 0)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/dicom-web"):
            self._forward()
        elif path == "/app-config.js":
            text = f"window.config = {json.dumps(CONFIGURATION)};".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        else:
            if not Path(self.translate_path(self.path)).is_file():
                self.path = "/index.html"  # the routes of the app
            super().do_GET()

    def _forward(self) -> None:
        connection = http.client.HTTPConnection(*self.upstream, timeout=60)
        headers = {
            n: v for n, v in self.headers.items() if n.lower() not in ("connection", "origin")
        }
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
        connection.close()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def served(app: Path, server):
    """Serve the app, and behind /dicom-web the server; yield the address."""
    url = urlsplit(server.http)
    kind = type("Handler", (_Handler,), {"upstream": (url.hostname, url.port)})
    handler = functools.partial(kind, directory=str(app))
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_address[1]}"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(10)
