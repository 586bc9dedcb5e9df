"""A Storage SCP of pynetdicom's that answers as a test wants it to."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, MRImageStorage

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"


@dataclass
class StoringPeer:
    """What came, and what to answer: a status for a UID, or "abort"; 0000 otherwise."""

    ae_title: str = "PACS2"
    answers: dict[str, object] = field(default_factory=dict)
    came: list[tuple[str, str, bytes]] = field(default_factory=list)  # UID, syntax, data set
    associations: int = 0
    hold: threading.Event | None = None
    on_every: Callable[[], object] | None = None
    port: int = 0

    @property
    def uids(self) -> list[str]:
        return [uid for uid, _syntax, _data in self.came]

    def on_store(self, event):
        uid = event.request.AffectedSOPInstanceUID
        if self.hold is not None:
            self.hold.wait(20)
        if self.on_every is not None:
            self.on_every()
        answer = self.answers.get(uid, 0x0000)
        if answer == "abort":
            event.assoc.abort()
            return 0xC000
        self.came.append(
            (uid, str(event.context.transfer_syntax), event.request.DataSet.getvalue())
        )
        return answer

    def on_accepted(self, event):
        self.associations += 1


@contextlib.contextmanager
def storing_peer(syntaxes=(EXPLICIT, IMPLICIT), classes=(CTImageStorage, MRImageStorage), port=0):
    peer = StoringPeer()
    ae = AE(peer.ae_title)
    for sop_class in classes:
        ae.add_supported_context(sop_class, list(syntaxes))
    handlers = [(evt.EVT_C_STORE, peer.on_store), (evt.EVT_ACCEPTED, peer.on_accepted)]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    peer.port = server.socket.getsockname()[1]
    try:
        yield peer
    finally:
        if peer.hold is not None:
            peer.hold.set()
        server.shutdown()
