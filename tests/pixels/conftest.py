import pytest
from tests import corpus


@pytest.fixture(scope="session")
def corpus_files():
    """(path, row of corpus.csv) of every file."""
    return list(corpus.rows())


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
