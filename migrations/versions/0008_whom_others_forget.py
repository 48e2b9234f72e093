"""Whom a process has forgotten at their request, as a digest: the others may have them in memory.

Until now they were told that there was somebody, and forgot everybody; marks that say so mean nothing any more. And the
id of who waits for an answer is given once, also by SQLite: where they could not be told, it is put back.

Revision: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "forgotten_people",
        sa.Column("change", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("change", name=op.f("pk_forgotten_people")),
    )
    op.create_index(op.f("ix_forgotten_people_at"), "forgotten_people", ["at"])
    op.execute("DELETE FROM change_marks WHERE kind = 'people'")
    _make_alerts_anew(autoincrement=True)


def downgrade() -> None:
    """Bring the schema back."""
    _make_alerts_anew(autoincrement=False)
    op.drop_index(op.f("ix_forgotten_people_at"), table_name="forgotten_people")
    op.drop_table("forgotten_people")


def _make_alerts_anew(*, autoincrement: bool) -> None:
    """Make the table anew where that is SQLite's; sequences of PostgreSQL never go back."""
    if op.get_context().dialect.name == "sqlite":
        options = {"sqlite_autoincrement": autoincrement}
        with op.batch_alter_table("answer_alerts", recreate="always", table_kwargs=options):
            pass
