"""Whether a process runs, ended ones that nobody has asked about included."""

import os
import subprocess
import sys
import time

import pytest

from hounsfield.processes import is_running


def test_running_and_ended_processes():
    assert is_running(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert is_running(child.pid)
        child.communicate(b"\n")
    assert not is_running(child.pid)
    assert not is_running(2**70)


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells of zombies")
def test_a_zombie_does_not_run():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        deadline = time.monotonic() + 10
        while is_running(child.pid):  # it is not waited for, so it stays a zombie
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(child.pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads another user's process")
def test_a_process_of_another_user_runs():
    assert is_running(1)
