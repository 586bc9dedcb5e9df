"""The command sets of all DIMSE messages (PS3.7 sections 6.3, 9.3, 10.3 and annex E)."""

import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import Self

MAX_COMMAND_BYTES = 65_536
NO_DATASET = 0x0101
WITH_DATASET = 0x0001
IS_RESPONSE = 0x8000

_ELEMENT = struct.Struct("<HHI")
_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")


class InvalidCommand(Exception):
    """A command set that cannot be understood."""


class CommandField(IntEnum):
    """(0000,0100), PS3.7 table E.1-1."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    N_EVENT_REPORT_RQ = 0x0100
    N_EVENT_REPORT_RSP = 0x8100
    N_GET_RQ = 0x0110
    N_GET_RSP = 0x8110
    N_SET_RQ = 0x0120
    N_SET_RSP = 0x8120
    N_ACTION_RQ = 0x0130
    N_ACTION_RSP = 0x8130
    N_CREATE_RQ = 0x0140
    N_CREATE_RSP = 0x8140
    N_DELETE_RQ = 0x0150
    N_DELETE_RSP = 0x8150
    C_CANCEL_RQ = 0x0FFF


class CommandTag(IntEnum):
    """The elements of group 0000 in use (PS3.7 table E.1-1)."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    REQUESTED_SOP_CLASS_UID = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING_ELEMENT = 0x0901
    ERROR_COMMENT = 0x0902
    ERROR_ID = 0x0903
    AFFECTED_SOP_INSTANCE_UID = 0x1000
    REQUESTED_SOP_INSTANCE_UID = 0x1001
    EVENT_TYPE_ID = 0x1002
    ATTRIBUTE_IDENTIFIER_LIST = 0x1005
    ACTION_TYPE_ID = 0x1008
    NUMBER_OF_REMAINING_SUB_OPERATIONS = 0x1020
    NUMBER_OF_COMPLETED_SUB_OPERATIONS = 0x1021
    NUMBER_OF_FAILED_SUB_OPERATIONS = 0x1022
    NUMBER_OF_WARNING_SUB_OPERATIONS = 0x1023
    MOVE_ORIGINATOR_AE_TITLE = 0x1030
    MOVE_ORIGINATOR_MESSAGE_ID = 0x1031


_T = CommandTag
_UID_TAGS = frozenset(
    (
        _T.AFFECTED_SOP_CLASS_UID,
        _T.REQUESTED_SOP_CLASS_UID,
        _T.AFFECTED_SOP_INSTANCE_UID,
        _T.REQUESTED_SOP_INSTANCE_UID,
    )
)
_TEXT_TAGS = frozenset((_T.MOVE_DESTINATION, _T.ERROR_COMMENT, _T.MOVE_ORIGINATOR_AE_TITLE))
_TAG_LISTS = frozenset((_T.OFFENDING_ELEMENT, _T.ATTRIBUTE_IDENTIFIER_LIST))

_HEAD = (_T.COMMAND_FIELD, _T.COMMAND_DATA_SET_TYPE)
_REQUEST = (*_HEAD, _T.MESSAGE_ID)
_RESPONSE = (*_HEAD, _T.MESSAGE_ID_BEING_RESPONDED_TO, _T.STATUS)
_AFFECTED = (_T.AFFECTED_SOP_CLASS_UID, _T.AFFECTED_SOP_INSTANCE_UID)
_REQUESTED = (_T.REQUESTED_SOP_CLASS_UID, _T.REQUESTED_SOP_INSTANCE_UID)

# What a message of each kind cannot be without (PS3.7 tables 9.3-1 to 9.3-17, 10.3-1 to 10.3-12).
# Priority is mandatory there too, but nothing hangs on it and some peers leave it out.
REQUIRED: Mapping[CommandField, tuple[CommandTag, ...]] = {
    CommandField.C_STORE_RQ: (*_REQUEST, *_AFFECTED),
    CommandField.C_GET_RQ: (*_REQUEST, _T.AFFECTED_SOP_CLASS_UID),
    CommandField.C_FIND_RQ: (*_REQUEST, _T.AFFECTED_SOP_CLASS_UID),
    CommandField.C_MOVE_RQ: (*_REQUEST, _T.AFFECTED_SOP_CLASS_UID, _T.MOVE_DESTINATION),
    CommandField.C_ECHO_RQ: _REQUEST,
    CommandField.N_EVENT_REPORT_RQ: (*_REQUEST, *_AFFECTED, _T.EVENT_TYPE_ID),
    CommandField.N_GET_RQ: (*_REQUEST, *_REQUESTED),
    CommandField.N_SET_RQ: (*_REQUEST, *_REQUESTED),
    CommandField.N_ACTION_RQ: (*_REQUEST, *_REQUESTED, _T.ACTION_TYPE_ID),
    CommandField.N_CREATE_RQ: (*_REQUEST, _T.AFFECTED_SOP_CLASS_UID),
    CommandField.N_DELETE_RQ: (*_REQUEST, *_REQUESTED),
    CommandField.C_CANCEL_RQ: (*_HEAD, _T.MESSAGE_ID_BEING_RESPONDED_TO),
    CommandField.C_STORE_RSP: _RESPONSE,
    CommandField.C_GET_RSP: _RESPONSE,
    CommandField.C_FIND_RSP: _RESPONSE,
    CommandField.C_MOVE_RSP: _RESPONSE,
    CommandField.C_ECHO_RSP: _RESPONSE,
    CommandField.N_EVENT_REPORT_RSP: _RESPONSE,
    CommandField.N_GET_RSP: _RESPONSE,
    CommandField.N_SET_RSP: _RESPONSE,
    CommandField.N_ACTION_RSP: _RESPONSE,
    CommandField.N_CREATE_RSP: _RESPONSE,
    CommandField.N_DELETE_RSP: _RESPONSE,
}

Value = int | str | tuple[int, ...]


def _encode_value(tag: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _U32.pack(value) if tag == _T.GROUP_LENGTH else _U16.pack(value)
    if isinstance(value, tuple):  # AT: a tag is two 16-bit numbers, group first
        return b"".join(struct.pack("<HH", item >> 16, item & 0xFFFF) for item in value)
    raw = value.encode("ascii" if tag in _UID_TAGS else "latin-1", "replace")
    return raw + (b"\0" if tag in _UID_TAGS else b" ") * (len(raw) % 2)


class Command:
    """One command set; elements stay undecoded until one is asked for."""

    __slots__ = ("_elements",)

    def __init__(self, elements: dict[int, bytes]) -> None:
        self._elements = elements

    @classmethod
    def of(
        cls,
        command_field: CommandField,
        values: Mapping[CommandTag, Value],
        *,
        dataset: bool = False,
    ) -> Self:
        """Make a command from values; text is encoded and padded, AT values are tuples of tags."""
        elements = {int(tag): _encode_value(tag, value) for tag, value in values.items()}
        elements[_T.COMMAND_FIELD] = _U16.pack(command_field)
        elements[_T.COMMAND_DATA_SET_TYPE] = _U16.pack(WITH_DATASET if dataset else NO_DATASET)
        return cls(elements)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode a command set (implicit VR little endian, PS3.7 6.3.1).

        Wrong group lengths, odd lengths, other order and elements unknown to us are tolerated.
        """
        if len(data) > MAX_COMMAND_BYTES:
            raise InvalidCommand(f"a command set of {len(data)} bytes")
        elements: dict[int, bytes] = {}
        offset, end = 0, len(data)
        while offset < end:
            if end - offset < 8:
                raise InvalidCommand("bytes left over behind the last element")
            group, element, length = _ELEMENT.unpack_from(data, offset)
            offset += 8
            if group:
                raise InvalidCommand(f"an element of group {group:04X} in a command set")
            if length > end - offset:
                raise InvalidCommand(f"element (0000,{element:04X}) is longer than the command set")
            elements[element] = data[offset : offset + length]
            offset += length
        command = cls(elements)
        command._check()
        return command

    def encode(self) -> bytes:
        """Encode the command set with its group length."""
        pack = _ELEMENT.pack
        body = b"".join(
            pack(0, tag, len(value)) + value
            for tag, value in sorted(self._elements.items())
            if tag != _T.GROUP_LENGTH
        )
        return pack(0, _T.GROUP_LENGTH, 4) + _U32.pack(len(body)) + body

    def _check(self) -> None:
        """Hold the command to the table of what its kind must have, so that accessors may rely on it."""
        try:
            required = REQUIRED[CommandField(self.number(_T.COMMAND_FIELD))]
        except ValueError:
            required = _HEAD  # a kind unknown to us: it is answered as unrecognised operation
        for tag in required:
            if tag in _UID_TAGS or tag in _TEXT_TAGS:
                if not self.text(tag):
                    raise InvalidCommand(f"a command without (0000,{tag:04X}) {tag.name}")
            else:
                self.number(tag)

    def __contains__(self, tag: CommandTag) -> bool:
        return tag in self._elements

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Command):
            return NotImplemented
        return self.encode() == other.encode()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Command({self.name})"

    def number(self, tag: CommandTag, default: int | None = None) -> int:
        """Return a US element; `default` where there is none to read, InvalidCommand without one."""
        value = self._elements.get(tag, b"")
        if len(value) < 2:
            if default is not None:
                return default
            raise InvalidCommand(f"a command without (0000,{tag:04X}) {tag.name}")
        return int.from_bytes(value[:2], "little")

    def text(self, tag: CommandTag) -> str:
        """Return a UI, AE or LO element without its padding; "" where it is absent."""
        return self._elements.get(tag, b"").decode("latin-1").strip(" \0")

    def tags(self, tag: CommandTag) -> tuple[int, ...]:
        """Return an AT element, each value as group << 16 | element."""
        value = self._elements.get(tag, b"")
        pairs = struct.iter_unpack("<HH", value[: len(value) // 4 * 4])
        return tuple(group << 16 | element for group, element in pairs)

    @property
    def command_field(self) -> int:
        """(0000,0100)."""
        return self.number(_T.COMMAND_FIELD)

    @property
    def name(self) -> str:
        """The name of the message as the standard writes it, for example C-STORE-RQ."""
        number = self.command_field
        try:
            return CommandField(number).name.replace("_", "-")
        except ValueError:
            return f"command {number:04X}H"

    @property
    def is_response(self) -> bool:
        """Whether it answers a request (PS3.7 E.1: the highest bit of the command field)."""
        return bool(self.command_field & IS_RESPONSE)

    @property
    def has_dataset(self) -> bool:
        """Whether a data set follows (PS3.7 E.1: any value but 0101H says so)."""
        return self.number(_T.COMMAND_DATA_SET_TYPE) != NO_DATASET

    @property
    def message_id(self) -> int:
        """(0000,0110)."""
        return self.number(_T.MESSAGE_ID)

    @property
    def message_id_being_responded_to(self) -> int:
        """(0000,0120)."""
        return self.number(_T.MESSAGE_ID_BEING_RESPONDED_TO)

    @property
    def status(self) -> int:
        """(0000,0900)."""
        return self.number(_T.STATUS)

    @property
    def priority(self) -> int:
        """(0000,0700)."""
        return self.number(_T.PRIORITY, 0)

    @property
    def error_comment(self) -> str:
        """(0000,0902)."""
        return self.text(_T.ERROR_COMMENT)

    @property
    def offending_elements(self) -> tuple[int, ...]:
        """(0000,0901)."""
        return self.tags(_T.OFFENDING_ELEMENT)

    @property
    def affected_sop_class_uid(self) -> str:
        """(0000,0002)."""
        return self.text(_T.AFFECTED_SOP_CLASS_UID)

    @property
    def affected_sop_instance_uid(self) -> str:
        """(0000,1000)."""
        return self.text(_T.AFFECTED_SOP_INSTANCE_UID)

    @property
    def requested_sop_class_uid(self) -> str:
        """(0000,0003)."""
        return self.text(_T.REQUESTED_SOP_CLASS_UID)

    @property
    def requested_sop_instance_uid(self) -> str:
        """(0000,1001)."""
        return self.text(_T.REQUESTED_SOP_INSTANCE_UID)

    @property
    def move_destination(self) -> str:
        """(0000,0600)."""
        return self.text(_T.MOVE_DESTINATION)

    @property
    def move_originator(self) -> tuple[str, int] | None:
        """AE title and message ID of the C-MOVE this C-STORE belongs to, if it says so."""
        title = self.text(_T.MOVE_ORIGINATOR_AE_TITLE)
        return (title, self.number(_T.MOVE_ORIGINATOR_MESSAGE_ID, 0)) if title else None

    @property
    def event_type_id(self) -> int:
        """(0000,1002)."""
        return self.number(_T.EVENT_TYPE_ID)

    @property
    def action_type_id(self) -> int:
        """(0000,1008)."""
        return self.number(_T.ACTION_TYPE_ID)

    @property
    def attribute_identifiers(self) -> tuple[int, ...]:
        """(0000,1005)."""
        return self.tags(_T.ATTRIBUTE_IDENTIFIER_LIST)


def respond(
    request: Command,
    status: int,
    *,
    comment: str = "",
    offending_elements: tuple[int, ...] = (),
    numbers: Mapping[CommandTag, int] | None = None,
    dataset: bool = False,
    sop_instance_uid: str = "",
) -> Command:
    """Make the response to a request; it repeats the UIDs the request named.

    ``numbers`` are further elements such as counters; one that 16 bits cannot hold is the largest they can.
    ``sop_instance_uid`` is that of an instance which was created without the requestor naming it.

    The comment is cut to the 64 characters an LO may have, and leaves out what is not ASCII.
    """
    sop_class_uid = request.affected_sop_class_uid or request.requested_sop_class_uid
    sop_instance_uid = (
        request.affected_sop_instance_uid or request.requested_sop_instance_uid or sop_instance_uid
    )
    elements: dict[int, bytes] = {
        _T.COMMAND_FIELD: _U16.pack(request.command_field | IS_RESPONSE),
        _T.MESSAGE_ID_BEING_RESPONDED_TO: _U16.pack(request.message_id),
        _T.COMMAND_DATA_SET_TYPE: _U16.pack(WITH_DATASET if dataset else NO_DATASET),
        _T.STATUS: _U16.pack(status),
    }
    for tag, number in (numbers or {}).items():
        elements[tag] = _U16.pack(min(number, 0xFFFF))
    if sop_class_uid:
        elements[_T.AFFECTED_SOP_CLASS_UID] = _encode_value(
            _T.AFFECTED_SOP_CLASS_UID, sop_class_uid
        )
    if sop_instance_uid:
        elements[_T.AFFECTED_SOP_INSTANCE_UID] = _encode_value(
            _T.AFFECTED_SOP_INSTANCE_UID, sop_instance_uid
        )
    if offending_elements:
        elements[_T.OFFENDING_ELEMENT] = _encode_value(_T.OFFENDING_ELEMENT, offending_elements)
    if comment:
        # PS3.5 6.2: LO has no control characters, and a backslash would divide values.
        plain = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in comment)
        elements[_T.ERROR_COMMENT] = _encode_value(_T.ERROR_COMMENT, plain[:64].strip())
    return Command(elements)
