"""The server ends in time, and in good order, whatever its peers do meanwhile."""

import json
import socket
import time
import urllib.request

import pytest
from tests.dimse.storing_peer import storing_peer
from tests.faults.test_routing_killed import jobs_of, wait_until
from tests.instances import ROOT, numbered
from tests.live import STOP_WITHIN_S, start_server

NUMBER = 30


@pytest.fixture
def serve(tmp_path):
    """Start servers over an archive with one study and one peer, for as long as the test runs."""
    running = []
    data = tmp_path / "data"

    def begin(port):
        data.mkdir(exist_ok=True)
        (data / "hounsfield.toml").write_text(
            '[dimse.peers.pacs2]\nae_title = "PACS2"\nhost = "127.0.0.1"\n' + f"port = {port}\n"
        )
        running.append(start_server(data))
        return running[-1]

    yield begin
    for server in running:
        server.kill()


def post(server, path, body, media_type):
    request = urllib.request.Request(f"{server.http}{path}", body, {"Content-Type": media_type})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def send_study(server):
    for number in range(NUMBER):
        post(server, "/api/uploads", numbered(1, 1, number), "application/octet-stream")
    body = json.dumps({"peer": "pacs2"}).encode()
    return post(server, f"/api/studies/{ROOT}.1/send", body, "application/json")


def test_a_job_in_progress_goes_on_after_a_clean_restart_where_it_was(serve):
    with storing_peer() as peer:
        server = serve(peer.port)
        peer.on_every = lambda: time.sleep(0.05)
        send_study(server)
        wait_until(lambda: len(peer.came) > 3, server.log_tail)
        assert server.terminate() < STOP_WITHIN_S
        assert not list((server.data / "locks").glob("unclean.*"))
        before = len(peer.came)
        assert before < NUMBER
        peer.on_every = None
        server = serve(peer.port)
        wait_until(lambda: jobs_of(server)["counts"]["done"] == 1, server.log_tail)
        assert peer.uids == [f"{ROOT}.1.1.{number}" for number in range(NUMBER)]


def test_a_peer_that_never_answers_does_not_hold_up_the_end(serve):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        server = serve(deaf.getsockname()[1])
        send_study(server)
        wait_until(lambda: jobs_of(server)["counts"]["running"] == 1, server.log_tail)
        assert server.terminate() < STOP_WITHIN_S
        assert not list((server.data / "locks").glob("unclean.*"))
        server = serve(1)
        wait_until(lambda: jobs_of(server)["counts"]["waiting"] == 1, server.log_tail)
        (job,) = jobs_of(server)["jobs"]
        assert "no connection to 127.0.0.1:1" in job["text"]
