"""The port for DICOM over TLS of a live server (SEC-01)."""

import json
import os
import signal
import socket
import subprocess

import pytest
from tests.app.test_supervisor import ENVIRONMENT, children, get, is_gone, wait_for
from tests.live import hounsfield, live_server

from hounsfield.app import certificates
from hounsfield.dimse.scu.requestor import Target, echo
from hounsfield.index.site.records import TlsSettings


@pytest.fixture
def data(tmp_path):
    certificates.initialise(tmp_path / "data" / "tls", ("127.0.0.1",))
    return tmp_path / "data"


def target(server, data):
    where = server.ready["dicom_tls"]
    tls = TlsSettings(data / "tls")
    return Target(
        where["host"], where["port"], where["ae_title"], "ANYBODY", uses_tls=True, tls=tls
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
