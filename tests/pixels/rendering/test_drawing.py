"""Pictures are held to DCMTK's of the same files, to pydicom's own processing, and to what was put into them."""

import io
import subprocess
from dataclasses import replace

import imagecodecs
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from tests.dcmtk import program

from hounsfield.errors import InvalidQuery, NotAcceptable
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.drawing import PictureForm, picture_file, picture_of
from hounsfield.pixels.rendering.icc import COLOUR_SPACES, profile_of
from hounsfield.pixels.rendering.pictures import SINGLE_FRAME, animated_gif
from hounsfield.pixels.rendering.view import (
    DisplayedArea,
    Graphic,
    Label,
    OverlayPlane,
    Shutter,
    View,
    Viewport,
    overlays_of,
    shutter_of,
)

EXPLICIT = "1.2.840.10008.1.2.1"
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
GREY = ImagePixelDescription(16, 16, EXPLICIT, 1, 8, 8, 7, pixel_vr="OB")
RGB = replace(GREY, samples_per_pixel=3, photometric_interpretation="RGB")
COLOUR = np.random.default_rng(5).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def drawn(view=View(), pixels=RAMP, image=GREY):  # noqa: B008
    return picture_of(pixels.tobytes(), image, view)


def viewport(*numbers, **flips):
    return View(viewport=Viewport(*numbers, **flips))


# WADO-04: the picture without parameters is the one that other software shows.
@pytest.mark.filterwarnings("ignore")
def test_every_grey_image_of_the_corpus_looks_as_dcmtk_shows_it(
    corpus_files, first_frame, tmp_path
):
    tool = program("dcm2pnm")
    if tool is None:
        pytest.skip("DCMTK is not installed")
    compared, different, sizes = 0, [], set()
    for path, row in corpus_files:
        # One of each kind is enough of the long series.
        kind = (row["source"], row["sop_class"], row["transfer_syntax"], row["dims"])
        if (
            row["expect"] != "accept"
            or kind in sizes
            or not row["transfer_syntax"].startswith("1.2.840.10008.1.2")
        ):
            continue
        sizes.add(kind)
        try:
            frame = first_frame(path)
        except Exception:  # noqa: BLE001
            continue
        if not frame.has_pixels or frame.description.photometric_interpretation not in (
            "MONOCHROME1",
            "MONOCHROME2",
        ):
            continue
        image = frame.description
        if image.window_center is None or image.window_width is None or image.voi_lut is not None:
            continue
        if image.window_width < 1 or image.modality_lut is not None or image.padding_range:
            continue
        theirs = tmp_path / "theirs.pgm"
        run = subprocess.run(
            [tool, "+Wi", "1", "-O", path, theirs], capture_output=True, timeout=60, check=False
        )
        if run.returncode or not theirs.exists():
            continue
        expected = np.asarray(Image.open(io.BytesIO(theirs.read_bytes())))
        theirs.unlink()
        ours = picture_of(frame.content, image, View(), frame.bit_offset)
        if ours.shape != expected.shape:
            different.append((path.name, ours.shape, expected.shape))
            continue
        compared += 1
        if np.abs(ours.astype(int) - expected).max() > 1:
            different.append((path.name, int(np.abs(ours.astype(int) - expected).max())))
    assert not different
    assert compared > 20


@pytest.mark.parametrize("name", ["examples_overlay.dcm", "MR-SIEMENS-DICOM-WithOverlays.dcm"])
@pytest.mark.filterwarnings("ignore")
def test_overlays_lie_where_dcmtk_has_them(corpus_files, first_frame, tmp_path, name):
    tool = program("dcm2pnm")
    if tool is None:
        pytest.skip("DCMTK is not installed")
    path = next(path for path, _ in corpus_files if path.name == name)
    theirs = tmp_path / "theirs.pgm"
    subprocess.run([tool, "+Wi", "1", path, theirs], check=True, timeout=60)
    frame = first_frame(path)
    overlays = overlays_of(frame.dataset)
    ours = picture_of(frame.content, frame.description, View(overlays=overlays))
    assert overlays
    assert np.abs(ours.astype(int) - np.asarray(Image.open(theirs))).max() <= 1


def test_an_overlay_in_the_bits_of_the_pixels_is_shown():
    pixels = (RAMP.astype("<u2") << 4) | np.where(RAMP % 3 == 0, 0x1000, 0).astype("<u2")
    image = replace(GREY, bits_allocated=16, bits_stored=12, high_bit=11, pixel_vr="OW")
    image = replace(image, window_center=2048, window_width=4096)
    shown = drawn(View(overlays=(OverlayPlane(16, 16, embedded_bit=12),)), pixels, image)
    assert (shown[RAMP % 3 == 0] == 255).all()
    assert (shown[RAMP % 3 == 1] == drawn(View(), pixels, image)[RAMP % 3 == 1]).all()


def test_an_overlay_may_reach_over_the_edge_and_belong_to_one_frame():
    dataset = pydicom.Dataset()
    dataset.add_new(0x60000010, "US", 4)
    dataset.add_new(0x60000011, "US", 4)
    dataset.add_new(0x60000050, "SS", [15, -1])
    dataset.add_new(0x60000015, "IS", "1")
    dataset.add_new(0x60000051, "US", 2)
    dataset.add_new(0x60003000, "OB", b"\xff\xff")
    assert overlays_of(dataset, 0) == ()
    (plane,) = overlays_of(dataset, 1)
    shown = drawn(View(overlays=(plane,)), np.zeros((16, 16), np.uint8))
    assert np.argwhere(shown).tolist() == [[14, 0], [14, 1], [15, 0], [15, 1]]


@pytest.mark.filterwarnings("ignore")
def test_palettes_come_out_as_pydicom_makes_them(corpus_files, first_frame):
    compared = 0
    for path, _ in corpus_files:
        if "alette" not in path.name:
            continue
        frame = first_frame(path)
        if not frame.has_pixels or frame.description.photometric_interpretation != "PALETTE COLOR":
            continue
        dataset = frame.dataset
        stored = dataset.pixel_array
        expected = apply_color_lut(stored[0] if stored.ndim == 3 else stored, dataset)
        if expected.dtype == np.uint16:
            expected = (expected >> 8).astype(np.uint8)
        ours = picture_of(frame.content, frame.description, View(), frame.bit_offset)
        assert (ours == expected).all(), path.name
        compared += 1
    assert compared >= 4


@pytest.mark.filterwarnings("ignore")
def test_colours_of_the_corpus_come_out_as_pydicom_makes_them(corpus_files, first_frame):
    compared, different, kinds = 0, [], set()
    for path, row in corpus_files:
        kind = (row["sop_class"], row["transfer_syntax"], row["dims"], path.name)
        if row["expect"] != "accept" or kind in kinds or int(row["size"]) > 8 << 20:
            continue
        kinds.add(kind)
        try:
            frame = first_frame(path)
            if not frame.has_pixels or frame.description.samples_per_pixel != 3:
                continue
            expected = pydicom.pixels.pixel_array(path, index=0)
        except Exception:  # noqa: BLE001
            continue  # damaged, or pydicom has no decoder for it without a GPL one
        if expected.dtype != np.uint8 or (expected.size % 2 and "big_endian" in path.name):
            continue  # the last sample lies in the pad byte, outside of the frame's own range
        ours = picture_of(frame.content, frame.description, View(), frame.bit_offset)
        compared += 1
        # Decoders differ in how they smooth the colours that are stored for every second pixel only.
        if ours.shape != expected.shape or np.abs(ours.astype(int) - expected).mean() > 1.5:
            different.append((path.name, np.abs(ours.astype(int) - expected).mean()))
    assert not different
    assert compared >= 15


@pytest.mark.filterwarnings("ignore")
def test_tables_and_sigmoids_come_out_as_pydicom_makes_them():
    # PS3.3 C.11: the modality LUT, then the VOI LUT or the window.
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT
    dataset.Rows = dataset.Columns = 16
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 7, 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    modality, voi = pydicom.Dataset(), pydicom.Dataset()
    modality.LUTDescriptor = [256, 0, 16]
    modality.LUTData = [(n * n) % 4096 for n in range(256)]
    voi.LUTDescriptor = [2048, 1024, 16]
    voi.LUTData = [n * 32 for n in range(2048)]
    modality.ModalityLUTType = "US"
    for first, second in (("sequence", None), (None, "table"), ("sequence", "table")):
        both = pydicom.Dataset(dataset)
        both.file_meta = dataset.file_meta
        if first:
            both.ModalityLUTSequence = [modality]
        else:
            both.RescaleSlope, both.RescaleIntercept = 12, 100
        if second:
            both.VOILUTSequence = [voi]
        else:
            both.WindowCenter, both.WindowWidth, both.VOILUTFunction = 1500, 900, "SIGMOID"
        expected = apply_voi_lut(apply_modality_lut(RAMP, both), both).astype(float)
        if second:
            expected = expected / 65535 * 255
        else:
            # pydicom spreads the result over what the modality LUT gives, here 16 bits or the rescaled range.
            low, high = (0, 65535) if first else (100, 100 + 255 * 12)
            expected = (expected - low) * 255 / (high - low)
        ours = drawn(View(), RAMP, ImagePixelDescription.from_dataset(both, EXPLICIT))
        assert np.abs(ours - expected).max() <= 1, (first, second)


def test_values_of_eight_bits_without_a_window_are_shown_as_they_are():
    assert (drawn() == RAMP).all()
    assert (
        drawn(image=replace(GREY, photometric_interpretation="MONOCHROME1")) == 255 - RAMP
    ).all()
    assert (drawn(image=replace(GREY, is_inverse=True)) == 255 - RAMP).all()
    assert (drawn(pixels=COLOUR, image=RGB) == COLOUR).all()


def test_single_bits_are_black_and_white_and_floats_are_spread():
    bits = np.random.default_rng(2).integers(0, 2, (16, 16), dtype=np.uint8)
    packed = np.packbits(bits, bitorder="little")
    one = replace(GREY, bits_allocated=1, bits_stored=1, high_bit=0)
    assert (drawn(View(), packed, one) == bits * 255).all()
    floats = np.linspace(-2.0, 3.0, 256, dtype="<f4").reshape(16, 16)
    image = replace(GREY, bits_allocated=32, bits_stored=32, pixel_vr="OF")
    shown = drawn(View(), floats, image)
    assert (np.diff(shown.reshape(-1).astype(int)) >= 0).all()
    assert shown[0, 0] == 0
    assert shown[-1, -1] == 255


# WADO-04: viewport in all its forms (PS3.18 8.3.5.1.3).
def test_the_viewport_keeps_the_proportions_and_does_not_overflow():
    assert drawn(viewport(64, 32)).shape == (32, 32)
    assert drawn(viewport(8, 800)).shape == (8, 8)
    wide = replace(GREY, pixel_aspect=2.0)
    assert drawn(viewport(32, 32), image=wide).shape == (32, 16)


def test_a_region_is_cut_out_before_it_is_scaled():
    assert (drawn(viewport(4, 4, 4, 8, 4, 4)) == RAMP[8:12, 4:8]).all()
    assert drawn(viewport(20, 20, 6, 6)).shape == (20, 20)
    assert (drawn(viewport(16, 16, 0, 0)) == RAMP).all()
    assert (drawn(viewport(8, 16, 8, 0)) == RAMP[:, 8:]).all()


def test_negative_sizes_flip():
    flipped = drawn(viewport(16, 16, flips_horizontally=True))
    assert (flipped == RAMP[:, ::-1]).all()
    assert (drawn(viewport(16, 16, flips_vertically=True)) == RAMP[::-1]).all()
    part = drawn(viewport(4, 4, 2, 3, 4, 4, flips_horizontally=True, flips_vertically=True))
    assert (part == RAMP[3:7, 2:6][::-1, ::-1]).all()


def test_a_region_outside_of_the_image_is_the_clients_mistake():
    for x, y, width, height in ((16, 0, 4, 4), (0, 99, 4, 4), (0, 0, 0, 4)):
        with pytest.raises(InvalidQuery):
            drawn(viewport(4, 4, x, y, width, height))


# WADO-05: what a presentation state changes comes before the viewport.
def test_rotation_and_flip_turn_the_picture_clockwise():
    assert (drawn(View(rotation=90)) == np.rot90(RAMP, -1)).all()
    assert (drawn(View(rotation=270, is_flipped=True)) == np.rot90(RAMP, 1)[:, ::-1]).all()


def test_the_displayed_area_is_what_is_shown():
    area = DisplayedArea((5, 3), (8, 10))
    assert (drawn(View(area=area)) == RAMP[2:10, 4:8]).all()
    turned = drawn(View(area=area, rotation=90))
    assert (turned == np.rot90(RAMP[2:10, 4:8], -1)).all()
    larger = drawn(View(area=DisplayedArea((-1, -1), (18, 18))))
    assert larger.shape == (20, 20)
    assert (larger[2:18, 2:18] == RAMP).all()
    assert not larger[:2].any()
    absurd = drawn(View(area=DisplayedArea((-90_000, 1), (90_000, 16)), viewport=Viewport(64, 64)))
    assert absurd.shape == (1, 64)
    twice = drawn(View(area=DisplayedArea((1, 1), (16, 16), "MAGNIFY", 2.0)))
    assert twice.shape == (32, 32)


def test_shutters_hide_what_is_outside_of_every_shape():
    shown = drawn(View(shutter=Shutter(rectangle=(3, 12, 5, 10), grey=0xFFFF)))
    assert (shown[4:10, 2:12] == RAMP[4:10, 2:12]).all()
    assert shown.sum() == RAMP[4:10, 2:12].astype(int).sum() + 255 * (256 - 60)
    round_one = drawn(View(shutter=Shutter(circle=(8, 8, 4))), RAMP | 1)
    assert np.count_nonzero(round_one) == 49
    corner = Shutter(polygon=((1, 1), (1, 9), (9, 1)))
    assert 30 < np.count_nonzero(drawn(View(shutter=corner), RAMP | 1)) < 50
    stripe = Shutter(bitmap=OverlayPlane(16, 16, data=b"\xff\xff" + bytes(30)))
    hidden = drawn(View(shutter=stripe))
    assert not hidden[0].any()
    assert (hidden[1:] == RAMP[1:]).all()


def test_a_shutter_is_read_from_a_data_set():
    dataset = pydicom.Dataset()
    assert shutter_of(dataset) is None
    dataset.ShutterShape = ["RECTANGULAR", "CIRCULAR", "POLYGONAL"]
    dataset.ShutterLeftVerticalEdge, dataset.ShutterRightVerticalEdge = "3", "12"
    dataset.ShutterUpperHorizontalEdge, dataset.ShutterLowerHorizontalEdge = "5", "10"
    dataset.CenterOfCircularShutter, dataset.RadiusOfCircularShutter = ["8", "7"], "4"
    dataset.VerticesOfThePolygonalShutter = ["1", "1", "1", "9", "9", "1"]
    dataset.ShutterPresentationValue = 300
    assert shutter_of(dataset) == Shutter(
        (3, 12, 5, 10), (8, 7, 4), ((1, 1), (1, 9), (9, 1)), None, 300
    )


def test_graphics_and_texts_are_drawn_at_their_places():
    black = np.zeros((100, 100), np.uint8)
    image = replace(GREY, rows=100, columns=100)
    line = Graphic("POLYLINE", ((10, 20), (90, 20)))
    shown = drawn(View(graphics=(line,)), black, image)
    assert set(np.argwhere(shown)[:, 0]) == {20}
    turned = drawn(View(graphics=(line,), rotation=90), black, image)
    assert len(set(np.argwhere(turned)[:, 1])) == 1
    square = Graphic("POLYLINE", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)), True, True)
    filled = drawn(View(graphics=(square,), viewport=Viewport(200, 200)), black, image)
    assert filled[50, 50] == 255
    assert filled[100, 100] == 0
    round_one = Graphic("CIRCLE", ((50, 50), (70, 50)))
    around = np.argwhere(drawn(View(graphics=(round_one,)), black, image)) + 0.5
    assert np.abs(np.hypot(*(around - 50).T) - 20).max() < 1.5
    label = Label("R", top_left=(60, 60), bottom_right=(80, 80))
    letters = np.argwhere(drawn(View(labels=(label,)), black, image) > 128)
    assert len(letters)
    assert letters.min() >= 58
    notes = drawn(View(notes=(("Doe^Jane",), ("CT 5 mm", "120 kV"))), black, image)
    assert notes[:20].any()
    assert notes[75:].any()
    assert not notes[40:60].any()


@pytest.mark.parametrize("media_type", SINGLE_FRAME)
def test_pictures_are_files_of_the_type_asked_for(media_type):
    forms = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
    for pixels, image in ((RAMP, GREY), (COLOUR, RGB)):
        made = picture_file(pixels.tobytes(), image, View(), PictureForm(media_type, 95))
        if media_type == "image/jxl":
            read = imagecodecs.jpegxl_decode(made)
        elif media_type == "image/jp2":
            read = imagecodecs.jpeg2k_decode(made)
        else:
            opened = Image.open(io.BytesIO(made))
            assert opened.format == forms[media_type]
            read = np.asarray(opened.convert("RGB" if pixels.ndim == 3 else "L"))
        if media_type == "image/png" or (media_type == "image/gif" and pixels.ndim == 2):
            assert (read == pixels).all()
        elif pixels.ndim == 2:
            assert np.abs(read.astype(int) - pixels).mean() < 3


def test_a_lower_quality_makes_a_smaller_file():
    noise = np.random.default_rng(4).integers(0, 256, (64, 64), dtype=np.uint8)
    image = replace(GREY, rows=64, columns=64)
    sizes = [
        len(picture_file(noise.tobytes(), image, View(), PictureForm(quality=quality)))
        for quality in (1, 50, 100)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] * 4 < sizes[2]


@pytest.mark.parametrize("colour_space", COLOUR_SPACES)
@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/webp"])
def test_the_profile_of_the_colour_space_is_in_the_file(colour_space, media_type):
    form = PictureForm(media_type, colour_space=colour_space)
    made = Image.open(io.BytesIO(picture_file(COLOUR.tobytes(), RGB, View(), form)))
    named = "srgb" if colour_space == "yes" else colour_space
    assert made.info["icc_profile"] == profile_of(named)


def test_colours_are_converted_from_the_profile_of_the_image():
    green = np.tile(np.array([20, 200, 40], np.uint8), (16, 16, 1))
    form = PictureForm("image/png", colour_space="srgb", own_profile=profile_of("adobergb"))
    made = np.asarray(Image.open(io.BytesIO(picture_file(green.tobytes(), RGB, View(), form))))
    assert made[0, 0, 0] < 20
    broken = replace(form, own_profile=b"no profile", colour_space="adobergb")
    made = np.asarray(Image.open(io.BytesIO(picture_file(green.tobytes(), RGB, View(), broken))))
    assert made[0, 0, 0] > 20


def test_frames_become_an_animation_with_their_times():
    frames = [np.full((16, 16), grey, np.uint8) for grey in (10, 100, 200)]
    made = Image.open(io.BytesIO(animated_gif(frames, [40, 40, 500])))
    assert made.n_frames == 3
    assert made.info["loop"] == 0
    durations = []
    for n, frame in enumerate(frames):
        made.seek(n)
        durations.append(made.info["duration"])
        assert (np.asarray(made.convert("L")) == frame).all()
    assert durations == [40, 40, 500]


def test_a_picture_that_is_too_large_for_its_form_is_refused():
    wide = replace(GREY, rows=1, columns=66_000)
    with pytest.raises(NotAcceptable, match="viewport"):
        picture_file(bytes(66_000), wide, View(), PictureForm())
