"""Reads an object in storage back as the record that the index had of it, or should have had.

Everything comes from the object itself: its name has the day and the hash, its modification time the moment of
receipt, and the File Meta Information that we write says whether it came by C-STORE and from whom (STO-07).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby

from hounsfield.dicom import frames
from hounsfield.dicom.attributes import InstanceAttributes
from hounsfield.dicom.identity import identify
from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID
from hounsfield.dicom.part10 import Header, read_header
from hounsfield.errors import InvalidInstance
from hounsfield.index.records import InstanceRecord
from hounsfield.storage.keys import KeyParts, parse_key
from hounsfield.storage.objects import ObjectStorage, StoredKey

_SOURCE_AE_TITLE, _RECEIVING_AE_TITLE, _IMPLEMENTATION = 0x00020016, 0x00020018, 0x00020012
_CHUNK_BYTES = 1 << 20
_DAY = len("2026/11/24")


class Foreign(InvalidInstance):
    """A file that the archive did not write."""


class Damaged(InvalidInstance):
    """An object whose content is not that which its name promises."""


def record_of(storage: ObjectStorage, stored: StoredKey, actor: str) -> InstanceRecord:
    """Read and verify one object; raises Foreign, Damaged, InvalidInstance and NotFound."""
    parts = parse_key(stored.key)
    if parts is None:
        raise Foreign("not a file that the archive wrote")
    digest = sha256()
    with storage.open(stored.key) as source:
        for piece in source.stream(chunk_bytes=_CHUNK_BYTES):
            digest.update(piece)
        if not digest.hexdigest().startswith(parts.sha256_prefix):
            raise Damaged("damaged: its SHA-256 is not that in its name")
        with source.map() as buffer:
            header = read_header(buffer)
            table = frames.offsets(header, buffer)
    attributes = InstanceAttributes(header)
    is_ours = _came_by_c_store(header)
    return InstanceRecord(
        identity=identify(header, attributes),
        attributes=attributes,
        size_bytes=stored.size_bytes,
        sha256=digest.hexdigest(),
        received_us=received_us_of(stored, parts),
        received_by="dimse" if is_ours else "import",
        source=_meta(header, _SOURCE_AE_TITLE) if is_ours else "",
        dataset_offset=header.dataset_offset,
        frame_table=table,
        actor=actor,
    )


def by_receipt(objects: Iterable[StoredKey]) -> Iterator[StoredKey]:
    """Objects as `walk` gives them, in order of receipt within each day; one day at a time is held."""
    for _, day in groupby(objects, key=lambda stored: stored.key[:_DAY]):
        yield from sorted(day, key=lambda stored: (stored.modified_us, stored.key))


def received_us_of(stored: StoredKey, parts: KeyParts) -> int:
    """When the object came: its modification time, if that is of the day in its name.

    A copy that lost its times (a restored backup) keeps at least the day: the key is made of it.
    """
    modified = datetime.fromtimestamp(stored.modified_us // 1_000_000, UTC)
    if f"{modified:%Y%m%d}" == parts.date:
        return stored.modified_us
    day = datetime.strptime(parts.date, "%Y%m%d").replace(tzinfo=UTC)
    return int(day.timestamp()) * 1_000_000


def _came_by_c_store(header: Header) -> bool:
    """Whether the meta information is ours: we write it for what came without, and tell who received it."""
    is_ours = _meta(header, _IMPLEMENTATION) == IMPLEMENTATION_CLASS_UID
    return is_ours and _RECEIVING_AE_TITLE in header.file_meta


def _meta(header: Header, tag: int) -> str:
    return header.file_meta.get(tag, b"").decode("latin-1").strip(" \0")
