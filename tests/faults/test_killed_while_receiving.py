"""Real processes that are killed while images come in: nothing acknowledged is lost, and all counts agree."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from tests.dimse.peer import RawPeer, instance
from tests.live import hounsfield, members, start_server

from hounsfield.dicom.query import Level, Query
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index

SENDERS, EACH = 4, 40
STUDY = "1.2.826.0.1.3680043.8.498.9"


class Senders:
    """Peers that send until told otherwise, connecting again when they lose their server."""

    def __init__(self, port: int) -> None:
        self.acknowledged: set[str] = set()
        self.refused: list[int] = []
        self._port = port
        self._done = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, sender: int) -> None:
        waiting = [
            instance(
                number,
                pixels=30_000,
                StudyInstanceUID=f"{STUDY}.{number % 3}",  # each study from all senders
                SeriesInstanceUID=f"{STUDY}.{number % 3}.{sender}",
                SOPInstanceUID=f"{STUDY}.{number % 3}.{sender}.{number}",
            )
            for number in range(EACH)
        ]
        while waiting and not self._done.is_set():
            try:
                with RawPeer(self._port) as peer:
                    peer.associate()
                    while waiting and not self._done.is_set():
                        if status := peer.store(waiting[-1]).status:
                            self.refused.append(status)
                            return
                        self.acknowledged.add(waiting.pop().SOPInstanceUID)
            except (OSError, EOFError, AssertionError):  # gone, or an A-ABORT instead of an answer
                time.sleep(0.05)

    def wait_until(self, acknowledged: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < acknowledged:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} acknowledged"
            time.sleep(0.005)

    def stop(self) -> set[str]:
        self._done.set()
        for thread in self._threads:
            thread.join(60)
        assert self.refused == []
        return self.acknowledged


def receiving(server) -> list[int]:
    found = []
    for pid in members(server.process.pid):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"hounsfield.app.child" in words and b"dimse" in words:
            found.append(pid)
    return found


def stored(data: Path) -> set[str]:
    """The instances of the index, once its counts were found to agree with each other."""
    with open_index(IndexConfig(data / "index.db")) as index:
        everything = list(index.everything())
        uids = {one.sop_instance_uid for one in everything}
        studies = index.search(Query(Level.STUDY))
        totals = index.totals()
    assert len(uids) == len(everything) == totals.instances
    assert totals.size_bytes == sum(one.size_bytes for one in everything)
    assert (totals.studies, totals.series) == (
        len({one.study_instance_uid for one in everything}),
        len({one.series_instance_uid for one in everything}),
    )
    assert sum(study.state.number_of_instances for study in studies) == len(everything)
    return uids


# STO-02
def test_nothing_acknowledged_is_lost_when_processes_are_killed_under_load(tmp_path):
    data, environment = tmp_path / "data", {"HOUNSFIELD_DIMSE_PROCESSES": "2"}
    server = start_server(data, environment=environment)
    try:
        senders = Senders(server.port)
        try:
            senders.wait_until(SENDERS * EACH // 4)
            os.kill(receiving(server)[0], signal.SIGKILL)
            senders.wait_until(SENDERS * EACH // 2)
            server.kill()
        finally:
            acknowledged = senders.stop()
        server = start_server(data, environment=environment)
        with urllib.request.urlopen(f"{server.http}/api/totals", timeout=30) as answer:
            told = json.load(answer)
        known = stored(data)
        assert acknowledged <= known
        assert told["instances"] == len(known) == len(list((data / "objects").rglob("*.dcm")))
        assert list((data / "spool").iterdir()) == []
        checked = subprocess.run(
            hounsfield("check", "--data", data), capture_output=True, timeout=60, check=False
        )
        assert checked.returncode == 0, checked.stdout

        senders = Senders(server.port)  # all of it again, the most of it known
        senders.wait_until(SENDERS * EACH // 2)
        server.terminate()
        assert senders.stop() <= stored(data)
        assert not list((data / "locks").glob("unclean.*"))
    finally:
        server.kill()
