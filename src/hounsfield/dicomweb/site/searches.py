"""Searches that are matched item by item, worklists: parameters become an identifier (PS3.18 8.3.4.1, PS3.4 C.2.2.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from pydicom.datadict import tag_for_keyword
from starlette.requests import Request
from starlette.responses import Response

from hounsfield.dicom.sequences import vr_of
from hounsfield.dicomweb.site.datasets import DataSet, dataset_response
from hounsfield.errors import InvalidQuery

SERVICE = "Hounsfield"
MAX_RESULTS = 5000
MAX_PATH = 16  # names joined by dots; no sequence of the standard is as deep
_MOST_COUNTED = 100_000
_OPTIONS = frozenset({"fuzzymatching", "emptyvaluematching", "multiplevaluematching"})
_NOT_ATTRIBUTES = _OPTIONS | {
    "limit",
    "offset",
    "includefield",
    "accept",
    "accept-charset",
    "charset",
}
_TAG_DIGITS = 8


@dataclass(slots=True)
class Search:
    """What is asked for; ``identifier`` is in the DICOM JSON model, as C-FIND would have it."""

    identifier: DataSet = field(default_factory=dict)
    limit: int = MAX_RESULTS
    offset: int = 0
    warnings: list[str] = field(default_factory=list)


def warning(text: str) -> str:
    """A Warning header's value (PS3.18 8.4.4, RFC 7234 5.5)."""
    return f'299 {SERVICE}: "{text}"'


def parse_search(parameters: Iterable[tuple[str, str]]) -> Search:
    """Read the query parameters of a search; raises InvalidQuery for what is malformed (QIDO-01, QIDO-03, QIDO-04).

    Items are answered whole, so there is nothing to do for includefield.
    """
    search = Search()
    for name, value in parameters:
        lower = name.lower()
        if lower == "limit":
            search.limit = min(_natural(name, value), MAX_RESULTS)
        elif lower == "offset":
            search.offset = _natural(name, value)
        elif lower in _OPTIONS:
            if is_true(name, value):
                text = f"The {lower} parameter is not supported. Only literal matching has been performed."
                search.warnings.append(warning(text))
        elif lower not in _NOT_ATTRIBUTES:
            add_key(search.identifier, name, value)
    return search


def add_key(identifier: DataSet, name: str, value: str) -> None:
    """Put one key into an identifier, in the items that a path of keywords or tags leads through.

    What names no attribute is passed over (8.3.1).
    """
    tags = [_tag(part) for part in name.split(".", MAX_PATH)]
    if len(tags) > MAX_PATH:
        raise InvalidQuery(f"{name[:80]}...: no path has more than {MAX_PATH} parts")
    if None in tags:
        return
    place = identifier
    for tag in tags[:-1]:
        assert tag is not None
        sequence = place.setdefault(tag, {"vr": "SQ", "Value": [{}]})
        if sequence["vr"] != "SQ":
            raise InvalidQuery(f"{name[:80]}: there are no items in {tag}")
        place = sequence["Value"][0]
    last = tags[-1]
    assert last is not None
    vr = vr_of(int(last, 16))
    if vr == "SQ":
        if value:
            raise InvalidQuery(f"{name[:80]} is a sequence: name an attribute in it")
        place.setdefault(last, {"vr": "SQ", "Value": [{}]})
    elif vr == "PN":
        groups = dict(
            zip(("Alphabetic", "Ideographic", "Phonetic"), value.split("="), strict=False)
        )
        place[last] = {"vr": vr, "Value": [groups]} if value else {"vr": vr}
    else:
        place[last] = {"vr": vr, "Value": [value]} if value else {"vr": vr}


def search_response(request: Request, search: Search, found: Iterator[DataSet]) -> Response:
    """The page that is asked for of what was found: 200, or 204 where there is nothing (QIDO-02)."""
    page = list(islice(found, search.offset, search.offset + search.limit))
    more = sum(1 for _ in islice(found, _MOST_COUNTED)) if len(page) == search.limit else 0
    warnings = list(search.warnings)
    if more:
        warnings.append(warning(f"There are {more} additional results that can be requested"))
    response = dataset_response(request, page) if page else Response(status_code=204)
    for text in warnings:
        response.headers.append("Warning", text)
    return response


def selected(request: Request, dataset: DataSet) -> DataSet:
    """The attributes that includefield names, all without it (PS3.18 15.6.1.2)."""
    asked = ",".join(request.query_params.getlist("includefield")).split(",")
    names = [name.strip() for name in asked if name.strip()]
    if not names or "all" in {name.lower() for name in names}:
        return dataset
    tags = {_tag(name) for name in names}
    if None in tags:
        raise InvalidQuery("includefield: one of the names is no attribute")
    return {tag: attribute for tag, attribute in dataset.items() if tag in tags}


def _tag(name: str) -> str | None:
    """The tag of a keyword or of eight hexadecimal digits, as the JSON model writes it; None for anything else."""
    if len(name) == _TAG_DIGITS:
        try:
            return f"{int(name, 16):08X}"
        except ValueError:
            pass
    found = tag_for_keyword(name)
    return None if found is None else f"{found:08X}"


def _natural(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise InvalidQuery(f"{name} is a number from 0, {value[:40]!r} is not")
    return int(value)


def is_true(name: str, value: str) -> bool:
    """A parameter that is true or false; raises InvalidQuery."""
    if value.lower() not in {"true", "false"}:
        raise InvalidQuery(f"{name} is true or false, {value[:40]!r} is not")
    return value.lower() == "true"
