"""Copies of frames in HTJ2K, made in the background of images whose stored form is slow to decode in a browser.

They lie among the derived files: nothing depends on them, and whatever is lost of them is made again or done without.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.compressing import Codec
from hounsfield.archive.forms.derived import DerivedFiles
from hounsfield.archive.forms.transcoding import IMAGE_TAGS, image_of
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dicom.part10 import read_header
from hounsfield.errors import InvalidInstance, NotAcceptable, NotFound
from hounsfield.index.index import Index
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site.jobs import Jobs, NewJob
from hounsfield.jobs.handlers import RunningJob

HTJ2K = "1.2.840.10008.1.2.4.201"
QUICK_COPIES_JOB = "quick-copies"
# JPEG lossless, JPEG 2000 and JPEG XL: browsers take 50 to 190 ms for a slice that takes them 20 ms in HTJ2K.
SLOW = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (57, 58, 70, 90, 110))
_NAME = "htj2k"
# An object that is larger is better left alone than whole in memory.
_MAX_BYTES = 256 << 20
_WORKER = Principal("worker", "worker")
_COMPLETE, _AT_ONCE = "complete", 2000


class QuickCopies:
    """The copies of one archive."""

    def __init__(self, derived: DerivedFiles) -> None:
        self._derived = derived

    def frame(self, location: InstanceLocation, frame_index: int) -> bytes | None:
        """One frame in HTJ2K, if there is a copy of it."""
        if location.transfer_syntax_uid not in SLOW:
            return None
        file = self._derived.open(location.sha256, _NAME)
        if file is None:
            return None
        with file:
            return _frame_in(file, frame_index)

    def keep(self, location: InstanceLocation, frames: list[bytes]) -> None:
        """Keep a copy of all frames of an instance."""
        lengths = struct.pack(f"<{len(frames) + 1}Q", len(frames), *map(len, frames))
        self._derived.put(location.sha256, _NAME, lengths + b"".join(frames))


def quick_copies(data_folder: Path, max_bytes: int) -> QuickCopies | None:
    """Those in a data folder; None where they may take no space."""
    if not max_bytes:
        return None
    return QuickCopies(DerivedFiles(data_folder / "derived" / "frames", max_bytes))


def _frame_in(file: BinaryIO, frame_index: int) -> bytes | None:
    """A frame of a copy; None where the copy is no good."""
    head = file.read(8)
    count = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
    table = file.read(min(8 * count, _MAX_BYTES))
    if not 0 <= frame_index < count or len(table) != 8 * count:
        return None
    lengths = struct.unpack(f"<{count}Q", table)
    file.seek(sum(lengths[:frame_index]), os.SEEK_CUR)
    frame = file.read(min(lengths[frame_index], _MAX_BYTES))
    return frame if len(frame) == lengths[frame_index] > 0 else None


@dataclass(frozen=True, slots=True)
class MakeQuickCopies:
    """The job that makes the copies of one study."""

    retrieve: Retrieve
    copies: QuickCopies | None

    def __call__(self, job: RunningJob) -> str:
        """Make those that are not there; what cannot be decoded is passed over."""
        if self.copies is None:
            return "copies are not wanted any more"
        try:
            found = self.retrieve.locate(_WORKER, job.study_instance_uid)
        except NotFound:
            return "the study is not here any more"
        slow = [one for one in found if one.transfer_syntax_uid in SLOW]
        made = 0
        for done, bare in enumerate(slow):
            if job.is_stopped():
                break
            made += self._make(bare, self.copies)
            job.progress(done + 1, len(slow))
        return f"{made} of {len(slow)} instances copied"

    def _make(self, bare: InstanceLocation, copies: QuickCopies) -> bool:
        if bare.size_bytes > _MAX_BYTES or copies.frame(bare, 0) is not None:
            return False
        uids = bare.study_instance_uid, bare.series_instance_uid, bare.sop_instance_uid
        try:
            location = self.retrieve.locate(_WORKER, *uids)[0]
            copies.keep(location, self._frames(location))
        except (InvalidInstance, NotAcceptable, NotFound):
            return False
        return True

    def _frames(self, location: InstanceLocation) -> list[bytes]:
        table, opens = self.retrieve.frames(location)
        if table is None:
            raise NotAcceptable("it has no frames")
        with opens() as stored, stored.map() as buffer:
            image = image_of(read_header(buffer, tags=IMAGE_TAGS))
            if image.samples_per_pixel != 1:
                # Readers differ in what they make of colours that come in another codec.
                raise NotAcceptable("it is in colour")
            codec = Codec(HTJ2K, pool=self.retrieve.decoding)
            frames = []
            for frame_index in range(table.number_of_frames):
                ranges = table.ranges(frame_index)
                frame = b"".join(bytes(buffer[at : at + size]) for at, size in ranges)
                frames.append(codec.frame(frame, image, 0)[1])
        return frames


class Ordering:
    """Orders copies of what becomes complete, from the moment that it is made."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._jobs = Jobs(index.database)
        self._sequence = index.last_sequence()

    def look_after(self) -> int:
        """Add the jobs that are due; gives how many."""
        changes = self._index.changes_since(self._sequence, _AT_ONCE)
        if not changes:
            return 0
        self._sequence = changes[-1].sequence
        completed = dict.fromkeys(
            one.study_instance_uid for one in changes if one.kind == _COMPLETE
        )
        for study in completed:
            self._jobs.add(
                NewJob(
                    QUICK_COPIES_JOB,
                    "Make copies that browsers decode quickly",
                    study_instance_uid=study,
                    actor="worker",
                )
            )
        return len(completed)
