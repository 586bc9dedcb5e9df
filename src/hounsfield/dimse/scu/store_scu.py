"""C-STORE as SCU (PS3.4 annex B, PS3.7 9.1.1)."""

import contextlib
import mmap
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hounsfield.dicom.part10 import Header, read_header
from hounsfield.dicom.sop_classes import name_of
from hounsfield.dicom.transfer_syntax import of as transfer_syntax_of
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.scu.requestor import MAX_CONTEXTS, Context, ScuAssociation, Target
from hounsfield.dimse.status import StatusClass, class_of, describe
from hounsfield.errors import InvalidInstance, NotAcceptable, Unavailable

_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x0008_0016, 0x0008_0018
_UIDS = frozenset((_SOP_CLASS_UID, _SOP_INSTANCE_UID))


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
class Originator:
    """The C-MOVE that asked for an instance (PS3.7 9.1.1.1); its sub-operations have its priority (PS3.4 C.4.2.1.2)."""

    ae_title: str
    message_id: int
    priority: int


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


def store(
    association: ScuAssociation,
    outgoing: Outgoing,
    *,
    stream: BinaryIO | None = None,
    on_sent: Callable[[int], None] | None = None,
) -> Sent:
    """Send one instance as it is stored, and return the peer's answer.

    Args:
        association: one on which its context was proposed.
        outgoing: what `read_outgoing` found.
        stream: where to read the data set from, if not from the path; it stands at its beginning.
        on_sent: is told how many bytes have just left.

    Raises:
        Unavailable: the association ended; what became of this instance is not known.
    """
    if outgoing.context not in association.accepted:
        text = _not_taken(association, outgoing)
        return Sent(outgoing.path, outgoing.sop_instance_uid, None, text)
    with contextlib.ExitStack() as stack:
        if stream is None:
            # Unbuffered: pieces are large, and go straight into the buffer that is sent.
            stream = stack.enter_context(outgoing.path.open("rb", buffering=0))
            stream.seek(outgoing.dataset_offset)
        is_deflated = transfer_syntax_of(outgoing.transfer_syntax_uid).is_deflated
        response = store_from(
            association, outgoing, _reader(stream, pads=is_deflated), on_sent=on_sent
        )
    comment = response.error_comment
    text = describe(response.status) + (f": {comment}" if comment else "")
    return Sent(outgoing.path, outgoing.sop_instance_uid, response.status, text)


def store_from(
    association: ScuAssociation,
    outgoing: Outgoing,
    read_into: Callable[[memoryview], int],
    *,
    move_originator: Originator | None = None,
    on_sent: Callable[[int], None] | None = None,
) -> Command:
    """Send one instance whose data set is handed over piece by piece, and return the peer's answer.

    ``move_originator`` is the C-MOVE that asked for it, if one did. Raises NotAcceptable and Unavailable.
    """
    context = association.accepted.get(outgoing.context)
    if context is None:
        raise NotAcceptable(_not_taken(association, outgoing))
    elements: dict[CommandTag, int | str] = {
        CommandTag.AFFECTED_SOP_CLASS_UID: outgoing.sop_class_uid,
        CommandTag.PRIORITY: 0,
        CommandTag.AFFECTED_SOP_INSTANCE_UID: outgoing.sop_instance_uid,
    }
    if move_originator is not None:
        elements[CommandTag.PRIORITY] = move_originator.priority
        elements[CommandTag.MOVE_ORIGINATOR_AE_TITLE] = move_originator.ae_title
        elements[CommandTag.MOVE_ORIGINATOR_MESSAGE_ID] = move_originator.message_id
    request = association.request(context, CommandField.C_STORE_RQ, elements, read_into, on_sent)
    return association.response_to(request)[0]


def _not_taken(association: ScuAssociation, outgoing: Outgoing) -> str:
    syntax = transfer_syntax_of(outgoing.transfer_syntax_uid).name
    return f"{association.target} does not take {name_of(outgoing.sop_class_uid)} in {syntax}"


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
                sent = store(association, outgoing, on_sent=on_sent)
            except Unavailable as problem:
                yield Sent(outgoing.path, outgoing.sop_instance_uid, None, str(problem))
                return
            yield sent
