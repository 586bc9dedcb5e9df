"""What was deleted and may come back, and who hears of work items over a WebSocket."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deletion",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("uid", sa.String(36), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("series_instance_uid", sa.String(64), nullable=False),
        sa.Column("sop_instance_uid", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("number_of_instances", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("deleted_by", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("deleted_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger),
    )
    op.create_index("deletion_by_study", "deletion", ["study_instance_uid"])
    op.create_index("deletion_by_state", "deletion", ["state", "deleted_us"])
    op.create_table(
        "work_item_channel",
        sa.Column("ae_title", sa.String(16), primary_key=True),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
    )
    op.add_column("work_item_event", sa.Column("told_us", sa.BigInteger))
