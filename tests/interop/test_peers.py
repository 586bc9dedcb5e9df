"""Peers, refused callers and records of a live server, with DCMTK as the scanner and several receiving processes."""

import subprocess

import httpx
import pytest
from pydicom.data import get_testdata_file
from tests.dimse.peer import RawPeer, eventually
from tests.live import hounsfield

FILE = get_testdata_file("CT_small.dcm")


@pytest.fixture
def strict(start):
    """A server that lets nobody in whom it does not know, with two receiving processes."""
    return start(peers="refuse", environment={"HOUNSFIELD_DIMSE_PROCESSES": "2"})


@pytest.fixture
def api(strict):
    with httpx.Client(base_url=f"{strict.http}/api") as client:
        yield client


def command(server, *arguments):
    run = subprocess.run(
        [*hounsfield(*arguments), "--data", str(server.data)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


def records(api, **filters):
    return api.get("/associations", params=filters).json()["associations"]


# NET-02
def test_a_refused_scanner_is_trusted_and_stores_at_once(strict, api, dcmtk_program):
    def storescu():
        arguments = (dcmtk_program("storescu"), "-aet", "CT2", "-aec", strict.ae_title)
        call = [*arguments, strict.host, str(strict.port), FILE]
        return subprocess.run(call, capture_output=True, check=False, timeout=60).returncode

    assert storescu() != 0
    eventually(lambda: api.get("/callers").json()["callers"])
    (caller,) = api.get("/callers").json()["callers"]
    assert (caller["ae_title"], caller["count"], caller["can_trust"]) == ("CT2", 1, True)
    body = {"ae_title": caller["ae_title"], "address": caller["address"]}
    assert api.post("/callers/trust", json=body).status_code == 201
    # Each of the processes must know it by now: whichever takes the connection.
    assert [storescu() for _ in range(4)] == [0] * 4
    eventually(lambda: len(records(api, outcome="ok", peer="ct2")) == 4)
    newest = records(api)[0]
    assert newest["messages"] == [
        {"name": "C-STORE", "status": "0000", "meaning": "success", "count": 1}
    ]
    assert newest["implementation"].startswith("OFFIS_DCMTK")
    (peer,) = api.get("/peers").json()["peers"]
    assert (peer["last_outcome"], peer["last_seen_us"]) == ("released", newest["ended_us"])


def test_the_command_line_acts_on_a_server_that_runs(strict, api):
    def is_let_in():
        with RawPeer(strict.port) as peer:
            return type(peer.ask(called=strict.ae_title)).__name__ == "AssociateAc"

    assert not is_let_in()
    command(strict, "peer", "add", "raw", "RAW@127.0.0.1", "--may", "none")
    assert all(is_let_in() for _ in range(4))
    command(strict, "peer", "remove", "raw")
    assert not is_let_in()


def test_the_probe_of_the_server_itself_leaves_no_record(strict, api):
    with RawPeer(strict.port) as peer:
        peer.ask(called=strict.ae_title)
    eventually(lambda: records(api))
    assert [one["calling_ae_title"] for one in records(api)] == ["RAW"]


def test_an_association_is_seen_live_and_closed_after_a_crash(strict, api, start):
    command(strict, "peer", "add", "raw", "RAW@127.0.0.1")
    with RawPeer(strict.port) as peer:
        peer.associate(called=strict.ae_title)
        eventually(lambda: records(api, outcome="open"))
        strict.kill()
    again = start(data=strict.data)
    with httpx.Client(base_url=f"{again.http}/api") as api:
        eventually(lambda: records(api, outcome="open") == [])
        (record,) = records(api)
        assert (record["outcome"], record["finding"]) == ("connection lost", "process-ended")
        assert record["ended_us"]


def test_the_test_of_a_peer_runs_on_the_server(strict, api, start):
    there = start(ae_title="PACS")
    peer = {"name": "pacs", "ae_title": "PACS", "host": there.host, "port": there.port}
    assert api.post("/peers", json=peer).status_code == 201
    test = api.post("/peers/pacs/test", timeout=40).json()
    assert test["is_ok"], test
    eventually(lambda: len(records(api, direction="out", peer="pacs")) == 2)
    api.put("/peers/pacs", json={**peer, "ae_title": "PACS_OLD"})
    test = api.post("/peers/pacs/test", timeout=40).json()
    failed = next(check for check in test["checks"] if check["state"] == "failed")
    assert "does not go by the AE title PACS_OLD" in failed["text"]
    ours = {**peer, "host": strict.host, "port": strict.port}
    api.put("/peers/pacs", json=ours)
    test = api.post("/peers/pacs/test", timeout=40).json()
    assert "is this server itself" in str(test["checks"])
