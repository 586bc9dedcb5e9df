"""Ingest of Hounsfield and Orthanc side by side: `python -m tests.benchmarks.store`.

Both are durable (Orthanc by SyncStorageArea), both run on the same disk on a fresh folder for each
repeat, and they take turns, so that a change of the machine meets both. The C-STORE sender is
DCMTK's storescu, one process an association. Sender and server get TCP_NODELAY=1 (without it Orthanc
is 10 to 20 times slower), unless the case says "stock": then both run as they are shipped. Every
figure is the median of the repeats, in instances a second, server start excluded.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests import dcmtk
from tests.benchmarks import instances, machine, processes, servers, stow


@dataclass(frozen=True)
class Case:
    """One row of the table: `count` files in as many shares as there are senders."""

    name: str
    size: int  # rows and columns of the images
    count: int
    senders: int
    run: Callable[[servers.Hounsfield | servers.Orthanc, list[list[Path]]], float]  # seconds
    want: str = ""


def storescu(server, shares: list[list[Path]], environment: dict[str, str]) -> float:
    """Send each share of folders by a storescu of its own, all at once; return the seconds."""
    begin = time.perf_counter()
    senders = [
        subprocess.Popen(
            [dcmtk.program("storescu"), "-aec", server.ae_title, "-aet", "BENCH", "+sd",
             server.host, str(server.dicom_port), *map(str, folders)],
            env=environment, stderr=subprocess.PIPE, text=True,
        )
        for folders in shares
    ]  # fmt: skip
    for sender in senders:
        error = sender.communicate()[1]
        if sender.returncode:
            raise RuntimeError(f"storescu ended with {sender.returncode}: {error[-500:]}")
    return time.perf_counter() - begin


def by_storescu(server, shares: list[list[Path]]) -> float:
    return storescu(server, shares, servers.NO_DELAY)


def by_stock_storescu(server, shares: list[list[Path]]) -> float:
    return storescu(server, shares, servers.STOCK)


PER_REQUEST = 10


def by_stow(server, shares: list[list[Path]]) -> float:
    files = sorted(p for share in shares for folder in share for p in folder.iterdir())
    bodies = [stow.multipart(files[k : k + PER_REQUEST]) for k in range(0, len(files), PER_REQUEST)]
    begin = time.perf_counter()
    stow.send_all(server.dicomweb, bodies, len(shares))
    return time.perf_counter() - begin


def cases(*, quick: bool) -> list[Case]:
    """Return the rows; the quick ones only show that everything runs."""
    ct, small, stock = (40, 80, 20) if quick else (1000, 4000, 200)
    return [
        Case("CT, 1 association", instances.CT_SIZE, ct, 1, by_storescu, "≥ 2.5"),
        Case("CT, 4 associations", instances.CT_SIZE, ct, 4, by_storescu, "≥ 2.5"),
        Case("10 KB, 1 association", instances.SMALL_SIZE, small, 1, by_storescu),
        Case("10 KB, 4 associations", instances.SMALL_SIZE, small, 4, by_storescu, "≥ 3"),
        Case(
            "10 KB, 1 association, stock", instances.SMALL_SIZE, stock, 1, by_stock_storescu, "≥ 10"
        ),
        Case("CT, STOW-RS, 1 client", instances.CT_SIZE, ct // 2, 1, by_stow),
        Case("CT, STOW-RS, 4 clients", instances.CT_SIZE, ct // 2, 4, by_stow),
    ]


def shares_of(case: Case, data: Path) -> list[list[Path]]:
    """Write the files of a case and split them evenly over its senders."""
    folders = instances.write_folders(data, case.size, 4, case.count // 4)
    return [folders[k :: case.senders] for k in range(case.senders)]


def measure(case: Case, kind, shares: list[list[Path]], work: Path) -> tuple[float, float]:
    """Return instances a second and server processor milliseconds an instance of one run."""
    environment = servers.STOCK if case.run is by_stock_storescu else servers.NO_DELAY
    with servers.running(kind, work, environment) as server:
        os.sync()
        cpu = processes.cpu_s(server.group)
        seconds = case.run(server, shares)
        cpu = processes.cpu_s(server.group) - cpu
        if (found := server.number_of_instances()) != case.count:
            raise RuntimeError(f"{kind.name} has {found} of {case.count} instances")
    return case.count / seconds, cpu * 1000 / case.count


def row(case: Case, kinds: list, runs: dict[str, list[tuple[float, float]]]) -> str:
    """Return a line of the table."""
    cells = [case.name]
    middle = {}
    for kind in kinds:
        rates = [rate for rate, _ in runs[kind.name]]
        middle[kind.name] = statistics.median(rates)
        cpu = statistics.median(cpu for _, cpu in runs[kind.name])
        cells.append(f"{middle[kind.name]:.0f} ({min(rates):.0f}-{max(rates):.0f}; {cpu:.2f} ms)")
    if len(kinds) == 2:
        first, second = (middle[kind.name] for kind in kinds)
        cells.append(f"**{first / second:.1f}x**")
        cells.append(case.want)
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder on the disk to measure")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few files, one repeat: a smoke test")
    parser.add_argument("--only", choices=sorted(servers.KINDS), help="one server alone")
    parser.add_argument("--case", default="", help="only the cases whose name contains this")
    parser.add_argument(
        "--no-prewrite", action="store_true", help="disk and memory were used before"
    )
    a = parser.parse_args()
    if not dcmtk.program("storescu"):
        sys.exit("DCMTK's storescu is needed (Debian: apt install dcmtk)")
    if a.only != "hounsfield" and not Path(servers.ORTHANC).exists():
        sys.exit("Orthanc is needed (apt install orthanc orthanc-dicomweb), or --only hounsfield")
    kinds = [kind for name, kind in servers.KINDS.items() if a.only in (None, name)]
    if a.work is not None:
        Path(a.work).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=a.work) as folder:
        work, data = Path(folder), Path(folder, "files")
        print(machine.describe(work), flush=True)
        names = [f"{k.name}, instances/s (range; CPU an instance)" for k in kinds]
        heads = ["case", *names, *(["ratio", "wanted"] if len(kinds) == 2 else [])]
        print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|", flush=True)
        if not a.no_prewrite and not a.quick:
            machine.prewrite(work, 3 << 30)
        for case in cases(quick=a.quick):
            if a.case not in case.name:
                continue
            shares = shares_of(case, data)
            runs: dict[str, list[tuple[float, float]]] = {kind.name: [] for kind in kinds}
            for _ in range(1 if a.quick else a.repeats):
                for kind in kinds:
                    runs[kind.name].append(measure(case, kind, shares, work))
            print(row(case, kinds, runs), flush=True)


if __name__ == "__main__":
    main()
