"""A folder of files that were made of stored instances and can be made again at any time."""

import contextlib
import os
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

_CHECK_EVERY = 256


class DerivedFiles:
    """Keeps files under keys, up to a size; nothing in it is the only copy of anything.

    Without a folder it keeps nothing. A full or broken disk only means that things are made anew.
    """

    def __init__(self, folder: Path | None, max_bytes: int = 1 << 30) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._written = 0
        self._lock = threading.Lock()

    def get(self, sha256: str, name: str) -> bytes | None:
        """What was made of the instance with this hash under this name."""
        if self._folder is None:
            return None
        try:
            return self._path(sha256, name).read_bytes()
        except OSError:
            return None

    def open(self, sha256: str, name: str) -> BinaryIO | None:
        """The same as a file, for who wants a part of it."""
        if self._folder is None:
            return None
        try:
            return self._path(sha256, name).open("rb")
        except OSError:
            return None

    def put(self, sha256: str, name: str, content: bytes) -> None:
        """Keep it; the oldest are let go of when there is too much."""
        if self._folder is None:
            return
        path = self._path(sha256, name)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                Path(temporary).replace(path)
            except OSError:
                Path(temporary).unlink(missing_ok=True)
        with self._lock:
            self._written += 1
            is_due = self._written % _CHECK_EVERY == 0
        if is_due:
            self.shrink()

    def shrink(self) -> None:
        """Remove the oldest files until a fifth of the size is free again."""
        if self._folder is None:
            return
        found = []
        for path in self._folder.rglob("*"):
            with contextlib.suppress(OSError):
                state = path.stat()
                if path.is_file():
                    found.append((state.st_mtime, state.st_size, path))
        size = sum(length for _, length, _ in found)
        if size <= self._max_bytes:
            return
        for _, length, path in sorted(found):
            with contextlib.suppress(OSError):
                path.unlink()
                size -= length
            if size <= self._max_bytes * 4 // 5:
                return

    def _path(self, sha256: str, name: str) -> Path:
        assert self._folder is not None
        return self._folder / sha256[:2] / f"{sha256}-{name}"


def forget(root: Path, sha256_prefix: str) -> None:
    """Remove whatever was made of an instance, in every folder of derived files below ``root``."""
    for path in root.glob(f"*/{sha256_prefix[:2]}/{sha256_prefix}*"):
        with contextlib.suppress(OSError):
            path.unlink()
