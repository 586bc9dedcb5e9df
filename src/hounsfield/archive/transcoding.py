"""Writes stored data sets in another transfer syntax, for receivers that do not take the one they are stored in.

So far among those that hold pixels as they are in little endian: nothing of the content changes but how VRs and
lengths are written.
"""

import io

from pydicom import dcmread
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset

from hounsfield.dicom.part10 import file_meta
from hounsfield.dicom.transfer_syntax import DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from hounsfield.errors import NotAcceptable

_FROM = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED})
# What a receiver is offered besides the stored one, the best first.
ALTERNATIVES = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)


def alternatives(stored_transfer_syntax_uid: str) -> tuple[str, ...]:
    """The transfer syntaxes that what is stored in this one can be written in without loss."""
    if stored_transfer_syntax_uid not in _FROM:
        return ()
    return tuple(uid for uid in ALTERNATIVES if uid != stored_transfer_syntax_uid)


def transcode(dataset: bytes, stored_transfer_syntax_uid: str, wanted: str) -> bytes:
    """A bare data set in the wanted transfer syntax; raises NotAcceptable where it cannot be had."""
    if wanted not in alternatives(stored_transfer_syntax_uid):
        raise NotAcceptable(f"{stored_transfer_syntax_uid} is not written in {wanted}")
    prefix = file_meta(
        sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=stored_transfer_syntax_uid
    )
    try:
        read = dcmread(io.BytesIO(prefix + dataset), force=True)
        stream = DicomIO(io.BytesIO())
        stream.is_little_endian, stream.is_implicit_VR = True, wanted == IMPLICIT_LITTLE
        write_dataset(stream, read)
    except Exception as problem:
        raise NotAcceptable(f"it cannot be written in {wanted}: {problem}") from problem
    written: bytes = stream.parent.getvalue()  # type: ignore[union-attr]
    if not written:
        raise NotAcceptable("there is nothing in it that can be read")
    return written
