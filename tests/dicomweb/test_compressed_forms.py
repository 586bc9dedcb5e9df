"""Frames and instances in the transfer syntax that a client names (PS3.18 8.7.3; WEB-02, WEB-05, WADO-03)."""

import io

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from tests.dicomweb.conftest import open_site
from tests.dicomweb.wado.test_rendered import INSTANCE, RAMP, get, image, parts_of

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
    ((_, body),) = frames_of(stored, path, f'multipart/related; type="{OCTETS}"; transfer-syntax=*')
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


def colours(stream, photometric):
    return image(
        transfer_syntax_uid=J + "50",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation=photometric,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=encapsulate([stream]),
    )


RGB = np.dstack([RAMP // 16, 255 - RAMP // 32, RAMP // 64]).astype(np.uint8)
AS_RGB = bytes(imagecodecs.jpeg8_encode(RGB, level=95, colorspace="RGB", outcolorspace="RGB"))
AS_YBR = bytes(imagecodecs.jpeg8_encode(RGB, level=95, subsampling="444"))
SIGNED = bytes(imagecodecs.jpeg2k_encode(RAMP.view("<i2"), level=0, codecformat="j2k"))
TWELVE = bytes(imagecodecs.jpeg8_encode(RAMP, level=95, bitspersample=12))


@pytest.mark.parametrize(
    ("file", "is_given_as_stored"),
    [
        (image(transfer_syntax_uid=J + "51", PixelData=encapsulate([TWELVE])), False),
        (image(transfer_syntax_uid=J + "90", PixelData=encapsulate([SIGNED])), False),
        (colours(AS_RGB, "YBR_FULL_422"), False),
        (colours(AS_YBR, "RGB"), False),
        (colours(AS_YBR, "YBR_FULL_422"), True),
        (colours(AS_RGB, "RGB"), True),
    ],
    ids=["12-bit JPEG", "other sign", "RGB called YBR", "YBR called RGB", "YBR", "RGB"],
)
def test_what_browsers_misread_is_decoded_for_who_takes_any_transfer_syntax(
    tmp_path, file, is_given_as_stored
):
    with open_site(tmp_path) as site:
        site.put(file)
        any_of_them = f'multipart/related; type="{OCTETS}"; transfer-syntax=*'
        ((headers, body),) = frames_of(site, INSTANCE + "/frames/1", any_of_them)
        if is_given_as_stored:
            assert body.startswith(b"\xff\xd8")
            return
        assert headers["Content-Type"] == f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.1"
        if len(body) == RGB.size:
            assert np.abs(np.frombuffer(body, np.uint8).astype(int) - RGB.ravel()).mean() < 4
        else:
            assert np.abs(np.frombuffer(body, "<u2").astype(int) - RAMP.ravel()).mean() < 4
        # Who names the stored one gets it.
        stored = pydicom.dcmread(io.BytesIO(file)).file_meta.TransferSyntaxUID
        named = f'multipart/related; type="{OCTETS}"; transfer-syntax={stored}'
        ((_, body),) = frames_of(site, INSTANCE + "/frames/1", named)
        assert body.startswith((b"\xff\xd8", b"\xff\x4f"))
