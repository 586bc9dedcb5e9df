"""Instances that come as metadata and bulk data, each stored when all of it is here (PS3.18 10.5.2)."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from hounsfield.archive.store import InstanceStore
from hounsfield.dicom import json_reading, xml_model
from hounsfield.dicom.consumer_formats import (
    DOCUMENT,
    FORMATS,
    PIXEL_DATA,
    SOP_CLASSES,
    DataSet,
    completed,
    described,
    named,
    number_of,
    value_of,
)
from hounsfield.dicom.instance_writing import Bulk, Given, write_dataset
from hounsfield.dicom.part10 import Buffer, file_meta
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE
from hounsfield.dicomweb.problems import TooLarge
from hounsfield.dicomweb.stow.bulk_data import BulkData, Part, key_of, whole_of
from hounsfield.dicomweb.stow.pixel_parts import ReadPhotograph, icon_value, pixel_value
from hounsfield.errors import HounsfieldError, InvalidInstance
from hounsfield.storage.objects import Spool

log = logging.getLogger(__name__)

JSON, XML = "application/dicom+json", "application/dicom+xml"
MAX_METADATA_BYTES = 32 << 20
_FRAMES = "00280008"
_AVAILABLE_TRANSFER_SYNTAX, _META_TRANSFER_SYNTAX = "00083002", "00020010"
_MAX_UID = 64
_CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class _Instance:
    """One data set of the metadata; ``uris`` are the bulk data that it names, by tag, ``here`` of them have come."""

    dataset: DataSet
    transfer_syntax_uid: str
    uris: list[tuple[str, str]]
    here: int = 0

    @property
    def about(self) -> tuple[str, str] | None:
        """Its SOP Class and SOP Instance UID, where it says them."""
        names = [str(value_of(self.dataset, tag) or "") for tag in ("00080016", "00080018")]
        return (names[0], names[1]) if all(0 < len(name) <= _MAX_UID for name in names) else None

    @property
    def needs_file(self) -> bool:
        """Whether it is what holds a file of an everyday format, and names none."""
        sop_class = value_of(self.dataset, "00080016")
        has_value = PIXEL_DATA in self.dataset or DOCUMENT in self.dataset
        return not has_value and (sop_class is None or sop_class in SOP_CLASSES)

    def frames_of(self, tag: str) -> int:
        return (number_of(self.dataset, _FRAMES) or 1) if tag == PIXEL_DATA else 1


class Described:
    """What of a request is metadata and bulk data.

    Args:
        keep: stores a spooled instance and tells it.
        fail: tells what was not stored, and whose it was.
    """

    def __init__(
        self,
        store: InstanceStore,
        study_instance_uid: str | None,
        read_photograph: ReadPhotograph,
        keep: Callable[[Spool, tuple[str, str] | None, DataSet], None],
        fail: Callable[[HounsfieldError], None],
    ) -> None:
        self.bulk_data = BulkData(store)
        self._store = store
        self._study_instance_uid = study_instance_uid
        self._read_photograph = read_photograph
        self._keep = keep
        self._fail = fail
        self._waiting: dict[int, _Instance] = {}
        self._by_location: dict[str, dict[int, _Instance]] = {}
        self._metadata_bytes = 0

    def add_metadata(self, document: bytes, media_type: str, transfer_syntax_uid: str) -> None:
        """Metadata has come; raises InvalidInstance where it cannot be read, TooLarge."""
        is_xml = media_type == XML
        datasets = [xml_model.read(document)] if is_xml else json_reading.read(document)
        if not datasets:
            raise InvalidInstance("the metadata has no data set")
        self._metadata_bytes += len(document)
        if self._waiting and self._metadata_bytes > MAX_METADATA_BYTES:
            raise TooLarge(f"metadata of more than {MAX_METADATA_BYTES} bytes is not taken")
        for dataset in datasets:
            syntax = transfer_syntax_uid
            for tag in (_META_TRANSFER_SYNTAX, _AVAILABLE_TRANSFER_SYNTAX):
                told = dataset.pop(tag, {}).get("Value")
                syntax = syntax or (str(told[0]) if told else "")
            instance = _Instance(dataset, syntax, list(_uris_of(dataset, "")))
            if not self._try(instance):
                self._waiting[id(instance)] = instance
                for _, uri in instance.uris:
                    self._by_location.setdefault(key_of(uri), {})[id(instance)] = instance

    def end_bulk_data(self, problem: HounsfieldError | None = None) -> None:
        """A part of bulk data is complete: store what has waited for it."""
        part = self.bulk_data.end(problem)
        candidates = [
            instance
            for key in dict.fromkeys((part.location, whole_of(part.location)))
            for instance in self._by_location.get(key, {}).values()
        ]
        for instance in candidates:
            if id(instance) in self._waiting and self._try(instance):
                self._forget(instance)
        if not self._waiting and not self.bulk_data.unused_count:
            self.bulk_data.discard()

    def finish(self) -> None:
        """Nothing more comes: what still waits fails, unless one file goes with the only metadata."""
        if len(self._waiting) == 1 and (only := next(iter(self._waiting.values()))).needs_file:
            self._attach(only)
        for instance in list(self._waiting.values()):
            self._forget(instance)
            problem = InvalidInstance(self._what_is_missing(instance))
            problem.about = instance.about
            self._fail(problem)
        for part in self.bulk_data.unused():
            name = f"at {part.location[:40]!r} " if part.location else ""
            self._fail(
                part.problem
                or InvalidInstance(f"no metadata for {part.media_type or 'a part'} {name}".strip())
            )

    def give_up(self) -> None:
        """The message breaks off: what waits fails."""
        for instance in self._waiting.values():
            problem = InvalidInstance("the message broke off before all of it came")
            problem.about = instance.about
            self._fail(problem)
        self.discard()

    def discard(self) -> None:
        """Forget everything that is not stored."""
        self._waiting.clear()
        self._by_location.clear()
        self.bulk_data.discard()

    def _forget(self, instance: _Instance) -> None:
        self._waiting.pop(id(instance), None)
        for _, uri in instance.uris:
            if (many := self._by_location.get(key_of(uri))) is not None:
                many.pop(id(instance), None)
                if not many:
                    del self._by_location[key_of(uri)]

    def _what_is_missing(self, instance: _Instance) -> str:
        for tag, uri in instance.uris:
            if not self._parts_of(instance, tag, uri):
                there = self.bulk_data.at(uri)
                self.bulk_data.use(there)
                if there:
                    return f"{len(there)} of {instance.frames_of(tag)} frames came"
                return f"no part has the location {uri[:80]!r}"
        return "no part has its pixel data or document"

    def _parts_of(self, instance: _Instance, tag: str, uri: str) -> list[Part]:
        syntax = instance.transfer_syntax_uid if tag == PIXEL_DATA else ""
        return self.bulk_data.found(uri, instance.frames_of(tag), syntax)

    def _attach(self, instance: _Instance) -> None:
        parts = self.bulk_data.unused()
        form = FORMATS.get(parts[0].media_type) if parts else None
        if form is None or len({part.location for part in parts}) > 1:
            return
        value = {"vr": "OB", "BulkDataURI": parts[0].location}
        instance.dataset = instance.dataset | {form.value_tag: value}
        if not form.is_document and len(parts) > 1:
            instance.dataset[_FRAMES] = {"vr": "IS", "Value": [str(len(parts))]}
        instance.uris.append((form.value_tag, parts[0].location))
        if self._try(instance):
            self._forget(instance)

    def _try(self, instance: _Instance) -> bool:
        """Store an instance if all of it is here, or tell why it cannot be; false if something is missing."""
        if instance.needs_file:
            return False
        while instance.here < len(instance.uris):
            if not self._parts_of(instance, *instance.uris[instance.here]):
                return False
            instance.here += 1
        values = {uri: self._parts_of(instance, tag, uri) for tag, uri in instance.uris}
        for parts in values.values():
            self.bulk_data.use(parts)
        try:
            with self.bulk_data.map() as buffer:
                spool, coerced = self._written(instance, values, buffer)
            self._keep(spool, instance.about, coerced)
        except HounsfieldError as problem:
            problem.about = problem.about or instance.about
            self._fail(problem)
        except Exception:
            log.exception("unexpected error while putting an instance together")
            unknown = HounsfieldError("the archive's log says why")
            unknown.about = instance.about
            self._fail(unknown)
        return True

    def _written(
        self, instance: _Instance, values: dict[str, list[Part]], buffer: Buffer
    ) -> tuple[Spool, DataSet]:
        """(the instance as a file, what of its metadata is not in it); raises InvalidInstance, NotAcceptable."""
        for parts in values.values():
            if trouble := next((part.problem for part in parts if part.problem), None):
                raise type(trouble)(str(trouble))
        dataset, syntax = instance.dataset, EXPLICIT_LITTLE
        given: dict[str, Given] = {
            uri: Bulk(buffer, parts[0].offset, parts[0].length) for uri, parts in values.items()
        }
        pixels = ""
        for tag, uri in instance.uris:
            if tag == PIXEL_DATA:
                dataset, syntax, value = pixel_value(
                    dataset,
                    instance.transfer_syntax_uid,
                    values[uri],
                    buffer,
                    self._read_photograph,
                )
                given[pixels := uri] = value
            elif tag == DOCUMENT and values[uri][0].media_type in FORMATS:
                part = values[uri][0]
                dataset = described(dataset, part.media_type, part.length)
        for tag, uri in instance.uris:
            if tag.endswith("/" + PIXEL_DATA):
                given[uri] = icon_value(syntax, values[uri][0], buffer)
        dataset = self._named(dataset, instance, values, buffer)
        coerced = {
            tag: {"vr": attribute["vr"], "Value": [_plain(value) for value in attribute["Value"]]}
            for tag, attribute in instance.dataset.items()
            if attribute.get("Value") and _is_other(attribute, dataset[tag])
        }
        return self._spooled(dataset, syntax, given, pixels), coerced

    def _named(
        self, dataset: DataSet, instance: _Instance, values: dict[str, list[Part]], buffer: Buffer
    ) -> DataSet:
        """The data set with the UIDs that it may leave out: the study's of the resource, and those of a file."""
        if self._study_instance_uid is not None:
            dataset = completed(dataset, {"0020000D": ("UI", self._study_instance_uid)})
        if value_of(dataset, "00080016") in SOP_CLASSES:
            digest = b""
            if not value_of(dataset, "00080018"):
                parts = [part for many in values.values() for part in many]
                digest = _digest(instance.dataset, buffer, parts)
            dataset = named(dataset, digest)
        return dataset

    def _spooled(
        self, dataset: DataSet, syntax: str, given: dict[str, Given], pixels: str
    ) -> Spool:
        names = [str(value_of(dataset, tag) or "") for tag in ("00080016", "00080018")]
        for name, text in zip(("SOP Class UID", "SOP Instance UID"), names, strict=True):
            if not 0 < len(text) <= _MAX_UID:
                raise InvalidInstance(f"the metadata has no {name}")
        meta = file_meta(
            sop_class_uid=names[0], sop_instance_uid=names[1], transfer_syntax_uid=syntax
        )

        def bulk_of(tag: int, uri: str) -> Given:
            if uri == pixels and f"{tag:08X}" != PIXEL_DATA:
                raise InvalidInstance(f"{tag:08X} and its pixel data name the same part")
            return given[uri]

        spool = self._store.spool()
        try:
            spool.write(meta)
            write_dataset(dataset, spool.write, bulk_of)
        except BaseException:
            spool.discard()
            raise
        return spool


def _is_other(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return [str(value) for value in one["Value"]] != [str(v) for v in other.get("Value", ())]


def _plain(value: Any) -> Any:
    """A value as it can be told again: numbers were kept as their digits."""
    if not isinstance(value, json_reading.Digits):
        return value
    try:
        return int(value)
    except ValueError:
        return float(value)


def _uris_of(dataset: DataSet, path: str) -> Iterator[tuple[str, str]]:
    """(tag, BulkDataURI) of every attribute that has one; inside sequences the tag has the sequence's before it."""
    for tag, attribute in dataset.items():
        if "BulkDataURI" in attribute:
            yield path + tag, attribute["BulkDataURI"]
        elif attribute["vr"] == "SQ":
            for item in attribute.get("Value", ()):
                yield from _uris_of(item, f"{path}{tag}/")


def _digest(dataset: dict[str, Any], buffer: Buffer, parts: list[Part]) -> bytes:
    found = hashlib.sha256(
        orjson.dumps(dataset, default=str, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    )
    for part in parts:
        end = part.offset + part.length
        for at in range(part.offset, end, _CHUNK_BYTES):
            found.update(bytes(buffer[at : min(at + _CHUNK_BYTES, end)]))
    return found.digest()
