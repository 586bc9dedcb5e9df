"""Writes the matches of a search in the DICOM JSON model, from the JSON that the index keeps (PS3.18 10.6.3.3, F).

Values are never read and written again, so their digits stay as they were sent. What most matches of a list have in
common is put together once.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson

from hounsfield.dicom import json_model
from hounsfield.dicom.query import Level
from hounsfield.dicomweb.qido import Asked
from hounsfield.dicomweb.query_parameters import Path
from hounsfield.dicomweb.selection import creator_of, selected_of
from hounsfield.index.answers import AnswerPlan

Members = dict[str, str]
# Given the UIDs of a match, the attributes of one of its stored instances.
ReadStored = Callable[[str, str | None, str | None], Members]

_UIDS = ("0020000D", "0020000E", "00080018")
_RETRIEVE_URL = "00081190"
_CONSTANT = {
    "00080005": '{"vr":"CS","Value":["ISO_IR 192"]}',
    "00080056": '{"vr":"CS","Value":["ONLINE"]}',
}
_scan = json.JSONDecoder().raw_decode


def members_of(text: str) -> Members:
    """The members of a serialised DICOM JSON object, each value as it is written."""
    found, at = {}, 1
    while at < len(text) - 1:
        if text[at] == ",":
            at += 1
        tag, begin = text[at + 1 : at + 9], at + 11
        _, at = _scan(text, begin)
        found[tag] = text[begin:at]
    return found


class _Template:
    """The text of a match in pieces, between which stand the values that differ from time to time: counts."""

    __slots__ = ("gaps", "pieces")

    def __init__(self, members: Members, gaps: tuple[str, ...], level: Level, base: str) -> None:
        """``gaps`` are the tags whose values come later, in ascending order."""
        uids = tuple(_first(members.get(tag)) for tag in _UIDS)
        members[_RETRIEVE_URL] = f'{{"vr":"UR","Value":["{_url(base, level, uids)}"]}}'
        self.pieces: list[bytes] = []
        piece = "{"
        for tag in sorted(members.keys() | gaps):
            piece += "" if piece == "{" else ","
            piece += f'"{tag}":'
            if tag in gaps:
                self.pieces.append(piece.encode())
                piece = ""
            else:
                piece += members[tag]
        self.pieces.append((piece + "}").encode())

    def fill(self, values: list[bytes]) -> bytes:
        parts = self.pieces[:1]
        for value, piece in zip(values, self.pieces[1:], strict=True):
            parts += (value, piece)
        return b"".join(parts)


def _url(base: str, level: Level, uids: tuple[str, ...]) -> str:
    study, series, sop = (quote(uid, safe="") for uid in uids)
    url = f"{base}/studies/{study}"
    if level in {Level.SERIES, Level.IMAGE}:
        url += f"/series/{series}"
    return f"{url}/instances/{sop}" if level is Level.IMAGE else url


def _first(text: str | None) -> str:
    values = json.loads(text).get("Value") if text else None
    return str(values[0]) if values else ""


def _merged(texts: tuple[str, ...], include: frozenset[int] | None) -> Members:
    members = dict(_CONSTANT)
    for text in texts:
        members |= members_of(text)
    if include is None:
        return members
    return {
        tag: text for tag, text in members.items() if tag in _CONSTANT or int(tag, 16) in include
    }


@lru_cache(maxsize=4096)
def _template(
    texts: tuple[str, ...],
    include: frozenset[int] | None,
    gaps: tuple[str, ...],
    level: Level,
    base: str,
) -> _Template:
    return _Template(_merged(texts, include), gaps, level, base)


class MatchWriter:
    """Writes the matches of one request."""

    def __init__(
        self, asked: Asked, plan: AnswerPlan, base_url: str, read_stored: ReadStored
    ) -> None:
        self._asked = asked
        self._plan = plan
        self._base = base_url
        self._read_stored = read_stored
        self._gaps = tuple(sorted(plan.computed_tags))

    def write(self, row: Sequence[Any]) -> bytes:
        """One match as a DICOM JSON object."""
        found = sorted(self._plan.computed(row)) if self._gaps else ()
        asked = self._asked
        texts, include = self._plan.texts(row), asked.query.include
        if asked.further or asked.parts:
            template = self._with_stored(_merged(texts, include))
        else:
            template = _template(texts, include, self._gaps, asked.query.level, self._base)
        return template.fill([_element(vr, values) for _, vr, values in found])

    def _with_stored(self, members: Members) -> _Template:
        """Add what the stored objects say, and leave of sequences only what is wanted (QIDO-05)."""
        asked = self._asked
        if asked.further:
            depth = asked.query.level.depth
            uids = [_first(members.get(tag)) for tag in _UIDS]
            study, series, sop = (uids[n] if n < depth else None for n in range(3))
            stored = self._read_stored(study or "", series, sop)
            for tag in asked.further:
                for name in (creator_of(tag), f"{tag:08X}"):
                    if name and name in stored:
                        members[name] = stored[name]
        for tag, paths in asked.parts.items():
            name = f"{tag:08X}"
            if name in members:
                members[name] = _pruned(members[name], paths)
        return _Template(members, self._gaps, asked.query.level, self._base)


def _element(vr: str, values: list[Any]) -> bytes:
    if vr == "IS":
        return b'{"vr":"IS","Value":[%d]}' % values[0]
    return _of_texts(vr, tuple(values))


@lru_cache(maxsize=4096)
def _of_texts(vr: str, values: tuple[str, ...]) -> bytes:
    return orjson.dumps({"vr": vr, "Value": values} if values else {"vr": vr})


def _pruned(text: str, paths: frozenset[Path]) -> str:
    """A sequence with only those members in its items that the paths lead to."""
    sequence = json.loads(text, parse_float=_as_written, parse_int=_as_written)
    return json_model.dumps(selected_of(sequence, paths)).decode()


def _as_written(number: str) -> orjson.Fragment:
    return orjson.Fragment(number.encode())
