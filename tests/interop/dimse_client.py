"""pynetdicom as the sender of files: their data sets go out byte for byte, never re-encoded."""

import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import UID
from pynetdicom import AE, _config
from pynetdicom.sop_class import Verification
from tests.corpus import file_meta

MAX_CONTEXTS = 128  # PS3.8 9.3.2: identifiers are the odd numbers from 1 to 255


@dataclass(frozen=True)
class Answer:
    """What the server said to one C-STORE; no status if it said nothing."""

    status: int | None
    comment: str

    @property
    def is_success(self) -> bool:
        return self.status == 0


NOT_NEGOTIATED = Answer(None, "the presentation context was not accepted")


# The file's own bytes, as they are. Set once: it is one switch for all threads.
_config.STORE_SEND_CHUNKED_DATASET = True


def context_of(path: Path) -> tuple[str, str]:
    """Return SOP class and transfer syntax as the file meta names them."""
    meta = file_meta(path.read_bytes())
    return tuple(meta[tag].rstrip(b"\0 ").decode() for tag in (0x00020002, 0x00020010))


def associate(server, contexts, *, calling: str = "PYNETDICOM", called: str | None = None):
    """Open an association; the caller releases it."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 60
    for abstract, syntax in contexts:
        ae.add_requested_context(abstract, syntax)
    return ae.associate(
        server.host,
        server.port,
        ae_title=called or server.ae_title,
        tls_args=getattr(server, "tls_args", None),
    )


def send(server, paths: list[Path]) -> dict[Path, Answer]:
    """Store files over as few associations as their presentation contexts need."""
    by_context: dict[tuple[str, str], list[Path]] = {}
    for path in paths:
        by_context.setdefault(context_of(path), []).append(path)
    contexts, answers = list(by_context), {}
    for start in range(0, len(contexts), MAX_CONTEXTS):
        part = contexts[start : start + MAX_CONTEXTS]
        answers |= _send(server, part, [p for c in part for p in by_context[c]])
    return answers


def _send(server, contexts, paths: list[Path]) -> dict[Path, Answer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of the odd values we are here to keep
        association = associate(server, [(UID(a), UID(t)) for a, t in contexts])
        answers = {}
        try:
            assert association.is_established, "the association was not accepted"
            accepted = {
                (c.abstract_syntax, c.transfer_syntax[0]) for c in association.accepted_contexts
            }
            for path in paths:
                if context_of(path) not in accepted:
                    answers[path] = NOT_NEGOTIATED
                    continue
                _pause_reactor(association)
                status = association.send_c_store(path)
                answers[path] = Answer(
                    status.Status if "Status" in status else None, status.get("ErrorComment", "")
                )
        finally:
            association.release()
    return answers


class _Checkpoint(threading.Event):
    """Where pynetdicom's own thread waits while a message is exchanged; it counts how often it came there."""

    def __init__(self) -> None:
        super().__init__()
        self.set()
        self.arrivals = 0

    def wait(self, timeout=None):
        self.arrivals += 1
        return super().wait(timeout)


def _pause_reactor(association) -> None:
    """Keep pynetdicom's own thread from taking the answer that the sender waits for.

    It pauses that thread itself, but looks for "paused" at a moment when the thread may just have gone
    on; once in some ten thousand fast answers, and more often on a busy machine, the sender then waits for
    ever. Here the thread must have come to its checkpoint after that was closed; or it stood there before
    and comes no more, which is believed after a quarter of a second.
    """
    checkpoint = association._reactor_checkpoint
    if not isinstance(checkpoint, _Checkpoint):
        checkpoint = association._reactor_checkpoint = _Checkpoint()
    checkpoint.clear()
    before, deadline = checkpoint.arrivals, time.monotonic() + 0.25
    while checkpoint.arrivals == before and association.is_alive() and time.monotonic() < deadline:
        time.sleep(0.0005)


def echo(server) -> bool:
    """Say whether the server answers a C-ECHO over a new association."""
    association = associate(server, [(Verification, UID("1.2.840.10008.1.2"))])
    if not association.is_established:
        return False
    _pause_reactor(association)
    status = association.send_c_echo()
    association.release()
    return "Status" in status and status.Status == 0
