"""A Storage SCP of pynetdicom's that fails at random: run as a process, it prints its port and logs what it does.

A line of the log is a SOP Instance UID, the SHA-256 of the data set that came, and what became of it: "accepted"
stands there before the answer leaves.
"""

import hashlib
import random
import sys
import threading
from pathlib import Path

from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage

OUT_OF_RESOURCES, SUCCESS = 0xA700, 0x0000


def main(log: Path, seed: int) -> None:
    chance, lock = random.Random(seed), threading.Lock()
    file = log.open("a", buffering=1)

    def note(event, outcome: str) -> None:
        data = event.request.DataSet.getvalue()
        uid = event.request.AffectedSOPInstanceUID
        file.write(f"{uid} {hashlib.sha256(data).hexdigest()} {outcome}\n")

    def on_store(event):
        with lock:
            fate = chance.random()
            if fate < 0.03:
                note(event, "refused")
                return OUT_OF_RESOURCES
            if fate < 0.04:
                note(event, "aborted")
                event.assoc.abort()
                return OUT_OF_RESOURCES
            if fate < 0.05:
                note(event, "dropped")
                event.assoc.dul.socket.socket.close()
                return OUT_OF_RESOURCES
            if fate < 0.06:  # it has it, but its answer is never heard
                note(event, "accepted")
                event.assoc.abort()
                return SUCCESS
            note(event, "accepted")
            return SUCCESS

    ae = AE("UNRELIABLE")
    ae.add_supported_context(CTImageStorage)
    handlers = [(evt.EVT_C_STORE, on_store)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    print(server.socket.getsockname()[1], flush=True)  # noqa: T201 - what the test reads
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
