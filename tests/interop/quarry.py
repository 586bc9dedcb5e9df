"""DCMTK's archive and worklist as peers that we ask: dcmqrscp and wlmscpfs, each over a temporary folder."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

# DCMTK then sets TCP_NODELAY, so that its answers do not wait for delayed ACKs.
NO_DELAY = os.environ | {"TCP_NODELAY": "1"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def _running(command, port, log: Path):
    with log.open("wb") as out:
        # DCMTK forks a process an association: all are of one group.
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=out,
            env=NO_DELAY,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@contextlib.contextmanager
def dcmqrscp(program, folder: Path, contents: list[bytes], hosts: dict[str, int], *options):
    """An archive QRSCP of these files; ``hosts`` are the ports of the AE titles that it may send to."""
    storage = folder / "QRSCP"
    storage.mkdir(parents=True)
    files = []
    for number, content in enumerate(contents):
        files.append(storage / f"{number}.dcm")
        files[-1].write_bytes(content)
    index = program("dcmqridx")
    for at in range(0, len(files), 200):
        command = [index, "-n", storage, *files[at : at + 200]]
        subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=60)
    table = "\n".join(f"{title} = ({title}, 127.0.0.1, {p})" for title, p in hosts.items())
    configuration = folder / "dcmqrscp.cfg"
    port = free_port()
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\n{table}\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nQRSCP {storage} RW (2000, 1024mb) ANY\nAETable END\n"
    )
    with _running(
        [program("dcmqrscp"), "-c", configuration, *options], port, folder / "dcmqrscp.log"
    ):
        yield f"QRSCP@127.0.0.1:{port}"


@contextlib.contextmanager
def wlmscpfs(program, folder: Path, contents: list[bytes], *options):
    """A worklist WLSCP of these files."""
    items = folder / "WLSCP"
    items.mkdir(parents=True)
    (items / "lockfile").touch()
    for number, content in enumerate(contents):
        (items / f"{number}.wl").write_bytes(content)
    port = free_port()
    with _running(
        [program("wlmscpfs"), "-dfp", folder, *options, port], port, folder / "wlmscpfs.log"
    ):
        yield f"WLSCP@127.0.0.1:{port}"
