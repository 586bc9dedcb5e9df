"""The migrations make the tables of the code, and an index of before keeps what it holds."""

import importlib
import pkgutil

import orjson
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hounsfield.dicom.query import FuzzyName, Key, Level, Query
from hounsfield.index import database as databases
from hounsfield.index import schema, site
from hounsfield.index.database import HEAD, Database, IndexConfig, current_revision, migrate
from hounsfield.index.index import Index

MIGRATIONS = str(databases.Path(databases.__file__).parent / "migrations")
STEP = {"00400270": {"vr": "SQ", "Value": [
    {"0020000D": {"vr": "UI", "Value": ["2.25.1"]}}, {"0020000D": {"vr": "UI", "Value": ["2.25.2"]}},
]}}  # fmt: skip


@pytest.fixture
def engine(tmp_path):
    engine = databases._make_engine(IndexConfig(tmp_path / "index.db"))
    yield engine
    engine.dispose()


def at(engine, revision):
    """Bring an empty database to an earlier revision."""
    alembic = Config()
    alembic.set_main_option("script_location", MIGRATIONS)
    with engine.connect() as connection, connection.begin():
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, revision)


def test_the_newest_migration_is_the_one_that_the_code_names():
    assert ScriptDirectory(MIGRATIONS).get_heads() == [HEAD]


def test_the_migrations_make_the_tables_and_indexes_of_the_code(tmp_path):
    for module in pkgutil.iter_modules(site.__path__):  # each brings its tables
        importlib.import_module(f"{site.__name__}.{module.name}")
    database = Database(IndexConfig(tmp_path / "index.db"))
    try:
        with database.reading() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    finally:
        database.close()
    # SQLite's full-text table is no table of the metadata.
    assert [one for one in differences if "study_words" not in str(one)] == []


def test_steps_of_before_count_for_all_their_studies_and_are_awaited(engine):
    at(engine, "0009")
    with engine.connect() as connection, connection.begin():
        for uid in ("2.25.7", "2.25.8"):
            connection.execute(
                sa.text(
                    "INSERT INTO performed_procedure_step VALUES"
                    " (:uid, 'COMPLETED', '2.25.1', 'P1', '20261124', :attributes, 'CT1', 5, 6)"
                ),
                {"uid": uid, "attributes": orjson.dumps(STEP).decode()},
            )
        connection.execute(
            sa.text("INSERT INTO expected_instance VALUES ('2.25.7', '2.25.9', '2.25.3', '2.25.1')")
        )
    migrate(engine)
    assert current_revision(engine) == HEAD
    with engine.connect() as connection:
        rows = {
            table: connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1, 2")).all()
            for table in ("performed_step_study", "awaited_step", "expected_instance")
        }
        connection.rollback()
    assert rows["performed_step_study"] == [
        (step, study) for step in ("2.25.7", "2.25.8") for study in ("2.25.1", "2.25.2")
    ]
    assert rows["awaited_step"] == [("2.25.7", 6, 0, 0, 0)]
    assert rows["expected_instance"] == [("2.25.7", "2.25.9", "2.25.3")]


def test_studies_from_before_the_sounds_of_names_are_found_by_them_too(engine, tmp_path):
    at(engine, "0006")
    names = ("patient_name", "patient_name_ideographic", "patient_name_phonetic")
    values = dict(zip(names, ("muller^jorg", "山田^太郎", ""), strict=True))
    for table in (schema.patient, schema.study):
        with engine.connect() as connection, connection.begin():
            row = {
                column.name: "" if isinstance(column.type, sa.String) else 1
                for column in table.columns
            }
            known = {name: text for name, text in values.items() if name in row}
            connection.execute(sa.insert(table).values(row | known | {"attributes": "{}"}))
    engine.dispose()
    with Index(IndexConfig(tmp_path / "index.db")) as index:
        for name in ("Mueller", "Joerg^Miller", "山田"):
            query = Query(Level.STUDY, (Key(0x00100010, "PN", FuzzyName(name)),))
            assert len(index.search(query)) == 1
