"""Re-hashes everything in storage and holds it against the index."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from hounsfield.archive.adoption import Damaged, record_of
from hounsfield.archive.sweep import without_rows
from hounsfield.errors import HounsfieldError
from hounsfield.index.index import Index
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import ObjectStorage

Problem = Literal["damaged", "missing", "orphaned", "foreign"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what it means."""

    problem: Problem
    key: str
    detail: str


def check(
    storage: ObjectStorage, index: Index, progress: Callable[[int], None] = lambda _done: None
) -> Iterator[Finding]:
    """Yield what is damaged, missing, orphaned and foreign.

    Damaged: its content is not what was received. Missing: a row without its object. Orphaned: an object without
    a row. Foreign: a file that is none of ours. ``progress`` hears of each object read.
    """
    for done, location in enumerate(index.everything(), 1):
        finding = verify(storage, location.storage_key, location.sha256, location.size_bytes)
        if finding is not None:
            yield finding
        progress(done)
    for stored in storage.walk():
        if parse_key(stored.key) is None:
            yield Finding("foreign", stored.key, "not a file that the archive wrote")
    for stored in without_rows(storage, index):
        try:
            record_of(storage, stored, "check")
        except (Damaged, OSError) as problem:
            yield Finding("damaged", stored.key, f"{problem}; no row in the index")
        except HounsfieldError as problem:
            yield Finding(
                "orphaned", stored.key, f"no row in the index, and no way to one: {problem}"
            )
        else:
            yield Finding(
                "orphaned", stored.key, "no row in the index; `hounsfield rebuild` takes it in"
            )


def verify(storage: ObjectStorage, key: str, expected: str, size_bytes: int) -> Finding | None:
    """Read an object to its end and hold it against what was recorded at receipt."""
    hasher = sha256()
    try:
        with storage.open(key) as stored:
            if stored.size_bytes != size_bytes:
                return Finding("damaged", key, f"{stored.size_bytes} bytes instead of {size_bytes}")
            for piece in stored.stream(chunk_bytes=1 << 20):
                hasher.update(piece)
    except HounsfieldError:
        return Finding("missing", key, "the index names it, storage does not have it")
    except OSError as problem:
        return Finding("damaged", key, f"cannot be read: {problem.strerror}")
    if hasher.hexdigest() != expected:
        return Finding("damaged", key, "its SHA-256 is not that recorded at receipt")
    return None
