"""Copies in HTJ2K that are made in the background and given to browsers in the place of what is slow."""

from types import SimpleNamespace

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from tests.dicomweb.conftest import open_site
from tests.dicomweb.test_compressed_forms import OCTETS, frames_of
from tests.dicomweb.wado.test_rendered import INSTANCE, RAMP, image

from hounsfield.archive.forms.quick_copies import (
    QUICK_COPIES_JOB,
    MakeQuickCopies,
    Ordering,
    quick_copies,
)
from hounsfield.archive.retrieve import Retrieve
from hounsfield.index.site.jobs import Jobs, Selection

J = "1.2.840.10008.1.2.4."
ANY = f'multipart/related; type="{OCTETS}"; transfer-syntax=*'
FRAMES = [RAMP, RAMP[::-1].copy(), RAMP.T.copy()]
LIMIT = 1 << 26


def slow(frames=FRAMES, **changes):
    streams = [bytes(imagecodecs.jpeg2k_encode(one, level=0, codecformat="j2k")) for one in frames]
    options = {"NumberOfFrames": len(frames), "PixelData": encapsulate(streams), **changes}
    return image(transfer_syntax_uid=J + "90", **options)


def make(site, folder, *, is_stopped=False):
    told = []
    job = SimpleNamespace(
        study_instance_uid="2.25.4711.1",
        is_stopped=lambda: is_stopped,
        progress=lambda done, total: told.append((done, total)),
    )
    retrieve = Retrieve(site.store.storage, site.index, decoding=site.pool)
    return MakeQuickCopies(retrieve, quick_copies(folder, LIMIT))(job), told


@pytest.fixture
def site(tmp_path):
    with open_site(tmp_path, quick_copies_bytes=LIMIT) as opened:
        yield opened


def given(site, number=1, accept=ANY):
    ((headers, body),) = frames_of(site, f"{INSTANCE}/frames/{number}", accept)
    return headers["Content-Type"].rpartition("=")[2], body


def test_frames_come_from_the_copy_once_it_is_made_and_are_the_same(site, tmp_path):
    site.put(slow())
    assert given(site)[0] == J + "90"
    assert make(site, tmp_path) == ("1 of 1 instances copied", [(1, 1)])
    for number, frame in enumerate(FRAMES, 1):
        syntax, body = given(site, number)
        assert syntax == J + "201"
        assert (imagecodecs.jpeg2k_decode(body) == frame).all()
    # Who names the stored one gets that; whoever asks again has nothing to do.
    named = f'multipart/related; type="{OCTETS}"; transfer-syntax={J}90'
    assert given(site, 1, named)[0] == J + "90"
    assert make(site, tmp_path)[0] == "0 of 1 instances copied"


def test_nothing_depends_on_a_copy(site, tmp_path):
    site.put(slow())
    make(site, tmp_path)
    (copy,) = [path for path in (tmp_path / "derived" / "frames").rglob("*") if path.is_file()]
    whole = copy.read_bytes()
    for damaged in (b"", whole[:20], b"\xff" * 64):
        copy.write_bytes(damaged)
        assert given(site)[0] == J + "90"
    copy.unlink()
    assert given(site)[0] == J + "90"


def test_what_is_in_colour_damaged_or_quick_already_is_left_alone(site, tmp_path):
    colours = np.dstack([RAMP // 16] * 3).astype(np.uint8)
    stream = bytes(imagecodecs.jpeg2k_encode(colours, level=0, codecformat="j2k"))
    site.put(
        image(
            transfer_syntax_uid=J + "90",
            SamplesPerPixel=3,
            PhotometricInterpretation="YBR_RCT",
            PlanarConfiguration=0,
            BitsAllocated=8,
            BitsStored=8,
            HighBit=7,
            PixelData=encapsulate([stream]),
        )
    )
    site.put(slow([RAMP], SOPInstanceUID="2.25.4711.1.1.3", PixelData=encapsulate([b"broken"])))
    site.put(image(SOPInstanceUID="2.25.4711.1.1.4"))
    assert make(site, tmp_path)[0] == "0 of 2 instances copied"
    assert given(site)[0] == J + "90"


def test_a_job_that_is_stopped_stops(site, tmp_path):
    site.put(slow())
    assert make(site, tmp_path, is_stopped=True) == ("0 of 1 instances copied", [])


def test_copies_are_ordered_for_what_becomes_complete(site):
    ordering = Ordering(site.index)
    site.put(slow())
    assert not ordering.look_after()
    site.index.settle(0.0, 0.0)
    assert ordering.look_after() == 1
    assert not ordering.look_after()
    (job,) = Jobs(site.index.database).page(Selection((), QUICK_COPIES_JOB, "", ""), 10)
    assert job.study_instance_uid == "2.25.4711.1"


def test_without_room_for_them_there_are_none(tmp_path):
    assert quick_copies(tmp_path, 0) is None
    job = SimpleNamespace(study_instance_uid="1.2")
    assert "not wanted" in MakeQuickCopies(None, None)(job)
