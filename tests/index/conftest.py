"""An index filled with people and studies that queries find hard."""

import hashlib
import itertools
import random

import pytest
from pydicom import Dataset
from tests.instances import CT_IMAGE, MR_IMAGE, ROOT, part10

from hounsfield.dicom import frames
from hounsfield.dicom.attributes import InstanceAttributes
from hounsfield.dicom.identity import identify
from hounsfield.dicom.part10 import read_header
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import Index
from hounsfield.index.records import InstanceRecord

RECEIVED_US = 1_790_000_000_000_000
NAMES = (
    "Doe^Jane",
    "DOE^JOHN^^^",
    "Doe",
    "Müller^Jörg^von",
    "MULLER^JORG",
    "Łukasz^Żółć",
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "=山田^花子",
    "Hong^Gildong=洪^吉洞=홍^길동",
    'O\'Brien^Pat "Paddy"',
    "Sm[i]th^50%_x",
    "ab^c",
    "𠮷野^一",
    None,
)
DESCRIPTIONS = ("CT Head", "ct head", "HEAD w/o [contrast]", "100% _ \"x\" 'y'", "Thörax", "", None)
DATES = ("20231231", "20240101", "20240131", "20240201", "", None)
TIMES = ("07", "0730", "073015.5", "120000", "12:00:00", "235959.999999", None)


def record(content: bytes, received_us: int = RECEIVED_US, **options) -> InstanceRecord:
    """What the archive would write of a file."""
    header = read_header(content)
    attributes = InstanceAttributes(header)
    return InstanceRecord(
        **{
            "identity": identify(header, attributes),
            "attributes": attributes,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "received_us": received_us,
            "received_by": "import",
            "source": "disc",
            "dataset_offset": header.dataset_offset,
            "frame_table": frames.offsets(header, content),
            "actor": "test",
            **options,
        }
    )


def code(value, scheme):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, scheme
    return item


def requested(value):
    item = Dataset()
    item.ScheduledProtocolCodeSequence = [code(value, "99TEST")]
    return item


def hard_instances():
    chance = random.Random(7)
    for study, name in enumerate(NAMES * 3):
        of_study = {
            "StudyInstanceUID": f"{ROOT}.{study}",
            "PatientName": name,
            "PatientID": chance.choice(["P1", "p1", "P[2]", "P*3", f"P{study}", "", "Pé"]),
            "IssuerOfPatientID": chance.choice(["EAST", None]),
            "PatientSex": chance.choice("FMO"),
            "PatientBirthDate": chance.choice(["19500115", "19991231", ""]),
            "StudyDate": chance.choice(DATES),
            "StudyTime": chance.choice(TIMES),
            "AccessionNumber": chance.choice([f"A{study}", "A1", "a1", ""]),
            "StudyID": str(study),
            "StudyDescription": chance.choice(DESCRIPTIONS),
            "ReferringPhysicianName": chance.choice([*NAMES, ""]),
            "PatientWeight": chance.choice([None, "70.5", "80"]),
            "PatientComments": chance.choice([None, "allergic?", "ALLERGIC"]),
            "OtherPatientIDs": (None, ["A1", "B2"], "A1", ["B2", "C3", "A1"])[study % 4],
            "TimezoneOffsetFromUTC": (None, "+0900", "-0500", "+0130", "bad")[study % 5],
            "ProcedureCodeSequence": (None, [code("CTH", "99TEST")], [code("MRH", "DCM"), code("CTH", "DCM")])[study % 3],
        }  # fmt: skip
        for series, number in itertools.product(range(chance.randint(1, 3)), range(2)):
            yield part10(
                **of_study,
                SeriesInstanceUID=f"{ROOT}.{study}.{series}",
                SOPInstanceUID=f"{ROOT}.{study}.{series}.{number}",
                SOPClassUID=(CT_IMAGE, MR_IMAGE)[(study + series) % 2],
                Modality=("CT", "MR", "CT")[(study + series) % 3],
                SeriesNumber=str(series) if study % 5 else None,
                SeriesDescription=DESCRIPTIONS[(study + series) % len(DESCRIPTIONS)],
                InstanceNumber=str(number),
                ImageType=["ORIGINAL", "PRIMARY"] if number else ["DERIVED", "SECONDARY"],
                OperatorsName=["Doe^Jane", "Yamada^Tarou=山田^太郎"] if series else "Op^One",
                BodyPartExamined=("HEAD", "CHEST")[series % 2],
                AcquisitionDateTime=(
                    None,
                    "20240131",
                    "20240131073015.5+0900",
                    "202401310730-0500",
                    "20240130223015.5+0000",
                    "bad",
                )[(study + series) % 6],
                SliceLocation=str(number * 2.5),
                SeriesDate=("20240101", "20240131", None)[series % 3],
                SeriesTime=("0730", None, "121530.5")[study % 3],
                RequestAttributesSequence=[requested("CTH"), requested("MRH")][: study % 3] or None,
            )


@pytest.fixture
def index(tmp_path):
    with Index(IndexConfig(tmp_path / "index.db")) as index:
        yield index


@pytest.fixture(scope="module")
def hard_index(tmp_path_factory):
    with Index(IndexConfig(tmp_path_factory.mktemp("hard") / "index.db")) as index:
        for n, content in enumerate(hard_instances()):
            index.write(record(content, RECEIVED_US + n))
        yield index
