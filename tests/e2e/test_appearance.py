"""The app at every width, in both colour schemes, by key alone and on a phone."""

import pydicom
import pytest
from tests.e2e import pictures
from tests.e2e.conftest import PHONE
from tests.e2e.screens import send

VERY_WIDE = {"width": 2560, "height": 1440}


@pytest.fixture(scope="module")
def study(server, storescu, mr_slices, ct_slices):
    send(server, mr_slices)
    send(server, ct_slices[:3])
    return str(pydicom.dcmread(mr_slices[0], stop_before_pixels=True).StudyInstanceUID)


@pytest.mark.parametrize("viewport", [PHONE, VERY_WIDE], ids=["390", "2560"])
def test_nothing_is_wider_than_the_window(open_app, study, viewport):
    app = open_app(viewport)
    app.row(study).wait_for()
    assert app.overflow() <= 0
    app.shoot(f"list-{viewport['width']}")
    app.page.goto(f"{app.server.http}/studies/{study}")
    app.wait_for_image()
    assert app.overflow() <= 0
    app.shoot(f"study-{viewport['width']}")


def test_the_whole_way_on_a_phone(phone, study):
    phone.row(study).tap()
    phone.wait_for_image()
    assert pictures.lit_share(phone.picture()) > 0.1
    phone.shoot("study-phone")
    first = phone.state("imageIndex")
    phone.run("tool.scroll")
    box = phone("viewport").bounding_box()
    swipe(phone, box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.7, -150)
    phone.until("a finger scrolls", lambda: phone.state("imageIndex") != first)
    phone.wait_for_image()
    phone.run("study.back")
    phone.row(study).wait_for()
    phone.shoot("list-phone")


def swipe(app, x, y, dy):
    """Move one finger, as the touch screen reports it."""
    session = app.page.context.new_cdp_session(app.page)

    def touch(kind, points):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", [{"x": x, "y": y}])
    for step in range(1, 9):
        touch("touchMove", [{"x": x, "y": y + dy * step / 8}])
        app.page.wait_for_timeout(16)
    touch("touchEnd", [])


def test_the_whole_way_by_key_alone(wide, study):
    keyboard = wide.page.keyboard
    wide.row(study).wait_for()
    keyboard.press("/")
    wide.until("the search has the focus", lambda: wide("search").evaluate(
        "box => box === document.activeElement || box.contains(document.activeElement)"
    ))  # fmt: skip
    name = str(pydicom.dcmread(_any(wide, study), stop_before_pixels=True).PatientID)
    keyboard.type(name)
    wide.until("one study", lambda: wide.page.get_by_test_id("study-row").count() == 1)
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    first = wide.wait_for_image()
    keyboard.press("ArrowDown")
    wide.until("the next image", lambda: wide.state("imageIndex") == first + 1)
    keyboard.press("End")
    wide.until(
        "the last image", lambda: wide.state("imageIndex") == wide.state("numberOfImages") - 1
    )
    keyboard.press("i")
    wide.until("inverted", lambda: wide.state("isInverted"))
    keyboard.press("?")
    wide("hotkey-list").wait_for()
    wide.shoot("keys-wide")
    keyboard.press("Escape")
    wide("hotkey-list").wait_for(state="hidden")
    keyboard.press("Backspace")
    wide.row(study).wait_for()


def _any(app, study):
    """Return the path of some stored instance of the study."""
    return next(app.server.data.glob(f"objects/*/*/*/{study}/*/*.dcm"))


def test_every_control_has_a_name_and_a_ring_when_focused(wide, study):
    wide.row(study).wait_for()
    nameless = wide.page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], input, select')]
            .filter(e => e.offsetParent && !(e.getAttribute('aria-label') || e.textContent.trim()
                || e.labels?.length || e.title || e.placeholder))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    rings = []
    for _ in range(6):
        wide.page.keyboard.press("Tab")
        rings.append(
            wide.page.evaluate(
                """() => {
                    const style = getComputedStyle(document.activeElement);
                    return document.activeElement !== document.body
                        && (style.outlineStyle !== 'none' || style.boxShadow !== 'none'
                            || style.borderColor !== '');
                }"""
            )
        )
    assert all(rings)


def test_light_colours_can_be_chosen_and_stay(wide, study):
    wide.row(study).wait_for()
    dark = pictures.grey(wide.page.screenshot()).mean()
    wide("colour-scheme").click()
    wide.until("light", lambda: pictures.grey(wide.page.screenshot()).mean() > 150)
    assert dark < 100
    wide.page.reload()
    wide.row(study).wait_for()
    assert pictures.grey(wide.page.screenshot()).mean() > 150
    wide.shoot("list-light-wide")
    wide.page.goto(f"{wide.server.http}/studies/{study}")
    wide.wait_for_image()
    wide.shoot("study-light-wide")


def test_an_address_of_nothing_says_so(wide, study):
    wide.page.goto(f"{wide.server.http}/studies/1.2.3.4.5")
    wide.page.get_by_text("study", exact=False).first.wait_for()
    wide.shoot("no-such-study-wide")
    # the server answers 404, which Chromium writes to the console
    wide.errors = [e for e in wide.errors if "404" not in e]
