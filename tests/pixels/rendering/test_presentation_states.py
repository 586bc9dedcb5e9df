"""Presentation states are held to what DCMTK draws of the same state and image (PS3.3 A.33, PS3.4 N.2)."""

import io
import subprocess

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from tests.dcmtk import program
from tests.instances import ROOT, part10
from tests.instances import dataset as make_dataset

from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.drawing import picture_of
from hounsfield.pixels.rendering.presentation_states import (
    apply,
    is_presentation_state,
    referenced_images,
)
from hounsfield.pixels.rendering.view import View, overlays_of

GREYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
PSEUDO_COLOUR = "1.2.840.10008.5.1.4.1.1.11.3"
EXPLICIT = "1.2.840.10008.1.2.1"
ROWS, COLUMNS = 48, 64
PIXELS = np.add.outer(np.arange(ROWS) * 20, np.arange(COLUMNS) * 30).astype("<u2")
IMAGE = {
    "Rows": ROWS,
    "Columns": COLUMNS,
    "PixelData": PIXELS.tobytes(),
    "WindowCenter": "500",
    "WindowWidth": "100",
    "RescaleSlope": "1",
    "RescaleIntercept": "-1000",
    "RescaleType": "HU",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
}


def items(*datasets):
    return list(datasets)


def item(**attributes):
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def reference():
    return item(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=f"{ROOT}.1.1.1"
    )


def area(top_left=(1, 1), bottom_right=(COLUMNS, ROWS), **more):
    return item(
        DisplayedAreaTopLeftHandCorner=list(top_left),
        DisplayedAreaBottomRightHandCorner=list(bottom_right),
        PresentationSizeMode="SCALE TO FIT",
        PresentationPixelAspectRatio=[1, 1],
        **more,
    )


def state(**changes):
    series = item(SeriesInstanceUID=f"{ROOT}.1.1", ReferencedImageSequence=[reference()])
    return make_dataset(
        **{
            "SOPClassUID": GREYSCALE,
            "SOPInstanceUID": f"{ROOT}.1.9.1",
            "SeriesInstanceUID": f"{ROOT}.1.9",
            "Modality": "PR",
            "Rows": None,
            "Columns": None,
            "PixelData": None,
            "BitsAllocated": None,
            "BitsStored": None,
            "HighBit": None,
            "PixelRepresentation": None,
            "SamplesPerPixel": None,
            "PhotometricInterpretation": None,
            "ContentLabel": "STATE",
            "PresentationCreationDate": "20260101",
            "PresentationCreationTime": "120000",
            "ReferencedSeriesSequence": [series],
            "DisplayedAreaSelectionSequence": [area()],
            "RescaleSlope": "1",
            "RescaleIntercept": "-1000",
            "RescaleType": "HU",
            "PresentationLUTShape": "IDENTITY",
            **changes,
        }
    )


def ours(wanted, image=None, frame_number=1):
    dataset = pydicom.dcmread(io.BytesIO(image or part10(**IMAGE)))
    description = ImagePixelDescription.from_dataset(dataset, EXPLICIT)
    view = View(overlays=overlays_of(dataset))
    changed, shown = apply(wanted, dataset.SOPInstanceUID, frame_number, description, view)
    return picture_of(dataset.PixelData, changed, shown).astype(int)


def window(center, width, **more):
    return item(WindowCenter=str(center), WindowWidth=str(width), **more)


def table(first, values, bits=16):
    made = item(LUTData=np.array(values, "<u2").tobytes())
    made.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(values), first, bits])
    return made


STATES = {
    "nothing": {},
    "a window": {"SoftcopyVOILUTSequence": items(window(-200, 800))},
    "a window for this image": {
        "SoftcopyVOILUTSequence": items(window(-200, 800, ReferencedImageSequence=[reference()]))
    },
    "a VOI table": {
        "SoftcopyVOILUTSequence": items(
            item(VOILUTSequence=items(table(-1000, [n * 32 for n in range(2048)])))
        )
    },
    "a modality table": {
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "RescaleType": None,
        "ModalityLUTSequence": items(table(0, [n * 16 for n in range(4096)])),
    },
    "an inverse shape": {
        "PresentationLUTShape": "INVERSE",
        "SoftcopyVOILUTSequence": items(window(0, 2000)),
    },
    "a presentation table": {
        "PresentationLUTShape": None,
        "PresentationLUTSequence": items(table(0, [n * n // 4096 for n in range(4096)], 12)),
        "SoftcopyVOILUTSequence": items(window(0, 2000)),
    },
    "a quarter turn": {"ImageRotation": 90, "ImageHorizontalFlip": "N"},
    "half a turn and a flip": {"ImageRotation": 180, "ImageHorizontalFlip": "Y"},
    "three quarters and a flip": {"ImageRotation": 270, "ImageHorizontalFlip": "Y"},
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_changes_the_picture_as_dcmtk_has_it(tmp_path, name):
    # WADO-05
    tool = program("dcmp2pgm")
    if tool is None:
        pytest.skip("DCMTK is not installed")
    wanted = state(**STATES[name])
    wanted.file_meta = FileMetaDataset()
    wanted.file_meta.TransferSyntaxUID = EXPLICIT
    image, file, picture = (tmp_path / end for end in ("image.dcm", "state.dcm", "picture.pgm"))
    image.write_bytes(part10(**IMAGE))
    with file.open("wb") as out:
        pydicom.dcmwrite(out, wanted, enforce_file_format=True)
    run = subprocess.run(
        [tool, "-p", file, image, picture], capture_output=True, text=True, timeout=60, check=False
    )
    assert picture.exists(), run.stderr
    theirs = np.asarray(Image.open(picture)).astype(int)
    made = ours(wanted)
    assert made.shape == theirs.shape
    assert np.abs(made - theirs).max() <= 1


def palette_of(red, green, blue, bits=16, first=0):
    """The attributes of a palette (PS3.3 C.7.9)."""
    made = {}
    for name, values in (("Red", red), ("Green", green), ("Blue", blue)):
        kind = "<u2" if bits == 16 else "u1"
        made[f"{name}PaletteColorLookupTableDescriptor"] = [len(values) & 0xFFFF, first, bits]
        made[f"{name}PaletteColorLookupTableData"] = np.array(values, kind).tobytes()
    return made


def pseudo_coloured(palette, **changes):
    return state(SOPClassUID=PSEUDO_COLOUR, PresentationLUTShape=None, **palette, **changes)


def linear(center, width):
    """What the standard's linear window makes of the image in parts of 1 (C.11.2.1.2.1)."""
    return np.clip((PIXELS - 1000.0 - (center - 0.5)) / (width - 1) + 0.5, 0, 1)


N = np.arange(256)
PALETTES = {
    "16 bits": ([N * 257, N[::-1] * 257, (N * 257 * 5) % 65536], 16, 0),
    "8 bits": ([N, 255 - N, (N * 5) % 256], 8, 0),
    "a first value": ([N * 257, N[::-1] * 257, (N * 257 * 5) % 65536], 16, 1000),
    "few entries": ([[0, 65535, 20000], [65535, 0, 40000], [1000, 2000, 60000]], 16, 0),
    "4096 entries": ([np.arange(4096) * 16, np.arange(4096)[::-1] * 16, np.arange(4096)], 16, 0),
    "65536 entries": ([np.arange(65536), np.arange(65536)[::-1], np.full(65536, 7 << 8)], 16, 0),
}


@pytest.mark.parametrize("name", PALETTES)
def test_a_palette_colours_what_comes_out_of_the_window(name):
    # WADO-05; PS3.3 A.33.3, C.7.9, PS3.4 N.2.4.2
    tables, bits, first = PALETTES[name]
    wanted = pseudo_coloured(
        palette_of(*tables, bits, first), SoftcopyVOILUTSequence=items(window(-200, 801))
    )
    made = ours(wanted)
    places = linear(-200, 801) * (len(tables[0]) - 1)
    # Where a value lies between two entries, float32 may take either.
    for choice in (np.rint(places - 1e-3), np.rint(places + 1e-3)):
        expected = np.stack([np.asarray(t)[choice.astype(int)] for t in tables], axis=-1)
        expected = expected >> 8 if bits == 16 else expected
        same = (made == expected).all(axis=-1)
        assert same.mean() > 0.98
        is_clear = np.rint(places - 1e-3) == np.rint(places + 1e-3)
        assert same[is_clear].all()


def test_without_a_window_the_palette_covers_all_that_can_be_stored():
    # WADO-05
    full = np.arange(65536)
    made = ours(pseudo_coloured(palette_of(full, full[::-1], full)))
    shown = PIXELS * (255 / 4095)  # of 12 bits
    expected = np.stack([shown, 255 - shown, shown], axis=-1)
    assert np.abs(made - expected).max() <= 1.01


def test_neither_the_polarity_of_the_image_nor_its_own_palette_counts():
    # WADO-05; PS3.4 N.2.4.2
    wanted = pseudo_coloured(
        palette_of(N * 257, N[::-1] * 257, N * 0), SoftcopyVOILUTSequence=items(window(0, 2000))
    )
    other = part10(
        **IMAGE, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE",
        **palette_of(N * 0, N * 0, N * 257),
    )  # fmt: skip
    assert (ours(wanted, other) == ours(wanted)).all()


def test_a_coloured_picture_is_turned_and_drawn_over_as_a_grey_one_is():
    # WADO-05
    palette = palette_of(N * 257, N * 0, N[::-1] * 257)
    plain = ours(pseudo_coloured(palette))
    turned = ours(pseudo_coloured(palette, ImageRotation=90, ImageHorizontalFlip="Y"))
    assert (turned == np.rot90(plain, -1)[:, ::-1]).all()


def test_pseudo_colours_need_greys_and_a_whole_palette():
    # WADO-05
    palette = palette_of(N * 257, N * 0, N[::-1] * 257)
    colours = part10(
        Rows=ROWS, Columns=COLUMNS, SamplesPerPixel=3, PlanarConfiguration=0,
        PhotometricInterpretation="RGB", BitsAllocated=8, BitsStored=8, HighBit=7,
        PixelData=bytes(ROWS * COLUMNS * 3),
    )  # fmt: skip
    with pytest.raises(NotAcceptable, match="greyscale"):
        ours(pseudo_coloured(palette), colours)
    del palette["BluePaletteColorLookupTableData"]
    with pytest.raises(InvalidInstance, match="palette"):
        ours(pseudo_coloured(palette))


def test_what_is_for_other_images_or_frames_does_not_count():
    other = item(ReferencedSOPClassUID=GREYSCALE, ReferencedSOPInstanceUID="9.9")
    second = reference()
    second.ReferencedFrameNumber = 2
    wanted = state(
        SoftcopyVOILUTSequence=[
            window(0, 1, ReferencedImageSequence=[other]),
            window(0, 2, ReferencedImageSequence=[second]),
            window(-200, 800),
        ]
    )
    expected = ours(state(**STATES["a window"]))
    assert (ours(wanted) == expected).all()
    assert (ours(wanted, frame_number=2) != expected).any()


def test_monochrome1_has_the_polarity_of_the_state():
    inverted = part10(**IMAGE, PhotometricInterpretation="MONOCHROME1")
    wanted = state(**STATES["a window"])
    assert (ours(wanted, inverted) == ours(wanted)).all()


def test_graphics_and_texts_of_the_state_are_drawn():
    box = item(
        GraphicAnnotationUnits="PIXEL",
        GraphicDimensions=2,
        NumberOfGraphicPoints=5,
        GraphicData=[10.0, 10.0, 40.0, 10.0, 40.0, 30.0, 10.0, 30.0, 10.0, 10.0],
        GraphicType="POLYLINE",
        GraphicFilled="N",
    )
    text = item(
        UnformattedTextValue="R",
        BoundingBoxAnnotationUnits="DISPLAY",
        BoundingBoxTopLeftHandCorner=[0.8, 0.7],
        BoundingBoxBottomRightHandCorner=[0.95, 0.9],
    )
    annotation = item(GraphicLayer="L", GraphicObjectSequence=[box], TextObjectSequence=[text])
    black = {"SoftcopyVOILUTSequence": items(window(9000, 10))}
    shown = ours(state(**black, GraphicAnnotationSequence=[annotation]))
    assert (shown[10, 10:41] == 255).all()
    assert (shown[10:31, 40] == 255).all()
    assert shown[33:, 50:].max() > 128
    assert not ours(state(**black)).any()


def test_overlays_of_the_image_are_shown_only_where_the_state_activates_them():
    with_overlay = pydicom.dcmread(io.BytesIO(part10(**IMAGE)))
    with_overlay.add_new(0x60020010, "US", ROWS)
    with_overlay.add_new(0x60020011, "US", COLUMNS)
    with_overlay.add_new(0x60020050, "SS", [1, 1])
    with_overlay.add_new(0x60020100, "US", 1)
    with_overlay.add_new(0x60023000, "OW", b"\xff" * (ROWS * COLUMNS // 8))
    out = io.BytesIO()
    with_overlay.save_as(out)
    black = {"SoftcopyVOILUTSequence": items(window(9000, 10))}
    assert not ours(state(**black), out.getvalue()).any()
    wanted = state(**black)
    wanted.add_new(0x60021001, "CS", "LAYER")
    assert (ours(wanted, out.getvalue()) == 255).all()


def test_the_shutter_of_the_state_closes():
    # DCMTK reads shutters and leaves it to others to draw them.
    closed = state(
        ShutterShape="RECTANGULAR",
        ShutterLeftVerticalEdge="10",
        ShutterRightVerticalEdge="50",
        ShutterUpperHorizontalEdge="5",
        ShutterLowerHorizontalEdge="40",
        ShutterPresentationValue=0xFFFF,
    )
    open_one, shown = ours(state()), ours(closed)
    assert (shown[4:40, 9:50] == open_one[4:40, 9:50]).all()
    assert (shown[:4] == 255).all()
    assert (shown[:, 50:] == 255).all()


def test_states_of_other_kinds_or_that_make_no_sense_are_refused():
    assert is_presentation_state("1.2.840.10008.5.1.4.1.1.11.4")
    assert not is_presentation_state("1.2.840.10008.5.1.4.1.1.2")
    with pytest.raises(NotAcceptable):
        ours(state(SOPClassUID="1.2.840.10008.5.1.4.1.1.11.8"))
    with pytest.raises(InvalidInstance):
        ours(state(DisplayedAreaSelectionSequence=[Dataset()]))
    (found,) = referenced_images(state())
    assert (found.series_instance_uid, found.sop_instance_uid) == (f"{ROOT}.1.1", f"{ROOT}.1.1.1")
