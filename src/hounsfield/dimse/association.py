"""One association over a blocking socket: fragments and messages (PS3.7 section 6.3, PS3.8 annex E)."""

from collections.abc import Callable, Iterator, Sequence

from hounsfield.dimse.command import (
    MAX_COMMAND_BYTES,
    Command,
    CommandField,
    InvalidCommand,
)
from hounsfield.dimse.exchange import AssociationEnded, Ending, PduExchange
from hounsfield.dimse.records import count
from hounsfield.dimse.transport import (
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
from hounsfield.dimse.upper_layer.items import AbortReason
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.dimse.upper_layer.pdus import (
    IS_COMMAND,
    IS_LAST,
    PDV_HEADER,
)
from hounsfield.dimse.upper_layer.state_machine import (
    Event,
)

MAX_EMPTY_PDVS = 1024
# As much of a data set is put into one write; a write for each PDU of 16 KiB would cost as much as the rest.
GATHERED_BYTES = 1 << 18


class Association(PduExchange):
    """An association in either role, for one thread; negotiation fills in what was agreed."""

    def __init__(self, transport: Transport, *, is_requestor: bool, artim_s: float) -> None:
        super().__init__(transport, is_requestor=is_requestor, artim_s=artim_s)
        self._pdv_left = 0
        self._context_id = 0
        self._control = 0
        self._empty_pdvs = 0
        self._dataset_context_id: int | None = None
        self._send_buffers: list[memoryview] = []

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
            count(
                self.messages,
                command.command_field,
                command.status,
                is_reverse=not self.is_requestor,
            )
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
            raise self.out_of_turn(command)
        return command.message_id_being_responded_to == message_id

    def out_of_turn(self, command: Command) -> AssociationEnded:
        """Abort over a message that may not come while an operation is in progress; what to raise."""
        text = f"{command.name} while an operation is in progress"
        return self._protocol_error(text, AbortReason.UNEXPECTED_PDU_PARAMETER)

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
            count(
                self.messages,
                command.command_field,
                command.status,
                is_reverse=self.is_requestor,
                number=number,
            )

    def _send(self, *buffers: bytes | memoryview) -> None:
        self._machine.handle(Event.P_DATA_REQUEST)
        try:
            self.transport.send(*buffers)
        except (TransportClosed, TransportTimeout) as error:
            raise self._interrupted(error) from error


def _fill(read_into: Callable[[memoryview], int], buffer: memoryview) -> int:
    """Fill `buffer` from a reader that may give less than asked for; 0 means it is at its end."""
    filled = 0
    while filled < len(buffer):
        count = read_into(buffer[filled:])
        if not count:
            break
        filled += count
    return filled
