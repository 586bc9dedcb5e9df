"""PDUs over a blocking socket: the actions of the state machine, and how associations begin and end (PS3.8 section 9)."""

import time
from enum import StrEnum

from hounsfield.archive.access import NOBODY
from hounsfield.archive.site.peer_certificates import ShownCertificate
from hounsfield.dimse.doctor.diagnosis import of_first_bytes
from hounsfield.dimse.doctor.tls_findings import tls_finding
from hounsfield.dimse.records import Messages, Recording
from hounsfield.dimse.transport import (
    TlsFailed,
    Transport,
    TransportClosed,
    TransportTimeout,
)
from hounsfield.dimse.upper_layer.items import AbortReason, AbortSource, InvalidPdu
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.dimse.upper_layer.pdus import (
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


class PduExchange:
    """The PDUs of one association in either role, for one thread; `Association` puts messages on top."""

    def __init__(self, transport: Transport, *, is_requestor: bool, artim_s: float) -> None:
        self.transport = transport
        self.calling_ae_title = ""
        self.called_ae_title = ""
        self.peer_address = ""
        self.is_tls = False
        self.certificate: ShownCertificate | None = None
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
