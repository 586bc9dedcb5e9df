"""Files come in by the browser too: dropped, chosen, in ZIPs, with failures and repeats told."""

import io
import zipfile

import pydicom
import pytest
from tests.e2e.screens import LIVE_S


@pytest.fixture(scope="module")
def study(mr_slices):
    return str(pydicom.dcmread(mr_slices[0], stop_before_pixels=True).StudyInstanceUID)


def finished(app, **counts):
    """Wait for the end of an upload and hold the panel to its counts."""
    app.until("the upload is over", lambda: "finished" in app("upload-title").inner_text())
    shown = app("upload-counts").inner_text()
    for number, words in counts.values():
        assert f"{number} {words}" in shown, shown


def test_dropped_files_are_stored_and_appear(wide, mr_slices, study):
    # the names never matter: no ending, and the same name twice
    files = [("IMAGE", p.read_bytes()) for p in mr_slices[:4]]
    wide.drop([*files, ("readme.txt", b"not an image"), ("broken.dcm", files[0][1][:700])])
    finished(wide, stored=(4, "stored"))
    wide.until("the study is there", lambda: wide.count_of(study) == 4, LIVE_S)
    panel = wide("upload-panel").inner_text()
    assert "2 not stored" in panel
    wide.page.get_by_text("2 not stored").click()
    problems = wide("upload-problems").inner_text()
    assert "readme.txt" in problems
    assert "broken.dcm" in problems
    wide.shoot("upload-problems-wide")


def test_what_is_there_already_is_recognised(wide, mr_slices, study):
    wide("file-input").set_input_files([str(p) for p in mr_slices[:4]])
    finished(wide, duplicate=(4, "already there"))
    assert wide.count_of(study) == 4
    wide.shoot("upload-duplicates-wide")


def test_a_zip_is_taken_apart(wide, mr_slices, study):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, path in enumerate(mr_slices[4:8]):
            archive.write(path, f"folder/sub/{number}")
    wide.drop([("images.zip", packed.getvalue())])
    finished(wide, stored=(4, "stored"))
    wide.until("eight images", lambda: wide.count_of(study) == 8, LIVE_S)


def test_a_folder_is_chosen(wide, mr_slices, study, tmp_path):
    folder = tmp_path / "disc" / "A"
    folder.mkdir(parents=True)
    for number, path in enumerate(mr_slices[8:12]):
        (folder / f"I{number}").write_bytes(path.read_bytes())
    wide("folder-input").set_input_files(tmp_path / "disc")
    finished(wide, stored=(4, "stored"))
    wide.until("twelve images", lambda: wide.count_of(study) == 12, LIVE_S)


def test_the_panel_goes_away_when_dismissed(wide, mr_slices):
    wide("file-input").set_input_files([str(mr_slices[0])])
    finished(wide)
    wide("upload-dismiss").click()
    wide.until("no panel", lambda: wide("upload-panel").count() == 0)
