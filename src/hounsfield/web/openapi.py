"""Prints the OpenAPI document of the JSON API: `python -m hounsfield.web.openapi > viewer/openapi.json`."""

import json
import sys
from pathlib import Path

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
        return json.dumps(api_app(parts).openapi(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
