"""Frames and instances in the transfer syntax that a client names (PS3.18 8.7.3; WEB-02, WEB-05, WADO-03)."""

import io

import imagecodecs
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from tests.dicomweb.conftest import open_site
from tests.dicomweb.test_rendered import INSTANCE, RAMP, get, image, parts_of

J = "1.2.840.10008.1.2.4."
TYPES = {
    "image/jpeg": J + "70",
    "image/jls": J + "80",
    "image/jp2": J + "90",
    "image/jphc": J + "201",
    "image/jxl": J + "110",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
}
OCTETS = "application/octet-stream"


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    with open_site(tmp_path_factory.mktemp("site")) as site:
        site.put(image())
        stream = bytes(imagecodecs.jpeg2k_encode(RAMP, level=0, codecformat="j2k"))
        site.put(
            image(
                transfer_syntax_uid=J + "90",
                SOPInstanceUID="2.25.4711.1.1.2",
                PixelData=encapsulate([stream]),
            )
        )
        yield site


def frames_of(site, path, accept):
    answer = get(site, path, accept)
    assert answer.status_code == 200, answer.text
    return parts_of(answer)


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("end", ["1", "2"])
def test_a_frame_is_encoded_for_who_names_a_codec(stored, media_type, end):
    path = INSTANCE[:-1] + end + "/frames/1"
    accept = f'multipart/related; type="{media_type}"'
    ((headers, body),) = frames_of(stored, path, accept)
    assert headers["Content-Type"] == f"{media_type}; transfer-syntax={TYPES[media_type]}"
    decode = {
        "image/jpeg": imagecodecs.jpeg8_decode,
        "image/jls": imagecodecs.jpegls_decode,
        "image/jp2": imagecodecs.jpeg2k_decode,
        "image/jphc": imagecodecs.jpeg2k_decode,
        "image/jxl": imagecodecs.jpegxl_decode,
    }.get(media_type)
    if decode:
        assert (decode(body) == RAMP).all()


def test_octets_in_a_named_transfer_syntax_are_that_codestream(stored):
    accept = f'multipart/related; type="{OCTETS}"; transfer-syntax={J}201'
    ((headers, body),) = frames_of(stored, INSTANCE + "/frames/1", accept)
    assert headers["Content-Type"] == f"{OCTETS}; transfer-syntax={J}201"
    assert (imagecodecs.jpeg2k_decode(body) == RAMP).all()


def test_nothing_is_made_worse_unasked_and_nonsense_is_406(stored):
    path = INSTANCE + "/frames/1"
    for syntax in (J + "91", J + "50", J + "102", "1.2.3"):
        accept = f'multipart/related; type="{OCTETS}"; transfer-syntax={syntax}'
        # Native pixels are the same under every name that they may have.
        status = 200 if syntax == "1.2.3" else 406
        assert get(stored, path, accept).status_code == status, syntax
    ((_, body),) = frames_of(
        stored, path, f'multipart/related; type="{OCTETS}"; transfer-syntax=*'
    )
    assert body == RAMP.tobytes()


@pytest.mark.parametrize("syntax", TYPES.values())
def test_an_instance_is_written_in_the_transfer_syntax_asked_for(stored, syntax):
    answer = get(stored, INSTANCE, f"application/dicom; transfer-syntax={syntax}")
    dataset = pydicom.dcmread(io.BytesIO(answer.content))
    assert dataset.file_meta.TransferSyntaxUID == syntax
    assert dataset.SOPInstanceUID == "2.25.4711.1.1.1"
    assert len(list(generate_frames(dataset.PixelData, number_of_frames=1))) == 1
    if syntax == "1.2.840.10008.1.2.5":
        assert (dataset.pixel_array == RAMP).all()
