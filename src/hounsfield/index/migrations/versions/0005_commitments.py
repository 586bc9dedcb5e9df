"""Storage commitment transactions, and who is told of what is available."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commitment",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("transaction_uid", sa.String(64), nullable=False),
        sa.Column("peer_ae_title", sa.String(16), nullable=False),
        sa.Column("our_ae_title", sa.String(16), nullable=False),
        sa.Column("peer", sa.String(64), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("held_by", sa.String(64), nullable=False),
        sa.Column("held_until_us", sa.BigInteger, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("checked_us", sa.BigInteger),
        sa.Column("ended_us", sa.BigInteger),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("commitment_by_transaction", "commitment", ["transaction_uid"])
    op.create_index("commitment_by_peer", "commitment", ["peer_ae_title", "state"])
    op.create_index("commitment_by_end", "commitment", ["ended_us"])
    op.create_index("commitment_by_job", "commitment", ["job_id"])
    op.create_table(
        "commitment_instance",
        sa.Column("commitment_id", sa.String(36), sa.ForeignKey("commitment.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("sop_class_uid", sa.String(64), nullable=False),
        sa.Column("sop_instance_uid", sa.String(64), nullable=False),
        sa.Column("failure_reason", sa.Integer),
    )
    op.create_index("commitment_instance_by_uid", "commitment_instance", ["sop_instance_uid"])
    op.create_table(
        "availability_subscriber",
        sa.Column("peer", sa.String(64), primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
    )
