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

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.part10 import read_header
from hounsfield.dicom.sop_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from hounsfield.dimse.identifier import decode_identifier
from hounsfield.dimse.scp.find_scp import Asked
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import InvalidInstance, InvalidQuery

IDENTIFIERS = [
    encode_dataset(
        {
            "00080052": {"vr": "CS", "Value": [level]},
            "00080020": {"vr": "DA", "Value": ["20240101-20240131"]},
            "00080061": {"vr": "CS", "Value": ["CT"]},
            "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["X"]}}]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller*", "Ideographic": "山"}]},
            "00100020": {"vr": "LO", "Value": ["P1"]},
            "0020000D": {"vr": "UI", "Value": ["1.2", "1.3"]},
            "00201208": {"vr": "IS"},
        },
        EXPLICIT,
        "ISO_IR 100",
    )
    for level in ("PATIENT", "STUDY", "SERIES", "IMAGE")
]


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


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_damaged_identifiers_are_queries_or_refused(seed):
    random_ = random.Random(seed)
    contexts = [
        AcceptedContext(1, uid, EXPLICIT, application_information=information)
        for uid in (PATIENT_ROOT_FIND, STUDY_ROOT_FIND)
        for information in (b"", b"\1")
    ]
    for _ in range(10):
        content = damage(random_.choice(IDENTIFIERS), random_)
        try:
            identifier, charset = decode_identifier(content, EXPLICIT)
            asked = Asked(identifier, random_.choice(contexts), charset)
        except (InvalidInstance, InvalidQuery):
            continue
        # An index gives what it reads as it is kept: strings for all that is no binary number.
        assert asked.encoder(EXPLICIT, "HOUNSFIELD").encode(identifier)
