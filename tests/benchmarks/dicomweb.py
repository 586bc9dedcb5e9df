"""DICOMweb beside Orthanc's: `python -m tests.benchmarks.dicomweb`.

Both servers run at the same time on the same data (60 studies, 7,000 instances, and one object of 200 frames). Every
case is measured for one and then at once for the other, several times over; the table has the medians and their
ratio beside the goal. With `--quick` there is little data and one short run: a smoke test.
"""

import argparse
import contextlib
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.benchmarks import machine, servers, stow
from tests.benchmarks.instances import (
    CT_SIZE,
    SMALL_SIZE,
    Instance,
    Template,
    encoded,
    file_meta,
    header,
    noise,
    pixel_element_header,
)
from tests.benchmarks.load import run
from tests.benchmarks.web import DICOM, JSON, OCTETS

JPEG = "image/jpeg"
IN_SERIES = 100
MULTI_FRAME = Instance(9_000_001, 1, 1)


@dataclass(frozen=True)
class Data:
    """How much there is."""

    ct_series: int
    small_studies: int
    in_small: int
    frames: int
    stow_instances: int

    def ct(self, series: int, number: int) -> Instance:
        return Instance(series, 1, number)

    @property
    def every_ct(self) -> list[Instance]:
        return [self.ct(s, n) for s in range(self.ct_series) for n in range(IN_SERIES)]

    @property
    def every_small(self) -> list[Instance]:
        first = self.ct_series
        return [
            Instance(first + s, 1 + n % 4, n)
            for s in range(self.small_studies)
            for n in range(self.in_small)
        ]


FULL = Data(ct_series=10, small_studies=50, in_small=120, frames=200, stow_instances=100)
QUICK = Data(ct_series=3, small_studies=27, in_small=8, frames=20, stow_instances=10)


def series_of(one: Instance) -> str:
    return f"/studies/{one.study_instance_uid}/series/{one.series_instance_uid}"


def url_of(one: Instance) -> str:
    return f"{series_of(one)}/instances/{one.sop_instance_uid}"


def parts(files: Iterator[bytes], at_once: int) -> Iterator[bytes]:
    """Multipart bodies of so many files each."""
    head = f"--{stow.BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    while some := list(itertools.islice(files, at_once)):
        yield (
            b"".join(head + file + b"\r\n" for file in some) + f"--{stow.BOUNDARY}--\r\n".encode()
        )


def fill(dicomweb: str, data: Data) -> None:
    """Store everything by STOW-RS."""
    ct, small = Template(CT_SIZE), Template(SMALL_SIZE)
    files = itertools.chain(
        (ct.file(one) for one in data.every_ct), (small.file(one) for one in data.every_small)
    )
    for body in parts(files, 50):
        stow.send(dicomweb, [body])
    frame = noise(CT_SIZE)
    big = encoded(header(CT_SIZE, data.frames)) + pixel_element_header(len(frame) * data.frames)
    whole = MULTI_FRAME.fill(file_meta()) + MULTI_FRAME.fill(big) + frame * data.frames
    stow.send(dicomweb, list(parts(iter([whole]), 1)))


class Cases:
    """What is asked of one server; each case gives one figure."""

    def __init__(self, server, data: Data, seconds: float) -> None:
        self.base, self.data, self.seconds = server.dicomweb, data, seconds
        self._fresh = itertools.count(data.ct_series - 1, -1)
        self._stow = itertools.count(1)
        self._days = itertools.cycle(range(3))

    def _rate(self, paths: list[str], accept: str = JSON, connections: int = 8) -> float:
        return run(self.base, itertools.cycle(paths), accept, connections=connections,
                   seconds=self.seconds).rate  # fmt: skip

    def list_rate(self) -> float:
        return self._rate(["/studies?limit=25"])

    def list_p50(self) -> float:
        paths = itertools.cycle(["/studies?limit=25"])
        return run(self.base, paths, JSON, connections=1, seconds=self.seconds).p50_ms

    def other_lists(self) -> float:
        """Every request asks something else, so that nothing can have been prepared."""
        days = (date(1900, 1, 1) + timedelta(n) for n in itertools.count(next(self._days) * 5000))
        paths = (f"/studies?limit=25&StudyDate={day:%Y%m%d}-&ModalitiesInStudy=CT" for day in days)
        return run(self.base, paths, JSON, connections=8, seconds=self.seconds).rate

    def series_of_study(self) -> float:
        first = self.data.ct_series
        return self._rate(
            [f"/studies/{Instance(first + n).study_instance_uid}/series" for n in range(20)]
        )

    def instances_of_series(self) -> float:
        rows = [series_of(self.data.ct(s, 0)) for s in range(self.data.ct_series)]
        return self._rate([f"{row}/instances" for row in rows], connections=1)

    def metadata_first(self) -> float:
        series = series_of(self.data.ct(next(self._fresh), 0))
        paths = iter([f"{series}/metadata"])
        return run(self.base, paths, JSON, connections=1, seconds=0).p50_ms

    def metadata_warm(self) -> float:
        return self._rate([f"{series_of(self.data.ct(0, 0))}/metadata"])

    def frame(self) -> float:
        return self._rate([f"{url_of(one)}/frames/1" for one in self.data.every_ct], OCTETS)

    def frame_of_many(self) -> float:
        numbers = [n * 37 % self.data.frames + 1 for n in range(self.data.frames)]
        paths = itertools.cycle(f"{url_of(MULTI_FRAME)}/frames/{n}" for n in numbers)
        return run(
            self.base, paths, OCTETS, connections=1, seconds=self.seconds, most=len(numbers)
        ).p50_ms

    def whole_series(self) -> float:
        paths = itertools.cycle(
            series_of(self.data.ct(s, 0)) for s in range(min(3, self.data.ct_series))
        )
        return run(self.base, paths, DICOM, connections=1, seconds=self.seconds).mb_s

    def rendered(self) -> float:
        paths = [f"{url_of(one)}/rendered" for one in self.data.every_ct]
        return self._rate(paths, JPEG)

    def rendered_of_many(self) -> float:
        numbers = [n * 37 % self.data.frames + 1 for n in range(self.data.frames)]
        paths = itertools.cycle(f"{url_of(MULTI_FRAME)}/frames/{n}/rendered" for n in numbers)
        return run(
            self.base, paths, JPEG, connections=1, seconds=self.seconds, most=len(numbers)
        ).p50_ms

    def stow(self) -> float:
        """Four clients, each with one request of so many CTs."""
        template, count, turn = Template(CT_SIZE), self.data.stow_instances, next(self._stow)
        made = (template.file(Instance(9_100_000 + turn * 10 + client, 1, n))
                for client in range(4) for n in range(count))  # fmt: skip
        bodies = list(parts(made, count))
        begin = time.perf_counter()
        stored = stow.send_all(self.base, bodies, 4)
        if stored != 4 * count:
            raise RuntimeError(f"{stored} stored")
        return stored / (time.perf_counter() - begin)


@dataclass(frozen=True)
class Case:
    name: str
    measure: Callable[[Cases], float]
    goal: float
    is_time: bool = False


CASES = (
    Case("QIDO list of 25 studies, 8 connections, requests/s", Cases.list_rate, 10),
    Case("the same, 1 connection, median ms", Cases.list_p50, 9, is_time=True),
    Case("another query each time, 8 connections, requests/s", Cases.other_lists, 10),
    Case("series of a study, 8 connections, requests/s", Cases.series_of_study, 4),
    Case("100 instances of a series, 1 connection, requests/s", Cases.instances_of_series, 20),
    Case("metadata of 100 instances, first time, ms", Cases.metadata_first, 3, is_time=True),
    Case("the same, warm, 8 connections, requests/s", Cases.metadata_warm, 3),
    Case("stored frame of 512 KB, 8 connections, requests/s", Cases.frame, 4),
    Case("one of 200 stored frames, ms", Cases.frame_of_many, 4, is_time=True),
    Case("series of 100 CTs whole, MB/s", Cases.whole_series, 2),
    Case("rendered JPEG of 512 x 512, 8 connections, requests/s", Cases.rendered, 1.5),
    Case("one of 200 frames rendered, ms", Cases.rendered_of_many, 10, is_time=True),
    Case("STOW-RS, 100 CTs a request, 4 clients, instances/s", Cases.stow, 2.5),
)


def measured(case: Case, cases: Cases) -> float | None:
    """One figure; None where the server has no such resource."""
    try:
        return case.measure(cases)
    except (RuntimeError, OSError) as problem:
        print(f"  {case.name}: {str(problem)[:160]}", flush=True)
        return None


def row(case: Case, found: dict[str, list[float]]) -> str:
    """A line of the table."""
    medians = {name: statistics.median(some) for name, some in found.items() if some}
    cells = [f"{medians[name]:.{1 if medians[name] < 100 else 0}f}" if name in medians else "-"
             for name in found]  # fmt: skip
    ratio = ""
    if len(medians) == 2 and len(found) == 2:
        ours, theirs = medians.values()
        quotient = theirs / ours if case.is_time else ours / theirs
        ratio = f"{quotient:.1f}"
    return f"| {case.name} | {' | '.join(cells)} | {ratio} | {case.goal:g} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder on the disk to measure")
    parser.add_argument("--seconds", type=float, default=4, help="length of each rate")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured")
    parser.add_argument("--quick", action="store_true", help="little data, one short run")
    parser.add_argument("--only", choices=sorted(servers.KINDS), help="one server alone")
    parser.add_argument("--case", action="append", help="only cases whose names contain this")
    a = parser.parse_args()
    data, runs, seconds = (QUICK, 1, 0.5) if a.quick else (FULL, a.runs, a.seconds)
    kinds = [kind for name, kind in servers.KINDS.items() if a.only in (None, name)]
    wanted = [c for c in CASES if not a.case or any(part in c.name for part in a.case)]
    with tempfile.TemporaryDirectory(dir=a.work) as folder, contextlib.ExitStack() as stack:
        work = Path(folder)
        print(machine.describe(work), flush=True)
        sides: dict[str, Cases] = {}
        for kind in kinds:
            server = stack.enter_context(servers.running(kind, work))
            fill(server.dicomweb, data)
            sides[kind.name] = Cases(server, data, seconds)
        found = {case: {name: [] for name in sides} for case in wanted}
        for _ in range(runs):
            for case in wanted:
                for name, cases in sides.items():
                    figure = measured(case, cases)
                    if figure is not None:
                        found[case][name].append(figure)
    total = len(data.every_ct) + len(data.every_small)
    print(f"\n{total} instances and one of {data.frames} frames; medians of {runs} run(s)\n")
    print("| | " + " | ".join(sides) + " | ratio | goal |")
    print("|---" * (len(sides) + 3) + "|")
    for case in wanted:
        print(row(case, found[case]))


if __name__ == "__main__":
    main()
