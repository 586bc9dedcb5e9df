"""Routing to DCMTK's storescp and to Orthanc: rules and jobs of a live server."""

import hashlib
import json
import subprocess
import time
import urllib.request

import pytest
from tests.instances import ROOT, numbered
from tests.interop import dimse_client
from tests.interop.test_dcmtk import storescp
from tests.live import hounsfield

from hounsfield.dicom.part10 import read_header

STUDIES, EACH = 2, 20


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    made = []
    for study in range(1, STUDIES + 1):
        for number in range(EACH):
            made.append(folder / f"{study}-{number}.dcm")
            made[-1].write_bytes(
                numbered(study, 1, number, StudyDescription="Head" if study == 1 else "Chest")
            )
    return made


@pytest.fixture
def serve(start, tmp_path):
    """Start a server that knows one peer, over a wire."""

    def begin(name, ae_title, port, wire=None):
        data = tmp_path / "data"
        data.mkdir()
        (data / "hounsfield.toml").write_text(
            "complete_after_s = 0.3\n[jobs]\nfirst_retry_s = 0.5\nlongest_retry_s = 1\n"
            f'[dimse.peers.{name}]\nae_title = "{ae_title}"\nhost = "127.0.0.1"\nport = {port}\n'
            + (wire.toml if wire else "")
        )
        return start(data=data, wire=wire)

    return begin


def ask(server, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{server.http}/api{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_for(server, count, state="done", within_s=40):
    deadline = time.monotonic() + within_s
    while (found := ask(server, "/jobs?page_size=100"))["counts"][state] < count:
        assert time.monotonic() < deadline, (found, server.log_tail())
        time.sleep(0.05)
    return found["jobs"]


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content[read_header(content).dataset_offset :]).hexdigest()


def test_what_a_rule_names_goes_to_storescp_bit_for_bit(
    dcmtk_program, serve, files, tmp_path, wire
):
    received = tmp_path / "received"
    with storescp(dcmtk_program("storescp"), received, *wire.dcmtk) as port:
        server = serve("dcmtk", "STORESCP", port, wire)
        rule = {"name": "Heads", "match": {"study_description": "head*"}, "destinations": ["dcmtk"]}
        ask(server, "/routing-rules", rule)
        dimse_client.send(server, files)
        (job,) = wait_for(server, 1)
        assert (job["study_instance_uid"], job["done"], job["total"]) == (f"{ROOT}.1", EACH, EACH)
        heads = [path for path in files if path.name.startswith("1-")]
        assert sorted(hash_of(path.read_bytes()) for path in received.iterdir()) == sorted(
            hash_of(path.read_bytes()) for path in heads
        )
        ask(server, f"/studies/{ROOT}.2/send", {"peer": "dcmtk"})
        wait_for(server, 2)
        assert len(list(received.iterdir())) == len(files)


def test_instances_go_to_storescp_as_they_are_received(dcmtk_program, serve, files, tmp_path):
    received = tmp_path / "received"
    with storescp(dcmtk_program("storescp"), received) as port:
        server = serve("dcmtk", "STORESCP", port)
        rule = {"name": "All", "when": "received", "destinations": ["dcmtk"]}
        ask(server, "/routing-rules", rule)
        dimse_client.send(server, files)
        deadline = time.monotonic() + 30
        while len(list(received.iterdir())) < len(files):
            assert time.monotonic() < deadline, server.log_tail()
            time.sleep(0.05)
        jobs = ask(server, "/jobs")["jobs"]
        assert sum(job["total"] for job in jobs) == len(files)


def test_a_peer_that_was_away_gets_its_studies_when_it_is_back(
    dcmtk_program, serve, files, tmp_path
):
    with storescp(dcmtk_program("storescp"), tmp_path / "unused") as port:
        pass  # the port is free again now
    server = serve("dcmtk", "STORESCP", port)
    dimse_client.send(server, files)
    ask(server, f"/studies/{ROOT}.1/send", {"peer": "dcmtk"})
    (job,) = wait_for(server, 1, "waiting")
    assert f"no connection to 127.0.0.1:{port}" in job["text"]
    received = tmp_path / "received"
    again = [dcmtk_program("storescp"), "+xa", "-od", str(received), "-aet", "STORESCP", str(port)]
    received.mkdir()
    with subprocess.Popen(again, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as receiver:
        try:
            wait_for(server, 1)
            assert len(list(received.iterdir())) == EACH
        finally:
            receiver.terminate()


def test_what_is_routed_to_orthanc_arrives_there(serve, files, wire, orthanc):
    server = serve("orthanc", orthanc.ae_title, orthanc.dicom_port, wire)
    command = hounsfield("route", "add", "All", "--to", "orthanc", "--data", server.data)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    dimse_client.send(server, files)
    wait_for(server, STUDIES)
    assert orthanc.number_of_instances() == len(files)
    ask(server, f"/studies/{ROOT}.1/send", {"peer": "orthanc"})  # again: it has them
    assert wait_for(server, STUDIES + 1)[0]["failed_instances"] == 0
    assert orthanc.number_of_instances() == len(files)
