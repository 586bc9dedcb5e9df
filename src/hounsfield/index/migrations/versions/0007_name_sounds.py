"""How the words of patients' names sound, of the studies that are here already too."""

import sqlalchemy as sa
from alembic import op

from hounsfield.dicom.names import sounds_of

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT_ONCE = 10_000


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    sounds = op.create_table(
        "study_name_sound",
        sa.Column("sound", sa.Text, primary_key=True),
        sa.Column("study_fk", big, sa.ForeignKey("study.id"), primary_key=True),
    )
    names = ("patient_name", "patient_name_ideographic", "patient_name_phonetic")
    study = sa.table("study", sa.column("id"), *map(sa.column, names))
    connection = op.get_bind()
    last = 0
    while True:
        some = sa.select(study).where(study.c.id > last).order_by(study.c.id).limit(_AT_ONCE)
        rows = connection.execute(some).all()
        if not rows:
            return
        made = [
            {"sound": sound, "study_fk": row.id}
            for row in rows
            for sound in sounds_of("=".join(row[1:]))
        ]
        if made:
            connection.execute(sounds.insert(), made)
        last = rows[-1].id
