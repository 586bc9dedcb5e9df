"""The connection doctor in the app: every association, live, with what to do about those that fail."""

import subprocess

import pytest
from tests import dcmtk
from tests.e2e.conftest import PHONE
from tests.e2e.screens import LIVE_S, send
from tests.e2e.storage_peer import free_port, introduce
from tests.live import live_server


@pytest.fixture(scope="module")
def server(tmp_path_factory, browser):
    """A server of its own: other tests call it too, and here every call counts."""
    with live_server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def echoscu():
    path = dcmtk.program("echoscu")
    if path is None:
        pytest.skip("DCMTK's echoscu is not installed")
    return path


def echo(server, echoscu, *options):
    """Call the server as a peer would; return whether it answered."""
    command = [echoscu, *options, server.host, str(server.port)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def rows(app, text):
    return app.page.locator('[data-testid="row"]').filter(has_text=text)


def test_the_page_says_what_it_is_for_before_anybody_called(open_app):
    app = open_app(path="/network/connections")
    app("no-connections").wait_for()
    app.shoot("connections-empty-wide")


def test_an_association_appears_while_one_looks_on(open_app, server, storescu, ct_slices):
    app = open_app(path="/network/connections")
    app("no-connections").wait_for()
    send(server, ct_slices[:3])
    row = rows(app, "STORESCU")
    row.first.wait_for(timeout=LIVE_S * 1000)
    app.until(
        "it was released", lambda: row.first.get_by_test_id("outcome").inner_text() == "released"
    )
    assert "3 \N{MULTIPLICATION SIGN} C-STORE" in row.first.inner_text()
    row.first.click()
    detail = app("association-detail")
    detail.wait_for()
    assert "CT Image" in detail.get_by_test_id("contexts").inner_text()
    assert "0000" in detail.get_by_test_id("messages").inner_text()
    app.shoot("connections-detail-wide")


def test_a_failed_association_says_what_to_change(open_app, server, echoscu):
    assert not echo(server, echoscu, "-aet", "CT2", "-aec", "HOUNSFIELD_OLD")
    app = open_app(path="/network/connections")
    row = rows(app, "HOUNSFIELD_OLD")
    row.first.wait_for(timeout=LIVE_S * 1000)
    assert row.first.get_by_test_id("outcome").inner_text() == "rejected"
    finding = row.first.get_by_test_id("finding").inner_text()
    assert "CT2" in finding
    assert "HOUNSFIELD_OLD" in finding
    assert server.ae_title in finding
    app.shoot("connections-failed-wide")


def test_failures_are_filtered_and_the_filter_stays_in_the_address(open_app, server, echoscu):
    assert echo(server, echoscu, "-aet", "GOOD", "-aec", server.ae_title)
    app = open_app(path="/network/connections")
    rows(app, "GOOD").first.wait_for(timeout=LIVE_S * 1000)
    app("outcome-filter").get_by_text("Failed").click()
    app.until("only failures", lambda: rows(app, "GOOD").count() == 0)
    assert rows(app, "HOUNSFIELD_OLD").count() == 1
    assert "outcome=failed" in app.page.url
    app.page.reload()
    rows(app, "HOUNSFIELD_OLD").first.wait_for()
    assert rows(app, "GOOD").count() == 0
    app("connections-search").fill("NOBODY")
    app("no-connections").wait_for()
    app.page.get_by_role("button", name="Show all").click()
    rows(app, "GOOD").first.wait_for()


def test_many_associations_are_read_page_by_page(open_app, server, echoscu):
    # strangers leave a bounded number of records a minute, known peers all of theirs
    introduce(server, "often", free_port(), "OFTEN")
    for _ in range(60):
        assert echo(server, echoscu, "-aet", "OFTEN", "-aec", server.ae_title)
    app = open_app(path="/network/connections?q=OFTEN")
    rows(app, "OFTEN").first.wait_for(timeout=LIVE_S * 1000)
    app.until("a page", lambda: rows(app, "OFTEN").count() == 50)
    app("older").click()
    app.until("all of them", lambda: rows(app, "OFTEN").count() == 60)
    assert app("older").count() == 0
    assert echo(server, echoscu, "-aet", "OFTEN", "-aec", server.ae_title)
    app.until("a new one, and none lost", lambda: rows(app, "OFTEN").count() == 61, LIVE_S)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_connections_fit_a_phone(open_app, server, scheme):
    app = open_app(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    app.page.evaluate("scheme => localStorage.setItem('hounsfield.colours', scheme)", scheme)
    app.page.goto(f"{server.http}/network/connections")
    rows(app, "OFTEN").first.wait_for()
    rows(app, "OFTEN").first.get_by_text("Details").tap()
    app("association-detail").wait_for()
    assert app.overflow() <= 0
    app.shoot(f"connections-detail-phone-{scheme}")
