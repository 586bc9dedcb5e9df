"""How stored instances are sent: in which transfer syntax, over which contexts, read how (PS3.4 C.4.2, C.4.3; QR-10)."""

import contextlib
import io
import logging
import struct
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from hounsfield.archive.forms.transcoding import alternatives, transcode
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dicom.reencoding import Changes
from hounsfield.dicom.sop_classes import name_of
from hounsfield.dicom.transfer_syntax import of as transfer_syntax_of
from hounsfield.dimse.scu.requestor import MAX_CONTEXTS, Context, ScuAssociation
from hounsfield.dimse.scu.store_scu import Originator, Outgoing, Sent, store_from
from hounsfield.dimse.status import describe
from hounsfield.errors import HounsfieldError, NotAcceptable, Unavailable
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.pool import DecodePool
from hounsfield.storage.objects import StoredObject

log = logging.getLogger(__name__)

ReadInto = Callable[[memoryview], int]

_SMALL_BYTES = 4 << 20
# What is written anew and longer than this waits in a file.
_IN_MEMORY_BYTES = 16 << 20


class Form:
    """In which form instances are sent: whole, as they are stored, or in another syntax."""

    def syntaxes(self, location: InstanceLocation) -> tuple[str, ...]:
        """The transfer syntaxes that an instance can be had in without loss, the best first."""
        stored = location.transfer_syntax_uid
        return (stored, *alternatives(stored))

    def read(
        self, retrieve: Retrieve, location: InstanceLocation, syntax: str
    ) -> AbstractContextManager[ReadInto]:
        """Read its data set piece by piece; raises what `read_in` does."""
        return read_in(retrieve, location, syntax)


WHOLE = Form()


def send_stored(
    scu: ScuAssociation,
    retrieve: Retrieve,
    location: InstanceLocation,
    *,
    move_originator: Originator | None = None,
    preferred: Sequence[str] = (),
    form: Form = WHOLE,
) -> Sent:
    """Send one stored instance over an association and say what became of it.

    ``preferred`` are transfer syntaxes that its receiver likes better than the stored one, the best first. Raises
    Unavailable when the association ended: what became of this instance is not known then.
    """
    path, uid = Path(location.storage_key), location.sop_instance_uid
    syntax = syntax_for(location, scu.accepted, preferred, form)
    if syntax is None:
        stored = transfer_syntax_of(location.transfer_syntax_uid).name
        text = f"{scu.target} does not take {name_of(location.sop_class_uid)} in {stored}"
        log.info("%s is not taken: %s", uid, text)
        return Sent(path, uid, None, text)
    outgoing = Outgoing(
        path,
        location.sop_class_uid,
        uid,
        syntax,
        location.dataset_offset,
        location.size_bytes,
    )
    try:
        with form.read(retrieve, location, syntax) as read_into:
            response = store_from(scu, outgoing, read_into, move_originator=move_originator)
    except Unavailable:
        raise
    except HounsfieldError as error:
        log.warning("%s cannot be read: %s", location.storage_key, error)
        return Sent(path, uid, None, f"it cannot be read here: {error}")
    comment = response.error_comment
    text = describe(response.status) + (f": {comment}" if comment else "")
    return Sent(path, uid, response.status, text)


def syntax_for(
    location: InstanceLocation,
    available: Container[Context],
    preferred: Sequence[str] = (),
    form: Form = WHOLE,
) -> str | None:
    """The transfer syntax to send an instance in: the stored one, or one that loses nothing (QR-10)."""
    for syntax in (*_wanted(location, preferred, form), *form.syntaxes(location)):
        if (location.sop_class_uid, syntax) in available:
            return syntax
    return None


def _wanted(location: InstanceLocation, preferred: Sequence[str], form: Form) -> tuple[str, ...]:
    """Those of the preferred transfer syntaxes that an instance can be had in, up to the best without preferences."""
    first, *others = form.syntaxes(location)
    if first in preferred:
        preferred = preferred[: preferred.index(first)]
    return tuple(syntax for syntax in preferred if syntax in others)


def contexts_for(
    location: InstanceLocation, preferred: Sequence[str] = (), form: Form = WHOLE
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The presentation contexts to propose for an instance: stored and preferred syntaxes have one each."""
    wanted = _wanted(location, preferred, form)
    first, *rest = form.syntaxes(location)
    for syntax in (*wanted, first):
        yield location.sop_class_uid, (syntax,)
    if others := tuple(one for one in rest if one not in wanted):
        yield location.sop_class_uid, others


def batch_of(
    locations: Sequence[InstanceLocation], preferred: Sequence[str] = (), form: Form = WHOLE
) -> list[InstanceLocation]:
    """As many of the first instances as one association has presentation contexts for."""
    contexts: set[tuple[str, tuple[str, ...]]] = set()
    batch = []
    for location in locations:
        contexts.update(contexts_for(location, preferred, form))
        if len(contexts) > MAX_CONTEXTS:
            break
        batch.append(location)
    return batch


@contextlib.contextmanager
def read_in(retrieve: Retrieve, location: InstanceLocation, syntax: str) -> Iterator[ReadInto]:
    """Read a data set in a transfer syntax piece by piece, a small one at once; raises NotAcceptable."""
    stored_syntax = location.transfer_syntax_uid
    pads = transfer_syntax_of(syntax).is_deflated
    with retrieve.open_instance(location) as stored:
        length = stored.size_bytes - location.dataset_offset
        if syntax != stored_syntax:
            with written_anew(stored, syntax, pool=retrieve.decoding) as read_into:
                yield read_into
        elif length <= _SMALL_BYTES:
            data = stored.read_at(location.dataset_offset, length)
            # PS3.5 A.5: a deflated data set of odd length gets a null byte.
            yield io.BytesIO(data + b"\0" * (pads and len(data) % 2)).readinto
        else:
            yield Pieces(stored.stream(location.dataset_offset), pads=pads).readinto


@contextlib.contextmanager
def written_anew(
    stored: StoredObject,
    syntax: str,
    changes: Changes | None = None,
    pool: DecodePool | None = None,
) -> Iterator[ReadInto]:
    """Read a data set in another transfer syntax or with changes; what cannot be had fails before a byte is sent.

    Raises NotAcceptable, InvalidInstance.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
        with stored.map() as file:
            try:
                transcode(file, syntax, spool.write, changes, pool)
            except HounsfieldError:
                raise
            except (ValueError, OverflowError, MemoryError, struct.error) as problem:
                # Bytes that no file has: whatever trips over them, the other instances go on.
                raise NotAcceptable(f"it cannot be written in {syntax}: {problem}") from problem
        if not spool.tell():
            raise NotAcceptable("there is nothing in it that can be read")
        spool.seek(0)
        yield spool.readinto


class Pieces:
    """Hands pieces over into buffers of other sizes."""

    def __init__(self, pieces: Iterator[bytes], *, pads: bool) -> None:
        self._pieces = pieces
        self._pads = pads
        self._left = memoryview(b"")
        self._is_odd = False

    def readinto(self, buffer: memoryview) -> int:
        """Fill what can be filled from one piece; 0 at the end."""
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        if not size and self._pads and self._is_odd:
            buffer[0], size = 0, 1
        self._is_odd ^= bool(size & 1)
        return size
