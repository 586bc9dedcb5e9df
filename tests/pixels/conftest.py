import csv
import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def corpus_files():
    """(path, row of corpus.csv) of every file."""
    folder = Path(os.environ.get("HOUNSFIELD_CORPUS") or _ROOT.parent / "shared" / "corpus")
    table = folder / "corpus.csv"
    if not table.is_file():
        pytest.skip(f"no corpus of DICOM files at {folder}")
    with table.open(newline="") as lines:
        return [(folder / row["path"], row) for row in csv.DictReader(lines)]


class Frame:
    """The first frame of a file, with what describes it."""

    def __init__(self, path):
        import pydicom

        from hounsfield.dicom import frames, part10
        from hounsfield.pixels.description import ImagePixelDescription

        content = path.read_bytes()
        header = part10.read_header(content)
        table = frames.offsets(header, content)
        self.has_pixels = table is not None
        if table is None:
            return
        self.dataset = pydicom.dcmread(path, force=True)
        self.content = b"".join(content[at : at + size] for at, size in table.ranges(0))
        self.bit_offset = table.bit_offset(0)
        self.description = ImagePixelDescription.from_dataset(
            self.dataset, header.transfer_syntax_uid
        )


@pytest.fixture(scope="session")
def first_frame():
    return Frame
