"""WADO-07: application/zip, with a DICOMDIR for who asks for it."""

import io
import zipfile

import pytest
from pydicom import dcmread
from tests.dicomweb.conftest import open_site
from tests.dicomweb.wado.test_wado import FILES

STUDY = "/dicom-web/studies/1.2.7"
ZIP = {"Accept": "application/zip"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with open_site(tmp_path_factory.mktemp("zipped")) as opened:
        for data in FILES.values():
            opened.put(data)
        yield opened


def archive_of(answer) -> zipfile.ZipFile:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    opened = zipfile.ZipFile(io.BytesIO(answer.content))
    assert opened.testzip() is None
    return opened


@pytest.mark.parametrize(
    ("resource", "count"),
    [("", 13), ("/series/1.2.7.1", 1), ("/series/1.2.7.1/instances/1.2.7.1.1", 1)],
)
def test_a_zip_has_the_files_as_they_were_received(site, resource, count):
    # WADO-07
    archive = archive_of(site.client.get(STUDY + resource, headers=ZIP))
    contents = {archive.read(name) for name in archive.namelist()}
    assert len(contents) == count
    assert contents <= set(FILES.values())


def test_a_directory_leads_to_every_file_that_can_be_in_one(site):
    # WADO-07, FILE-05
    archive = archive_of(site.client.get(f"{STUDY}?dicomdir=true", headers=ZIP))
    directory = dcmread(io.BytesIO(archive.read("DICOMDIR")))
    records = directory.DirectoryRecordSequence
    leaves = [record for record in records if "ReferencedFileID" in record]
    assert len(leaves) == 12
    names = set(archive.namelist()) - {"DICOMDIR"}
    for record in leaves:
        parts = record.ReferencedFileID
        assert len(parts) <= 8
        assert all(0 < len(part) <= 8 and part.isalnum() and part.upper() == part for part in parts)
        data = archive.read("/".join(parts))
        names.discard("/".join(parts))
        file = dcmread(io.BytesIO(data), stop_before_pixels=True)
        assert data in FILES.values()
        assert record.ReferencedSOPInstanceUIDInFile == file.SOPInstanceUID
        assert record.ReferencedTransferSyntaxUIDInFile == file.file_meta.TransferSyntaxUID
    (left,) = names  # a report without a title has no record, but it is there (PS3.3 F.5.24)
    assert archive.read(left) == FILES[12]
    kinds = [record.DirectoryRecordType for record in records]
    assert kinds.count("PATIENT") == kinds.count("STUDY") == 1
    assert kinds.count("SERIES") == 12


def test_a_directory_is_asked_for_clearly(site):
    # WEB-12
    assert site.client.get(f"{STUDY}?dicomdir=perhaps", headers=ZIP).status_code == 400
