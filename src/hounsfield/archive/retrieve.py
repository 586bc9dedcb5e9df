"""The one way out: where instances lie, their bytes, and their metadata."""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import zstandard

from hounsfield.archive.access import Principal, require
from hounsfield.archive.forms.kept import Kept
from hounsfield.archive.forms.views import Corrections, View, laid_over, no_corrections
from hounsfield.dicom import json_model
from hounsfield.dicom.frames import FrameTable, offsets
from hounsfield.dicom.part10 import inflated, read_header
from hounsfield.dicom.query import Key
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE, of
from hounsfield.errors import Gone, InvalidInstance, NotFound, OutOfResources, Unavailable
from hounsfield.index.index import Index
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site.deletions import Deletions
from hounsfield.pixels.pool import DecodePool
from hounsfield.storage.memory import MemoryObject
from hounsfield.storage.objects import ObjectStorage, StoredObject

# Stands for the base of BulkDataURIs in cached metadata; the edge puts its own address there.
BASE_URL = "hounsfield:"
# No text in JSON has a line end of its own, so these tell instances apart without reading them.
_BEGIN, _BETWEEN, _END = b"[\n", b",\n", b"\n]"
_LONG_TABLE_BYTES = 16 << 10
_KEPT_BYTES = 64 << 20
_NO_TAGS: frozenset[int] = frozenset()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BulkData:
    """A value in the stored file, or its ``content`` if the data set is deflated (PS3.5 A.5)."""

    offset: int
    length: int
    vr: str
    content: bytes | None = None


class Retrieve:
    """Reads instances of one archive; ``decoding`` is where those who take it further decode pixels."""

    def __init__(
        self,
        storage: ObjectStorage,
        index: Index,
        corrections: Corrections = no_corrections,
        decoding: DecodePool | None = None,
    ) -> None:
        self.decoding = decoding
        self._storage = storage
        self._index = index
        self._corrections = corrections
        self._tables: Kept[FrameTable] = Kept(
            64, _KEPT_BYTES, lambda table: 200 * len(table.fragments)
        )
        self._inflated: Kept[bytes] = Kept(64, _KEPT_BYTES, len)
        self._deletions = Deletions(index.database)

    def locate(
        self,
        principal: Principal,
        study_instance_uid: str,
        series_instance_uid: str | None = None,
        sop_instance_uid: str | None = None,
        *,
        all_versions: bool = False,
    ) -> list[InstanceLocation]:
        """Where the instances below these UIDs lie; raises NotFound if there is none.

        Frame tables come along when one instance is asked for.
        """
        require(principal, "retrieve")
        found = self._index.locate(
            study_instance_uid,
            series_instance_uid,
            sop_instance_uid,
            all_versions=all_versions,
            with_frames=sop_instance_uid is not None,
        )
        if not found:
            raise self._absent(study_instance_uid, series_instance_uid, sop_instance_uid)
        return found

    def _absent(self, study: str, series: str | None = None, sop: str | None = None) -> NotFound:
        """What to say of what is not there: that it never was, or that it was deleted."""
        what = "instance" if sop else "series" if series else "study"
        if self._deletions.covers(study, series, sop):
            return Gone(f"this {what} was deleted")
        return NotFound(f"there is no such {what} here")

    def locate_by(self, principal: Principal, keys: tuple[Key, ...]) -> list[InstanceLocation]:
        """Where the instances lie that match keys of any level, of the patients that match, too.

        There may be none. Raises InvalidQuery and Refused.
        """
        require(principal, "retrieve")
        return self._index.locate_by(keys)

    def open_instance(self, location: InstanceLocation) -> StoredObject:
        """The stored bytes, exactly as received."""
        return self._storage.open(location.storage_key)

    def open_view(self, location: InstanceLocation, view: View = View.CORRECTED) -> StoredObject:
        """The instance as a file in one of the two views; where nothing is corrected they are the same bytes."""
        overlay = None if view is View.RECEIVED else self._corrections(location)
        if overlay is None:
            return self.open_instance(location)
        with self.open_instance(location) as stored:
            return laid_over(stored, location, overlay)

    def is_corrected(self, location: InstanceLocation) -> bool:
        """Whether the two views differ."""
        return self._corrections(location) is not None

    def instance_metadata(self, location: InstanceLocation, view: View = View.CORRECTED) -> bytes:
        """One instance in the DICOM JSON model (PS3.18 10.4.3.3.2), BulkDataURIs beginning with `BASE_URL`."""
        base = (
            f"{BASE_URL}/studies/{location.study_instance_uid}/series/{location.series_instance_uid}"
            f"/instances/{location.sop_instance_uid}/bulkdata/"
        )
        with self.open_view(location, view) as stored, stored.map() as buffer:
            header = read_header(buffer, tags=_NO_TAGS)
            return json_model.write_dataset(buffer, header, bulk_data_uri=lambda path: base + path)

    def _metadata_among_others(self, location: InstanceLocation, view: View) -> bytes:
        """One that cannot be read is told with what the index has, so that the others of its series can be seen."""
        try:
            return self.instance_metadata(location, view)
        except InvalidInstance as problem:
            log.warning("instance %s cannot be read: %s", location.sop_instance_uid, problem)
            return _outline(location)

    def bulk_data(self, location: InstanceLocation, path: str) -> BulkData:
        """Where an attribute's value lies, or the value itself where it has no place; raises NotFound."""
        with self.open_instance(location) as stored, stored.map() as buffer:
            header = read_header(buffer, tags=_NO_TAGS)
            if not of(header.transfer_syntax_uid).is_deflated:
                return BulkData(*json_model.find_bulk_data(buffer, header, path))
            content = inflated(buffer, header)
            offset, length, vr = json_model.find_bulk_data(
                content, replace(header, dataset_offset=0), path
            )
            return BulkData(0, length, vr, content[offset : offset + length])

    def frames(
        self, location: InstanceLocation
    ) -> tuple[FrameTable | None, Callable[[], StoredObject]]:
        """Where the frames are, and how to open what they are in: the stored bytes, or those it was deflated from.

        The table is None for what has no frames. ``location`` was asked for with its frame table.
        """
        if not of(location.transfer_syntax_uid).is_deflated:
            return self._table_of(location), lambda: self.open_instance(location)
        content = self._inflated.get(location.sha256)
        if content is None:
            with self.open_instance(location) as stored, stored.map() as buffer:
                content = inflated(buffer, read_header(buffer, tags=_NO_TAGS))
            self._inflated.put(location.sha256, content)
        table = offsets(read_header(content, transfer_syntax_uid=EXPLICIT_LITTLE), content)
        return table, lambda: MemoryObject(content)

    def _table_of(self, location: InstanceLocation) -> FrameTable | None:
        """A slide has tens of thousands of frames, and a viewer asks for them one by one."""
        if len(location.packed_frame_table or b"") < _LONG_TABLE_BYTES:
            return location.frame_table()
        table = self._tables.get(location.sha256)
        if table is None:
            table = location.frame_table()
            if table is not None:
                self._tables.put(location.sha256, table)
        return table

    def representative(
        self,
        principal: Principal,
        study_instance_uid: str,
        series_instance_uid: str | None = None,
    ) -> InstanceLocation:
        """The first instance of a series or study; raises NotFound."""
        require(principal, "retrieve")
        found = self._index.first_instance(study_instance_uid, series_instance_uid)
        if found is None:
            raise self._absent(study_instance_uid, series_instance_uid)
        return found

    def series_datasets(
        self,
        principal: Principal,
        study_instance_uid: str,
        series_instance_uid: str,
        view: View = View.CORRECTED,
    ) -> list[bytes]:
        """The metadata of a series, an object for each instance."""
        body = self.series_metadata(principal, study_instance_uid, series_instance_uid, view)
        return body[len(_BEGIN) : -len(_END)].split(_BETWEEN)

    def series_metadata(
        self,
        principal: Principal,
        study_instance_uid: str,
        series_instance_uid: str,
        view: View = View.CORRECTED,
    ) -> bytes:
        """All instances of a series as a JSON array, made once for each revision of the series.

        The view as received is made anew where anything can be corrected: hardly anybody asks for it.
        """
        require(principal, "retrieve")
        is_kept = view is View.CORRECTED or self._corrections is no_corrections
        found = self._index.prepared_metadata(study_instance_uid, series_instance_uid)
        if found is None:
            raise self._absent(study_instance_uid, series_instance_uid)
        if is_kept and found.body is not None:
            kept = zstandard.ZstdDecompressor().decompress(found.body)
            if kept.startswith(_BEGIN):
                return kept
        locations = self.locate(principal, study_instance_uid, series_instance_uid)
        made = (self._metadata_among_others(location, view) for location in locations)
        body = _BEGIN + _BETWEEN.join(made) + _END
        if is_kept:
            packed = zstandard.ZstdCompressor(level=3).compress(body)
            # A full disk must not stop readers.
            with contextlib.suppress(Unavailable, OutOfResources):
                self._index.cache_metadata(found.series_fk, found.revision, packed)
        return body

    def prepare(
        self, principal: Principal, study_instance_uid: str, series_instance_uid: str
    ) -> bool:
        """Make the metadata of a series if nobody has; gives whether there was anything to do."""
        found = self._index.prepared_metadata(study_instance_uid, series_instance_uid)
        if found is None or found.body is not None:
            return False
        self.series_metadata(principal, study_instance_uid, series_instance_uid)
        return True

    def revision(self, study_instance_uid: str, series_instance_uid: str) -> int:
        """Grows with everything added to the series; raises NotFound."""
        found = self._index.series_revision(study_instance_uid, series_instance_uid)
        if found is None:
            raise self._absent(study_instance_uid, series_instance_uid)
        return found[1]


def _outline(location: InstanceLocation) -> bytes:
    """What is always known of an instance, in the DICOM JSON model."""
    uids = {
        "00080016": location.sop_class_uid,
        "00080018": location.sop_instance_uid,
        "0020000D": location.study_instance_uid,
        "0020000E": location.series_instance_uid,
    }
    return json_model.dumps({tag: {"vr": "UI", "Value": [uid]} for tag, uid in uids.items()})
