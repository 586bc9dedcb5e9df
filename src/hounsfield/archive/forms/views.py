"""Two views of what is stored: as it is corrected, and as it was received.

The received bytes are never rewritten. What was wrong in them, or was put right at another place, is an overlay that is
laid over them on the way out. Whoever adds or takes away a correction raises the revision of the series, so that what
was prepared from the old view is not used any more.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hounsfield.archive.forms.transcoding import transcode
from hounsfield.dicom.part10 import Buffer, file_meta, read_header
from hounsfield.dicom.reencoding import Changes, Write, reencode
from hounsfield.dicom.sequences import Encoding
from hounsfield.dicom.transfer_syntax import of
from hounsfield.index.records import InstanceLocation
from hounsfield.storage.files import StoredFile
from hounsfield.storage.objects import StoredObject


class View(StrEnum):
    """Which of the two is wanted."""

    CORRECTED = "corrected"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is different in the corrected data set of an instance, on its top level.

    Args:
        put: elements by tag as (VR, value in little endian, padded), text in the instance's own character set.
        drop: tags of elements that are not there.
    """

    put: Mapping[int, tuple[str, bytes]] = field(default_factory=dict)
    drop: frozenset[int] = frozenset()


# Gives the overlay of an instance, None where nothing was corrected.
Corrections = Callable[[InstanceLocation], Overlay | None]


def no_corrections(_location: InstanceLocation) -> Overlay | None:
    """The corrections of an archive in which there are none."""
    return None


def laid_over(stored: StoredObject, location: InstanceLocation, overlay: Overlay) -> StoredObject:
    """A file, gone when it is closed, that is the stored one with an overlay; its pixel data is the very same bytes.

    Raises InvalidInstance and NotAcceptable where the stored data set cannot be written again.
    """
    descriptor, path = tempfile.mkstemp(prefix="hounsfield-view-")
    try:
        with os.fdopen(descriptor, "wb") as file, stored.map() as buffer:
            file.write(
                file_meta(
                    sop_class_uid=location.sop_class_uid,
                    sop_instance_uid=location.sop_instance_uid,
                    transfer_syntax_uid=location.transfer_syntax_uid,
                )
            )
            changes = Changes(put=overlay.put, drop=overlay.drop)
            if of(location.transfer_syntax_uid).is_encapsulated:
                _before_pixels(buffer, changes, file.write)
            else:
                transcode(buffer, location.transfer_syntax_uid, file.write, changes)
        return StoredFile(path)
    finally:
        Path(path).unlink()


def _before_pixels(buffer: Buffer, changes: Changes, write: Write) -> None:
    """Write the data set with changes up to the compressed pixel data, and that and what follows as it is."""
    header = read_header(buffer, tags=frozenset())
    end = len(buffer)
    if header.pixel_data is not None:
        end = header.pixel_data.value_offset - (8 if header.is_implicit_vr else 12)
    encoding = Encoding(header.is_implicit_vr, header.is_big_endian)
    reencode(buffer, header.dataset_offset, end, encoding, encoding, write, changes)
    for at in range(end, len(buffer), 1 << 20):
        write(bytes(buffer[at : min(at + (1 << 20), len(buffer))]))
