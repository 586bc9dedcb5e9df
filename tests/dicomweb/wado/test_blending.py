"""Blending presentation states over HTTP, held to the formulas of PS3.4 N.2.4 (WADO-05; PS3.3 A.33.4, C.11.14)."""

import io
import math

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from tests.dicomweb.conftest import open_site
from tests.dicomweb.wado.test_rendered import get, image, palette, parts_of, png
from tests.instances import part10

UNDER, OVER, STATE = (
    f"/studies/2.25.4711.1/series/2.25.4711.1.{n}/instances/2.25.4711.1.{n}" for n in (1, 2, 9)
)
SIDE, OVER_SIDE = 64, 16
# The lower image from 0 to 63 mm, the upper one a rectangle in it with pixels of 2 by 1.5 mm.
GREYS = np.add.outer(np.arange(SIDE) * 16, np.arange(SIDE) * 32).astype("<u2")
VALUES = (np.add.outer(np.arange(OVER_SIDE) ** 2 * 3, np.arange(OVER_SIDE) * 40) % 1000).astype(
    "<u2"
)
AT, SPACING = (20.0, 9.0), (2.0, 1.5)
OPACITY = 0.25


def under(number=1, z=5.0, **changes):
    return image(**placed((0.0, 0.0, z), (1.0, 1.0)) | {
        "SOPInstanceUID": f"2.25.4711.1.1.{number}", "PixelData": GREYS.tobytes(),
        "RescaleIntercept": "-1000", "WindowCenter": "1", "WindowWidth": "2", **changes,
    })  # fmt: skip


def over(z=5.2, **changes):
    return image(**placed((AT[1], AT[0], z), SPACING) | {
        "SOPInstanceUID": "2.25.4711.1.2.1", "SeriesInstanceUID": "2.25.4711.1.2",
        "Rows": OVER_SIDE, "Columns": OVER_SIDE, "PixelData": VALUES.tobytes(),
        "RescaleIntercept": "0", "WindowCenter": "1", "WindowWidth": "2", **changes,
    })  # fmt: skip


def placed(position, spacing, orientation=(1, 0, 0, 0, 1, 0)):
    return {
        "FrameOfReferenceUID": "2.25.4711.77",
        "ImagePositionPatient": list(position),
        "ImageOrientationPatient": list(orientation),
        "PixelSpacing": list(spacing),
        "SliceThickness": "2",
    }


def item(**attributes):
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def blended_set(position, series, uids, center, width, **more):
    images = [
        item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=uid)
        for uid in uids
    ]
    return item(
        BlendingPosition=position,
        StudyInstanceUID="2.25.4711.1",
        ReferencedSeriesSequence=[item(SeriesInstanceUID=series, ReferencedImageSequence=images)],
        SoftcopyVOILUTSequence=[item(WindowCenter=str(center), WindowWidth=str(width))],
        **more,
    )


def state(opacity=OPACITY, slices=1, **changes):
    lower = [f"2.25.4711.1.1.{n + 1}" for n in range(slices)]
    rescale = {"RescaleSlope": "1", "RescaleIntercept": "-1000", "RescaleType": "HU"}
    options = {
        "BlendingSequence": [
            blended_set("UNDERLYING", "2.25.4711.1.1", lower, 500, 2001, **rescale),
            blended_set("SUPERIMPOSED", "2.25.4711.1.2", ["2.25.4711.1.2.1"], 500, 1001),
        ],
        "RelativeOpacity": opacity,
        **palette(),
        **changes,
    }
    return part10(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.11.4",
        SOPInstanceUID="2.25.4711.1.9.1",
        SeriesInstanceUID="2.25.4711.1.9",
        Modality="PR",
        Rows=None,
        Columns=None,
        PixelData=None,
        **options,
    )


def parts(values, center, width):
    """The linear window in parts of 1 (C.11.2.1.2.1)."""
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)


def expected(opacity=OPACITY):
    """Ro = Rs A + Yu (1 - A) and so on (N.2.4.3), pixel by pixel."""
    below = parts(GREYS - 1000.0, 500, 2001)
    made = np.repeat(below[..., None], 3, axis=2)
    for y in range(SIDE):
        for x in range(SIDE):
            row, column = (y - AT[0]) / SPACING[0], (x - AT[1]) / SPACING[1]
            if not all(-0.5 <= place <= OVER_SIDE - 0.5 for place in (row, column)):
                continue
            share = parts(between(row, column), 500, 1001)
            colour = np.array([share, 0, 1 - share])
            made[y, x] = colour * opacity + below[y, x] * (1 - opacity)
    return made * 255


def between(row, column):
    """The value between four pixels."""
    row, column = (min(max(place, 0), OVER_SIDE - 1) for place in (row, column))
    total = 0.0
    for y in {math.floor(row), math.ceil(row)}:
        for x in {math.floor(column), math.ceil(column)}:
            total += float(VALUES[y, x]) * (1 - abs(row - y)) * (1 - abs(column - x))
    return total


STATE_PATH = STATE + ".1/rendered"


@pytest.mark.parametrize("opacity", [0.0, OPACITY, 1.0])
def test_colours_are_laid_over_greys_where_they_lie_in_the_patient(tmp_path, opacity):
    # WADO-05; PS3.4 N.2.4
    with open_site(tmp_path) as site:
        for one in (under(), over(), state(opacity)):
            site.put(one)
        shown = png(site, STATE_PATH)
        assert np.abs(shown - expected(opacity)).max() <= 1.6


def test_each_slice_has_the_one_that_is_nearest_over_it(tmp_path):
    # WADO-05
    with open_site(tmp_path) as site:
        for one in (under(1, 5), under(2, 7), over(z=6.8), state(slices=2)):
            site.put(one)
        first, second = (
            np.asarray(png_of(body)) for _, body in parts_of(get(site, STATE_PATH, "image/png"))
        )
        below = np.rint(parts(GREYS - 1000.0, 500, 2001) * 255)
        # Half the distance of slices is the farthest that something reaches.
        assert np.abs((first if first.ndim == 2 else first[..., 0]) - below).max() <= 1
        assert np.abs(second - expected()).max() <= 1.6


def png_of(body):
    return np.asarray(Image.open(io.BytesIO(body))).astype(int)


def test_frames_of_one_object_are_paired_by_their_own_planes(tmp_path):
    # WADO-05; PS3.3 C.7.6.16
    def group(z):
        plane = item(ImagePositionPatient=[AT[1], AT[0], z])
        return item(PlanePositionSequence=[plane])

    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[item(PixelSpacing=list(SPACING), SliceThickness="2")],
    )
    frames = np.stack([VALUES * 0, VALUES, VALUES * 0])
    several = over(
        NumberOfFrames=3,
        PixelData=frames.tobytes(),
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=[group(z) for z in (3, 5, 7)],
    )
    with open_site(tmp_path) as site:
        for one in (under(), several, state()):
            site.put(one)
        assert np.abs(png(site, STATE_PATH) - expected()).max() <= 1.6


def test_what_comes_later_changes_the_entity_tag(tmp_path):
    # WEB-11
    later = over(z=5.0, SOPInstanceUID="2.25.4711.1.2.2")
    uids = ["2.25.4711.1.2.1", "2.25.4711.1.2.2"]
    wanted = state(
        BlendingSequence=[
            blended_set("UNDERLYING", "2.25.4711.1.1", ["2.25.4711.1.1.1"], 500, 2001),
            blended_set("SUPERIMPOSED", "2.25.4711.1.2", uids, 500, 1001),
        ]
    )
    with open_site(tmp_path) as site:
        for one in (under(), over(z=90.0), wanted):
            site.put(one)
        before = get(site, STATE_PATH, "image/png")
        site.put(later)
        after = get(site, STATE_PATH, "image/png")
        assert before.content != after.content
        assert before.headers["etag"] != after.headers["etag"]


def test_an_image_that_is_turned_in_its_plane_is_turned_back(tmp_path):
    # WADO-05: rows of the upper one go up, its columns to the left
    far = (AT[1] + SPACING[1] * (OVER_SIDE - 1), AT[0] + SPACING[0] * (OVER_SIDE - 1), 5.0)
    turned = over(**placed(far, SPACING, (-1, 0, 0, 0, -1, 0)) | {
        "PixelData": VALUES[::-1, ::-1].tobytes()
    })  # fmt: skip
    with open_site(tmp_path) as site:
        for one in (under(), turned, state()):
            site.put(one)
        assert np.abs(png(site, STATE_PATH) - expected()).max() <= 1.6


def test_the_address_of_before_can_name_such_a_state_too(tmp_path):
    # WADO-08
    with open_site(tmp_path) as site:
        for one in (under(), over(), state()):
            site.put(one)
        answer = site.client.get(
            "/wado",
            params={
                "requestType": "WADO", "studyUID": "2.25.4711.1", "seriesUID": "2.25.4711.1.1",
                "objectUID": "2.25.4711.1.1.1", "contentType": "image/png",
                "presentationSeriesUID": "2.25.4711.1.9", "presentationUID": "2.25.4711.1.9.1",
            },
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert np.abs(png_of(answer.content) - expected()).max() <= 1.6


@pytest.mark.parametrize(
    "changes",
    [{"FrameOfReferenceUID": "2.25.4711.78"}, {"ImageOrientationPatient": [1, 0, 0, 0, 0, 1]},
     {"ImagePositionPatient": None}, {"PixelSpacing": ["0", "0"]}, {"PixelSpacing": ["1e-300", "1"]},
     {"PixelSpacing": "1"},
     {"ImagePositionPatient": ["1e300", "0", "-1e300"]},
     {"ImageOrientationPatient": ["1e200", "0", "0", "0", "1e200", "0"]}],
    ids=["another frame of reference", "planes that cross", "no position", "no spacing", "tiny pixels",
         "one spacing",
         "beyond all measure", "endless directions"],
)  # fmt: skip
def test_images_that_lie_otherwise_are_not_blended_and_the_answer_says_why(tmp_path, changes):
    # WADO-05
    with open_site(tmp_path) as site:
        for one in (under(), over(**changes), state()):
            site.put(one)
        refused = get(site, STATE_PATH)
        assert refused.status_code == 406
        assert "parallel planes of one frame of reference" in refused.json()["detail"]


def test_a_state_that_makes_no_sense_or_lacks_its_images_is_a_clean_error(tmp_path):
    with open_site(tmp_path) as site:
        site.put(under())
        site.put(state())
        assert get(site, STATE_PATH).status_code == 404
        site.put(over())
        assert get(site, STATE_PATH).status_code == 200
    wrong = ({"RelativeOpacity": 1.5}, {"RelativeOpacity": None}, {"BlendingSequence": None},
             {"RedPaletteColorLookupTableData": None})  # fmt: skip
    for n, changes in enumerate(wrong):
        folder = tmp_path / str(n)
        folder.mkdir()
        with open_site(folder) as site:
            for one in (under(), over(), state(**changes)):
                site.put(one)
            assert get(site, STATE_PATH).status_code == 400, changes
