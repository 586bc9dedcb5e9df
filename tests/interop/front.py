"""A small web server before a server of ours: files of an app, and all of DICOMweb under the same address."""

import contextlib
import functools
import http.client
import http.server
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

_OWN_HEADERS = {"connection", "origin", "transfer-encoding", "content-length"}


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = ("127.0.0.1", 0)
    pages: Mapping[str, tuple[str, bytes]] = {}

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/dicom-web"):
            self._forward("GET", None)
        elif path in self.pages:
            content_type, body = self.pages[path]
            self._answer(200, [("Content-Type", content_type)], body)
        else:
            if not Path(self.translate_path(self.path)).is_file():
                self.path = "/index.html"  # the routes of an app
            super().do_GET()

    def do_POST(self) -> None:
        self._forward("POST", self.rfile.read(int(self.headers["content-length"])))

    def _forward(self, method: str, body: bytes | None) -> None:
        connection = http.client.HTTPConnection(*self.upstream, timeout=60)
        headers = {n: v for n, v in self.headers.items() if n.lower() not in _OWN_HEADERS}
        connection.request(method, self.path, body, headers)
        answer = connection.getresponse()
        kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in _OWN_HEADERS]
        self._answer(answer.status, kept, answer.read())
        connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        with contextlib.suppress(OSError):  # a page that was left
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def served(files: Path, server, pages: Mapping[str, tuple[str, bytes]]):
    """Serve a folder and pages made here, and behind /dicom-web the server; yield the address."""
    url = urlsplit(server.http)
    kind = type("Handler", (_Handler,), {"upstream": (url.hostname, url.port), "pages": pages})
    handler = functools.partial(kind, directory=str(files))
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
