"""Names of stored objects."""

from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dicom.identity import Identity
from hounsfield.storage.keys import object_key, parse_key

uids = st.from_regex(r"[0-9](\.[0-9]{1,9}){0,5}", fullmatch=True)


@given(uids, uids, uids, st.binary(min_size=32, max_size=32), st.integers(0, 1 << 52))
def test_a_key_tells_what_it_was_made_of(study, series, sop, digest, received_us):
    identity = Identity("1.2", sop, study, series, "", "", "", "", "")
    parts = parse_key(object_key(identity, digest.hex(), received_us))
    assert parts is not None
    assert (parts.study_instance_uid, parts.series_instance_uid) == (study, series)
    assert parts.sop_instance_uid == sop
    assert parts.sha256_prefix == digest.hex()[:32]


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser_or_leaves_the_folder(text):
    parts = parse_key(text)
    assert parts is None or ".." not in text


def test_the_day_is_that_of_receipt_in_utc():
    identity = Identity("1.2", "1.4", "1.1", "1.3", "", "", "", "", "")
    last_us = 1_767_225_599_999_999  # 2025-12-31 23:59:59.999999 UTC
    assert object_key(identity, "ab" * 32, last_us).startswith("2025/12/31/1.1/1.3/1.4.abab")
    assert object_key(identity, "ab" * 32, last_us + 1).startswith("2026/01/01/")
