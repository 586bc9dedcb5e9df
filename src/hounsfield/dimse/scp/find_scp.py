"""Query as SCP: Patient Root and Study Root C-FIND (PS3.4 C.4.1, C.6.1 and C.6.2)."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from hounsfield.archive.search import Search
from hounsfield.dicom.attributes import ATTRIBUTES
from hounsfield.dicom.encoding import AnswerEncoder
from hounsfield.dicom.matching import in_zone
from hounsfield.dicom.negotiated import Options, combined
from hounsfield.dicom.query import COMPUTED, COMPUTED_KEYS, Key, Level, Query, Universal
from hounsfield.dicom.sop_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, respond
from hounsfield.dimse.identifier import (
    QUERY_RETRIEVE_LEVEL,
    UNIQUE_KEYS,
    level_of,
    match_of,
    options_of,
    read_identifier,
    require_keys_above,
    vr_of_key,
)
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import HounsfieldError, InvalidInstance

log = logging.getLogger(__name__)

FIND_SOP_CLASSES = frozenset({PATIENT_ROOT_FIND, STUDY_ROOT_FIND})

_TIMEZONE = 0x00080201
_RETRIEVE_AE_TITLE, _AVAILABILITY = "00080054", "00080056"
_FIRST_TOGETHER, _MOST_TOGETHER, _WAITS_S = 8, 128, 0.005
_NOT_KEYS = frozenset((0x00080005, 0x00080052, 0x00080053, 0x00080054, 0x00080056, 0x00080201))


class FindScp:
    """Answers C-FIND over one archive."""

    def __init__(self, search: Search, ae_title: str) -> None:
        self._search = search
        self._ae_title = ae_title

    def on_c_find(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Command:
        """Send a Pending response for each match, and return the final one.

        A C-CANCEL ends it with FE00 (QR-07). Matches are read as they are sent, so that a large answer
        takes no more memory than a small one.
        """
        if context.abstract_syntax not in FIND_SOP_CLASSES:
            comment = "this presentation context is not for queries"
            return respond(request, Status.SOP_CLASS_NOT_SUPPORTED, comment=comment)
        try:
            identifier, charset = read_identifier(association, context, request)
            asked = Asked(identifier, context, charset)
            pending = respond(request, asked.pending, dataset=True)
            with closing(self._search.stream(association.principal, asked.query)) as matches:
                encoder = asked.encoder(context.transfer_syntax, self._ae_title)
                told = map(_with_offset, matches) if asked.tells_timezone else matches
                for some in _together(map(encoder.encode, told)):
                    if association.is_cancelled(request.message_id):
                        return respond(request, Status.CANCEL)
                    association.send_answers(context.context_id, pending, some)
        except InvalidInstance as error:
            return respond(request, Status.CANNOT_UNDERSTAND, comment=str(error))
        except HounsfieldError as error:
            log.warning("C-FIND from %s refused: %s", association.calling_ae_title, error)
            return respond(request, status_of(error), comment=str(error))
        return respond(request, Status.SUCCESS)


def _with_offset(attributes: dict[str, Any]) -> dict[str, Any]:
    """Times whose zone nobody has said are those of the place where we are (PS3.4 C.4.1.1.3.2)."""
    if not attributes.get(f"{_TIMEZONE:08X}", {}).get("Value"):
        attributes[f"{_TIMEZONE:08X}"] = {"vr": "SH", "Value": [time.strftime("%z")]}
    return attributes


def _together(answers: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Put answers together that one write can take, but let none wait for one that is long in coming."""
    some: list[bytes] = []
    began, enough = time.monotonic(), _FIRST_TOGETHER
    for answer in answers:
        some.append(answer)
        now = time.monotonic()
        if len(some) == enough or now - began > _WAITS_S:
            yield some
            some = []
            began, enough = now, min(2 * enough, _MOST_TOGETHER)
    if some:
        yield some


class Asked:
    """What one C-FIND asks for: the query, and how its answers look."""

    def __init__(self, identifier: dict[str, Any], context: AcceptedContext, charset: str) -> None:
        """Read an identifier; raises InvalidQuery where it breaks the rules of PS3.4 C.4.1.3."""
        self.charset = charset
        top = Level.PATIENT if context.abstract_syntax == PATIENT_ROOT_FIND else Level.STUDY
        self._level = level_of(identifier, top)
        self._tags: list[str] = []
        self._is_whole = True
        options = options_of(context.application_information)
        if not options.is_relational:
            require_keys_above(self._level, identifier, top)
        keys = list(self._keys(identifier, options))
        self.tells_timezone = options.adjusts_timezone and is_kept(_TIMEZONE, self._level)
        if self.tells_timezone:
            self._tags.append(f"{_TIMEZONE:08X}")
        offset = str((identifier.get(f"{_TIMEZONE:08X}", {}).get("Value") or [""])[0] or "")
        keys = [replace(key, match=in_zone(key.match, key.vr, offset)) for key in keys]
        if options.combines_date_and_time:
            keys = list(combined(keys, offset if options.adjusts_timezone else ""))
        include = frozenset(int(tag, 16) for tag in self._tags)
        self.query = Query(self._level, tuple(keys), include=include)

    @property
    def pending(self) -> Status:
        """FF01 where a key is none that we keep (PS3.4 C.4.1.1.4)."""
        if self._is_whole:
            return Status.PENDING
        return Status.PENDING_OPTIONAL_KEYS_UNSUPPORTED

    def encoder(self, transfer_syntax_uid: str, ae_title: str) -> AnswerEncoder:
        """What writes the identifiers of Pending responses."""
        fixed = {
            QUERY_RETRIEVE_LEVEL: {"vr": "CS", "Value": [str(self._level)]},
            _RETRIEVE_AE_TITLE: {"vr": "AE", "Value": [ae_title]},
            _AVAILABILITY: {"vr": "CS", "Value": ["ONLINE"]},
        }
        vrs = {tag: vr_of_key(int(tag, 16)) for tag in self._tags}
        return AnswerEncoder(vrs, fixed, transfer_syntax_uid, self.charset)

    def _keys(self, identifier: dict[str, Any], options: Options) -> Iterator[Key]:
        """The keys that select, while the tags to answer with are gathered."""
        unique = {UNIQUE_KEYS[level] for level in Level if level.depth <= self._level.depth}
        for tag, attribute in identifier.items():
            number = int(tag, 16)
            if number in _NOT_KEYS or not number & 0xFFFF:
                continue
            if not is_kept(number, self._level):
                self._is_whole = False
                continue
            self._tags.append(tag)
            match = match_of(number, attribute, options)
            if isinstance(match, Universal):
                continue
            if match is None or (number in COMPUTED and number not in COMPUTED_KEYS):
                self._is_whole = False
            else:
                yield Key(number, vr_of_key(number), match)
        missing = (f"{tag:08X}" for tag in unique if f"{tag:08X}" not in self._tags)
        self._tags += [tag for tag in missing if is_kept(int(tag, 16), self._level)]


def is_kept(tag: int, level: Level) -> bool:
    """Whether answers of ``level`` can have this attribute."""
    attribute = ATTRIBUTES.get(tag)
    if attribute is not None:
        return attribute.level.depth <= level.depth
    return level in COMPUTED.get(tag, ())
