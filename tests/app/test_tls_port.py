"""The port for DICOM over TLS of a live server (SEC-01)."""

import json
import os
import shutil
import signal
import socket
import subprocess

import pytest
from tests.app.test_supervisor import ENVIRONMENT, children, get, is_gone, wait_for
from tests.app.test_supervisor import target as target_of
from tests.live import hounsfield, live_server

from hounsfield.app import certificates
from hounsfield.dimse.scu.requestor import Target, echo
from hounsfield.index.site.records import TlsSettings

# A connection waits in the queue of the port until a process is there again, which a loaded machine starts slowly.
STARTED_WITHIN_S = 60


@pytest.fixture
def data(tmp_path):
    certificates.initialise(tmp_path / "data" / "tls", ("127.0.0.1",))
    return tmp_path / "data"


def target(server, data):
    where = server.ready["dicom_tls"]
    tls = TlsSettings(data / "tls")
    return Target(
        where["host"],
        where["port"],
        where["ae_title"],
        "ANYBODY",
        uses_tls=True,
        tls=tls,
        connect_s=STARTED_WITHIN_S,
    )


# SEC-01
def test_every_receiving_process_speaks_tls_and_so_does_one_that_was_started_again(data):
    environment = ENVIRONMENT | {"HOUNSFIELD_DIMSE_TLS_PORT": "0"}
    with live_server(data, environment=environment) as server:
        port = server.ready["dicom_tls"]["port"]
        assert port != server.port
        assert json.loads(get(server, "/api/server")[1])["dicom_tls_port"] == port
        for pid in children(server, "dimse"):
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda pid=pid: is_gone(pid), server)
        for _ in range(6):
            assert echo(target(server, data)) == 0


def test_a_taken_port_for_tls_is_named_with_its_setting(data):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            hounsfield("serve", "--data", data, "--http-port", 0, "--dicom-port", 0),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"HOUNSFIELD_DIMSE_TLS_PORT": port},
        )
    assert done.returncode == 3
    assert f"dimse.tls_port: port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def plain(tmp_path):
    """A server that was started without certificates, and knows which port TLS would have."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = ENVIRONMENT | {"HOUNSFIELD_DIMSE_TLS_PORT": str(port)}
    with live_server(tmp_path / "data", environment=environment) as server:
        yield server, port


def told_port(server):
    return json.loads(get(server, "/api/server")[1])["dicom_tls_port"]


def ready_file(server):
    return json.loads((server.log.parent / "ready.json").read_text())


def secured(server, port):
    tls = TlsSettings(server.data / "tls")
    return Target(
        "127.0.0.1",
        port,
        server.ae_title,
        "ANYBODY",
        uses_tls=True,
        tls=tls,
        connect_s=STARTED_WITHIN_S,
    )


# SEC-01
def test_the_first_certificates_open_the_port_for_tls_of_a_server_that_runs(plain):
    server, port = plain
    pids = set(children(server, "dimse"))
    assert told_port(server) is None
    init = hounsfield("tls", "init", "--data", server.data, "127.0.0.1")
    assert "within a second" in subprocess.check_output(init, text=True, timeout=60)
    wait_for(lambda: told_port(server) == port, server)
    wait_for(lambda: "dicom_tls" in ready_file(server), server)
    assert ready_file(server)["dicom_tls"]["port"] == port
    # Whichever process takes a connection speaks TLS, and so does one that comes later.
    for _ in range(8):
        assert echo(secured(server, port)) == 0
    assert set(children(server, "dimse")) == pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda pid=pid: is_gone(pid), server)
    for _ in range(4):
        assert echo(secured(server, port)) == 0
    assert server.log.read_text().count("TLS is served from now on") == 1


def test_new_certificates_that_cannot_be_used_are_told_of_and_those_before_serve_on(plain):
    server, port = plain
    folder = server.data / "tls"
    certificates.initialise(folder, ("127.0.0.1",))
    wait_for(lambda: told_port(server) == port, server)
    kept = server.data.parent / "kept"
    shutil.copytree(folder, kept)
    theirs = Target(
        "127.0.0.1", port, server.ae_title, "ANYBODY", uses_tls=True, tls=TlsSettings(kept)
    )
    assert [echo(theirs) for _ in range(6)] == [0] * 6  # until each process has used them
    certificates.initialise(server.data.parent / "other", ("127.0.0.1",))
    shutil.copy(server.data.parent / "other" / "key.pem", folder / "key.pem")
    wait_for(lambda: "the ones before stay in use" in server.log.read_text(), server)
    assert "the key is not that of the certificate" in server.log.read_text()
    assert [echo(theirs) for _ in range(6)] == [0] * 6


def test_a_port_for_tls_that_is_taken_is_told_of_and_opened_when_it_is_free(plain):
    server, port = plain
    with socket.create_server(("127.0.0.1", port)):
        certificates.initialise(server.data / "tls", ("127.0.0.1",))
        wait_for(lambda: f"dimse.tls_port: port {port} is in use" in server.log.read_text(), server)
        assert told_port(server) is None
        assert echo(target_of(server)) == 0
    wait_for(lambda: told_port(server) == port, server)
    assert echo(secured(server, port)) == 0


@pytest.mark.parametrize("role", ["http", "worker"])
def test_a_server_that_does_not_receive_opens_no_port_for_tls(tmp_path, role):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {"HOUNSFIELD_DIMSE_TLS_PORT": str(port)}
    with live_server(tmp_path / "data", "--only", role, environment=environment) as server:
        certificates.initialise(server.data / "tls", ("127.0.0.1",))
        # It knows where the other server on this folder speaks TLS.
        wait_for(lambda: "served from now on" in server.log.read_text(), server)
        if role == "http":
            wait_for(lambda: told_port(server) == port, server)
        assert "dicom_tls" not in ready_file(server)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
