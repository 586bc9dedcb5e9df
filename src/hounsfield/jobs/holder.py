"""Who holds a job: the process, named so that others on its machine can tell whether it still lives."""

import os
import uuid
from functools import lru_cache
from pathlib import Path

_START_TIME = 19  # proc(5), /proc/PID/stat: field 22, counted behind the name in brackets


def name_of_this_process() -> str:
    """A name for a holder in this process: machine, process, its start, and a random part."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid)}:{uuid.uuid4().hex[:8]}"


def is_dead(holder: str) -> bool:
    """Whether a holder is known to be gone: it was a process of this machine, and is not there any more.

    A process number alone may be taken again, and in a container it nearly always is.
    """
    parts = holder.split(":")
    if len(parts) != 4 or not parts[1].isdecimal() or not _machine() or parts[0] != _machine():
        return False
    return _started(int(parts[1])) != parts[2]


@lru_cache(maxsize=1)
def _machine() -> str:
    """This boot of this machine, and the space that process numbers count in; empty where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}".replace(":", "")
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process started, in ticks since the boot; empty if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[_START_TIME]
