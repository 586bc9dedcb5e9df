"""Brings in files, folders and ZIP archives, and says of each file what became of it."""

import hashlib
import lzma
import mmap
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, Literal, cast

from hounsfield.archive.store import InstanceStore, Source
from hounsfield.dicom.attributes import InstanceAttributes
from hounsfield.dicom.identity import Identity, identify
from hounsfield.dicom.part10 import read_header
from hounsfield.errors import HounsfieldError, InvalidInstance, OutOfResources, Unavailable
from hounsfield.storage.objects import Spool

Outcome = Literal["stored", "duplicate", "version", "skipped", "failed"]

_CHUNK_BYTES = 1 << 20
# What no real archive of images does: grow so much when unpacked, have so many members, lie so deep in others.
_MAX_RATIO = 400
_ALWAYS_BYTES = 1 << 30
_MAX_MEMBERS = 200_000
_MAX_ZIP_DEPTH = 3
_UNPACKING = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
_ZIP = b"PK\x03\x04"
_NOT_DICOM = ("not a DICOM file", "a DICOMDIR is")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file; ``name`` is its path, inside a ZIP behind the ZIP's."""

    name: str
    outcome: Outcome
    reason: str | None = None
    identity: Identity | None = None


def import_paths(store: InstanceStore, paths: Iterable[Path], source: Source) -> Iterator[Imported]:
    """Import all files below ``paths``.

    Files whose content is here already are recognised by their hash without being copied, so that an import that
    was broken off goes on where it stopped.
    """
    for path in files_below(paths):
        yield from import_path(store, path, source)


def import_path(store: InstanceStore, path: Path, source: Source) -> Iterator[Imported]:
    """Import one file, or what is in it if it is a ZIP archive."""
    name = str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()  # says why it could not be listed
        if not stat.S_ISREG(mode):
            yield Imported(name, "skipped", "not a regular file")
            return
        with path.open("rb") as file:
            head = file.read(len(_ZIP))
            file.seek(0)
            if head == _ZIP:
                yield from import_zip(store, file, source, name)
                return
            known = _known(store, file)
            yield (
                Imported(name, "duplicate", None, known)
                if known
                else _store(store, file, source, name)
            )
    except OSError as problem:
        yield Imported(name, "failed", problem.strerror or str(problem))


def import_zip(
    store: InstanceStore, file: IO[bytes], source: Source, name: str
) -> Iterator[Imported]:
    """Import the members of a ZIP archive, and of archives in it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    yield from _Unpacking(store, source, max(size * _MAX_RATIO, _ALWAYS_BYTES)).all_of(file, name)


class _Unpacking:
    """Goes through one ZIP archive and those in it; ``budget_bytes`` is all that may come out of them."""

    def __init__(self, store: InstanceStore, source: Source, budget_bytes: int) -> None:
        self._store = store
        self._source = source
        self._budget_bytes = budget_bytes

    def all_of(self, file: IO[bytes], name: str, depth: int = 1) -> Iterator[Imported]:
        try:
            archive = zipfile.ZipFile(file)
        except _UNPACKING as problem:
            yield Imported(name, "failed", f"a damaged ZIP archive: {problem}")
            return
        with archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS:
                yield Imported(name, "failed", f"more than {_MAX_MEMBERS} members")
                return
            for member in members:
                if not member.is_dir():
                    yield from self._member(archive, member, f"{name}/{member.filename}", depth)

    def _member(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, depth: int
    ) -> Iterator[Imported]:
        self._budget_bytes -= member.file_size  # zipfile reads no more than what is announced
        if self._budget_bytes < 0:
            yield Imported(name, "failed", "the archive grows suspiciously much when unpacked")
            return
        try:
            with archive.open(member) as file:
                is_zip = cast("BufferedReader", file).peek(len(_ZIP))[: len(_ZIP)] == _ZIP
                if not is_zip:
                    yield _store(self._store, file, self._source, name, is_copied=True)
                    return
            if depth >= _MAX_ZIP_DEPTH:
                yield Imported(name, "failed", "ZIP archives are nested too deep")
                return
            with archive.open(member) as file:
                yield from self.all_of(file, name, depth + 1)
        except _UNPACKING as problem:
            yield Imported(name, "failed", f"cannot be unpacked: {problem}")


def _known(store: InstanceStore, file: BufferedReader) -> Identity | None:
    """Whose this file is if it is in the archive already; nothing is written to find out."""
    if os.fstat(file.fileno()).st_size == 0:
        return None
    try:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            header = read_header(content)
        identity = identify(header, InstanceAttributes(header))
    except InvalidInstance:
        return None  # `_store` will say what it is instead
    hashes = store.index.hashes_of(identity.sop_instance_uid)
    if not hashes:
        return None  # the usual case, without reading the whole of it here
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    return identity if digest in hashes and store.has(identity, digest, size) else None


def _store(
    store: InstanceStore, file: IO[bytes], source: Source, name: str, *, is_copied: bool = False
) -> Imported:
    """Store one file; ``is_copied`` says that nobody has looked yet whether it is here already."""
    spool = store.spool()
    try:
        first = file.read(_CHUNK_BYTES)
        reason = not_dicom(first)
        if reason:
            return Imported(name, "skipped", reason)
        while first:
            spool.write(first)
            first = file.read(_CHUNK_BYTES)
        known = _known_spool(store, spool) if is_copied else None
        if known:
            return Imported(name, "duplicate", None, known)
        stored = store.store_instance(spool, source)
    except InvalidInstance as problem:
        outcome: Outcome = "skipped" if str(problem).startswith(_NOT_DICOM) else "failed"
        return Imported(name, outcome, str(problem))
    except (OutOfResources, Unavailable):
        raise  # it would be the same with the next file: stop, and let the person see why
    except HounsfieldError as problem:
        return Imported(name, "failed", str(problem))
    finally:
        spool.discard()
    return Imported(name, stored.outcome, None, stored.identity)


def _known_spool(store: InstanceStore, spool: Spool) -> Identity | None:
    """Whose a spooled file is if it is in the archive already, so that it need not be made durable again."""
    with spool.map() as content:
        header = read_header(content)
    identity = identify(header, InstanceAttributes(header))
    return identity if store.has(identity, spool.sha256(), spool.size_bytes) else None


def not_dicom(head: bytes) -> str | None:
    """Why a file that begins so is not worth reading on, or None."""
    if not head:
        return "an empty file"
    if head[128:132] == b"DICM":
        return None
    try:
        read_header(head)
    except InvalidInstance as problem:
        if str(problem).startswith(_NOT_DICOM):
            return str(problem)
    return None


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """All files below ``paths``, in the order of their names; links to folders are not followed.

    A folder that cannot be listed comes itself, for `import_path` to say why.
    """
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where it may not look
            unlisted: list[OSError] = []
            for folder, folders, names in os.walk(path, onerror=unlisted.append):
                folders.sort()
                for name in sorted(names):
                    yield Path(folder) / name
                while unlisted:
                    yield Path(unlisted.pop().filename)
            yield from (Path(problem.filename) for problem in unlisted)
        else:
            yield path
