"""OHIF, the viewer that most people put before a DICOMweb server: its prebuilt app in a real Chromium."""

import time

import numpy as np
import pydicom
import pytest
from tests.conformance import data
from tests.e2e import pictures
from tests.interop import ohif
from tests.interop.web import Dicomweb
from tests.live import live_server

pytestmark = pytest.mark.timeout(240)
WAIT_S = 60
SLICES = 16


@pytest.fixture(scope="module")
def slices(corpus_files):
    """Neighbouring slices of a real brain."""
    files = [f for f in corpus_files if "SAG-anon" in str(f.path) and f.expect == "accept"]
    numbered = {
        int(pydicom.dcmread(f.path, specific_tags=["InstanceNumber"]).InstanceNumber): f
        for f in files
    }
    middle = sorted(numbered)[len(numbered) // 2 :][:SLICES]
    return [numbered[number] for number in middle]


@pytest.fixture(scope="module")
def document():
    """A PDF too large to stand in the metadata."""
    made = data.pdf()
    dataset = made.dataset
    # whatever follows the end of a PDF's first revision is a comment
    content = data.PDF + b"%" + b"x" * 300_000 + b"\n"
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    dataset.EncapsulatedDocumentLength = len(content)
    return data.Instance(data.written(dataset), made.study, made.series, made.sop), content


@pytest.fixture(scope="module")
def address(tmp_path_factory, slices, document, chromium):
    """The app before a server of its own, in which there is nothing but these two studies.

    The browser is asked for first, as it may be missing.
    """
    app = ohif.app()
    with live_server(tmp_path_factory.mktemp("ohif")) as server:
        with Dicomweb(server.dicomweb) as web:
            assert web.store([f.read() for f in slices]).status_code == 200
            assert web.store([document[0].content]).status_code == 200
        with ohif.served(app, server) as base:
            yield base


class Viewer:
    """A window with OHIF, and all that it asked of the server."""

    def __init__(self, page, base):
        self.page, self.base = page, base
        self.errors, self.answers = [], {}
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", self._on_response)

    def _on_response(self, response):
        if "/dicom-web" in response.url:
            self.answers[response.url] = response.status

    def open(self, path):
        self.answers.clear()
        self.page.goto(self.base + path)

    def until(self, what, condition):
        deadline = time.monotonic() + WAIT_S
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{what}: {self.errors} {self.answers}"
            self.page.wait_for_timeout(100)
        return found

    def frames(self):
        return {url for url, status in self.answers.items() if "/frames/" in url and status == 200}

    def pictures(self):
        """What the viewports show."""
        panes = self.page.locator('[data-cy="viewport-pane"]').all()
        return [pane.screenshot() for pane in panes]


@pytest.fixture(scope="module")
def window(address, chromium):
    with chromium.new_context(viewport={"width": 1440, "height": 900}) as context:
        context.set_default_timeout(WAIT_S * 1000)
        context.add_init_script("""
            // no storage in the frame of a document
            window.localStorage?.setItem('shownTours', '["basicViewerTour"]');
        """)
        yield Viewer(context.new_page(), address)


@pytest.fixture
def viewer(window):
    yield window
    refused = {url: status for url, status in window.answers.items() if status >= 400}
    assert not refused
    assert not window.errors


def test_studies_are_listed_with_their_description(viewer, slices, document):
    # QIDO-05: OHIF sends includefield as a list with encoded commas
    viewer.open("/")
    header = pydicom.dcmread(slices[0].path, stop_before_pixels=True)
    for words in (header.StudyDescription, document[0].dataset.StudyDescription):
        viewer.page.get_by_text(str(words)).first.wait_for()
    row = viewer.page.locator("tr").filter(has_text=str(header.StudyDescription)).first
    assert header.Modality in row.inner_text()
    viewer.until("the number of images", lambda: str(len(slices)) in row.inner_text())


def test_every_image_of_a_series_is_shown(viewer, slices):
    # WADO-03, WEB-03
    viewer.open(f"/viewer?StudyInstanceUIDs={slices[0].study_instance_uid}")
    viewer.until("all frames", lambda: len(viewer.frames()) == len(slices))
    viewer.until("a picture", lambda: [p for p in viewer.pictures() if pictures.lit_share(p) > 0.1])
    (first,) = viewer.pictures()
    pane = viewer.page.locator('[data-cy="viewport-pane"]').bounding_box()
    viewer.page.mouse.move(pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2)
    for _ in range(len(slices) // 2):
        viewer.page.mouse.wheel(0, 100)
        viewer.page.wait_for_timeout(50)
    viewer.until("another picture", lambda: pictures.difference(first, viewer.pictures()[0]) > 0.5)


def test_a_series_is_cut_in_three_planes(viewer, slices):
    # MPR: needs geometry in the metadata and all frames
    uid = slices[0].study_instance_uid
    viewer.open(f"/viewer?StudyInstanceUIDs={uid}&hangingProtocolId=mpr")

    def three():
        shown = viewer.pictures()
        lit = [float((pictures.grey(picture) > 40).mean()) for picture in shown]
        return len(shown) == 3 and np.min(lit) > 0.01

    viewer.until("three planes", three)
    assert len(viewer.frames()) == len(slices)


def test_a_document_is_shown(viewer, document):
    # WADO-04: the PDF arrives to the byte
    instance, content = document
    viewer.open(f"/viewer?StudyInstanceUIDs={instance.study}")
    shown = viewer.page.locator('object[type="application/pdf"]')
    shown.wait_for(state="attached")
    assert viewer.page.get_by_text("No online PDF viewer").count() <= 1  # inside of <object>
    got = viewer.page.evaluate("""async () => {
        const place = document.querySelector('object[type="application/pdf"]').data;
        const bytes = new Uint8Array(await (await fetch(place)).arrayBuffer());
        return [bytes.length, new TextDecoder('latin1').decode(bytes.slice(0, 200))];
    }""")
    assert got[0] in (len(content), len(content) + 1)
    assert got[1] == content[:200].decode("latin-1")
