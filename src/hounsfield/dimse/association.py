"""One association over a blocking socket: PDUs, fragments and messages (PS3.7 section 6.3, PS3.8 section 9)."""

import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from hounsfield.archive.access import NOBODY
from hounsfield.dimse.command import (
    MAX_COMMAND_BYTES,
    Command,
    CommandField,
    InvalidCommand,
)
from hounsfield.dimse.doctor.diagnosis import of_first_bytes
from hounsfield.dimse.doctor.tls_findings import tls_finding
from hounsfield.dimse.records import Messages, Recording, count
from hounsfield.dimse.transport import (
    TlsFailed,
    Transport,
    TransportClosed,
    TransportStopping,
    TransportTimeout,
)
from hounsfield.dimse.upper_layer.fragments import (
    HEADER_BYTES,
    command_pdus,
    dataset_pdus,
    fragment_bytes,
    put_dataset_header,
)
from hounsfield.dimse.upper_layer.items import AbortReason, AbortSource, InvalidPdu
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.dimse.upper_layer.pdus import (
    IS_COMMAND,
    IS_LAST,
    PDU_HEADER,
    PDV_HEADER,
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    Pdu,
    PduType,
    ReleaseRp,
    ReleaseRq,
    decode,
    encode,
)
from hounsfield.dimse.upper_layer.state_machine import (
    Action,
    Event,
    Indication,
    Send,
    State,
    StateMachine,
    Timer,
)
from hounsfield.index.site.records import Peer

MAX_ASSOCIATE_BYTES = 1 << 20
MAX_P_DATA_BYTES = 1 << 26
DEFAULT_PEER_MAXIMUM_LENGTH = 16_384
MAX_EMPTY_PDVS = 1024
# As much of a data set is put into one write; a write for each PDU of 16 KiB would cost as much as the rest.
GATHERED_BYTES = 1 << 18

_EVENT_OF_PDU = {
    PduType.A_ASSOCIATE_RQ: Event.ASSOCIATE_RQ_PDU,
    PduType.A_ASSOCIATE_AC: Event.ASSOCIATE_AC_PDU,
    PduType.A_ASSOCIATE_RJ: Event.ASSOCIATE_RJ_PDU,
    PduType.A_RELEASE_RQ: Event.RELEASE_RQ_PDU,
    PduType.A_RELEASE_RP: Event.RELEASE_RP_PDU,
    PduType.A_ABORT: Event.ABORT_PDU,
}
_MAX_BYTES_OF_PDU = {
    PduType.A_ASSOCIATE_RQ: MAX_ASSOCIATE_BYTES,
    PduType.A_ASSOCIATE_AC: MAX_ASSOCIATE_BYTES,
}
_MAX_SHORT_PDU_BYTES = 1024
_BEFORE_AN_ANSWER = {State.STA2_AWAITING_ASSOCIATE_RQ, State.STA5_AWAITING_ASSOCIATE_AC_OR_RJ}


class Ending(StrEnum):
    """How an association ended."""

    RELEASED = "released"
    REJECTED = "rejected"
    ABORTED_BY_PEER = "aborted by the peer"
    ABORTED = "aborted"
    CONNECTION_LOST = "connection lost"
    TIMED_OUT = "timed out"


class AssociationEnded(Exception):
    """The association is over; `ending` says how, the text says why."""

    def __init__(self, ending: Ending, text: str = "") -> None:
        super().__init__(f"{ending}: {text}" if text else str(ending))
        self.ending = ending


class Association:
    """An association in either role, for one thread; negotiation fills in what was agreed."""

    def __init__(self, transport: Transport, *, is_requestor: bool, artim_s: float) -> None:
        self.transport = transport
        self.calling_ae_title = ""
        self.called_ae_title = ""
        self.peer_address = ""
        self.principal = NOBODY
        self.peer: Peer | None = None
        self.rights_known_at = time.monotonic()
        self.recording: Recording | None = None
        # By command field of the response and status: how many answers were given and taken.
        self.messages: Messages = {}
        self.contexts: dict[int, AcceptedContext] = {}
        self.peer_maximum_length = DEFAULT_PEER_MAXIMUM_LENGTH
        self.is_requestor = is_requestor
        self._machine = StateMachine(is_requestor=is_requestor)
        self._artim_s = artim_s
        self._pdu_left = 0
        self._pdv_left = 0
        self._context_id = 0
        self._control = 0
        self._empty_pdvs = 0
        self._dataset_context_id: int | None = None
        self._send_buffers: list[memoryview] = []

    @property
    def state(self) -> State:
        """Where the association stands (PS3.8 9.2.1)."""
        return self._machine.state

    @property
    def peer_ae_title(self) -> str:
        """The AE title of the other side."""
        return self.called_ae_title if self.is_requestor else self.calling_ae_title

    @property
    def our_ae_title(self) -> str:
        """The AE title that we have on this association."""
        return self.calling_ae_title if self.is_requestor else self.called_ae_title

    @property
    def is_established(self) -> bool:
        """Whether messages can be exchanged."""
        return self._machine.state is State.STA6_DATA_TRANSFER

    # -- the state machine's actions ------------------------------------------------------------

    def act(
        self, event: Event, pdu: Pdu | None = None, *, reason: int = AbortReason.NOT_SPECIFIED
    ) -> Action:
        """Take one event and carry out its action; `pdu` is what a REQUEST or RESPONSE sends."""
        action = self._machine.handle(event)
        message: Pdu | None = None
        match action.send:
            case Send.ASSOCIATE_RQ | Send.ASSOCIATE_AC | Send.ASSOCIATE_RJ:
                message = pdu
            case Send.RELEASE_RQ:
                message = ReleaseRq()
            case Send.RELEASE_RP:
                message = ReleaseRp()
            case Send.ABORT_BY_USER:
                message = Abort(AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED)
            case Send.ABORT_BY_PROVIDER:
                message = Abort(AbortSource.SERVICE_PROVIDER, reason)
        if message is not None:
            self.transport.send(encode(message))
        if action.timer is Timer.START:
            self.transport.expect_whole_within(self._artim_s)
        return action

    def _end(self, ending: Ending, text: str = "") -> AssociationEnded:
        """Wait for the peer to close where the state machine says so; return what to raise."""
        if self.recording is not None:
            self.recording.end(ending, text)
        if self.state is State.STA13_AWAITING_TRANSPORT_CLOSE:
            is_closed = self.transport.linger(self._artim_s)
            self.act(Event.TRANSPORT_CLOSED if is_closed else Event.ARTIM_EXPIRED)
        self.transport.close()
        return AssociationEnded(ending, text)

    def _try(self, event: Event, pdu: Pdu | None = None, reason: int = 0) -> None:
        """Take an event whose PDU is a last word: that it cannot be sent changes nothing."""
        try:
            self.act(event, pdu, reason=reason)
        except (TransportClosed, TransportTimeout):
            self.transport.kill()

    def _protocol_error(self, text: str, reason: AbortReason) -> AssociationEnded:
        self._try(Event.INVALID_PDU, reason=reason)
        return self._end(Ending.ABORTED, text)

    def _interrupted(self, error: TransportClosed | TransportTimeout) -> AssociationEnded:
        """Turn what stopped a read or a write into the end of the association."""
        if isinstance(error, TlsFailed) and self.recording is not None:
            code = tls_finding(error.kind, is_in=self.recording.direction == "in")
            self.recording.found(code, {"text": str(error)})
        if isinstance(error, TransportClosed):
            self.act(Event.TRANSPORT_CLOSED)
            return self._end(Ending.CONNECTION_LOST, str(error))
        if self.state in {State.STA2_AWAITING_ASSOCIATE_RQ, State.STA13_AWAITING_TRANSPORT_CLOSE}:
            self.act(Event.ARTIM_EXPIRED)
        else:
            self._try(Event.ABORT_REQUEST)
        return self._end(Ending.TIMED_OUT, str(error))

    # -- PDUs -------------------------------------------------------------------------------------

    def receive_pdu(self) -> Pdu | None:
        """Receive a PDU; None for a P-DATA-TF, whose values then follow. Raises AssociationEnded."""
        try:
            return self._receive_pdu()
        except (TransportClosed, TransportTimeout) as error:
            raise self._interrupted(error) from error

    def _receive_pdu(self) -> Pdu | None:
        header = self.transport.exactly(PDU_HEADER.size)
        number, length = PDU_HEADER.unpack(header)
        if number == PduType.P_DATA_TF:
            if not PDV_HEADER.size <= length <= MAX_P_DATA_BYTES:
                raise self._protocol_error(
                    f"a P-DATA-TF of {length} bytes", AbortReason.INVALID_PDU_PARAMETER_VALUE
                )
            action = self.act(Event.P_DATA_TF_PDU, reason=AbortReason.UNEXPECTED_PDU)
            if action.indication is not Indication.P_DATA:
                raise self._end(Ending.ABORTED, "P-DATA-TF out of turn")
            self._pdu_left = length
            return None
        try:
            pdu_type = PduType(number)
        except ValueError:
            self._see_first_bytes(bytes(header))
            raise self._protocol_error(
                f"a PDU of type {number:02X}H", AbortReason.UNRECOGNIZED_PDU
            ) from None
        if length > _MAX_BYTES_OF_PDU.get(pdu_type, _MAX_SHORT_PDU_BYTES):
            raise self._protocol_error(
                f"{pdu_type.name} of {length} bytes", AbortReason.INVALID_PDU_PARAMETER_VALUE
            )
        try:
            pdu = decode(pdu_type, self.transport.whole(length))
        except InvalidPdu as error:
            raise self._protocol_error(str(error), error.reason) from error
        action = self.act(_EVENT_OF_PDU[pdu_type], reason=AbortReason.UNEXPECTED_PDU)
        if action.send in {Send.ABORT_BY_PROVIDER, Send.ABORT_BY_USER}:
            raise self._end(Ending.ABORTED, f"{pdu_type.name} out of turn")
        if isinstance(pdu, Abort):
            text = f"source {pdu.source}, reason {pdu.reason}"
            raise self._end(Ending.ABORTED_BY_PEER, text)
        if action.indication is Indication.RELEASE and action.name == "AR-2":
            self.act(Event.RELEASE_RESPONSE)
            raise self._end(Ending.RELEASED)
        return pdu

    def _see_first_bytes(self, first: bytes) -> None:
        """Keep what is no PDU at the very beginning, and let the doctor say what it is."""
        if self.recording is None or self.state not in _BEFORE_AN_ANSWER:
            return
        is_in = self.state is State.STA2_AWAITING_ASSOCIATE_RQ
        code, shown = of_first_bytes(first, is_in=is_in)
        self.recording.found(code, {"bytes": shown})

    # -- fragments --------------------------------------------------------------------------------

    def _next_piece(self) -> memoryview:
        """Return the next bytes of a message, as they lie in the receive buffer.

        Afterwards `_context_id` and `_control` say whose they are, and `_pdv_left` whether their
        PDV is over.
        """
        transport = self.transport
        while not self._pdv_left:
            if self._pdu_left:
                self._begin_pdv()
                if not self._pdv_left:
                    return memoryview(b"")
            else:
                self._receive_pdu()
        piece = transport.some(self._pdv_left)
        self._pdv_left -= len(piece)
        self._pdu_left -= len(piece)
        return piece

    def _begin_pdv(self) -> None:
        if self._pdu_left < PDV_HEADER.size:
            raise self._invalid(f"{self._pdu_left} bytes left over in a P-DATA-TF")
        header = self.transport.exactly(PDV_HEADER.size)
        length, self._context_id, self._control = PDV_HEADER.unpack(header)
        if length < 2 or length > self._pdu_left - 4:
            raise self._invalid(f"a PDV of {length} bytes does not fit its PDU")
        if self._context_id not in self.contexts:
            raise self._invalid(f"a PDV on context {self._context_id}, which was not accepted")
        self._pdu_left -= PDV_HEADER.size
        self._pdv_left = length - 2
        if not self._pdv_left:
            self._empty_pdvs += 1
            if self._empty_pdvs > MAX_EMPTY_PDVS:
                raise self._invalid("a message of empty PDVs")

    def _invalid(self, text: str) -> AssociationEnded:
        return self._protocol_error(text, AbortReason.INVALID_PDU_PARAMETER_VALUE)

    # -- messages ---------------------------------------------------------------------------------

    def receive_command(self) -> tuple[AcceptedContext, Command]:
        """Receive the command set of the next message; its data set, if any, is to be read next."""
        try:
            self.transport.expect_message()
            context_id, data = self._receive_command_set()
            command = Command.decode(data)
            has_dataset = command.has_dataset
        except InvalidCommand as error:
            raise self._invalid(str(error)) from error
        except (TransportClosed, TransportTimeout) as error:
            raise self._interrupted(error) from error
        except TransportStopping:
            self._try(Event.ABORT_REQUEST)
            raise self._end(Ending.ABORTED, "shutting down") from None
        if command.is_response:
            count(self.messages, command.command_field, command.status)
        self._dataset_context_id = context_id if has_dataset else None
        return self.contexts[context_id], command

    def _receive_command_set(self) -> tuple[int, bytes]:
        self._empty_pdvs = 0
        data = bytes(self._next_piece())
        context_id = self._context_id
        while True:
            if not self._control & IS_COMMAND or self._context_id != context_id:
                raise self._protocol_error(
                    "a data set, or another context, where a command is due",
                    AbortReason.UNEXPECTED_PDU_PARAMETER,
                )
            if len(data) > MAX_COMMAND_BYTES:
                raise self._invalid(f"a command set of over {MAX_COMMAND_BYTES} bytes")
            if not self._pdv_left and self._control & IS_LAST:
                return context_id, data
            data += self._next_piece()

    def dataset(self) -> Iterator[memoryview]:
        """Yield the bytes of the message's data set; each piece is valid until the next is asked for."""
        while self._dataset_context_id is not None:
            try:
                piece = self._next_piece()
            except (TransportClosed, TransportTimeout) as error:
                raise self._interrupted(error) from error
            if self._control & IS_COMMAND or self._context_id != self._dataset_context_id:
                raise self._protocol_error(
                    "a command, or another context, inside a data set",
                    AbortReason.UNEXPECTED_PDU_PARAMETER,
                )
            if not self._pdv_left and self._control & IS_LAST:
                self._dataset_context_id = None
            if len(piece):
                yield piece

    def skip_dataset(self, at_most_bytes: int) -> None:
        """Read what is left of the data set and forget it; abort if it is more than `at_most_bytes`."""
        skipped = 0
        for piece in self.dataset():
            skipped += len(piece)
            if skipped > at_most_bytes:
                self._try(Event.ABORT_REQUEST)
                raise self._end(Ending.ABORTED, f"{skipped} bytes of a refused data set")

    def is_cancelled(self, message_id: int) -> bool:
        """Whether the peer has sent a C-CANCEL for the operation in progress (PS3.7 9.3.2.3); does not wait.

        Raises AssociationEnded, also when the peer asks for something else meanwhile: an operation at a
        time is what was negotiated.
        """
        if not self.transport.has_input():
            return False
        _context, command = self.receive_command()
        if command.command_field != CommandField.C_CANCEL_RQ:
            raise self._protocol_error(
                f"{command.name} while an operation is in progress",
                AbortReason.UNEXPECTED_PDU_PARAMETER,
            )
        return command.message_id_being_responded_to == message_id

    def send_command(self, context_id: int, command: Command) -> None:
        """Send a message that has no data set, in one write."""
        self._count(command)
        size = fragment_bytes(self.peer_maximum_length)
        self._send(*command_pdus(context_id, command.encode(), size))

    def send_message(
        self,
        context_id: int,
        command: Command,
        read_into: Callable[[memoryview], int],
        on_sent: Callable[[int], None] | None = None,
    ) -> None:
        """Send a message with a data set, which `read_into` hands over piece by piece until it gives 0.

        The command and the first fragments leave in one write, as do those that follow.
        """
        self._count(command)
        size = fragment_bytes(self.peer_maximum_length)
        room = HEADER_BYTES + size
        if not self._send_buffers:
            count = max(GATHERED_BYTES // room, 1)
            self._send_buffers = [memoryview(bytearray(room * count)) for _ in range(2)]
        current, other = self._send_buffers
        pending = command_pdus(context_id, command.encode(), size)
        filled = _fill(read_into, current[HEADER_BYTES:room])
        while True:
            begin = sent = 0
            while True:
                end = begin + HEADER_BYTES + filled
                is_full = end + room > len(current)
                # Whether a fragment is the last is known when there is none behind it.
                ahead = other[:room] if is_full else current[end : end + room]
                following = _fill(read_into, ahead[HEADER_BYTES:])
                put_dataset_header(current[begin:], context_id, filled, is_last=not following)
                sent += filled
                if is_full or not following:
                    break
                begin, filled = end, following
            self._send(*pending, current[:end])
            pending = []
            if on_sent is not None:
                on_sent(sent)
            if not following:
                return
            filled, current, other = following, other, current

    def send_answers(self, context_id: int, command: Command, datasets: Sequence[bytes]) -> None:
        """Send one message for each of some small data sets, all with the same command, in one write."""
        self._count(command, len(datasets))
        size = fragment_bytes(self.peer_maximum_length)
        head = b"".join(command_pdus(context_id, command.encode(), size))
        self._send(
            b"".join(head + b"".join(dataset_pdus(context_id, data, size)) for data in datasets)
        )

    def _count(self, command: Command, number: int = 1) -> None:
        if command.is_response:
            count(self.messages, command.command_field, command.status, number)

    def _send(self, *buffers: bytes | memoryview) -> None:
        self._machine.handle(Event.P_DATA_REQUEST)
        try:
            self.transport.send(*buffers)
        except (TransportClosed, TransportTimeout) as error:
            raise self._interrupted(error) from error

    # -- the ends -----------------------------------------------------------------------------------

    def await_request(self) -> AssociateRq:
        """Wait, as acceptor, for an A-ASSOCIATE-RQ no longer than the ARTIM timer runs."""
        self.act(Event.TRANSPORT_INDICATED)
        request = self.receive_pdu()
        assert isinstance(request, AssociateRq)  # Sta2 lets nothing else pass
        return request

    def accept(self, answer: AssociateAc) -> None:
        """Accept, as acceptor (A-ASSOCIATE response)."""
        try:
            self.act(Event.ASSOCIATE_RESPONSE_ACCEPT, answer)
        except (TransportClosed, TransportTimeout) as error:
            raise self._interrupted(error) from error

    def reject(self, answer: AssociateRj) -> AssociationEnded:
        """Reject, as acceptor, and wait for the peer to close."""
        self._try(Event.ASSOCIATE_RESPONSE_REJECT, answer)
        return self._end(Ending.REJECTED)

    def request(self, request: AssociateRq, timeout_s: float) -> AssociateAc | AssociateRj:
        """Ask for the association, as requestor, over a transport that is open."""
        self.act(Event.ASSOCIATE_REQUEST)
        try:
            self.act(Event.TRANSPORT_CONFIRMED, request)
            self.transport.expect_whole_within(timeout_s)
        except (TransportClosed, TransportTimeout) as error:
            raise self._interrupted(error) from error
        answer = self.receive_pdu()
        if isinstance(answer, AssociateRj):
            self.transport.close()
        assert isinstance(answer, AssociateAc | AssociateRj)
        return answer

    def release(self) -> None:
        """Release in good order, whatever the peer says to it (PS3.8 7.2, collisions included)."""
        try:
            self.act(Event.RELEASE_REQUEST)
            self.transport.expect_whole_within(self._artim_s)
            while self.state is not State.STA1_IDLE:
                self.receive_pdu()
                if self.state is State.STA9_COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE or (
                    self.state is State.STA12_COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE
                ):
                    self.act(Event.RELEASE_RESPONSE)
                if self.state is State.STA13_AWAITING_TRANSPORT_CLOSE:
                    break
                while self._pdu_left:  # AR-6: data the peer had under way ends with the association
                    self._pdu_left -= len(self.transport.some(self._pdu_left))
            self._end(Ending.RELEASED)
        except (TransportClosed, TransportTimeout) as error:
            raise self._interrupted(error) from error

    def abort(self) -> None:
        """Abort now (A-ABORT, service user), whatever state the association is in."""
        if self.state is State.STA2_AWAITING_ASSOCIATE_RQ:
            self.act(Event.TRANSPORT_CLOSED)
        elif self.state not in {State.STA1_IDLE, State.STA13_AWAITING_TRANSPORT_CLOSE}:
            self._try(Event.ABORT_REQUEST)
        self._end(Ending.ABORTED)


def _fill(read_into: Callable[[memoryview], int], buffer: memoryview) -> int:
    """Fill `buffer` from a reader that may give less than asked for; 0 means it is at its end."""
    filled = 0
    while filled < len(buffer):
        count = read_into(buffer[filled:])
        if not count:
            break
        filled += count
    return filled
