"""The unified worklist of a live server, watched by pynetdicom."""

import os
import signal
import time
import warnings
from pathlib import Path

import httpx
import pytest
from pydicom.uid import generate_uid
from tests.dimse.scp.test_work_item_scp import User, watcher, work
from tests.live import members

warnings.filterwarnings("ignore", category=DeprecationWarning)
__all__ = ["watcher"]
STATE_REPORT, SCP_STATUS_CHANGE = 1, 4


def wait_for(condition, within_s=15):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def are_done(server):
    jobs = httpx.get(f"{server.http}/api/jobs", timeout=30).json()["jobs"]
    return {job["state"] for job in jobs} == {"done"}


def worker_of(server):
    for pid in members(server.process.pid):
        if b"\0worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_watchers_hear_of_a_start_of_the_server_and_not_of_one_of_its_processes(
    start, tmp_path, watcher
):
    peer, heard = watcher
    data = tmp_path / "data"
    data.mkdir()
    (data / "hounsfield.toml").write_text(
        '[dimse.peers.watcher]\nae_title = "WATCHER"\nhost = "127.0.0.1"\n'
        f"port = {peer.port}\n[jobs]\nfirst_retry_s = 0.5\n"
    )

    def kinds():
        return [kind for _uid, kind, _ds in heard]

    server = start(data=data)
    uid = generate_uid()
    user = User(server.port)
    user.create(work(), uid)
    assert user.watch(uid) == 0
    user.association.release()
    wait_for(lambda: kinds() == [STATE_REPORT])
    # A worker that dies before it has noted that a report was taken sends it again.
    wait_for(lambda: are_done(server))
    wait_for(lambda: worker_of(server))
    killed = worker_of(server)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: worker_of(server) not in {None, killed})
    user = User(server.port)
    user.change(uid, "IN PROGRESS", generate_uid())
    user.association.release()
    wait_for(lambda: len(heard) > 1)
    assert kinds() == [STATE_REPORT, STATE_REPORT]
    server.terminate()
    start(data=data)
    wait_for(lambda: len(heard) > 2)
    assert kinds() == [STATE_REPORT, STATE_REPORT, SCP_STATUS_CHANGE]
