"""Streams instances as ZIP archives: stored, not deflated, since images do not shrink twice; nothing whole on disk."""

import zipfile
from collections.abc import Iterable, Iterator
from io import RawIOBase

from hounsfield.archive.exporting import Named
from hounsfield.archive.retrieve import Retrieve

_CHUNK_BYTES = 1 << 20


class _Sink(RawIOBase):
    """Collects what `zipfile` writes until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def zip_stream(
    retrieve: Retrieve, instances: Iterable[Named], further: Iterable[tuple[str, bytes]] = ()
) -> Iterator[bytes]:
    """A ZIP archive of the instances, byte for byte as stored, in pieces; before them ``further`` files."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path, content in further:
            archive.writestr(_info(path), content)
        for named in instances:
            is_large = named.location.size_bytes > 1 << 31
            with (
                retrieve.open_view(named.location) as stored,
                archive.open(_info(named.path), "w", force_zip64=is_large) as member,
            ):
                for piece in stored.stream(chunk_bytes=_CHUNK_BYTES):
                    member.write(piece)
                    yield sink.take()
    yield sink.take()


def _info(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    return info
