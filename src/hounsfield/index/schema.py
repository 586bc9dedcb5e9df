"""The index's tables: DICOM's patient, study, series and instance, and what happened to them.

Columns hold what is searched, sorted or counted; ``attributes`` holds the DICOM JSON of the level's indexed
attributes, ready to be sent. Names of persons are folded (`dicom.attributes.normalise_name`), everything else
is as received, because PS3.4 C.2.2.2.1 compares all but names exactly.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.sql import ColumnElement

metadata = MetaData()

# Written out and not bound: only so does SQLite see that the partial index on it can be used.
RECEIVING: ColumnElement[str] = literal_column("'receiving'")
_IS_RECEIVING = text("status = 'receiving'")

# SQLite numbers rows itself only in a column of type INTEGER; PostgreSQL needs 64 bits asked for.
RowId = BigInteger().with_variant(Integer, "sqlite")

patient = Table(
    "patient",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("patient_id", String(64), nullable=False),
    Column("issuer_of_patient_id", String(64), nullable=False),
    Column("patient_name", Text, nullable=False),
    Column("patient_birth_date", String(16), nullable=False),
    Column("patient_sex", String(16), nullable=False),
    Column("identity_conflict", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("patient_by_id", "patient_id", "issuer_of_patient_id"),
)

study = Table(
    "study",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("patient_fk", RowId, ForeignKey("patient.id"), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("patient_name", Text, nullable=False),
    Column("patient_name_ideographic", Text, nullable=False),
    Column("patient_name_phonetic", Text, nullable=False),
    Column("study_date", String(16), nullable=False),
    Column("study_time", String(16), nullable=False),
    Column("accession_number", String(64), nullable=False),
    Column("study_id", String(64), nullable=False),
    Column("study_description", Text, nullable=False),
    Column("referring_physician_name", Text, nullable=False),
    Column("modalities", Text, nullable=False),
    Column("sop_classes", Text, nullable=False),
    Column("number_of_series", Integer, nullable=False),
    Column("number_of_instances", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("first_received_us", BigInteger, nullable=False),
    Column("last_received_us", BigInteger, nullable=False),
    Column("identity_conflict", Boolean, nullable=False),
    Column("version_conflicts", Integer, nullable=False),
    Column("search_text", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    UniqueConstraint("study_instance_uid", "patient_fk", name="study_by_uid"),
    Index("study_by_patient", "patient_fk"),
    Index("study_by_patient_id", "patient_id"),
    Index("study_by_name", "patient_name"),
    Index("study_by_name_ideographic", "patient_name_ideographic"),
    Index("study_by_name_phonetic", "patient_name_phonetic"),
    Index("study_by_date", "study_date", "study_time", "id"),
    Index("study_by_accession", "accession_number"),
    Index("study_by_description", "study_description"),
    Index("study_by_receipt", "last_received_us"),
    Index("study_by_size", "number_of_instances"),
    # Only those that still grow are looked for by status, and growth must not touch a further index.
    Index(
        "study_receiving",
        "id",
        sqlite_where=_IS_RECEIVING,
        postgresql_where=_IS_RECEIVING,
    ),
)

# How the words of a patient's name sound (`dicom.names`), for fuzzy matching.
study_name_sound = Table(
    "study_name_sound",
    metadata,
    Column("sound", Text, primary_key=True),
    Column("study_fk", RowId, ForeignKey("study.id"), primary_key=True),
)

series = Table(
    "series",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("study_fk", RowId, ForeignKey("study.id"), nullable=False),
    Column("series_instance_uid", String(64), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("series_number", BigInteger),
    Column("series_description", Text, nullable=False),
    Column("sop_classes", Text, nullable=False),
    Column("number_of_instances", Integer, nullable=False),
    Column("number_of_frames", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("last_received_us", BigInteger, nullable=False),
    Column("attributes", Text, nullable=False),
    UniqueConstraint("series_instance_uid", "study_fk", name="series_by_uid"),
)
Index("series_by_study", series.c.study_fk.desc(), series.c.series_number)

instance = Table(
    "instance",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("series_fk", RowId, ForeignKey("series.id"), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("sop_class_uid", String(64), nullable=False),
    Column("instance_number", BigInteger),
    Column("number_of_frames", Integer, nullable=False),
    Column("transfer_syntax_uid", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("received_by", String(16), nullable=False),
    Column("source", String(64), nullable=False),
    Column("dataset_offset", BigInteger, nullable=False),
    Column("frame_table", LargeBinary),
    Column("attributes", Text, nullable=False),
    UniqueConstraint("sop_instance_uid", "series_fk", "version", name="instance_by_uid"),
)
Index("instance_by_series", instance.c.series_fk.desc(), instance.c.instance_number)

change = Table(
    "change",
    metadata,
    Column("sequence", RowId, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("series_instance_uid", String(64), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("patient_fk", RowId, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

totals = Table(
    "totals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("patients", BigInteger, nullable=False),
    Column("studies", BigInteger, nullable=False),
    Column("series", BigInteger, nullable=False),
    Column("instances", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
)

series_metadata = Table(
    "series_metadata",
    metadata,
    Column("series_fk", RowId, ForeignKey("series.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# What can be told from the stored objects; every other table is the site's (`index.site`).
IMAGE_TABLES = frozenset(metadata.tables)
