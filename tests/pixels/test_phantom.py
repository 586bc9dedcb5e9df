"""The phantoms have the anatomy and the numbers a viewer will be looked at with."""

import hashlib

import numpy as np
import pytest

from hounsfield.pixels.phantom import chest, scans
from hounsfield.pixels.phantom.scanner import doubled


class Volume:
    """Some slices of a scan, asked for by place."""

    def __init__(self, scan):
        self.scan, self.geometry, self.slices = scan, scan.geometry, {}

    def slice(self, index):
        if index not in self.slices:
            shape = self.geometry.rows, self.geometry.columns
            stored = np.frombuffer(self.scan.pixels(index), "<u2").reshape(shape)
            self.slices[index] = stored.astype(int) + self.scan.rescale_intercept
        return self.slices[index]

    def around(self, x, y, z, reach=2):
        """The mean of a small square of a transverse slice."""
        first, step = self.geometry.first, self.geometry.step
        picture = self.slice(round((z - first[2]) / step[2]))
        column, row = (
            round((p - a) / self.geometry.spacing_mm) for p, a in ((x, first[0]), (y, first[1]))
        )
        return picture[row - reach : row + reach + 1, column - reach : column + reach + 1].mean()


@pytest.fixture(scope="module")
def head():
    return Volume(scans.HeadCt())


@pytest.fixture(scope="module")
def soft_and_lung():
    soft, lung = scans.chest_ct()
    return Volume(soft), Volume(lung)


@pytest.fixture(scope="module")
def t1_and_t2():
    return Volume(scans.HeadT1()), Volume(scans.HeadT2())


@pytest.mark.parametrize(
    ("what", "place", "low", "high"),
    [
        ("air beside the head", (-105, -60, 20), -1030, -970),
        ("white matter", (22, 4, 33), 20, 38),
        ("thalamus", (9, 11, 4), 32, 46),
        ("the bleed", (-31, 26, 30), 60, 80),
        ("the calcified pineal", (0, 22, -1), 120, 350),
        ("eye", (-31, -66, -29), -5, 30),
        ("fat behind the eye", (24, -50, -35), -115, -60),
        ("frontal skull", (0, -90, 20), 300, 1800),
    ],
)
def test_tissues_of_the_head_have_their_ct_numbers(head, what, place, low, high):
    assert low < head.around(*place) < high, what


def test_the_brain_has_grey_and_white_matter_and_sulci(head):
    picture = head.slice(89)[180:330, 180:330]
    smooth = (picture[:-1, :-1] + picture[1:, :-1] + picture[:-1, 1:] + picture[1:, 1:]) / 4
    shares = [
        ((low < smooth) & (smooth <= high)).mean() for low, high in ((-5, 20), (20, 33), (33, 50))
    ]
    assert shares[0] > 0.01
    assert min(shares[1:]) > 0.1


def test_the_skull_has_two_tables_with_diploe_between(head):
    spokes = [head.slice(85)[30:130, column] for column in (240, 256, 262, 272)]
    for spoke in spokes:
        bone = np.flatnonzero(spoke > 250)
        assert 4 <= len(bone) * head.geometry.spacing_mm <= 16
        wall = spoke[bone[0] : bone[-1] + 1]
        assert wall[2:-2].min() < 0.75 * wall.max()


def test_the_left_is_not_the_mirror_of_the_right(head):
    picture = head.slice(67)
    inside = (slice(150, 360), slice(150, 362))
    assert np.abs(picture[inside] - picture[:, ::-1][inside]).mean() > 6


@pytest.mark.parametrize(
    ("what", "place", "low", "high"),
    [
        ("lung", (80, -20, 40), -930, -780),
        ("trachea", (1, 14, 80), -1030, -900),
        ("aortic arch", (4, 6, 55), 230, 300),
        ("descending aorta", (20, 42, -12), 230, 300),
        ("left ventricle", (40, -22, -60), 200, 300),
        ("liver", (-60, 10, -120), 80, 115),
        ("spleen", (95, 40, -128), 100, 135),
        ("subcutaneous fat", (0, -98, -60), -120, -60),
        ("vertebral body", (0, 60, 8), 100, 420),
        ("spinal canal", (0, 83, 8), 5, 60),
        ("sternum", (0, -85, 20), 80, 900),
        ("the nodule", chest.NODULE, 15, 70),
    ],
)
def test_tissues_of_the_chest_have_their_ct_numbers(soft_and_lung, what, place, low, high):
    assert low < soft_and_lung[0].around(*place) < high, what


def test_vessels_branch_through_the_lung(soft_and_lung):
    soft, _ = soft_and_lung
    picture = soft.slice(58)  # 0.4 mm above the middle
    lung = picture[180:330, 130:190]
    share = (lung > -500).mean()
    assert 0.01 < share < 0.25


def test_both_kernels_show_one_chest_the_sharp_one_with_more_noise(soft_and_lung):
    soft, lung = soft_and_lung
    same = soft.slice(40), lung.slice(20)
    assert soft.geometry.position(40) == lung.geometry.position(20)
    assert np.corrcoef(same[0].ravel(), same[1].ravel())[0, 1] > 0.98
    liver = slice(262, 278), slice(170, 186)
    assert lung.slice(55)[liver].std() > 2 * soft.slice(110)[liver].std()


def test_fluid_is_dark_in_t1_and_bright_in_t2(t1_and_t2):
    t1, t2 = t1_and_t2
    lateral_ventricle, white = (-9, -8, 19), (22, 4, 35)
    assert t2.around(*lateral_ventricle, 1) > 1.8 * t2.around(*white, 1)
    # Sagittal: rows run down from z, columns back from y, one slice each 1.1 mm of x.
    first = t1.geometry.first

    def t1_at(x, y, z):
        picture = t1.slice(round((x - first[0]) / 1.1))
        row, column = round(first[2] - z), round(y - first[1])
        return picture[row - 1 : row + 2, column - 1 : column + 2].mean()

    assert t1_at(*lateral_ventricle) < 0.6 * t1_at(*white)


def test_mr_noise_is_never_negative_and_lies_above_zero_in_air(t1_and_t2):
    corner = t1_and_t2[1].slice(64)[:20, :20]
    assert 5 < corner.mean() < 60
    assert corner.std() > 3


@pytest.mark.parametrize(
    "make",
    [
        scans.HeadCt,
        lambda: scans.chest_ct()[0],
        lambda: scans.chest_ct()[1],
        scans.HeadT1,
        scans.HeadT2,
    ],
    ids=["head", "chest", "lung", "t1", "t2"],
)
def test_a_slice_is_the_same_whenever_and_wherever_it_is_drawn(make):
    one, other = make(), make()
    other.pixels(7)
    assert hashlib.sha256(one.pixels(30)).digest() == hashlib.sha256(other.pixels(30)).digest()
    assert one.pixels(30) != one.pixels(31)


@pytest.mark.parametrize(
    "make", [scans.HeadCt, lambda: scans.chest_ct()[0], scans.HeadT1, scans.HeadT2]
)
def test_scans_have_slices_enough_and_a_right_handed_geometry(make):
    geometry = make().geometry
    assert geometry.number_of_slices >= 120
    assert len(make().pixels(0)) == geometry.rows * geometry.columns * 2
    along, down = np.array(geometry.orientation[:3]), np.array(geometry.orientation[3:])
    step = np.subtract(geometry.position(1), geometry.position(0))
    assert np.dot(along, down) == 0
    assert np.linalg.norm(step) == pytest.approx(geometry.thickness_mm)
    assert abs(np.dot(np.cross(along, down), step)) == pytest.approx(geometry.thickness_mm)


def test_doubling_an_image_keeps_a_straight_slope_straight():
    slope = np.add.outer(np.arange(12.0), 2 * np.arange(10.0)).astype(np.float32)
    twice = doubled(slope)
    assert twice.shape == (24, 20)
    expected = np.add.outer(np.arange(24) / 2 - 0.25, np.arange(20) - 0.5)
    assert np.allclose(twice[4:-4, 4:-4], expected[4:-4, 4:-4], atol=1e-4)
