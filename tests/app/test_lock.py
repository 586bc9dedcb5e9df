import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from hounsfield.app.lock import INDEX, FolderLock, InUse, alone_with, working_on

HOLD = """
import subprocess, sys
from pathlib import Path
from hounsfield.app.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]), "hounsfield serve")
lock.take("dimse")
if sys.argv[2] == "child":
    child = subprocess.Popen(["sleep", "60"], pass_fds=lock.descriptors)
    print(child.pid, flush=True)
print("held", flush=True)
sys.stdin.read()
"""


def hold(data, how="alone"):
    """Start a process that holds the dimse lock until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_server_is_refused_with_the_pid_of_the_first(tmp_path):
    with hold(tmp_path) as first:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(InUse, match=rf"in use by hounsfield serve \(pid {first.pid}\)"):
            FolderLock(tmp_path, "hounsfield serve").take("dimse")
        first.stdin.close()
        assert first.wait() == 0
    FolderLock(tmp_path, "hounsfield serve").take("dimse")


def test_other_roles_of_the_same_folder_are_free(tmp_path):
    first, second = FolderLock(tmp_path, "one"), FolderLock(tmp_path, "two")
    first.take("dimse")
    second.take("http")
    first.release()
    second.release()


def test_the_folder_is_in_use_until_the_last_child_of_a_killed_server_is_gone(tmp_path):
    with hold(tmp_path, "child") as first:
        child = int(first.stdout.readline())
        assert first.stdout.readline() == "held\n"
        first.kill()
        first.wait()
        # Its child still runs: we wait for it, and get the folder once it has gone.
        waiter = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path), "alone"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.kill(child, signal.SIGKILL)
        assert waiter.stdout.readline() == "held\n"
        waiter.communicate()
    assert waiter.returncode == 0


def test_writers_share_the_index_and_a_rebuild_wants_it_alone(tmp_path):
    with (
        working_on(tmp_path, "hounsfield import", writes=True),
        working_on(tmp_path, "hounsfield find", writes=False),
        pytest.raises(InUse),
        alone_with(tmp_path, "hounsfield rebuild", ()),
    ):
        raise AssertionError("a rebuild began beside an import")
    with (
        alone_with(tmp_path, "hounsfield rebuild", ("dimse",)),
        pytest.raises(InUse, match="hounsfield rebuild"),
    ):
        FolderLock(tmp_path, "hounsfield import").take(INDEX, shared=True)


def test_a_rebuild_that_is_refused_keeps_no_lock(tmp_path):
    server = FolderLock(tmp_path, "hounsfield serve")
    server.take("http")
    with pytest.raises(InUse), alone_with(tmp_path, "hounsfield rebuild", ("dimse", "http")):
        raise AssertionError("a rebuild began beside a server")
    server.take("dimse")
    server.release()


def test_only_a_writer_that_crashed_leaves_its_mark(tmp_path):
    lock = FolderLock(tmp_path, "hounsfield serve")
    with working_on(tmp_path, "hounsfield import", writes=True):
        assert lock.was_left_unclean()
    assert not lock.was_left_unclean()
    with working_on(tmp_path, "hounsfield find", writes=False):
        assert not lock.was_left_unclean()
    with pytest.raises(ZeroDivisionError), working_on(tmp_path, "hounsfield import", writes=True):
        raise ZeroDivisionError
    assert lock.was_left_unclean()
    with alone_with(tmp_path, "hounsfield rebuild", ()):
        pass
    assert not lock.was_left_unclean()


def test_the_index_is_taken_alone_at_once_or_not_at_all(tmp_path):
    first, second = FolderLock(tmp_path, "one"), FolderLock(tmp_path, "two")
    first.take(INDEX, shared=True)
    assert not second.try_to_take(INDEX)
    assert second.try_to_take(INDEX, shared=True)
    assert not first.try_to_take(INDEX)
    second.release()
    assert first.try_to_take(INDEX)
    first.release()


def test_a_mark_is_never_taken_over_by_somebody_with_the_same_process_id(tmp_path):
    # as in a container, where the next server has the process ID of the one that crashed
    crashed, next_one = FolderLock(tmp_path, "serve"), FolderLock(tmp_path, "serve")
    crashed.take(INDEX, shared=True)
    crashed.mark()
    crashed.release(is_clean=False)
    next_one.mark()
    next_one.release()
    assert next_one.was_left_unclean()


def test_the_oldest_mark_tells_since_when_and_a_living_one_is_renewed(tmp_path):
    crashed, running = FolderLock(tmp_path, "serve"), FolderLock(tmp_path, "import")
    assert running.unclean_since() is None
    crashed.take(INDEX, shared=True)
    crashed.mark()
    (mark,) = (tmp_path / "locks").glob("unclean.*")
    os.utime(mark, (1000, 1000))
    running.mark()
    running.renew()
    assert running.unclean_since() == 1000
    crashed.renew()
    assert time.time() - running.unclean_since() < 60


def test_a_full_disk_keeps_nobody_from_a_lock(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    first = FolderLock(tmp_path, "serve")
    first.take("dimse")
    with pytest.raises(InUse, match="another process"):
        FolderLock(tmp_path, "serve").take("dimse")
    first.release()
