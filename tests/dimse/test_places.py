"""Places for connections: limits that hold over all processes of a server."""

import os
import subprocess
import sys
import threading

import pytest

from hounsfield.dimse.places import SPARE_PLACES, Full, Places, shared_file

OTHER = """
import sys
from hounsfield.dimse.places import Places
places = Places(3, 2, int(sys.argv[1]))
place = places.take()
places.seat(place, "CT1", "10.0.0.9")
print(place, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def descriptor():
    opened = shared_file(3)
    yield opened
    os.close(opened)


@pytest.fixture
def other(descriptor):
    """Another process that has one association of CT1."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(descriptor)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[descriptor],
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == "0\n"
        yield process
        process.kill()


def seats(places, caller, address="10.0.0.9"):
    """Seat one more association; its place, or None when it is one too many."""
    place = places.take()
    try:
        places.seat(place, caller, address)
    except Full:
        places.give_back(place)
        return None
    return place


# NET-02
def test_the_limits_in_total_and_by_peer_hold_over_two_processes(descriptor, other):
    places = Places(3, 2, descriptor)
    assert seats(places, "CT1") == 1
    place = places.take()
    with pytest.raises(Full) as full:
        places.seat(place, "CT1", "10.0.0.9")
    assert full.value.by_peer
    assert full.value.open_count == 2
    places.seat(place, "CT1", "10.0.0.10")  # the same name elsewhere is somebody else
    more = places.take()
    with pytest.raises(Full) as full:
        places.seat(more, "CT2", "10.0.0.9")
    assert not full.value.by_peer
    assert full.value.open_count == 3


# NET-02
def test_the_places_of_a_process_that_was_killed_are_free_again(descriptor, other):
    places = Places(3, 2, descriptor)
    assert places.take() == 1
    other.kill()
    other.wait()
    assert places.take() == 0


def test_a_connection_that_is_no_association_counts_for_nobody(descriptor):
    places = Places(3, 2, descriptor)
    taken = [places.take() for _ in range(3 + SPARE_PLACES)]
    assert sorted(taken) == list(range(3 + SPARE_PLACES))
    assert places.take() is None
    for place in taken[:2]:
        places.seat(place, "CT1", "10.0.0.9")
    with pytest.raises(Full):
        places.seat(taken[2], "CT1", "10.0.0.9")
    places.rise(taken[0])
    places.seat(taken[2], "CT1", "10.0.0.9")
    places.give_back(taken[5])
    assert places.take() == taken[5]


def test_who_has_most_lets_others_go_first(descriptor, other):
    places = Places(3, 2, descriptor)
    assert not places.has_more_than_its_share()
    places.take()
    assert not places.has_more_than_its_share()
    places.take()
    assert places.has_more_than_its_share()


def test_no_page_of_the_shared_file_is_left_for_a_full_disk_to_refuse():
    opened = shared_file(5000)
    status = os.fstat(opened)
    os.close(opened)
    assert status.st_size == (5000 + SPARE_PLACES) * 16
    assert status.st_blocks * 512 >= status.st_size


def test_who_is_alone_waits_for_nobody():
    places = Places(3, 2)
    places.take()
    assert not places.has_more_than_its_share()


def test_many_threads_never_get_one_place_twice():
    places = Places(200, 200)
    taken = []

    def take():
        taken.extend(places.take() for _ in range(10))

    threads = [threading.Thread(target=take) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == len(taken) == 160
