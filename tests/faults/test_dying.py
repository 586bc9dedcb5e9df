"""Whatever moment the process dies at: nothing acknowledged is lost, and no row is without its bytes."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.dying import DIES_AT, STEPS

from hounsfield.archive.access import LOCAL
from hounsfield.archive.check import check
from hounsfield.archive.rebuild import rebuild
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore
from hounsfield.archive.sweep import sweep
from hounsfield.dicom.query import Level, Query
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

REPOSITORY = Path(__file__).resolve().parents[2]


def instances(index) -> set[str]:
    found = Search(index).search(LOCAL, Query(Level.IMAGE))
    return {one.attributes["00080018"]["Value"][0] for one in found}


@pytest.mark.parametrize("step", STEPS)
def test_what_was_acknowledged_outlives_the_process(tmp_path, step):
    # STO-02
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.dying", str(tmp_path), step],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 9, run.stderr
    acknowledged = set(run.stdout.split())
    assert len(acknowledged) == (DIES_AT if step == "answered" else DIES_AT - 1)

    storage = FilesystemStorage(FilesystemConfig(tmp_path, reserve_bytes=0))
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        before_sweep = [finding.problem for finding in check(storage, index)]
        assert "missing" not in before_sweep
        assert "damaged" not in before_sweep
        sweep(InstanceStore(storage, index))
        assert acknowledged <= instances(index)
        assert list(check(storage, index)) == []
        assert list((tmp_path / "spool").iterdir()) == []
        known = instances(index)
    with open_index(IndexConfig(tmp_path / "new.db")) as index:
        rebuild(InstanceStore(storage, index))
        assert instances(index) == known
