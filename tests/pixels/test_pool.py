"""Decoding in processes of its own: what goes wrong there is an error here, and nothing else."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from hounsfield.errors import InvalidInstance, InvalidQuery, NotAcceptable, Unavailable
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.pool import DecodePool, PoolConfig
from hounsfield.pixels.rendering.drawing import PictureForm, picture_file
from hounsfield.pixels.rendering.view import View, Viewport

EXPLICIT, J2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"
RAMP = (np.add.outer(np.arange(64) * 37, np.arange(64) * 53) % 4096).astype("<u2")
IMAGE = ImagePixelDescription(64, 64, EXPLICIT, bits_stored=12, high_bit=11)
WITHIN_S = 60


@pytest.fixture(scope="module")
def pool():
    with DecodePool(PoolConfig(processes=2)) as opened:
        yield opened


def draw(pool, frame=RAMP.tobytes(), image=IMAGE, view=View(), **options):  # noqa: B008
    return pool.run("picture", frame, image, view, PictureForm("image/png"), 0, **options)[1]


def until(condition):
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.01)


def test_the_picture_is_the_one_that_would_be_made_here(pool):
    assert draw(pool) == picture_file(RAMP.tobytes(), IMAGE, View(), PictureForm("image/png"))


def test_there_is_no_process_before_there_is_work():
    with DecodePool() as opened:
        assert not opened.processes()
        draw(opened)
        assert len(opened.processes()) == 1


def test_a_broken_codestream_is_an_error_and_its_process_goes_on(pool):
    draw(pool)
    before = set(pool.processes())
    with pytest.raises(InvalidInstance):
        draw(pool, b"\xff\x4f\xff\x51" + b"nothing" * 20, replace(IMAGE, transfer_syntax_uid=J2K))
    assert before <= set(pool.processes())


def test_errors_come_out_as_what_they_are(pool):
    with pytest.raises(InvalidQuery, match="outside of 64 x 64"):
        draw(pool, view=View(viewport=Viewport(10, 10, 900, 900)))
    with pytest.raises(NotAcceptable, match="too large"):
        draw(pool, image=replace(IMAGE, rows=60_000, columns=60_000))


def test_a_process_that_is_killed_while_idle_is_replaced_unseen():
    with DecodePool(PoolConfig(processes=1)) as opened:
        draw(opened)
        (process,) = opened.processes()
        os.kill(process, signal.SIGKILL)
        assert draw(opened)
        assert opened.processes() != [process]


def test_a_process_that_dies_of_a_task_fails_that_task_only():
    with DecodePool(PoolConfig(processes=1, cpu_s=60)) as opened:
        draw(opened)
        (process,) = opened.processes()
        os.kill(process, signal.SIGSTOP)  # so that the task is in it when it dies
        failures = []

        def ask():
            try:
                draw(opened)
            except InvalidInstance as problem:
                failures.append(str(problem))

        asking = threading.Thread(target=ask)
        asking.start()
        until(lambda: not opened._idle)
        os.kill(process, signal.SIGSEGV)
        os.kill(process, signal.SIGCONT)
        asking.join(WITHIN_S)
        assert failures == ["its pixel data cannot be decoded: the decoder died of it"]
        assert draw(opened)


def test_what_takes_too_long_is_ended():
    large = np.random.default_rng(1).integers(0, 4096, (2048, 2048), dtype=np.uint16)
    stream = bytes(imagecodecs.jpeg2k_encode(large, level=0, codecformat="j2k"))
    image = replace(IMAGE, rows=2048, columns=2048, transfer_syntax_uid=J2K)
    with DecodePool(PoolConfig(processes=1)) as opened:
        draw(opened)
        with pytest.raises(NotAcceptable, match="longer than is allowed"):
            draw(opened, stream, image, cpu_s=0.05)
        assert draw(opened)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no limit of memory to test")
def test_what_takes_too_much_memory_is_refused_and_the_next_is_served():
    image = replace(IMAGE, rows=16_000, columns=16_000)
    with DecodePool(PoolConfig(processes=1, memory_bytes=600 << 20, cpu_s=60)) as opened:
        with pytest.raises((NotAcceptable, InvalidInstance)):
            draw(opened, bytes(16_000 * 16_000 * 2), image)
        assert draw(opened)


def test_processes_without_work_end():
    with DecodePool(PoolConfig(processes=1, idle_s=0.05)) as opened:
        draw(opened)
        until(lambda: not opened.processes())
        assert draw(opened)


def test_who_waits_too_long_for_a_process_is_told_to_come_again():
    with DecodePool(PoolConfig(processes=1, wait_s=0.05)) as opened:
        opened._places.acquire()
        with pytest.raises(Unavailable):
            draw(opened)


def test_a_closed_pool_leaves_no_process():
    opened = DecodePool()
    draw(opened)
    (process,) = opened.processes()
    opened.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(Unavailable):
        draw(opened)


def test_processes_end_with_the_process_they_decode_for():
    program = (
        "import sys, time\n"
        "from tests.pixels.test_pool import DecodePool, draw\n"
        "pool = DecodePool()\n"
        "draw(pool)\n"
        "print(*pool.processes(), flush=True)\n"
        "time.sleep(600)\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root
    ) as owner:
        try:
            worker = int(owner.stdout.readline())
        finally:
            owner.kill()

    def is_gone():
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return True
        # Nobody may be there to take note of its end.
        state = Path(f"/proc/{worker}/stat")
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"

    until(is_gone)
