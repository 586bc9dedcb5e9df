"""A minimal storage client: PS3.8 PDUs written by hand, so that the client is not what is timed.

It proposes one transfer syntax an abstract syntax, sends one message at a time, and never looks
at a data set. C-ECHO, C-STORE (from chunks, so that nothing big sits in memory) and C-FIND.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Self

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_OWN_MAX_PDU = 131072


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def _even(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


class Association:
    """One association as requestor, released at the end of the block."""

    def __init__(
        self,
        host: str,
        port: int,
        called_ae_title: str,
        contexts: list[tuple[str, str]],
        calling_ae_title: str = "BENCH",
        timeout_s: float = 120,
    ) -> None:
        self._socket = socket.create_connection((host, port), timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb", 1 << 16)
        self._message_id = 0
        self._contexts = {abstract: 2 * n + 1 for n, (abstract, _) in enumerate(contexts)}
        self._max_pdu = self._request(called_ae_title, calling_ae_title, contexts)

    def _request(self, called: str, calling: str, contexts: list[tuple[str, str]]) -> int:
        body = struct.pack(">HH", 1, 0)
        body += called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
        body += _item(0x10, b"1.2.840.10008.3.1.1.1")
        for abstract, syntax in contexts:
            proposal = struct.pack(">BBBB", self._contexts[abstract], 0, 0, 0)
            proposal += _item(0x30, abstract.encode()) + _item(0x40, syntax.encode())
            body += _item(0x20, proposal)
        user = _item(0x51, struct.pack(">I", _OWN_MAX_PDU)) + _item(0x52, b"2.25.1")
        body += _item(0x50, user)
        self._socket.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
        kind, answer = self._pdu()
        if kind != 2:
            raise ConnectionError(f"association not accepted: PDU type {kind}, {answer[:4].hex()}")
        max_pdu, at = _OWN_MAX_PDU, 68
        while at < len(answer):
            kind, _, length = struct.unpack_from(">BBH", answer, at)
            if kind == 0x21 and answer[at + 6] != 0:
                raise ConnectionError(f"presentation context {answer[at + 4]} not accepted")
            if kind == 0x50 and answer[at + 4] == 0x51:
                # PS3.8 D.1: 0 means no limit
                max_pdu = struct.unpack_from(">I", answer, at + 8)[0] or _OWN_MAX_PDU
            at += 4 + length
        return min(max_pdu, _OWN_MAX_PDU)

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise ConnectionError("connection closed by the server")
        return data

    def _pdu(self) -> tuple[int, bytes]:
        kind, _, length = struct.unpack(">BBI", self._read(6))
        return kind, self._read(length)

    def _pdvs(self, context: int, chunks: Iterable[bytes], flag: int) -> Iterator[bytes]:
        """Yield P-DATA-TF PDUs, one PDV each, the last one marked as last fragment."""
        step = self._max_pdu - 6
        held: memoryview | None = None
        for chunk in chunks:
            view = memoryview(chunk)
            for at in range(0, len(view), step):
                if held is not None:
                    yield self._p_data(context, held, flag)
                held = view[at : at + step]
        yield self._p_data(context, memoryview(b"") if held is None else held, flag | 2)

    @staticmethod
    def _p_data(context: int, part: memoryview, flags: int) -> bytes:
        size = len(part)
        return struct.pack(">BBIIBB", 4, 0, size + 6, size + 2, context, flags) + part

    def _send(self, context: int, command: bytes, dataset: Iterable[bytes] | None) -> None:
        out = bytearray()
        for pdu in self._pdvs(context, [command], 1):
            out += pdu
        for pdu in self._pdvs(context, dataset, 0) if dataset is not None else ():
            out += pdu
            if len(out) > 1 << 20:
                self._socket.sendall(out)
                out.clear()
        self._socket.sendall(out)

    def _receive(self) -> tuple[dict[int, bytes], bytes | None]:
        parts: dict[int, bytearray] = {1: bytearray(), 0: bytearray()}
        command: dict[int, bytes] = {}
        while True:
            kind, body = self._pdu()
            if kind != 4:
                raise ConnectionError(f"unexpected PDU type {kind}: {body[:4].hex()}")
            at = 0
            while at < len(body):
                size, _, flags = struct.unpack_from(">IBB", body, at)
                parts[flags & 1] += body[at + 6 : at + 4 + size]
                at += 4 + size
                if flags == 3:
                    command = self._command(bytes(parts[1]))
                    if command[0x0800] == b"\x01\x01":
                        return command, None
                elif flags == 2:
                    return command, bytes(parts[0])

    @staticmethod
    def _command(raw: bytes) -> dict[int, bytes]:
        elements, at = {}, 0
        while at < len(raw):
            _, number, length = struct.unpack_from("<HHI", raw, at)
            elements[number] = raw[at + 8 : at + 8 + length]
            at += 8 + length
        return elements

    def _ask(
        self, abstract: str, field: int, dataset: Iterable[bytes] | None, sop_instance: str = ""
    ) -> None:
        self._message_id = self._message_id % 65535 + 1
        body = _element(0x0002, _even(abstract))
        body += _element(0x0100, struct.pack("<H", field))
        body += _element(0x0110, struct.pack("<H", self._message_id))
        body += _element(0x0700, b"\0\0")
        body += _element(0x0800, b"\x01\x01" if dataset is None else b"\0\0")
        if sop_instance:
            body += _element(0x1000, _even(sop_instance))
        command = _element(0, struct.pack("<I", len(body))) + body
        self._send(self._contexts[abstract], command, dataset)

    def _status(self) -> tuple[int, bytes | None]:
        command, dataset = self._receive()
        return struct.unpack("<H", command[0x0900])[0], dataset

    def echo(self) -> int:
        self._ask(VERIFICATION, 0x0030, None)
        return self._status()[0]

    def store(self, sop_class: str, sop_instance: str, dataset: Iterable[bytes]) -> int:
        """Send one instance, its data set in chunks; return the status."""
        self._ask(sop_class, 0x0001, dataset, sop_instance)
        return self._status()[0]

    def find(self, identifier: bytes) -> list[bytes]:
        """Return the data sets of the matches of a Study Root query."""
        return list(self.matches(identifier))

    def matches(self, identifier: bytes) -> Iterator[bytes]:
        """The same as they come."""
        self._ask(STUDY_ROOT_FIND, 0x0020, [identifier])
        while True:
            status, dataset = self._status()
            if status not in (0xFF00, 0xFF01):
                if status:
                    raise RuntimeError(f"C-FIND status {status:04X}")
                return
            yield dataset or b""

    def abort(self) -> None:
        """Drop the connection without a release."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(struct.pack(">BBII", 5, 0, 4, 0))
            self._stream.read(10)
        self._stream.close()
        self._socket.close()


def accepts(host: str, port: int, called_ae_title: str) -> bool:
    """Say whether a server answers a C-ECHO."""
    with contextlib.suppress(OSError, ConnectionError):
        contexts = [(VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)]
        with Association(host, port, called_ae_title, contexts, timeout_s=5) as association:
            return association.echo() == 0
    return False
