"""Searches that are matched item by item: work items and scheduled procedure steps (PS3.18 8.3.4, 11.9, 14.4)."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import islice

import orjson
from starlette.requests import Request

from hounsfield.dicom.items import NOT_KEYS
from hounsfield.dicom.json_reading import DataSet
from hounsfield.dicom.query import Key
from hounsfield.dicomweb.query_parameters import Parameters, Path, included_paths, path_of, vr_at
from hounsfield.dicomweb.selection import selected
from hounsfield.errors import InvalidQuery

_MOST_COUNTED = 100_000


def keys_of(search: Parameters) -> list[Key]:
    """The keys of a search that select something; raises InvalidQuery."""
    return [key for key in search.matching_keys() if f"{key.tag:08X}" not in NOT_KEYS]


def page_of(
    search: Parameters, default: AbstractSet[Path], found: Iterator[DataSet]
) -> tuple[list[bytes], int]:
    """(the page asked for of what was found, as DICOM JSON objects, how many more there are).

    ``default`` are the attributes that a match has whether they are named or not (QIDO-05).
    """
    wanted = default | search.included
    page = [
        orjson.dumps(one if search.is_all else selected(one, wanted), option=orjson.OPT_SORT_KEYS)
        for one in islice(found, search.offset, search.offset + search.limit)
    ]
    more = sum(1 for _ in islice(found, _MOST_COUNTED)) if len(page) == search.limit else 0
    return page, more


def included(request: Request, dataset: DataSet) -> DataSet:
    """The attributes that includefield names, all without it (PS3.18 15.6.1.2); raises InvalidQuery."""
    paths, is_all = included_paths(request.query_params.getlist("includefield"))
    return dataset if is_all or not paths else selected(dataset, paths)


def add_key(identifier: DataSet, name: str, value: str) -> None:
    """Put one key into an identifier, in the items that a path of keywords or tags leads through.

    What names no attribute is passed over (8.3.1). Raises InvalidQuery.
    """
    path = path_of(name)
    if path is None:
        return
    place = identifier
    for tag in path[:-1]:
        sequence = place.setdefault(f"{tag:08X}", {"vr": "SQ", "Value": [{}]})
        if sequence["vr"] != "SQ":  # a private one, whose VR no dictionary knows
            raise InvalidQuery(f"{name[:80]}: there are no items in {tag:08X}")
        place = sequence["Value"][0]
    last, vr = f"{path[-1]:08X}", vr_at(path)
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
