"""The other side of `pixels.pool`: `python -m hounsfield.pixels.worker DESCRIPTOR MEMORY_BYTES IDLE_S`.

It reads tasks from a socket, carries them out under limits that the kernel holds it to, and writes their results. It
ends when the socket does, and when nothing comes for a while.
"""

import contextlib
import json
import pickle
import resource
import select
import signal
import socket
import struct
import sys
from typing import Any

READY = b"ready\n"
REPLY = struct.Struct("<IQ")


def main() -> None:
    """Serve tasks until there are no more."""
    descriptor, memory_bytes, idle_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of the socket tells when to go
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    from hounsfield.pixels.tasks import TASKS  # noqa: PLC0415 - loaded before memory is limited

    _limit(memory_bytes)
    with socket.socket(fileno=descriptor) as channel:
        channel.sendall(READY)
        while select.select([channel], [], [], idle_s)[0]:
            head = _read(channel, 8)
            if not head:
                return
            request = _read(channel, struct.unpack("<Q", head)[0])
            meta, content = _carry_out(TASKS, request)
            text = json.dumps(meta).encode()
            channel.sendall(REPLY.pack(len(text), len(content)) + text)
            channel.sendall(content)


def _carry_out(tasks: Any, request: bytes) -> tuple[Any, bytes]:
    name, arguments, limit_s = pickle.loads(request)  # noqa: S301 - our own parent's
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        meta, content = tasks[name](*arguments)
    except MemoryError:
        return {
            "error": "NotAcceptable",
            "text": "decoding it takes more memory than is allowed",
        }, b""
    except Exception as problem:  # noqa: BLE001 - every error is the task's, the process goes on
        return {"error": type(problem).__name__, "text": str(problem)}, b""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return meta, content


def _read(channel: socket.socket, length: int) -> bytes:
    data = bytearray(length)
    view, at = memoryview(data), 0
    while at < length:
        count = channel.recv_into(view[at:])
        if not count:
            return b""
        at += count
    return bytes(data)


def _limit(memory_bytes: int) -> None:
    """Bound what this process may take. Not every system knows every limit; processor time counts on all."""
    wanted = [
        (resource.RLIMIT_AS, memory_bytes + _address_space()),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),  # it has nothing to write
    ]
    for which, limit in wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (limit, limit))


def _address_space() -> int:
    """What the program itself takes already."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no Path for one line
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


if __name__ == "__main__":
    main()
