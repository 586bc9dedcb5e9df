"""Small synthetic instances, written by pydicom so that our own code has no part in them."""

import io
import warnings

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ROOT = "2.25.4711"


def dataset(**attributes) -> Dataset:
    """A CT image of 4 by 4 pixels with the wanted attributes; None leaves one out."""
    wanted = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": CT_IMAGE,
        "SOPInstanceUID": f"{ROOT}.1.1.1",
        "StudyInstanceUID": f"{ROOT}.1",
        "SeriesInstanceUID": f"{ROOT}.1.1",
        "PatientName": "Doe^Jane",
        "PatientID": "P1",
        "PatientBirthDate": "19500115",
        "PatientSex": "F",
        "StudyDate": "20240131",
        "StudyTime": "101530",
        "AccessionNumber": "A1",
        "StudyID": "S1",
        "StudyDescription": "Head",
        "ReferringPhysicianName": "Roe^Richard",
        "Modality": "CT",
        "SeriesNumber": "1",
        "SeriesDescription": "Axial",
        "InstanceNumber": "1",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 4,
        "Columns": 4,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": bytes(32),
        **attributes,
    }
    made = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are wrong on purpose
        for keyword, value in wanted.items():
            if value is not None:
                setattr(made, keyword, value)
    return made


def part10(*, transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN, **attributes) -> bytes:
    """The same as a DICOM file."""
    made = dataset(**attributes)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = transfer_syntax_uid
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are wrong on purpose
        dcmwrite(out, made, enforce_file_format=True)
    return out.getvalue()


def numbered(study: int, series: int = 1, number: int = 1, **attributes) -> bytes:
    """A file whose UIDs, IDs and numbers follow from its place in the hierarchy."""
    return part10(
        **{
            "StudyInstanceUID": f"{ROOT}.{study}",
            "SeriesInstanceUID": f"{ROOT}.{study}.{series}",
            "SOPInstanceUID": f"{ROOT}.{study}.{series}.{number}",
            "PatientID": f"P{study}",
            "AccessionNumber": f"A{study}",
            "SeriesNumber": str(series),
            "InstanceNumber": str(number),
            **attributes,
        }
    )
