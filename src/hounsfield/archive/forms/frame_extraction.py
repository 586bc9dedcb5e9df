"""Makes a new instance of some frames of a multi-frame one (PS3.4 Y.3.3, PS3.3 C.12.3).

It belongs to the same series. Its frames are the stored ones, decoded where they were compressed; what is said of each
frame is said of those taken. Private attributes are left out: nobody knows whether they count frames.
"""

import io
import mmap
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from typing import IO, Any

from pydicom import Dataset, dcmread
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset
from pydicom.multival import MultiValue

from hounsfield.archive.forms.transcoding import transcode
from hounsfield.dicom.frames import offsets
from hounsfield.dicom.part10 import Buffer, Header, file_meta, read_header
from hounsfield.dicom.reencoding import Changes, Write
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE
from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable
from hounsfield.pixels.pool import DecodePool

_IN_MEMORY_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
_PER_FRAME, _SOURCE = "PerFrameFunctionalGroupsSequence", "MultiFrameSourceSOPInstanceUID"


class NoSuchFrames(HounsfieldError):
    """None of the frames asked for are there."""


def extract(
    file: Buffer,
    frame_numbers: Sequence[int],
    request: Dataset,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    write: Write,
    pool: DecodePool | None = None,
) -> None:
    """Write the data set of a new instance in an uncompressed transfer syntax.

    ``request`` has the frame level key as it was asked with. Raises NoSuchFrames, NotAcceptable, InvalidInstance.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as native:
        native.write(
            file_meta(sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=EXPLICIT_LITTLE)
        )
        transcode(file, EXPLICIT_LITTLE, native.write, pool=pool)
        native.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what pydicom finds odd in it was stored so
            try:
                dataset = dcmread(native, stop_before_pixels=True, force=True)
                count = int(dataset.get("NumberOfFrames") or 1)
                kept = _kept(frame_numbers, count)
                head = _encoded(_header(dataset, kept, count, request, sop_instance_uid))
            except HounsfieldError:
                raise
            except Exception as problem:
                raise InvalidInstance(f"its header cannot be read: {problem}") from problem
        vr, length, pieces = _pixels(native, _read(native), kept)
        # An element without a value marks the place of the frames.
        mark = b"\xe0\x7f\x10\0" + vr.encode() + bytes(6)
        meta = file_meta(sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=EXPLICIT_LITTLE)
        changes = Changes(pixel_data=(vr, length, pieces))
        transcode(meta + head + mark, transfer_syntax_uid, write, changes)


def _kept(frame_numbers: Sequence[int], count: int) -> list[int]:
    kept = [number - 1 for number in frame_numbers if 1 <= number <= count]
    if not kept:
        raise NoSuchFrames(f"it has the frames 1 to {count}")
    return kept


def _read(native: IO[bytes]) -> Header:
    """Where the pixels are in a file that we have written."""
    native.flush()
    native.seek(0)
    try:
        descriptor = native.fileno()
    except (OSError, io.UnsupportedOperation):
        return read_header(native.read())
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as file:
        return read_header(file)


def _header(
    dataset: Dataset, kept: list[int], count: int, request: Dataset, sop_instance_uid: str
) -> Dataset:
    dataset.remove_private_tags()
    extraction = Dataset()
    setattr(extraction, _SOURCE, dataset.SOPInstanceUID)
    extraction.update(request)
    dataset.FrameExtractionSequence = [*dataset.get("FrameExtractionSequence", ()), extraction]
    dataset.SOPInstanceUID = sop_instance_uid
    dataset.NumberOfFrames = len(kept)
    if groups := dataset.get(_PER_FRAME):
        if len(groups) != count:
            raise InvalidInstance(f"{len(groups)} functional groups for {count} frames")
        setattr(dataset, _PER_FRAME, [groups[index] for index in kept])
    pointers: Any = dataset.get("FrameIncrementPointer") or ()
    for tag in pointers if isinstance(pointers, MultiValue | list) else [pointers]:
        values = dataset[tag].value if tag in dataset else None
        if isinstance(values, MultiValue) and len(values) == count:
            dataset[tag].value = [values[index] for index in kept]
    return dataset


def _encoded(dataset: Dataset) -> bytes:
    stream = DicomIO(io.BytesIO())
    stream.is_little_endian, stream.is_implicit_VR = True, False
    dataset.file_meta.clear()
    write_dataset(stream, dataset)
    made: bytes = stream.parent.getvalue()  # type: ignore[union-attr]
    return made


def _pixels(native: IO[bytes], header: Header, kept: list[int]) -> tuple[str, int, Iterator[bytes]]:
    """(VR, length, bytes) of the frames taken."""
    table = offsets(header, b"")
    if table is None or header.pixel_data is None:
        raise NotAcceptable("it has no frames")
    if table.frame_bits % 8:
        raise NotAcceptable("its frames do not begin on a byte")
    size = table.frame_bits // 8

    def pieces() -> Iterator[bytes]:
        for index in kept:
            ((at, length),) = table.ranges(index)
            native.seek(at)
            for begin in range(0, length, _CHUNK_BYTES):
                yield native.read(min(_CHUNK_BYTES, length - begin))

    return header.pixel_data.vr, size * len(kept), pieces()
