"""What servers set about asking, and what is kept about replies, votes and unanswered questions.

Revision: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite counts up by itself only a primary key of type INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("server_settings", sa.Column("listening_channel_ids", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("server_settings", sa.Column("cooldown_s", sa.Integer(), server_default="60", nullable=False))
    op.add_column("server_settings", sa.Column("wait_s", sa.Integer(), server_default="0", nullable=False))
    op.add_column("server_settings", sa.Column("votes_shown", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "sent_replies",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=True),
        sa.Column("asker_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("fact_ids", sa.JSON(), nullable=False),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_sent_replies")),
    )
    op.create_index(op.f("ix_sent_replies_asker_id"), "sent_replies", ["asker_id"])
    op.create_index(op.f("ix_sent_replies_at"), "sent_replies", ["at"])
    op.create_table(
        "votes",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("voter", sa.String(length=32), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("fact_slug", sa.String(length=64), nullable=False),
        sa.Column("is_right", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "voter", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_at"), "votes", ["at"])
    op.create_table(
        "vote_counts",
        sa.Column("server_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fact_slug", sa.String(length=64), nullable=False),
        sa.Column("right_count", sa.Integer(), nullable=False),
        sa.Column("wrong_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "fact_slug", name=op.f("pk_vote_counts")),
    )
    op.create_table(
        "queued_questions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("doubt", sa.String(length=16), nullable=False),
        sa.Column("fact_slug", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queued_questions")),
    )
    op.create_index(op.f("ix_queued_questions_server_id"), "queued_questions", ["server_id"])
    op.create_index(op.f("ix_queued_questions_at"), "queued_questions", ["at"])
    op.create_table(
        "voter_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voter_keys")),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("voter_keys")
    op.drop_index(op.f("ix_queued_questions_at"), table_name="queued_questions")
    op.drop_index(op.f("ix_queued_questions_server_id"), table_name="queued_questions")
    op.drop_table("queued_questions")
    op.drop_table("vote_counts")
    op.drop_index(op.f("ix_votes_at"), table_name="votes")
    op.drop_table("votes")
    op.drop_index(op.f("ix_sent_replies_at"), table_name="sent_replies")
    op.drop_index(op.f("ix_sent_replies_asker_id"), table_name="sent_replies")
    op.drop_table("sent_replies")
    for column in ("votes_shown", "wait_s", "cooldown_s", "listening_channel_ids"):
        op.drop_column("server_settings", column)
