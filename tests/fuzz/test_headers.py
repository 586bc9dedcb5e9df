"""A bounded run over damaged instances; `python -m tests.fuzz.headers` runs for as long as one likes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.headers import (
    EXPLICIT,
    MEMORY_BYTES,
    MEMORY_PER_BYTE,
    SEEDS,
    check_header,
    damage,
    memory_bytes,
)
from tests.instances import part10

from hounsfield.dicom.part10 import read_header
from hounsfield.errors import InvalidInstance


def test_every_seed_is_understood():
    assert all(check_header(seed) for seed in SEEDS)


@pytest.mark.filterwarnings("ignore")  # pydicom, asked about what we cannot follow, says much
@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_damaged_instances_are_understood_or_refused(seed):
    random_ = random.Random(seed)
    for _ in range(20):
        check_header(damage(random_.choice(SEEDS), random_))


@pytest.mark.filterwarnings("ignore")
def test_memory_follows_the_bytes_that_are_there_not_those_announced():
    random_ = random.Random(4)
    for _ in range(300):
        data = damage(random_.choice(SEEDS), random_)
        assert memory_bytes(data) <= MEMORY_BYTES + MEMORY_PER_BYTE * len(data)


@pytest.mark.filterwarnings("ignore")
def test_pixel_data_that_runs_past_the_end_is_refused_also_behind_what_only_pydicom_follows():
    data = part10(transfer_syntax_uid=EXPLICIT, PixelData=bytes(64))
    unreadable = data.replace(b"\x10\x00\x40\x00CS\x02\x00F ", b"\x10\x00\x40\x00\0\0\0\0")
    assert unreadable != data
    assert read_header(unreadable).pixel_data
    with pytest.raises(InvalidInstance, match="cut short"):
        read_header(unreadable[:-3])
