"""The process that serves HTTP, as the system limits it."""

import resource
import sys
from pathlib import Path

import pytest
from tests.live import live_server, members

FEW = 256


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the limits of others")
def test_files_are_as_many_as_the_system_allows(tmp_path):
    # Thirty clients that take their time over a series hold a thousand.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    try:
        with live_server(tmp_path, "--only", "http") as server:
            found = [limits_of(process) for process in members(server.process.pid)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # The parent opens few and keeps what it was given.
    assert sorted(set(found)) == [FEW, min(hard, 1 << 16)]


def limits_of(process: int) -> int:
    text = Path(f"/proc/{process}/limits").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("Max open files"))
    return int(line.split()[3])
