"""Takes the body of a request as it comes: each part is stored while the next arrives (PS3.18 10.5, STOW-05)."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from hounsfield.archive.access import Principal
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.dicom.consumer_formats import FORMATS
from hounsfield.dicom.part10 import Buffer, require_file
from hounsfield.dicomweb.multipart import (
    MultipartError,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    read_content_type,
)
from hounsfield.dicomweb.problems import TooLarge, UnsupportedMediaType
from hounsfield.dicomweb.stow.coding import content_decoder, transfer_decoder
from hounsfield.dicomweb.stow.described import JSON, MAX_METADATA_BYTES, XML, Described
from hounsfield.dicomweb.stow.in_turn import InTurn
from hounsfield.dicomweb.stow.pixel_parts import ReadPhotograph
from hounsfield.dicomweb.stow.results import PROCESSING_FAILURE, Failure, Results, failure_of
from hounsfield.errors import HounsfieldError, InvalidInstance, InvalidQuery
from hounsfield.storage.objects import Spool

log = logging.getLogger(__name__)

DICOM, OCTETS = "application/dicom", "application/octet-stream"
# The disk has the last part while the next one comes; what is farther ahead would only fill it with what may fail.
_AHEAD = 2
_storing = ThreadPoolExecutor(16, thread_name_prefix="storing")
MAX_FAILED = 10_000  # parts of one request; of each something is kept until the answer
_TELLING_BYTES = 256
_METADATA = frozenset({JSON, XML})
_MULTIPARTS = frozenset({"multipart/related", "multipart/form-data", "multipart/mixed"})
_ALIKE = frozenset({"", "application/json", "application/xml", "text/xml"})
_ROOTS = frozenset({"", DICOM, OCTETS, JSON, XML})
_TAKEN = (
    f'instances are taken as {DICOM} or as multipart/related with type="{DICOM}", "{JSON}" or'
    f' "{XML}"'
)


@dataclass(frozen=True, slots=True)
class Form:
    """What a request says of its body: ``boundary`` is "" where it is no multipart message."""

    media_type: str
    boundary: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    encoding: str = ""

    @property
    def is_described(self) -> bool:
        """Whether it begins with metadata, so that other parts are bulk data."""
        return self.media_type in _METADATA


def form_of(content_type: str, encoding: str = "") -> Form:
    """Read Content-Type and Content-Encoding; raises UnsupportedMediaType, InvalidQuery."""
    media_type, parameters = read_content_type(content_type)
    if media_type in {DICOM, JSON, XML}:
        return Form(media_type, headers={"content-type": content_type}, encoding=encoding)
    root = read_content_type(parameters.get("type", ""))[0] if media_type in _MULTIPARTS else ""
    if (root or media_type) in FORMATS:
        raise UnsupportedMediaType(
            f"{root or media_type} is taken together with metadata that says whose it is:"
            f' multipart/related; type="{JSON}", the metadata first'
        )
    if media_type not in _MULTIPARTS or root not in _ROOTS:
        raise UnsupportedMediaType(f"{_TAKEN}, not as {root or media_type or 'nothing'}")
    if not parameters.get("boundary"):
        raise InvalidQuery(f"Content-Type {media_type} has no boundary")
    return Form(root, parameters["boundary"], encoding=encoding)


class _Taker(Protocol):
    """What takes the bytes of one part."""

    def write(self, data: Buffer) -> None:
        """Take some bytes; an error says that the part cannot be stored."""

    def finish(self) -> None:
        """The part is complete."""

    def fail(self, problem: HounsfieldError) -> None:
        """The part cannot be stored; `finish` is not called."""


class Intake:
    """Takes one request's body in pieces. Call `finish` at its end and `discard` in any case."""

    def __init__(
        self,
        store: InstanceStore,
        principal: Principal,
        study_instance_uid: str | None,
        form: Form,
        read_photograph: ReadPhotograph,
        length: int = 0,
    ) -> None:
        """``length`` is what the body has, 0 where nobody knows. Raises UnsupportedMediaType, MultipartError."""
        self._results = Results()
        self._in_turn = InTurn(_storing, _AHEAD)
        self._store = store
        self._source = Source(principal, "stow", principal.name)
        self._study_instance_uid = study_instance_uid
        self._form = form
        self._reader = MultipartReader(form.boundary) if form.boundary else None
        self._decoder = content_decoder(form.encoding, self._take)
        self._described = Described(
            store, study_instance_uid, read_photograph, self.keep, self.fail
        )
        self._part: _Part | None = None
        self._parts = 0
        self._size_hint = 0 if form.encoding or form.boundary else length
        self._has_metadata = form.is_described
        if self._reader is None:
            self._begin(form.headers)

    @property
    def results(self) -> Results:
        """What became of all that came so far; waits for what is being stored."""
        self._in_turn.wait()
        return self._results

    def feed(self, data: bytes) -> None:
        """Store what a piece completes; raises MultipartError, TooLarge where the body is not to be read on."""
        self._decoder.write(data)

    def finish(self) -> Results:
        """The body is complete; raises MultipartError if it is not, or had no part."""
        self._decoder.finish()
        if self._reader is None:
            self._end()
        elif not self._reader.is_complete:
            raise MultipartError(
                "the body ends inside a part, without its closing delimiter"
                if self._parts
                else "the body has no part"
            )
        if not self._parts:
            raise MultipartError("the body has no part")
        self._described.finish()
        return self.results

    def break_off(self, problem: HounsfieldError) -> Results:
        """The body cannot be read on. What is stored stays stored (STOW-05)."""
        self._described.give_up()
        self.discard()
        results = self.results
        results.trouble = problem
        return results

    def discard(self) -> None:
        """Drop what is not stored yet."""
        part, self._part = self._part, None
        if part is not None:
            part.drop()
        self._described.discard()

    def keep(
        self,
        spool: Spool,
        about: tuple[str, str] | None = None,
        coerced: dict[str, Any] | None = None,
    ) -> None:
        """Store an instance while the next one comes, and tell what became of it.

        ``about`` are its names where they are known already, ``coerced`` are attributes as they had been sent.
        """
        self._in_turn.add(partial(self._keep, spool, about, coerced))

    def _keep(
        self, spool: Spool, about: tuple[str, str] | None, coerced: dict[str, Any] | None
    ) -> None:
        try:
            stored = self._store.store_instance(
                spool, self._source, within_study=self._study_instance_uid
            )
        except HounsfieldError as problem:
            problem.about = problem.about or about
            self._results.failed.append(failure_of(problem))
        except Exception:
            log.exception("unexpected error while storing a part")
            self._results.failed.append(
                Failure(PROCESSING_FAILURE, "the archive's log says why", about)
            )
        else:
            if coerced:
                self._results.coerced[len(self._results.stored)] = coerced
            self._results.stored.append(stored)

    def fail(self, problem: HounsfieldError) -> None:
        """Tell of an instance that was not stored."""
        self._in_turn.add(partial(self._results.failed.append, failure_of(problem)))

    def metadata_is_malformed(self) -> None:
        """What describes instances cannot be read."""
        self._results.is_malformed = True

    def _take(self, data: Buffer) -> None:
        if self._reader is None:
            self._write(data)
            return
        for event in self._reader.feed(bytes(data)):
            if isinstance(event, PartData):
                self._write(event.data)
            elif isinstance(event, PartBegin):
                self._begin(event.headers)
            elif isinstance(event, PartEnd):
                self._end()

    def _begin(self, headers: dict[str, str]) -> None:
        if self._parts >= MAX_FAILED and len(self.results.failed) >= MAX_FAILED:
            raise TooLarge(f"{MAX_FAILED} parts could not be stored, no more are read")
        self._parts += 1
        try:
            self._part = _Part(self._taker_of(headers), headers)
        except UnsupportedMediaType as problem:
            self._part = _Part(_Refused(self, str(problem)), {})

    def _write(self, data: Buffer) -> None:
        if self._part is not None:
            self._part.write(data)

    def _end(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.finish()

    def _taker_of(self, headers: dict[str, str]) -> _Taker:
        media_type, parameters = read_content_type(headers.get("content-type", ""))
        syntax = parameters.get("transfer-syntax", "").strip("*")
        if self._parts == 1 and self._form.is_described and media_type in _ALIKE:
            media_type = (
                self._form.media_type
            )  # RFC 2387 3.1: the root is what the message says it is
        media_type = media_type or (OCTETS if self._has_metadata else self._form.media_type)
        if media_type in _METADATA:
            self._has_metadata = True
            return _Metadata(self, self._described, media_type, syntax)
        if self._has_metadata and media_type != DICOM:
            location = headers.get("content-location", "")
            if not location and (name := headers.get("content-id", "")):
                location = "cid:" + name.strip("<> ")
            return _Bulk(self._described, location, media_type, syntax)
        if media_type in {DICOM, OCTETS, ""}:
            hint, self._size_hint = self._size_hint, 0
            return _File(self, self._store, hint)
        if media_type in FORMATS:
            return _Refused(self, f"{media_type} needs metadata before it")
        return _Refused(self, f"a part is {media_type[:40]}, not {DICOM}")


class _Part:
    """Undoes how a part is encoded and gives its bytes on, until one of them is one too many."""

    def __init__(self, taker: _Taker, headers: dict[str, str]) -> None:
        self._taker = taker
        self._problem: HounsfieldError | None = None
        inner = content_decoder(headers.get("content-encoding", ""), taker.write)
        self._decoder = transfer_decoder(headers.get("content-transfer-encoding", ""), inner.write)
        self._inner = inner

    def write(self, data: Buffer) -> None:
        if self._problem is not None:
            return
        try:
            self._decoder.write(data)
        except MultipartError:
            self.drop()
            raise
        except HounsfieldError as problem:
            self._problem = problem
            self._taker.fail(problem)

    def finish(self) -> None:
        if self._problem is not None:
            return
        try:
            self._decoder.finish()
            self._inner.finish()
            self._taker.finish()
        except MultipartError:
            self.drop()
            raise
        except HounsfieldError as problem:
            self._taker.fail(problem)

    def drop(self) -> None:
        """It will not be complete."""
        if isinstance(self._taker, _File):
            self._taker.discard()


class _File:
    """A part that is an instance."""

    def __init__(self, intake: Intake, store: InstanceStore, size_hint: int) -> None:
        self._intake = intake
        self._store = store
        self._size_hint = size_hint
        self._spool: Spool | None = None
        self._beginning = bytearray()

    def write(self, data: Buffer) -> None:
        if self._spool is None:
            self._spool = self._store.spool(self._size_hint)
        limit = self._store.policy.max_object_bytes
        if self._spool.size_bytes + len(data) > limit:
            raise TooLarge(f"an instance may have {limit} bytes at most")
        self._spool.write(data)
        if len(self._beginning) < _TELLING_BYTES:
            # What is no file of ours need not lie on the disk to be refused.
            self._beginning += data[: _TELLING_BYTES - len(self._beginning)]
            if len(self._beginning) == _TELLING_BYTES:
                require_file(self._beginning)

    def finish(self) -> None:
        spool, self._spool = self._spool, None
        if spool is None:
            raise InvalidInstance("an empty part")
        self._intake.keep(spool)

    def fail(self, problem: HounsfieldError) -> None:
        self.discard()
        self._intake.fail(problem)

    def discard(self) -> None:
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.discard()


class _Metadata:
    """A part that describes instances."""

    def __init__(self, intake: Intake, described: Described, media_type: str, syntax: str) -> None:
        self._intake = intake
        self._described = described
        self._media_type, self._syntax = media_type, syntax
        self._content = bytearray()

    def write(self, data: Buffer) -> None:
        if len(self._content) + len(data) > MAX_METADATA_BYTES:
            raise TooLarge(f"metadata of more than {MAX_METADATA_BYTES} bytes is not taken")
        self._content += data

    def finish(self) -> None:
        content, self._content = bytes(self._content), bytearray()
        self._described.add_metadata(content, self._media_type, self._syntax)

    def fail(self, problem: HounsfieldError) -> None:
        self._content = bytearray()
        if isinstance(problem, InvalidInstance):
            self._intake.metadata_is_malformed()
        self._intake.fail(problem)


class _Bulk:
    """A part that is the value of an attribute."""

    def __init__(self, described: Described, location: str, media_type: str, syntax: str) -> None:
        self._described = described
        described.bulk_data.begin(location, media_type, syntax)

    def write(self, data: Buffer) -> None:
        self._described.bulk_data.write(data)

    def finish(self) -> None:
        self._described.end_bulk_data()

    def fail(self, problem: HounsfieldError) -> None:
        self._described.end_bulk_data(problem)


class _Refused:
    """A part that nobody takes."""

    def __init__(self, intake: Intake, text: str) -> None:
        self._intake = intake
        self._text = text

    def write(self, data: Buffer) -> None:
        pass

    def finish(self) -> None:
        self._intake.fail(InvalidInstance(self._text))

    def fail(self, problem: HounsfieldError) -> None:
        self._intake.fail(problem)
