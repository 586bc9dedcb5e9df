"""The tables of performed procedure steps: what they say, whose orders and studies they are of, and what they made."""

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text

from hounsfield.index.schema import RowId, metadata

performed_procedure_step = Table(
    "performed_procedure_step",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("start_date", String(8), nullable=False),
    Column("attributes", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index("performed_procedure_step_by_patient", "patient_id"),
    Index("performed_procedure_step_by_start", "start_date"),
)
performed_step_order = Table(
    "performed_step_order",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("order_id", RowId, primary_key=True),
    Index("performed_step_order_by_order", "order_id"),
)
# The studies that a step names: those of all steps that the modality was told to perform (PS3.4 F.7.2.1.2).
performed_step_study = Table(
    "performed_step_study",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("study_instance_uid", String(64), primary_key=True),
    Index("performed_step_study_by_study", "study_instance_uid"),
)
expected_instance = Table(
    "expected_instance",
    metadata,
    Column("procedure_step_uid", String(64), primary_key=True),
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("series_instance_uid", String(64), nullable=False),
    Index("expected_instance_by_series", "series_instance_uid"),
)
# Steps that named instances which were not all here at the last look. ``news_us`` is when the last of them came or was
# named, as far as was known then (0 before the first look); one that is overdue needs a person's attention.
awaited_step = Table(
    "awaited_step",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("said_us", BigInteger, nullable=False),
    Column("news_us", BigInteger, nullable=False),
    Column("looked_us", BigInteger, nullable=False),
    Column("is_overdue", Boolean, nullable=False),
    Index("awaited_step_by_news", "is_overdue", "news_us"),
)
