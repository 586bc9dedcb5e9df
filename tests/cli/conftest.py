"""The command line: its arguments, output and exit code."""

import json
import os
import sys
from dataclasses import dataclass

import pytest

from hounsfield.cli.main import main


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
def run(tmp_path, monkeypatch, capsys):
    """Run `hounsfield` with the arguments, on a data folder of this test if none is named."""

    def start(*arguments, code=0, environment=None) -> Result:
        with monkeypatch.context() as patch:
            for name in os.environ:
                if name.startswith("HOUNSFIELD_"):
                    patch.delenv(name)
            variables = {"HOUNSFIELD_DATA": str(tmp_path / "data"), "COLUMNS": "200"}
            for name, value in (variables | (environment or {})).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["hounsfield", *map(str, arguments)])
            capsys.readouterr()
            with pytest.raises(SystemExit) as end:
                main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err, err
        assert int(end.value.code or 0) == code, f"exit code {end.value.code}\n{out}\n{err}"
        return Result(code, out, err)

    return start
