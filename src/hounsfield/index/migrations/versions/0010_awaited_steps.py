"""All studies that a performed procedure step names, and the steps of which something does not come."""

import orjson
import sqlalchemy as sa
from alembic import op

from hounsfield.dicom.procedure_steps import studies_of

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_PAGE = 500


def upgrade() -> None:
    studies = op.create_table(
        "performed_step_study",
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column("study_instance_uid", sa.String(64), primary_key=True),
    )
    op.create_index("performed_step_study_by_study", "performed_step_study", ["study_instance_uid"])
    op.create_table(
        "awaited_step",
        sa.Column("sop_instance_uid", sa.String(64), primary_key=True),
        sa.Column("said_us", sa.BigInteger, nullable=False),
        sa.Column("news_us", sa.BigInteger, nullable=False),
        sa.Column("looked_us", sa.BigInteger, nullable=False),
        sa.Column("is_overdue", sa.Boolean, nullable=False),
    )
    op.create_index("awaited_step_by_news", "awaited_step", ["is_overdue", "news_us"])
    _fill(op.get_bind(), studies)
    op.drop_index("performed_procedure_step_by_study", "performed_procedure_step")
    op.drop_column("performed_procedure_step", "study_instance_uid")
    op.drop_index("expected_instance_by_study", "expected_instance")
    op.drop_column("expected_instance", "study_instance_uid")
    op.create_index("expected_instance_by_series", "expected_instance", ["series_instance_uid"])


def _fill(connection: sa.Connection, studies: sa.Table) -> None:
    step = sa.table(
        "performed_procedure_step", sa.column("sop_instance_uid"), sa.column("attributes")
    )
    last = ""
    while True:
        some = sa.select(step).where(step.c.sop_instance_uid > last).limit(_PAGE)
        rows = connection.execute(some.order_by(step.c.sop_instance_uid)).all()
        made = [
            {"sop_instance_uid": row.sop_instance_uid, "study_instance_uid": uid}
            for row in rows
            for uid in studies_of(orjson.loads(row.attributes))
            if len(uid) <= 64
        ]
        if made:
            connection.execute(studies.insert(), made)
        if len(rows) < _PAGE:
            break
        last = rows[-1].sop_instance_uid
    # Each is looked at once, and forgotten where all that it named is here.
    connection.execute(
        sa.text(
            "INSERT INTO awaited_step (sop_instance_uid, said_us, news_us, looked_us, is_overdue)"
            " SELECT sop_instance_uid, updated_us, 0, 0, false FROM performed_procedure_step"
            " WHERE sop_instance_uid IN (SELECT procedure_step_uid FROM expected_instance)"
        )
    )
