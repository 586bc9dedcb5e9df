"""How queries and ingest change as the archive grows: `python -m tests.benchmarks.scale`.

One-instance studies (2 KB, made from a template) are sent by C-STORE over four associations. At each
size the same kinds of query are timed, each with a fixed number of matches, over one kept connection;
the figures are medians in milliseconds with the 95th percentile in brackets.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks import machine, processes, servers
from tests.benchmarks.association import CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN, Association
from tests.benchmarks.instances import TINY_SIZE, Instance, Template
from tests.benchmarks.web import Times, Web, timed

SENDERS = 4
SAMPLES = 200
CONTEXTS = [(CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN)]


def ingest(server, first: int, end: int) -> float:
    """Store the studies of the range; return the rate in instances a second."""
    template = Template(TINY_SIZE)

    def sender(number: int) -> None:
        with Association(server.host, server.dicom_port, server.ae_title, CONTEXTS) as association:
            for study in range(first + number, end, SENDERS):
                instance = Instance(study)
                data = [template.dataset(instance)]
                if status := association.store(CT_IMAGE, instance.sop_instance_uid, data):
                    raise RuntimeError(f"C-STORE status {status:04X}")

    begin = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(sender, range(SENDERS)))
    return (end - first) / (time.perf_counter() - begin)


def queries(count: int) -> Iterator[tuple[str, list[str], int]]:
    """Yield name, paths and expected number of matches of each kind of query."""
    chance = random.Random(5)
    sample = [Instance(chance.randrange(count)) for _ in range(SAMPLES)]
    yield "Patient ID", [f"/studies?PatientID={i.patient_id}" for i in sample], 1
    yield (
        "Study Instance UID",
        [f"/studies?StudyInstanceUID={i.study_instance_uid}" for i in sample],
        1,
    )
    yield (
        "Accession Number",
        [f"/studies?AccessionNumber=ACC{6 * 10**8 + i.study}" for i in sample],
        1,
    )
    yield "name, prefix*", [f"/studies?PatientName={i.family_name}*" for i in sample], 10
    yield "name, *infix*", [f"/studies?PatientName=*{i.family_name[2:]}*" for i in sample], 10
    yield "one day", [f"/studies?StudyDate={i.study_date}" for i in sample], 50
    yield "series of a study", [f"/studies/{i.study_instance_uid}/series" for i in sample], 1
    yield "first page of 25", ["/studies?limit=25&offset=0"] * 50, 25
    yield "page 21 of 25", ["/studies?limit=25&offset=500"] * 50, 25


def search(server, count: int) -> dict[str, Times]:
    """Time each kind of query."""
    web, found = Web(server.dicomweb), {}
    for name, paths, matches in queries(count):
        if (number := len(web.items(paths[0]))) != matches:
            raise RuntimeError(f"{name}: {number} matches instead of {matches}")
        found[name] = timed(web.items, paths)
    web.close()
    return found


def grow(kind, sizes: list[int], work: Path) -> None:
    """Fill a server step by step and print its table."""
    rates: dict[int, list[float]] = {}
    times: dict[int, dict[str, Times]] = {}
    memory: dict[int, float] = {}
    with servers.running(kind, work) as server:
        done = 0
        for size in sizes:
            rates[size] = []
            while done < size:
                end = min(size, done + 1000)
                rates[size].append(ingest(server, done, end))
                done = end
            times[size] = search(server, size)
            memory[size] = sum(map(processes.memory_mib, processes.members(server.group)))
            print(f"{kind.name}: {size} studies measured", flush=True)
    print(f"\n| {kind.name} | " + " | ".join(f"{s:,} studies" for s in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for name in times[sizes[0]]:
        print(f"| QIDO, {name}, ms | " + " | ".join(str(times[s][name]) for s in sizes) + " |")
    last = " | ".join(f"{statistics.median(rates[s][-10:]):.0f}" for s in sizes)
    print(f"| C-STORE, last 10,000 before, instances/s | {last} |")
    print(
        "| memory, all processes, MiB | " + " | ".join(f"{memory[s]:.0f}" for s in sizes) + " |\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder on the disk to measure")
    parser.add_argument("--sizes", default="1000,10000,100000", help="numbers of studies")
    parser.add_argument(
        "--orthanc", default="", metavar="SIZES", help="Orthanc too, to these sizes"
    )
    parser.add_argument("--quick", action="store_true", help="the same as --sizes 1000,2000")
    a = parser.parse_args()
    sizes = [1000, 2000] if a.quick else [int(n) for n in a.sizes.split(",")]
    with tempfile.TemporaryDirectory(dir=a.work) as folder:
        print(machine.describe(Path(folder)), flush=True)
        grow(servers.Hounsfield, sizes, Path(folder))
        if a.orthanc:
            grow(servers.Orthanc, [int(n) for n in a.orthanc.split(",")], Path(folder))


if __name__ == "__main__":
    main()
