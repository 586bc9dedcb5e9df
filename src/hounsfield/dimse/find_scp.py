"""Query as SCP: Patient Root and Study Root C-FIND (PS3.4 C.4.1, C.6.1 and C.6.2)."""

import io
import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson

from hounsfield.archive.access import Principal
from hounsfield.archive.search import Found, Search
from hounsfield.dicom.attributes import ATTRIBUTES, SPECIFIC_CHARACTER_SET
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.json_model import write_dataset
from hounsfield.dicom.part10 import read_header
from hounsfield.dicom.query import (
    COMPUTED,
    COMPUTED_KEYS,
    Key,
    Level,
    Query,
    SingleValue,
    Universal,
    name_of,
    parse_match,
)
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, respond
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import HounsfieldError, InvalidInstance, InvalidQuery

log = logging.getLogger(__name__)

PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
FIND_SOP_CLASSES = frozenset({PATIENT_ROOT_FIND, STUDY_ROOT_FIND})

# More than any query has; keeps a peer from filling our memory with one.
MAX_IDENTIFIER_BYTES = 1 << 20
_LEVEL, _RETRIEVE_AE_TITLE, _AVAILABILITY = "00080052", "00080054", "00080056"
_NOT_KEYS = frozenset((0x00080005, 0x00080052, 0x00080053, 0x00080054, 0x00080056, 0x00080201))
# PS3.4 C.6.1.1: the unique key of each level.
UNIQUE_KEYS = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.IMAGE: 0x00080018,
}


def negotiate_options(asked: bytes) -> bytes:
    """Answer the extended negotiation of a query class (PS3.4 C.5.1.1): relational queries and nothing else."""
    return bytes((1 if asked[:1] == b"\1" else 0, *(0 for _ in asked[1:])))


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
            identifier, charset = _read_identifier(association, context, request)
            asked = Asked(identifier, context, charset)
            principal = Principal(association.calling_ae_title, "peer", association.peer_address)
            with closing(self._search.stream(principal, asked.query)) as matches:
                for found in matches:
                    if association.is_cancelled(request.message_id):
                        return respond(request, Status.CANCEL)
                    answer = asked.answer(found, self._ae_title)
                    data = encode_dataset(answer, context.transfer_syntax, asked.charset)
                    pending = respond(request, asked.pending, dataset=True)
                    association.send_message(context.context_id, pending, io.BytesIO(data).readinto)
        except InvalidInstance as error:
            return respond(request, Status.CANNOT_UNDERSTAND, comment=str(error))
        except HounsfieldError as error:
            log.warning("C-FIND from %s refused: %s", association.calling_ae_title, error)
            return respond(request, status_of(error), comment=str(error))
        return respond(request, Status.SUCCESS)


def _read_identifier(
    association: Association, context: AcceptedContext, request: Command
) -> tuple[dict[str, Any], str]:
    """(the data set of a query in the DICOM JSON model, its Specific Character Set).

    Raises InvalidQuery and InvalidInstance.
    """
    if not request.has_dataset:
        raise InvalidQuery("the query has no identifier")
    data = bytearray()
    for piece in association.dataset():
        data += piece
        if len(data) > MAX_IDENTIFIER_BYTES:
            raise InvalidQuery(f"an identifier of over {MAX_IDENTIFIER_BYTES} bytes")
    if not data:
        raise InvalidQuery("the identifier is empty")
    content = bytes(data)
    tags = frozenset((SPECIFIC_CHARACTER_SET,))
    header = read_header(content, tags=tags, transfer_syntax_uid=context.transfer_syntax)
    found: dict[str, Any] = orjson.loads(write_dataset(content, header))
    return found, header.text(SPECIFIC_CHARACTER_SET)


class Asked:
    """What one C-FIND asks for: the query, and how its answers look."""

    def __init__(self, identifier: dict[str, Any], context: AcceptedContext, charset: str) -> None:
        """Read an identifier; raises InvalidQuery where it breaks the rules of PS3.4 C.4.1.3."""
        self.charset = charset
        self._level = _level(identifier, context.abstract_syntax)
        self._tags: list[str] = []
        self._is_whole = True
        is_relational = context.application_information[:1] == b"\1"
        if not is_relational:
            _require_keys_above(self._level, identifier, context.abstract_syntax)
        keys = list(self._keys(identifier))
        include = frozenset(int(tag, 16) for tag in self._tags)
        self.query = Query(self._level, tuple(keys), include=include)

    @property
    def pending(self) -> Status:
        """FF01 where a key is none that we keep (PS3.4 C.4.1.1.4)."""
        if self._is_whole:
            return Status.PENDING
        return Status.PENDING_OPTIONAL_KEYS_UNSUPPORTED

    def answer(self, found: Found, ae_title: str) -> dict[str, Any]:
        """The identifier of one Pending response."""
        made = {tag: found.attributes.get(tag) or {"vr": _vr(int(tag, 16))} for tag in self._tags}
        made[_LEVEL] = {"vr": "CS", "Value": [str(self._level)]}
        made[_RETRIEVE_AE_TITLE] = {"vr": "AE", "Value": [ae_title]}
        made[_AVAILABILITY] = {"vr": "CS", "Value": ["ONLINE"]}
        return made

    def _keys(self, identifier: dict[str, Any]) -> Iterator[Key]:
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
            match = _match(number, attribute)
            if isinstance(match, Universal):
                continue
            if match is None or (number in COMPUTED and number not in COMPUTED_KEYS):
                self._is_whole = False
            else:
                yield Key(number, _vr(number), match)
        missing = (f"{tag:08X}" for tag in unique if f"{tag:08X}" not in self._tags)
        self._tags += [tag for tag in missing if is_kept(int(tag, 16), self._level)]


def _match(tag: int, attribute: dict[str, Any]) -> Any:
    """How an attribute selects; None where it would in a way that we do not know: by sequence items."""
    values = attribute.get("Value", ())
    if attribute["vr"] == "SQ":
        is_empty = all(not part.get("Value") for item in values for part in item.values())
        return Universal() if is_empty else None
    if _vr(tag) == "PN":
        groups = ("Alphabetic", "Ideographic", "Phonetic")
        names = ["=".join((v or {}).get(g, "") for g in groups).rstrip("=") for v in values]
        return parse_match(tag, "PN", "\\".join(names))
    text = "\\".join("" if value is None else str(value) for value in values)
    return parse_match(tag, _vr(tag), text)


def _level(identifier: dict[str, Any], sop_class_uid: str) -> Level:
    values = identifier.get(_LEVEL, {}).get("Value") or [""]
    name = str(values[0])
    if name not in list(Level) or (name == Level.PATIENT and sop_class_uid == STUDY_ROOT_FIND):
        raise InvalidQuery(f"the Query/Retrieve Level {name[:16]!a} is none of this query model")
    return Level(name)


def _require_keys_above(level: Level, identifier: dict[str, Any], sop_class_uid: str) -> None:
    """The rule of hierarchical queries: one value for the unique key of each level above (C.4.1.3.1)."""
    top = Level.PATIENT if sop_class_uid == PATIENT_ROOT_FIND else Level.STUDY
    for above in Level:
        if not top.depth <= above.depth < level.depth:
            continue
        tag = UNIQUE_KEYS[above]
        match = _match(tag, identifier.get(f"{tag:08X}", {"vr": _vr(tag)}))
        if not isinstance(match, SingleValue):
            raise InvalidQuery(f"at {level} level {name_of(tag)} must have one value")


def is_kept(tag: int, level: Level) -> bool:
    """Whether answers of ``level`` can have this attribute."""
    attribute = ATTRIBUTES.get(tag)
    if attribute is not None:
        return attribute.level.depth <= level.depth
    return level in COMPUTED.get(tag, ())


def _vr(tag: int) -> str:
    attribute = ATTRIBUTES.get(tag)
    if attribute is not None:
        return attribute.vr
    return {0x00080061: "CS", 0x00080062: "UI", 0x00083002: "UI"}.get(tag, "IS")
