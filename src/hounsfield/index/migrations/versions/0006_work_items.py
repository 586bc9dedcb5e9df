"""Unified procedure steps and who watches them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_item",
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("transaction_uid", sa.String(64), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("worklist_label", sa.Text, nullable=False),
        sa.Column("start_datetime", sa.String(26), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
    )
    op.create_index("work_item_by_state", "work_item", ["state", "start_datetime"])
    op.create_index("work_item_by_patient", "work_item", ["patient_id"])
    op.create_table(
        "work_item_subscription",
        sa.Column("ae_title", sa.String(16), primary_key=True),
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column("deletion_lock", sa.Boolean, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
    )
    op.create_index("work_item_subscription_by_uid", "work_item_subscription", ["sop_instance_uid"])
    op.create_table(
        "work_item_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("ae_title", sa.String(16), nullable=False),
        sa.Column("sop_instance_uid", sa.String(64), nullable=False),
        sa.Column("event_type", sa.Integer, nullable=False),
        sa.Column("information", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
    )
    op.create_index("work_item_event_by_ae", "work_item_event", ["ae_title", "id"])
