"""The command line as a person or a script runs it: another process, its output and exit code."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Result:
    """What one run of the command left."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(tmp_path):
    """Run `hounsfield` with the arguments; without others a data folder of this test."""

    def start(*arguments, code=0, data=None, environment=None, cwd=None) -> Result:
        command = [str(Path(sys.executable).with_name("hounsfield")), *map(str, arguments)]
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith("HOUNSFIELD_")
        }
        variables |= {"HOUNSFIELD_DATA": str(data or tmp_path / "data"), "COLUMNS": "200"}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            stdin=subprocess.DEVNULL,
            env=variables | (environment or {}),
            cwd=cwd,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return Result(done.returncode, done.stdout, done.stderr)

    return start
