"""Rendered resources and thumbnails over HTTP (PS3.18 8.3.5, 8.7.4, 10.4)."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

import imagecodecs
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate
from tests import corpus
from tests.dicomweb.conftest import open_site
from tests.instances import part10
from tests.pixels.rendering.test_documents import endless, pdf

from hounsfield.errors import HounsfieldError

BASE = "/dicom-web"
STUDY, SERIES = "/studies/2.25.4711.1", "/studies/2.25.4711.1/series/2.25.4711.1.1"
INSTANCE = SERIES + "/instances/2.25.4711.1.1.1"
RAMP = np.add.outer(np.arange(64) * 16, np.arange(64) * 32).astype("<u2")
FRAMES = np.stack([np.full((16, 16), 1000 * n, "<u2") for n in range(4)])


def image(**changes):
    options = {
        "Rows": 64,
        "Columns": 64,
        "PixelData": RAMP.tobytes(),
        "WindowCenter": "1500",
        "WindowWidth": "3000",
        **changes,
    }
    return part10(**options)


def film(**changes):
    return image(
        Rows=16, Columns=16, NumberOfFrames=4, PixelData=FRAMES.tobytes(), FrameTime="40", **changes
    )


@pytest.fixture(scope="module")
def corpus_files():
    """(path, row of corpus.csv) of every file."""
    return list(corpus.rows())


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    with open_site(tmp_path_factory.mktemp("site")) as site:
        site.put(image())
        yield site


def get(site, path, accept=None, **parameters):
    headers = {"Accept": accept} if accept else {}
    return site.client.get(BASE + path, headers=headers, params=parameters or None)


def picture(answer):
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)


def png(site, path=INSTANCE + "/rendered", **parameters):
    return picture(get(site, path, "image/png", **parameters))


def ramp(low, high):
    return np.rint(np.clip((RAMP.astype(float) - low) * (255.0 / (high - low)), 0, 255))


def parts_of(answer):
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    pieces = answer.content.split(b"--" + boundary)[1:-1]
    found = []
    for piece in pieces:
        head, _, body = piece.strip(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        found.append((headers, body))
    return found


def test_without_wishes_an_image_is_a_jpeg_with_the_window_of_the_data_set(shown):
    # WADO-04
    for accept in (None, "*/*", "image/*", "image/jpeg"):
        answer = get(shown, INSTANCE + "/rendered", accept)
        assert answer.headers["content-type"] == "image/jpeg"
        assert np.abs(picture(answer) - ramp(0, 2999)).max() < 6


@pytest.mark.parametrize(
    ("media_type", "form"),
    [("image/png", "PNG"), ("image/gif", "GIF"), ("image/webp", "WEBP"), ("image/jpeg", "JPEG")],
)
def test_png_and_gif_are_there_too(shown, media_type, form):
    # WADO-04: table 8.7.4-1 requires the first two
    answer = get(shown, INSTANCE + "/rendered", media_type)
    assert answer.headers["content-type"] == media_type
    assert Image.open(io.BytesIO(answer.content)).format == form


def test_the_type_may_stand_in_the_query_and_a_wrong_one_names_what_there_is(shown):
    answer = get(shown, INSTANCE + "/rendered?accept=image/gif", "image/png")
    assert answer.headers["content-type"] == "image/gif"
    refused = get(shown, INSTANCE + "/rendered", "text/csv")
    assert refused.status_code == 406
    assert "image/jpeg, image/png" in refused.json()["detail"]


def test_the_window_asked_for_replaces_the_stored_one(shown):
    # WADO-04: center, width and each function (PS3.3 C.11.2.1)
    linear = png(shown, window="1000,501,linear")
    assert np.abs(linear - ramp(749.5, 1249.5)).max() <= 1
    assert (png(shown, window="1000,501") == linear).all()
    assert np.abs(png(shown, window="1000,500,linear-exact") - ramp(750, 1250)).max() <= 1
    sigmoid = np.rint(255 / (1 + np.exp(-4 * (RAMP - 1000.0) / 500)))
    assert np.abs(png(shown, window="1000,500,sigmoid") - sigmoid).max() <= 1


def test_the_viewport_scales_cuts_and_flips(shown):
    # WADO-04
    whole = png(shown)
    assert png(shown, viewport="32,20").shape == (20, 20)
    assert (png(shown, viewport="16,16,8,4,16,16") == whole[4:20, 8:24]).all()
    assert (png(shown, viewport="64,64,,,-64,64") == whole[:, ::-1]).all()
    assert (png(shown, viewport="64,64,,,64,-64") == whole[::-1]).all()
    assert (png(shown, viewport="64,64,,") == whole).all()


@pytest.mark.parametrize(
    "parameters",
    [
        {"window": "a,b,linear"},
        {"window": "1,2,cubic"},
        {"window": "1,0,linear"},
        {"window": "nan,1"},
        {"window": "1"},
        {"viewport": "64"},
        {"viewport": "0,64"},
        {"viewport": "-1,64"},
        {"viewport": "64,64,1,1,0,0"},
        {"viewport": "64,64,900,0,5,5"},
        {"viewport": "1e9,1e9"},
        {"viewport": "64,64,0,0,1,1,1"},
        {"quality": "0"},
        {"quality": "101"},
        {"quality": "best"},
        {"annotation": "physician"},
        {"iccprofile": "cmyk"},
    ],
)
def test_a_malformed_parameter_is_400_and_named(shown, parameters):
    # WADO-04, WEB-12
    answer = get(shown, INSTANCE + "/rendered", **parameters)
    assert answer.status_code == 400
    assert next(iter(parameters)) in answer.json()["detail"]
    assert get(shown, INSTANCE + "/rendered", colour="pink").status_code == 200


def test_quality_changes_the_size_and_annotations_the_picture(shown):
    # WADO-04
    sizes = [
        len(get(shown, INSTANCE + "/rendered", quality=quality).content) for quality in (1, 100)
    ]
    assert sizes[0] < sizes[1]
    plain = png(shown, viewport="256,256")
    patient = png(shown, viewport="256,256", annotation="patient")
    both = png(shown, viewport="256,256", annotation="patient,technique")
    changed = np.argwhere(patient != plain)
    assert len(changed)
    assert changed.max() < 128
    assert (both[200:] != patient[200:]).any()


def test_the_colour_profile_comes_with_colours(tmp_path):
    # WADO-04: iccprofile
    colours = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with open_site(tmp_path) as site:
        site.put(
            image(
                SamplesPerPixel=3,
                PhotometricInterpretation="RGB",
                PlanarConfiguration=0,
                BitsAllocated=8,
                BitsStored=8,
                HighBit=7,
                PixelData=colours.tobytes(),
            )
        )
        answer = get(site, INSTANCE + "/rendered", "image/png", iccprofile="srgb")
        assert Image.open(io.BytesIO(answer.content)).info["icc_profile"]
        plain = get(site, INSTANCE + "/rendered", "image/png", iccprofile="no")
        assert "icc_profile" not in Image.open(io.BytesIO(plain.content)).info
        assert (picture(plain) == colours).all()


def test_what_the_client_has_is_not_made_again(shown):
    # WEB-11
    first = get(shown, INSTANCE + "/rendered")
    tag = first.headers["etag"]
    again = shown.client.get(f"{BASE}{INSTANCE}/rendered", headers={"If-None-Match": tag})
    assert again.status_code == 304
    other = shown.client.get(f"{BASE}{INSTANCE}/rendered?quality=5", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_frames_are_shown_one_by_one_or_as_parts(tmp_path):
    # WADO-04
    with open_site(tmp_path) as site:
        site.put(film())
        path = INSTANCE + "/frames/"
        assert png(site, path + "3/rendered")[0, 0] == 170
        several = get(site, path + "4,1/rendered", "image/png")
        assert several.headers["content-type"].startswith('multipart/related; type="image/png"')
        parts = parts_of(several)
        greys = [np.asarray(Image.open(io.BytesIO(body)))[0, 0] for _, body in parts]
        assert greys == [255, 0]
        assert parts[0][0]["Content-Location"].endswith("/frames/4/rendered")
        assert get(site, path + "5/rendered").status_code == 404
        assert get(site, path + "1,5/rendered").status_code == 404
        assert get(site, path + "0/rendered").status_code == 400


def test_a_multi_frame_image_is_one_picture_or_a_film(tmp_path):
    # WADO-04
    with open_site(tmp_path) as site:
        site.put(film())
        assert png(site)[0, 0] == 170
        moving = Image.open(io.BytesIO(get(site, INSTANCE + "/rendered", "image/gif").content))
        assert moving.n_frames == 4
        assert moving.info["duration"] == 40
        some = get(site, INSTANCE + "/frames/1,2/rendered", "image/gif")
        assert Image.open(io.BytesIO(some.content)).n_frames == 2


def test_a_study_is_shown_as_parts_of_what_can_be_shown(tmp_path):
    # WADO-04
    with open_site(tmp_path) as site:
        site.put(image())
        site.put(image(SOPInstanceUID="2.25.4711.1.1.2", PixelData=None))
        site.put(film(SOPInstanceUID="2.25.4711.1.2.1", SeriesInstanceUID="2.25.4711.1.2"))
        for path in (STUDY, SERIES):
            parts = parts_of(get(site, path + "/rendered", 'multipart/related; type="image/png"'))
            assert len(parts) == (2 if path == STUDY else 1)
            assert all(headers["Content-Type"] == "image/png" for headers, _ in parts)
        assert get(site, "/studies/9/rendered").status_code == 404


def test_compressed_frames_are_decoded_elsewhere_and_broken_ones_are_a_clean_error(tmp_path):
    stream = bytes(imagecodecs.jpeg2k_encode(RAMP, level=0, codecformat="j2k"))
    with open_site(tmp_path) as site:
        for uid, frame in (("1", stream), ("2", stream[:80]), ("3", b"nothing at all" * 3)):
            site.put(
                image(
                    transfer_syntax_uid="1.2.840.10008.1.2.4.90",
                    SOPInstanceUID=f"2.25.4711.1.1.{uid}",
                    PixelData=encapsulate([frame]),
                )
            )
        assert np.abs(png(site) - ramp(0, 2999)).max() <= 1
        for uid in "23":
            for end in ("rendered", "thumbnail", "frames/1/rendered"):
                answer = get(site, f"{SERIES}/instances/2.25.4711.1.1.{uid}/{end}")
                assert answer.status_code == 400, answer.text


# WADO-06: thumbnails at every level, also of what is no image.
def test_there_is_a_thumbnail_at_every_level(tmp_path):
    with open_site(tmp_path) as site:
        site.put(film())
        for path in (STUDY, SERIES, INSTANCE, INSTANCE + "/frames/4"):
            answer = get(site, path + "/thumbnail", viewport="32,16")
            assert picture(answer).shape == (16, 16)
            tag = answer.headers["etag"]
            again = site.client.get(
                f"{BASE}{path}/thumbnail?viewport=32,16", headers={"If-None-Match": tag}
            )
            assert again.status_code == 304
        for wrong in ("32", "0,4", "32,16,1,1", "a,b"):
            assert get(site, INSTANCE + "/thumbnail", viewport=wrong).status_code == 400


def test_thumbnails_are_kept_on_the_disk_and_made_again_when_they_are_gone(tmp_path):
    with open_site(tmp_path) as site:
        site.put(image())
        first = get(site, INSTANCE + "/thumbnail").content
    kept = [path for path in (tmp_path / "derived").rglob("*.jpg") if path.is_file()]
    assert [path.read_bytes() for path in kept] == [first]
    kept[0].write_bytes(b"from the disk")
    with open_site(tmp_path) as site:
        site.put(image())
        assert get(site, INSTANCE + "/thumbnail").content == b"from the disk"
    kept[0].unlink()
    with open_site(tmp_path) as site:
        site.put(image())
        assert get(site, INSTANCE + "/thumbnail").content == first


def report(**changes):
    def item(kind, name, **more):
        made = Dataset()
        made.RelationshipType, made.ValueType = "CONTAINS", kind
        made.ConceptNameCodeSequence = [code(name)]
        for keyword, value in more.items():
            setattr(made, keyword, value)
        return made

    def code(meaning, value="1"):
        made = Dataset()
        made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "99X", meaning
        return made

    measured = Dataset()
    measured.NumericValue = "12.5"
    measured.MeasurementUnitsCodeSequence = [code("millimeter", "mm")]
    findings = item("CONTAINER", "Findings")
    findings.ContentSequence = [
        item("TEXT", "Finding", TextValue="Nodule <script>alert(1)</script>\r\nsecond line"),
        item("NUM", "Diameter", MeasuredValueSequence=[measured]),
        item("CODE", "Side", ConceptCodeSequence=[code("Left")]),
        item("PNAME", "Observer", PersonName="Roe^Richard"),
        item("DATE", "Seen on", Date="20260131"),
    ]
    return part10(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
        Modality="SR",
        ValueType="CONTAINER",
        ConceptNameCodeSequence=[code("Radiology Report")],
        CompletionFlag="COMPLETE",
        VerificationFlag="UNVERIFIED",
        ContentSequence=[findings],
        Rows=None,
        Columns=None,
        PixelData=None,
        **changes,
    )


def test_a_structured_report_is_a_page_or_plain_text(tmp_path):
    # WADO-04: table 8.7.4-1
    with open_site(tmp_path) as site:
        site.put(report(PatientName="Müller^Jörg"))
        page = get(site, INSTANCE + "/rendered")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for shown in ("Radiology Report", "Müller Jörg", "12.5 mm", "Left", "2026-01-31"):
            assert shown in page.text
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text
        text = get(site, INSTANCE + "/rendered", "text/plain")
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert "Findings\n  Finding: Nodule <script>" in text.text
        assert "  Diameter: 12.5 mm" in text.text
        document = get(site, INSTANCE + "/rendered", "text/xml")
        assert document.headers["content-type"] == "text/xml"
        assert ET.fromstring(document.content).tag.endswith("NativeDicomModel")
        assert get(site, INSTANCE + "/rendered", "image/png").status_code == 406
        assert picture(get(site, INSTANCE + "/thumbnail")).any()
        assert picture(get(site, STUDY + "/thumbnail")).any()


@pytest.mark.parametrize("document", [b"%PDF-1.7 odd", b"%PDF-1.7 even"])
def test_an_encapsulated_pdf_comes_back_as_it_was(tmp_path, document):
    # WADO-04, IOD-02
    with open_site(tmp_path) as site:
        site.put(
            part10(
                SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
                MIMETypeOfEncapsulatedDocument="application/pdf",
                EncapsulatedDocument=document + bytes(len(document) % 2),
                EncapsulatedDocumentLength=len(document),
                DocumentTitle="Letter",
                Rows=None,
                Columns=None,
                PixelData=None,
            )
        )
        for accept in (None, "application/pdf", "text/html, application/pdf;q=0.5"):
            answer = get(site, INSTANCE + "/rendered", accept)
            assert answer.headers["content-type"] == "application/pdf"
            assert answer.content == document
        assert picture(get(site, INSTANCE + "/thumbnail")).any()


def letter(document, **changes):
    return part10(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=document + bytes(len(document) % 2),
        EncapsulatedDocumentLength=len(document),
        DocumentTitle="Letter",
        Rows=None,
        Columns=None,
        PixelData=None,
        **changes,
    )


def test_the_thumbnail_of_a_pdf_is_its_first_page(tmp_path):
    # WADO-06
    with open_site(tmp_path) as site:
        site.put(letter(pdf()))
        page = picture(get(site, INSTANCE + "/thumbnail", viewport="120,120"))
        assert page.shape == (60, 120, 3)
        expected = np.full((60, 120, 3), 255)
        expected[:30, :60], expected[30:, :60] = (0, 0, 255), (255, 0, 0)
        far_from_edges = np.ix_([10, 20, 40, 50], [10, 30, 50, 80, 110])
        assert np.abs(page - expected)[far_from_edges].max() < 12
        assert picture(get(site, STUDY + "/thumbnail")).shape == (80, 160, 3)


@pytest.mark.parametrize(
    "document", [b"%PDF-1.7 broken", pdf()[:150], endless()], ids=["broken", "cut off", "endless"]
)
def test_a_pdf_that_cannot_be_drawn_has_its_title_as_thumbnail(tmp_path, document):
    # WADO-06
    with open_site(tmp_path) as site:
        site.put(letter(document))
        shown = picture(get(site, INSTANCE + "/thumbnail"))
        title = ["Encapsulated PDF", "Letter", "Axial", "Head"]
        expected = site.pool.run("card", title, 160, 160)[1]
        assert shown.tolist() == np.asarray(Image.open(io.BytesIO(expected))).tolist()
        assert get(site, INSTANCE + "/rendered").content == document


def test_a_pdf_of_a_huge_page_has_a_small_thumbnail(tmp_path):
    # WADO-06
    with open_site(tmp_path) as site:
        site.put(letter(pdf(box="0 0 1000000000 1000000000")))
        assert picture(get(site, INSTANCE + "/thumbnail")).shape == (160, 160, 3)


def test_a_document_that_calls_itself_a_page_is_not_given_as_one(tmp_path):
    with open_site(tmp_path) as site:
        site.put(
            part10(
                SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
                MIMETypeOfEncapsulatedDocument="text/html",
                EncapsulatedDocument=b"<script>alert(1)</script>!",
                Rows=None,
                Columns=None,
                PixelData=None,
            )
        )
        answer = get(site, INSTANCE + "/rendered")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"


def state_of(*images, sop_class_uid="1.2.840.10008.5.1.4.1.1.11.1", **changes):
    def of_image(uid, frames):
        made = Dataset()
        made.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        made.ReferencedSOPInstanceUID = uid
        if frames:
            made.ReferencedFrameNumber = frames
        return made

    series, voi, area = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = "2.25.4711.1.1"
    series.ReferencedImageSequence = [of_image(*one) for one in images]
    voi.WindowCenter, voi.WindowWidth = "1000", "501"
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [64, 32]
    area.PresentationSizeMode = "SCALE TO FIT"
    options = {"DisplayedAreaSelectionSequence": [area], **changes}
    return part10(
        SOPClassUID=sop_class_uid,
        SOPInstanceUID="2.25.4711.1.9.1",
        SeriesInstanceUID="2.25.4711.1.9",
        Modality="PR",
        ReferencedSeriesSequence=[series],
        SoftcopyVOILUTSequence=[voi],
        PresentationLUTShape="INVERSE",
        Rows=None,
        Columns=None,
        PixelData=None,
        **options,
    )


STATE = STUDY + "/series/2.25.4711.1.9/instances/2.25.4711.1.9.1"


def test_a_presentation_state_is_shown_by_the_images_it_is_for(tmp_path):
    # WADO-05
    with open_site(tmp_path) as site:
        site.put(image())
        site.put(state_of(("2.25.4711.1.1.1", None), ("2.25.4711.9", None)))
        shown = png(site, STATE + "/rendered")
        assert np.abs(shown - (255 - ramp(749.5, 1249.5)[:32])).max() <= 1
        # The region is one of what the state shows, and the viewport comes last.
        part = png(site, STATE + "/rendered", viewport="8,8,0,24,8,8")
        assert (part == shown[24:, :8]).all()
        tag = get(site, STATE + "/rendered").headers["etag"]
        again = site.client.get(f"{BASE}{STATE}/rendered", headers={"If-None-Match": tag})
        assert again.status_code == 304


def palette():
    """From blue to red, and no green."""
    entries = np.arange(4096) * 16
    made = {}
    for name, values in (("Red", entries), ("Green", entries * 0), ("Blue", entries[::-1])):
        made[f"{name}PaletteColorLookupTableDescriptor"] = [4096, 0, 16]
        made[f"{name}PaletteColorLookupTableData"] = values.astype("<u2").tobytes()
    return made


def test_a_pseudo_colour_state_gives_colours_to_a_grey_image(tmp_path):
    # WADO-05; PS3.3 A.33.3
    with open_site(tmp_path) as site:
        site.put(image())
        site.put(
            state_of(
                ("2.25.4711.1.1.1", None),
                sop_class_uid="1.2.840.10008.5.1.4.1.1.11.3",
                PixelSpacing=None,
                **palette(),
            )
        )
        grey = np.clip((RAMP[:32].astype(float) - 749.5) / 500, 0, 1)
        expected = np.stack([grey * 255, grey * 0, 255 - grey * 255], axis=-1)
        assert np.abs(png(site, STATE + "/rendered") - expected).max() <= 1.1
        by_window = png(site, STATE + "/rendered", window="1500,3000")
        wide = np.clip(RAMP[:32].astype(float) / 2999, 0, 1) * 255
        assert np.abs(by_window[..., 0] - wide).max() <= 1.1


def test_a_presentation_state_for_several_frames_is_several_parts(tmp_path):
    # WADO-05
    with open_site(tmp_path) as site:
        site.put(film())
        site.put(state_of(("2.25.4711.1.1.1", [4, 2]), DisplayedAreaSelectionSequence=None))
        parts = parts_of(get(site, STATE + "/rendered", "image/png"))
        greys = [np.asarray(Image.open(io.BytesIO(body)))[0, 0] for _, body in parts]
        assert greys == [0, 127]


def test_a_presentation_state_without_its_images_is_404(tmp_path):
    with open_site(tmp_path) as site:
        site.put(state_of(("2.25.4711.9", None)))
        assert get(site, STATE + "/rendered").status_code == 404


def test_an_ecg_is_drawn_to_scale(corpus_files, tmp_path):
    # WADO-04: 25 mm/s, 10 mm/mV
    path = next(path for path, _ in corpus_files if path.name == "waveform_ecg.dcm")
    with open_site(tmp_path) as site:
        identity = site.put(path.read_bytes()).identity
        url = (
            f"/studies/{identity.study_instance_uid}/series/{identity.series_instance_uid}"
            f"/instances/{identity.sop_instance_uid}"
        )
        svg = get(site, url + "/rendered")
        assert svg.headers["content-type"] == "image/svg+xml"
        assert "25 mm/s   10 mm/mV" in svg.text
        assert svg.text.count("<polyline") == 24
        assert png(site, url + "/rendered").shape[2] == 3
        assert picture(get(site, url + "/thumbnail")).any()


@pytest.mark.filterwarnings("ignore")
def test_big_endian_images_are_shown_to_their_last_sample(corpus_files, tmp_path):
    shown = 0
    with open_site(tmp_path) as site:
        for path, row in corpus_files:
            if row["transfer_syntax"] != "1.2.840.10008.1.2.2" or "SC_rgb" not in path.name:
                continue
            expected = pydicom.pixels.pixel_array(path, index=0)
            if expected.dtype != np.uint8:
                continue
            identity = site.put(path.read_bytes()).identity
            url = (
                f"/studies/{identity.study_instance_uid}/series/{identity.series_instance_uid}"
                f"/instances/{identity.sop_instance_uid}/frames/1/rendered"
            )
            assert (png(site, url) == expected).all(), path.name
            shown += 1
    assert shown >= 2


@pytest.mark.filterwarnings("ignore")
def test_every_file_of_the_corpus_is_shown_or_refused_and_soon(corpus_files, tmp_path):
    kinds, wrong = set(), []
    with open_site(tmp_path) as site:
        for path, row in corpus_files:
            kind = (
                row["source"],
                row["sop_class"],
                row["transfer_syntax"],
                row["dims"],
                row["notes"],
            )
            if kind in kinds:
                continue
            kinds.add(kind)
            try:
                identity = site.put(path.read_bytes()).identity
            except HounsfieldError:
                continue
            url = (
                f"/studies/{identity.study_instance_uid}/series/{identity.series_instance_uid}"
                f"/instances/{identity.sop_instance_uid}"
            )
            for end in ("/rendered", "/thumbnail", "/frames/1/rendered"):
                begin = time.process_time()
                answer = get(site, url + end)
                took_s = time.process_time() - begin
                if answer.status_code not in (200, 400, 404, 406) or took_s > 2:
                    wrong.append((path.name, end, answer.status_code, took_s))
    assert not wrong
    assert len(kinds) > 150


def test_searches_are_answered_while_many_wait_for_pictures(tmp_path):
    stream = bytes(imagecodecs.jpeg2k_encode(RAMP, level=0, codecformat="j2k"))
    with open_site(tmp_path) as site:
        site.put(
            image(transfer_syntax_uid="1.2.840.10008.1.2.4.90", PixelData=encapsulate([stream]))
        )
        pool = site.pool
        places = [pool._places.acquire(timeout=10) for _ in range(pool.config.size)]
        with ThreadPoolExecutor(80) as clients:
            # More than there are threads for everything.
            waiting = [
                clients.submit(get, site, INSTANCE + "/rendered", quality=n % 100 + 1)
                for n in range(80)
            ]
            try:
                assert get(site, "/studies").status_code == 200
                assert not any(one.done() for one in waiting)
            finally:
                for _ in places:
                    pool._places.release()
            assert {one.result().status_code for one in waiting} == {200}
