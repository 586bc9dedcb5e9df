"""WADO-RS: what is stored, as it is stored: instances, frames, bulk data, metadata, thumbnails (PS3.18 10.4)."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import BASE_URL, Retrieve
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE, of
from hounsfield.dicomweb.multipart import closing, new_boundary, part_head
from hounsfield.dicomweb.negotiation import MediaRange
from hounsfield.errors import InvalidQuery, NotAcceptable, NotFound
from hounsfield.index.records import InstanceLocation
from hounsfield.storage.objects import StoredObject

OCTETS = "application/octet-stream"
DICOM = "application/dicom"
MAX_FRAMES = 10_000
_FRAME_LIST = re.compile(r"[1-9][0-9]{0,9}(,[1-9][0-9]{0,9})*")
_FRAME_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Payload:
    """An answer: its type and the pieces of its body, ``length`` where it is known before."""

    media_type: str
    pieces: Iterator[bytes] | bytes
    length: int | None = None


def instances(
    retrieve: Retrieve,
    locations: Sequence[InstanceLocation],
    ranges: Sequence[MediaRange],
    base_url: str,
) -> Payload:
    """Whole instances, byte for byte as stored (10.4.1.1.1, WADO-01).

    One instance is given single-part to a client that takes it so. Transfer syntaxes are not changed: a client
    that asked for another than the stored one still gets what is stored, because a picture it may be able to read
    helps more than 406.
    """
    for entry in ranges:
        if len(locations) == 1 and entry.allows(DICOM) and entry.media_type != "*/*":
            location = locations[0]
            syntax = f"{DICOM}; transfer-syntax={location.transfer_syntax_uid}"
            return Payload(syntax, _file(retrieve, location), location.size_bytes)
        if entry.allows_parts(DICOM):
            boundary = new_boundary()
            pieces = _instance_parts(retrieve, locations, boundary, base_url)
            return Payload(f'multipart/related; type="{DICOM}"; boundary={boundary}', pieces)
    raise NotAcceptable(f'instances are given as multipart/related; type="{DICOM}"')


def _file(retrieve: Retrieve, location: InstanceLocation) -> Iterator[bytes]:
    with retrieve.open_instance(location) as stored:
        yield from stored.stream()


def _instance_parts(
    retrieve: Retrieve, locations: Sequence[InstanceLocation], boundary: str, base_url: str
) -> Iterator[bytes]:
    for n, location in enumerate(locations):
        syntax = f"{DICOM}; transfer-syntax={location.transfer_syntax_uid}"
        yield part_head(
            boundary, syntax, is_first=n == 0, location=instance_url(base_url, location)
        )
        yield from _file(retrieve, location)
    yield closing(boundary)


def instance_url(base_url: str, location: InstanceLocation) -> str:
    """Where an instance is retrieved from."""
    return (
        f"{base_url}/studies/{location.study_instance_uid}/series/{location.series_instance_uid}"
        f"/instances/{location.sop_instance_uid}"
    )


def parse_frames(text: str) -> list[int]:
    """The frame numbers of a path, from 1, in the order asked for; raises InvalidQuery."""
    if not _FRAME_LIST.fullmatch(text):
        raise InvalidQuery("frames are numbers from 1, separated by commas")
    numbers = [int(part) for part in text.split(",")]
    if len(numbers) > MAX_FRAMES:
        raise InvalidQuery(f"no more than {MAX_FRAMES} frames at once")
    return numbers


def frames(
    retrieve: Retrieve,
    location: InstanceLocation,
    numbers: Sequence[int],
    ranges: Sequence[MediaRange],
    base_url: str,
) -> Payload:
    """Frames as they lie in the file (10.4.1.1.6, WADO-03).

    A compressed frame is the bare codestream. Raises NotFound for a number that the instance does not have.
    """
    table, opens = retrieve.frames(location)
    if table is None:
        raise NotFound("this instance has no frames")
    places = [table.ranges(number - 1) for number in numbers]
    syntax = of(location.transfer_syntax_uid)
    offers = (OCTETS, syntax.media_type) if table.is_encapsulated else (OCTETS,)
    for entry in ranges:
        for offer in offers:
            shown = f"{offer}; transfer-syntax={_web_syntax(location)}"
            if entry.allows_parts(offer):
                boundary = new_boundary()
                head = f'multipart/related; type="{offer}"; boundary={boundary}'
                url = instance_url(base_url, location)
                body = _frame_parts(opens, numbers, places, shown, boundary, url)
                return Payload(head, body)
            if len(numbers) == 1 and entry.allows(offer):
                with opens() as stored:
                    body = b"".join(stored.read_at(offset, length) for offset, length in places[0])
                return Payload(shown, body, len(body))
    raise NotAcceptable(f"frames of this instance are given as {' or '.join(offers)}")


def _web_syntax(location: InstanceLocation) -> str:
    """The syntax to name for a frame: native little endian pixels are the same in implicit and explicit VR."""
    syntax = of(location.transfer_syntax_uid)
    if syntax.is_encapsulated or syntax.is_big_endian:
        return syntax.uid
    return EXPLICIT_LITTLE


def _frame_parts(
    opens: Callable[[], StoredObject],
    numbers: Sequence[int],
    places: Sequence[tuple[tuple[int, int], ...]],
    content_type: str,
    boundary: str,
    url: str,
) -> Iterator[bytes] | bytes:
    size = sum(length for place in places for _, length in place)
    pieces = _frame_pieces(opens, numbers, places, content_type, boundary, url)
    # What is small goes out at once: a streamed answer costs ten times as much.
    return b"".join(pieces) if size <= 8 * _FRAME_CHUNK else pieces


def _frame_pieces(
    opens: Callable[[], StoredObject],
    numbers: Sequence[int],
    places: Sequence[tuple[tuple[int, int], ...]],
    content_type: str,
    boundary: str,
    url: str,
) -> Iterator[bytes]:
    with opens() as stored:
        for n, (number, place) in enumerate(zip(numbers, places, strict=True)):
            yield part_head(
                boundary, content_type, is_first=n == 0, location=f"{url}/frames/{number}"
            )
            for offset, length in place:
                yield from stored.stream(offset, length, _FRAME_CHUNK)
    yield closing(boundary)


def metadata(
    retrieve: Retrieve,
    principal: Principal,
    study_instance_uid: str,
    series_instance_uid: str | None,
    sop_instance_uid: str | None,
    base_url: str,
) -> bytes:
    """The DICOM JSON of a study's, a series' or one instance's data sets (10.4.1.1.2)."""
    if sop_instance_uid is not None:
        (location, *_) = retrieve.locate(
            principal, study_instance_uid, series_instance_uid, sop_instance_uid
        )
        body = b"[" + retrieve.instance_metadata(location) + b"]"
    elif series_instance_uid is not None:
        body = retrieve.series_metadata(principal, study_instance_uid, series_instance_uid)
    else:
        locations = retrieve.locate(principal, study_instance_uid)
        series = dict.fromkeys(location.series_instance_uid for location in locations)
        bodies = [
            retrieve.series_metadata(principal, study_instance_uid, uid)[1:-1].strip()
            for uid in series
        ]
        body = b"[" + b",".join(bodies) + b"]"
    return body.replace(f'"{BASE_URL}/'.encode(), f'"{base_url}/'.encode())


def etag(*parts: object) -> str:
    """An entity tag from what an answer depends on."""
    return '"' + hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32] + '"'
