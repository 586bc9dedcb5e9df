"""The engine of jobs, over a real index: every state, every wish, and engines that die."""

import contextlib
import itertools
import signal
import subprocess
import sys
import threading
import time

import pytest

from hounsfield.errors import Conflict, NotFound, Refused, Unavailable
from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.claims import MOST_DEATHS, Claims, Ended, Progressed
from hounsfield.index.site.jobs import Jobs, NewJob, Selection
from hounsfield.jobs.engine import Engine, EngineConfig
from hounsfield.jobs.holder import is_dead, name_of_this_process

QUICK = EngineConfig(first_retry_s=0.1, longest_retry_s=0.3, look_s=0.02, note_s=0.05)


@pytest.fixture
def database(tmp_path):
    opened = Database(IndexConfig(tmp_path / "index.db"))
    yield opened
    opened.close()


@pytest.fixture
def jobs(database):
    return Jobs(database)


@pytest.fixture
def start(database):
    """Start engines in threads; each is stopped at the end."""
    with contextlib.ExitStack() as stack:

        def begin(handlers, limit=2, config=QUICK) -> Engine:
            engine = Engine(database, handlers, lambda _lane: limit, config)
            thread = threading.Thread(target=engine.run)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(engine.stop)
            return engine

        yield begin


def wait(jobs, job_id, *states, within_s=10):
    deadline = time.monotonic() + within_s
    while (found := jobs.get(job_id)).state not in states:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


def one_at_a_time(_lane):
    return 1


def at_once(_job):
    return ""


def done_here(_job):
    return "done here"


class Endless:
    """A handler that works until it is stopped."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.runs = []

    def __call__(self, job):
        self.runs.append(job.id)
        self.begun.release()
        done = 0
        while not job.is_stopped():
            done += 1
            job.progress(done, 1_000_000, f"step {done}")
            time.sleep(0.01)
        return "stopped in between"


def test_a_job_is_done_and_says_what_came_of_it(jobs, start):
    def count(job):
        job.progress(3, 3)
        return f"{job.arguments['what']} counted, attempt {job.attempt}"

    start({"count": count})
    begin = time.monotonic()
    job_id = jobs.add(NewJob("count", "Count", arguments={"what": "sheep"}, actor="me"))
    found = wait(jobs, job_id, "done")
    assert time.monotonic() - begin < 5
    assert (found.text, found.done, found.total) == ("sheep counted, attempt 1", 3, 3)
    assert (found.attempts, found.actor) == (1, "me")
    assert found.created_us <= found.started_us <= found.ended_us


def test_a_job_of_a_kind_that_nobody_knows_here_stays_queued(jobs, start):
    start({"count": at_once})
    other = jobs.add(NewJob("other", "Other"))
    wait(jobs, jobs.add(NewJob("count", "Count")), "done")
    assert jobs.get(other).state == "queued"


def test_unavailable_is_tried_again_ever_more_seldom_until_it_works(jobs, start):
    tries = []

    def stubborn(job):
        tries.append(time.monotonic())
        if len(tries) < 4:
            raise Unavailable(f"no answer {len(tries)}")
        return "at last"

    start({"send": stubborn})
    job_id = jobs.add(NewJob("send", "Send", lane="PACS2"))
    found = wait(jobs, job_id, "waiting")
    assert found.text.startswith("no answer")
    assert found.next_try_us > found.started_us
    assert wait(jobs, job_id, "done").text == "at last"
    pauses = [b - a for a, b in itertools.pairwise(tries)]
    assert pauses[0] >= 0.08  # 0.1 s, less a fifth
    assert pauses[1] >= 0.16
    assert jobs.get(job_id).attempts == 4


def test_a_job_that_gets_further_each_time_does_not_wait_longer_each_time(jobs, start):
    tries = []

    def creeping(job):
        tries.append(time.monotonic())
        job.progress(len(tries), 6)
        if len(tries) < 6:
            raise Unavailable("the association ended")
        return ""

    start(
        {"send": creeping}, config=EngineConfig(first_retry_s=0.05, longest_retry_s=60, look_s=0.01)
    )
    wait(jobs, jobs.add(NewJob("send", "Send")), "done", within_s=5)


def test_it_is_given_up_after_its_time(jobs, start):
    def never(job):
        raise Unavailable("no route to host")

    start({"send": never})
    job_id = jobs.add(NewJob("send", "Send", give_up_after_s=0.5))
    found = wait(jobs, job_id, "failed")
    assert found.text == "given up after 0 seconds: no route to host"
    assert found.attempts > 1


def test_other_errors_end_a_job_at_once_with_their_text(jobs, start):
    def refused(job):
        raise Refused("3 of 240 refused")

    start({"send": refused})
    assert wait(jobs, jobs.add(NewJob("send", "Send")), "failed").text == "3 of 240 refused"


def test_an_error_of_ours_is_tried_a_few_times(jobs, start):
    def broken(job):
        raise ZeroDivisionError("an oversight")

    start({"break": broken})
    found = wait(jobs, jobs.add(NewJob("break", "Break")), "failed")
    assert found.text == "an error of the archive: ZeroDivisionError: an oversight"
    assert found.attempts == 4


def test_progress_is_seen_while_a_job_runs(jobs, start):
    endless = Endless()
    start({"send": endless})
    job_id = jobs.add(NewJob("send", "Send"))
    assert endless.begun.acquire(timeout=5)
    deadline = time.monotonic() + 1  # the contract
    while not (found := jobs.get(job_id)).done:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert (found.state, found.total) == ("running", 1_000_000)
    assert found.text.startswith("step ")


def test_a_running_job_is_paused_resumed_and_cancelled(jobs, start):
    endless = Endless()
    start({"send": endless})
    job_id = jobs.add(NewJob("send", "Send"))
    assert endless.begun.acquire(timeout=5)
    jobs.pause(job_id)
    paused = wait(jobs, job_id, "paused")
    assert paused.done > 0
    assert paused.ended_us is None
    assert jobs.resume(job_id).state == "queued"
    assert endless.begun.acquire(timeout=5)
    jobs.cancel(job_id)
    assert wait(jobs, job_id, "cancelled").ended_us
    with pytest.raises(Conflict, match="cancelled"):
        jobs.resume(job_id)
    assert jobs.retry(job_id).state == "queued"
    assert endless.begun.acquire(timeout=5)


def test_a_job_that_does_not_run_is_paused_and_cancelled_at_once(jobs):
    job_id = jobs.add(NewJob("send", "Send"))
    assert jobs.pause(job_id).state == "paused"
    assert jobs.pause(job_id).state == "paused"
    assert jobs.cancel(job_id).state == "cancelled"
    with pytest.raises(Conflict):
        jobs.pause(job_id)
    with pytest.raises(NotFound):
        jobs.cancel("none")
    assert jobs.counts(Selection())["cancelled"] == 1


def test_a_finished_job_can_be_carried_out_again(jobs, start):
    start({"send": lambda job: f"attempt {job.attempt}"})
    job_id = jobs.add(NewJob("send", "Send"))
    wait(jobs, job_id, "done")
    jobs.retry(job_id)
    assert wait(jobs, job_id, "done").ended_us
    deadline = time.monotonic() + 5
    while jobs.get(job_id).text != "attempt 2":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_each_lane_has_its_limit_and_a_full_lane_holds_up_no_other(jobs, start):
    endless = Endless()
    start({"send": endless}, limit=2)
    slow = [jobs.add(NewJob("send", "Send", lane="SLOW")) for _ in range(5)]
    assert endless.begun.acquire(timeout=5)
    assert endless.begun.acquire(timeout=5)
    other = jobs.add(NewJob("send", "Send", lane="OTHER"))
    assert endless.begun.acquire(timeout=5)
    assert set(endless.runs) == {*slow[:2], other}
    assert jobs.lane("SLOW").running == 2
    assert jobs.lane("SLOW").queued == 3


def test_a_paused_lane_stops_its_jobs_and_starts_none(jobs, start):
    endless = Endless()
    start({"send": endless})
    job_id = jobs.add(NewJob("send", "Send", lane="PACS2"))
    assert endless.begun.acquire(timeout=5)
    assert jobs.pause_lane("PACS2", is_paused=True).is_paused
    wait(jobs, job_id, "queued")
    other = jobs.add(NewJob("send", "Send", lane="OTHER"))
    assert endless.begun.acquire(timeout=5)
    assert endless.runs == [job_id, other]
    assert not jobs.pause_lane("PACS2", is_paused=False).is_paused
    assert endless.begun.acquire(timeout=5)
    assert endless.runs == [job_id, other, job_id]


def test_the_end_of_the_server_puts_a_running_job_back(database, jobs):
    endless = Endless()
    engine = Engine(database, {"send": endless}, one_at_a_time, QUICK)
    thread = threading.Thread(target=engine.run)
    thread.start()
    job_id = jobs.add(NewJob("send", "Send"))
    assert endless.begun.acquire(timeout=5)
    engine.stop()
    thread.join(5)
    assert not thread.is_alive()
    found = jobs.get(job_id)
    assert (found.state, found.attempts) == ("queued", 1)
    assert found.done > 0


def test_a_handler_that_does_not_return_does_not_keep_the_server_from_its_end(database, jobs):
    release = threading.Event()
    engine = Engine(database, {"send": lambda _job: str(release.wait(20))}, one_at_a_time, QUICK)
    thread = threading.Thread(target=engine.run, args=(0.2,))
    thread.start()
    job_id = jobs.add(NewJob("send", "Send"))
    wait(jobs, job_id, "running")
    engine.stop()
    thread.join(5)
    assert not thread.is_alive()
    release.set()
    assert jobs.get(job_id).state == "running"  # until the next start finds its holder dead


def test_two_engines_do_no_job_twice(jobs, start):
    done, lock = [], threading.Lock()

    def count(job):
        with lock:
            done.append(job.id)
        time.sleep(0.001)
        return ""

    start({"count": count}, limit=3)
    start({"count": count}, limit=3)
    ids = [jobs.add(NewJob("count", "Count", lane=f"L{n % 3}")) for n in range(60)]
    for job_id in ids:
        wait(jobs, job_id, "done", within_s=30)
    assert sorted(done) == sorted(ids)


def test_two_jobs_that_send_one_study_to_one_peer_run_one_after_the_other(jobs, start):
    running, most, lock = [], [], threading.Lock()

    def send(job):
        with lock:
            running.append((job.lane, job.study_instance_uid))
            most.append(list(running))
        time.sleep(0.1)
        with lock:
            running.remove((job.lane, job.study_instance_uid))
        return ""

    ids = [
        jobs.add(NewJob("send", "Send", lane=lane, study_instance_uid=study))
        for lane, study in (("A", "1"), ("A", "1"), ("A", "1"), ("A", "2"), ("B", "1"))
    ]
    start({"send": send}, limit=4)
    for job_id in ids:
        wait(jobs, job_id, "done")
    assert all(len(set(now)) == len(now) for now in most)
    assert max(len(now) for now in most) == 3


HOLDER = """
import sys, time
from pathlib import Path
from hounsfield.index.database import Database, IndexConfig
from hounsfield.jobs.engine import Engine
def endless(job):
    job.progress(7, 10)
    print("begun", flush=True)
    time.sleep(60)
    return ""
Engine(Database(IndexConfig(Path(sys.argv[1]))), {"send": endless}, lambda lane: 1).run()
"""


@pytest.fixture
def other_process(database):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database.config.location)], stdout=subprocess.PIPE
    )
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_process_loses_its_job_to_the_next_at_once(jobs, start, other_process):
    job_id = jobs.add(NewJob("send", "Send"))
    assert other_process.stdout.readline() == b"begun\n"
    start({"send": lambda job: f"attempt {job.attempt}"})
    time.sleep(0.3)
    assert jobs.get(job_id).state == "running"  # nobody takes it from the living
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    found = wait(jobs, job_id, "done", within_s=5)
    assert found.text == "attempt 2"


def test_a_job_of_a_holder_on_another_machine_is_taken_when_its_time_is_over(database, jobs, start):
    job_id = jobs.add(NewJob("send", "Send"))
    elsewhere = Claims(database, "elsewhere:1:2:3", ["send"])
    (claimed,) = elsewhere.claim(one_at_a_time, 1, hold_s=0.6)
    assert claimed.id == job_id
    assert not is_dead("elsewhere:1:2:3")
    start({"send": done_here})
    time.sleep(0.2)
    assert jobs.get(job_id).state == "running"
    assert wait(jobs, job_id, "done").text == "done here"


def test_a_job_that_its_process_dies_of_is_given_up(database, jobs, start):
    job_id = jobs.add(NewJob("send", "Send"))
    claims = Claims(database, "elsewhere:1:2:3", ["send"])
    ours = Claims(database, name_of_this_process(), ["send"])
    for _ in range(MOST_DEATHS):
        assert claims.claim(one_at_a_time, 1, hold_s=0)
        assert ours.revive(is_dead) == 1
    assert claims.claim(one_at_a_time, 1, hold_s=0)
    ours.revive(is_dead)
    assert jobs.get(job_id).state == "failed"
    assert "ended by itself" in jobs.get(job_id).text


def test_a_job_whose_peer_was_away_for_long_outlives_the_death_of_its_process(database, jobs):
    job_id = jobs.add(NewJob("send", "Send", lane="PACS"))
    ours = Claims(database, name_of_this_process(), ["send"])
    (claimed,) = ours.claim(one_at_a_time, 1, hold_s=60)
    ours.note([], [Ended(claimed.id, "waiting", "no answer", 0, 0, 20, 0)], [], 60)
    for _ in range(2):
        ours.revive(is_dead)
        other = Claims(database, "elsewhere:1:2:3", ["send"])
        assert other.claim(one_at_a_time, 1, hold_s=0)
        ours.revive(is_dead)
        assert jobs.get(job_id).state == "queued"


def test_a_job_that_gets_further_before_each_death_of_its_process_is_not_given_up(database, jobs):
    job_id = jobs.add(NewJob("send", "Send", lane="PACS"))
    ours = Claims(database, name_of_this_process(), ["send"])
    other = Claims(database, "elsewhere:1:2:3", ["send"])
    for further in range(2 * MOST_DEATHS):
        assert other.claim(one_at_a_time, 1, hold_s=0)
        other.note([Progressed(job_id, further + 1, 100, "")], [], [], 0)
        ours.revive(is_dead)
        assert jobs.get(job_id).state == "queued"


def test_jobs_that_ended_long_ago_are_forgotten(jobs, start):
    start({"count": at_once})
    ended = jobs.add(NewJob("count", "Count"))
    wait(jobs, ended, "done")
    queued = jobs.add(NewJob("other", "Other"))
    assert jobs.prune(60) == 0
    assert jobs.prune(0) == 1
    with pytest.raises(NotFound):
        jobs.get(ended)
    assert jobs.get(queued).state == "queued"


def test_this_process_is_not_dead():
    assert not is_dead(name_of_this_process())
    assert not is_dead("")
