"""WADO-URI (PS3.18 chapter 9)."""

import io

import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from tests.dicomweb.conftest import open_site
from tests.dicomweb.wado.test_wado import FILES, PIXELS

DICOM = "application/dicom"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with open_site(tmp_path_factory.mktemp("uri")) as opened:
        for data in FILES.values():
            opened.put(data)
        yield opened


def ask(site, number: int, path: str = "/wado", **parameters):
    uids = {"studyUID": "1.2.7", "seriesUID": f"1.2.7.{number}", "objectUID": f"1.2.7.{number}.1"}
    query = {"requestType": "WADO"} | uids | parameters
    wanted = {name: value for name, value in query.items() if value is not None}
    return site.client.get(path, params=wanted)


@pytest.mark.parametrize("path", ["/wado", "/dicom-web/wado"])
def test_an_instance_comes_as_the_file_that_it_is(site, path):
    # WADO-08
    answer = ask(site, 1, path, contentType=DICOM)
    assert answer.content == FILES[1]
    assert answer.headers["content-type"].startswith(DICOM)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_without_a_transfer_syntax_it_is_explicit_little_endian(site, number):
    # WADO-08, WEB-01, WEB-02
    made = dcmread(io.BytesIO(ask(site, number, contentType=DICOM).content))
    assert made.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert made.PixelData == PIXELS


def test_a_transfer_syntax_can_be_chosen(site):
    # WADO-08
    stored = ask(site, 4, contentType=DICOM, transferSyntax=RLELossless)
    assert stored.content == FILES[4]


def test_a_picture_is_what_there_is_without_a_content_type(site):
    # WADO-08
    answer = ask(site, 1)
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (4, 4)
    png = ask(site, 13, contentType="image/png", frameNumber="3", rows="2", columns="2")
    assert Image.open(io.BytesIO(png.content)).size == (2, 2)


def test_what_has_not_changed_is_304(site):
    # WEB-11
    for parameters in ({}, {"contentType": DICOM}):
        first = ask(site, 1, **parameters)
        again = site.client.get(str(first.url), headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"requestType": "XXX"}, 400), ({"requestType": None}, 400), ({"studyUID": None}, 400),
        ({"objectUID": ""}, 400), ({"frameNumber": "no"}, 400), ({"frameNumber": "1,2"}, 400),
        ({"windowCenter": "4"}, 400), ({"rows": "-1"}, 400), ({"region": "1,1,0,0"}, 400),
        ({"region": "a"}, 400), ({"presentationUID": "1.2"}, 400), ({"anonymize": "yes"}, 406),
        ({"contentType": "video/ogg"}, 406), ({"objectUID": "9.9"}, 404), ({"frameNumber": "2"}, 404),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_own_status(site, parameters, status):
    # WEB-09, WADO-08
    answer = ask(site, 1, **parameters)
    assert answer.status_code == status
    assert answer.json()["detail"]
