"""Several processes store the same instances, and other bytes under the same UIDs, at the same time."""

import subprocess
import sys
from pathlib import Path

from tests.instances import ROOT

from hounsfield.archive.check import check
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

REPOSITORY = Path(__file__).resolve().parents[2]
PROCESSES, SAME, DIFFERENT = 4, 15, 8
STORING = """
import sys
from pathlib import Path
from tests.faults.test_at_once import DIFFERENT, SAME
from tests.faults.test_power_cut import put, store_of
from tests.instances import numbered
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
folder = Path(sys.argv[1])
with open_index(IndexConfig(folder / "index.db")) as index:
    store = store_of(folder, index)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(SAME):
        put(store, numbered(1, 1, number))
        if number < DIFFERENT:
            put(store, numbered(2, 1, number, ImageComments=sys.argv[2]))
"""


# STO-04
def test_four_processes_agree_on_what_is_the_same_and_on_versions(tmp_path):
    others = [
        subprocess.Popen(
            [sys.executable, "-c", STORING, str(tmp_path), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for other in others:
        assert other.stdout.readline() == "ready\n"
    for other in others:
        other.stdin.write("go\n")
        other.stdin.flush()
    for other in others:
        other.communicate(timeout=60)
        assert other.returncode == 0
    storage = FilesystemStorage(FilesystemConfig(tmp_path, reserve_bytes=0))
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        assert list(check(storage, index)) == []
        assert (index.totals().instances, index.totals().studies) == (SAME + DIFFERENT, 2)
        assert len(index.locate(f"{ROOT}.1", all_versions=True)) == SAME
        versions = index.locate(f"{ROOT}.2", all_versions=True)
        assert sorted(one.version for one in versions) == sorted(
            list(range(1, PROCESSES + 1)) * DIFFERENT
        )
        assert len(index.locate(f"{ROOT}.2")) == DIFFERENT
    assert list((tmp_path / "spool").iterdir()) == []
