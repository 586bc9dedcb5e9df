"""The user information sub-items of A-ASSOCIATE (PS3.7 annex D.3.3, PS3.8 annex D.1)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum


class AbortSource(IntEnum):
    """Who aborts (PS3.8 table 9-26)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(IntEnum):
    """Why the service provider aborts (PS3.8 table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PDU_PARAMETER = 4
    UNEXPECTED_PDU_PARAMETER = 5
    INVALID_PDU_PARAMETER_VALUE = 6


class InvalidPdu(Exception):
    """A PDU that cannot be understood; `reason` is what an A-ABORT says about it."""

    def __init__(
        self, text: str, reason: AbortReason = AbortReason.INVALID_PDU_PARAMETER_VALUE
    ) -> None:
        super().__init__(text)
        self.reason = reason


class UserIdentityType(IntEnum):
    """PS3.7 table D.3-14."""

    USERNAME = 1
    USERNAME_AND_PASSCODE = 2
    KERBEROS = 3
    SAML = 4
    JWT = 5


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """Which roles the requestor wants, or gets, for one SOP class (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu_role: bool
    scp_role: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """What one service class negotiates beyond the context (PS3.7 D.3.3.5)."""

    sop_class_uid: str
    application_information: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """Which service class a SOP class belongs to (PS3.7 D.3.3.6); only in requests."""

    sop_class_uid: str
    service_class_uid: str
    related_general_sop_class_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """Who asks (PS3.7 D.3.3.7.1); the fields are secrets and never shown."""

    identity_type: int
    positive_response_requested: bool
    primary_field: bytes
    secondary_field: bytes = b""

    def __repr__(self) -> str:
        return f"UserIdentity(identity_type={self.identity_type})"


@dataclass(frozen=True, slots=True)
class UserInformation:
    """All user information sub-items of one A-ASSOCIATE PDU; None where an item is absent."""

    maximum_length: int | None = None
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    asynchronous_operations_window: tuple[int, int] | None = None
    role_selections: tuple[RoleSelection, ...] = ()
    extended_negotiations: tuple[ExtendedNegotiation, ...] = ()
    common_extended_negotiations: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    user_identity_response: bytes | None = None


NO_INFORMATION = UserInformation()

MAXIMUM_LENGTH = 0x51
IMPLEMENTATION_CLASS_UID = 0x52
ASYNCHRONOUS_OPERATIONS_WINDOW = 0x53
ROLE_SELECTION = 0x54
IMPLEMENTATION_VERSION_NAME = 0x55
EXTENDED_NEGOTIATION = 0x56
COMMON_EXTENDED_NEGOTIATION = 0x57
USER_IDENTITY = 0x58
USER_IDENTITY_RESPONSE = 0x59

_U16 = struct.Struct(">H")


def item(item_type: int, value: bytes) -> bytes:
    """Encode one item: type, reserved byte, 16-bit length, value."""
    if len(value) > 0xFFFF:
        raise ValueError(f"item {item_type:02X} would be {len(value)} bytes long")
    return struct.pack(">BxH", item_type, len(value)) + value


def iter_items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Split `data` into items; InvalidPdu where a length runs over the end."""
    offset, end = 0, len(data)
    while offset < end:
        if end - offset < 4:
            raise InvalidPdu("bytes left over behind the last item")
        item_type, length = struct.unpack_from(">BxH", data, offset)
        offset += 4
        if length > end - offset:
            raise InvalidPdu(f"item {item_type:02X} is longer than what holds it")
        yield item_type, data[offset : offset + length]
        offset += length


def uid(value: bytes) -> str:
    """Decode a UID without padding; bytes that no UID has stay, so that it can be repeated as it came."""
    return value.decode("latin-1").strip("\0 ")


def _counted(data: bytes, offset: int) -> tuple[bytes, int]:
    """Read a field that has its 16-bit length in front; return it and the offset behind it."""
    if offset + 2 > len(data):
        raise InvalidPdu("a sub-item ends inside a length")
    (length,) = _U16.unpack_from(data, offset)
    end = offset + 2 + length
    if end > len(data):
        raise InvalidPdu("a field is longer than its sub-item")
    return data[offset + 2 : end], end


def _count(value: bytes) -> bytes:
    return _U16.pack(len(value)) + value


def encode_user_information(info: UserInformation) -> bytes:
    """Encode the value of the user information item (50H)."""
    parts: list[bytes] = []
    if info.maximum_length is not None:
        parts.append(item(MAXIMUM_LENGTH, struct.pack(">I", info.maximum_length)))
    if info.implementation_class_uid:
        parts.append(
            item(IMPLEMENTATION_CLASS_UID, info.implementation_class_uid.encode("latin-1"))
        )
    if info.asynchronous_operations_window is not None:
        window = struct.pack(">HH", *info.asynchronous_operations_window)
        parts.append(item(ASYNCHRONOUS_OPERATIONS_WINDOW, window))
    for role in info.role_selections:
        value = _count(role.sop_class_uid.encode("latin-1"))
        parts.append(item(ROLE_SELECTION, value + bytes((role.scu_role, role.scp_role))))
    if info.implementation_version_name:
        name = info.implementation_version_name.encode("latin-1")
        parts.append(item(IMPLEMENTATION_VERSION_NAME, name))
    for extended in info.extended_negotiations:
        value = _count(extended.sop_class_uid.encode("latin-1")) + extended.application_information
        parts.append(item(EXTENDED_NEGOTIATION, value))
    for common in info.common_extended_negotiations:
        related = b"".join(
            _count(related_uid.encode("latin-1"))
            for related_uid in common.related_general_sop_class_uids
        )
        value = (
            _count(common.sop_class_uid.encode("latin-1"))
            + _count(common.service_class_uid.encode("latin-1"))
            + _count(related)
        )
        parts.append(item(COMMON_EXTENDED_NEGOTIATION, value))
    if info.user_identity is not None:
        identity = info.user_identity
        head = bytes((identity.identity_type, identity.positive_response_requested))
        value = head + _count(identity.primary_field) + _count(identity.secondary_field)
        parts.append(item(USER_IDENTITY, value))
    if info.user_identity_response is not None:
        parts.append(item(USER_IDENTITY_RESPONSE, _count(info.user_identity_response)))
    return b"".join(parts)


def _decode_role(value: bytes) -> RoleSelection:
    sop_class, end = _counted(value, 0)
    if len(value) < end + 2:
        raise InvalidPdu("a role selection sub-item without roles")
    return RoleSelection(uid(sop_class), bool(value[end]), bool(value[end + 1]))


def _decode_extended(value: bytes) -> ExtendedNegotiation:
    sop_class, end = _counted(value, 0)
    return ExtendedNegotiation(uid(sop_class), value[end:])


def _decode_common_extended(value: bytes) -> CommonExtendedNegotiation:
    sop_class, end = _counted(value, 0)
    service_class, end = _counted(value, end)
    # Editions before 2008 had no related classes, and a field may be left off altogether.
    related_field = _counted(value, end)[0] if end < len(value) else b""
    related, offset = [], 0
    while offset < len(related_field):
        field, offset = _counted(related_field, offset)
        related.append(uid(field))
    return CommonExtendedNegotiation(uid(sop_class), uid(service_class), tuple(related))


def _decode_user_identity(value: bytes) -> UserIdentity:
    if len(value) < 2:
        raise InvalidPdu("a user identity sub-item without a type")
    primary, end = _counted(value, 2)
    secondary = _counted(value, end)[0] if end < len(value) else b""
    return UserIdentity(value[0], value[1] == 1, primary, secondary)


def _unpack(format_: str, value: bytes) -> tuple[int, ...]:
    if len(value) != struct.calcsize(format_):
        raise InvalidPdu(f"a sub-item of {len(value)} bytes where {format_} is due")
    return struct.unpack(format_, value)


def decode_user_information(data: bytes) -> UserInformation:  # noqa: C901 - a case an item
    """Decode the value of the user information item; unknown sub-items are passed over."""
    maximum_length: int | None = None
    class_uid = version_name = ""
    window: tuple[int, int] | None = None
    roles: list[RoleSelection] = []
    extended: list[ExtendedNegotiation] = []
    common: list[CommonExtendedNegotiation] = []
    identity: UserIdentity | None = None
    identity_response: bytes | None = None
    for item_type, value in iter_items(data):
        match item_type:
            case 0x51:
                (maximum_length,) = _unpack(">I", value)
            case 0x52:
                class_uid = uid(value)
            case 0x53:
                invoked, performed = _unpack(">HH", value)
                window = (invoked, performed)
            case 0x54:
                roles.append(_decode_role(value))
            case 0x55:
                version_name = value.rstrip(b"\0 ").decode("latin-1")
            case 0x56:
                extended.append(_decode_extended(value))
            case 0x57:
                common.append(_decode_common_extended(value))
            case 0x58:
                identity = _decode_user_identity(value)
            case 0x59:
                identity_response = _counted(value, 0)[0]
    return UserInformation(
        maximum_length=maximum_length,
        implementation_class_uid=class_uid,
        implementation_version_name=version_name,
        asynchronous_operations_window=window,
        role_selections=tuple(roles),
        extended_negotiations=tuple(extended),
        common_extended_negotiations=tuple(common),
        user_identity=identity,
        user_identity_response=identity_response,
    )
