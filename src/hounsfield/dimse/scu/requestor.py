"""Associations we ask for, and the requests we make on them (PS3.7 sections 9 and 10, annex D.3)."""

import contextlib
import io
import socket
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from hounsfield.dicom.ae_titles import is_valid_ae_title
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dicom.sop_classes import VERIFICATION, name_of
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.doctor.diagnosis import of_connection_error, of_rejection
from hounsfield.dimse.doctor.tls_findings import tls_finding
from hounsfield.dimse.exchange import AssociationEnded
from hounsfield.dimse.identifier import decode_identifier
from hounsfield.dimse.records import Recording
from hounsfield.dimse.status import StatusClass, class_of
from hounsfield.dimse.tls import TlsNotSetUp, contexts_of
from hounsfield.dimse.transport import (
    TimeLimits,
    Transport,
    TransportClosed,
    TransportTimeout,
)
from hounsfield.dimse.upper_layer.items import (
    ExtendedNegotiation,
    RoleSelection,
    UserInformation,
)
from hounsfield.dimse.upper_layer.negotiation import (
    SMALLEST_MAXIMUM_LENGTH,
    AcceptedContext,
    agreed,
)
from hounsfield.dimse.upper_layer.pdus import (
    AssociateRj,
    AssociateRq,
    ProposedContext,
)
from hounsfield.errors import NotAcceptable, Refused, Unavailable
from hounsfield.index.site.records import Recorder, TlsSettings

MESSAGE_SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
MAX_CONTEXTS = 128
# More than any answer has; keeps a peer from filling our memory with one.
MAX_ANSWER_BYTES = 16 << 20
_MAX_PDU_BYTES = 1 << 18

_TIMES = TimeLimits(idle_s=120.0)

Context = tuple[str, str]  # abstract syntax, transfer syntax


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send to, and under which names."""

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str = "HOUNSFIELD"
    connect_s: float = 10.0
    times: TimeLimits = _TIMES
    uses_tls: bool = False
    tls: TlsSettings | None = field(default=None, repr=False, compare=False)
    peer_name: str = ""
    recorder: Recorder | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.called_ae_title} at {self.host}:{self.port}"


class ScuAssociation:
    """An association we asked for. Use it as a context manager: released at the end, aborted on errors."""

    def __init__(
        self,
        target: Target,
        contexts: Sequence[tuple[str, tuple[str, ...]]],
        *,
        roles: Sequence[RoleSelection] = (),
        extended: Mapping[str, bytes] | None = None,
        connected: Callable[[Transport], None] | None = None,
    ) -> None:
        """Connect and negotiate. Raises Unavailable if nobody answers, Refused if rejected.

        Args:
            target: the peer, and our name for this association.
            contexts: abstract syntaxes with the transfer syntaxes proposed for each.
            roles: the roles we want to play (PS3.7 D.3.3.4); without one we are the SCU.
            extended: service class application information by SOP class (PS3.7 D.3.3.5).
            connected: is given the connection before anything is said on it, to cut it from another thread.
        """
        for title in (target.called_ae_title, target.calling_ae_title):
            if not is_valid_ae_title(title):
                raise Refused(f"{title!r} is no AE title: 1 to 16 characters, no backslash")
        if not 0 < len(contexts) <= MAX_CONTEXTS:
            raise ValueError(f"{len(contexts)} presentation contexts")
        self.target = target
        self._message_id = 0
        request = AssociateRq(
            target.called_ae_title,
            target.calling_ae_title,
            tuple(
                ProposedContext(2 * index + 1, abstract_syntax, transfer_syntaxes)
                for index, (abstract_syntax, transfer_syntaxes) in enumerate(contexts)
            ),
            UserInformation(
                maximum_length=_MAX_PDU_BYTES,
                implementation_class_uid=IMPLEMENTATION_CLASS_UID,
                implementation_version_name=IMPLEMENTATION_VERSION_NAME,
                role_selections=tuple(roles),
                extended_negotiations=tuple(
                    ExtendedNegotiation(uid, information)
                    for uid, information in (extended or {}).items()
                ),
            ),
        )
        self.association = _open(target, request, connected)
        self.accepted = {
            (context.abstract_syntax, context.transfer_syntax): context
            for context in self.association.contexts.values()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            self.release()
        else:
            self.abort()

    def release(self) -> None:
        """End in good order; a peer that is gone already changes nothing."""
        if self.association.is_established:
            with contextlib.suppress(AssociationEnded):
                self.association.release()

    def abort(self) -> None:
        """End at once."""
        self.association.abort()

    # -- requests -----------------------------------------------------------------------------------

    def context_for(
        self, abstract_syntax: str, transfer_syntaxes: Collection[str] = ()
    ) -> AcceptedContext:
        """The context that was accepted for a class; raises NotAcceptable where there is none."""
        for (accepted, syntax), context in self.accepted.items():
            if accepted == abstract_syntax and (
                not transfer_syntaxes or syntax in transfer_syntaxes
            ):
                return context
        raise NotAcceptable(f"{self.target} does not offer {name_of(abstract_syntax)}")

    def request(
        self,
        context: AcceptedContext,
        command_field: CommandField,
        elements: Mapping[CommandTag, int | str | tuple[int, ...]],
        read_into: Callable[[memoryview], int] | None = None,
        on_sent: Callable[[int], None] | None = None,
    ) -> Command:
        """Send a request, with a data set where one can be read, and return it. Raises Unavailable."""
        self._message_id = self._message_id % 0xFFFF + 1
        command = Command.of(
            command_field,
            {CommandTag.MESSAGE_ID: self._message_id, **elements},
            dataset=read_into is not None,
        )
        with self.ended():
            if read_into is None:
                self.association.send_command(context.context_id, command)
            else:
                self.association.send_message(context.context_id, command, read_into, on_sent)
        return command

    def response_to(self, request: Command) -> tuple[Command, bytes]:
        """Wait for the next response to a request; its data set's bytes come with it. Raises Unavailable.

        What else the peer sends meanwhile is passed over.
        """
        while True:
            with self.ended():
                _context, response = self.association.receive_command()
                data = self.read_dataset()
            if response.is_response and (
                response.message_id_being_responded_to == request.message_id
            ):
                return response, data

    def perform(
        self,
        abstract_syntax: str,
        command_field: CommandField,
        elements: Mapping[CommandTag, int | str | tuple[int, ...]],
        dataset: dict[str, Any] | None = None,
    ) -> Generator[tuple[Command, dict[str, Any]]]:
        """Make a request with a small data set and yield every response, Pending ones and the final one.

        Data sets are in the DICOM JSON model. Raises NotAcceptable, Unavailable, InvalidInstance.
        """
        context = self.context_for(abstract_syntax)
        read_into = None
        if dataset is not None:
            read_into = io.BytesIO(encode_dataset(dataset, context.transfer_syntax)).readinto
        request = self.request(context, command_field, elements, read_into)
        while True:
            response, data = self.response_to(request)
            decoded = decode_identifier(data, context.transfer_syntax)[0] if data else {}
            yield response, decoded
            if class_of(response.status) is not StatusClass.PENDING:
                return

    def read_dataset(self) -> bytes:
        """The data set of the message whose command was received last; empty where it has none."""
        data = bytearray()
        for piece in self.association.dataset():
            data += piece
            if len(data) > MAX_ANSWER_BYTES:
                self.association.abort()
                raise Unavailable(f"{self.target} answers with over {MAX_ANSWER_BYTES} bytes")
        return bytes(data)

    @contextlib.contextmanager
    def ended(self) -> Generator[None]:
        """Say Unavailable where the association ends within."""
        try:
            yield
        except AssociationEnded as end:
            raise Unavailable(f"{self.target}: {end}") from end


def _open(
    target: Target, request: AssociateRq, connected: Callable[[Transport], None] | None = None
) -> Association:
    recording = Recording(
        "out", target.recorder, target.calling_ae_title, f"{target.host}:{target.port}"
    )
    recording.asked(request)
    recording.peer = target.peer_name
    recording.remark(host=target.host, port=target.port)
    try:
        sock = socket.create_connection((target.host, target.port), target.connect_s)
    except OSError as error:
        text = str(error.strerror or error)
        recording.found(of_connection_error(error), {"seconds": f"{target.connect_s:g}"})
        recording.end("failed", text)
        raise Unavailable(
            f"no connection to {target.host}:{target.port}: {error.strerror or error}"
        ) from error
    transport = Transport(sock, target.times, buffer_bytes=65_536)
    if connected is not None:
        connected(transport)
    if target.uses_tls:
        recording.is_tls = True
        _secure(transport, target, recording)
    association = Association(transport, is_requestor=True, artim_s=target.times.artim_s)
    association.calling_ae_title = target.calling_ae_title
    association.called_ae_title = target.called_ae_title
    recording.transport, recording.messages = transport, association.messages
    association.recording = recording
    try:
        answer = association.request(request, target.times.artim_s)
    except AssociationEnded as end:
        raise Unavailable(f"{target}: {end}") from end
    if isinstance(answer, AssociateRj):
        code, reason = of_rejection(answer)
        recording.found(code)
        recording.end("rejected", reason)
        raise Refused(f"{target} rejected the association: {reason}")
    association.contexts = agreed(request, answer)
    maximum_length = answer.user_information.maximum_length
    if maximum_length is not None:
        if 0 < maximum_length < SMALLEST_MAXIMUM_LENGTH:
            recording.found("their-maximum-length", {"maximum_length": maximum_length})
            association.abort()
            raise Unavailable(f"{target} takes no PDU longer than {maximum_length} bytes")
        association.peer_maximum_length = maximum_length
    recording.accepted(answer)
    return association


def _secure(transport: Transport, target: Target, recording: Recording) -> None:
    """Set TLS up as its client (SEC-01); raises Unavailable."""
    try:
        context = contexts_of(target.tls).for_client()
        transport.secure(context, target.connect_s, server_name=target.host)
    except (TlsNotSetUp, TransportClosed, TransportTimeout) as problem:
        transport.close()
        code = "our-certificates"
        if not isinstance(problem, TlsNotSetUp):
            is_silent = isinstance(problem, TransportTimeout)
            kind = "silent" if is_silent else getattr(problem, "kind", "")
            code = tls_finding(kind, is_in=False)
        recording.found(code, {"text": str(problem)})
        recording.end("failed", str(problem))
        raise Unavailable(f"TLS with {target} failed: {problem}") from problem


def echo(target: Target) -> int:
    """Ask whether a peer is there; return the status of its answer. Raises Unavailable, Refused, NotAcceptable."""
    with ScuAssociation(target, [(VERIFICATION, MESSAGE_SYNTAXES)]) as association:
        return echo_over(association)


def echo_over(association: ScuAssociation) -> int:
    """Send a C-ECHO over an association and return its status. Raises NotAcceptable, Unavailable."""
    elements = {CommandTag.AFFECTED_SOP_CLASS_UID: VERIFICATION}
    context = association.context_for(VERIFICATION)
    request = association.request(context, CommandField.C_ECHO_RQ, elements)
    return association.response_to(request)[0].status
