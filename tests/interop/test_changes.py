"""The change feed of a live server: who waits is told, also that the server ends; numbers go on after a rebuild."""

import subprocess
import threading

import httpx
from tests.dicom.samples import make_file
from tests.live import hounsfield, start_server

DICOM = {"Content-Type": "application/dicom"}
WAIT_S = 60


class Waiting(threading.Thread):
    """Somebody who asks for what comes after ``since``, and waits."""

    def __init__(self, http, since):
        super().__init__()
        self.http = http
        self.url = f"{http}/api/changes?since={since}&wait_s={WAIT_S}"
        self.answer = None
        self.asks = threading.Event()
        self.start()
        self.asks.wait(WAIT_S)

    def run(self):
        with httpx.Client(timeout=2 * WAIT_S) as client:
            # Over a connection that the server has taken: one that waits to be taken ends with it.
            client.get(f"{self.http}/api/totals")
            threading.Timer(0.5, self.asks.set).start()
            self.answer = client.get(self.url)


def test_who_waits_for_changes_is_told_of_them_and_of_the_end(tmp_path):
    data = tmp_path / "data"
    server = start_server(data)
    try:
        waiting = Waiting(server.http, since=0)
        stored = httpx.post(
            f"{server.dicomweb}/studies", content=make_file(), headers=DICOM, timeout=WAIT_S
        )
        assert stored.is_success
        waiting.join(WAIT_S)
        page = waiting.answer.json()
        assert page["changes"][0]["kind"] == "stored"
        until_the_end = Waiting(server.http, since=page["last"] + 1_000_000)
        server.terminate()  # raises if it takes longer than it may
        until_the_end.join(WAIT_S)
        assert until_the_end.answer.status_code == 503
        assert until_the_end.answer.headers["Retry-After"] == "1"
    finally:
        server.kill()
    subprocess.run(hounsfield("rebuild", "--data", data), check=True, capture_output=True)
    again = start_server(data)
    try:
        since = {"since": page["last"]}
        after = httpx.get(f"{again.http}/api/changes", params=since, timeout=WAIT_S).json()[
            "changes"
        ]
    finally:
        again.kill()
    kinds = [one["kind"] for one in after if one["kind"] != "complete"]
    assert kinds == ["rebuilt", "stored"]
    assert after[0]["sequence"] > page["last"]
