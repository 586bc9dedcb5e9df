"""Bodies of any size take no more memory than a few pieces of them (STOW-05), over a real disk."""

import gzip
import itertools
import json
import tracemalloc

import pytest
from tests.dicomweb.storing import DICOM, JSON
from tests.instances import part10

from hounsfield.archive.access import LOCAL
from hounsfield.dicomweb.stow.intake import Intake, form_of
from hounsfield.pixels.codecs.photographs import photograph

PIECE = bytes(range(256)) * 1024  # a quarter of a MiB
PIECES = 160
PIXEL_BYTES = len(PIECE) * PIECES
ROWS, COLUMNS = 4096, PIXEL_BYTES // 2 // 4096
SHAPE = {"Rows": ROWS, "Columns": COLUMNS, "PixelData": None}


def header() -> bytes:
    """A file without its pixel data, up to where that begins."""
    return part10(**SHAPE) + b"\xe0\x7f\x10\x00OW\0\0" + PIXEL_BYTES.to_bytes(4, "little")


def file_parts():
    yield b"--b\r\nContent-Type: application/dicom\r\n\r\n" + header()
    yield from itertools.repeat(PIECE, PIECES)
    yield b"\r\n--b--\r\n"


def described_parts():
    attributes = {
        "00080016": ("UI", "1.2.840.10008.5.1.4.1.1.2"), "00080018": ("UI", "1.2.3.4"),
        "0020000D": ("UI", "1.2.3"), "0020000E": ("UI", "1.2.3.1"), "00280002": ("US", 1),
        "00280010": ("US", ROWS), "00280011": ("US", COLUMNS), "00280100": ("US", 16),
    }  # fmt: skip
    dataset = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in attributes.items()}
    dataset["7FE00010"] = {"vr": "OW", "BulkDataURI": "pixels"}
    yield b"--b\r\nContent-Type: application/dicom+json\r\n\r\n" + json.dumps(dataset).encode()
    yield b"\r\n--b\r\nContent-Location: pixels\r\n\r\n"
    yield from itertools.repeat(PIECE, PIECES)
    yield b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("parts", "kind", "encoding"),
    [(file_parts, DICOM, ""), (file_parts, DICOM, "gzip"), (described_parts, JSON, "")],
    ids=["file", "compressed", "metadata"],
)
def test_a_large_body_takes_little_memory(archive, parts, kind, encoding):
    # STOW-05
    pieces = list(parts()) if not encoding else [gzip.compress(b"".join(parts()), 1)]
    form = form_of(f'multipart/related; type="{kind}"; boundary=b', encoding)
    intake = Intake(archive.store, LOCAL, None, form, photograph)
    tracemalloc.start()
    for piece in pieces:
        for at in range(0, len(piece), 1 << 18):
            intake.feed(piece[at : at + (1 << 18)])
    results = intake.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    intake.discard()
    assert results.status == 200, results.failed
    assert results.stored[0].size_bytes > PIXEL_BYTES
    assert peak < 6 << 20
    assert list((archive.root / "spool").iterdir()) == []
