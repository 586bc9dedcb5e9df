"""Identifiers: the data sets that queries and retrievals are asked with (PS3.4 C.4.1.1.3, C.4.2.1.4)."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import orjson

from hounsfield.dicom.attributes import ATTRIBUTES, SPECIFIC_CHARACTER_SET
from hounsfield.dicom.json_model import write_dataset
from hounsfield.dicom.negotiated import Options, parse_key
from hounsfield.dicom.part10 import read_header
from hounsfield.dicom.query import (
    Item,
    Key,
    Level,
    Matching,
    SingleValue,
    Universal,
    name_of,
)
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import InvalidQuery

# More than any query has; keeps a peer from filling our memory with one.
MAX_IDENTIFIER_BYTES = 1 << 20
QUERY_RETRIEVE_LEVEL = "00080052"
PLAIN = Options()
# The bytes of PS3.4 tables C.5-1 and C.5-2 that can be answered with 1: relational queries, date with time, fuzzy names,
# time zones; not 5, the conversion of multi-frame images; 6 matching of empty values, 7 of several values.
_OFFERED = frozenset((1, 2, 3, 4, 6, 7))
# PS3.4 C.6.1.1: the unique key of each level.
UNIQUE_KEYS = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.IMAGE: 0x00080018,
}


def negotiate_query(asked: bytes) -> bytes:
    """Answer the extended negotiation of a query class (PS3.4 C.5.1.1): all but the conversion of multi-frame images."""
    return bytes(
        int(position in _OFFERED and value == 1) for position, value in enumerate(asked, 1)
    )


def negotiate_retrieval(asked: bytes) -> bytes:
    """Answer the extended negotiation of a retrieval class (PS3.4 C.5.2.1): relational, nothing else."""
    return bytes((1 if is_relational(asked) else 0, *(0 for _ in asked[1:])))


def options_of(information: bytes) -> Options:
    """What was negotiated for a query class."""
    return Options(*(value == 1 for value in information[: len(dataclasses.fields(Options))]))


def is_relational(information: bytes) -> bool:
    """Whether keys of any level may be given without those above (PS3.4 C.4.1.2.2.1)."""
    return information[:1] == b"\1"


def read_identifier(
    association: Association, context: AcceptedContext, request: Command
) -> tuple[dict[str, Any], str]:
    """Receive an identifier and decode it; (data set, Specific Character Set), which is that of the peer where it names none.

    Raises InvalidQuery and InvalidInstance.
    """
    if not request.has_dataset:
        raise InvalidQuery("there is no identifier")
    data = bytearray()
    for piece in association.dataset():
        data += piece
        if len(data) > MAX_IDENTIFIER_BYTES:
            raise InvalidQuery(f"an identifier of over {MAX_IDENTIFIER_BYTES} bytes")
    if not data:
        raise InvalidQuery("the identifier is empty")
    assumed = association.peer.character_set if association.peer else ""
    found, charset = decode_identifier(bytes(data), context.transfer_syntax, assumed)
    return found, charset or assumed


def decode_identifier(
    content: bytes, transfer_syntax_uid: str, assumed_charset: str = ""
) -> tuple[dict[str, Any], str]:
    """(a data set in the DICOM JSON model, its Specific Character Set); raises InvalidInstance.

    ``assumed_charset`` is the one to read texts in where the data set names none.
    """
    tags = frozenset((SPECIFIC_CHARACTER_SET,))
    header = read_header(content, tags=tags, transfer_syntax_uid=transfer_syntax_uid)
    found: dict[str, Any] = orjson.loads(
        write_dataset(content, header, assumed_charset=assumed_charset)
    )
    return found, header.text(SPECIFIC_CHARACTER_SET)


def match_of(tag: int, attribute: dict[str, Any], options: Options = PLAIN) -> Matching | None:
    """How an attribute selects; None where it would in a way that we do not know. Raises InvalidQuery."""
    values = attribute.get("Value", ())
    if attribute["vr"] == "SQ":
        return _item(values, options) if vr_of_key(tag) == "SQ" else None
    vr = vr_of_key(tag)
    if vr == "SQ":
        return Universal() if not any(values) else None
    return _match(tag, vr, values, options)


def _item(items: Sequence[dict[str, Any]], options: Options) -> Matching | None:
    """Matching by the one item of keys in a sequence (PS3.4 C.2.2.2.6)."""
    if len(items) > 1:
        raise InvalidQuery("a sequence to match by has one item")
    keys = []
    for tag, attribute in (items[0] if items else {}).items():
        number = int(tag, 16)
        if attribute["vr"] == "SQ":
            match = _item(attribute.get("Value", ()), options)
        else:
            match = _match(number, attribute["vr"], attribute.get("Value", ()), options)
        if match is None:
            return None
        if not isinstance(match, Universal):
            keys.append(Key(number, attribute["vr"], match))
    return Item(tuple(keys)) if keys else Universal()


def _match(tag: int, vr: str, values: Sequence[Any], options: Options) -> Matching:
    if vr == "PN":
        groups = ("Alphabetic", "Ideographic", "Phonetic")
        names = [
            "=".join(value.get(group, "") for group in groups).rstrip("=")
            if isinstance(value, dict)
            else str(value or "")  # some call a name by another VR
            for value in values
        ]
        return parse_key(tag, "PN", "\\".join(names), options)
    text = "\\".join("" if value is None else str(value) for value in values)
    return parse_key(tag, vr, text, options)


def level_of(identifier: dict[str, Any], top: Level) -> Level:
    """The level that is asked at; ``top`` is the highest of the information model. Raises InvalidQuery."""
    values = identifier.get(QUERY_RETRIEVE_LEVEL, {}).get("Value") or [""]
    # CS has no small letters; some ask with them all the same.
    name = str(values[0]).strip().upper()
    if name not in list(Level) or Level(name).depth < top.depth:
        raise InvalidQuery(f"the Query/Retrieve Level {name[:16]!a} is none of this query model")
    return Level(name)


def require_keys_above(level: Level, identifier: dict[str, Any], top: Level) -> None:
    """The rule of hierarchical queries: one value for the unique key of each level above (C.4.1.3.1)."""
    for above in Level:
        if not top.depth <= above.depth < level.depth:
            continue
        tag = UNIQUE_KEYS[above]
        match = match_of(tag, identifier.get(f"{tag:08X}", {"vr": vr_of_key(tag)}))
        if not isinstance(match, SingleValue):
            raise InvalidQuery(f"at {level} level {name_of(tag)} must have one value")


def vr_of_key(tag: int) -> str:
    """The VR of an attribute that can be asked for."""
    attribute = ATTRIBUTES.get(tag)
    if attribute is not None:
        return attribute.vr
    return {0x00080061: "CS", 0x00080062: "UI", 0x00083002: "UI"}.get(tag, "IS")
