"""Other forms to retrieve instances in: without bulk data, or some frames of one (PS3.4 annexes Y and Z)."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from pydicom import Dataset
from pydicom.uid import generate_uid

from hounsfield.archive.forms.frame_extraction import extract
from hounsfield.archive.forms.transcoding import ALTERNATIVES, WITHOUT_BULK_DATA
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dimse.sending import Form, ReadInto, written_anew
from hounsfield.errors import HounsfieldError, InvalidQuery
from hounsfield.index.records import InstanceLocation

# PS3.4 Y.3.2.1.1: more do not fit an element.
MAX_FRAMES = 16_383
_SIMPLE, _CALCULATED, _TIME_RANGE = "00081161", "00081162", "00081163"


class WithoutBulkData(Form):
    """Instances without their pixels and other large values (annex Z)."""

    def syntaxes(self, location: InstanceLocation) -> tuple[str, ...]:
        stored = location.transfer_syntax_uid
        return (stored, *(uid for uid in ALTERNATIVES if uid != stored))

    @contextlib.contextmanager
    def _read(
        self, retrieve: Retrieve, location: InstanceLocation, syntax: str
    ) -> Iterator[ReadInto]:
        with (
            retrieve.open_instance(location) as stored,
            written_anew(stored, syntax, WITHOUT_BULK_DATA) as read_into,
        ):
            yield read_into

    def read(
        self, retrieve: Retrieve, location: InstanceLocation, syntax: str
    ) -> AbstractContextManager[ReadInto]:
        return self._read(retrieve, location, syntax)


class ExtractedFrames(Form):
    """One new instance of some frames of a stored one (annex Y)."""

    def __init__(self, source: InstanceLocation, frames: "Frames") -> None:
        self._source = source
        self._frames = frames
        self.sop_instance_uid = str(generate_uid(prefix=None))

    def make(self, retrieve: Retrieve) -> None:
        """Find out whether it can be made at all; raises what `extract` does."""
        self._write(retrieve, ALTERNATIVES[0], io.BytesIO())

    def syntaxes(self, location: InstanceLocation) -> tuple[str, ...]:
        del location
        return ALTERNATIVES

    def _write(self, retrieve: Retrieve, syntax: str, into: Any) -> None:
        with retrieve.open_instance(self._source) as stored, stored.map() as file:
            extract(
                file,
                self._frames.numbers(self._source.number_of_frames),
                self._frames.key,
                self.sop_instance_uid,
                syntax,
                into.write,
                retrieve.decoding,
            )

    @contextlib.contextmanager
    def _read(self, retrieve: Retrieve, syntax: str) -> Iterator[ReadInto]:
        with tempfile.SpooledTemporaryFile(max_size=16 << 20) as spool:
            self._write(retrieve, syntax, spool)
            spool.seek(0)
            yield spool.readinto

    def read(
        self, retrieve: Retrieve, location: InstanceLocation, syntax: str
    ) -> AbstractContextManager[ReadInto]:
        del location
        return self._read(retrieve, syntax)


class TimeOfFramesUnknown(HounsfieldError):
    """Frames are asked for by their time, which is not known of them here (AA03)."""


class InvalidFrames(InvalidQuery):
    """The frame level key of a request breaks its rules (AA04)."""


class Frames:
    """The frame level key of a request (PS3.4 Y.3.2); raises InvalidFrames and TimeOfFramesUnknown."""

    def __init__(self, identifier: dict[str, dict[str, Any]]) -> None:
        given = [
            tag
            for tag in (_SIMPLE, _CALCULATED, _TIME_RANGE)
            if identifier.get(tag, {}).get("Value")
        ]
        if len(given) != 1:
            raise InvalidFrames(
                "one of Simple Frame List, Calculated Frame List, Time Range is due"
            )
        (tag,) = given
        if tag == _TIME_RANGE:
            raise TimeOfFramesUnknown("frames cannot be chosen by their time here")
        self._is_simple = tag == _SIMPLE
        self._values = [int(value) for value in identifier[tag]["Value"]]
        self.key = Dataset()
        self.key.add_new(int(tag, 16), "UL", self._values)
        self._check()

    def _check(self) -> None:
        values = self._values
        if self._is_simple:
            if any(later <= former for former, later in zip([0, *values], values, strict=False)):
                raise InvalidFrames("the numbers of a Simple Frame List grow from 1 on")
        elif len(values) % 3 or any(
            begin < 1 or end < begin or not step
            for begin, end, step in zip(values[::3], values[1::3], values[2::3], strict=True)
        ):
            raise InvalidFrames("a Calculated Frame List has three numbers a range, growing")

    def numbers(self, count: int) -> list[int]:
        """The frame numbers, up to those that there are, in their order."""
        if self._is_simple:
            return self._values
        values = self._values
        found: list[int] = []
        for begin, end, step in zip(values[::3], values[1::3], values[2::3], strict=True):
            found += range(begin, min(end, count) + 1, step)
        if len(found) > MAX_FRAMES or sorted(set(found)) != found:
            raise InvalidFrames("the ranges of a Calculated Frame List grow and do not overlap")
        return found
