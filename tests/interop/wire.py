"""How a peer and a server of ours are connected: without TLS, or with certificates on both sides (SEC-01)."""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from pynetdicom import AE
from tests.dimse.secured import HOST, Identity, peer_of, site
from tests.interop.tunnel import Tunnel
from tests.live import LiveServer

RIGHTS = ["store", "search", "retrieve", "worklist", "procedure-step", "commit", "work-item"]
TLS_PORT = {"HOUNSFIELD_DIMSE_TLS_PORT": "0"}


@dataclass(frozen=True)
class Certificates:
    """Those of the server, as `hounsfield tls init` makes them, and of the peer, as `tls issue` does."""

    folder: Path
    peer: Identity

    def put_into(self, data: Path) -> Path:
        """Let the server of a data folder speak TLS."""
        shutil.copytree(self.folder, data / "tls", dirs_exist_ok=True)
        return data


def make_certificates(folder: Path) -> Certificates:
    site(folder)
    return Certificates(folder, peer_of(folder, "peer"))


@dataclass(frozen=True)
class Reached:
    """A server as pynetdicom reaches it."""

    host: str
    port: int
    ae_title: str
    tls_args: tuple | None


@dataclass
class Wire:
    """One kind of connection; a server that is to be reached by it was given the certificates."""

    is_tls: bool
    certificates: Certificates
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __str__(self) -> str:
        return "tls" if self.is_tls else "plain"

    def port(self, server: LiveServer) -> int:
        """Where the server is called by who speaks TLS itself, if there is to be any."""
        return server.ready["dicom_tls"]["port"] if self.is_tls else server.port

    def entry(self, server: LiveServer) -> int:
        """Where the server is called by a program that knows no TLS."""
        if not self.is_tls:
            return server.port
        tunnel = Tunnel(self.port(server), connects=self.certificates.peer.client_context())
        return self.stack.enter_context(tunnel).port

    def exit(self, port: int) -> int:
        """Where the server calls a program that knows no TLS and listens at a port."""
        if not self.is_tls:
            return port
        tunnel = Tunnel(port, listens=self.certificates.peer.server_context())
        return self.stack.enter_context(tunnel).port

    def reached(self, server: LiveServer) -> Reached:
        """The server, for the helpers of pynetdicom."""
        return Reached(HOST, self.port(server), server.ae_title, self.tls_args)

    @property
    def tls_args(self) -> tuple | None:
        return (self.certificates.peer.client_context(), HOST) if self.is_tls else None

    @property
    def server_context(self):
        return self.certificates.peer.server_context() if self.is_tls else None

    @property
    def dcmtk(self) -> tuple[str, ...]:
        """The options of a program of DCMTK that knows TLS."""
        peer = self.certificates.peer
        options = ("+tls", peer.key, peer.certificate, "+cf", peer.ca) if self.is_tls else ()
        return tuple(map(str, options))

    @property
    def flag(self) -> tuple[str, ...]:
        """The option of our own commands."""
        return ("--tls",) if self.is_tls else ()

    @property
    def toml(self) -> str:
        """A line of a peer's settings."""
        return f"tls = {'true' if self.is_tls else 'false'}\n"

    def introduce(self, server: LiveServer, name: str, ae_title: str, port: int, **more) -> None:
        """Let a server know a peer, which it calls over this wire."""
        peer = {"name": name, "ae_title": ae_title, "host": HOST, "port": port, "may": RIGHTS}
        peer |= more
        body = peer | {"uses_tls": self.is_tls, "requires_tls": self.is_tls}
        known = httpx.put(f"{server.http}/api/peers/{name}", json=body, timeout=20)
        if known.status_code == httpx.codes.NOT_FOUND:
            known = httpx.post(f"{server.http}/api/peers", json=body, timeout=20)
        assert known.is_success, known.text

    def ae(self, ae_title: str) -> AE:
        """An application entity of pynetdicom that calls and listens over this wire."""
        made = _WireAE(ae_title)
        made.wire = self
        made.acse_timeout = made.dimse_timeout = made.network_timeout = 30
        return made

    def listen(self, ae: AE, handlers: list[tuple[object, Callable]]) -> int:
        """Start an SCP; gives its port. It ends with the test."""
        scp = ae.start_server(
            (HOST, 0), block=False, evt_handlers=handlers, ssl_context=self.server_context
        )
        self.stack.callback(scp.shutdown)
        return scp.socket.getsockname()[1]


class _WireAE(AE):
    wire: Wire

    def call(self, server: LiveServer, **more):
        """Associate with a server of ours."""
        association = self.associate(
            HOST,
            self.wire.port(server),
            ae_title=server.ae_title,
            tls_args=self.wire.tls_args,
            **more,
        )
        assert association.is_established
        return association
