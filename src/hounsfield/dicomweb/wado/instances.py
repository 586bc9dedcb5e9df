"""WADO-RS: what a client is given of what is stored, by what it accepts (PS3.18 8.7.3, 8.7.5, 10.4)."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hounsfield.archive.forms.bulk import OCTETS
from hounsfield.archive.forms.compressing import is_possible
from hounsfield.archive.forms.instance_forms import ANY, DICOM
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE, TRANSFER_SYNTAXES, of
from hounsfield.dicomweb.negotiation import MediaRange
from hounsfield.dicomweb.wado.representations import JSON, PLAIN_JSON, XML
from hounsfield.errors import InvalidQuery, NotAcceptable
from hounsfield.index.records import InstanceLocation

ZIP = "application/zip"
MAX_FRAMES = 10_000
_FRAME_LIST = re.compile(r"[1-9][0-9]{0,9}(,[1-9][0-9]{0,9})*")


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


@dataclass(frozen=True, slots=True)
class FrameForm:
    """How frames and values are given: the type of each, whether as parts, and in which transfer syntax if not as stored."""

    media_type: str
    is_multipart: bool
    transfer_syntax_uid: str = ""


# 8.7.3.3: what a media type means where no transfer syntax is named with it.
_DEFAULTS = {
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/jxl": "1.2.840.10008.1.2.4.110",
}


def frame_form(
    ranges: Sequence[MediaRange],
    transfer_syntax_uid: str,
    *,
    is_single: bool,
    can_decode: bool,
    better: Callable[[], str] = lambda: "",
) -> FrameForm:
    """Choose for frames stored in a transfer syntax; raises NotAcceptable naming what there is (WEB-02, WEB-03, WEB-05).

    Who takes any transfer syntax is given the stored one, unless another is ``better`` for browsers.
    """
    syntax = of(transfer_syntax_uid)
    for entry in ranges:
        # Another codec is for who names it.
        others = {entry.media_type, entry.part_type} & _DEFAULTS.keys()
        for media_type in dict.fromkeys((OCTETS, syntax.media_type, *others)):
            is_multipart = entry.allows_parts(media_type)
            if not is_multipart and not (is_single and entry.allows(media_type)):
                continue
            given = _given_syntax(entry, media_type, transfer_syntax_uid, can_decode=can_decode)
            if given is not None:
                if not given and entry.transfer_syntax == ANY and can_decode:
                    given = better()
                    media_type = OCTETS if given else media_type  # noqa: PLW2901 - said anew with it
                return FrameForm(media_type, is_multipart, given)
    offers = " or ".join(dict.fromkeys((OCTETS, syntax.media_type)))
    raise NotAcceptable(f"frames of this instance are given as {offers}, stored in {syntax.name}")


def _given_syntax(
    entry: MediaRange, media_type: str, stored: str, *, can_decode: bool
) -> str | None:
    """The transfer syntax that frames are written in for a media range, "" as stored; None if that is not to be had."""
    syntax, wanted = of(stored), entry.transfer_syntax
    if wanted == stored or (wanted == ANY and media_type in {OCTETS, syntax.media_type}):
        return ""
    if media_type not in {OCTETS, syntax.media_type}:
        wanted = _DEFAULTS[media_type] if wanted in {"", ANY} else wanted
    if of(wanted).is_encapsulated and wanted in TRANSFER_SYNTAXES:
        is_of_type = media_type in {OCTETS, of(wanted).media_type}
        return wanted if is_of_type and is_possible(stored, wanted) else None
    if not syntax.is_encapsulated:
        return ""  # native pixels are the same in whichever syntax they are asked for
    if media_type != OCTETS:
        return "" if not wanted else None
    if wanted == EXPLICIT_LITTLE:
        return EXPLICIT_LITTLE if can_decode else None
    if wanted:
        return None
    # What was lost is not made better by decoding it, so it is given as it is (8.7.3.5.2).
    is_decoded = can_decode and not syntax.is_lossy
    if not is_decoded and "*" in (entry.part_type or entry.media_type):
        return None  # the type that the frames have says more than that they are bytes
    return EXPLICIT_LITTLE if is_decoded else ""


def value_form(ranges: Sequence[MediaRange], media_type: str, *, is_single: bool) -> FrameForm:
    """Choose for values, which are given as they are stored: single where one may be, as a browser and curl like it."""
    for entry in ranges:
        for offer in dict.fromkeys((media_type, OCTETS)):
            if is_single and entry.allows(offer):
                return FrameForm(offer, is_multipart=False)
            if entry.allows_parts(offer):
                return FrameForm(offer, is_multipart=True)
    raise NotAcceptable(f'it is given as {media_type} or multipart/related; type="{media_type}"')


@dataclass(frozen=True, slots=True)
class InstanceForm:
    """How whole instances are given: DICOM files, a ZIP, their metadata, or their bulk data alone."""

    media_type: str
    is_multipart: bool
    entry: MediaRange


def instance_forms(ranges: Sequence[MediaRange], *, is_single: bool) -> list[InstanceForm]:
    """The forms that the client takes, best first; raises NotAcceptable where there is none."""
    found = []
    for entry in ranges:
        if entry.media_type in {ZIP, JSON, PLAIN_JSON}:
            found.append(InstanceForm(entry.media_type, False, entry))
        elif entry.part_type == XML:
            found.append(InstanceForm(XML, True, entry))
        elif entry.allows_parts(DICOM):
            found.append(InstanceForm(DICOM, True, entry))
        elif entry.allows(DICOM):
            # Several do not fit one part: better as parts than not at all.
            found.append(InstanceForm(DICOM, not is_single, entry))
        elif entry.is_multipart and (entry.part_type == OCTETS or "/*" in entry.part_type):
            found.append(InstanceForm(OCTETS, True, entry))
    if not found:
        offers = f'multipart/related; type="{DICOM}", {ZIP}, {JSON}'
        raise NotAcceptable(f"instances are given as {offers}")
    return found


def etag(*parts: object) -> str:
    """An entity tag from what an answer depends on."""
    return '"' + hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32] + '"'
