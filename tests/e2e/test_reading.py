"""The main job: a scanner sends a study, and a person finds it and reads it in the browser."""

import numpy as np
import pydicom
import pytest
from tests.e2e import pictures
from tests.e2e.screens import LIVE_S, send


@pytest.fixture(scope="module")
def study(ct_slices):
    return str(pydicom.dcmread(ct_slices[0], stop_before_pixels=True).StudyInstanceUID)


@pytest.fixture
def sent(server, storescu, ct_slices):
    send(server, ct_slices)


@pytest.fixture
def image(wide, sent, study):
    """The study open, its first image on the screen."""
    wide.page.goto(f"{wide.server.http}/studies/{study}")
    wide.wait_for_image()
    return wide


def test_a_study_appears_while_it_is_sent_and_can_be_read(wide, server, storescu, ct_slices, study):
    wide("empty-archive").wait_for()
    wide.shoot("empty-wide")

    send(server, ct_slices[:3])
    wide.until("the study is in the list", lambda: wide.row(study).count() == 1, LIVE_S)
    wide.until("three images", lambda: wide.count_of(study) == 3, LIVE_S)
    assert wide.row(study).get_by_test_id("status-receiving").count() == 1
    wide.shoot("list-receiving-wide")
    send(server, ct_slices[3:])
    wide.until("all images", lambda: wide.count_of(study) == len(ct_slices), LIVE_S)
    wide.row(study).get_by_test_id("status-complete").wait_for()
    wide.shoot("list-complete-wide")

    wide.row(study).click()
    wide.wait_for_image()
    assert wide.state("numberOfImages") == len(ct_slices)
    first = wide.picture()
    assert pictures.lit_share(first) > 0.1, "the image is dark"
    wide.shoot("study-wide")

    wide.page.mouse.wheel(0, 100)
    wide.until("the wheel scrolls", lambda: wide.state("imageIndex") not in (None, 0))
    index = wide.wait_for_image()
    assert pictures.difference(first, wide.picture()) > 0.2
    assert f"Image {index + 1} / {len(ct_slices)}" in wide("image-number").inner_text()


def test_the_pixels_shown_are_the_pixels_sent(image, ct_slices):
    """The picture follows the stored values through the window, not just any brightness."""
    path = next(
        p for p in ct_slices
        if pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID
        == image.state("sopInstanceUid")
    )  # fmt: skip
    dataset = pydicom.dcmread(path)
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    image.run("view.fit")
    voi = image.state("voi")
    low = voi["center"] - voi["width"] / 2
    wanted = np.clip((values - low) / voi["width"], 0, 1) * 255
    shown = pictures.grey(image.picture())
    # the image fills the shorter side of the viewport, in its middle
    side = min(shown.shape)
    top, left = (shown.shape[0] - side) // 2, (shown.shape[1] - side) // 2
    steps = np.linspace(0.3, 0.7, 40)
    rows, columns = dataset.Rows, dataset.Columns
    a = shown[np.ix_((top + steps * side).astype(int), (left + steps * side).astype(int))]
    b = wanted[np.ix_((steps * rows).astype(int), (steps * columns).astype(int))]
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9


def test_dragging_changes_the_window_and_the_brightness(image):
    before, dark = image.state("voi"), pictures.brightness(image.picture())
    image.run("tool.window")
    image.drag(0, -120)
    image.until("the level has changed", lambda: image.state("voi") != before)
    image.page.wait_for_timeout(200)
    assert abs(pictures.brightness(image.picture()) - dark) > 2
    assert f"W {round(image.state('voi')['width'])}" in image("view-texts").inner_text()


def test_a_preset_sets_the_window_by_key_and_by_menu(image):
    image.page.keyboard.press("2")
    image.until("a preset window", lambda: image.state("voi") is not None)
    first = image.state("voi")
    image("window-menu").click()
    image("preset-1").click()
    image.until("the other preset", lambda: image.state("voi") != first)


def test_turning_flipping_inverting_and_zooming_show(image):
    before = image.picture()
    for command, name, value in (
        ("view.invert", "isInverted", True),
        ("view.rotate-right", "rotation", 90),
        ("view.flip-horizontal", "isFlippedHorizontally", True),
    ):
        image.run(command)
        image.until(command, lambda n=name, v=value: image.state(n) == v)
    scale = image.state("scale")
    image.run("view.zoom-in")
    image.until("zoomed", lambda: image.state("scale") > scale)
    image.page.wait_for_timeout(200)
    assert pictures.difference(before, image.picture()) > 5
    image.shoot("study-turned-wide")
    image.run("view.reset")
    image.until("as before", lambda: image.state("rotation") == 0 and not image.state("isInverted"))


def test_cine_plays_and_stops(image):
    image.run("cine.toggle")
    image.until("it plays", lambda: image.state("isPlaying"))
    first = image.state("imageIndex")
    image.until("it moves", lambda: image.state("imageIndex") != first)
    image.run("cine.toggle")
    image.until("it stops", lambda: not image.state("isPlaying"))


def test_every_image_of_the_stack_loads(image, ct_slices):
    image.until("all loaded", lambda: image.state("numberOfImagesLoaded") == len(ct_slices))
    assert image.state("numberOfImagesFailed") == 0
    image.run("image.last")
    assert image.wait_for_image() == len(ct_slices) - 1


def test_a_study_can_be_left_and_opened_again_and_again(image, study):
    for _ in range(3):
        image.run("study.back")
        image("study-list").wait_for()
        image.row(study).click()
        image.wait_for_image()
        assert pictures.lit_share(image.picture()) > 0.1


def test_the_list_is_searched_and_filtered(wide, server, storescu, sent, mr_slices, study):
    send(server, mr_slices[:2])
    head = pydicom.dcmread(mr_slices[0], stop_before_pixels=True)
    other = str(head.StudyInstanceUID)
    wide.until("both studies", lambda: wide.row(study).count() and wide.row(other).count())
    wide("search").fill(str(head.PatientID))
    wide.until("only the one", lambda: wide.row(study).count() == 0)
    assert wide.row(other).count() == 1
    assert "q=" in wide.page.url
    wide("search").fill("nobody is called like this")
    wide("no-match").wait_for()
    wide.shoot("list-no-match-wide")
    wide("clear-filters").click()
    wide.until("both again", lambda: wide.row(study).count() and wide.row(other).count())
