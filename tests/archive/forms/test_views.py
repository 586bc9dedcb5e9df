"""The corrected view and the view as received, over an archive in which something is corrected."""

import io

import numpy as np
import orjson
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from tests.instances import ROOT, part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.forms.views import Overlay, View
from hounsfield.archive.retrieve import Retrieve

NAME, COMMENTS, DESCRIPTION = 0x00100010, 0x00104000, 0x00081030
PIXELS = np.arange(16, dtype="<u2").tobytes()
OVERLAY = Overlay(
    put={NAME: ("PN", b"Right^Name"), COMMENTS: ("LT", b"New!")}, drop=frozenset({DESCRIPTION})
)


def in_syntax(syntax: str) -> bytes:
    if syntax == DeflatedExplicitVRLittleEndian:
        return part10(transfer_syntax_uid=syntax, PixelData=PIXELS)
    made = dcmread(io.BytesIO(part10(PixelData=PIXELS)))
    if syntax == RLELossless:
        made.compress(RLELossless, generate_instance_uid=False)
    made.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        made.PixelData = np.frombuffer(PIXELS, "<u2").astype(">u2").tobytes()
    out = io.BytesIO()
    implicit = syntax == ImplicitVRLittleEndian
    dcmwrite(
        out,
        made,
        implicit_vr=implicit,
        little_endian=syntax != ExplicitVRBigEndian,
        force_encoding=True,
    )
    return out.getvalue()


def retrieving(archive, overlay=OVERLAY) -> Retrieve:
    return Retrieve(archive.storage, archive.index, lambda _location: overlay)


def whole(stored) -> bytes:
    with stored:
        return b"".join(stored.stream())


@pytest.mark.parametrize(
    "syntax",
    [
        "1.2.840.10008.1.2.1",
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
    ],
)
def test_an_overlay_changes_what_it_names_and_nothing_else(archive, syntax):
    data = in_syntax(syntax)
    archive.put(data)
    retrieve = retrieving(archive)
    location = retrieve.representative(LOCAL, f"{ROOT}.1")
    assert whole(retrieve.open_view(location, View.RECEIVED)) == data
    corrected = dcmread(io.BytesIO(whole(retrieve.open_view(location))))
    assert corrected.file_meta.TransferSyntaxUID == syntax
    assert corrected.PatientName == "Right^Name"
    assert corrected.PatientComments == "New!"
    assert "StudyDescription" not in corrected
    for element in dcmread(io.BytesIO(data)):
        if element.tag not in {NAME, DESCRIPTION}:
            assert corrected[element.tag].value == element.value, element


def test_metadata_is_of_the_view_that_is_asked_for(archive):
    archive.put(part10())
    retrieve = retrieving(archive)
    uids = (LOCAL, f"{ROOT}.1", f"{ROOT}.1.1")
    for _ in range(2):  # made, and as it is kept
        (corrected,) = map(orjson.loads, retrieve.series_datasets(*uids))
        assert corrected["00100010"]["Value"][0]["Alphabetic"] == "Right^Name"
        assert "00081030" not in corrected
        (received,) = map(orjson.loads, retrieve.series_datasets(*uids, View.RECEIVED))
        assert received["00100010"]["Value"][0]["Alphabetic"] == "Doe^Jane"
        assert received["00081030"]["Value"] == ["Head"]


def test_where_nothing_is_corrected_both_views_are_the_same_bytes(archive):
    data = part10()
    archive.put(data)
    retrieve = retrieving(archive, None)
    location = retrieve.representative(LOCAL, f"{ROOT}.1")
    assert not retrieve.is_corrected(location)
    assert whole(retrieve.open_view(location)) == data
    assert whole(retrieve.open_view(location, View.RECEIVED)) == data
