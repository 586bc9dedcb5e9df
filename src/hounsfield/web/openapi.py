"""Prints the OpenAPI document of the JSON API: `python -m hounsfield.web.openapi > viewer/openapi.json`."""

import json
import sys
from pathlib import Path
from typing import Any

from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.index.site.peers import Peers
from hounsfield.storage.memory import MemoryStorage
from hounsfield.web.api import ApiParts, api_app
from hounsfield.web.events import Feed


def document() -> str:
    """The document, the same for the same code."""
    storage = MemoryStorage()
    with open_index(IndexConfig("sqlite://")) as index:
        retrieve = Retrieve(storage, index)
        parts = ApiParts(
            store=InstanceStore(storage, index),
            search=Search(index),
            retrieve=retrieve,
            index=index,
            feed=Feed(index),
            server={},
            data_folder=Path.cwd(),
            peers=Peers(index.database),
        )
        return _written(api_app(parts).openapi())


def _written(document: dict[str, Any]) -> str:
    """One line for each path and each schema: short, and a change shows where it is."""

    def compact(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), sort_keys=True)

    def lines(value: dict[str, Any]) -> str:
        return ",\n".join(f"{json.dumps(key)}:{compact(value[key])}" for key in sorted(value))

    schemas = document["components"]["schemas"]
    rest = {key: value for key, value in document.items() if key not in {"paths", "components"}}
    return (
        f'{{"components":{{"schemas":{{\n{lines(schemas)}\n}}}},\n'
        f'"paths":{{\n{lines(document["paths"])}\n}},\n{compact(rest)[1:]}\n'
    )


if __name__ == "__main__":
    sys.stdout.write(document())
