"""The description of the API that the browser app's types are made from."""

import json
from pathlib import Path

from hounsfield.web.openapi import document

WRITTEN = Path(__file__).parents[2] / "viewer" / "openapi.json"


def test_the_description_is_that_of_the_code():
    assert WRITTEN.read_text("utf-8") == document(), (
        "run: python -m hounsfield.web.openapi > viewer/openapi.json"
    )


def test_the_description_is_whole():
    described = json.loads(document())
    assert {"openapi", "info", "paths", "components"} <= described.keys()
    assert "/studies" in described["paths"]
