"""Lets people take back what they asked: whose a queued question is, as a code, and where the queue is shown.

Also what a reply said besides its facts, so that a correction can say it again.

Revision: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("sent_replies", sa.Column("remark", sa.Text(), nullable=True))
    op.add_column("sent_replies", sa.Column("posted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("queued_questions", sa.Column("private", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("queued_questions", sa.Column("asker", sa.String(length=32), nullable=True))
    op.create_table(
        "queue_messages",
        sa.Column("server_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_queue_messages")),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("queue_messages")
    for table, column in (
        ("queued_questions", "asker"),
        ("queued_questions", "private"),
        ("sent_replies", "posted"),
        ("sent_replies", "remark"),
    ):
        op.drop_column(table, column)
