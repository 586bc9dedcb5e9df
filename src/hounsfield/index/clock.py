"""The time as the index keeps it."""

import time


def now_us() -> int:
    """The present, in µs since 1970."""
    return time.time_ns() // 1000
