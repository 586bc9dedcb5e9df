"""What the storage in a folder promises beyond the contract."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from tests.storage.test_contract import RECEIVED_US, key_of, put, read

from hounsfield.errors import OutOfResources
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage


def open_storage(root, **config):
    return FilesystemStorage(FilesystemConfig(root, **{"reserve_bytes": 0, **config}))


def files(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def test_a_person_finds_an_object_by_day_study_and_series(tmp_path):
    storage = open_storage(tmp_path)
    put(storage, b"content")
    digest = hashlib.sha256(b"content").hexdigest()[:32]
    (path,) = files(tmp_path)
    assert path == tmp_path / f"objects/2026/09/21/1.2.3.1/1.2.3.2/1.2.3.4.{digest}.dcm"
    assert path.stat().st_mtime_ns == RECEIVED_US * 1000


def test_the_spool_folder_is_empty_after_put(tmp_path):
    storage = open_storage(tmp_path)
    put(storage, b"content")
    put(storage, b"content")
    assert files(tmp_path / "spool") == []


def test_less_than_the_reserve_left_refuses_new_objects(tmp_path):  # STO-02: A700
    storage = open_storage(tmp_path, reserve_bytes=1 << 62)
    with pytest.raises(OutOfResources):
        storage.spool()


def test_the_reserve_is_kept_while_a_large_object_arrives(tmp_path):
    class Filling(FilesystemStorage):
        """Its disk fills while we look."""

        free = 1 << 40

        def free_bytes(self):
            return self.free

    storage = Filling(FilesystemConfig(tmp_path, reserve_bytes=1 << 30))
    spool = storage.spool()
    spool.write(bytes(9 << 20))
    storage.free = 1 << 20
    with pytest.raises(OutOfResources):
        spool.write(bytes(9 << 20))
    spool.discard()
    assert files(tmp_path) == []


# A limit on the size of files makes the kernel cut a write short and then refuse the rest, as a full disk does.
_FULL_DISK = """
import resource, sys
from pathlib import Path
from hounsfield.errors import OutOfResources
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage
storage = FilesystemStorage(FilesystemConfig(Path(sys.argv[1]), reserve_bytes=0))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
spool = storage.spool()
spool.write(bytes(60_000))
try:
    spool.write(bytes(60_000))
except OutOfResources as problem:
    spool.discard()
    print("refused:", problem)
"""


def test_a_write_that_the_disk_cuts_short_is_out_of_resources(tmp_path):  # STO-02: A700
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused: the disk is full\n"
    assert files(tmp_path) == []


def test_a_folder_that_was_removed_meanwhile_is_made_again(tmp_path):
    storage = open_storage(tmp_path)
    key = put(storage, b"content")
    storage.delete(key)
    folder = (tmp_path / "objects" / key).parent
    folder.rmdir()
    folder.parent.rmdir()
    assert read(storage, put(storage, b"content")) == b"content"


def test_folders_are_synced_where_one_sync_of_the_file_does_not_cover_its_name(tmp_path):
    storage = open_storage(tmp_path)
    storage.syncs_folders = True
    assert read(storage, put(storage, b"content")) == b"content"
    assert read(storage, put(storage, b"content")) == b"content"


def test_strangers_files_and_links_do_not_disturb_a_walk(tmp_path):
    storage = open_storage(tmp_path)
    key = put(storage, b"content")
    day = tmp_path / "objects/2026/09/21"
    (day / "notes.txt").write_text("?")
    (day / "loop").symlink_to(tmp_path)
    (day / "nowhere").symlink_to(tmp_path / "not there")
    found = {stored.key for stored in storage.walk()}
    assert found == {key, "2026/09/21/notes.txt", "2026/09/21/loop", "2026/09/21/nowhere"}


def test_a_folder_in_the_place_of_an_object_is_not_an_object(tmp_path):
    storage = open_storage(tmp_path)
    key = key_of(b"content")
    (tmp_path / "objects" / key).mkdir(parents=True)
    assert not storage.exists(key)


def test_ten_large_objects_at_once_take_no_memory(tmp_path):  # STO-06
    script = """
import hashlib, sys, threading
from pathlib import Path
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage
def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
storage = FilesystemStorage(FilesystemConfig(Path(sys.argv[1]), reserve_bytes=0))
piece = bytes(1 << 20)
spools = [storage.spool() for _ in range(10)]
before = resident()
for _ in range(24):
    for spool in spools:
        spool.write(piece)
grown = resident() - before
for number, spool in enumerate(spools):
    with spool.map() as buffer:
        assert bytes(buffer[-5:]) == bytes(5)
    key = f"2026/09/21/1.2/1.3/1.{number}.{spool.sha256()[:32]}.dcm"
    storage.put(spool, key, 1790000000000000)
    with storage.open(key) as stored:
        assert sum(map(len, stored.stream())) == 24 << 20
print(max(grown, resident() - before) >> 20)
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("resident memory is read from /proc, which this system does not have")
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 16  # of 240 MiB that passed through


def test_many_open_objects_give_their_descriptors_back(tmp_path):
    storage = open_storage(tmp_path)
    key = put(storage, b"content")
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(50):
        with storage.open(key) as stored:
            stored.read_at(0, 3)
        put(storage, b"content")
        storage.spool().discard()
    assert len(list(Path("/dev/fd").iterdir())) == before
