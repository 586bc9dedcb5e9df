"""The studies of `hounsfield demo`: synthetic CT and MR made on the fly, and the real files pydicom brings along.

Nothing synthetic passes for real: patient name, study description, image type and comments say so
(PS3.3 C.7.6.1.1.2, derived image). All UIDs are made from names (PS3.5 B.2), so that a second start
finds what the first has stored.
"""

import io
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from uuid import UUID, uuid5

import pydicom
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

from hounsfield.archive.access import Principal
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.dicom.identity import identify
from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dicom.part10 import read_header
from hounsfield.errors import HounsfieldError
from hounsfield.pixels.phantom.scans import HeadCt, HeadT1, HeadT2, Scan, chest_ct

# A new number here makes new instances: raise it whenever the pictures or attributes change.
_EDITION = 1
_NAMES = UUID("8a1f9a3e-53c4-4c1e-9d7c-6f1d0b6f2f11")
_SYNTHETIC = "SYNTHETIC: computed from an anatomical model, no person was scanned"
_THREADS = 2

# Of pydicom's files those that are whole instances and show something; those that only exist to be
# damaged, or would come as a second version of one of these, are left out.
_REAL_FILES = (
    "test_files/CT_small.dcm",
    "test_files/MR_small.dcm",
    "test_files/JPEG2000.dcm",
    "test_files/examples_jpeg2k.dcm",
    "test_files/examples_overlay.dcm",
    "test_files/examples_palette.dcm",
    "test_files/examples_rgb_color.dcm",
    "test_files/examples_ybr_color.dcm",
    "test_files/liver_1frame.dcm",
    "test_files/rtdose.dcm",
    "test_files/rtplan.dcm",
    "test_files/rtstruct.dcm",
    "test_files/test-SR.dcm",
    "test_files/reportsi.dcm",
    "test_files/waveform_ecg.dcm",
    "charset_files/chrArab.dcm",
    "charset_files/chrFren.dcm",
    "charset_files/chrGerm.dcm",
    "charset_files/chrGreek.dcm",
    "charset_files/chrH31.dcm",
    "charset_files/chrHbrw.dcm",
    "charset_files/chrI2.dcm",
    "charset_files/chrRuss.dcm",
    "charset_files/chrX1.dcm",
    "charset_files/chrX2.dcm",
)


@dataclass(frozen=True, slots=True)
class DemoInstance:
    """One instance of the demonstration; ``to_bytes`` makes its file, which takes a moment."""

    label: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    to_bytes: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of the demonstration's instances."""

    stored: int
    duplicates: int
    failed: int


@dataclass(frozen=True, slots=True)
class _Series:
    """One synthetic series: its pictures and what is said of them."""

    name: str
    number: int
    scan: Scan
    make: Callable[["_Series", "_Study"], Dataset]
    description: str
    window: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Study:
    name: str
    description: str
    patient_id: str
    sex: str
    birth_date: str
    age: str
    date: str
    time: str
    body_part: str
    series: tuple[_Series, ...]


def demo_studies() -> Iterator[DemoInstance]:
    """All instances of the demonstration; what comes last stands first in the study list."""
    yield from _real_instances()
    for study in _synthetic_studies():
        # The series of a study take turns, so that what they share is drawn once.
        turns = [_instances(study, series) for series in study.series]
        while turns:
            for turn in tuple(turns):
                instance = next(turn, None)
                if instance is None:
                    turns.remove(turn)
                else:
                    yield instance


def fill(store: InstanceStore, progress: Callable[[int, int], None]) -> Filled:
    """Store every instance that is not there yet; ``progress`` is told (done, of how many).

    May be stopped at any point and started again. An instance that cannot be stored is counted and
    left out.
    """
    instances = tuple(demo_studies())
    source = Source(Principal("demo", "local"), "import", "demonstration")
    outcomes = {"stored": 0, "duplicate": 0, "failed": 0}
    drawing: deque[Future[str]] = deque()
    done = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="demonstration") as threads:
        try:
            for instance in instances:
                drawing.append(threads.submit(_store, store, source, instance))
                if len(drawing) > 2 * _THREADS:
                    outcomes[drawing.popleft().result()] += 1
                    done += 1
                    progress(done, len(instances))
            while drawing:
                outcomes[drawing.popleft().result()] += 1
                done += 1
                progress(done, len(instances))
        finally:
            threads.shutdown(cancel_futures=True)
    return Filled(outcomes["stored"], outcomes["duplicate"], outcomes["failed"])


def _store(store: InstanceStore, source: Source, instance: DemoInstance) -> str:
    if store.index.locate(
        instance.study_instance_uid, instance.series_instance_uid, instance.sop_instance_uid
    ):
        return "duplicate"
    try:
        # First, so that a full disk is told before anything is drawn.
        spool = store.spool()
        try:
            spool.write(instance.to_bytes())
        except BaseException:
            spool.discard()
            raise
        outcome = store.store_instance(spool, source).outcome
    except HounsfieldError:
        return "failed"
    return "duplicate" if outcome == "duplicate" else "stored"


def _uid(*names: str | int) -> str:
    """A UID for a name, the same each time (PS3.5 B.2)."""
    name = "/".join(str(part) for part in ("hounsfield demonstration", _EDITION, *names))
    return f"2.25.{uuid5(_NAMES, name).int}"


def _synthetic_studies() -> tuple[_Study, ...]:
    soft, lung = chest_ct()
    return (
        _Study(
            "Head CT", "CT head without contrast (SYNTHETIC)", "SYNTH-0001", "F", "19580412",
            "068Y", "20260914", "084210", "HEAD",
            (
                _Series("head", 2, HeadCt(), _ct, "Head 1.25 mm (SYNTHETIC)",
                        (("BRAIN", 40, 80), ("STROKE", 36, 40), ("BONE", 500, 2200))),
            ),
        ),
        _Study(
            "Chest CT", "CT chest with contrast (SYNTHETIC)", "SYNTH-0002", "M", "19510730",
            "075Y", "20261005", "102733", "CHEST",
            (
                _Series("chest soft", 3, soft, _ct, "Chest soft tissue 2.2 mm (SYNTHETIC)",
                        (("MEDIASTINUM", 50, 400), ("BONE", 400, 1800))),
                _Series("chest lung", 4, lung, _ct, "Chest lung kernel 4.4 mm (SYNTHETIC)",
                        (("LUNG", -550, 1500),)),
            ),
        ),
        _Study(
            "Head MR", "MR head (SYNTHETIC)", "SYNTH-0003", "F", "19731121", "052Y",
            "20261020", "151508", "HEAD",
            (
                _Series("head T1", 5, HeadT1(), _mr, "T1 3D sagittal (SYNTHETIC)",
                        (("NORMAL", 430, 860),)),
                _Series("head T2", 6, HeadT2(), _mr, "T2 transverse (SYNTHETIC)",
                        (("NORMAL", 500, 1000),)),
            ),
        ),
    )  # fmt: skip


def _instances(study: _Study, series: _Series) -> Iterator[DemoInstance]:
    # One data set serves the whole series; each instance takes a copy of its own.
    common = cache(partial(_common, study, series))
    total = series.scan.geometry.number_of_slices
    for index in range(total):
        yield DemoInstance(
            f"{study.name}, {series.description}, {index + 1} of {total}",
            _uid(study.name),
            _uid(study.name, series.name),
            _uid(study.name, series.name, index),
            partial(_synthetic, common, study, series, index),
        )


def _common(study: _Study, series: _Series) -> Dataset:
    """What all instances of a synthetic series say alike."""
    dataset = series.make(series, study)
    geometry = series.scan.geometry
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = dataset.AcquisitionDate = (
        study.date
    )
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = dataset.AcquisitionTime = (
        study.time
    )
    dataset.AccessionNumber = f"SYN{study.date[2:]}"
    dataset.StudyID = study.patient_id[-4:]
    dataset.StudyDescription = study.description
    dataset.ReferringPhysicianName = "Nobody^Nemo"
    dataset.PatientName = f"Synthetic^{study.name}"
    dataset.PatientID = study.patient_id
    dataset.IssuerOfPatientID = "HOUNSFIELD DEMO"
    dataset.PatientBirthDate, dataset.PatientSex = study.birth_date, study.sex
    dataset.PatientAge = study.age
    dataset.PatientComments = _SYNTHETIC
    dataset.StudyInstanceUID = _uid(study.name)
    dataset.SeriesInstanceUID = _uid(study.name, series.name)
    dataset.FrameOfReferenceUID = _uid(study.name, "frame of reference")
    dataset.PositionReferenceIndicator = None
    dataset.SeriesNumber, dataset.SeriesDescription = series.number, series.description
    dataset.BodyPartExamined, dataset.PatientPosition = study.body_part, "HFS"
    dataset.SyntheticData = "YES"
    dataset.Manufacturer = "Hounsfield (synthetic)"
    dataset.ManufacturerModelName = "Phantom"
    dataset.SoftwareVersions = str(_EDITION)
    dataset.DerivationDescription = dataset.ImageComments = _SYNTHETIC
    dataset.BurnedInAnnotation, dataset.AcquisitionNumber = "NO", 1
    dataset.ImageOrientationPatient = list(geometry.orientation)
    dataset.PixelSpacing = [geometry.spacing_mm, geometry.spacing_mm]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = geometry.thickness_mm
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = geometry.rows, geometry.columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenterWidthExplanation = [name for name, _, _ in series.window]
    dataset.WindowCenter = [center for _, center, _ in series.window]
    dataset.WindowWidth = [width for _, _, width in series.window]
    return dataset


def _ct(series: _Series, study: _Study) -> Dataset:
    """What only CT images say (PS3.3 C.8.2.1)."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL", "SYNTHETIC"]
    dataset.KVP, dataset.XRayTubeCurrent, dataset.ExposureTime = 120, 240, 500
    dataset.RescaleIntercept, dataset.RescaleSlope = series.scan.rescale_intercept, 1
    dataset.RescaleType, dataset.GantryDetectorTilt = "HU", 0
    dataset.ConvolutionKernel = "SHARP" if "lung" in series.name else "SOFT"
    dataset.ReconstructionDiameter = round(
        series.scan.geometry.spacing_mm * series.scan.geometry.columns, 2
    )
    if study.body_part == "CHEST":
        dataset.ContrastBolusAgent, dataset.ContrastBolusRoute = "SYNTHETIC", "IV"
    return dataset


def _mr(series: _Series, study: _Study) -> Dataset:
    """What only MR images say (PS3.3 C.8.3.1)."""
    dataset = Dataset()
    is_t1 = "T1" in series.name
    dataset.SOPClassUID, dataset.Modality = MRImageStorage, "MR"
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER", "SYNTHETIC"]
    dataset.ScanningSequence = ["GR", "IR"] if is_t1 else "SE"
    dataset.SequenceVariant = ["SP", "MP"] if is_t1 else "SK"
    dataset.ScanOptions, dataset.MRAcquisitionType = None, "3D" if is_t1 else "2D"
    dataset.RepetitionTime, dataset.EchoTime = (2000, 2.9) if is_t1 else (5200, 96)
    dataset.EchoTrainLength, dataset.FlipAngle = (1, 9) if is_t1 else (15, 150)
    if is_t1:
        dataset.InversionTime = 900
    dataset.MagneticFieldStrength, dataset.ProtocolName = 1.5, f"{study.body_part} {series.name}"
    return dataset


def _synthetic(common: Callable[[], Dataset], study: _Study, series: _Series, index: int) -> bytes:
    """The file of one synthetic instance."""
    dataset = Dataset()
    dataset.update(common())
    dataset.SOPInstanceUID = UID(_uid(study.name, series.name, index))
    dataset.InstanceNumber = index + 1
    position = series.scan.geometry.position(index)
    dataset.ImagePositionPatient = list(position)
    axis = 0 if series.scan.geometry.step[0] else 2
    dataset.SliceLocation = position[axis]
    dataset.PixelData = series.scan.pixels(index)
    dataset["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    file = io.BytesIO()
    FileDataset(file, dataset, file_meta=meta, preamble=bytes(128)).save_as(
        file, enforce_file_format=True
    )
    return file.getvalue()


def _real_instances() -> Iterator[DemoInstance]:
    """The chosen files of the installed pydicom; one that its edition does not have is passed over."""
    folder = resources.files(pydicom) / "data"
    for name in _REAL_FILES:
        file = folder.joinpath(*name.split("/"))
        if not file.is_file():
            continue
        identity = identify(read_header(file.read_bytes()))
        yield DemoInstance(
            f"pydicom {name.rsplit('/', 1)[1]}",
            identity.study_instance_uid,
            identity.series_instance_uid,
            identity.sop_instance_uid,
            file.read_bytes,
        )
