"""How many questions got what, week by week, for the editors of each server.

Revision: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "question_counts",
        sa.Column("server_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("entry_slug", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "week", "outcome", "entry_slug", name=op.f("pk_question_counts")),
    )
    op.create_index(op.f("ix_question_counts_week"), "question_counts", ["week"])


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_question_counts_week"), table_name="question_counts")
    op.drop_table("question_counts")
