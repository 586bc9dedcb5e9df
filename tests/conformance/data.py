"""What is stored into the server: made anew for each run, with UIDs that nobody has used."""

import io
import warnings
from dataclasses import dataclass

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid
from tests import instances

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
MULTI_FRAME_BYTES = "1.2.840.10008.5.1.4.1.1.7.2"
PDF_STORAGE = "1.2.840.10008.5.1.4.1.1.104.1"
SIDE = 32


def fresh() -> str:
    """A UID from a random UUID (PS3.5 B.2)."""
    return generate_uid(prefix=None)


@dataclass(frozen=True)
class Instance:
    """A file and where the server should have it."""

    content: bytes
    study: str
    series: str
    sop: str

    @property
    def path(self) -> str:
        return f"/studies/{self.study}/series/{self.series}/instances/{self.sop}"

    @property
    def series_path(self) -> str:
        return f"/studies/{self.study}/series/{self.series}"

    @property
    def study_path(self) -> str:
        return f"/studies/{self.study}"

    @property
    def dataset(self) -> Dataset:
        return dcmread(io.BytesIO(self.content))


def image(study: str | None = None, series: str | None = None, **attributes) -> Instance:
    """A CT image of 32 by 32 pixels, a ramp from 0 to 1023."""
    study, series, sop = study or fresh(), series or fresh(), fresh()
    wanted = {
        "StudyInstanceUID": study,
        "SeriesInstanceUID": series,
        "SOPInstanceUID": sop,
        "PatientName": "Conformance^Curt",
        "PatientID": "CONF-" + study[-10:],
        "AccessionNumber": study[-12:],
        "StudyDescription": "Conformance",
        "Rows": SIDE,
        "Columns": SIDE,
        "PixelData": b"".join(n.to_bytes(2, "little") for n in range(SIDE * SIDE)),
        "WindowCenter": "512",
        "WindowWidth": "1024",
        "RescaleSlope": "1",
        "RescaleIntercept": "0",
        "PixelSpacing": ["0.5", "0.50"],
    }
    return Instance(instances.part10(**wanted | attributes), study, series, sop)


def frame(number: int) -> bytes:
    """The pixels of a frame of `multi_frame`."""
    return b"\0" + bytes([50 * number]) * 23 + b"\xff"


def multi_frame(frames: int = 3) -> Instance:
    """Frames of 5 by 5 bytes: black and white in two corners, one grey elsewhere; no frame ends with a word."""
    pixels = b"".join(frame(n + 1) for n in range(frames))
    return image(
        SOPClassUID=MULTI_FRAME_BYTES,
        Modality="OT",
        NumberOfFrames=str(frames),
        Rows=5,
        Columns=5,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=pixels + bytes(len(pixels) % 2),
        WindowCenter=None,
        WindowWidth=None,
    )


PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000054 00000 n \n0000000104 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)


def pdf() -> Instance:
    """An encapsulated document of an odd length."""
    pixel_keywords = (
        "SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit"
        " PixelRepresentation PixelData WindowCenter WindowWidth RescaleSlope RescaleIntercept PixelSpacing"
    ).split()
    odd = PDF if len(PDF) % 2 else PDF + b"\n"
    return image(
        **dict.fromkeys(pixel_keywords),
        SOPClassUID=PDF_STORAGE,
        Modality="DOC",
        DocumentTitle="Conformance",
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=odd + b"\0",
        EncapsulatedDocumentLength=len(odd),
    )


def written(dataset: Dataset) -> bytes:
    """A data set as a file."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of them are not quite as they should be
        dataset.save_as(out)
    return out.getvalue()


def bundled(name: str, **attributes) -> Instance:
    """One of pydicom's files under UIDs of our own, otherwise as it is."""
    dataset = dcmread(get_testdata_file(name, download=False))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = fresh(), fresh()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = fresh()
    for keyword, wanted in attributes.items():
        setattr(dataset, keyword, wanted)
    return Instance(
        written(dataset),
        dataset.StudyInstanceUID,
        dataset.SeriesInstanceUID,
        dataset.SOPInstanceUID,
    )
