"""The server is killed again and again while it routes to a peer that fails at random."""

import contextlib
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from pathlib import Path

import pytest
from tests.instances import ROOT, numbered
from tests.live import start_server

from hounsfield.archive.access import LOCAL
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.dicom.part10 import read_header
from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.index import Index
from hounsfield.index.site.jobs import Jobs, Selection
from hounsfield.index.site.routed import Match
from hounsfield.index.site.routing import RoutingRules, Rule
from hounsfield.index.site.sent import SentInstances
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

STUDIES, EACH = 10, 100
KILLS = 5
SETTINGS = """
complete_after_s = 0.2
[jobs]
first_retry_s = 0.1
longest_retry_s = 0.5
[dimse.peers.unreliable]
ae_title = "UNRELIABLE"
host = "127.0.0.1"
port = {port}
"""


@pytest.fixture
def peer(tmp_path):
    """A peer in a process of its own; gives its port and its log."""
    log = tmp_path / "peer.log"
    command = [sys.executable, "-m", "tests.faults.unreliable_peer", str(log), "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield int(process.stdout.readline()), log
        finally:
            process.kill()


def filled(data: Path) -> dict[str, str]:
    """An archive with a rule, and studies that are not complete yet; gives the hash of each data set."""
    storage = FilesystemStorage(FilesystemConfig(data, reserve_bytes=0))
    hashes = {}
    with Index(IndexConfig(data / "index.db")) as index:
        RoutingRules(index.database).add(Rule("All", "complete", Match(), ("unreliable",)))
        store = InstanceStore(storage, index)
        for study in range(STUDIES):
            for number in range(EACH):
                content = numbered(study, 1, number)
                spool = store.spool(len(content))
                spool.write(content)
                store.store_instance(spool, Source(LOCAL, "import", "disc"))
                dataset = content[read_header(content).dataset_offset :]
                uid = f"{ROOT}.{study}.1.{number}"
                hashes[uid] = hashlib.sha256(dataset).hexdigest()
    return hashes


def accepted(log: Path) -> dict[str, list[str]]:
    """The hashes of what the peer accepted, by UID, each time that it did."""
    found = defaultdict(list)
    for line in log.read_text().splitlines():
        with contextlib.suppress(ValueError):  # the last one may be half written
            uid, sha256, outcome = line.split()
            if outcome == "accepted":
                found[uid].append(sha256)
    return found


def reported(data: Path) -> set[str]:
    """What the archive says that the peer has accepted."""
    database = Database(IndexConfig(data / "index.db"))
    try:
        sent = SentInstances(database)
        jobs = Jobs(database).page(Selection(), 1000)
        return {
            one.sop_instance_uid for job in jobs for one in sent.of_job(job.id) if one.is_accepted
        }
    finally:
        database.close()


def jobs_of(server) -> dict:
    with urllib.request.urlopen(f"{server.http}/api/jobs?page_size=500", timeout=30) as answer:
        return json.load(answer)


def wait_until(is_so, what, within_s=60):
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


@pytest.mark.timeout(240)  # a loaded machine starts the server six times
def test_all_arrive_exactly_once_although_the_server_is_killed_and_the_peer_fails(tmp_path, peer):
    port, log = peer
    data = tmp_path / "data"
    data.mkdir()
    (data / "hounsfield.toml").write_text(SETTINGS.format(port=port))
    hashes = filled(data)
    server = start_server(data)
    try:
        for kill in range(1, KILLS + 1):
            share = len(hashes) * kill // (KILLS + 2)
            wait_until(
                lambda share=share: log.exists() and len(accepted(log)) >= share,
                lambda server=server: (jobs_of(server)["jobs"][:3], server.log_tail()),
            )
            server.kill()
            assert reported(data) <= set(accepted(log))
            server = start_server(data)
        wait_until(
            lambda: jobs_of(server)["counts"]["done"] == STUDIES,
            lambda: (jobs_of(server), server.log_tail()),
        )
        jobs = jobs_of(server)["jobs"]
    finally:
        server.kill()
    came = accepted(log)
    assert {uid: set(all_of_it) for uid, all_of_it in came.items()} == {
        uid: {sha256} for uid, sha256 in hashes.items()
    }
    assert reported(data) == set(hashes)
    assert [(job["done"], job["total"], job["failed_instances"]) for job in jobs] == [
        (EACH, EACH, 0)
    ] * STUDIES
    # Sent twice is only what was not written down yet at a kill (two jobs at a time, a batch of 32 each),
    # and what the peer took without saying so.
    again = sum(len(all_of_it) - 1 for all_of_it in came.values())
    assert again <= KILLS * 2 * 32 + 40
