"""What the tests of TLS share: a site's certificates, those of a peer, and a server that speaks TLS."""

import contextlib
import dataclasses
import socket
import ssl
import threading
from pathlib import Path

from hounsfield.app import certificates
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.server import DimseServer
from hounsfield.index.site.records import TlsSettings

HOST = "127.0.0.1"


@dataclasses.dataclass
class Identity:
    """Certificate and key of one side, and whom it trusts."""

    certificate: Path
    key: Path
    ca: Path

    def client_context(self, *, shows=True):
        context = ssl.create_default_context(cafile=str(self.ca))
        if shows:
            context.load_cert_chain(self.certificate, self.key)
        return context

    def server_context(self, *, asks=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
        return context


def site(folder, hosts=(HOST, "localhost")):
    """The certificates of a site, made as `hounsfield tls init` makes them."""
    certificates.initialise(folder, hosts)
    return folder


def peer_of(folder, name="scanner", hosts=(HOST, "localhost"), **more):
    """A certificate of a peer, as `hounsfield tls issue` makes it."""
    return Identity(*certificates.issue(folder, name, hosts, **more))


@contextlib.contextmanager
def serving(archive, folder, *, recorder=None, unknown_peers="accept", **more):
    """A server with a port for TLS and one without; gives (server, TLS port, plain port)."""
    requires = more.pop("requires_client_certificate", True)
    tls = TlsSettings(folder, requires_client_certificate=requires)
    listener, tls_listener = (socket.create_server((HOST, 0)) for _ in range(2))
    config = DimseConfig(unknown_peers=unknown_peers, tls=tls, **more)
    server = DimseServer(
        config, archive.store, listener, recorder=recorder, tls_listener=tls_listener
    )
    ports = tls_listener.getsockname()[1], listener.getsockname()[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server, *ports
    finally:
        server.shutdown(5.0)
        thread.join(5.0)
        assert not thread.is_alive()
