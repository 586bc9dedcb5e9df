"""Orders with their scheduled procedure steps, performed procedure steps, and what a study should have."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imaging_order",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("needs_attention", sa.Text, nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("patient_name", sa.Text, nullable=False),
        sa.Column("accession_number", sa.String(16), nullable=False),
        sa.Column("requested_procedure_id", sa.String(16), nullable=False),
        sa.Column("scheduled_procedure_step_id", sa.String(16), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("modality", sa.String(16), nullable=False),
        sa.Column("station_ae_title", sa.Text, nullable=False),
        sa.Column("start_date", sa.String(8), nullable=False),
        sa.Column("start_time", sa.String(14), nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
    )
    for name, columns in (
        ("imaging_order_by_start", ["start_date", "start_time", "id"]),
        ("imaging_order_by_status", ["status", "start_date"]),
        ("imaging_order_by_patient", ["patient_id"]),
        ("imaging_order_by_accession", ["accession_number"]),
        ("imaging_order_by_study", ["study_instance_uid"]),
    ):
        op.create_index(name, "imaging_order", columns)
    op.create_table(
        "performed_procedure_step",
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("start_date", sa.String(8), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "performed_procedure_step_by_study",
        "performed_procedure_step",
        ["study_instance_uid", "status"],
    )
    for name, column in (
        ("performed_procedure_step_by_patient", "patient_id"),
        ("performed_procedure_step_by_start", "start_date"),
    ):
        op.create_index(name, "performed_procedure_step", [column])
    op.create_table(
        "performed_step_order",
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column(
            "order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
        ),
    )
    op.create_index("performed_step_order_by_order", "performed_step_order", ["order_id"])
    op.create_table(
        "expected_instance",
        sa.Column("procedure_step_uid", sa.String(64), primary_key=True),
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column("series_instance_uid", sa.String(64), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
    )
    op.create_index("expected_instance_by_study", "expected_instance", ["study_instance_uid"])
