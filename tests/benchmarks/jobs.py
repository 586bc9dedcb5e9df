"""What jobs cost: `python -m tests.benchmarks.jobs [LANES BACKLOG]`.

Measures the engine when there is nothing to do, how soon a job begins, and how many are carried out a second. BACKLOG
jobs lie on LANES lanes that are paused, as after a weekend with a peer away.
"""

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.jobs import Jobs, NewJob, add
from hounsfield.jobs.engine import Engine

IDLE_S, SINGLE, MANY = 10.0, 20, 200


def measure(database: Database, lanes: int, backlog: int) -> None:
    jobs, begun = Jobs(database), {}

    def note(job):
        begun[job.id] = time.perf_counter()
        return ""

    engine = Engine(database, {"note": note}, lambda _lane: 2)
    thread = threading.Thread(target=engine.run)
    thread.start()
    try:
        for lane in range(lanes):
            jobs.pause_lane(f"paused {lane}", is_paused=True)
        with database.writing() as connection:
            for number in range(backlog):
                add(connection, NewJob("note", "Waits", lane=f"paused {number % lanes}"))
        time.sleep(1)
        before_s = time.process_time()
        time.sleep(IDLE_S)
        print(f"idle: {(time.process_time() - before_s) / IDLE_S:.1%} of a processor")
        delays = []
        for _ in range(SINGLE):
            added = time.perf_counter()
            job_id = jobs.add(NewJob("note", "One", lane="free"))
            while job_id not in begun:
                time.sleep(0.001)
            delays.append(begun[job_id] - added)
            time.sleep(0.137)
        print(f"begins after {statistics.median(delays):.3f} s, at most {max(delays):.3f} s")
        first = time.perf_counter()
        for number in range(MANY):
            jobs.add(NewJob("note", "Many", lane=f"free {number % 4}"))
        print(f"to add one: {(time.perf_counter() - first) / MANY * 1000:.1f} ms")
        while len(begun) < SINGLE + MANY:
            time.sleep(0.005)
        print(f"{MANY} jobs: {time.perf_counter() - first:.2f} s")
    finally:
        engine.stop()
        thread.join()


def main(lanes: int = 1, backlog: int = 0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(IndexConfig(Path(folder) / "index.db"))
        try:
            measure(database, lanes, backlog)
        finally:
            database.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
