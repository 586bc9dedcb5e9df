"""Debian's Orthanc as a peer, without TLS or with it in both roles and certificates asked for."""

import contextlib
import json
import urllib.request
from pathlib import Path

import pytest
from tests.benchmarks import servers


class Orthanc(servers.Orthanc):
    """An Orthanc that is reached by a wire."""

    def __init__(self, folder, wire):
        super().__init__(folder, servers.NO_DELAY)
        self.wire = wire

    def configuration(self):
        more = {"DicomAlwaysAllowMove": True}
        if self.wire.is_tls:
            identity = self.wire.certificates.peer
            more |= {
                "DicomTlsEnabled": True,
                "DicomTlsRemoteCertificateRequired": True,
                "DicomTlsCertificate": str(identity.certificate),
                "DicomTlsPrivateKey": str(identity.key),
                "DicomTlsTrustedCertificates": str(identity.ca),
            }
        return super().configuration() | more

    def _answers(self):
        if not self.wire.is_tls:
            return super()._answers()
        with contextlib.suppress(OSError):
            return bool(self._statistics())
        return False

    def ask(self, path, body=None, method=None):
        """Its REST interface; a body that is no bytes goes as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.http}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def meets(self, server):
        """Tell it who we are, and how to call us."""
        modality = {
            "AET": server.ae_title,
            "Host": server.host,
            "Port": self.wire.port(server),
            "UseDicomTls": self.wire.is_tls,
        }
        self.ask("/modalities/us", modality, "PUT")


@contextlib.contextmanager
def orthanc_over(wire, folder):
    """One that runs for the length of a block."""
    if not Path(servers.ORTHANC).exists():
        pytest.skip("Orthanc is not installed")
    running = Orthanc(folder, wire)
    try:
        running.start()
        yield running
    finally:
        running.stop()
