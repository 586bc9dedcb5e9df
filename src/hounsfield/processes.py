"""Whether another process of this machine still runs."""

import os
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether a process with this ID runs.

    One that ended is not running even if nobody has asked for its end yet: in a container whose first process
    reaps nobody, an orphan stays such a zombie for good. Where there is no ``/proc`` it counts as running.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it runs, as somebody else
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return True
    # The state follows the name, which stands in parentheses and may hold anything.
    return stat.rpartition(b")")[2].split()[:1] not in ([b"Z"], [b"X"])
