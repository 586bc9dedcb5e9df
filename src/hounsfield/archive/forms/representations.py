"""In which forms an instance can be looked at, by what it is, and the making of them (PS3.18 8.7.2 to 8.7.4)."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from pydicom import Dataset

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.blending import Blending
from hounsfield.archive.forms.image_headers import attributes_of, dataset_from
from hounsfield.archive.forms.kept import Kept
from hounsfield.archive.forms.rendering import MAX_FILM_FRAMES, PictureRequest, Rendering
from hounsfield.archive.retrieve import BASE_URL, Retrieve
from hounsfield.dicom import xml_model
from hounsfield.dicom.structured_reports import is_report, read_report, to_html, to_text
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance, NotAcceptable, NotFound
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.rendering.pictures import SINGLE_FRAME
from hounsfield.pixels.rendering.presentation_states import (
    is_blending,
    is_presentation_state,
    referenced_images,
)

_MP4 = "video/mp4"
FILMS = ("image/gif", _MP4)
_MULTI_FRAME = (*SINGLE_FRAME, _MP4)
# Table 8.7.4-1: the first is the default, the others are required.
_TEXTS = ("text/html", "text/plain", "text/xml")
_SHEETS = ("image/svg+xml", "image/png")
# What may be handed out as what it says it is; anything else could be a page with scripts.
_DOCUMENTS = frozenset(
    ("application/pdf", "text/xml", "model/stl", "model/obj", "model/mtl", "application/zip")
)
_DOCUMENT = "00420011"
# A page that is drawn for longer is no letter.
_PAGE_CPU_S = 3.0
_MAX_PDF_BYTES = 64 << 20
_MAX_KEPT = 512
_MAX_KEPT_BYTES = 16 << 20
_MAX_WAVEFORM_BYTES = 64 << 20
_CONTENT_TYPES = {
    "text/html": "text/html; charset=utf-8",
    "text/plain": "text/plain; charset=utf-8",
}


class Kind(enum.Enum):
    """What an instance is for who looks at it (PS3.18 8.7.2)."""

    IMAGE = "image"
    VIDEO = "video"
    REPORT = "report"
    DOCUMENT = "document"
    WAVEFORM = "waveform"
    PRESENTATION = "presentation"


@dataclass(frozen=True, slots=True)
class _Shown:
    kind: Kind
    offers: tuple[str, ...]


def content_type_of(media_type: str) -> str:
    """The Content-Type of a file of this type."""
    return _CONTENT_TYPES.get(media_type, media_type)


class Representations:
    """Gives instances as pictures, films, pages and documents; may be called from many threads."""

    def __init__(self, retrieve: Retrieve, rendering: Rendering) -> None:
        self._retrieve = retrieve
        self.rendering = rendering
        self._blending = Blending(retrieve, rendering.headers)
        self._kinds: Kept[_Shown] = Kept(_MAX_KEPT, _MAX_KEPT_BYTES, lambda _: 256)

    def located(self, principal: Principal, bare: InstanceLocation) -> InstanceLocation:
        """The same place with its frame table."""
        return self._retrieve.locate(
            principal, bare.study_instance_uid, bare.series_instance_uid, bare.sop_instance_uid
        )[0]

    def offers(self, location: InstanceLocation) -> tuple[str, ...]:
        """The media types in which an instance is shown, the first as a rule; raises NotAcceptable."""
        return self._shown(location).offers

    def kind(self, location: InstanceLocation) -> Kind:
        """What an instance is; raises NotAcceptable for what cannot be looked at."""
        return self._shown(location).kind

    def instance(
        self, principal: Principal, location: InstanceLocation, request: PictureRequest
    ) -> bytes:
        """An instance as a file of the type in the request; the frame in the middle where it is one picture."""
        kind, media_type = self._shown(location).kind, request.form.media_type
        if kind is Kind.IMAGE:
            count = self._number_of_frames(location)
            if media_type in FILMS and count > 1:
                return self.film(location, range(count), request)
            return self.frame(location, count // 2, request)
        if kind is Kind.VIDEO:
            return self._video(location, request)
        if kind is Kind.PRESENTATION:
            place = self.presented(principal, location)[0]
            return self.frame(*place, self.by_state(principal, location, place, request))
        if kind is Kind.REPORT:
            if media_type == "text/xml":
                document = self._retrieve.instance_metadata(location)
                # Where the service is reached is not known here: addresses are relative to it.
                return xml_model.from_json(document.replace(f'"{BASE_URL}/'.encode(), b'"'))
            report = read_report(self._attributes(location))
            return (to_html(report) if media_type == "text/html" else to_text(report)).encode()
        if kind is Kind.DOCUMENT:
            return self._document(location)
        if kind is Kind.WAVEFORM:
            return self._sheet(location, media_type)
        raise NotAcceptable("this is not shown")

    def presented(
        self, principal: Principal, location: InstanceLocation
    ) -> list[tuple[InstanceLocation, int]]:
        """(image, frame) of all that a presentation state is for and that is here, in its order; raises NotFound."""
        found: list[tuple[InstanceLocation, int]] = []
        for one in referenced_images(self._state(location)):
            try:
                target = self._retrieve.locate(
                    principal,
                    one.study_instance_uid or location.study_instance_uid,
                    one.series_instance_uid,
                    one.sop_instance_uid,
                )[0]
            except NotFound:
                continue
            count = self._number_of_frames(target)
            numbers = one.frame_numbers or range(1, count + 1)
            found += [(target, number - 1) for number in numbers if 0 < number <= count]
            if len(found) > MAX_FILM_FRAMES:
                raise NotAcceptable("the presentation state is for too many frames")
        if not found:
            raise NotFound("the images of the presentation state are not here")
        return found

    def superimposed(
        self, principal: Principal, location: InstanceLocation
    ) -> list[tuple[str, int]]:
        """(hash, frame) of what a blending state lays over its images, none for other states; raises NotFound."""
        state = self._state(location)
        return self._blending.depends_on(principal, location, state) if is_blending(state) else []

    def by_state(
        self,
        principal: Principal,
        location: InstanceLocation,
        target: tuple[InstanceLocation, int],
        request: PictureRequest,
    ) -> PictureRequest:
        """The same request of a frame by the presentation state at ``location`` (PS3.18 9.4.1.2.7, 10.4.1.1.3).

        Raises NotFound and NotAcceptable where the state blends with images that are not here, or lie otherwise.
        """
        state = self._state(location)
        over = (
            self._blending.over(principal, location, state, target) if is_blending(state) else None
        )
        return replace(request, state=state, over=over)

    def _state(self, location: InstanceLocation) -> Dataset:
        if not is_presentation_state(location.sop_class_uid):
            raise NotAcceptable("this instance is no presentation state")
        return dataset_from(attributes_of(self._retrieve, location, lambda _tag: True))

    def frame_offers(
        self, location: InstanceLocation, frame_indices: Sequence[int]
    ) -> tuple[str, ...]:
        """The media types for some frames; raises NotFound for those that it does not have."""
        kind = self._shown(location).kind
        if kind not in (Kind.IMAGE, Kind.VIDEO):
            raise NotFound("this instance has no frames to be shown")
        count = self._number_of_frames(location)
        for frame_index in frame_indices:
            if frame_index >= count:
                raise NotFound(f"there is no frame {frame_index + 1}: the instance has {count}")
        is_film = kind is Kind.IMAGE and len(frame_indices) > 1
        return _MULTI_FRAME if is_film else SINGLE_FRAME

    def frame(self, location: InstanceLocation, frame_index: int, request: PictureRequest) -> bytes:
        """One frame as a picture."""
        if self._shown(location).kind is Kind.VIDEO:
            return self.rendering.video_picture(location, frame_index, request)
        return self.rendering.picture(location, frame_index, request)

    def is_quick(self, location: InstanceLocation, request: PictureRequest) -> bool:
        """Whether one frame of this instance becomes a picture in about a millisecond."""
        return self._shown(location).kind is Kind.IMAGE and self.rendering.is_quick(
            location, request
        )

    def film(
        self, location: InstanceLocation, frame_indices: Sequence[int], request: PictureRequest
    ) -> bytes:
        """Frames that follow one another."""
        return self.rendering.film(location, frame_indices, request)

    def _video(self, location: InstanceLocation, request: PictureRequest) -> bytes:
        media_type = request.form.media_type
        if media_type == _MP4:
            return self.rendering.playable_video(location)
        if media_type == of(location.transfer_syntax_uid).media_type:
            return self.rendering.video(location)
        return self.rendering.video_picture(location, 0, request)

    def summary(self, location: InstanceLocation) -> list[str]:
        """A few lines that tell what an instance without frames to show is about."""
        attributes = self._attributes(location)
        if self._shown(location).kind is Kind.REPORT:
            return to_text(read_report(attributes)).splitlines()
        titles = ("00420010", "0008103E", "00081030")
        found = (attributes.get(tag, {}).get("Value", ("",))[0] for tag in titles)
        return [str(title) for title in found if title]

    def first_page(self, location: InstanceLocation, width: int, height: int) -> bytes:
        """A JPEG of the first page of an encapsulated PDF that fits into this size.

        Raises NotAcceptable and InvalidInstance where it cannot be drawn, takes too much, or is no PDF.
        """
        if self._retrieve.bulk_data(location, _DOCUMENT).length > _MAX_PDF_BYTES:
            raise NotAcceptable("the document is too large for a thumbnail")
        arguments = (self._document(location), width, height)
        return self.rendering.pool.run("first page", *arguments, cpu_s=_PAGE_CPU_S)[1]

    def _shown(self, location: InstanceLocation) -> _Shown:
        found = self._kinds.get(location.sha256)
        if found is None:
            found = self._find(location)
            self._kinds.put(location.sha256, found)
        return found

    def _find(self, location: InstanceLocation) -> _Shown:
        table, _ = self._retrieve.frames(location)
        if table is not None:
            media_type = of(location.transfer_syntax_uid).media_type
            if media_type.startswith("video/"):
                return _Shown(Kind.VIDEO, tuple(dict.fromkeys((media_type, _MP4, *SINGLE_FRAME))))
            return _Shown(Kind.IMAGE, _MULTI_FRAME if table.number_of_frames > 1 else SINGLE_FRAME)
        if is_presentation_state(location.sop_class_uid):
            return _Shown(Kind.PRESENTATION, SINGLE_FRAME)
        attributes = self._attributes(location)
        if _DOCUMENT in attributes:
            return _Shown(Kind.DOCUMENT, (_media_type(attributes),))
        if "54000100" in attributes:
            return _Shown(Kind.WAVEFORM, _SHEETS)
        if is_report(attributes):
            return _Shown(Kind.REPORT, _TEXTS)
        raise NotAcceptable("this instance has nothing that can be shown")

    def _number_of_frames(self, location: InstanceLocation) -> int:
        if self._shown(location).kind is Kind.VIDEO:
            # Its frames lie in one stream.
            number = self._attributes(location).get("00280008", {}).get("Value", (1,))[0]
            return int(number) if str(number).isdigit() else 1
        table, _ = self._retrieve.frames(location)
        return table.number_of_frames if table else 0

    def _attributes(self, location: InstanceLocation) -> Mapping[str, Any]:
        found: Mapping[str, Any] = orjson.loads(self._retrieve.instance_metadata(location))
        return found

    def _document(self, location: InstanceLocation) -> bytes:
        """The document as it was before it was encapsulated (PS3.3 C.24.2): without the byte that makes it even."""
        length = self._attributes(location).get("00420015", {}).get("Value", (0,))[0]
        content = self._bulk(location, _DOCUMENT)
        if isinstance(length, int) and len(content) - 1 <= length <= len(content) and length:
            return content[:length]
        return content

    def _sheet(self, location: InstanceLocation, media_type: str) -> bytes:
        attributes = self._attributes(location)
        waveforms = attributes["54000100"].get("Value", ())
        data = []
        for n, waveform in enumerate(waveforms):
            if "54001010" not in waveform:
                raise InvalidInstance("its waveforms have no data")
            data.append(self._bulk(location, f"54000100/{n}/54001010"))
        if sum(len(content) for content in data) > _MAX_WAVEFORM_BYTES:
            raise NotAcceptable("its waveforms are too long to be drawn")
        title = " ".join(
            str(attributes.get(tag, {}).get("Value", ("",))[0]) for tag in ("00080060", "00081030")
        )
        return self.rendering.pool.run(
            "waveform sheet", list(waveforms), data, title.strip(), media_type, cpu_s=20.0
        )[1]

    def _bulk(self, location: InstanceLocation, path: str) -> bytes:
        found = self._retrieve.bulk_data(location, path)
        if found.content is not None:
            return found.content
        with self._retrieve.open_instance(location) as stored:
            return stored.read_at(found.offset, found.length)


def _media_type(attributes: Mapping[str, Any]) -> str:
    stated = attributes.get("00420012", {}).get("Value", ("",))[0]
    media_type = str(stated).split(";")[0].strip().lower()
    return media_type if media_type in _DOCUMENTS else "application/octet-stream"
