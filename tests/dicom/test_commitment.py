"""Requests and results of storage commitment as data sets (PS3.4 J.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dicom.commitment import (
    DUPLICATE_TRANSACTION_UID,
    MAX_REFERENCES,
    PROCESSING_FAILURE,
    Reference,
    TooManyReferences,
    event_type_of,
    explain,
    read_request,
    read_result,
    request_dataset,
    result_dataset,
)
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dimse.identifier import decode_identifier
from hounsfield.errors import InvalidInstance

CT = "1.2.840.10008.5.1.4.1.1.2"
uids = st.from_regex(r"[0-9]{1,5}(\.[0-9]{1,5}){0,8}", fullmatch=True)
reasons = st.one_of(st.just(0), st.integers(1, 0xFFFF))
references = st.lists(st.builds(Reference, uids, uids, reasons), min_size=1, max_size=20)
syntaxes = st.sampled_from(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])


# SC-01
@given(uids, references, syntaxes)
def test_a_request_is_read_as_it_was_written(transaction_uid, asked, syntax):
    data = encode_dataset(request_dataset(transaction_uid, asked), syntax)
    decoded, _ = decode_identifier(data, syntax)
    assert read_request(decoded) == (
        transaction_uid,
        [Reference(one.sop_class_uid, one.sop_instance_uid) for one in asked],
    )


# SC-01, SC-03
@given(uids, references, syntaxes)
def test_a_result_has_every_instance_in_one_of_its_sequences(transaction_uid, known, syntax):
    data = encode_dataset(result_dataset(transaction_uid, known, "US"), syntax)
    decoded, _ = decode_identifier(data, syntax)
    heard_uid, heard = read_result(decoded)
    assert heard_uid == transaction_uid
    assert sorted(heard, key=repr) == sorted(known, key=repr)
    assert event_type_of(known) == (2 if any(one.failure_reason for one in known) else 1)


@given(st.binary(max_size=400), syntaxes)
def test_whatever_bytes_come_they_are_read_or_refused(data, syntax):
    for read in (read_request, read_result):
        try:
            read(decode_identifier(data, syntax)[0])
        except InvalidInstance:
            continue


# SC-03
def test_a_failure_without_a_reason_is_a_failure_all_the_same():
    failed = [Reference(CT, "1.2.3", 0x0112)]
    dataset = result_dataset("1.2", failed, "US")
    for value in ([], [0], [70_000], ["x"]):
        dataset["00081198"]["Value"][0]["00081197"] = {"vr": "US", "Value": value}
        assert read_result(dataset)[1] == [Reference(CT, "1.2.3", PROCESSING_FAILURE)]


def test_a_request_of_more_than_any_study_has_is_refused():
    item = request_dataset("1.2", [Reference(CT, "1.2.3")])["00081199"]["Value"][0]
    with pytest.raises(TooManyReferences):
        read_request(
            {
                "00081195": {"vr": "UI", "Value": ["1.2"]},
                "00081199": {"vr": "SQ", "Value": [item] * (MAX_REFERENCES + 1)},
            }
        )


def test_every_reason_has_words():
    assert "not mention" in explain(None)
    assert explain(0) == "committed"
    assert "Transaction UID" in explain(DUPLICATE_TRANSACTION_UID)
    assert "0999" in explain(0x0999)
