"""UPS-RS of a live server, over a real WebSocket client."""

import contextlib
import json

import httpx
import pytest
from tests.live import live_server, start_server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

WORK = {
    "00404005": {"vr": "DT", "Value": ["20261124120000"]},
    "00404041": {"vr": "CS", "Value": ["READY"]},
    "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
    "00741200": {"vr": "CS", "Value": ["HIGH"]},
    "00741204": {"vr": "LO", "Value": ["Read CT"]},
}
JSON = {"Content-Type": "application/dicom+json"}
ALL = "1.2.840.10008.5.1.4.34.5"
WAIT_S = 30


def heard(channel):
    report = json.loads(channel.recv(timeout=WAIT_S))
    return report["00001000"]["Value"][0], report["00001002"]["Value"][0]


def hear_to_the_end(channel):
    with contextlib.suppress(ConnectionClosed):
        while True:
            heard(channel)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def channel_of(server):
    return f"{server.dicomweb.replace('http:', 'ws:')}/subscribers/VIEWER"


def test_events_come_over_websockets_until_the_server_ends_and_after_it_began_again(data):
    # UPSR-03
    server = start_server(data)
    try:
        with httpx.Client(base_url=server.dicomweb) as client:
            answer = client.post(f"/workitems/{ALL}/subscribers/VIEWER")
            url = answer.headers["Content-Location"]
            assert url == channel_of(server)
            with connect(url) as one, connect(url) as other:
                client.post("/workitems?1.2.3", content=json.dumps(WORK), headers=JSON)
                assert [heard(one), heard(other)] == [("1.2.3", 1)] * 2
                one.send("a client has nothing to say")
                client.post("/workitems/1.2.3/cancelrequest")
                assert [heard(one) for _ in range(3)] == [("1.2.3", 2), ("1.2.3", 1), ("1.2.3", 1)]
                server.terminate()  # raises if it takes too long
                for channel in (one, other):
                    hear_to_the_end(channel)
    finally:
        server.kill()
    assert "Traceback" not in server.log.read_text()
    with live_server(data) as again:
        with connect(channel_of(again)) as channel:
            assert heard(channel) == (ALL, 4)
        with pytest.raises(InvalidStatus):
            connect(channel_of(again), origin="http://evil.example").__enter__()
