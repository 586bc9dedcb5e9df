"""What every storage must do; each test runs over each of them."""

import hashlib
import os
import threading

import pytest

from hounsfield.dicom.identity import Identity
from hounsfield.errors import InvalidInstance, NotFound, OutOfResources
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage
from hounsfield.storage.keys import object_key
from hounsfield.storage.memory import MemoryStorage

RECEIVED_US = 1_790_000_000_123_456  # 2026-09-21, UTC
LIMIT = 4 << 20


@pytest.fixture(params=["filesystem", "memory"])
def storage(request, tmp_path):
    if request.param == "memory":
        return MemoryStorage(max_object_bytes=LIMIT)
    return FilesystemStorage(
        FilesystemConfig(tmp_path, reserve_bytes=0, max_object_bytes=LIMIT),
    )


def key_of(content, sop="1.2.3.4", received_us=RECEIVED_US):
    identity = Identity("1.2", sop, "1.2.3.1", "1.2.3.2", "P", "", "", "", "")
    return object_key(identity, hashlib.sha256(content).hexdigest(), received_us)


def put(storage, content, key=None, received_us=RECEIVED_US):
    spool = storage.spool(size_hint=len(content))
    spool.write(content)
    key = key or key_of(content)
    storage.put(spool, key, received_us)
    return key


def read(storage, key):
    with storage.open(key) as stored:
        return b"".join(stored.stream())


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(70_001), bytes(3 << 20)])
def test_what_was_put_is_read_back_to_the_byte(storage, content):  # STO-01
    key = put(storage, content)
    assert storage.exists(key)
    assert read(storage, key) == content
    with storage.open(key) as stored:
        assert stored.size_bytes == len(content)
        assert stored.read_at(0, len(content) + 10) == content
        if content:
            with stored.map() as buffer:
                assert bytes(buffer[:]) == content


def test_any_part_of_an_object_can_be_read(storage):
    content = os.urandom(200_000)
    with storage.open(put(storage, content)) as stored:
        assert stored.read_at(100_000, 50) == content[100_000:100_050]
        assert stored.read_at(199_990, 50) == content[199_990:]
        assert stored.read_at(300_000, 5) == b""
        pieces = list(stored.stream(10, 100_000, chunk_bytes=4096))
        assert b"".join(pieces) == content[10:100_010]
        assert max(map(len, pieces)) <= 4096
        assert list(stored.stream(200_000)) == []
        assert b"".join(stored.stream(199_000, 5000)) == content[199_000:]


def test_a_spool_hashes_counts_and_shows_what_was_written_in_pieces(storage):
    content = os.urandom(300_000)
    spool = storage.spool()
    view = memoryview(content)
    for at in range(0, len(content), 77_777):
        spool.write(view[at : at + 77_777])
    assert spool.size_bytes == len(content)
    assert spool.sha256() == hashlib.sha256(content).hexdigest()
    with spool.map() as buffer:
        assert bytes(buffer[:]) == content
    spool.discard()


def test_a_discarded_spool_leaves_nothing_and_may_be_discarded_again(storage, tmp_path):
    spool = storage.spool()
    spool.write(b"abc")
    spool.discard()
    spool.discard()
    assert list(storage.walk()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_discarding_after_put_leaves_the_object(storage):
    spool = storage.spool()
    spool.write(b"abc")
    storage.put(spool, key_of(b"abc"), RECEIVED_US)
    spool.discard()
    assert read(storage, key_of(b"abc")) == b"abc"


def test_the_same_content_again_changes_nothing(storage):  # STO-04
    key = put(storage, b"abc")
    put(storage, b"abc", received_us=RECEIVED_US + 5)
    (stored,) = storage.walk()
    assert (stored.key, stored.size_bytes, stored.modified_us) == (key, 3, RECEIVED_US)


def test_putting_again_mends_a_damaged_object(storage):
    key = key_of(b"the content")
    put(storage, b"the cont", key)
    put(storage, b"the content", key)
    assert read(storage, key) == b"the content"
    put(storage, b"the CONTENT", key)  # the same length
    put(storage, b"the content", key)
    assert read(storage, key) == b"the content"


def test_one_object_more_than_an_object_may_have_is_refused(storage):
    spool = storage.spool()
    spool.write(bytes(LIMIT))
    with pytest.raises(OutOfResources):
        spool.write(b"x")
    spool.discard()
    assert list(storage.walk()) == []


def test_an_object_that_cannot_fit_is_refused_before_it_is_received(storage):
    with pytest.raises(OutOfResources):
        storage.spool(size_hint=1 << 61)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "..",
        "/etc/passwd",
        "../../etc/passwd",
        "2026/09/21/../../../../x/1.2.3/1.2.3.4." + "0" * 32 + ".dcm",
        "2026/09/21/1.2/../1.2.3.4." + "0" * 32 + ".dcm",
        "2026/09/21/1.2/1..3/1.2.3.4." + "0" * 32 + ".dcm",
        "2026/09/21/1.2/1.3/.2.3.4." + "0" * 32 + ".dcm",
        "2026/09/21/1.2/1.3/1.2\0." + "0" * 32 + ".dcm",
        "2026/09/21/1.2/1.3/1.2\n." + "0" * 32 + ".dcm",
        "2026/09/21/1.2/1.3/1.2.3.4." + "0" * 32 + ".dcm\n",
        "2026/09/21/1.2/1.3/1.2.3.4." + "0" * 31 + ".dcm",
        "2026/09/21/1.2/1.3/" + "1" * 65 + "." + "0" * 32 + ".dcm",
        "2026/09/21/1.2/" + "1" * 5000 + "/1.2." + "0" * 32 + ".dcm",
        "/2026/09/21/1.2/1.3/1.2." + "0" * 32 + ".dcm",
        "2026\\09\\21\\1.2\\1.3\\1.2." + "0" * 32 + ".dcm",
        "２０２６/09/21/1.2/1.3/1.2." + "0" * 32 + ".dcm",  # noqa: RUF001
    ],
)
def test_a_hostile_key_is_refused_everywhere_and_writes_nothing(storage, key, tmp_path):
    spool = storage.spool()
    spool.write(b"abc")
    for call in (
        lambda: storage.put(spool, key, RECEIVED_US),
        lambda: storage.open(key),
        lambda: storage.exists(key),
        lambda: storage.delete(key),
    ):
        with pytest.raises(InvalidInstance):
            call()
    spool.discard()
    assert list(storage.walk()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_names_as_long_as_uids_may_be_are_stored(storage):
    identity = Identity("1.2", "3" * 64, "1" * 64, "2" * 64, "P", "", "", "", "")
    key = object_key(identity, hashlib.sha256(b"x").hexdigest(), RECEIVED_US)
    put(storage, b"x", key)
    assert read(storage, key) == b"x"


def test_what_is_not_there_is_not_found_and_can_be_deleted(storage):
    key = key_of(b"nothing")
    assert not storage.exists(key)
    with pytest.raises(NotFound):
        storage.open(key)
    storage.delete(key)
    put(storage, b"nothing", key)
    storage.delete(key)
    assert not storage.exists(key)
    with pytest.raises(NotFound):
        storage.open(key)


def test_walk_lists_all_in_the_order_of_their_keys_and_below_a_day(storage):
    day_us = 86_400_000_000
    contents = [b"%d" % n for n in range(12)]
    keys = [
        put(
            storage,
            content,
            key_of(content, f"1.{n}", RECEIVED_US + n % 3 * day_us),
            RECEIVED_US + n % 3 * day_us + n,
        )
        for n, content in enumerate(contents)
    ]
    assert [stored.key for stored in storage.walk()] == sorted(keys)
    times = {stored.key: stored.modified_us for stored in storage.walk()}
    assert times == {
        key: RECEIVED_US + n % 3 * day_us + n for n, key in enumerate(keys)
    }  # to the microsecond
    one_day = [stored.key for stored in storage.walk("2026/09/22/")]
    assert one_day == sorted(key for key in keys if key.startswith("2026/09/22/"))
    assert len(one_day) == 4
    assert list(storage.walk("2020/01/01/")) == []


def test_the_same_object_put_from_many_threads_is_there_once_and_whole(storage):
    content = os.urandom(100_000)
    problems = []

    def once():
        try:
            put(storage, content)
        except Exception as problem:  # noqa: BLE001 - the test looks at it
            problems.append(problem)

    threads = [threading.Thread(target=once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert [stored.key for stored in storage.walk()] == [key_of(content)]
    assert read(storage, key_of(content)) == content


def test_an_object_can_be_read_on_while_it_is_deleted(storage):
    content = os.urandom(100_000)
    key = put(storage, content)
    with storage.open(key) as stored:
        storage.delete(key)
        assert b"".join(stored.stream()) == content


def test_a_spool_of_another_storage_is_not_taken(storage, tmp_path):
    other = (
        MemoryStorage()
        if isinstance(storage, FilesystemStorage)
        else FilesystemStorage(FilesystemConfig(tmp_path / "other", reserve_bytes=0))
    )
    spool = other.spool()
    spool.write(b"x")
    with pytest.raises(TypeError):
        storage.put(spool, key_of(b"x"), RECEIVED_US)
    spool.discard()


FOLDER = "0d9f3a52-7c1e-4a7e-9c67-3b1f2a4c5d6e"


def test_what_is_set_aside_is_found_by_nothing_and_comes_back_as_it_was(storage):
    key = put(storage, b"an image")
    (before,) = storage.walk()
    assert storage.set_aside(key, FOLDER)
    assert storage.set_aside(key, FOLDER)  # harmless when repeated
    assert not storage.exists(key)
    assert list(storage.walk()) == []
    assert storage.bring_back(key, FOLDER)
    assert list(storage.walk()) == [before]
    assert read(storage, key) == b"an image"
    assert storage.bring_back(key, FOLDER)


def test_what_came_again_meanwhile_stays(storage):
    key = put(storage, b"an image")
    storage.set_aside(key, FOLDER)
    put(storage, b"an image", received_us=RECEIVED_US + 5_000_000)
    (again,) = storage.walk()
    assert storage.bring_back(key, FOLDER)
    assert list(storage.walk()) == [again]


def test_what_is_dropped_from_the_trash_does_not_come_back(storage):
    key = put(storage, b"an image")
    storage.set_aside(key, FOLDER)
    storage.drop_aside(key, FOLDER)
    storage.drop_aside(key, FOLDER)
    assert not storage.bring_back(key, FOLDER)
    assert not storage.set_aside(key, FOLDER)


def test_notes_are_kept_until_their_folder_is_dropped(storage):
    key = put(storage, b"an image")
    assert storage.note(FOLDER) is None
    storage.write_note(FOLDER, b"one")
    storage.write_note(FOLDER, b"two")
    assert list(storage.notes()) == [(FOLDER, b"two")]
    storage.set_aside(key, FOLDER)
    storage.drop_folder(FOLDER)
    assert storage.note(FOLDER) == b"two"  # something lies in it
    storage.drop_aside(key, FOLDER)
    storage.drop_folder(FOLDER)
    assert list(storage.notes()) == []


@pytest.mark.parametrize("folder", ["", "..", "../objects", "a/b", "x" * 20])
def test_what_cannot_name_a_folder_of_the_trash_is_refused(tmp_path, folder):
    storage = FilesystemStorage(FilesystemConfig(tmp_path, reserve_bytes=0))
    with pytest.raises(InvalidInstance):
        storage.write_note(folder, b"a note")
    assert list(storage.notes()) == []
