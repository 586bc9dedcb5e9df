"""Jobs, routing rules and what was sent where."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _jobs()
    _routing()


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("lane", sa.String(64), nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wish", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("setbacks", sa.Integer, nullable=False),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("next_try_us", sa.BigInteger, nullable=False),
        sa.Column("give_up_us", sa.BigInteger, nullable=False),
        sa.Column("give_up_after_us", sa.BigInteger, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("held_until_us", sa.BigInteger, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("started_us", sa.BigInteger),
        sa.Column("ended_us", sa.BigInteger),
    )
    op.create_index("job_by_state", "job", ["state", "next_try_us"])
    op.create_index("job_by_lane", "job", ["state", "lane", "next_try_us"])
    op.create_index("job_by_creation", "job", ["created_us"])
    op.create_index("job_by_study", "job", ["study_instance_uid"])
    op.create_table(
        "job_lane",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("is_paused", sa.Boolean, nullable=False),
    )


def _routing() -> None:
    op.create_table(
        "sent_instance",
        sa.Column(
            "job_id", sa.String(36), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("peer", sa.String(64), nullable=False),
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column("is_accepted", sa.Boolean, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_index("sent_instance_by_study", "sent_instance", ["study_instance_uid", "peer"])
    op.create_table(
        "routing_rule",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("occasion", sa.String(16), nullable=False),
        sa.Column("match", sa.Text, nullable=False),
        sa.Column("destinations", sa.Text, nullable=False),
        sa.Column("asks_commitment", sa.Boolean, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("last_job_us", sa.BigInteger),
    )
    op.create_table(
        "routing_cursor",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("moved_us", sa.BigInteger, nullable=False),
        sa.Column("not_before_us", sa.BigInteger, nullable=False),
    )
