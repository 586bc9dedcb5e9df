"""Brings in files, folders and ZIP archives, and says of each file what became of it."""

import hashlib
import os
import stat
import zipfile
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

Outcome = Literal["stored", "duplicate", "version", "skipped", "failed"]

_CHUNK_BYTES = 1 << 20
# A member that grows more than this is no image: real ones shrink to a tenth at best.
_MAX_RATIO = 400
_MAX_MEMBERS = 200_000
_MAX_ZIP_DEPTH = 3
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
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            yield Imported(str(path), "skipped", "not a regular file")
            return
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            if head == _ZIP:
                yield from import_zip(store, file, source, str(path))
            else:
                yield _import_file(store, file, source, str(path))
    except OSError as problem:
        yield Imported(str(path), "failed", problem.strerror or str(problem))


def import_zip(
    store: InstanceStore, file: IO[bytes], source: Source, name: str, depth: int = 1
) -> Iterator[Imported]:
    """Import the members of a ZIP archive, and of archives in it."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        yield Imported(name, "failed", f"a damaged ZIP archive: {problem}")
        return
    with archive:
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            yield Imported(name, "failed", f"more than {_MAX_MEMBERS} members")
            return
        for member in members:
            if not member.is_dir():
                yield from _import_member(
                    store, archive, member, source, f"{name}/{member.filename}", depth
                )


def _import_member(
    store: InstanceStore,
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    source: Source,
    name: str,
    depth: int,
) -> Iterator[Imported]:
    if member.file_size > _CHUNK_BYTES and member.file_size > _MAX_RATIO * max(
        member.compress_size, 1
    ):
        yield Imported(name, "failed", "it grows suspiciously much when unpacked")
        return
    try:
        with archive.open(member) as file:
            if cast("BufferedReader", file).peek(4)[:4] != _ZIP:
                yield _store(store, file, source, name)
                return
        if depth >= _MAX_ZIP_DEPTH:
            yield Imported(name, "failed", "ZIP archives are nested too deep")
            return
        with archive.open(member) as file:
            yield from import_zip(store, file, source, name, depth + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as problem:
        yield Imported(name, "failed", f"cannot be unpacked: {problem}")


def _import_file(store: InstanceStore, file: IO[bytes], source: Source, name: str) -> Imported:
    known = _known(store, file)
    return known(name) if known else _store(store, file, source, name)


def _known(store: InstanceStore, file: IO[bytes]) -> "_Known | None":
    """Whether this very file is in the archive, found by reading it once and writing nothing."""
    digest = hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()
    file.seek(0)
    head = file.read(_CHUNK_BYTES)
    file.seek(0)
    try:
        header = read_header(head)
        identity = identify(header, InstanceAttributes(header))
    except InvalidInstance:
        return None  # cut short by our reading, or no instance at all: `_store` will say
    return _Known(identity) if store.index.has_file(identity.sop_instance_uid, digest) else None


@dataclass(frozen=True, slots=True)
class _Known:
    identity: Identity

    def __call__(self, name: str) -> Imported:
        return Imported(name, "duplicate", None, self.identity)


def _store(store: InstanceStore, file: IO[bytes], source: Source, name: str) -> Imported:
    spool = store.spool()
    try:
        first = file.read(_CHUNK_BYTES)
        reason = not_dicom(first)
        if reason:
            return Imported(name, "skipped", reason)
        while first:
            spool.write(first)
            first = file.read(_CHUNK_BYTES)
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
    """All files below ``paths``, in the order of their names; links to folders are not followed."""
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders.sort()
                for name in sorted(names):
                    yield Path(folder) / name
        else:
            yield path
