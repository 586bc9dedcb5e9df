"""Ends what tests have started when the tests themselves were cut off, by a signal that lets nothing tidy up.

One small process a test run reads from a pipe which processes there are. The pipe ends with the test run, however
that ends, and then what is left of them is killed.
"""

import atexit
import functools
import subprocess
import sys
import threading

_WATCHES = """
import os, signal, sys
left = set()
for line in sys.stdin:
    (left.add if line[0] == "+" else left.discard)(line[1:].strip())
for one in left:
    kill = os.killpg if one[0] == "g" else os.kill
    try:
        kill(int(one[1:]), signal.SIGKILL)
    except OSError:
        pass
"""
_lock = threading.Lock()


@functools.cache
def _guard() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", _WATCHES],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # what ends the tests must not end it
    )
    atexit.register(process.communicate)
    return process


def watch(process: subprocess.Popen, *, is_group: bool = False) -> None:
    """Let a process, or the group that it leads, end with the tests at the latest."""
    _tell("+", process, is_group=is_group)


def unwatch(process: subprocess.Popen, *, is_group: bool = False) -> None:
    """Forget a process that has ended: its number may become that of another."""
    _tell("-", process, is_group=is_group)


def _tell(sign: str, process: subprocess.Popen, *, is_group: bool) -> None:
    with _lock:
        stdin = _guard().stdin
        stdin.write(f"{sign}{'g' if is_group else 'p'}{process.pid}\n")
        stdin.flush()
