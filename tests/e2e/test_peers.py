"""The peers in the app: trusted after a refused call, added, tested, deleted and brought back."""

import subprocess

import httpx
import pytest
from tests import dcmtk
from tests.e2e.conftest import PHONE
from tests.e2e.screens import LIVE_S
from tests.e2e.storage_peer import StoragePeer, free_port
from tests.live import live_server

VERY_WIDE = {"width": 2560, "height": 1440}


@pytest.fixture(scope="module")
def server(tmp_path_factory, browser):
    """A server that lets in known callers only."""
    with live_server(tmp_path_factory.mktemp("data"), peers="refuse") as running:
        yield running


@pytest.fixture(scope="module")
def storage_peer(tmp_path_factory):
    path = dcmtk.program("storescp")
    if path is None:
        pytest.skip("DCMTK's storescp is not installed")
    with StoragePeer(path, tmp_path_factory.mktemp("storescp")) as peer:
        yield peer


def store(server, storescu, file, ae_title):
    """Send a file as a scanner of an AE title; return whether it was taken."""
    command = [storescu, "-aet", ae_title, "-aec", server.ae_title, server.host, str(server.port)]
    done = subprocess.run([*command, str(file)], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def test_there_is_no_peer_at_first_and_the_page_says_what_one_is(open_app, server):
    for name, viewport in {"wide": None, "phone": PHONE}.items():
        app = open_app(path="/network/peers", **({"viewport": viewport} if viewport else {}))
        app("no-peers").wait_for()
        assert "A peer is another DICOM system" in app("no-peers").inner_text()
        for value in (server.ae_title, str(server.port)):
            assert value in app("our-address").inner_text()
        assert app.overflow() <= 0
        app.shoot(f"peers-empty-{name}")


# NET-02: unknown callers are refused, and become known with one click
def test_a_refused_caller_is_trusted_with_one_click(open_app, server, storescu, ct_slices):
    app = open_app(path="/network/peers")
    app("no-peers").wait_for()
    assert not store(server, storescu, ct_slices[0], "CT2")
    caller = app("caller").filter(has_text="CT2")
    caller.wait_for(timeout=LIVE_S * 1000)
    assert "was refused" in caller.inner_text()
    app.shoot("peers-caller-wide")
    caller.get_by_test_id("trust").click()
    app.until("the caller is a peer", lambda: app("row").filter(has_text="CT2").count() == 1)
    app.until("nobody is refused any more", lambda: app("caller").count() == 0)
    app("toast").filter(has_text="CT2 is trusted").wait_for()
    app.shoot("peers-trusted-wide")
    assert store(server, storescu, ct_slices[0], "CT2")
    seen = app("row").filter(has_text="CT2").get_by_test_id("last-seen")
    app.until("it was seen", lambda: "released" in " ".join(seen.all_inner_texts()), LIVE_S)


def test_trust_is_undone(open_app, server, storescu, ct_slices):
    app = open_app(path="/network/peers")
    assert not store(server, storescu, ct_slices[0], "CT_ODD")
    caller = app("caller").filter(has_text="CT_ODD")
    caller.wait_for(timeout=LIVE_S * 1000)
    caller.get_by_test_id("trust").click()
    app("row").filter(has_text="CT_ODD").wait_for()
    app("toast-action").click()
    app.until("it is no peer", lambda: app("row").filter(has_text="CT_ODD").count() == 0)
    assert not store(server, storescu, ct_slices[0], "CT_ODD")
    app("caller").filter(has_text="CT_ODD").wait_for(timeout=LIVE_S * 1000)
    app("caller").filter(has_text="CT_ODD").get_by_test_id("dismiss-caller").click()
    app.until("it is dismissed", lambda: app("caller").count() == 0)


def test_a_peer_is_added_tested_changed_deleted_and_brought_back(open_app, server, storage_peer):
    app = open_app(path="/network/peers")
    app("add-peer").wait_for()
    app.page.keyboard.press("n")
    app("peer-ae-title").fill("A_TITLE_THAT_IS_LONG")
    app.page.get_by_text("at most 16 characters; this one has 20").wait_for()
    app.shoot("peer-form-wide")
    app("peer-ae-title").fill("STORESCP")
    app("peer-host").fill("127.0.0.1")
    app("peer-port").fill(str(storage_peer.port))
    app("peer-name").fill("telerad")
    app("wants-availability").press(" ")
    app("wants-availability").scroll_into_view_if_needed()
    app.shoot("peer-form-told-wide")
    app("save-and-test").click()
    verdict = app("test-verdict")
    verdict.wait_for()
    assert verdict.get_attribute("data-tone") == "good", app("peer-test").inner_text()
    assert app("check-echo").get_attribute("data-state") == "ok"
    app.shoot("peer-test-good-wide")
    app.page.keyboard.press("Escape")

    row = app("row").filter(has_text="telerad")
    row.click()
    app("peer-port").fill(str(free_port()))
    app("save-and-test").click()
    verdict.wait_for()
    assert verdict.get_attribute("data-tone") == "bad"
    failed = app("check-connection")
    assert failed.get_attribute("data-state") == "failed"
    assert str(storage_peer.port) not in failed.inner_text()
    app.page.wait_for_timeout(400)  # the box slides in
    app.shoot("peer-test-failed-wide")
    app.page.keyboard.press("Escape")

    row.click()
    app("peer-name").fill("telerad 2")
    app("advanced").click()
    app("peer-certificate").fill("CN=telerad")
    app.page.get_by_text("This archive has no certificates").wait_for()
    app("peer-certificate").scroll_into_view_if_needed()
    app.page.wait_for_timeout(400)
    app.shoot("peer-form-tls-wide")
    app("save-peer").click()
    row = app("row").filter(has_text="telerad 2")
    row.get_by_text("TLS only").wait_for()
    app.shoot("peers-tls-only-wide")

    row.get_by_test_id("peer-menu").click()
    app("delete-peer").click()
    app.until("it is gone", lambda: row.count() == 0)
    app("toast-action").click()
    row.wait_for()
    peers = httpx.get(f"{server.http}/api/peers", timeout=10).json()["peers"]
    kept = [one for one in peers if one["name"] == "telerad 2"]
    assert [(one["ae_title"], one["certificate"]) for one in kept] == [("STORESCP", "CN=telerad")]


def test_every_place_is_reached_by_key(open_app):
    app = open_app()
    app("study-list").wait_for()
    places = {
        "Shift+P": ("/network/peers", "Peers"),
        "Shift+C": ("/network/connections", "Connections"),
        "Shift+A": ("/network/remote", "Remote archives"),
        "Shift+O": ("/network/routing", "Routing"),
        "Shift+J": ("/network/jobs", "Jobs"),
        "Shift+W": ("/worklist", "Worklist"),
    }
    for key, (path, heading) in places.items():
        app.page.keyboard.press(key)
        app.until(path, lambda path=path: app.page.url.partition("?")[0].endswith(path))
        app.page.get_by_role("heading", name=heading, exact=True).first.wait_for()
    app.page.keyboard.press("Shift+S")
    app("study-list").wait_for()
    # the network is found where one left it
    app("go-network").click()
    app.until("the jobs", lambda: app.page.url.endswith("/network/jobs"))


@pytest.mark.parametrize("page", ["peers", "connections", "remote"])
def test_pages_fill_a_very_wide_window_in_light_colours(open_app, server, page):
    app = open_app(VERY_WIDE)
    app.page.evaluate("localStorage.setItem('hounsfield.colours', 'light')")
    app.page.goto(f"{server.http}/network/{page}")
    app(f"{page}-page").wait_for()
    app.page.wait_for_timeout(500)
    assert app.overflow() <= 0
    app.shoot(f"{page}-2560-light")


def test_peers_are_managed_on_a_phone(open_app, server):
    app = open_app(PHONE, "/network/peers", has_touch=True, is_mobile=True, device_scale_factor=2)
    app("row").first.wait_for()
    assert app.overflow() <= 0
    app.shoot("peers-phone")
    app("add-peer").tap()
    app("peer-ae-title").fill("MR1")
    app("peer-host").fill("10.1.2.3")
    app.shoot("peer-form-phone")
    app("wants-availability").scroll_into_view_if_needed()
    app.page.evaluate("document.documentElement.dataset.mantineColorScheme = 'light'")
    app.shoot("peer-form-told-phone-light")
    app.page.evaluate("document.documentElement.dataset.mantineColorScheme = 'dark'")
    app("advanced").tap()
    app.page.wait_for_timeout(400)  # it unfolds
    app("peer-certificate").scroll_into_view_if_needed()
    app.shoot("peer-form-tls-phone")
    app("save-peer").tap()
    app("row").filter(has_text="MR1").wait_for()
    app("places").tap()
    app.page.get_by_role("link", name="Connections").tap()
    app("connections-page").wait_for()
    app.shoot("connections-phone")
    assert app.overflow() <= 0
