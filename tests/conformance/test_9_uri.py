"""PS3.18 9 URI Service (WADO-URI)."""

import io

import pytest
from PIL import Image
from pydicom import dcmread
from tests.conformance.data import EXPLICIT, SIDE, fresh
from tests.conformance.target import media_type_of

SECTION = "9 URI service (WADO-URI)"


@pytest.fixture
def ask(target):
    def send(instance, accept="*/*", **parameters):
        query = {
            "requestType": "WADO",
            "studyUID": instance.study,
            "seriesUID": instance.series,
            "objectUID": instance.sop,
        } | parameters
        query = {name: value for name, value in query.items() if value is not None}
        return target.get(target.wado_uri, accept, params=query)

    return send


def picture(response):
    return Image.open(io.BytesIO(response.content))


def test_without_a_content_type_it_is_a_jpeg(target, ct, ask):
    # WADO-08, 9.3
    answer = target.expect(ask(ct[0]), 200)
    assert media_type_of(answer) == "image/jpeg"
    assert picture(answer).size == (SIDE, SIDE)


def test_an_instance_comes_as_dicom(target, ct, ask):
    # 9.4
    answer = target.expect(ask(ct[0], contentType="application/dicom"), 200)
    assert media_type_of(answer) == "application/dicom"
    dataset = dcmread(io.BytesIO(answer.content))
    assert dataset.SOPInstanceUID == ct[0].sop
    assert dataset.PixelData == ct[0].dataset.PixelData


def test_an_implicit_vr_instance_comes_explicit(target, implicit, ask):
    # WEB-01
    answer = target.expect(ask(implicit, contentType="application/dicom"), 200)
    assert dcmread(io.BytesIO(answer.content)).file_meta.TransferSyntaxUID == EXPLICIT


def test_the_transfer_syntax_can_be_chosen(target, rle, ask):
    # 9.4.1.2.1
    answer = ask(rle, contentType="application/dicom", transferSyntax=EXPLICIT)
    dataset = dcmread(io.BytesIO(target.expect(answer, 200).content))
    assert dataset.file_meta.TransferSyntaxUID == EXPLICIT


def test_a_list_of_content_types_is_taken_in_its_order(target, ct, ask):
    # 9.1.2.2.1
    answer = target.expect(ask(ct[0], contentType="image/png,image/jpeg"), 200)
    assert media_type_of(answer) == "image/png"


def test_a_frame_is_chosen_by_its_number(target, frames, ask):
    # 9.5.1.2.1
    shades = []
    for number in (1, 2, 3):
        answer = target.expect(ask(frames, contentType="image/png", frameNumber=number), 200)
        shades.append(picture(answer).convert("L").getpixel((2, 2)))
    assert shades == sorted(set(shades))
    assert ask(frames, contentType="image/png", frameNumber=4).status_code in (400, 404)


def test_rows_and_columns_say_how_large_the_picture_is(target, ct, ask):
    # 9.5.1.2.4
    answer = target.expect(ask(ct[0], contentType="image/png", rows="16", columns="16"), 200)
    assert picture(answer).size == (16, 16)


def test_a_region_is_cut_out(target, ct, ask):
    # 9.5.1.2.5: fractions of width and height
    answer = target.expect(ask(ct[0], contentType="image/png", region="0,0,0.5,0.25"), 200)
    width, height = picture(answer).size
    assert width == 2 * height


def test_a_window_is_applied(target, ct, ask):
    # 9.5.1.2.3
    answer = ask(ct[0], contentType="image/png", windowCenter="256", windowWidth="2")
    image = picture(target.expect(answer, 200)).convert("L")
    assert image.getpixel((0, 0)) == 0
    assert image.getpixel((SIDE - 1, SIDE - 1)) >= 253


def test_half_a_window_is_400(ct, ask):
    # 9.5.1.2.3: both or none
    assert ask(ct[0], contentType="image/png", windowCenter="40").status_code == 400


def test_quality_is_taken(target, ct, ask):
    # 9.5.1.2.2
    sizes = []
    for quality in (10, 95):
        answer = target.expect(ask(ct[0], contentType="image/jpeg", imageQuality=str(quality)), 200)
        assert media_type_of(answer) == "image/jpeg"
        sizes.append(len(answer.content))
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize(
    "parameters",
    [{"requestType": "XXX"}, {"requestType": None}, {"objectUID": None}, {"frameNumber": "no"}],
    ids=["unknown requestType", "no requestType", "no objectUID", "frameNumber=no"],
)
def test_what_is_wrong_is_400(ct, ask, parameters):
    # 9.1.2.1
    assert ask(ct[0], **parameters).status_code == 400


def test_what_does_not_exist_is_404(ct, ask):
    assert ask(ct[0], objectUID=fresh()).status_code == 404
