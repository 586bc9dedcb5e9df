"""Processor time and memory of the processes of a server, read from /proc."""

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import Self

from tests.live import members


def cpu_s(group: int) -> float:
    """Return the processor seconds a process group has used, ended children included."""
    ticks = 0
    for pid in members(group):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(x) for x in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int, key: str = "VmRSS") -> float:
    """Return a memory figure of one process (VmRSS, VmHWM, RssAnon); 0 when it is gone."""
    with contextlib.suppress(OSError):
        if found := re.search(rf"{key}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()):
            return int(found[1]) / 1024
    return 0.0


def listening_pid(group: int, port: int) -> int:
    """Return the process of the group that listens on a TCP port of this machine."""
    table = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in table]
    inodes = {r[9] for r in rows if r[3] == "0A" and int(r[1].split(":")[1], 16) == port}
    sockets = {f"socket:[{inode}]" for inode in inodes}
    holders = []
    for pid in members(group):
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) in sockets:
                        holders.append(pid)
                        break
    if not holders:
        raise LookupError(f"no process of the group listens on port {port}")
    # A supervisor that opened the socket holds it too; the newest holder is the one that serves.
    return max(holders)


class MemorySampler:
    """Samples a memory figure of processes four times a second while a block runs; keeps the peaks."""

    def __init__(self, pids: list[int], key: str = "VmRSS") -> None:
        self.peaks = dict.fromkeys(pids, 0.0)
        self._key = key
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while True:
            for pid in self.peaks:
                self.peaks[pid] = max(self.peaks[pid], memory_mib(pid, self._key))
            if self._ended.wait(0.25):
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
