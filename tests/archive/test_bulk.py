"""Frames are read from where they lie, and nothing else of the file is."""

import io

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit
from tests.instances import ROOT, part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.bulk import Bulk
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.errors import NotFound
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.pixels.pool import DecodePool
from hounsfield.storage.memory import MemoryObject, MemoryStorage

FRAMES = 88
SIZE = 20_000


class CountingObject(MemoryObject):
    """Tells its storage how many bytes are read of it."""

    def __init__(self, data: bytes, storage: "CountingStorage") -> None:
        super().__init__(data)
        self._storage = storage

    def read_at(self, offset, length):
        self._storage.read_bytes += length
        return super().read_at(offset, length)

    def map(self):
        self._storage.read_bytes += self.size_bytes
        return super().map()


class CountingStorage(MemoryStorage):
    read_bytes = 0

    def open(self, key):
        with super().open(key) as stored:
            return CountingObject(stored.read_at(0, stored.size_bytes), self)


def frame(number: int) -> bytes:
    return b"\xff\xd8\xff\xe0" + bytes([number]) * (SIZE - 6) + b"\xff\xd9"


def film(table: str, fragments: int) -> bytes:
    made = dcmread(io.BytesIO(part10(NumberOfFrames=str(FRAMES))))
    frames = [frame(n) for n in range(FRAMES)]
    if table == "extended":
        made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = (
            encapsulate_extended(frames)
        )
    else:
        made.PixelData = encapsulate(frames, fragments, has_bot=table == "basic")
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    out = io.BytesIO()
    dcmwrite(out, made, force_encoding=True, implicit_vr=False, little_endian=True)
    return out.getvalue()


@pytest.fixture
def opened(tmp_path):
    """A function that stores a file; gives what reads frames of it and the storage."""
    with open_index(IndexConfig(tmp_path / "index.db")) as index, DecodePool() as pool:

        def put(data: bytes):
            storage = CountingStorage()
            store = InstanceStore(storage, index)
            spool = store.spool()
            spool.write(data)
            store.store_instance(spool, Source(LOCAL, "import", "test"))
            retrieve = Retrieve(storage, index)
            location = retrieve.locate(LOCAL, f"{ROOT}.1", f"{ROOT}.1.1", f"{ROOT}.1.1.1")[0]
            storage.read_bytes = 0
            return Bulk(retrieve, pool), location, storage

        yield put


@pytest.mark.parametrize(
    ("table", "fragments"), [("basic", 1), ("none", 1), ("extended", 1), ("basic", 3), ("none", 3)]
)
def test_only_the_bytes_of_the_frame_are_read_of_a_large_file(opened, table, fragments):
    # WADO-03: extended, basic and no offset table, one and several fragments a frame
    bulk, location, storage = opened(film(table, fragments))
    (found,) = bulk.frames(location, [FRAMES])
    assert b"".join(found.read()).rstrip(b"\0") == frame(FRAMES - 1)
    assert storage.read_bytes <= SIZE + 2 * fragments
    with pytest.raises(NotFound, match="88"):
        bulk.frames(location, [FRAMES + 1])


def test_what_is_deflated_is_inflated_once_for_all_its_frames(opened):
    data = part10(
        transfer_syntax_uid=DeflatedExplicitVRLittleEndian,
        NumberOfFrames="3",
        PixelData=bytes(range(96)),
    )
    bulk, location, storage = opened(data)
    for number in (1, 2, 3):
        (found,) = bulk.frames(location, [number])
        assert b"".join(found.read()) == bytes(range(32 * number - 32, 32 * number))
    assert storage.read_bytes == location.size_bytes
