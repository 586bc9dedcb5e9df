"""PS3.18 10.4 Retrieve: Frame Resources (10.4.1.1.6)."""

import pytest
from tests.conformance import data
from tests.conformance.target import OCTETS, media_type_of, parts_of

SECTION = "10.4 Retrieve: frames"
NATIVE = f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.1"
ANY = f"{OCTETS}; transfer-syntax=*"


def test_a_frame_is_its_pixels(target, ct, implicit):
    # WADO-03
    for instance in (ct[0], implicit):
        (part,) = parts_of(target.expect(target.get(instance.path + "/frames/1", OCTETS), 200))
        assert part.body == instance.dataset.PixelData


def test_frames_come_in_the_order_in_which_they_are_asked_for(target, frames):
    # WADO-01, WADO-03: 25 bytes each, none of them padded into the next
    answer = target.expect(target.get(frames.path + "/frames/3,1,2", OCTETS), 200)
    assert [part.body for part in parts_of(answer)] == [data.frame(n) for n in (3, 1, 2)]


def test_a_list_of_frames_may_have_encoded_commas(target, frames):
    # RFC 3986: dicomweb-client sends %2C
    answer = target.expect(target.get(frames.path + "/frames/1%2C2", OCTETS), 200)
    assert len(parts_of(answer)) == 2


def test_a_frame_that_the_instance_does_not_have_is_404(target, frames, ct):
    # WADO-01
    for path in (frames.path + "/frames/4", frames.path + "/frames/1,9", ct[0].path + "/frames/2"):
        assert target.get(path, OCTETS).status_code == 404, path


@pytest.mark.parametrize("frame_list", ["0", "-1", "a", "1,,2", "1,"])
def test_what_is_no_list_of_frames_is_an_error_of_the_client(target, frames, frame_list):
    assert target.get(f"{frames.path}/frames/{frame_list}", OCTETS).status_code in (400, 404)


def test_an_instance_without_pixels_has_no_frames(target, report):
    assert target.get(report.path + "/frames/1", OCTETS).status_code in (400, 404, 406, 409)


def test_a_compressed_frame_is_the_bare_codestream(target, jpeg):
    # WEB-05
    accept = 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'
    (part,) = parts_of(target.expect(target.get(jpeg.path + "/frames/1", accept), 200))
    assert part.media_type == "image/jpeg"
    assert part.body.startswith(b"\xff\xd8")
    assert part.body.rstrip(b"\0").endswith(b"\xff\xd9")
    assert part.body.rstrip(b"\0") in jpeg.dataset.PixelData


def test_a_compressed_frame_is_given_as_stored_to_who_takes_anything(target, jpeg):
    # WEB-02; what OHIF asks for
    (part,) = parts_of(target.expect(target.get(jpeg.path + "/frames/1", ANY), 200))
    assert part.body.rstrip(b"\0") in jpeg.dataset.PixelData
    assert part.transfer_syntax in ("", "1.2.840.10008.1.2.4.50")


def test_a_compressed_frame_is_decoded_for_who_wants_it_native(target, rle):
    # WEB-02: without a transfer syntax, Explicit VR Little Endian is the default
    decoded = rle.dataset.pixel_array
    for accept in (NATIVE, OCTETS):
        answer = target.expect(target.get(rle.path + "/frames/2,1", accept), 200)
        bodies = [part.body for part in parts_of(answer)]
        assert bodies == [decoded[1].tobytes(), decoded[0].tobytes()], accept


def test_frames_of_rle_can_be_had_in_their_media_type(target, rle):
    # WEB-05
    accept = 'multipart/related; type="image/dicom-rle"; transfer-syntax=1.2.840.10008.1.2.5'
    answer = target.expect(target.get(rle.path + "/frames/1,2", accept), 200)
    assert all(part.body in rle.dataset.PixelData for part in parts_of(answer))


def test_one_frame_may_come_as_a_single_part(target, ct):
    # 8.7.3
    answer = target.expect(
        target.get(ct[0].path + "/frames/1", "application/octet-stream"), 200, is_optional=True
    )
    assert media_type_of(answer) == "application/octet-stream"
    assert answer.content == ct[0].dataset.PixelData
