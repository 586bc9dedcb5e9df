"""Numbers from a data set, whatever its writer has put there instead."""

from typing import Any

from pydicom import Dataset


def numbers_of(dataset: Dataset, tag: int) -> list[float]:
    """All values of an attribute as numbers; none where it is missing or is no number."""
    value: Any = dataset[tag].value if tag in dataset else None
    if value is None or value == "":
        return []
    values = [value] if isinstance(value, int | float | str) else list(value)
    try:
        return [float(one) for one in values]
    except (TypeError, ValueError):
        return []


def whole_number_of(dataset: Dataset, tag: int) -> int:
    """The first value of an attribute; 0 where there is none."""
    values = numbers_of(dataset, tag)
    try:
        return int(values[0]) if values else 0
    except (ValueError, OverflowError):
        return 0
