"""The study page around the image: series, DICOM attributes, downloads, two patients with one ID."""

import io
import zipfile

import pydicom
import pytest
from tests.e2e.screens import send


@pytest.fixture(scope="module")
def study(server, storescu, mr_slices):
    send(server, mr_slices[:6])
    return str(pydicom.dcmread(mr_slices[0], stop_before_pixels=True).StudyInstanceUID)


@pytest.fixture
def image(wide, study):
    wide.page.goto(f"{wide.server.http}/studies/{study}")
    wide.wait_for_image()
    return wide


def downloaded(app, command) -> bytes:
    with app.page.expect_download() as waiting:
        app.run(command)
    return waiting.value.path().read_bytes()


def test_the_attributes_of_the_image_shown_are_listed_and_searched(image, mr_slices):
    image.run("study.toggle-attributes")
    image("attributes").wait_for()
    image.until("attributes", lambda: image("attribute").count() > 20)
    image.shoot("attributes-wide")
    image("attribute-search").fill("Patient's Name")
    image.until("only what matches", lambda: 0 < image("attribute").count() < 5)
    name = str(pydicom.dcmread(mr_slices[0], stop_before_pixels=True).PatientName)
    assert name in image("attribute").first.inner_text()


def test_one_file_is_downloaded_as_it_came(image, server):
    uid = image.state("sopInstanceUid")
    stored = next(server.data.glob(f"objects/*/*/*/*/*/{uid}.*.dcm"))
    assert downloaded(image, "study.download-instance") == stored.read_bytes()


@pytest.mark.parametrize("command", ["study.download", "study.download-series"])
def test_a_study_and_a_series_are_downloaded_as_zip(image, server, study, command):
    with zipfile.ZipFile(io.BytesIO(downloaded(image, command))) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.endswith("/")]
        packed = {archive.read(name) for name in names}
    stored = {p.read_bytes() for p in server.data.glob(f"objects/*/*/*/{study}/*/*.dcm")}
    assert len(stored) == 6
    assert stored <= packed


def test_the_series_are_listed_with_pictures(image):
    card = image("series-card").first
    assert "6 images" in card.inner_text()
    picture = card.locator("img")
    image.until(
        "the thumbnail is there", lambda: picture.evaluate("e => e.complete && e.naturalWidth > 10")
    )


def test_two_people_with_one_patient_id_are_told_apart(
    open_app, server, storescu, mr_slices, tmp_path
):
    dataset = pydicom.dcmread(mr_slices[0])
    dataset.PatientName, dataset.PatientBirthDate = "Somebody^Else", "19311113"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.7001", "2.25.7002"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.7003"
    dataset.save_as(tmp_path / "other.dcm")
    send(server, [tmp_path / "other.dcm"])
    app = open_app()
    app.row("2.25.7001").wait_for()
    assert app.row("2.25.7001").get_by_test_id("identity-conflict").count() == 1
    app.shoot("list-identity-conflict-wide")
    app.row("2.25.7001").click()
    app.wait_for_image()
    app("same-patient-id").wait_for()
    app.shoot("study-identity-conflict-wide")
