"""Writes stored instances to a folder, byte for byte, under names a person can read."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.dicom.matching import texts
from hounsfield.dicom.query import Key, Level, Query, SingleValue
from hounsfield.errors import Conflict, HounsfieldError, InvalidInstance
from hounsfield.index.records import Found, InstanceLocation


@dataclass(frozen=True, slots=True)
class Named:
    """An instance and the path it gets below the folder of an export or in a ZIP."""

    location: InstanceLocation
    path: str


Outcome = Literal["written", "present", "failed"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of one instance, and why if it could not be written."""

    named: Named
    path: Path
    outcome: Outcome
    reason: str | None = None


def named_instances(
    search: Search,
    retrieve: Retrieve,
    principal: Principal,
    study_instance_uid: str,
    series_instance_uid: str | None = None,
) -> list[Named]:
    """The instances of a study or series, each with a unique path ``patient/study/series/number.dcm``.

    Raises NotFound.
    """
    locations = retrieve.locate(principal, study_instance_uid, series_instance_uid)
    keys = (Key(0x0020000D, "UI", SingleValue(study_instance_uid)),)
    studies = search.search(principal, Query(Level.STUDY, keys, limit=1))
    series = {
        _first(found, "0020000E", "UI"): found
        for found in search.search(principal, Query(Level.SERIES, keys))
    }
    top = _study_folder(studies[0]) if studies else "study"
    folders: dict[str, str] = {}
    taken: set[str] = set()
    made = []
    for location in locations:
        uid = location.series_instance_uid
        if uid not in folders:
            folder = _series_folder(series[uid]) if uid in series else "series"
            folders[uid] = _unique(f"{top}/{folder}", set(folders.values()))
        number = location.instance_number if location.instance_number is not None else 0
        path = _unique(f"{folders[uid]}/{number:05d}", taken)
        taken.add(path)
        made.append(Named(location, path + ".dcm"))
    return made


def export(retrieve: Retrieve, instances: Iterable[Named], folder: Path) -> Iterator[Exported]:
    """Write the instances below ``folder``, each compared with the hash taken at its receipt.

    A file that is there already with the same bytes is left alone, one with others is not overwritten.
    """
    for named in instances:
        path = folder / named.path
        try:
            yield Exported(named, path, _write(retrieve, named.location, path))
        except (HounsfieldError, OSError) as problem:
            yield Exported(named, path, "failed", str(problem))


def _write(retrieve: Retrieve, location: InstanceLocation, path: Path) -> Outcome:
    """Write under a scratch name first, so that no half of a file is ever taken for a whole one."""
    if path.exists():
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == location.sha256:
                return "present"
        raise Conflict("another file is there")
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with retrieve.open_instance(location) as stored, scratch.open("wb") as file:
            for piece in stored.stream(chunk_bytes=1 << 20):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != location.sha256:
            raise InvalidInstance("damaged in the archive: these are not the bytes received")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return "written"


def _study_folder(found: Found) -> str:
    name = _first(found, "00100010", "PN").split("=")[0].replace("^", " ")
    patient = _safe(f"{_first(found, '00100020', 'LO')} {name}") or "patient"
    study = _safe(f"{_first(found, '00080020', 'DA')} {_first(found, '00081030', 'LO')}") or "study"
    return f"{patient}/{study}"


def _series_folder(found: Found) -> str:
    number = _first(found, "00200011", "IS")
    padded = f"{int(float(number)):03d}" if re.fullmatch(r"-?\d+(\.\d+)?", number) else ""
    text = f"{padded} {_first(found, '00080060', 'CS')} {_first(found, '0008103E', 'LO')}"
    return _safe(text) or "series"


def _first(found: Found, tag: str, vr: str) -> str:
    values = texts(found.attributes.get(tag), vr)
    return values[0] if values else ""


def _safe(text: str) -> str:
    """A name that every file system takes: plain letters, no path separators, no device names."""
    plain = unicodedata.normalize("NFKC", text)
    kept = "".join(c if c.isalnum() or c in " ._-" else "_" for c in plain)
    return " ".join(kept.split()).strip(" .")[:80].rstrip(" .")


def _unique(path: str, taken: set[str]) -> str:
    candidate, n = path, 1
    while candidate in taken:
        n += 1
        candidate = f"{path}-{n}"
    return candidate
