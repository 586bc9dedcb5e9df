"""What `python3 make.py` installs."""

import importlib.util
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def make():
    spec = importlib.util.spec_from_file_location("make", ROOT / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def asked_of_uv(make, folder, *, with_tests):
    """The arguments that uv is called with."""
    uv, asked = folder / "uv", folder / "asked"
    uv.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{asked}"\n')
    uv.chmod(0o755)
    make.sync(uv, with_tests=with_tests)
    return asked.read_text().split("\n")[:-1]


def test_the_demo_can_make_films(make, tmp_path):
    asked = asked_of_uv(make, tmp_path, with_tests=False)
    assert asked[0] == "sync"
    assert "--no-dev" in asked
    assert asked[asked.index("--extra") + 1] == "video"


def test_setup_and_tests_have_what_films_need(make, tmp_path):
    asked = asked_of_uv(make, tmp_path, with_tests=True)
    assert "--no-dev" not in asked
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    video = project["project"]["optional-dependencies"]["video"]
    assert any(one.startswith("av>=") for one in video)
    assert set(video) <= set(project["dependency-groups"]["dev"])
