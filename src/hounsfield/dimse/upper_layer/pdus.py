"""The seven protocol data units of the upper layer (PS3.8 section 9.3)."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from hounsfield.dimse.upper_layer.items import (
    NO_INFORMATION,
    AbortReason,
    AbortSource,
    InvalidPdu,
    UserInformation,
    decode_user_information,
    encode_user_information,
    item,
    iter_items,
    uid,
)

APPLICATION_CONTEXT_NAME = "1.2.840.10008.3.1.1.1"
PDU_HEADER = struct.Struct(">BxI")
PDV_HEADER = struct.Struct(">IBB")

APPLICATION_CONTEXT = 0x10
PROPOSED_CONTEXT = 0x20
ANSWERED_CONTEXT = 0x21
ABSTRACT_SYNTAX = 0x30
TRANSFER_SYNTAX = 0x40
USER_INFORMATION = 0x50

IS_COMMAND = 0x01
IS_LAST = 0x02


class PduType(IntEnum):
    """The first byte of a PDU."""

    A_ASSOCIATE_RQ = 0x01
    A_ASSOCIATE_AC = 0x02
    A_ASSOCIATE_RJ = 0x03
    P_DATA_TF = 0x04
    A_RELEASE_RQ = 0x05
    A_RELEASE_RP = 0x06
    A_ABORT = 0x07


class ContextResult(IntEnum):
    """The answer to a proposed presentation context (PS3.8 table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


class RejectResult(IntEnum):
    """PS3.8 table 9-21."""

    PERMANENT = 1
    TRANSIENT = 2


class RejectSource(IntEnum):
    """PS3.8 table 9-21."""

    SERVICE_USER = 1
    SERVICE_PROVIDER_ACSE = 2
    SERVICE_PROVIDER_PRESENTATION = 3


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as the requestor proposes it."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """The acceptor's answer to one proposed context; the syntax counts only when accepted."""

    context_id: int
    result: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class AssociateRq:
    """A-ASSOCIATE-RQ; AE titles as sent, without their padding."""

    called_ae_title: str
    calling_ae_title: str
    presentation_contexts: tuple[ProposedContext, ...]
    user_information: UserInformation = NO_INFORMATION
    application_context_name: str = APPLICATION_CONTEXT_NAME
    protocol_version: int = 1


@dataclass(frozen=True, slots=True)
class AssociateAc:
    """A-ASSOCIATE-AC; its AE titles repeat the request and are not tested (PS3.8 9.3.3)."""

    called_ae_title: str
    calling_ae_title: str
    presentation_contexts: tuple[AnsweredContext, ...]
    user_information: UserInformation = NO_INFORMATION
    application_context_name: str = APPLICATION_CONTEXT_NAME
    protocol_version: int = 1


@dataclass(frozen=True, slots=True)
class AssociateRj:
    """A-ASSOCIATE-RJ."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class PresentationDataValue:
    """A fragment of a command or a data set."""

    context_id: int
    is_command: bool
    is_last: bool
    fragment: bytes


@dataclass(frozen=True, slots=True)
class PDataTf:
    """P-DATA-TF. The association reads these piecemeal and never builds one; senders and tests do."""

    values: tuple[PresentationDataValue, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRq:
    """A-RELEASE-RQ."""


@dataclass(frozen=True, slots=True)
class ReleaseRp:
    """A-RELEASE-RP."""


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT."""

    source: int = AbortSource.SERVICE_USER
    reason: int = AbortReason.NOT_SPECIFIED


Pdu = AssociateRq | AssociateAc | AssociateRj | PDataTf | ReleaseRq | ReleaseRp | Abort

REJECTIONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognised: the peer does not know our AE title",
    (1, 7): "called AE title not recognised: the peer goes by another AE title",
    (2, 1): "no reason given by the protocol layer",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion: try again later",
    (3, 2): "local limit exceeded: the peer has too many associations now",
}


def pdu(pdu_type: PduType, body: bytes) -> bytes:
    """Put the six bytes of the header before `body`."""
    return PDU_HEADER.pack(pdu_type, len(body)) + body


def _associate_head(message: AssociateRq | AssociateAc) -> bytes:
    return struct.pack(
        ">H2x16s16s32x",
        message.protocol_version,
        message.called_ae_title.encode("latin-1").ljust(16)[:16],
        message.calling_ae_title.encode("latin-1").ljust(16)[:16],
    ) + item(APPLICATION_CONTEXT, message.application_context_name.encode("latin-1"))


def _encode_proposed(context: ProposedContext) -> bytes:
    body = bytes((context.context_id, 0, 0, 0)) + item(
        ABSTRACT_SYNTAX, context.abstract_syntax.encode("latin-1")
    )
    for syntax in context.transfer_syntaxes:
        body += item(TRANSFER_SYNTAX, syntax.encode("latin-1"))
    return item(PROPOSED_CONTEXT, body)


def _encode_answered(context: AnsweredContext) -> bytes:
    body = bytes((context.context_id, 0, context.result, 0))
    return item(
        ANSWERED_CONTEXT, body + item(TRANSFER_SYNTAX, context.transfer_syntax.encode("latin-1"))
    )


def encode(message: Pdu) -> bytes:
    """Encode any PDU, header included."""
    match message:
        case AssociateRq():
            contexts = b"".join(map(_encode_proposed, message.presentation_contexts))
            user = item(USER_INFORMATION, encode_user_information(message.user_information))
            return pdu(PduType.A_ASSOCIATE_RQ, _associate_head(message) + contexts + user)
        case AssociateAc():
            contexts = b"".join(map(_encode_answered, message.presentation_contexts))
            user = item(USER_INFORMATION, encode_user_information(message.user_information))
            return pdu(PduType.A_ASSOCIATE_AC, _associate_head(message) + contexts + user)
        case AssociateRj():
            body = bytes((0, message.result, message.source, message.reason))
            return pdu(PduType.A_ASSOCIATE_RJ, body)
        case PDataTf():
            return pdu(PduType.P_DATA_TF, b"".join(map(_encode_value, message.values)))
        case ReleaseRq():
            return pdu(PduType.A_RELEASE_RQ, bytes(4))
        case ReleaseRp():
            return pdu(PduType.A_RELEASE_RP, bytes(4))
        case Abort():
            return pdu(PduType.A_ABORT, bytes((0, 0, message.source, message.reason)))


def _encode_value(value: PresentationDataValue) -> bytes:
    control = value.is_command * IS_COMMAND | value.is_last * IS_LAST
    return PDV_HEADER.pack(len(value.fragment) + 2, value.context_id, control) + value.fragment


def decode(pdu_type: int, body: bytes) -> Pdu:
    """Decode the body of a PDU; InvalidPdu if it cannot be understood."""
    match pdu_type:
        case PduType.A_ASSOCIATE_RQ:
            return _decode_associate_rq(body)
        case PduType.A_ASSOCIATE_AC:
            return _decode_associate_ac(body)
        case PduType.A_ASSOCIATE_RJ:
            return AssociateRj(*_four_bytes(body)[1:])
        case PduType.P_DATA_TF:
            return PDataTf(_decode_values(body))
        case PduType.A_RELEASE_RQ:
            return ReleaseRq()  # PS3.8 9.3.6: the reserved bytes are not tested
        case PduType.A_RELEASE_RP:
            return ReleaseRp()
        case PduType.A_ABORT:
            return Abort(*_four_bytes(body)[2:])
        case _:
            raise InvalidPdu(f"PDU type {pdu_type:02X}", AbortReason.UNRECOGNIZED_PDU)


def _four_bytes(body: bytes) -> bytes:
    if len(body) != 4:
        raise InvalidPdu(f"a PDU of {len(body)} bytes where 4 are due")
    return body


def _decode_values(body: bytes) -> tuple[PresentationDataValue, ...]:
    values, offset = [], 0
    while offset < len(body):
        if len(body) - offset < PDV_HEADER.size:
            raise InvalidPdu("a PDV item ends inside its header")
        length, context_id, control = PDV_HEADER.unpack_from(body, offset)
        end = offset + 4 + length
        if length < 2 or end > len(body):
            raise InvalidPdu(f"a PDV item of {length} bytes does not fit its PDU")
        fragment = body[offset + PDV_HEADER.size : end]
        values.append(
            PresentationDataValue(
                context_id, bool(control & IS_COMMAND), bool(control & IS_LAST), fragment
            )
        )
        offset = end
    return tuple(values)


def _ae_title(field: bytes) -> str:
    return field.rstrip(b"\0").decode("latin-1").strip(" ")


def _split_associate(
    body: bytes, context_item: int
) -> tuple[int, str, str, str, list[bytes], UserInformation]:
    if len(body) < 68:
        raise InvalidPdu(f"an A-ASSOCIATE PDU of {len(body)} bytes")
    version, called, calling = struct.unpack_from(">H2x16s16s", body)
    application_context, contexts, user_information = "", [], NO_INFORMATION
    for item_type, value in iter_items(body[68:]):
        if item_type == APPLICATION_CONTEXT:
            application_context = uid(value)
        elif item_type == context_item:
            contexts.append(value)
        elif item_type == USER_INFORMATION:
            user_information = decode_user_information(value)
    return (
        version,
        _ae_title(called),
        _ae_title(calling),
        application_context,
        contexts,
        user_information,
    )


def _context_head(value: bytes, seen: set[int]) -> bytes:
    """Check the four bytes that begin a context item: PS3.8 9.3.2.2, odd and told apart."""
    if len(value) < 4:
        raise InvalidPdu("a presentation context item ends inside its head")
    if value[0] % 2 == 0:
        raise InvalidPdu(f"presentation context ID {value[0]} is even")
    if value[0] in seen:
        raise InvalidPdu(f"presentation context ID {value[0]} is there twice")
    seen.add(value[0])
    return value[:4]


def _decode_associate_rq(body: bytes) -> AssociateRq:
    version, called, calling, application_context, items, user = _split_associate(
        body, PROPOSED_CONTEXT
    )
    contexts: list[ProposedContext] = []
    seen: set[int] = set()
    for value in items:
        head = _context_head(value, seen)
        abstract_syntax, transfer_syntaxes = "", []
        for item_type, syntax in iter_items(value[4:]):
            if item_type == ABSTRACT_SYNTAX:
                abstract_syntax = uid(syntax)
            elif item_type == TRANSFER_SYNTAX:
                transfer_syntaxes.append(uid(syntax))
        contexts.append(ProposedContext(head[0], abstract_syntax, tuple(transfer_syntaxes)))
    return AssociateRq(called, calling, tuple(contexts), user, application_context, version)


def _decode_associate_ac(body: bytes) -> AssociateAc:
    version, called, calling, application_context, items, user = _split_associate(
        body, ANSWERED_CONTEXT
    )
    contexts: list[AnsweredContext] = []
    seen: set[int] = set()
    for value in items:
        head = _context_head(value, seen)
        transfer_syntax = ""
        # PS3.8 9.3.3.2: of a context that was not accepted the rest is not significant.
        if head[2] == ContextResult.ACCEPTANCE:
            for item_type, syntax in iter_items(value[4:]):
                if item_type == TRANSFER_SYNTAX:
                    transfer_syntax = uid(syntax)
        contexts.append(AnsweredContext(head[0], head[2], transfer_syntax))
    return AssociateAc(called, calling, tuple(contexts), user, application_context, version)
