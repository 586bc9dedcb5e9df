"""What tests started does not outlive them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from hounsfield.processes import is_running

ROOT = Path(__file__).parents[1]
TESTS = """
import subprocess, sys, time
from tests.guard import unwatch, watch
kept = [subprocess.Popen(["sleep", "60"], start_new_session=one) for one in (True, False, False)]
watch(kept[0], is_group=True)
watch(kept[1])
watch(kept[2])
unwatch(kept[2])
print(*(one.pid for one in kept), flush=True)
time.sleep(60)
"""


def test_processes_end_when_the_tests_that_started_them_are_killed():
    with subprocess.Popen(
        [sys.executable, "-c", TESTS], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as tests:
        pids = [int(one) for one in tests.stdout.readline().split()]
        tests.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while any(map(is_running, pids[:2])):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert is_running(pids[2])  # nobody asked for this one
    subprocess.run(["kill", str(pids[2])], check=True)
