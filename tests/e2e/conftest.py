"""A live server with the built app, and a real Chromium whose every error fails the test."""

import os
import tempfile
from pathlib import Path

import pytest
from tests import dcmtk
from tests.e2e.screens import Screens
from tests.live import live_server

REPOSITORY = Path(__file__).resolve().parents[2]
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser(chromium):
    if not (REPOSITORY / "viewer" / "dist" / "index.html").exists():
        pytest.skip("the browser app is not built: python3 make.py setup")
    return chromium


@pytest.fixture(scope="session")
def artefacts():
    """The folder for screenshots: HOUNSFIELD_ARTEFACTS, or a temporary one."""
    told = os.environ.get("HOUNSFIELD_ARTEFACTS")
    folder = Path(told) if told else Path(tempfile.gettempdir()) / "hounsfield-artefacts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, browser):
    """One server a module, empty at first; the browser is asked for first, as it may be missing."""
    # a study counts as complete soon, so that the tests can wait for it
    environment = {"HOUNSFIELD_COMPLETE_AFTER_S": "2"}
    with live_server(tmp_path_factory.mktemp("data"), environment=environment) as running:
        yield running


@pytest.fixture
def open_app(browser, server, artefacts):
    """Open the app in a window of its own; errors of the page fail the test at its end."""
    windows = []

    def start(viewport=WIDE, path="/", **options):
        context = browser.new_context(
            viewport=viewport, service_workers="block", accept_downloads=True, **options
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        screens = Screens(page, server, artefacts)
        windows.append((context, screens))
        page.goto(server.http + path)
        return screens

    yield start
    errors = [error for _, screens in windows for error in screens.errors]
    for context, _ in windows:
        context.close()
    assert not errors, errors


@pytest.fixture
def wide(open_app):
    return open_app()


@pytest.fixture
def phone(open_app):
    return open_app(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)


def _series(corpus_files, part, count):
    found = [f for f in corpus_files if part in str(f.path) and f.expect == "accept"]
    assert len(found) >= count
    step = len(found) // count  # slices through the whole body, not the empty air at one end
    return [f.path for f in found[::step][:count]]


@pytest.fixture(scope="session")
def mr_slices(corpus_files):
    """Slices of a real brain."""
    return _series(corpus_files, "SAG-anon", 24)


@pytest.fixture(scope="session")
def ct_slices(corpus_files):
    """Slices of a real head."""
    return _series(corpus_files, "dcm_qa_ct", 20)


@pytest.fixture(scope="session")
def storescu():
    path = dcmtk.program("storescu")
    if path is None:
        pytest.skip("DCMTK's storescu is not installed")
    return path
