"""Throw damaged instances at everything that reads them: python -m tests.fuzz.headers --seconds N.

Whatever comes in, only InvalidInstance may come out, and what was understood has a whole description:
its attributes, its frames, its DICOM JSON and every value that this points to lie inside the bytes.
"""

import argparse
import io
import random
import struct
import sys
import time
import tracemalloc
import warnings

import orjson
from pydicom.dataset import Dataset
from tests.fuzz.pdus import mutate
from tests.instances import dataset, part10

from hounsfield.dicom.attributes import InstanceAttributes
from hounsfield.dicom.frames import FrameTable, offsets
from hounsfield.dicom.identity import identify
from hounsfield.dicom.json_model import find_bulk_data, write_dataset
from hounsfield.dicom.part10 import read_header
from hounsfield.dicom.query import Level
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance

IMPLICIT, EXPLICIT, DEFLATED, BIG, JPEG = (
    f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".1.99", ".2", ".4.50")
)
LENGTHS = (0, 1, 7, 0x7F, 0xFFFE, 0xFFFF, 1 << 24, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
VRS = (b"SQ", b"UN", b"OB", b"UT", b"LO", b"PN", b"DS", b"IS", b"AT", b"FD", b"SV", b"QQ", b"\0\0")
UNDEFINED = 0xFFFFFFFF
# What a reader of N bytes may hold at once: values and their JSON, never what a length promises.
MEMORY_PER_BYTE, MEMORY_BYTES = 64, 2 << 20


def element(tag: int, vr: bytes, length: int, value: bytes = b"") -> bytes:
    """One element in explicit VR with a 4-byte length."""
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, length) + value


def item(content: bytes, *, closed: bool = False) -> bytes:
    """One item, of undefined length if it is closed by a delimiter."""
    if not closed:
        return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content
    end = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    return struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + content + end


def sequence(*items: bytes) -> bytes:
    """The value of a sequence of undefined length, with its delimiter."""
    return b"".join(items) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def _code(value: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "DCM", "Bedeutung ä"
    return made


def _seeds() -> list[bytes]:
    rich = {
        "ProcedureCodeSequence": [_code("1"), _code("2")],
        "ImagePositionPatient": ["-1.50", "2", "3e1"],
        "OtherPatientIDs": ["a", "b"],
        "PatientName": "Müller^Jörg=山田=x",
        "FrameIncrementPointer": 0x00181063,
        "NumberOfFrames": "2",
        "PixelData": bytes(64),
    }
    seeds = [part10(transfer_syntax_uid=uid, **rich) for uid in (IMPLICIT, EXPLICIT, DEFLATED, BIG)]
    headless = part10(PixelData=None, PatientName="Doe^Jane")
    private = element(0x00091001, b"UN", UNDEFINED, sequence(item(b"", closed=True), item(b"")))
    nested = element(0x00081140, b"SQ", UNDEFINED, sequence(item(private, closed=True)))
    frames = sequence(
        item(struct.pack("<2I", 0, 12)), item(b"\xff\xd8\xff\0"), item(b"\xff\xd8\xff\1")
    )
    pixels = element(0x7FE00010, b"OB", UNDEFINED, frames)
    jpeg = part10(transfer_syntax_uid=JPEG, PixelData=None, NumberOfFrames="2")
    seeds += [headless + private, headless + nested * 3, jpeg + nested + pixels, jpeg + pixels]
    bare = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset(**rich).save_as(bare, implicit_vr=True, little_endian=True)
    return [*seeds, bare.getvalue()]


SEEDS = _seeds()


def check_header(data: bytes) -> bool:
    """Read all there is to be read of ``data``; say whether it was understood."""
    try:
        header = read_header(data)
        attributes = InstanceAttributes(header)
        identity = identify(header, attributes)
        table = offsets(header, data)
        body = write_dataset(data, header, bulk_data_uri=lambda path: f"bulk:{path}")
    except InvalidInstance:
        return False
    assert "/" not in identity.study_instance_uid
    assert isinstance(identity.patient_key, str)
    for level in Level:
        orjson.loads(orjson.dumps(attributes.json(level)))
    for tag in header.elements:
        assert isinstance(attributes.text(tag), str)
    if table is not None:
        assert FrameTable.from_bytes(table.to_bytes()) == table
        for index in {0, table.number_of_frames // 2, table.number_of_frames - 1}:
            for offset, length in table.ranges(index):
                assert 0 <= offset <= offset + length <= len(data)
    model = orjson.loads(body)
    if not of(header.transfer_syntax_uid).is_deflated:
        for path in _bulk_paths(model):
            offset, length, _vr = find_bulk_data(data, header, path)
            assert 0 <= offset <= offset + length <= len(data)
    return True


def _bulk_paths(model: dict) -> list[str]:
    """The paths of all bulk data in one data set, down to the bottom."""
    found = []
    rest = [model]
    while rest:
        for value in rest.pop().values():
            assert len(value.keys() & {"Value", "BulkDataURI", "InlineBinary"}) <= 1
            if "BulkDataURI" in value:
                found.append(value["BulkDataURI"].removeprefix("bulk:"))
            if value["vr"] == "SQ":
                rest += value.get("Value", [])
    return found


def damage(data: bytes, random_: random.Random) -> bytes:
    """Change ``data`` the way broken software or a hostile sender would: lengths, VRs, order, ends."""
    changed = bytearray(data)
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(changed) or 1)
        match random_.randrange(7):
            case 0:
                changed[at : at + 4] = struct.pack("<I", random_.choice(LENGTHS))
            case 1:
                changed[at : at + 2] = struct.pack("<H", random_.choice(LENGTHS) & 0xFFFF)
            case 2:
                changed[at : at + 2] = random_.choice(VRS)
            case 3:
                changed[at:at] = element(
                    random_.choice((0x00081140, 0x00091001, 0x7FE00010, 0xFFFEE000)),
                    random_.choice(VRS),
                    random_.choice(LENGTHS),
                )
            case 4:
                other = random_.choice(SEEDS)
                changed[at:] = other[random_.randrange(len(other)) :]
            case 5:
                changed += random_.randbytes(random_.randint(1, 40))
            case 6:
                changed = bytearray(mutate(bytes(changed), random_))
    return bytes(changed)


def memory_bytes(data: bytes) -> int:
    """The most memory that reading ``data`` took at once."""
    tracemalloc.start()
    try:
        check_header(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    random_ = random.Random(seed)
    warnings.simplefilter("ignore")  # pydicom, asked about what we cannot follow, says much
    end = time.monotonic() + arguments.seconds
    tried = understood = 0
    slowest_s = 0.0
    while time.monotonic() < end:
        data = damage(random_.choice(SEEDS), random_)
        begin = time.process_time()
        try:
            understood += check_header(data)
        except Exception:
            sys.stdout.write(f"seed {seed}, check_header({data!r})\n")
            raise
        slowest_s = max(slowest_s, time.process_time() - begin)
        tried += 1
    sys.stdout.write(
        f"seed {seed}: {tried} inputs, {understood} understood, no failure, "
        f"slowest {slowest_s * 1000:.0f} ms\n"
    )


if __name__ == "__main__":
    main()
