"""Real files of many makers, described by a table: what the byte-exact claims are held against."""

import csv
import os
import struct
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def folder() -> Path | None:
    """Return where the corpus lies, if it does."""
    told = os.environ.get("HOUNSFIELD_CORPUS")
    path = Path(told) if told else REPOSITORY.parent / "shared" / "corpus"
    return path if (path / "corpus.csv").exists() else None


@dataclass(frozen=True)
class CorpusFile:
    """One file and what its row of the table says."""

    path: Path
    expect: str  # accept, either, reject
    sop_class_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    def read(self) -> bytes:
        return self.path.read_bytes()

    @property
    def resource(self) -> str:
        """The DICOMweb resource of the instance."""
        return (
            f"/studies/{self.study_instance_uid}/series/{self.series_instance_uid}"
            f"/instances/{self.sop_instance_uid}"
        )

    @property
    def has_file_meta(self) -> bool:
        """Whether a DIMSE client finds in the file meta what it must say in its command.

        Media storage directories (DICOMDIR) have it too, but are nothing that is sent by C-STORE.
        """
        meta = file_meta(self.read())
        said = [meta.get(tag, b"").strip(b"\0 ") for tag in (0x00020002, 0x00020003, 0x00020010)]
        return all(said) and said[0] != b"1.2.840.10008.1.3.10"


def require() -> Path:
    """Return where the corpus lies; the test is skipped, and says so, where there is none."""
    found = folder()
    if found is None:
        pytest.skip("no corpus of DICOM files: set HOUNSFIELD_CORPUS to its folder")
    return found


def rows() -> list[tuple[Path, dict[str, str]]]:
    """Return each file with its row of the table as it stands there."""
    root = require()
    with (root / "corpus.csv").open(newline="", encoding="utf-8") as table:
        return [(root / row["path"], row) for row in csv.DictReader(table)]


def load() -> list[CorpusFile]:
    """Return every file."""
    return [
        CorpusFile(
            path,
            row["expect"],
            row["sop_class"],
            row["transfer_syntax"],
            row["study_uid"],
            row["series_uid"],
            row["sop_uid"],
        )
        for path, row in rows()
    ]


def rounds(files: list[CorpusFile]) -> list[list[CorpusFile]]:
    """Split files so that no SOP Instance UID comes twice in one part.

    Many files here are one instance with other bytes. An archive shows one version of an instance, so
    what is claimed of each is checked part by part. What has no UID at all is in the first part; it
    conflicts with nothing.
    """
    seen: dict[str, int] = defaultdict(int)
    parts: list[list[CorpusFile]] = []
    for file in files:
        number = seen[file.sop_instance_uid]
        seen[file.sop_instance_uid] += bool(file.sop_instance_uid)
        if number == len(parts):
            parts.append([])
        parts[number].append(file)
    return parts


def dataset_offset(data: bytes) -> int:
    """Return where the data set of a Part 10 file begins: behind all of group 2 (PS3.10 7.1)."""
    if data[128:132] != b"DICM":
        return 0
    at = 132
    while data[at : at + 2] == b"\x02\x00":
        _, value, length = _element(data, at)
        at = value + length
    return at


def file_meta(data: bytes) -> dict[int, bytes]:
    """Return the elements of the file meta information, if there is one."""
    found, at, end = {}, 132, dataset_offset(data)
    while at < end:
        tag, value, length = _element(data, at)
        found[tag] = data[value : value + length]
        at = value + length
    return found


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    group, element, vr = struct.unpack_from("<HH2s", data, at)
    if vr in (b"OB", b"UN"):
        return group << 16 | element, at + 12, struct.unpack_from("<I", data, at + 8)[0]
    return group << 16 | element, at + 8, struct.unpack_from("<H", data, at + 6)[0]


def dataset(data: bytes) -> bytes:
    """Return the data set of a Part 10 file as it lies there."""
    return data[dataset_offset(data) :]


def kept_in(data: Path) -> dict[str, list[bytes]]:
    """The data sets that lie in the archive of a data folder, byte for byte, by SOP Instance UID."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for path in (data / "objects").rglob("*.dcm"):
        content = path.read_bytes()
        uid = file_meta(content)[0x00020003].rstrip(b"\0").decode()
        found[uid].append(dataset(content))
    return found


def is_among(came: list[bytes], file: CorpusFile) -> bool:
    """Whether the data set of a file is there to the byte."""
    sent = dataset(file.read())
    # PS3.5 A.5: a deflated data set of odd length is sent with a null byte behind it.
    return sent in came or (len(sent) % 2 == 1 and sent + b"\0" in came)
