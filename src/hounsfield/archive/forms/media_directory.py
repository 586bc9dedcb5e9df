"""A DICOMDIR over instances, for who takes them away as a file-set (PS3.10 8, PS3.3 annex F, FILE-05).

The directory needs some attributes that an instance may lack; it then says what stands in for them, while the instance
stays as it is.
"""

import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.fileset import FileSet

from hounsfield.archive.retrieve import Retrieve
from hounsfield.errors import HounsfieldError, NotAcceptable
from hounsfield.index.records import InstanceLocation

MAX_INSTANCES = 20_000
_STAND_INS = {
    "PatientName": "",
    "PatientID": "UNKNOWN",
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "StudyID": "0",
    "StudyDescription": "",
    "AccessionNumber": "",
    "Modality": "OT",
    "SeriesNumber": 0,
    "InstanceNumber": 0,
    "ContentDate": "19000101",
    "ContentTime": "000000",
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
}
# So much of a file is its header, or it has none that a directory could be made from.
_HEADER_BYTES = 64 << 20


def directory_of(
    retrieve: Retrieve, locations: Iterable[InstanceLocation]
) -> tuple[bytes, dict[int, str]]:
    """(the DICOMDIR, the file ID with slashes of each instance by its row ID); those that fit in none are left out.

    Raises NotAcceptable where there are too many.
    """
    places: dict[int, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="hounsfield-media-") as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # what pydicom finds odd in a header was stored so
        media = FileSet()
        uids: dict[tuple[str, str], int] = {}
        for n, location in enumerate(locations):
            if n >= MAX_INSTANCES:
                raise NotAcceptable(
                    f"a DICOMDIR for more than {MAX_INSTANCES} instances is too much"
                )
            try:
                media.add(_header(retrieve, location))
            except (HounsfieldError, ValueError, KeyError, AttributeError, OSError):
                continue
            uids[location.series_instance_uid, location.sop_instance_uid] = location.id
        media.write(Path(folder))
        for record in media:
            key = (str(record.SeriesInstanceUID), str(record.SOPInstanceUID))
            if key in uids:
                places[uids[key]] = Path(record.path).relative_to(folder).as_posix()
        media._stage["t"].cleanup()  # noqa: SLF001 - its own folder, which it gives back in no other way
        return (Path(folder) / "DICOMDIR").read_bytes(), places


def _header(retrieve: Retrieve, location: InstanceLocation) -> Dataset:
    """What the directory says of an instance."""
    with retrieve.open_view(location) as stored:
        head = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - closed below
        with head:
            for piece in stored.stream(0, min(stored.size_bytes, _HEADER_BYTES)):
                head.write(piece)
            head.seek(0)
            dataset = dcmread(head, stop_before_pixels=True, force=True)
    kept = Dataset()
    kept.file_meta = dataset.file_meta
    for element in dataset:
        if (
            element.VR not in {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
            and not element.tag.is_private
        ):
            kept.add(element)
    for keyword, stand_in in _STAND_INS.items():
        value: Any = kept.get(keyword)
        if value is None or value == "":
            setattr(kept, keyword, stand_in)
    kept.SOPInstanceUID, kept.SOPClassUID = location.sop_instance_uid, location.sop_class_uid
    kept.StudyInstanceUID = location.study_instance_uid
    kept.SeriesInstanceUID = location.series_instance_uid
    return kept
