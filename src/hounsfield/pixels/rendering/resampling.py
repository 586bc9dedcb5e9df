"""Brings arrays to another number of rows and columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """As numbers that can be averaged: what is none, or absurd, becomes 0 or the end of a wide range."""
    if values.dtype.kind == "f":
        values = np.clip(np.nan_to_num(values, posinf=0, neginf=0), -1e30, 1e30)
    return values.astype(np.float32)


def resampled(pixels: NDArray[Any], axis: int, wanted: int) -> NDArray[Any]:
    """Bring an axis to a length with a triangle filter: an average on the way down, linear on the way up.

    Few source pixels make one of the result, so they are gathered: a matrix product would do more work
    and, with the threads of its library, wait for cores that serve others.
    """
    size = pixels.shape[axis]
    step = size / wanted
    reach = max(step, 1.0)
    centres = (np.arange(wanted) + 0.5) * step - 0.5
    index = np.floor(centres - reach)[:, None] + 1 + np.arange(int(np.ceil(2 * reach)))
    weights = np.maximum(1.0 - np.abs(index - centres[:, None]) / reach, 0.0)
    weights *= (index >= 0) & (index < size)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    index = np.clip(index, 0, size - 1).astype(np.intp)
    shape = [-1 if n == axis else 1 for n in range(pixels.ndim)]
    result = np.take(pixels, index[:, 0], axis) * weights[:, 0].reshape(shape)
    for tap in range(1, index.shape[1]):
        result += np.take(pixels, index[:, tap], axis) * weights[:, tap].reshape(shape)
    return np.asarray(result)
