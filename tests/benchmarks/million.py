"""A C-FIND that a million studies match: `python -m tests.benchmarks.million`.

A thousand studies are received; then their rows are copied within the index, which takes a minute instead of half an
hour. What is measured is how long all matches take, the first one among them, and how much memory of their own the
processes that speak DIMSE take before and while they are sent. Pages of the index that are mapped are not counted:
all processes share them, and the system takes them back when it needs them.
"""

import argparse
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.benchmarks import machine, processes, scale, servers
from tests.benchmarks.association import EXPLICIT_VR_LITTLE_ENDIAN, STUDY_ROOT_FIND, Association
from tests.benchmarks.query import identifier
from tests.live import members

from hounsfield.index import schema

RECEIVED = 1000
OWN = "RssAnon"
_FAR = 1_000_000_000  # between the row IDs of one copy and those of the next
_TABLES = (
    schema.patient,
    schema.study,
    schema.study_name_sound,
    schema.series,
    schema.instance,
)
_NAMES = {"key", "patient_id", "study_instance_uid", "series_instance_uid", "sop_instance_uid"}


def multiply(index: Path, times: int) -> None:
    """Copy all studies so many times less one, each with UIDs and a Patient ID of its own."""
    with closing(sqlite3.connect(index)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for number in range(1, times):
            for table in _TABLES:
                values = ", ".join(_value(column.name, number) for column in table.columns)
                is_first = "1" if "id" not in table.columns else f"id < {_FAR}"
                if "study_fk" in table.columns:
                    is_first += f" AND study_fk < {_FAR}"
                connection.execute(
                    f"INSERT INTO {table.name} SELECT {values} FROM {table.name} WHERE {is_first}"
                )
            if number % 100 == 0:
                connection.commit()
        counted = ", ".join(
            f"{name} = {name} * {times}" for name in ("patients", "studies", "series", "instances")
        )
        connection.execute(f"UPDATE totals SET {counted}")
        connection.commit()
        connection.execute("ANALYZE")
        connection.commit()


def _value(column: str, number: int) -> str:
    if column == "id" or column.endswith("_fk"):
        return f"{column} + {number * _FAR}"
    return f"{column} || '.{number}'" if column in _NAMES else column


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder on the disk to measure")
    parser.add_argument("--studies", type=int, default=1_000_000)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=a.work) as folder:
        work = Path(folder)
        print(machine.describe(work), flush=True)
        server = servers.Hounsfield(work / "data", servers.NO_DELAY)
        server.start()
        scale.ingest(server, 0, RECEIVED)
        server.stop()
        index = work / "data" / "index.db"
        multiply(index, a.studies // RECEIVED)
        server.start()
        try:
            measure(server, a.studies)
        finally:
            server.stop()


def measure(server: servers.Hounsfield, studies: int) -> None:
    contexts = [(STUDY_ROOT_FIND, EXPLICIT_VR_LITTLE_ENDIAN)]
    pids = [pid for pid in members(server.group) if b"\0dimse\0" in _command(pid)]
    with Association(
        server.host, server.dicom_port, server.ae_title, contexts, timeout_s=600
    ) as association:
        association.find(identifier(PatientID="nobody"))
        before = {pid: processes.memory_mib(pid, OWN) for pid in pids}
        begin, first_s, count = time.perf_counter(), 0.0, 0
        with processes.MemorySampler(pids, OWN) as sampler:
            for _ in association.matches(identifier()):
                count += 1
                first_s = first_s or time.perf_counter() - begin
        seconds = time.perf_counter() - begin
    if count != studies:
        raise RuntimeError(f"{count} matches of {studies} studies")
    print("\n| C-FIND of all studies | |\n|---|---|")
    print(f"| matches | {count} |\n| first after | {first_s * 1000:.0f} ms |")
    print(f"| all after | {seconds:.1f} s, {count / seconds:.0f} a second |")
    for pid in pids:
        high = max(sampler.peaks[pid], processes.memory_mib(pid, OWN))
        print(f"| a DIMSE process, before and highest | {before[pid]:.0f} and {high:.0f} MiB |")


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


if __name__ == "__main__":
    main()
