"""What a viewer asks for: `python -m tests.benchmarks.frames`.

Series of 100 CTs: series metadata, the way to the first image (series of the study, metadata of a
series, first frame) and frames by one and by eight clients. The clients are Python threads, so the
frame rates are what this client can take at most, the same for both servers.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.benchmarks import instances, machine, servers
from tests.benchmarks.instances import CT_SIZE, Instance
from tests.benchmarks.store import by_storescu
from tests.benchmarks.web import JSON, OCTETS, Web, rate, timed

STUDIES, IMAGES = 5, 100


def resources() -> list[list[str]]:
    """Return the instance resources, a list for each series."""
    series = [[Instance(CT_SIZE * 1000 + s, 1, n) for n in range(IMAGES)] for s in range(STUDIES)]
    return [
        [
            f"/studies/{i.study_instance_uid}/series/{i.series_instance_uid}"
            f"/instances/{i.sop_instance_uid}"
            for i in row
        ]
        for row in series
    ]


def first_image(web: Web, instance: str) -> None:
    """Ask what a viewer asks before it can show the first image."""
    study, _, rest = instance.partition("/series/")
    series = f"{study}/series/{rest.partition('/')[0]}"
    web.get(f"{study}/series", JSON)
    web.get(f"{series}/metadata", JSON)
    web.get(f"{instance}/frames/1", OCTETS)


def measure(server, seconds: float) -> dict[str, str]:
    """Return the cells of one server's column."""
    by_series = resources()
    every = [f"{i}/frames/1" for row in by_series for i in row]
    web = Web(server.dicomweb)
    metadata = [f"{row[0].rpartition('/instances/')[0]}/metadata" for row in by_series]
    frame = web.get(every[0], OCTETS)
    pixels = CT_SIZE * CT_SIZE * 2
    if len(frame) < pixels or len(web.items(metadata[0])) != IMAGES:
        raise RuntimeError("not the answers expected")
    begin = time.perf_counter()
    first_image(web, by_series[1][0])  # nobody has asked for this series yet
    cold_s = time.perf_counter() - begin
    cells = {
        "way to the first image, ms": str(timed(lambda r: first_image(web, r[0]), by_series * 8)),
        "the same, first time, ms": f"{cold_s * 1000:.1f}",
        "metadata of 100 instances, ms": str(timed(lambda p: web.get(p, JSON), metadata * 10)),
        "one frame of 512 KB, ms": str(timed(lambda p: web.get(p, OCTETS), every)),
    }
    web.close()
    for clients in (1, 8):
        found = rate(server.dicomweb, every, OCTETS, clients, seconds)
        cells[f"frames/s, {clients} client{'s' if clients > 1 else ''}"] = f"{found:.0f}"
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder on the disk to measure")
    parser.add_argument("--seconds", type=float, default=5, help="length of each rate")
    parser.add_argument("--quick", action="store_true", help="one second each: a smoke test")
    parser.add_argument("--only", choices=sorted(servers.KINDS), help="one server alone")
    a = parser.parse_args()
    kinds = [kind for name, kind in servers.KINDS.items() if a.only in (None, name)]
    columns: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory(dir=a.work) as folder:
        work = Path(folder)
        print(machine.describe(work), flush=True)
        folders = instances.write_folders(work / "files", CT_SIZE, STUDIES, IMAGES)
        for kind in kinds:
            with servers.running(kind, work) as server:
                by_storescu(server, [folders])
                columns.append(measure(server, 1 if a.quick else a.seconds))
    print("\n| median (95th percentile) | " + " | ".join(k.name for k in kinds) + " |")
    print("|---" * (len(kinds) + 1) + "|")
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")


if __name__ == "__main__":
    main()
