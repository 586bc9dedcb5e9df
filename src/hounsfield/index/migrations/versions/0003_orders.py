"""Orders with their scheduled procedure steps, performed procedure steps, and what a study should have."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
