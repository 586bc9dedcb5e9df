"""What a peer says of a retrieval that has ended."""

import pytest

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dimse.scu.retrieval import failed_uids_in

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


# QR-08
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("number", [1, 2000])
def test_failed_instances_are_known_however_many(syntax, number):
    uids = [f"1.2.826.0.1.3680043.8.498.{10**30 + one}" for one in range(number)]
    data = encode_dataset({"00080058": {"vr": "UI", "Value": uids}}, syntax)
    assert failed_uids_in(data, syntax) == uids


def test_what_is_no_list_names_nobody():
    assert failed_uids_in(b"\0\1\2", EXPLICIT) == []
