"""The table from errors to statuses (PS3.4 B.2.3)."""

import pytest

from hounsfield import errors
from hounsfield.archive.store import DuplicateInstance, SopMismatch
from hounsfield.dimse.status import (
    MEANINGS,
    STATUS_OF,
    STORE_STATUSES,
    Status,
    StatusClass,
    class_of,
    describe,
    status_of,
)

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type)
    and issubclass(kind, errors.HounsfieldError)
    and kind is not errors.HounsfieldError
]


# NET-10, STO-02
def test_every_error_has_its_status():
    assert set(KINDS) <= set(STATUS_OF)
    assert len(KINDS) == 9


# STO-03, STO-04
def test_the_two_conflicts_of_the_store_are_told_apart():
    assert status_of(SopMismatch("why")) == 0xA900
    assert status_of(DuplicateInstance("why")) == 0x0111


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_that_derives_from_one_of_them_has_its_status(kind):
    derived = type("Derived", (kind,), {})
    assert status_of(derived("why")) is STATUS_OF[kind]
    assert class_of(status_of(derived("why"))) is StatusClass.FAILURE


def test_an_error_outside_the_tree_is_a_processing_failure():
    assert status_of(errors.HounsfieldError("why")) is Status.PROCESSING_FAILURE


def test_every_status_has_its_words():
    assert all(int(status) in MEANINGS for status in Status)
    assert {status for status, _text in STORE_STATUSES} <= set(Status)


# NET-10
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0x0000, StatusClass.SUCCESS),
        (0xFF00, StatusClass.PENDING),
        (0xFF01, StatusClass.PENDING),
        (0xFE00, StatusClass.CANCEL),
        (0xB000, StatusClass.WARNING),
        (0xB007, StatusClass.WARNING),
        (0xA700, StatusClass.FAILURE),
        (0xC123, StatusClass.FAILURE),
        (0x0110, StatusClass.FAILURE),
    ],
)
def test_codes_are_classified(code, expected):
    assert class_of(code) is expected


def test_a_code_of_a_family_is_described_by_it():
    assert describe(0xA7FF) == "A7FF out of resources"
    assert describe(0xC123) == "C123 cannot understand"
    assert describe(0x0124) == "0124 not authorized"
    assert describe(0x9999) == "9999 failure"
