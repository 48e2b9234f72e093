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
    op.add_column("sent_replies", sa.Column("author_id", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_sent_replies_author_id"), "sent_replies", ["author_id"])
    op.add_column("sent_replies", sa.Column("remark", sa.Text(), nullable=True))
    op.add_column("sent_replies", sa.Column("posted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("queued_questions", sa.Column("private", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("queued_questions", sa.Column("asker", sa.String(length=32), nullable=True))
    # Which of the earlier questions were asked in private is not known.
    op.execute(sa.update(sa.table("queued_questions", sa.column("private"))).values(private=sa.true()))
    op.create_table(
        "queue_messages",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_queue_messages")),
    )
    op.create_index(op.f("ix_queue_messages_server_id"), "queue_messages", ["server_id"])


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_queue_messages_server_id"), table_name="queue_messages")
    op.drop_table("queue_messages")
    op.drop_index(op.f("ix_sent_replies_author_id"), table_name="sent_replies")
    for table, column in (
        ("queued_questions", "asker"),
        ("queued_questions", "private"),
        ("sent_replies", "posted"),
        ("sent_replies", "remark"),
        ("sent_replies", "author_id"),
    ):
        op.drop_column(table, column)
