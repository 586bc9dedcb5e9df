"""A live server, the corpus and the peers of the interop tests."""

import pytest
from tests import dcmtk
from tests.interop.orthanc import orthanc_over
from tests.interop.web import Dicomweb
from tests.interop.wire import TLS_PORT, Wire, make_certificates
from tests.live import CLEARED_WITHIN_S, live_server, start_server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Those of servers that speak TLS, and of a peer."""
    return make_certificates(tmp_path_factory.mktemp("certificates") / "tls")


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def wire(request, certificates):
    """Each test that asks for it runs without TLS and with it."""
    made = Wire(request.param, certificates)
    with made.stack:
        yield made


@pytest.fixture(scope="session")
def server(tmp_path_factory, certificates):
    """One server that any peer of this machine may call, with TLS and without."""
    data = certificates.put_into(tmp_path_factory.mktemp("server"))
    with live_server(data, environment=TLS_PORT) as running:
        yield running


@pytest.fixture
def start(tmp_path_factory):
    """Start further servers; each is stopped at the end of the test."""
    started = []

    def begin(*options, data=None, wire=None, **settings):
        folder = data or tmp_path_factory.mktemp("data")
        if wire is not None and wire.is_tls:
            wire.certificates.put_into(folder)
            settings["environment"] = TLS_PORT | settings.get("environment", {})
        started.append(start_server(folder, *options, **settings))
        return started[-1]

    yield begin
    for server in started:
        if server.is_running:
            server.terminate(CLEARED_WITHIN_S)


@pytest.fixture
def orthanc(wire, tmp_path):
    """Debian's Orthanc, which calls and is called over the wire."""
    with orthanc_over(wire, tmp_path / "orthanc") as running:
        yield running


@pytest.fixture(scope="session")
def web(server):
    with Dicomweb(server.dicomweb) as client:
        yield client


@pytest.fixture(scope="session")
def dcmtk_program():
    """Return the path of a program of DCMTK."""

    def find(name: str) -> str:
        path = dcmtk.program(name)
        if path is None:
            pytest.skip(f"DCMTK's {name} is not installed")
        return path

    return find
