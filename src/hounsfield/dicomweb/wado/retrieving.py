"""The resources that are retrieved as they are stored (WADO-RS, PS3.18 10.4.1)."""

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.bulk import OCTETS, Bulk, stored_syntax, whole_in_one
from hounsfield.archive.forms.instance_forms import DICOM, Given, InstanceForms
from hounsfield.archive.forms.octets import Octets
from hounsfield.archive.forms.views import View
from hounsfield.dicomweb.multipart import closing, new_boundary, part_head
from hounsfield.dicomweb.negotiation import accepted
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import (
    base_url,
    briefly,
    in_thread,
    is_current,
    principal_of,
    uids_of,
)
from hounsfield.dicomweb.wado import bodies
from hounsfield.dicomweb.wado import instances as wado
from hounsfield.dicomweb.wado.metadata import MetadataAnswers, view_of
from hounsfield.dicomweb.wado.representations import JSON, PLAIN_JSON, XML
from hounsfield.dicomweb.wado.zipped import zipped
from hounsfield.errors import InvalidInstance, NotAcceptable, NotFound
from hounsfield.index.records import InstanceLocation

# The bytes of an instance never change, but another version may be shown one day.
_KEEP = "private, no-cache"
# Frames that are larger are read while they are sent.
_QUICK_BYTES = 4 << 20
MAX_VALUES = 20_000


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    web = _Retrieving(parts)
    study, series = "/studies/{study}", "/studies/{study}/series/{series}"
    instance = series + "/instances/{instance}"
    paths = [
        (instance + "/frames/{frames}", web.frames),
        *((f"{level}/metadata", web.metadata.answer) for level in (series, instance, study)),
        *((level, web.instances) for level in (instance, series, study)),
        (instance + "/bulkdata/{path:path}", web.value),
        *((f"{level}/bulkdata", web.values) for level in (instance, series, study)),
        *((f"{level}/pixeldata", web.pixel_data) for level in (instance, series, study)),
    ]
    return [Route(path, handler, methods=["GET"]) for path, handler in paths]


class _Retrieving:
    def __init__(self, parts: DicomWebParts) -> None:
        self.metadata = MetadataAnswers(parts.retrieve)
        self._parts = parts
        self._retrieve = parts.retrieve
        self._forms = InstanceForms(parts.retrieve, parts.representations.rendering.pool)
        self._bulk = Bulk(parts.retrieve, parts.representations.rendering.pool, parts.copies)

    # -- whole instances (10.4.1.1.1) -----------------------------------------------------------------

    async def instances(self, request: Request) -> Response:
        """Study, series and instance, in whichever form the client likes best."""
        locations = await self._locate(request)
        view = view_of(request)
        forms = wado.instance_forms(accepted(request), is_single=len(locations) == 1)
        for form in forms:
            if form.media_type in {JSON, PLAIN_JSON, XML}:
                return await self.metadata.answer(request)
            if form.media_type == wado.ZIP:
                return await in_thread(zipped, self._parts, request, locations)
            if form.media_type == OCTETS:
                return await self._values_of(request, locations)
            given = await in_thread(self._given, locations, form.entry.transfer_syntax, view)
            if given is not None:
                return await self._files(request, given, form)
        # A picture that the client may be able to read helps more than 406.
        given = [self._forms.as_stored(location) for location in locations]
        return await self._files(request, given, forms[0])

    def _given(
        self, locations: Sequence[InstanceLocation], wanted: str, view: View
    ) -> list[Given] | None:
        made = []
        for location in locations:
            given = self._forms.given(location, wanted, view)
            if given is None:
                return None
            made.append(given)
        return made

    async def _files(
        self, request: Request, given: Sequence[Given], form: wado.InstanceForm
    ) -> Response:
        tag = wado.etag(form, *((one.location.sha256, one.transfer_syntax_uid) for one in given))
        headers = {"ETag": tag, "Cache-Control": _KEEP, "Vary": "Accept"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        base = base_url(request)
        if form.is_multipart:
            return await in_thread(self._file_parts, request, given, base, headers)
        (only,) = given
        if only.octets is not None:
            content_type = f"{DICOM}; transfer-syntax={only.transfer_syntax_uid}"
            return await in_thread(bodies.one, request, only.octets, content_type, headers)
        syntax, pieces = await in_thread(self._forms.stream, only)
        return bodies.streamed(pieces, f"{DICOM}; transfer-syntax={syntax}", headers)

    def _file_parts(
        self, request: Request, given: Sequence[Given], base: str, headers: dict[str, str]
    ) -> Response:
        urls = [wado.instance_url(base, one.location) for one in given]
        as_they_lie = [one.octets for one in given if one.octets is not None]
        if len(as_they_lie) == len(given):
            types = [f"{DICOM}; transfer-syntax={one.transfer_syntax_uid}" for one in given]
            return bodies.parts(request, as_they_lie, DICOM, types, urls, headers)
        boundary = new_boundary()
        media_type = f'multipart/related; type="{DICOM}"; boundary={boundary}'
        return bodies.streamed(self._written(given, urls, boundary), media_type, headers)

    def _written(
        self, given: Sequence[Given], urls: Sequence[str], boundary: str
    ) -> Iterator[bytes]:
        for n, (one, url) in enumerate(zip(given, urls, strict=True)):
            syntax, pieces = self._forms.stream(one)
            content_type = f"{DICOM}; transfer-syntax={syntax}"
            yield part_head(boundary, content_type, is_first=n == 0, location=url)
            yield from pieces
        yield closing(boundary)

    # -- frames (10.4.1.1.6) --------------------------------------------------------------------------

    async def frames(self, request: Request) -> Response:
        """Frames in the order asked for; the one resource of which a viewer asks for hundreds a second."""
        numbers = wado.parse_frames(request.path_params["frames"])
        found = await briefly(self._frames_at_hand, request, numbers)
        if isinstance(found, Response):
            return found
        location, frames, form, headers = found
        return await in_thread(self._frames, request, location, frames, form, headers)

    def _frames_at_hand(
        self, request: Request, numbers: Sequence[int]
    ) -> Response | tuple[InstanceLocation, list[Octets], wado.FrameForm, dict[str, str]]:
        """The answer, if it only has to be read; otherwise what has to be done for it."""
        uids = uids_of(request)
        location = self._retrieve.locate(principal_of(request), *uids)[0]
        frames = self._bulk.frames(location, numbers)
        form = wado.frame_form(
            accepted(request),
            stored_syntax(location),
            is_single=len(numbers) == 1,
            can_decode=self._bulk.can_decode(location),
            better=lambda: self._bulk.better(location, frames),
        )
        tag = wado.etag("frames", location.sha256, request.path_params["frames"], form)
        headers = {"ETag": tag, "Cache-Control": _KEEP, "Vary": "Accept"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        if form.transfer_syntax_uid or sum(one.length for one in frames) > _QUICK_BYTES:
            return location, frames, form, headers
        return self._frames(request, location, frames, form, headers)

    def _frames(
        self,
        request: Request,
        location: InstanceLocation,
        frames: list[Octets],
        form: wado.FrameForm,
        headers: dict[str, str],
    ) -> Response:
        if form.transfer_syntax_uid:
            try:
                frames = self._bulk.written(location, frames, form.transfer_syntax_uid)
            except (InvalidInstance, NotAcceptable):
                as_stored = _as_stored(request, location, len(frames))
                if as_stored is None:
                    raise
                form = as_stored
        return _answer(request, location, frames, form, headers)

    # -- bulk data and pixel data (10.4.1.1.5) --------------------------------------------------------

    async def value(self, request: Request) -> Response:
        """A value by the address that stands in the metadata."""
        (location, *_) = await self._locate(request)
        found = await in_thread(self._bulk.value, location, request.path_params["path"])
        return await in_thread(self._octets, request, location, found, "value")

    async def values(self, request: Request) -> Response:
        """All values that the metadata of a study, series or instance gives by address."""
        return await self._values_of(request, await self._locate(request))

    async def _values_of(self, request: Request, locations: Sequence[InstanceLocation]) -> Response:
        principal = principal_of(request)

        def all_of() -> list[tuple[InstanceLocation, Octets]]:
            return [
                (whole, octets)
                for whole in self._with_frames(principal, locations)
                for octets in self._bulk.values(whole)
            ]

        return await self._many(request, await in_thread(all_of))

    async def pixel_data(self, request: Request) -> Response:
        """The pixel data of a study, series or instance."""
        locations = await self._locate(request)
        principal = principal_of(request)

        def all_of() -> list[tuple[InstanceLocation, Octets]]:
            found = []
            for whole in self._with_frames(principal, locations):
                try:
                    found += [(whole, octets) for octets in self._bulk.pixel_data(whole)]
                except NotFound:
                    continue
            return found

        found = await in_thread(all_of)
        if len(locations) == 1 and found:
            octets = [one for _, one in found]
            return await in_thread(self._octets, request, found[0][0], octets, "pixeldata")
        return await self._many(request, found)

    def _with_frames(
        self, principal: Principal, locations: Sequence[InstanceLocation]
    ) -> Iterator[InstanceLocation]:
        """The same with their frame tables, which come only with one instance at a time."""
        for one in locations:
            uids = (one.study_instance_uid, one.series_instance_uid, one.sop_instance_uid)
            yield self._retrieve.locate(principal, *uids)[0]

    def _octets(
        self, request: Request, location: InstanceLocation, found: list[Octets], kind: str
    ) -> Response:
        """The value of one attribute, which may be several runs of bytes."""
        form = wado.value_form(
            accepted(request),
            found[0].media_type,
            is_single=len(found) == 1 or found[0].media_type.startswith("video/"),
        )
        tag = wado.etag(kind, location.sha256, request.url.path, form)
        headers = {"ETag": tag, "Cache-Control": _KEEP, "Vary": "Accept"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        octets = found if form.is_multipart else [whole_in_one(location, found)]
        return _answer(request, location, octets, form, headers)

    async def _many(
        self, request: Request, found: Sequence[tuple[InstanceLocation, Octets]]
    ) -> Response:
        if not found:
            raise NotFound("there is no such data in it")
        if len(found) > MAX_VALUES:
            raise NotAcceptable("these are too many values for one answer: ask for less at once")
        types = {octets.media_type for _, octets in found}
        wado.value_form(accepted(request), next(iter(types)), is_single=False)
        base = base_url(request)
        urls = [f"{wado.instance_url(base, one)}/{octets.path}" for one, octets in found]
        content_types = [
            f"{octets.media_type}; transfer-syntax={octets.transfer_syntax_uid}"
            for _, octets in found
        ]
        part_type = OCTETS if len(types) > 1 else next(iter(types))
        octets = [one for _, one in found]
        return await in_thread(bodies.parts, request, octets, part_type, content_types, urls, {})

    async def _locate(self, request: Request) -> list[InstanceLocation]:
        return await briefly(self._retrieve.locate, principal_of(request), *uids_of(request))


def _answer(
    request: Request,
    location: InstanceLocation,
    octets: list[Octets],
    form: wado.FrameForm,
    headers: dict[str, str],
) -> Response:
    types = [f"{form.media_type}; transfer-syntax={one.transfer_syntax_uid}" for one in octets]
    url = wado.instance_url(base_url(request), location)
    urls = [f"{url}/{one.path}" for one in octets]
    if form.is_multipart:
        return bodies.parts(request, octets, form.media_type, types, urls, headers)
    headers = {**headers, "Content-Location": urls[0]}
    return bodies.one(request, octets[0], types[0], headers)


def _as_stored(request: Request, location: InstanceLocation, number: int) -> wado.FrameForm | None:
    """How frames that cannot be decoded or encoded are given to a client that takes them as they are; None where it does not."""
    for entry in accepted(request):
        try:
            form = wado.frame_form(
                [entry], stored_syntax(location), is_single=number == 1, can_decode=False
            )
        except NotAcceptable:
            continue
        if not form.transfer_syntax_uid:
            return form
    return None
