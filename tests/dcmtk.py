"""DCMTK's programs as the peer, found past the programs of the same names of pynetdicom."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path


@functools.cache
def program(name: str) -> str | None:
    """Return the path of DCMTK's `name`, or None where it is not installed."""
    own = Path(sys.executable).parent  # `uv run` puts it first, and pynetdicom has a storescu too
    folders = [f for f in os.get_exec_path() if Path(f) != own]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        return None
    run = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return found if "dcmtk" in run.stdout + run.stderr else None
