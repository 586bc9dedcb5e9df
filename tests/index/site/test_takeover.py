"""What a site has set up comes over into an index made anew."""

import sqlite3

import pytest

from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.jobs import Jobs, NewJob
from hounsfield.index.site.takeover import take_over


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.db"
    database = Database(IndexConfig(path))
    jobs = Jobs(database)
    for number in range(3000):
        jobs.add(NewJob("send", f"study {number} " + "x" * 200, lane="PACS"))
    database.close()
    return path


@pytest.fixture
def new(tmp_path):
    database = Database(IndexConfig(tmp_path / "new.db"))
    yield database
    database.close()


def rows(path, table="job"):
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    connection.close()
    return found


def test_the_tables_of_the_site_come_over_and_those_of_the_images_do_not(old, new, tmp_path):
    with sqlite3.connect(old) as connection:
        connection.execute(
            "INSERT INTO change (kind, study_instance_uid, series_instance_uid, sop_instance_uid,"
            " patient_fk, actor, at_us) VALUES ('stored', '1.2', '', '', 1, 'me', 1)"
        )
    connection.close()
    taken = take_over(old, new)
    assert taken.rows >= 3000
    assert taken.damaged == []
    assert rows(tmp_path / "new.db") == rows(old)
    assert rows(tmp_path / "new.db", "change") == []


def test_an_old_index_that_is_not_there_is_nothing_to_take_over(new, tmp_path):
    assert take_over(tmp_path / "none.db", new).rows == 0


def test_columns_and_tables_that_the_old_index_did_not_have_stay_as_they_are(old, new, tmp_path):
    with sqlite3.connect(old) as connection:
        connection.execute("CREATE TABLE from_another_time (id INTEGER)")
        connection.execute("ALTER TABLE job ADD COLUMN from_another_time TEXT")
    connection.close()
    take_over(old, new)
    assert len(rows(tmp_path / "new.db")) == 3000


def test_a_damaged_table_comes_over_as_far_as_it_can_be_read_and_is_named(old, new, tmp_path):
    content = bytearray(old.read_bytes())
    begin = len(content) // 2
    content[begin : begin + 16384] = b"\xff" * 16384
    old.write_bytes(content)
    taken = take_over(old, new)
    assert taken.damaged == ["job"]
    assert 0 < len(rows(tmp_path / "new.db")) < 3000


def test_what_is_no_database_is_named_as_damaged_whole(new, tmp_path):
    (tmp_path / "old.db").write_bytes(b"not a database" * 1000)
    assert take_over(tmp_path / "old.db", new).damaged == ["everything"]


def test_what_belongs_to_a_row_that_cannot_be_read_is_left_out_and_its_table_named(
    tmp_path, old, new
):
    with sqlite3.connect(old) as connection:
        connection.execute(
            "INSERT INTO sent_instance SELECT id, '1.2.3', 'ab', 'PACS', '1.2', 1, 0, '', 1 FROM job"
        )
        connection.execute("DELETE FROM job WHERE title LIKE 'study 7%'")
        left = connection.execute("SELECT count(*) FROM job").fetchone()[0]
    connection.close()
    taken = take_over(old, new)
    assert taken.damaged == ["sent_instance"]
    assert len(rows(tmp_path / "new.db", "job")) == left
    assert len(rows(tmp_path / "new.db", "sent_instance")) == left
