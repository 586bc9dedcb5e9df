"""The query parameters of every search: keys, what is included, and which page (PS3.18 8.3.4)."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from pydicom.datadict import dictionary_VM, tag_for_keyword

from hounsfield.dicom.attributes import ATTRIBUTES
from hounsfield.dicom.matching import in_zone
from hounsfield.dicom.negotiated import (
    PATIENT_NAME,
    TIME_OF_DATE,
    Options,
    combined,
    fuzzy,
    parse_key,
)
from hounsfield.dicom.query import EmptyValue, Item, Key, Matching, UidList, Universal
from hounsfield.dicom.sequences import vr_of
from hounsfield.errors import InvalidQuery

MAX_RESULTS = 5000
MAX_INCLUDED = 200
MAX_PATH = 16  # names joined by dots; no sequence of the standard is as deep
SERVICE = "Hounsfield"
Path = tuple[int, ...]

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_NOT_ATTRIBUTES = frozenset(
    {"limit", "offset", "includefield", "accept", "accept-charset", "charset"}
)
# 8.3.4: kinds of matching by parameter, and what they are in C-FIND.
_OPTIONS = {
    "fuzzymatching": "is_fuzzy",
    "emptyvaluematching": "matches_empty",
    "multiplevaluematching": "matches_several",
}
_TIMEZONE = 0x00080201
_SINGLE = frozenset({"AE", "CS", "LO", "SH"})
_DATES_AND_TIMES = frozenset(TIME_OF_DATE) | frozenset(TIME_OF_DATE.values())


def warning(text: str) -> str:
    """A Warning header's value (PS3.18 8.4.4, RFC 7234 5.5)."""
    return f'299 {SERVICE}: "{text}"'


def not_matched(tags: Iterable[int]) -> str:
    """The Warning that keys were passed over: a filter that is so in silence shows more than was asked for (QIDO-04)."""
    names = ", ".join(f"{tag:08X}" for tag in tags)
    return warning(f"These attributes are not matched: {names}")


class Parameters:
    """The parameters of a search, each put where it belongs; those that name no attribute are ignored (8.3.1, WEB-12).

    ``included`` are the paths of all attributes that are named, those matched too (10.6.3.3); ``matched`` those that
    select something. ``place`` tells where an attribute belongs that is named without the way there.
    ``all_names_are_fuzzy`` says that fuzzy matching is done for every person's name, not only for the patient's.
    Raises InvalidQuery for what is malformed.
    """

    def __init__(
        self,
        parameters: Iterable[tuple[str, str]],
        *,
        place: Callable[[Path], Path] = lambda path: path,
        all_names_are_fuzzy: bool = False,
    ) -> None:
        self.limit, self.offset, self.offset_from_utc = MAX_RESULTS, 0, ""
        self.included: set[Path] = set()
        self.matched: list[tuple[Path, Matching]] = []
        self.is_all = False
        self.warnings: list[str] = []
        self._place, self._all_names_are_fuzzy = place, all_names_are_fuzzy
        named = list(parameters)
        self._options = _options(named)
        for name, value in named:
            lower = name.lower()
            if lower == "limit":
                self.limit = min(_natural(name, value), MAX_RESULTS)
            elif lower == "offset":
                self.offset = _natural(name, value)
            elif lower == "includefield":
                self._include(value)
            elif lower not in _NOT_ATTRIBUTES and lower not in _OPTIONS:
                self._match(name, value)
        if len(self.included) > MAX_INCLUDED:
            raise InvalidQuery(f"no more than {MAX_INCLUDED} attributes can be included")

    def matching_keys(self) -> list[Key]:
        """The keys: date and time are one moment (QIDO-08), and all that is asked of a sequence is asked of one item.

        Raises InvalidQuery for a Timezone Offset From UTC that is none.
        """
        matched = [
            (path, in_zone(match, vr_at(path), self.offset_from_utc))
            for path, match in self.matched
        ]
        plain = [Key(path[0], vr_at(path), match) for path, match in matched if len(path) == 1]
        dates = [key for key in plain if key.tag in _DATES_AND_TIMES]
        keys = [key for key in plain if key.tag not in _DATES_AND_TIMES]
        if len({key.tag for key in dates}) == len(dates):
            dates = list(combined(dates, self.offset_from_utc))
        return [*keys, *dates, *_items([one for one in matched if len(one[0]) > 1])]

    def _include(self, value: str) -> None:
        included, is_all = included_paths([value])
        self.included |= {self._place(path) for path in included}
        self.is_all = self.is_all or is_all

    def _match(self, name: str, value: str) -> None:
        path = path_of(name)
        if path is None:
            return
        if path == (_TIMEZONE,):
            # A + in a query is a blank unless it is written as %2B, which hardly anybody does.
            self.offset_from_utc = value.replace(" ", "+")
            return
        path = self._place(path)
        self.included.add(path)
        match = _parsed(path, value, self._options)
        if self._options.is_fuzzy and vr_at(path) == "PN":
            match = self._fuzzy(path, match)
        if not isinstance(match, Universal):
            self.matched.append((path, match))

    def _fuzzy(self, path: Path, match: Matching) -> Matching:
        if self._all_names_are_fuzzy:
            return fuzzy(match)
        text = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
        if path != (PATIENT_NAME,) and warning(text) not in self.warnings:
            self.warnings.append(warning(text))
        return match


def included_paths(values: Iterable[str]) -> tuple[set[Path], bool]:
    """(the attributes that values of includefield name, whether all are wanted); raises InvalidQuery (QIDO-05)."""
    included: set[Path] = set()
    is_all = False
    for name in filter(None, map(str.strip, ",".join(values).split(","))):
        path = path_of(name) if name.lower() != "all" else ()
        if path is None:
            raise InvalidQuery(f"includefield: there is no attribute {name[:80]!r}")
        if path:
            included.add(path)
        else:
            is_all = True
    return included, is_all


def path_of(name: str) -> Path | None:
    """The tags of keywords or ``ggggeeee``, joined by dots; None if it names no attribute (QIDO-01).

    Raises InvalidQuery for a path that leads deeper than any sequence of the standard, or through what is none.
    """
    tags = tuple(map(_tag_named, name.split(".", MAX_PATH)))
    if len(tags) > MAX_PATH:
        raise InvalidQuery(f"{name[:80]}...: no path has more than {MAX_PATH} parts")
    path = tuple(tag for tag in tags if tag is not None)
    if len(path) < len(tags):
        return None
    for tag in path[:-1]:
        if vr_at((tag,)) not in {"SQ", "UN"}:
            raise InvalidQuery(f"{name[:80]}: there are no items in {tag:08X}")
    return path


@lru_cache(maxsize=4096)
def _tag_named(name: str) -> int | None:
    return int(name, 16) if _TAG.fullmatch(name) else tag_for_keyword(name)


def vr_at(path: Path) -> str:
    """The VR of the attribute that a path leads to."""
    attribute = ATTRIBUTES.get(path[-1])
    return vr_of(path[-1]) if attribute is None else attribute.vr


def is_true(name: str, value: str) -> bool:
    """A parameter that is true or false; raises InvalidQuery."""
    if value.lower() not in {"true", "false"}:
        raise InvalidQuery(f"{name} is true or false, {value[:40]!r} is not")
    return value.lower() == "true"


def _options(parameters: Iterable[tuple[str, str]]) -> Options:
    """The kinds of matching that a request asks for; they count for all its keys, also those before them."""
    wanted = []
    for name, value in parameters:
        option = _OPTIONS.get(name.lower())
        if option and is_true(name, value):
            wanted.append(option)
    return Options(**dict.fromkeys(wanted, True))


def _parsed(path: Path, value: str, options: Options) -> Matching:
    vr = vr_at(path)
    if vr == "CS":
        # No code has a comma in it (PS3.5 6.2), and on the web lists are written with commas.
        value = value.replace(",", "\\")
    if options.matches_several and vr in _SINGLE and _has_one_value(path[-1]):
        # PS3.4 C.2.2.2.8 is about attributes with several values; of one value a list can only mean any of them.
        values = tuple(part.strip(" ") for part in value.split("\\") if part.strip(" "))
        if len(values) > 1 and not set(value) & {"*", "?"}:
            return UidList(values)
    match = parse_key(path[-1], vr, value, options)
    if vr == "SQ" and not isinstance(match, Universal | EmptyValue):
        raise InvalidQuery(f"{path[-1]:08X} is a sequence: name an attribute in it")
    return match


def _has_one_value(tag: int) -> bool:
    try:
        return dictionary_VM(tag) == "1"
    except KeyError:
        return False


def _items(matched: list[tuple[Path, Matching]]) -> list[Key]:
    inside: dict[int, list[tuple[Path, Matching]]] = {}
    for path, match in matched:
        inside.setdefault(path[0], []).append((path[1:], match))
    return [
        Key(
            tag,
            "SQ",
            Item(
                tuple(Key(path[0], vr_at(path), m) for path, m in within if len(path) == 1)
                + tuple(_items([one for one in within if len(one[0]) > 1]))
            ),
        )
        for tag, within in inside.items()
    ]


def _natural(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise InvalidQuery(f"{name} is a number from 0, {value[:40]!r} is not")
    return int(value)
