"""A live `hounsfield serve` in a process group of its own, for interop, e2e and benchmarks."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests import guard

STOP_WITHIN_S = 10  # the contract of `hounsfield serve`: SIGTERM ends it within 10 s
# Where a server only makes room after a test: a loaded machine takes longer to end what is killed.
CLEARED_WITHIN_S = 30


def hounsfield(*arguments: object) -> list[str]:
    """Return the command line of the `hounsfield` command of this environment."""
    return [str(Path(sys.executable).with_name("hounsfield")), *map(str, arguments)]


@dataclass
class LiveServer:
    """A started server, known by what its ready file says."""

    data: Path
    process: subprocess.Popen[bytes]
    log: Path
    ready: dict

    @property
    def http(self) -> str:
        return self.ready["http"]

    @property
    def dicomweb(self) -> str:
        return self.ready["dicomweb"]

    @property
    def host(self) -> str:
        return self.ready["dicom"]["host"]

    @property
    def port(self) -> int:
        return self.ready["dicom"]["port"]

    @property
    def ae_title(self) -> str:
        return self.ready["dicom"]["ae_title"]

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def log_tail(self, size: int = 4000) -> str:
        return self.log.read_text(errors="replace")[-size:]

    def terminate(self, within_s: float = STOP_WITHIN_S) -> float:
        """Send SIGTERM, wait for the whole group to be gone; return the seconds it took."""
        begin = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(within_s)
            while members(self.process.pid) and time.monotonic() - begin < within_s:
                time.sleep(0.02)
            if left := members(self.process.pid):
                raise TimeoutError(f"still running after SIGTERM: {left}\n{self.log_tail()}")
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"no end {within_s} s after SIGTERM\n{self.log_tail()}") from None
        finally:
            self.kill()
        return time.monotonic() - begin

    def kill(self) -> None:
        """Send SIGKILL to every process of the server at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        guard.unwatch(self.process, is_group=True)


def members(group: int) -> list[int]:
    """Return the living processes of a process group, where /proc tells."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(folder.name))
    return found


def start_server(
    data: Path,
    *options: object,
    ae_title: str = "HOUNSFIELD",
    peers: str = "accept",
    environment: dict[str, str] | None = None,
    timeout_s: float = 60,
) -> LiveServer:
    """Start `hounsfield serve` on free ports and wait for its ready file."""
    data.mkdir(parents=True, exist_ok=True)
    outside = Path(tempfile.mkdtemp(prefix="hounsfield-live-"))
    ready, log = outside / "ready.json", outside / "log"
    command = hounsfield(
        "serve", "--data", data, "--http-port", 0, "--dicom-port", 0,
        "--ae-title", ae_title, "--ready-file", ready, *options,
    )  # fmt: skip
    if peers == "accept":
        command.append("--accept-unknown-peers")
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=os.environ | (environment or {}),
        )
    guard.watch(process, is_group=True)
    deadline = time.monotonic() + timeout_s
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            guard.unwatch(process, is_group=True)
            text = log.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"the server did not become ready ({process.returncode}):\n{text}")
        time.sleep(0.01)
    return LiveServer(data, process, log, json.loads(ready.read_text()))


@contextlib.contextmanager
def live_server(data: Path, *options: object, **settings):
    """Run a server for the length of a block; a server that ended by itself is an error."""
    server = start_server(data, *options, **settings)
    try:
        yield server
        if not server.is_running:
            raise RuntimeError(f"the server ended by itself:\n{server.log_tail()}")
    finally:
        if server.is_running:
            server.terminate(CLEARED_WITHIN_S)
