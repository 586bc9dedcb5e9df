"""Where pictures are drawn: what is large in a process that may take so much and no more."""

import pytest
from tests.instances import part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.forms.rendering import PictureRequest, Rendering
from hounsfield.pixels.pool import DecodePool
from hounsfield.pixels.rendering.geometry import Viewport


@pytest.fixture
def drawn(archive):
    """Draw the one image in a viewport; return how many processes there are to draw in."""
    stored = archive.put(part10()).identity
    uids = stored.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid
    (location,) = archive.retrieve.locate(LOCAL, *uids)
    with DecodePool() as pool:

        def draw(side):
            viewport = Viewport(side, side, 0, 0, 4, 4)
            rendering = Rendering(archive.retrieve, pool)
            assert rendering.picture(location, 0, PictureRequest(viewport=viewport))
            return len(pool.processes())

        yield draw


def test_a_small_picture_is_drawn_at_once_and_a_large_one_in_a_process_of_its_own(drawn):
    assert drawn(512) == 0
    assert drawn(4096) == 1
