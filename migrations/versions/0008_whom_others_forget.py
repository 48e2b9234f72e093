"""Whom a process has forgotten at their request, as a digest: the others may have them in memory.

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


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_forgotten_people_at"), table_name="forgotten_people")
    op.drop_table("forgotten_people")
