"""The rendered resources: instances and frames as pictures, films and documents (PS3.18 10.4.1.1.3, 8.7.4)."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.rendering import PictureRequest
from hounsfield.archive.forms.representations import FILMS, Kind, Representations, content_type_of
from hounsfield.dicomweb.multipart import closing, new_boundary, part_head
from hounsfield.dicomweb.negotiation import MediaRange, accepted
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import (
    base_url,
    briefly,
    in_thread,
    is_current,
    principal_of,
    respond,
    uids_of,
)
from hounsfield.dicomweb.wado import instances as wado
from hounsfield.dicomweb.wado.rendering_parameters import picture_request
from hounsfield.errors import HounsfieldError, NotAcceptable
from hounsfield.index.records import InstanceLocation

_SERIES = "/studies/{study}/series/{series}"
# A page of a report or a drawing is what somebody else wrote: nothing in it may run or fetch.
_SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
# So many wait for their picture at a time without holding up what is no picture.
DRAWN_AT_ONCE = 24
# Whoever renders a whole study gets it in pieces, but not without end.
MAX_PARTS = 5000


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    web = _Rendered(parts)
    instance = _SERIES + "/instances/{instance}"
    paths = [
        (instance + "/frames/{frames}/rendered", web.frames),
        (instance + "/rendered", web.instance),
        (_SERIES + "/rendered", web.instances),
        ("/studies/{study}/rendered", web.instances),
    ]
    limiter = CapacityLimiter(DRAWN_AT_ONCE)
    return [Route(path, _in_thread(handler, limiter), methods=["GET"]) for path, handler in paths]


# An answer, or what has to be done for it that takes longer than to look something up.
_Later = Callable[[], Response]
_Found = Response | _Later


def _in_thread(
    answer: Callable[[Request], _Found], limiter: CapacityLimiter
) -> Callable[[Request], Awaitable[Response]]:
    """What is small is drawn where it was found: to change between threads costs as much as to draw it."""

    async def endpoint(request: Request) -> Response:
        found = await briefly(answer, request)
        return found if isinstance(found, Response) else await in_thread(found, limiter=limiter)

    return endpoint


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The form of an answer: a single file, or each one as a part."""

    media_type: str
    is_multipart: bool


def choose_form(
    ranges: Sequence[MediaRange], offers: Sequence[str], *, is_single: bool = True
) -> _Chosen:
    """The best of what the client takes; several are given as parts of one answer also to whom named no multipart.

    Raises NotAcceptable naming the offers.
    """
    for entry in ranges:
        for offer in offers:
            if entry.is_multipart and entry.allows_parts(offer):
                return _Chosen(offer, is_multipart=True)
            if entry.allows(offer) or entry.media_type == "multipart/*":
                is_multipart = not is_single or entry.media_type == "multipart/*"
                return _Chosen(offer, is_multipart=is_multipart)
    raise NotAcceptable(f"it is shown as {', '.join(offers)}")


class _Rendered:
    def __init__(self, parts: DicomWebParts) -> None:
        self._retrieve = parts.retrieve
        self._shown: Representations = parts.representations

    def instance(self, request: Request) -> _Found:
        """One instance, in the form that its kind has."""
        location = self._locate(request)
        offers = self._shown.offers(location)
        principal = principal_of(request)
        if self._shown.kind(location) is Kind.PRESENTATION:
            return partial(self._presented, request, principal, location, offers)
        chosen = choose_form(accepted(request), offers)
        make = partial(self._shown.instance, principal, location)
        return self._answer(request, location, chosen, [("", make)])

    def _presented(
        self,
        request: Request,
        principal: Principal,
        location: InstanceLocation,
        offers: Sequence[str],
    ) -> Response:
        """The images of a presentation state as it shows them, each as a part where there are several."""
        found = self._shown.presented(principal, location)
        chosen = choose_form(accepted(request), offers, is_single=len(found) == 1)

        def make(place: tuple[InstanceLocation, int], wanted: PictureRequest) -> bytes:
            return self._shown.frame(
                *place, self._shown.by_state(principal, location, place, wanted)
            )

        makes = [("", partial(make, place)) for place in found]
        shown = [(target.sha256, frame_index) for target, frame_index in found]
        shown += self._shown.superimposed(principal, location)
        answer = self._answer(request, location, chosen, makes, shown)
        return answer if isinstance(answer, Response) else answer()

    def frames(self, request: Request) -> _Found:
        """Some frames: each as a picture, or all as a film."""
        numbers = wado.parse_frames(request.path_params["frames"])
        location = self._locate(request)
        indices = [number - 1 for number in numbers]
        offers = self._shown.frame_offers(location, indices)
        chosen = choose_form(accepted(request), offers, is_single=len(indices) == 1)
        if chosen.media_type in FILMS and len(indices) > 1:
            make = partial(self._shown.film, location, indices)
            return self._answer(
                request, location, replace(chosen, is_multipart=False), [("", make)]
            )
        makes = [
            (f"/frames/{index + 1}", partial(self._shown.frame, location, index))
            for index in indices
        ]
        return self._answer(request, location, chosen, makes)

    def instances(self, request: Request) -> _Found:
        """All instances of a study or series that can be shown, each as a part."""
        return partial(self._instances, request)

    def _instances(self, request: Request) -> Response:
        principal = principal_of(request)
        study, series, _ = uids_of(request)
        locations = self._retrieve.locate(principal, study, series)
        if len(locations) > MAX_PARTS:
            raise NotAcceptable(f"{len(locations)} instances are too many to be shown at once")
        ranges = accepted(request)
        first = picture_request(request.query_params, "image/jpeg")
        parts = _InstanceParts(self._shown, principal, ranges, first)
        answer = parts.begin(locations, base_url(request))
        return respond(*answer)

    def _locate(self, request: Request) -> InstanceLocation:
        principal = principal_of(request)
        return self._retrieve.locate(principal, *uids_of(request))[0]

    def _answer(
        self,
        request: Request,
        location: InstanceLocation,
        chosen: _Chosen,
        makes: Sequence[tuple[str, Callable[[PictureRequest], bytes]]],
        depends_on: Sequence[object] = (),
    ) -> _Found:
        """The files, each with the end of its address; what the client has already is not made again."""
        wanted = picture_request(request.query_params, chosen.media_type)
        places = [place for place, _ in makes]
        tag = wado.etag("rendered", location.sha256, places, depends_on, wanted, chosen)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        if is_current(request, tag):
            return Response(status_code=304, headers=headers)
        headers |= _SAFE
        if chosen.is_multipart:
            url = wado.instance_url(base_url(request), location)
            parts = [(_at(url, place), make) for place, make in makes]
            return partial(_as_parts, parts, chosen.media_type, wanted, headers)
        picture = partial(_alone, makes[0][1], chosen.media_type, wanted, headers)
        return picture() if self._shown.is_quick(location, wanted) else picture


def _alone(
    make: Callable[[PictureRequest], bytes],
    media_type: str,
    wanted: PictureRequest,
    headers: dict[str, str],
) -> Response:
    return respond(content_type_of(media_type), make(wanted), headers)


def _as_parts(
    makes: Sequence[tuple[str, Callable[[PictureRequest], bytes]]],
    media_type: str,
    wanted: PictureRequest,
    headers: dict[str, str],
) -> Response:
    """The files with their addresses as parts of one answer."""
    boundary = new_boundary()
    # What is wrong with the first is told with a status.
    first_url, make_first = makes[0]
    head = part_head(boundary, media_type, is_first=True, location=first_url)
    begin = [head, make_first(wanted)]

    def pieces() -> Iterator[bytes]:
        yield from begin
        for url, make in makes[1:]:
            yield part_head(boundary, media_type, is_first=False, location=url)
            yield make(wanted)
        yield closing(boundary)

    full_type = f'multipart/related; type="{media_type}"; boundary={boundary}'
    return respond(full_type, pieces(), headers)


def _at(url: str, place: str) -> str:
    return f"{url}{place}/rendered"


class _InstanceParts:
    """Makes a multipart answer of all instances that can be shown; the others are passed over."""

    def __init__(
        self,
        shown: Representations,
        principal: Principal,
        ranges: Sequence[MediaRange],
        wanted: PictureRequest,
    ) -> None:
        self._shown = shown
        self._principal = principal
        self._ranges = ranges
        self._wanted = wanted

    def begin(
        self, locations: Sequence[InstanceLocation], base: str
    ) -> tuple[str, Iterator[bytes]]:
        """(content type, the pieces) after the first part was made; raises NotAcceptable if there is none."""
        boundary = new_boundary()
        parts = self._parts(locations)
        try:
            first_location, first_type, content = next(parts)
        except StopIteration:
            raise NotAcceptable("nothing here can be shown in a form that is accepted") from None

        def pieces() -> Iterator[bytes]:
            url = wado.instance_url(base, first_location)
            yield part_head(boundary, first_type, is_first=True, location=_at(url, ""))
            yield content
            for location, media_type, body in parts:
                url = wado.instance_url(base, location)
                yield part_head(boundary, media_type, is_first=False, location=_at(url, ""))
                yield body
            yield closing(boundary)

        return f'multipart/related; type="{first_type}"; boundary={boundary}', pieces()

    def _parts(
        self, locations: Sequence[InstanceLocation]
    ) -> Iterator[tuple[InstanceLocation, str, bytes]]:
        for bare in locations:
            try:
                location = self._shown.located(self._principal, bare)
                chosen = choose_form(self._ranges, self._shown.offers(location))
                form = replace(self._wanted.form, media_type=chosen.media_type)
                wanted = replace(self._wanted, form=form)
                body = self._shown.instance(self._principal, location, wanted)
            except HounsfieldError:
                continue
            yield location, content_type_of(chosen.media_type), body
