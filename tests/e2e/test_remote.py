"""Another archive in the app: searched, marked with what is here already, and pulled from."""

import httpx
import pydicom
import pytest
from tests.e2e.conftest import PHONE
from tests.e2e.screens import LIVE_S, send
from tests.e2e.storage_peer import free_port, introduce
from tests.live import live_server

PULL_S = 60


@pytest.fixture(scope="module")
def far(tmp_path_factory, browser, storescu, ct_slices, mr_slices):
    """A second archive with two studies, of which ours has a part of one."""
    del browser
    with live_server(tmp_path_factory.mktemp("far"), ae_title="FAR") as running:
        send(running, ct_slices[:6])
        send(running, mr_slices[:4])
        yield running


@pytest.fixture(scope="module")
def known(server, far, ct_slices):
    """The name of the second archive here; the two know each other."""
    send(server, ct_slices[:2])
    introduce(server, "far", far.port, "FAR")
    introduce(far, "near", server.port, server.ae_title)
    return "far"


def uid_of(path):
    return str(pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID)


def row_of(app, path):
    return app.page.locator(f'[data-testid="row"][data-key="{uid_of(path)}"]')


def number_here(server, path):
    answer = httpx.get(f"{server.http}/api/studies/{uid_of(path)}", timeout=10)
    return answer.json()["NumberOfStudyRelatedInstances"] if answer.status_code == 200 else 0


def search(app, **fields):
    app("remote-search").wait_for()
    for field, text in fields.items():
        app(f"remote-{field}").fill(text)
    app("remote-search").click()


def test_without_an_archive_the_page_says_how_to_get_one(open_app, server):
    app = open_app(path="/network/remote")
    app("no-archive").wait_for()
    app.shoot("remote-empty-wide")


def test_a_study_is_found_and_pulled(open_app, server, known, ct_slices, mr_slices):
    app = open_app(path="/network/remote")
    search(app)  # there is one archive only, so it is chosen
    row_of(app, mr_slices[0]).wait_for()
    assert "2 of 6 here" in row_of(app, ct_slices[0]).inner_text()
    here = row_of(app, mr_slices[0]).get_by_test_id("here")
    assert "not here" in here.inner_text()
    app.shoot("remote-results-wide")
    row_of(app, mr_slices[0]).get_by_test_id("pull").click()
    app.until("all of it is here", lambda: "4 of 4" in " ".join(here.all_inner_texts()), PULL_S)
    assert number_here(server, mr_slices[0]) == 4
    app.shoot("remote-pulled-wide")
    app.page.goto(f"{server.http}/network/jobs")
    app.page.get_by_text("done").first.wait_for()


def test_one_series_is_pulled_of_a_study(open_app, server, known, ct_slices):
    app = open_app(path=f"/network/remote?peer={known}")
    search(app, id=str(pydicom.dcmread(ct_slices[0], stop_before_pixels=True).PatientID))
    row = row_of(app, ct_slices[0])
    row.click()
    app("remote-series").wait_for()
    app("pick-series").first.check()
    app.shoot("remote-series-wide")
    app("pull-series").click()
    app.until("the series is here", lambda: number_here(server, ct_slices[0]) == 6, PULL_S)


def test_a_search_without_a_match_says_how_peers_match(open_app, known):
    app = open_app(path=f"/network/remote?peer={known}")
    search(app, name="Nobody^Of^This^Name")
    app("no-remote-match").wait_for()


def test_an_archive_that_does_not_answer_is_explained(open_app, server, known):
    introduce(server, "dead", free_port(), "DEAD")
    app = open_app(path="/network/remote?peer=dead&asked=1")
    app("remote-failure").wait_for()
    assert "dead" in app("remote-failure").inner_text()
    assert server.ae_title in app("our-address").inner_text()
    app.shoot("remote-failure-wide")
    # the browser reports each answer that is no success; here it is what is tested
    app.errors[:] = [error for error in app.errors if "Failed to load resource" not in error]


def test_the_page_fits_a_phone(open_app, known, ct_slices):
    app = open_app(PHONE, f"/network/remote?peer={known}", has_touch=True, is_mobile=True)
    search(app)
    row_of(app, ct_slices[0]).wait_for(timeout=LIVE_S * 1000)
    row_of(app, ct_slices[0]).scroll_into_view_if_needed()
    assert app.overflow() <= 0
    app.shoot("remote-phone")
