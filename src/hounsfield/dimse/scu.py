"""Associations we ask for: C-ECHO and C-STORE as SCU (PS3.4 annexes A and B, PS3.7 9.1.1 and 9.1.5)."""

import contextlib
import mmap
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dicom.part10 import Header, read_header
from hounsfield.dicom.sop_classes import name_of
from hounsfield.dicom.transfer_syntax import of as transfer_syntax_of
from hounsfield.dimse.association import Association, AssociationEnded
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.status import StatusClass, class_of, describe
from hounsfield.dimse.transport import TimeLimits, Transport
from hounsfield.dimse.upper_layer.items import UserInformation
from hounsfield.dimse.upper_layer.negotiation import (
    SMALLEST_MAXIMUM_LENGTH,
    AcceptedContext,
    agreed,
    is_valid_ae_title,
)
from hounsfield.dimse.upper_layer.pdus import (
    REJECTIONS,
    AssociateRj,
    AssociateRq,
    ProposedContext,
)
from hounsfield.errors import InvalidInstance, NotAcceptable, Refused, Unavailable

VERIFICATION = "1.2.840.10008.1.1"
_DEFAULT_SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
MAX_CONTEXTS = 128
_MAX_PDU_BYTES = 1 << 18
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x0008_0016, 0x0008_0018
_UIDS = frozenset((_SOP_CLASS_UID, _SOP_INSTANCE_UID))

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

    def __str__(self) -> str:
        return f"{self.called_ae_title} at {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file to send: what its context must be, and where its data set begins."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int
    size_bytes: int

    @property
    def context(self) -> Context:
        """The presentation context it needs; it is sent as it is stored, or not at all."""
        return self.sop_class_uid, self.transfer_syntax_uid


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file; `status` is None where the peer was never asked."""

    path: Path
    sop_instance_uid: str
    status: int | None
    text: str

    @property
    def is_stored(self) -> bool:
        """Whether the peer has it now, be it with a warning."""
        return self.status is not None and class_of(self.status) in {
            StatusClass.SUCCESS,
            StatusClass.WARNING,
        }


def read_outgoing(path: Path) -> Outgoing:
    """Look at a file to send. Raises InvalidInstance, OSError."""
    with path.open("rb") as file:
        size_bytes = path.stat().st_size
        if not size_bytes:
            raise InvalidInstance("the file is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            header = read_header(content, tags=_UIDS)
    sop_class_uid = header.text(_SOP_CLASS_UID) or _meta_uid(header, 0x0002_0002)
    sop_instance_uid = header.text(_SOP_INSTANCE_UID) or _meta_uid(header, 0x0002_0003)
    if not sop_class_uid or not sop_instance_uid:
        raise InvalidInstance("the file names no SOP class or no SOP instance")
    return Outgoing(
        path,
        sop_class_uid,
        sop_instance_uid,
        header.transfer_syntax_uid,
        header.dataset_offset,
        size_bytes,
    )


def _meta_uid(header: Header, tag: int) -> str:
    return header.file_meta.get(tag, b"").decode("latin-1").strip(" \0")


class ScuAssociation:
    """An association we asked for. Use it as a context manager: released at the end, aborted on errors."""

    def __init__(self, target: Target, contexts: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        """Connect and negotiate. Raises Unavailable if nobody answers, Refused if rejected."""
        for title in (target.called_ae_title, target.calling_ae_title):
            if not is_valid_ae_title(title):
                raise Refused(f"{title!r} is no AE title: 1 to 16 characters, no backslash")
        if not 0 < len(contexts) <= MAX_CONTEXTS:
            raise ValueError(f"{len(contexts)} presentation contexts")
        self._target = target
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
            ),
        )
        self._association = _open(target, request)
        self._contexts = {
            (context.abstract_syntax, context.transfer_syntax): context
            for context in self._association.contexts.values()
        }

    @property
    def accepted(self) -> Iterable[Context]:
        """The contexts the peer accepted."""
        return self._contexts.keys()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            self.release()
        else:
            self.abort()

    def release(self) -> None:
        """End in good order; a peer that is gone already changes nothing."""
        if self._association.is_established:
            with contextlib.suppress(AssociationEnded):
                self._association.release()

    def abort(self) -> None:
        """End at once."""
        self._association.abort()

    def echo(self) -> int:
        """Send a C-ECHO and return its status. Raises NotAcceptable, Unavailable."""
        context = next(
            (found for found in self._contexts.values() if found.abstract_syntax == VERIFICATION),
            None,
        )
        if context is None:
            raise NotAcceptable(f"{self._target} does not offer Verification")
        request = Command.of(
            CommandField.C_ECHO_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: VERIFICATION,
                CommandTag.MESSAGE_ID: self._next_message_id(),
            },
        )
        try:
            self._association.send_command(context.context_id, request)
            return self._response_to(request).status
        except AssociationEnded as end:
            raise Unavailable(f"{self._target}: {end}") from end

    def store(
        self,
        outgoing: Outgoing,
        *,
        stream: BinaryIO | None = None,
        on_sent: Callable[[int], None] | None = None,
    ) -> Sent:
        """Send one instance as it is stored, and return the peer's answer.

        Args:
            outgoing: what `read_outgoing` found.
            stream: where to read the data set from, if not from the path; it stands at its beginning.
            on_sent: is told how many bytes have just left.

        Raises:
            Unavailable: the association ended; what became of this instance is not known.
        """
        context = self._contexts.get(outgoing.context)
        if context is None:
            return self._unsendable(outgoing)
        with contextlib.ExitStack() as stack:
            if stream is None:
                # Unbuffered: pieces are large, and go straight into the buffer that is sent.
                stream = stack.enter_context(outgoing.path.open("rb", buffering=0))
                stream.seek(outgoing.dataset_offset)
            try:
                response = self._send(context, outgoing, stream, on_sent)
            except AssociationEnded as end:
                raise Unavailable(f"{self._target}: {end}") from end
        comment = response.error_comment
        text = describe(response.status) + (f": {comment}" if comment else "")
        return Sent(outgoing.path, outgoing.sop_instance_uid, response.status, text)

    def store_from(
        self,
        outgoing: Outgoing,
        read_into: Callable[[memoryview], int],
        *,
        move_originator: tuple[str, int],
    ) -> Command:
        """Send one instance that a C-MOVE asked for, and return the peer's answer.

        ``move_originator`` is the AE title and the message ID of that request (PS3.7 9.1.1.1). Raises
        NotAcceptable and Unavailable.
        """
        context = self._contexts.get(outgoing.context)
        if context is None:
            raise NotAcceptable(self._unsendable(outgoing).text)
        title, message_id = move_originator
        more: dict[CommandTag, int | str] = {
            CommandTag.MOVE_ORIGINATOR_AE_TITLE: title,
            CommandTag.MOVE_ORIGINATOR_MESSAGE_ID: message_id,
        }
        try:
            return self._send_from(context, outgoing, read_into, None, more)
        except AssociationEnded as end:
            raise Unavailable(f"{self._target}: {end}") from end

    def _send(
        self,
        context: AcceptedContext,
        outgoing: Outgoing,
        stream: BinaryIO,
        on_sent: Callable[[int], None] | None,
    ) -> Command:
        is_deflated = transfer_syntax_of(outgoing.transfer_syntax_uid).is_deflated
        read_into = _reader(stream, pads=is_deflated)
        return self._send_from(context, outgoing, read_into, on_sent, {})

    def _send_from(
        self,
        context: AcceptedContext,
        outgoing: Outgoing,
        read_into: Callable[[memoryview], int],
        on_sent: Callable[[int], None] | None,
        more: dict[CommandTag, int | str],
    ) -> Command:
        request = Command.of(
            CommandField.C_STORE_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: outgoing.sop_class_uid,
                CommandTag.MESSAGE_ID: self._next_message_id(),
                CommandTag.PRIORITY: 0,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: outgoing.sop_instance_uid,
                **more,
            },
            dataset=True,
        )
        self._association.send_message(context.context_id, request, read_into, on_sent)
        return self._response_to(request)

    def _unsendable(self, outgoing: Outgoing) -> Sent:
        syntax = transfer_syntax_of(outgoing.transfer_syntax_uid).name
        text = f"{self._target} does not take {name_of(outgoing.sop_class_uid)} in {syntax}"
        return Sent(outgoing.path, outgoing.sop_instance_uid, None, text)

    def _next_message_id(self) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    def _response_to(self, request: Command) -> Command:
        while True:
            _context, response = self._association.receive_command()
            self._association.skip_dataset(1 << 20)
            if response.is_response and (
                response.message_id_being_responded_to == request.message_id
            ):
                return response


def _reader(stream: BinaryIO, *, pads: bool) -> Callable[[memoryview], int]:
    """Read a data set piece by piece, as it is.

    A deflated one of odd length gets the null byte that makes it even (PS3.5 A.5): peers abort over a
    fragment of odd length.
    """
    is_odd = False

    def read_into(buffer: memoryview) -> int:
        nonlocal is_odd
        size: int = stream.readinto(buffer) or 0  # type: ignore[attr-defined]
        if not size and is_odd and pads:
            buffer[0], size = 0, 1
        is_odd ^= bool(size & 1)
        return size

    return read_into


def _open(target: Target, request: AssociateRq) -> Association:
    try:
        sock = socket.create_connection((target.host, target.port), target.connect_s)
    except OSError as error:
        raise Unavailable(
            f"no connection to {target.host}:{target.port}: {error.strerror or error}"
        ) from error
    transport = Transport(sock, target.times, buffer_bytes=65_536)
    association = Association(transport, is_requestor=True, artim_s=target.times.artim_s)
    association.calling_ae_title = target.calling_ae_title
    association.called_ae_title = target.called_ae_title
    try:
        answer = association.request(request, target.times.artim_s)
    except AssociationEnded as end:
        raise Unavailable(f"{target}: {end}") from end
    if isinstance(answer, AssociateRj):
        reason = REJECTIONS.get((answer.source, answer.reason), f"reason {answer.reason}")
        raise Refused(f"{target} rejected the association: {reason}")
    association.contexts = agreed(request, answer)
    maximum_length = answer.user_information.maximum_length
    if maximum_length is not None:
        if 0 < maximum_length < SMALLEST_MAXIMUM_LENGTH:
            association.abort()
            raise Unavailable(f"{target} takes no PDU longer than {maximum_length} bytes")
        association.peer_maximum_length = maximum_length
    return association


def echo(target: Target) -> int:
    """Ask whether a peer is there; return the status of its answer. Raises Unavailable, Refused."""
    with ScuAssociation(target, [(VERIFICATION, _DEFAULT_SYNTAXES)]) as association:
        return association.echo()


def _batches(files: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    """Divide files so that no association needs more than 128 contexts, in the order they come."""
    contexts: set[Context] = set()
    batch: list[Outgoing] = []
    for outgoing in files:
        if outgoing.context not in contexts and len(contexts) == MAX_CONTEXTS:
            yield batch
            contexts, batch = set(), []
        contexts.add(outgoing.context)
        batch.append(outgoing)
    if batch:
        yield batch


def send(
    target: Target,
    files: Iterable[Outgoing],
    *,
    on_sent: Callable[[int], None] | None = None,
) -> Iterator[Sent]:
    """Send files, over as many associations as their contexts need; yield what became of each.

    A file over which the peer ends the association counts as not stored; the next ones go over another.
    Raises Unavailable or Refused where an association cannot be had; files not yielded by then were not
    acknowledged.
    """
    for batch in _batches(files):
        left = deque(batch)
        while left:
            yield from _send_over_one(target, left, on_sent)


def _send_over_one(
    target: Target, left: deque[Outgoing], on_sent: Callable[[int], None] | None
) -> Iterator[Sent]:
    """Send what is left, until it is all sent or the peer ended the association."""
    contexts = dict.fromkeys(outgoing.context for outgoing in left)
    proposed = [(sop_class, (syntax,)) for sop_class, syntax in contexts]
    with ScuAssociation(target, proposed) as association:
        while left:
            outgoing = left.popleft()
            try:
                sent = association.store(outgoing, on_sent=on_sent)
            except Unavailable as problem:
                yield Sent(outgoing.path, outgoing.sop_instance_uid, None, str(problem))
                return
            yield sent
