"""PS3.18 10.4 Retrieve: Rendered and Thumbnail Resources (10.4.1.1.3, .4) and 8.3.5 Rendering."""

import io

import pytest
from PIL import Image
from tests.conformance.data import PDF, SIDE
from tests.conformance.target import media_type_of, parts_of

SECTION = "10.4 Retrieve: rendered, thumbnail"


def show(target, path, accept="image/png", **parameters):
    answer = target.expect(target.get(path, accept, params=parameters or None), 200)
    assert media_type_of(answer) == accept
    return Image.open(io.BytesIO(answer.content))


def grey(picture, x, y):
    return picture.convert("L").getpixel((x, y))


def test_an_image_is_a_jpeg_where_nothing_else_is_asked_for(target, ct):
    # WADO-04
    for accept in ("*/*", None, "image/*"):
        answer = target.expect(target.get(ct[0].path + "/rendered", accept), 200)
        assert media_type_of(answer) == "image/jpeg"
        assert Image.open(io.BytesIO(answer.content)).size == (SIDE, SIDE)


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/gif"])
def test_a_single_frame_is_offered_in_the_required_types(target, ct, media_type):
    # WADO-04, table 8.7.4-1
    assert show(target, ct[0].path + "/rendered", media_type).size == (SIDE, SIDE)


def test_the_window_of_the_instance_is_used(target, ct):
    # WADO-04: a ramp from 0 to 1023 under a window of 1024 around 512
    picture = show(target, ct[0].path + "/rendered")
    assert grey(picture, 0, 0) <= 1
    assert abs(grey(picture, 0, SIDE // 2) - 128) <= 2
    assert grey(picture, SIDE - 1, SIDE - 1) >= 254


@pytest.mark.parametrize(
    ("window", "half"),
    [("256,512,linear", 255), ("512,512,linear-exact", 128), ("512,400,sigmoid", 128)],
)
def test_another_window_is_used_where_one_is_asked_for(target, ct, window, half):
    # WADO-04, 8.3.5.1.4; PS3.3 C.11.2.1
    picture = show(target, ct[0].path + "/rendered", window=window)
    assert grey(picture, 0, 0) <= 6
    assert abs(grey(picture, 0, SIDE // 2) - half) <= 2


@pytest.mark.parametrize("window", ["1", "a,b,linear", "1,0,linear", "1,2,cubic", "1,-5,sigmoid"])
def test_a_window_that_is_none_is_400(target, ct, window):
    # WEB-12
    answer = target.get(ct[0].path + "/rendered", "image/png", params={"window": window})
    if not target.is_ours and answer.status_code in (404, 405, 501):
        target.not_offered("rendered")
    assert answer.status_code == 400, answer.status_code


def test_a_viewport_keeps_the_shape_of_the_image(target, ct):
    # 8.3.5.1.3: scaled to fit, the aspect ratio stays
    picture = show(target, ct[0].path + "/rendered", viewport="64,16")
    assert picture.size == (16, 16)
    assert show(target, ct[0].path + "/rendered", viewport="64,64").size == (64, 64)


def test_a_viewport_may_show_a_part(target, ct):
    # 8.3.5.1.3: vw,vh,sx,sy,sw,sh: the lower half has the brighter pixels
    picture = show(target, ct[0].path + "/rendered", viewport="32,16,0,16,32,16")
    assert picture.size == (32, 16)
    assert grey(picture, 0, 0) > 120


def test_a_viewport_with_negative_sides_flips(target, ct):
    # 8.3.5.1.3: negative sw mirrors, negative sh turns upside down
    upright = show(target, ct[0].path + "/rendered")
    turned = show(target, ct[0].path + "/rendered", viewport="32,32,0,0,32,-32")
    assert abs(grey(turned, 0, 0) - grey(upright, 0, SIDE - 1)) <= 1


@pytest.mark.parametrize("viewport", ["1", "0,0", "-1,5", "a,b", "10,10,0,0,0,0"])
def test_a_viewport_that_is_none_is_400(target, ct, viewport):
    # WEB-12
    answer = target.get(ct[0].path + "/rendered", "image/png", params={"viewport": viewport})
    if not target.is_ours and answer.status_code in (404, 405, 501):
        target.not_offered("rendered")
    assert answer.status_code == 400, answer.status_code


def test_quality_is_from_1_to_100(target, ct):
    # WADO-04, 8.3.5.1.2
    path = ct[0].path + "/rendered"
    sizes = [
        len(target.expect(target.get(path, "image/jpeg", params={"quality": q}), 200).content)
        for q in (5, 95)
    ]
    assert sizes[0] < sizes[1]
    for quality in ("0", "101", "good"):
        answer = target.get(path, "image/jpeg", params={"quality": quality})
        assert answer.status_code == 400, quality


def test_annotations_are_drawn(target, ct):
    # WADO-04, 8.3.5.1.1
    path = ct[0].path + "/rendered"
    plain = show(target, path, viewport="256,256")
    for kind in ("patient", "technique", "patient,technique"):
        drawn = show(target, path, viewport="256,256", annotation=kind)
        assert drawn.convert("L").tobytes() != plain.convert("L").tobytes(), kind


@pytest.mark.parametrize("profile", ["no", "yes", "srgb", "adobergb", "rommrgb"])
def test_an_icc_profile_is_included_as_asked_for(target, jpeg, profile):
    # WADO-04, 8.3.5.1.5
    picture = show(target, jpeg.path + "/rendered", iccprofile=profile)
    if profile != "no" and not picture.info.get("icc_profile"):
        target.not_offered(f"iccprofile={profile}")
    assert bool(picture.info.get("icc_profile")) == (profile != "no")


def test_frames_are_rendered_one_by_one(target, frames):
    # WADO-04: table 10.4.1-3
    shades = [grey(show(target, f"{frames.path}/frames/{n}/rendered"), 2, 2) for n in (1, 2, 3)]
    assert shades == sorted(set(shades))
    assert target.get(f"{frames.path}/frames/4/rendered", "image/png").status_code == 404


def test_a_multi_frame_instance_is_an_animated_gif(target, frames):
    # WADO-04, table 8.7.4-1
    assert show(target, frames.path + "/rendered", "image/gif").n_frames == 3


def test_colours_are_those_of_the_image(target, jpeg):
    # WADO-04: a known JPEG, decoded here by another library
    found = show(target, jpeg.path + "/rendered").convert("RGB")
    from pydicom.pixels import pixel_array

    wanted = Image.fromarray(pixel_array(jpeg.dataset))
    for at in ((5, 5), (50, 50), (95, 25)):
        distance = [
            abs(a - b) for a, b in zip(found.getpixel(at), wanted.getpixel(at), strict=True)
        ]
        assert max(distance) <= 4, at


def test_a_study_and_a_series_are_rendered(target, ct):
    # WADO-04, table 10.4.1-3: one part for each instance
    for path, number in ((ct[0].study_path, 4), (ct[0].series_path, 3)):
        accept = 'multipart/related; type="image/jpeg"'
        parts = parts_of(target.expect(target.get(path + "/rendered", accept), 200))
        assert len(parts) == number
        assert all(part.body.startswith(b"\xff\xd8") for part in parts)


def test_an_encapsulated_pdf_is_that_pdf(target, pdf):
    # WADO-04; what OHIF asks for, without an Accept header
    for accept in (None, "*/*", "application/pdf"):
        answer = target.expect(target.get(pdf.path + "/rendered", accept), 200)
        assert media_type_of(answer) == "application/pdf"
        assert answer.content.rstrip(b"\n\0") == PDF.rstrip(b"\n")


@pytest.mark.parametrize("media_type", ["text/html", "text/plain"])
def test_a_structured_report_is_text(target, report, media_type):
    # WADO-04, table 8.7.4-1
    answer = target.expect(target.get(report.path + "/rendered", media_type), 200)
    assert media_type_of(answer) == media_type
    words = [item.TextValue for item in report.dataset.ContentSequence if "TextValue" in item]
    assert any(word[:20] in answer.text for word in words)


def test_what_cannot_be_rendered_so_is_406(target, ct):
    answer = target.get(ct[0].path + "/rendered", "application/pdf")
    if not target.is_ours and answer.status_code == 404:
        target.not_offered("rendered")
    assert answer.status_code == 406


@pytest.mark.parametrize("level", ["study_path", "series_path", "path"])
def test_there_is_a_thumbnail_at_each_level(target, ct, level):
    # WADO-06
    path = getattr(ct[0], level) + "/thumbnail"
    assert show(target, path, "image/jpeg", viewport="20,20").size == (20, 20)
    answer = target.expect(target.get(path, "*/*"), 200)
    assert media_type_of(answer).startswith("image/")


def test_a_frame_has_a_thumbnail(target, frames):
    # WADO-06
    path = frames.path + "/frames/2/thumbnail"
    Image.open(io.BytesIO(target.expect(target.get(path, "image/jpeg"), 200).content))


def test_documents_have_thumbnails(target, pdf, report):
    # WADO-06
    for instance in (pdf, report):
        answer = target.expect(target.get(instance.path + "/thumbnail", "*/*"), 200)
        assert media_type_of(answer).startswith("image/")
