"""What many processes on one database need: numbered changes, and jobs that one of them does.

Revision: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up. Earlier revisions belong to no change: nobody has to catch up with them."""
    op.create_table(
        "change_counters",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_counters")),
    )
    op.create_table(
        "change_marks",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("server_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "server_id", name=op.f("pk_change_marks")),
    )
    op.create_index(op.f("ix_change_marks_change"), "change_marks", ["change"])
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_jobs")),
    )
    op.add_column("revisions", sa.Column("change", sa.BigInteger(), nullable=True))
    op.execute("UPDATE revisions SET change = 0")
    op.create_index(op.f("ix_revisions_change"), "revisions", ["change"])


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_revisions_change"), table_name="revisions")
    op.drop_column("revisions", "change")
    op.drop_table("jobs")
    op.drop_index(op.f("ix_change_marks_change"), table_name="change_marks")
    op.drop_table("change_marks")
    op.drop_table("change_counters")
