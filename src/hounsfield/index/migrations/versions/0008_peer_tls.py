"""Peers that may call over TLS only, and with which certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    requires = sa.Column("requires_tls", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("peer", requires)
    op.add_column("peer", sa.Column("certificate", sa.Text, nullable=False, server_default=""))
