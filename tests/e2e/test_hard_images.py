"""Images that are no ordinary ones: damaged, of one single value, out of reach, of two names."""

import numpy as np
import pydicom
import pytest
from tests.e2e.screens import LIVE_S, send

STUDIES = {"short": "2.25.7101", "one-value": "2.25.7102"}
NAMES = "Yamada^Tarou=山田^太郎=やまだ^たろう"


@pytest.fixture(scope="module")
def hard(server, storescu, mr_slices, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hard")
    for name, uid in STUDIES.items():
        dataset = pydicom.dcmread(mr_slices[0])
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid, f"{uid}.1"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{uid}.2"
        dataset.PatientID, dataset.SpecificCharacterSet = name, "ISO_IR 192"
        dataset.PatientName = NAMES
        for keyword in ("WindowCenter", "WindowWidth", "VOILUTSequence"):
            dataset.pop(keyword, None)
        if name == "short":
            dataset.PixelData = dataset.PixelData[: len(dataset.PixelData) // 4 * 2]
        else:
            dataset.PixelData = np.full(dataset.pixel_array.shape, 700, "<u2").tobytes()
        dataset.save_as(folder / f"{name}.dcm")
    send(server, sorted(folder.iterdir()))


def test_an_image_with_too_few_pixels_is_called_damaged_and_not_drawn_black(wide, hard):
    wide.page.goto(f"{wide.server.http}/studies/{STUDIES['short']}")
    wide("image-failure").wait_for()
    assert "damaged" in wide("image-failure").inner_text()
    assert wide.state("shownImageIndex") is None
    wide.shoot("study-damaged-wide")
    # the archive refuses to make a picture of it for the list of series, which the browser tells
    wide.errors[:] = [error for error in wide.errors if "status of 4" not in error]


def test_an_image_of_one_single_value_is_shown(wide, hard):
    wide.page.goto(f"{wide.server.http}/studies/{STUDIES['one-value']}")
    wide.wait_for_image()
    wide.run("view.reset")
    wide.run("window.of-file")
    assert wide("image-failure").count() == 0


def test_a_name_is_shown_in_its_own_script_too(wide, hard):
    row = wide.row(STUDIES["one-value"])
    row.wait_for()
    assert "Yamada, Tarou" in row.inner_text()
    assert "山田 太郎" in row.inner_text()
    wide.shoot("list-names-wide")
    row.click()
    wide.wait_for_image()
    assert "山田 太郎" in wide("study-header").get_by_test_id("other-names").inner_text()


def test_images_come_by_themselves_once_the_archive_answers_again(wide, hard):
    frames = "**/frames/*"
    wide.page.route(frames, lambda route: route.abort("connectionrefused"))
    wide.page.goto(f"{wide.server.http}/studies/{STUDIES['one-value']}")
    wide("image-failure").wait_for()
    assert "does not answer" in wide("image-failure").inner_text()
    wide.page.unroute(frames)
    wide.until("the image is there", lambda: wide.state("shownImageIndex") == 0, 2 * LIVE_S)
    assert wide("image-failure").count() == 0
    # the browser and Cornerstone's loader each tell of the requests that failed
    known = ("ERR_CONNECTION_REFUSED", "XMLHttpRequest")
    wide.errors[:] = [one for one in wide.errors if not any(word in one for word in known)]


def test_the_page_says_that_it_opens_a_study_on_a_slow_line(wide, hard):
    held = []

    def hold(route) -> None:
        held.append(route)

    wide.page.route("**/assets/StudyPage-*.js", hold)
    wide.row(STUDIES["one-value"]).click()
    wide("page-waiting").wait_for()
    wide.until("the page is asked for", lambda: held)
    for route in held:
        route.continue_()
    wide.wait_for_image()
