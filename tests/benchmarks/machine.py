"""What a figure was measured on: processor, memory, disk, load."""

import os
import platform
import subprocess
import time
from pathlib import Path


def _first(path: str, key: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return "unknown"


def describe(folder: Path) -> str:
    """Return one line that says what machine and file system this is."""
    mounts = [line.split()[:3] for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [m for m in mounts if folder.resolve().is_relative_to(m[1])]
    device, _, kind = max(inside, key=lambda m: len(m[1]))
    memory = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    load = "/".join(f"{x:.2f}" for x in os.getloadavg())
    day = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    return (
        f"{os.cpu_count()} x {_first('/proc/cpuinfo', 'model name')}, {memory:.0f} GiB, "
        f"Linux {platform.release()}, {kind} on {device}, Python {platform.python_version()}, "
        f"load before {load}, {day} UTC"
    )


def version_of(program: str) -> str:
    """Return the first line a program prints about itself."""
    run = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return (run.stdout or run.stderr).splitlines()[0].strip("$: ")


def prewrite(folder: Path, size_bytes: int) -> None:
    """Write and remove a file, so that the blocks measured are not the disk's first touch.

    The first write to a fresh block of a virtual disk can cost many times a later one and would
    measure the host only.
    """
    block = os.urandom(1 << 20)
    path = folder / "prewrite"
    with path.open("wb") as out:
        for _ in range(size_bytes >> 20):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    path.unlink()
    os.sync()
