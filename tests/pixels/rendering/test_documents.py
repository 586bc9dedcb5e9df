"""First pages of PDFs, and PDFs that mean harm (WADO-06)."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.pool import DecodePool, PoolConfig
from hounsfield.pixels.rendering.documents import first_page

# Red below, blue above, the right half white.
COLOURS = b"1 0 0 rg 0 0 100 50 re f 0 0 1 rg 0 50 100 50 re f"
SIDE = 20_000


def pdf(content=COLOURS, box="0 0 200 100", resources=b"", more=b""):
    return (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[%b]/Contents 4 0 R/Resources<<%b>>>>endobj\n"
        b"4 0 obj<</Length %d>>stream\n%b\nendstream endobj\n%b"
        b"trailer<</Root 1 0 R/Size 9>>\n%%%%EOF\n"
    ) % (box.encode(), resources, len(content), content, more)


def packed(piece, count):
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(piece) for _ in range(count)) + packer.flush()


def with_image(side):
    """A page with a picture of so many pixels each way that is empty, and small when packed."""
    pixels = packed(bytes(side), side)
    head = (
        b"5 0 obj<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8"
        b"/ColorSpace/DeviceGray/Filter/FlateDecode/Length %d>>stream\n"
    ) % (side, side, len(pixels))
    return pdf(
        b"200 0 0 100 0 0 cm /I Do",
        resources=b"/XObject<</I 5 0 R>>",
        more=head + pixels + b"\nendstream endobj\n",
    )


def unpacked(size):
    """A page whose instructions are of this size, and small when packed."""
    spaces = packed(b" " * (1 << 20), size >> 20)
    plain = b"/Length %d>>stream\n%b" % (len(COLOURS), COLOURS)
    return pdf().replace(
        plain, b"/Filter/FlateDecode/Length %d>>stream\n%b" % (len(spaces), spaces)
    )


def endless(lines=200_000):
    return pdf(b"0.1 w " + b"0 0 m 200 100 l 3 4 99 88 77 66 c S " * lines)


@pytest.fixture(scope="module")
def pool():
    with DecodePool(PoolConfig(processes=1)) as opened:
        yield opened


def test_the_first_page_is_drawn_as_it_is_printed():
    page = first_page(pdf(), 160, 160)
    assert page.shape == (80, 160, 3)
    assert (page[:39, :79] == (0, 0, 255)).all()
    assert (page[41:, :79] == (255, 0, 0)).all()
    assert (page[:, 81:] == 255).all()
    assert first_page(pdf(), 300, 40).shape == (40, 80, 3)


@pytest.mark.parametrize(
    "box",
    [
        "0 0 1000000000 1000000000",
        "0 0 1 1000000000",
        "0 0 0 0",
        "0 0 1e30 5",
        "nan x",
        "9 9 -9 -9",
    ],
)
def test_a_page_of_any_size_becomes_a_small_picture(box):
    page = first_page(pdf(box=box), 160, 120)
    assert page.shape[0] <= 120
    assert page.shape[1] <= 160
    assert page.size


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7 odd", b"no PDF at all" * 99, pdf()[:90], pdf().replace(b"/Page/", b"/Nope/"),
     pdf().replace(b"Kids[3 0 R]/Count 1", b"Kids[]/Count 0")],
    ids=["nothing", "a beginning", "something else", "cut off", "no page", "no pages"],
)  # fmt: skip
def test_a_broken_document_is_an_error_and_its_process_goes_on(pool, content):
    def drawn():
        return Image.open(io.BytesIO(pool.run("first page", pdf(), 160, 160)[1])).size

    assert drawn() == (160, 80)
    before = pool.processes()
    with pytest.raises(InvalidInstance):
        pool.run("first page", content, 160, 160)
    assert drawn() == (160, 80)
    assert pool.processes() == before


def test_a_page_that_is_drawn_for_too_long_is_ended(pool):
    with pytest.raises(NotAcceptable, match="longer than is allowed"):
        pool.run("first page", endless(), 2000, 2000, cpu_s=0.5)
    assert pool.run("first page", pdf(), 160, 160)[1]


needs_limits = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="no limit of memory to test"
)


@needs_limits
def test_a_large_picture_on_a_page_is_drawn_in_little_memory():
    with DecodePool(PoolConfig(processes=1, memory_bytes=200 << 20, cpu_s=30)) as opened:
        made = opened.run("first page", with_image(SIDE), 160, 160)[1]
        assert np.asarray(Image.open(io.BytesIO(made))).shape == (80, 160, 3)
        (process,) = opened.processes()
        status = Path(f"/proc/{process}/status").read_text()
        assert int(status.partition("VmHWM:")[2].split()[0]) << 10 < SIDE * SIDE


@needs_limits
def test_a_page_that_takes_too_much_memory_is_refused_and_the_next_is_drawn():
    with DecodePool(PoolConfig(processes=1, memory_bytes=200 << 20, cpu_s=30)) as opened:
        with pytest.raises((InvalidInstance, NotAcceptable)):
            opened.run("first page", unpacked(600 << 20), 160, 160)
        assert opened.run("first page", pdf(), 160, 160)[1]
