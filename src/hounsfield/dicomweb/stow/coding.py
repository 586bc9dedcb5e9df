"""Undoes Content-Encoding and Content-Transfer-Encoding as the bytes come (RFC 9110 8.4, RFC 2045 6).

Bytes are pushed in and pushed on in pieces of bounded size, so that no body makes more of itself in memory than a piece.
"""

import base64
import binascii
import quopri
import zlib
from collections.abc import Callable
from typing import IO, Protocol, cast

import zstandard

from hounsfield.dicom.part10 import Buffer
from hounsfield.dicomweb.multipart import MultipartError
from hounsfield.dicomweb.problems import TooLarge, UnsupportedMediaType

Sink = Callable[[Buffer], None]

ENCODINGS = "gzip, deflate, zstd"
_PIECE_BYTES = 1 << 18
# A body may become so many times as long; images full of one value shrink by a thousand, whole studies never.
_MAX_GROWTH = 100
_FREE_BYTES = 128 << 20
_MAX_WINDOW_BYTES = 128 << 20


class Decoder(Protocol):
    """Takes what came and gives on what it means."""

    def write(self, data: Buffer) -> None:
        """Take some bytes; raises MultipartError where they are damaged, TooLarge where they become too many."""

    def finish(self) -> None:
        """No more comes; raises MultipartError where something is missing."""


def content_decoder(encodings: str, sink: Sink) -> Decoder:
    """What undoes a Content-Encoding, which may name several; raises UnsupportedMediaType."""
    decoder: Decoder = _Plain(sink)
    # The last named was applied last, so it is the first to be undone.
    for name in encodings.lower().split(","):
        kind = name.strip()
        if kind in {"", "identity"}:
            continue
        if kind in {"gzip", "x-gzip", "deflate"}:
            decoder = _Inflater(decoder, is_gzip=kind != "deflate")
        elif kind == "zstd":
            decoder = _Zstandard(decoder)
        else:
            raise UnsupportedMediaType(f"a body is taken in {ENCODINGS}, not in {kind[:40]}")
    return decoder


def transfer_decoder(encoding: str, sink: Sink) -> Decoder:
    """What undoes a part's Content-Transfer-Encoding; raises MultipartError."""
    kind = encoding.strip().lower()
    if kind in {"", "binary", "8bit", "7bit"}:
        return _Plain(sink)
    if kind == "base64":
        return _Base64(sink)
    if kind == "quoted-printable":
        return _QuotedPrintable(sink)
    raise MultipartError(f"{kind[:40]!r} is no Content-Transfer-Encoding")


class _Plain:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: Buffer) -> None:
        self._sink(data)

    def finish(self) -> None:
        pass


class _Growth:
    """Holds what comes out against what went in."""

    def __init__(self, then: Decoder) -> None:
        self.taken = self._given = 0
        self._then = then

    def give(self, piece: Buffer) -> None:
        self._given += len(piece)
        if self._given > _FREE_BYTES + self.taken * _MAX_GROWTH:
            raise TooLarge(
                f"the body becomes more than {_MAX_GROWTH} times as long when it is decompressed"
            )
        self._then.write(piece)


class _Inflater:
    def __init__(self, then: Decoder, *, is_gzip: bool) -> None:
        self._then = then
        self._growth = _Growth(then)
        self._is_gzip = is_gzip
        self._inflater = zlib.decompressobj(31) if is_gzip else None

    def write(self, data: Buffer) -> None:
        self._growth.taken += len(data)
        raw: Buffer = data
        piece = b""
        # What fills a piece to its end may have more behind it although nothing is left to take.
        while len(raw) or len(piece) == _PIECE_BYTES:
            if self._inflater is None:
                # RFC 9110 8.4.1.2: in zlib format, though some send the bare stream.
                is_zlib = raw[0] & 0x0F == 8 and raw[0] >> 4 <= 7
                self._inflater = zlib.decompressobj(15 if is_zlib else -15)
            try:
                piece = self._inflater.decompress(raw, _PIECE_BYTES)
            except zlib.error as problem:
                raise MultipartError(f"the compressed body is damaged: {problem}") from None
            if piece:
                self._growth.give(piece)
            raw = self._inflater.unconsumed_tail
            if self._inflater.eof:
                raw, piece = self._inflater.unused_data, b""
                if not raw:
                    return
                if not self._is_gzip:
                    raise MultipartError("there are bytes behind the compressed body")
                self._inflater = zlib.decompressobj(31)  # gzip files may follow each other

    def finish(self) -> None:
        if self._inflater is None or not self._inflater.eof:
            raise MultipartError("the compressed body ends too early")
        self._then.finish()


class _Zstandard:
    def __init__(self, then: Decoder) -> None:
        self._then = then
        self._growth = _Growth(then)
        self._last = b""
        self._is_begun = False
        decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
        self._writer = decompressor.stream_writer(
            cast("IO[bytes]", _Written(self._growth)), closefd=False
        )

    def write(self, data: Buffer) -> None:
        self._growth.taken += len(data)
        self._is_begun = True
        try:
            self._writer.write(memoryview(data))
        except zstandard.ZstdError as problem:
            raise MultipartError(f"the compressed body is damaged: {problem}") from None

    def finish(self) -> None:
        # What is missing at the end shows in the message itself, which then has no closing delimiter.
        if not self._is_begun:
            raise MultipartError("the compressed body ends too early")
        self._then.finish()


class _Written:
    """What `zstandard` takes for a file."""

    def __init__(self, growth: _Growth) -> None:
        self._growth = growth

    def write(self, piece: bytes) -> int:
        self._growth.give(piece)
        return len(piece)


class _Base64:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._left = b""

    def write(self, data: Buffer) -> None:
        text = self._left + bytes(data).translate(None, b" \t\r\n")
        whole = len(text) - len(text) % 4
        self._give(text[:whole])
        self._left = text[whole:]

    def finish(self) -> None:
        if self._left:
            raise MultipartError("a part's base64 ends too early")

    def _give(self, text: bytes) -> None:
        try:
            self._sink(base64.b64decode(text, validate=True))
        except binascii.Error as problem:
            raise MultipartError(f"a part is no base64: {problem}") from None


class _QuotedPrintable:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._left = b""

    def write(self, data: Buffer) -> None:
        text = self._left + bytes(data)
        # RFC 2045 6.7: lines have 76 characters at most; what has no line end so far is kept, within reason.
        end = text.rfind(b"\n") + 1 or (len(text) - 2 if len(text) > 1 << 16 else 0)
        if end:
            self._sink(quopri.decodestring(text[:end]))
        self._left = text[end:]

    def finish(self) -> None:
        if self._left:
            self._sink(quopri.decodestring(self._left))
