"""Several series side by side: layouts, dragging, enlarging, and an address that brings it all back."""

import pydicom
import pytest
from tests.e2e import pictures
from tests.e2e.screens import send

SERIES = 5
LARGE = {"width": 1600, "height": 1000}
STUDY = "2.25.7201"
UIDS = [f"{STUDY}.{number}" for number in range(1, SERIES + 1)]
TITLES = ["Head", "Lung window", "Bone", "Venous phase", "Late phase"]


@pytest.fixture(scope="module")
def study(server, storescu, ct_slices, tmp_path_factory):
    """A study of five CT series of four slices each, each from another part of the head."""
    folder = tmp_path_factory.mktemp("grid")
    for number, (uid, title) in enumerate(zip(UIDS, TITLES, strict=True)):
        for place, path in enumerate(ct_slices[number * 4 : number * 4 + 4]):
            dataset = pydicom.dcmread(path)
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY, uid
            dataset.SOPInstanceUID = f"{uid}.{place + 1}"
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.SeriesNumber, dataset.SeriesDescription = number + 1, title
            dataset.save_as(folder / f"{number}-{place}.dcm")
    send(server, sorted(folder.iterdir()))
    return STUDY


@pytest.fixture
def large(open_app, study):
    app = open_app(LARGE)
    app.page.goto(f"{app.server.http}/studies/{study}")
    app.wait_for_image()
    return app


def cells(app):
    return app.page.locator('[data-testid="cell"]:visible')


def text_of(app, place):
    return cells(app).nth(place).inner_text()


def wait_for_cells(app, titles):
    """Wait until the cells show the images of these series, None an empty cell, in this order."""

    def is_shown():
        if cells(app).count() != len(titles):
            return False
        texts = cells(app).all_inner_texts()
        return all(
            (title in text and "Image " in text) if title else "Drag a series here" in text
            for title, text in zip(titles, texts, strict=True)
        )

    app.until(f"{titles} are shown", is_shown)
    app.page.wait_for_timeout(300)


def card(app, title):
    return app.page.get_by_test_id("series-card").filter(has_text=title)


def choose_layout(app, name):
    app("layout-menu").click()
    app(name).click()
    app("layout-choice").wait_for(state="hidden")


def lit(app, place):
    return pictures.lit_share(cells(app).nth(place).screenshot())


def active(app):
    """Return the places of the cells that have the frame."""
    return [n for n in range(cells(app).count())
            if cells(app).nth(n).get_by_test_id("active-frame").count()]  # fmt: skip


def test_a_layout_is_chosen_and_its_cells_show_the_series_that_follow(large):
    choose_layout(large, "layout-2x2")
    wait_for_cells(large, TITLES[:4])
    assert all(lit(large, place) > 0.05 for place in range(4))
    assert active(large) == [0]
    assert "layout=2x2" in large.page.url
    large.shoot("grid-2x2-wide")
    large("layout-menu").click()
    large("any-2x4").hover()
    large.until("the size aimed at", lambda: large("layout-aimed").inner_text() == "2 \u00d7 4")
    large.shoot("grid-layout-menu-wide")
    large("any-2x4").click()
    wait_for_cells(large, [*TITLES, None, None, None])
    large.shoot("grid-2x4-empty-wide")
    assert large.overflow() <= 0


def test_a_series_is_dragged_into_a_cell_with_the_mouse(large):
    choose_layout(large, "layout-1x2")
    wait_for_cells(large, TITLES[:2])
    before = cells(large).nth(1).screenshot()
    card(large, "Late phase").hover()
    large.page.mouse.down()
    cells(large).nth(1).hover()
    cells(large).nth(1).hover(position={"x": 200, "y": 200})
    large.until("the cell shows that it takes it", large.page.locator("[data-over]").count)
    large.shoot("grid-dragging-wide")
    large.page.mouse.up()
    wait_for_cells(large, [TITLES[0], "Late phase"])
    assert active(large) == [1]
    assert large.page.locator("[data-over]").count() == 0
    assert pictures.difference(before, cells(large).nth(1).screenshot()) > 0.5
    assert large.state("seriesInstanceUid") == UIDS[4]
    large.shoot("grid-1x2-wide")


def test_enter_on_a_series_puts_it_into_the_active_cell(large):
    choose_layout(large, "layout-2x1")
    wait_for_cells(large, TITLES[:2])
    large.page.keyboard.press("Escape")
    large.page.evaluate("document.activeElement.blur()")
    large.page.keyboard.press("g")
    large.until("the second cell is active", lambda: active(large) == [1])
    card(large, "Bone").focus()
    large.page.keyboard.press("Enter")
    wait_for_cells(large, [TITLES[0], "Bone"])


def test_the_active_cell_takes_keys_and_toolbar_and_the_others_stay(large):
    choose_layout(large, "layout-1x2")
    wait_for_cells(large, TITLES[:2])
    cells(large).nth(1).get_by_test_id("viewport").click()
    large.until("the second cell is active", lambda: active(large) == [1])
    first, second = (cells(large).nth(n).get_by_test_id("viewport").screenshot() for n in (0, 1))
    large.page.keyboard.press("2")
    large.until("the lung window", lambda: "W 1500  L -600" in text_of(large, 1))
    assert "L -600" not in text_of(large, 0)
    large.page.locator('[data-command="view.invert"]').click()
    large.until("inverted", lambda: "inverted" in text_of(large, 1))
    assert "inverted" not in text_of(large, 0)
    large.page.wait_for_timeout(300)
    after = [cells(large).nth(n).get_by_test_id("viewport").screenshot() for n in (0, 1)]
    assert pictures.difference(first, after[0]) < 0.1
    assert pictures.difference(second, after[1]) > 20


def test_a_double_click_enlarges_a_cell_and_brings_the_others_back(large):
    choose_layout(large, "layout-2x2")
    wait_for_cells(large, TITLES[:4])
    small = cells(large).nth(2).bounding_box()
    cells(large).nth(2).get_by_test_id("viewport").dblclick()
    wait_for_cells(large, TITLES[2:3])
    big = cells(large).nth(0).bounding_box()
    assert big["width"] > 1.9 * small["width"]
    assert big["height"] > 1.9 * small["height"]
    assert lit(large, 0) > 0.05
    large.until("the address", lambda: "enlarged=1" in large.page.url)
    large.shoot("grid-enlarged-wide")
    large.page.reload()
    wait_for_cells(large, TITLES[2:3])
    cells(large).nth(0).get_by_test_id("viewport").dblclick()
    wait_for_cells(large, TITLES[:4])
    large.until("all are drawn", lambda: all(lit(large, place) > 0.05 for place in range(4)))


def test_the_address_brings_layout_series_images_and_active_cell_back(large):
    choose_layout(large, "layout-2x3")
    wait_for_cells(large, [*TITLES, None])
    cells(large).nth(1).get_by_test_id("viewport").click()
    large.until("the second cell is active", lambda: active(large) == [1])
    large.page.keyboard.press("End")
    large.until("the last image", lambda: "Image 4 / 4" in text_of(large, 1))
    card(large, "Venous phase").drag_to(cells(large).nth(5))
    wait_for_cells(large, [*TITLES, "Venous phase"])
    large.until("the address", lambda: "image=4" in large.page.url and "cell=6" in large.page.url)
    address = large.page.url
    large.page.reload()
    wait_for_cells(large, [*TITLES, "Venous phase"])
    assert active(large) == [5]
    assert "Image 4 / 4" in text_of(large, 1)
    assert "Image 3 / 4" in text_of(large, 0)
    large.page.wait_for_timeout(800)  # longer than it takes to write the address
    assert large.page.url == address
    large.shoot("grid-2x3-wide")


def test_a_failure_in_a_small_cell_fits_and_is_tried_again_in_that_cell(large, study):
    frames = f"**/series/{UIDS[1]}/**/frames/*"
    large.page.route(frames, lambda route: route.fulfill(status=500))
    series = "&".join(f"series={uid}" for uid in UIDS)
    large.page.goto(f"{large.server.http}/studies/{study}?layout=4x4&{series}")
    failure = cells(large).nth(1).get_by_test_id("image-failure")
    failure.wait_for()
    others = [TITLES[0], *TITLES[2:]]
    large.until("the others are shown", lambda: all(
        title in "".join(cells(large).all_inner_texts()) for title in others
    ))  # fmt: skip
    large.shoot("grid-4x4-failure-wide")
    outer, inner = cells(large).nth(1).bounding_box(), failure.bounding_box()
    assert inner["y"] >= outer["y"]
    assert inner["y"] + inner["height"] <= outer["y"] + outer["height"] + 1
    large.page.unroute(frames)
    failure.get_by_role("button", name="Try again").focus()
    large.page.keyboard.press("Enter")
    wait_for_cells(large, [*TITLES, *[None] * 11])
    assert active(large) == [1]
    # what the browser and Cornerstone's loader tell of the answers that were made to fail
    known = ("status of 500", "XMLHttpRequest")
    large.errors[:] = [one for one in large.errors if not any(word in one for word in known)]


def test_all_cells_are_drawn_with_one_context_and_given_back(large, study):
    counted = """() => {
        window.contexts = [];
        const original = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            const context = original.call(this, kind, ...rest);
            if (/webgl/.test(kind) && context && !window.contexts.includes(context)) {
                window.contexts.push(context);
            }
            return context;
        };
    }"""
    large.page.evaluate(counted)
    large.run("study.back")
    large.row(study).wait_for()
    for _ in range(3):
        large.row(study).click()
        large.wait_for_image()
        choose_layout(large, "any-4x4")
        wait_for_cells(large, [*TITLES, *[None] * 11])
        large.run("study.back")
        large.row(study).wait_for()
    # one of a visit, and one in which Cornerstone looks what the graphics processor can do
    assert large.page.evaluate("window.contexts.length") <= 3 + 1
    large.row(study).click()
    large.wait_for_image()
    assert lit(large, 0) > 0.05


def test_the_window_menu_lists_what_the_image_proposes_and_presets_with_their_keys(large):
    large("window-menu").click()
    large("preset-4").wait_for()
    assert [large(f"preset-{n}").inner_text().split() for n in (2, 4)] == [
        ["Lung", "W", "1500", "L", "-600", "2"],
        ["Brain", "W", "80", "L", "40", "4"],
    ]
    assert large("window-of-image").count() >= 1
    assert large("menu-invert").inner_text().split() == ["Invert", "I"]
    assert large("menu-reset").inner_text().split() == ["Reset", "R"]
    large.page.wait_for_timeout(300)  # it fades in
    large.shoot("grid-window-menu-wide")
    large.page.keyboard.press("Escape")


def test_reset_by_key_takes_window_inversion_and_colours_back(large):
    # corner texts aside: the middle of the picture
    before, voi = large.picture(), large.state("voi")
    large.page.keyboard.press("3")
    large.page.keyboard.press("i")
    large("colour-menu").click()
    large("colour-hot-iron").click()
    large.until("the colours", lambda: large.state("colourMap") == "hot-iron")
    large.until("inverted", lambda: large.state("isInverted"))
    large.page.keyboard.press("r")
    large.until("reset", lambda: large.state("colourMap") == "grey")
    assert not large.state("isInverted")
    assert large.state("voi") == voi
    large.until("as before", lambda: pictures.difference(before, large.picture()) < 0.2)


def test_a_colour_map_colours_each_image_and_turns_over_with_it(large):
    large.page.keyboard.press("3")  # a wide window, so that there are shades
    large.until("the bone window", lambda: large.state("voi")["width"] == 2500)
    large.page.wait_for_timeout(300)
    grey = large.picture()
    assert pictures.colourfulness(grey) < 1
    large("colour-menu").click()
    large("colour-hot-iron").wait_for()
    large.page.wait_for_timeout(300)  # it fades in
    large.shoot("grid-colour-menu-wide")
    large("colour-hot-iron").click()
    large.until("coloured", lambda: pictures.colourfulness(large.picture()) > 5)
    assert "Hot iron" in large("view-texts").inner_text()
    large.shoot("grid-hot-iron-wide")
    plain = pictures.brightness(large.picture())
    large.page.keyboard.press("i")
    large.until("the dark is bright", lambda: pictures.brightness(large.picture()) > plain + 20)
    large.page.keyboard.press("ArrowDown")
    large.wait_for_image()
    assert large.state("isInverted")
    assert large.state("colourMap") == "hot-iron"
    assert pictures.brightness(large.picture()) > plain + 20
    large.page.keyboard.press("i")
    large.until("back", lambda: abs(pictures.brightness(large.picture()) - plain) < 15)
    assert pictures.colourfulness(large.picture()) > 5


def test_a_phone_has_one_cell_or_two_one_above_the_other(phone, study):
    phone.page.goto(f"{phone.server.http}/studies/{study}")
    phone.wait_for_image()
    phone("layout-menu").tap()
    phone("layout-2x1").wait_for()
    assert phone("layout-1x2").count() == 0
    assert phone("any-4x4").count() == 0
    phone.page.wait_for_timeout(300)
    phone.shoot("grid-layout-menu-phone")
    phone("layout-2x1").tap()
    wait_for_cells(phone, TITLES[:2])
    boxes = [cells(phone).nth(place).bounding_box() for place in (0, 1)]
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]
    assert phone.overflow() <= 0
    cells(phone).nth(1).get_by_test_id("viewport").tap()
    phone.until("the second cell is active", lambda: active(phone) == [1])
    card(phone, "Bone").tap()
    wait_for_cells(phone, [TITLES[0], "Bone"])
    assert all(lit(phone, place) > 0.05 for place in (0, 1))
    phone.shoot("grid-2x1-phone")
    phone.page.locator('[data-command="layout.enlarge"]').tap()
    wait_for_cells(phone, ["Bone"])
    phone.shoot("grid-enlarged-phone")


def test_a_link_to_a_large_layout_shows_its_active_cell_on_a_phone(phone, study):
    series = "&".join(f"series={uid}" for uid in UIDS[:4])
    phone.page.goto(f"{phone.server.http}/studies/{study}?layout=2x2&{series}&cell=4")
    wait_for_cells(phone, [TITLES[0], TITLES[3]])
    assert active(phone) == [1]
