"""Peers, associations and refused callers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "peer",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("ae_title", sa.String(16), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("port", sa.Integer),
        sa.Column("uses_tls", sa.Boolean, nullable=False),
        sa.Column("may", sa.Text, nullable=False),
        sa.Column("transfer_syntaxes", sa.Text, nullable=False),
        sa.Column("character_set", sa.String(255), nullable=False),
        sa.Column("max_parallel", sa.Integer, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("addresses", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
    )
    op.create_index("peer_by_ae_title", "peer", ["ae_title"])
    op.create_table(
        "caller",
        sa.Column("ae_title", sa.String(64), primary_key=True),
        sa.Column("called_ae_title", sa.String(64), primary_key=True),
        sa.Column("address", sa.String(64), primary_key=True),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("first_us", sa.BigInteger, nullable=False),
        sa.Column("last_us", sa.BigInteger, nullable=False),
    )
    op.create_index("caller_by_time", "caller", ["last_us"])
    op.create_table(
        "association",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("process", sa.String(128), nullable=False),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
        sa.Column("calling_ae_title", sa.String(64), nullable=False),
        sa.Column("called_ae_title", sa.String(64), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("peer", sa.String(64), nullable=False),
        sa.Column("is_tls", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("is_ok", sa.Boolean, nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("contexts", sa.LargeBinary, nullable=False),
        sa.Column("messages", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("bytes_received", sa.BigInteger, nullable=False),
        sa.Column("bytes_sent", sa.BigInteger, nullable=False),
        sa.Column("implementation", sa.String(128), nullable=False),
    )
    op.create_index("association_by_peer", "association", ["peer", "id"])
    op.create_index("association_by_outcome", "association", ["outcome", "id"])
    op.create_index("association_by_start", "association", ["began_us"])
