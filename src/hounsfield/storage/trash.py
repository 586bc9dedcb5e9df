"""The trash of a folder: a folder for each deletion, with its objects under their keys and a note that says what they are."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from hounsfield.errors import InvalidInstance
from hounsfield.storage.files import told
from hounsfield.storage.keys import parse_key

_NOTE = "deletion.json"
_FOLDER = re.compile(r"[0-9a-f][0-9a-f-]{7,63}")


class FolderTrash:
    """Objects that were moved out of sight; ``sync`` makes a file durable, ``sync_folders`` also what it lies in."""

    def __init__(
        self, root: Path, path_of: Callable[[str], str], sync: Callable[[int], None]
    ) -> None:
        self._root = root
        self._path_of = path_of
        self._sync = sync
        # Folders that something was moved from or to, until a note says that it is done.
        self._touched: set[Path] = set()

    def set_aside(self, key: str, folder: str) -> bool:
        source, target = Path(self._path_of(key)), self._aside(key, folder)
        with told():
            target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                source.rename(target)
                self._touched |= {source.parent, target.parent}
        return target.is_file()

    def bring_back(self, key: str, folder: str) -> bool:
        source, target = self._aside(key, folder), Path(self._path_of(key))
        with told():
            if target.is_file():
                source.unlink(missing_ok=True)
                return True
            target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                source.rename(target)
                self._touched |= {source.parent, target.parent}
        return target.is_file()

    def drop_aside(self, key: str, folder: str) -> None:
        path = self._aside(key, folder)
        with told():
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty yet
            while path.parent != self._folder(folder):
                path = path.parent
                path.rmdir()

    def write_note(self, folder: str, content: bytes) -> None:
        place = self._folder(folder)
        with told():
            place.mkdir(parents=True, exist_ok=True)
            while self._touched:
                with contextlib.suppress(FileNotFoundError):
                    _sync_folder(self._touched.pop())
            scratch = place / f"{_NOTE}.new"
            with scratch.open("wb") as file:
                file.write(content)
                file.flush()
                self._sync(file.fileno())
            scratch.replace(place / _NOTE)
            _sync_folder(place)
            _sync_folder(self._root)

    def note(self, folder: str) -> bytes | None:
        try:
            return (self._folder(folder) / _NOTE).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def drop_folder(self, folder: str) -> None:
        place = self._folder(folder)
        if any(path.is_file() for path in place.rglob("*.dcm")):
            return
        with told():
            (place / _NOTE).unlink(missing_ok=True)
        for path in sorted(place.rglob("*"), reverse=True):
            with contextlib.suppress(OSError):
                path.rmdir()
        with contextlib.suppress(OSError):
            place.rmdir()

    def notes(self) -> Iterator[tuple[str, bytes]]:
        if not self._root.is_dir():
            return
        for place in sorted(self._root.iterdir()):
            content = self.note(place.name) if _FOLDER.fullmatch(place.name) else None
            if content is not None:
                yield place.name, content

    def _folder(self, folder: str) -> Path:
        if not _FOLDER.fullmatch(folder):
            raise InvalidInstance(f"{folder!r} cannot name a folder of the trash")
        return self._root / folder

    def _aside(self, key: str, folder: str) -> Path:
        if parse_key(key) is None:
            raise InvalidInstance(f"{key!r} cannot name an object")
        return self._folder(folder) / key


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
