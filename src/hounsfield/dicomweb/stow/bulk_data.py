"""The bulk data parts of one request, kept until their metadata is complete (PS3.18 10.5.2, 8.7.3).

They lie one after the other in one spool on the disk, so that neither memory nor open files grow with their number. The
spool is dropped as soon as nothing in it is needed any more.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from hounsfield.archive.store import InstanceStore
from hounsfield.dicom.part10 import Buffer
from hounsfield.dicom.transfer_syntax import of
from hounsfield.dicomweb.multipart import MultipartError
from hounsfield.errors import HounsfieldError
from hounsfield.storage.objects import Spool

ITEM_TAG = b"\xfe\xff\x00\xe0"  # what encapsulated pixel data begins with (PS3.5 A.4)
_MAX_PARTS = 1 << 18
_FRAME = re.compile(r"(.+?)(?:/frames)?/([1-9][0-9]{0,8})")


@dataclass(slots=True)
class Part:
    """One bulk data part and where it lies in the spool; ``problem`` says why it is not whole."""

    location: str
    media_type: str
    transfer_syntax_uid: str
    offset: int
    length: int = 0
    problem: HounsfieldError | None = None
    is_used: bool = False
    head: bytes = b""

    def is_frame(self, transfer_syntax_uid: str) -> bool:
        """Whether it is one frame of pixel data rather than all of it, in the syntax that its metadata tells."""
        syntax = self.transfer_syntax_uid or transfer_syntax_uid
        if self.media_type.startswith("image/"):
            return True
        is_compressed = bool(syntax) and of(syntax).is_encapsulated
        return is_compressed and not self.media_type.startswith("video/") and self.head != ITEM_TAG


def key_of(uri: str) -> str:
    """What two ways to write a location have in common."""
    return unquote(uri.strip()).removeprefix("./")


def whole_of(key: str) -> str:
    """The location of the pixel data of which this may be a frame; "" if it cannot be one."""
    found = _FRAME.fullmatch(key)
    return found[1] if found else ""


class BulkData:
    """Takes the parts and finds them again."""

    def __init__(self, store: InstanceStore) -> None:
        self._store = store
        self._spool: Spool | None = None
        self._parts: dict[str, list[Part]] = {}
        self._frames: dict[str, int] = {}
        self._count = 0
        self.unused_count = 0
        self._current: Part | None = None

    def begin(self, location: str, media_type: str, transfer_syntax_uid: str) -> None:
        """A part comes; raises MultipartError when there are too many."""
        self._count += 1
        if self._count > _MAX_PARTS:
            raise MultipartError(f"a request may have {_MAX_PARTS} parts of bulk data")
        offset = self._spool.size_bytes if self._spool is not None else 0
        self._current = Part(key_of(location), media_type, transfer_syntax_uid, offset)

    def write(self, data: Buffer) -> None:
        """Some bytes of the part; raises OutOfResources."""
        if self._spool is None:
            self._spool = self._store.spool()
        self._spool.write(data)
        if self._current is not None and len(self._current.head) < len(ITEM_TAG):
            self._current.head += bytes(data[: len(ITEM_TAG) - len(self._current.head)])

    def end(self, problem: HounsfieldError | None = None) -> Part:
        """The part is here, or what is here of it is of no use."""
        part, self._current = self._current, None
        assert part is not None
        if self._spool is not None:
            part.length = self._spool.size_bytes - part.offset
        part.problem = problem
        self.unused_count += 1
        self._parts.setdefault(part.location, []).append(part)
        if whole := whole_of(part.location):
            self._frames[whole] = self._frames.get(whole, 0) + 1
        return part

    def found(self, uri: str, number_of_frames: int, transfer_syntax_uid: str) -> list[Part]:
        """The parts that are the value at a location; none where some are missing.

        ``number_of_frames`` is more than 1 for pixel data that may come as a part for each frame, either all at the
        location or each at its own below it.
        """
        key = key_of(uri)
        there = self._parts.get(key, [])
        if there:
            wanted = number_of_frames if there[0].is_frame(transfer_syntax_uid) else 1
            return there[:wanted] if len(there) >= wanted else []
        if self._frames.get(key, 0) < number_of_frames:
            return []
        frames: list[Part] = []
        for number in range(1, number_of_frames + 1):
            for location in (f"{key}/frames/{number}", f"{key}/{number}"):
                if location in self._parts:
                    frames.append(self._parts[location][0])
                    break
            else:
                return []
        return frames

    def use(self, parts: Iterable[Part]) -> None:
        """They have become part of an instance, or it is known why not."""
        for part in parts:
            self.unused_count -= not part.is_used
            part.is_used = True

    def at(self, uri: str) -> list[Part]:
        """All parts at a location."""
        return self._parts.get(key_of(uri), [])

    def unused(self) -> list[Part]:
        """Those that nobody asked for."""
        return [one for many in self._parts.values() for one in many if not one.is_used]

    @contextlib.contextmanager
    def map(self) -> Iterator[Buffer]:
        """What the parts lie in."""
        if self._spool is None:
            yield b""
            return
        with self._spool.map() as buffer:
            yield buffer

    def discard(self) -> None:
        """Forget all parts."""
        spool, self._spool = self._spool, None
        self._parts.clear()
        self._frames.clear()
        self.unused_count = 0
        self._current = None
        if spool is not None:
            spool.discard()
