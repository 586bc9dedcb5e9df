"""A bounded run of the fuzzer in tests.fuzz.pdus."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.pdus import COMMAND_SEEDS, SEEDS, check_command, check_pdu, mutate


# NET-11
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_understood_or_refused_as_a_pdu(data):
    check_pdu(data)


# NET-11
@settings(max_examples=300, deadline=None)
@given(st.integers(1, 7), st.binary(max_size=68), st.binary(max_size=300))
def test_arbitrary_items_in_every_pdu_are_understood_or_refused(pdu_type, head, items):
    check_pdu(bytes((pdu_type, 0, 0, 0, 0, 0)) + head.ljust(68, b"\0") + items)


# NET-11
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_understood_or_refused_as_a_command(data):
    check_command(data)


# NET-11
@pytest.mark.parametrize("seed", range(8))
def test_damaged_pdus_and_commands_are_understood_or_refused(seed):
    random_ = random.Random(seed)
    understood = 0
    for _ in range(1500):
        understood += check_pdu(mutate(random_.choice(SEEDS), random_))
        understood += check_command(mutate(random_.choice(COMMAND_SEEDS), random_))
    assert 0 < understood < 3000
