"""Synthetic instances of the benchmarks: a scanner-like CT header with pixels of a wanted size.

One template a size is encoded with pydicom; each instance is that template with its UIDs, numbers
and position put in by replacing placeholders of the same length, so making 100,000 studies costs
next to nothing and no encoder stands in the timed loop.
"""

import io
import random
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from tests.benchmarks.association import CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN

ROOT = "2.25.777"
STUDY, SERIES, NUMBER = "600000001", "700000001", "800000001"  # placeholders in the template
DATE, FAMILY = "19010203", "FAM0000000"
CT_SIZE, SMALL_SIZE, TINY_SIZE = 512, 64, 8


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _identity(ds: Dataset) -> None:
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID = CT_IMAGE
    ds.SOPInstanceUID = f"{ROOT}.3.{STUDY}.{SERIES}.{NUMBER}"
    ds.StudyInstanceUID = f"{ROOT}.1.{STUDY}"
    ds.SeriesInstanceUID = f"{ROOT}.2.{STUDY}.{SERIES}"
    ds.FrameOfReferenceUID = f"{ROOT}.4.{STUDY}"
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(ds, keyword, DATE)
    for keyword in ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"):
        setattr(ds, keyword, "080512.453000")
    ds.AccessionNumber = f"ACC{STUDY}"
    ds.PatientName, ds.PatientID = f"{FAMILY}^GIVEN", f"PID{STUDY}"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19500115", "F", "054Y"
    ds.ReferringPhysicianName, ds.OperatorsName = "REFERRER^ROSA", "OPERATOR^OLGA"
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", "1", NUMBER
    ds.StudyDescription, ds.SeriesDescription = "CT THORAX ABDOMEN", "AXIAL B30f 1.25"


def _equipment(ds: Dataset) -> None:
    ds.Modality, ds.Manufacturer, ds.InstitutionName = "CT", "SYNTHETIC", "Benchmark Hospital"
    ds.StationName, ds.ManufacturerModelName = "CT0001", "Synthetic 64"
    ds.SoftwareVersions, ds.DeviceSerialNumber = ["VB10", "P2"], "31415"
    ds.BodyPartExamined, ds.ProtocolName, ds.PatientPosition = "CHEST", "ThorAbd", "FFS"
    ds.KVP, ds.SliceThickness, ds.Exposure = "120", "1.25", "115"
    ds.ExposureTime, ds.XRayTubeCurrent, ds.GeneratorPower = "500", "230", "42"
    ds.DataCollectionDiameter, ds.ReconstructionDiameter = "500", "360"
    ds.DistanceSourceToDetector, ds.DistanceSourceToPatient = "1040", "570"
    ds.TableHeight, ds.GantryDetectorTilt, ds.RotationDirection = "145.5", "0", "CW"
    ds.ConvolutionKernel, ds.FilterType = "B30f", "BODY FILTER"
    ds.ProcedureCodeSequence = [_code("CTTA", "99BENCH", "CT thorax abdomen")]
    request = Dataset()
    request.RequestedProcedureID, request.ScheduledProcedureStepID = "RP1", "SPS1"
    request.ScheduledProtocolCodeSequence = [_code("TA1", "99BENCH", "Thorax abdomen 1.25")]
    ds.RequestAttributesSequence = [request]
    block = ds.private_block(0x0029, "BENCHMARK HEADER", create=True)
    for number in range(1, 13):
        block.add_new(number, "LO", f"private value {number}")
    block.add_new(0x20, "OB", bytes(range(256)))


def _plane(ds: Dataset, size: int) -> None:
    ds.ImagePositionPatient = ["-180.0", "-175.5", "0"]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = size
    ds.PixelSpacing = ["0.703125", "0.703125"]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = ["40", "-600"], ["400", "1200"]
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"


def header(size: int, frames: int = 1) -> Dataset:
    """Return the data set of a CT without its pixels: about 80 attributes, some of them private."""
    ds = Dataset()
    _identity(ds)
    _equipment(ds)
    _plane(ds, size)
    if frames > 1:
        ds.NumberOfFrames = str(frames)
    return ds


def pixel_element_header(length: int) -> bytes:
    """Return the header of a native Pixel Data element in Explicit VR Little Endian."""
    return bytes.fromhex("e07f1000") + b"OW\0\0" + length.to_bytes(4, "little")


def encoded(ds: Dataset) -> bytes:
    """Return a data set in Explicit VR Little Endian, without file meta."""
    out = io.BytesIO()
    dcmwrite(out, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return out.getvalue()


def file_meta() -> bytes:
    """Return preamble, prefix and file meta information with the template's instance UID."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
    ds.file_meta.MediaStorageSOPClassUID = CT_IMAGE
    ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.3.{STUDY}.{SERIES}.{NUMBER}"
    out = io.BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


@dataclass(frozen=True)
class Instance:
    """Where an instance stands among the synthetic ones; its UIDs follow from that."""

    study: int
    series: int = 1
    number: int = 1

    @property
    def sop_instance_uid(self) -> str:
        return (
            f"{ROOT}.3.{6 * 10**8 + self.study}.{7 * 10**8 + self.series}.{8 * 10**8 + self.number}"
        )

    @property
    def study_instance_uid(self) -> str:
        return f"{ROOT}.1.{6 * 10**8 + self.study}"

    @property
    def series_instance_uid(self) -> str:
        return f"{ROOT}.2.{6 * 10**8 + self.study}.{7 * 10**8 + self.series}"

    @property
    def patient_id(self) -> str:
        return f"PID{6 * 10**8 + self.study}"

    @property
    def study_date(self) -> str:
        """Fifty studies a day, so that a day's list does not grow with the archive."""
        day = self.study // 50
        return f"{1950 + day // 336:04d}{day % 336 // 28 + 1:02d}{day % 28 + 1:02d}"

    @property
    def family_name(self) -> str:
        """Ten studies a family name."""
        return f"FAM{self.study // 10:07d}"

    def fill(self, template: bytes) -> bytes:
        """Return the template with the placeholders of this instance put in."""
        for placeholder, text in (
            (STUDY, str(6 * 10**8 + self.study)),
            (SERIES, str(7 * 10**8 + self.series)),
            (NUMBER, str(8 * 10**8 + self.number)),
            (DATE, self.study_date),
            (FAMILY, self.family_name),
        ):
            template = template.replace(placeholder.encode(), text.encode())
        return template


def noise(size: int, seed: int = 3) -> bytes:
    """Return pixels that look like 12-bit noise: nothing on the way can compress them to nothing."""
    values = random.Random(seed).randbytes(size * size * 2)
    return bytes(b & 0x0F if n % 2 else b for n, b in enumerate(values))


class Template:
    """Encoded data sets and files of one image size."""

    def __init__(self, size: int) -> None:
        pixels = noise(size)
        self._header = encoded(header(size)) + pixel_element_header(len(pixels))
        self._meta = file_meta()
        self._pixels = pixels

    def dataset(self, instance: Instance) -> bytes:
        # the pixels differ a little from one instance to the next, as the objects of a scanner do
        mark = instance.number.to_bytes(4, "little") + instance.study.to_bytes(4, "little")
        return instance.fill(self._header) + mark + self._pixels[8:]

    def file(self, instance: Instance) -> bytes:
        return instance.fill(self._meta) + self.dataset(instance)


def write_folders(root: Path, size: int, studies: int, instances: int) -> list[Path]:
    """Write `studies` folders of `instances` files each, unless they are there; return them."""
    folders = [root / f"{size}-{instances}-{study:03d}" for study in range(studies)]
    template = Template(size)
    for study, folder in enumerate(folders):
        if folder.exists() and sum(1 for _ in folder.iterdir()) == instances:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(instances):
            data = template.file(Instance(size * 1000 + study, 1, number))
            (folder / f"{number:05d}.dcm").write_bytes(data)
    return folders
