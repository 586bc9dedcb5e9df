"""Calls that are run one after the other beside whoever hands them over."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hounsfield.dicomweb.stow.in_turn import InTurn


@pytest.fixture(scope="module")
def executor():
    with ThreadPoolExecutor(4) as made:
        yield made


def test_they_run_in_their_order_and_never_two_at_a_time(executor):
    in_turn, done, running = InTurn(executor, 2), [], threading.Semaphore(1)

    def call(number):
        assert running.acquire(blocking=False)
        done.append(number)
        running.release()

    for number in range(500):
        in_turn.add(lambda number=number: call(number))
    in_turn.wait()
    assert done == list(range(500))


def test_who_is_too_far_ahead_waits(executor):
    in_turn, gate, added = InTurn(executor, 2), threading.Event(), []

    def add():
        for number in range(4):
            in_turn.add(lambda: gate.wait(20))
            added.append(number)

    adding = threading.Thread(target=add)
    adding.start()
    adding.join(0.3)
    assert added == [0, 1, 2]  # one runs and two wait
    gate.set()
    adding.join(20)
    in_turn.wait()
    assert added == [0, 1, 2, 3]


def test_nobody_waits_for_ever_for_a_call_that_raised(executor):
    in_turn = InTurn(executor, 2)
    in_turn.add(lambda: 1 / 0)
    in_turn.wait()
    done = []
    in_turn.add(lambda: done.append(1))
    in_turn.wait()
    assert done == [1]
