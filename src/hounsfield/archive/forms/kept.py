"""A little memory of what was made of instances, bounded in number and size."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Keeps what was used latest; may be called from many threads."""

    def __init__(self, max_number: int, max_bytes: int, bytes_of: Callable[[T], int]) -> None:
        self._max_number = max_number
        self._left_bytes = max_bytes
        self._bytes_of = bytes_of
        self._found: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """What is kept under a key."""
        with self._lock:
            value = self._found.get(key)
            if value is not None:
                self._found.move_to_end(key)
            return value

    def put(self, key: Hashable, value: T) -> None:
        """Keep it, and let go of what was not used for longest."""
        with self._lock:
            old = self._found.pop(key, None)
            if old is not None:
                self._left_bytes += self._bytes_of(old)
            self._found[key] = value
            self._left_bytes -= self._bytes_of(value)
            while self._found and (self._left_bytes < 0 or len(self._found) > self._max_number):
                _, dropped = self._found.popitem(last=False)
                self._left_bytes += self._bytes_of(dropped)
