"""Stored data sets in another transfer syntax, held to pydicom's reading of both."""

import io
import warnings

import pytest
from pydicom import dcmread
from tests.instances import part10

from hounsfield.archive.transcoding import alternatives, transcode
from hounsfield.dicom.part10 import file_meta, read_header
from hounsfield.errors import NotAcceptable

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG, JPEG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.50"


def read(dataset, syntax):
    meta = file_meta(sop_class_uid="1.2", sop_instance_uid="1.3", transfer_syntax_uid=syntax)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(io.BytesIO(meta + dataset), force=True)


@pytest.mark.parametrize("stored", [IMPLICIT, EXPLICIT, DEFLATED])
@pytest.mark.parametrize("wanted", [IMPLICIT, EXPLICIT])
def test_the_content_stays_the_same(stored, wanted):
    content = part10(
        transfer_syntax_uid=stored, PatientName="Müller^Jörg", PixelData=bytes(range(32))
    )
    dataset = content[read_header(content).dataset_offset :]
    if wanted == stored:
        assert wanted not in alternatives(stored)
        return
    written = transcode(dataset, stored, wanted)
    assert read(written, wanted) == read(dataset, stored)
    assert read(written, wanted).PixelData == bytes(range(32))


@pytest.mark.parametrize("stored", [BIG, JPEG])
def test_what_holds_its_pixels_otherwise_is_refused(stored):
    assert alternatives(stored) == ()
    with pytest.raises(NotAcceptable):
        transcode(b"", stored, EXPLICIT)


def test_what_cannot_be_read_is_refused():
    with pytest.raises(NotAcceptable):
        transcode(b"\1\2\3", EXPLICIT, IMPLICIT)
