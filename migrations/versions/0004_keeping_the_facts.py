"""What editors need to keep the facts from Discord.

A server's own entry may follow the shared one of the same id; that takes the place of the overrides, which no command
has ever written. Also drafts, saved tests, those who want to be told, and until when a fact is to be looked at again.

Revision: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# SQLite counts up by itself only a primary key of type INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    op.drop_table("shared_fact_overrides")
    for table in ("facts", "known_unknowns", "revisions"):
        op.add_column(table, sa.Column("follows", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("facts", sa.Column("review_by", sa.Date(), nullable=True))
    op.add_column("facts", sa.Column("superseded_by", sa.String(length=64), nullable=True))
    op.add_column("server_settings", sa.Column("queue_days", sa.Integer(), server_default="30", nullable=False))
    op.create_table(
        "answer_alerts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_alerts")),
    )
    for column in ("server_id", "user_id", "at"):
        op.create_index(op.f(f"ix_answer_alerts_{column}"), "answer_alerts", [column])
    op.create_table(
        "drafts",
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_drafts")),
    )
    for column in ("user_id", "at"):
        op.create_index(op.f(f"ix_drafts_{column}"), "drafts", [column])
    op.create_table(
        "saved_tests",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("fact_slug", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_tests")),
    )
    op.create_index(op.f("ix_saved_tests_server_id"), "saved_tests", ["server_id"])


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_saved_tests_server_id"), table_name="saved_tests")
    op.drop_table("saved_tests")
    for column in ("at", "user_id"):
        op.drop_index(op.f(f"ix_drafts_{column}"), table_name="drafts")
    op.drop_table("drafts")
    for column in ("at", "user_id", "server_id"):
        op.drop_index(op.f(f"ix_answer_alerts_{column}"), table_name="answer_alerts")
    op.drop_table("answer_alerts")
    op.drop_column("server_settings", "queue_days")
    for column in ("superseded_by", "review_by"):
        op.drop_column("facts", column)
    for table in ("revisions", "known_unknowns", "facts"):
        op.drop_column(table, "follows")
    op.create_table(
        "shared_fact_overrides",
        sa.Column("server_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fact_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("replacement_id", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["fact_id"], ["facts.id"], name=op.f("fk_shared_fact_overrides_fact_id_facts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["replacement_id"],
            ["facts.id"],
            name=op.f("fk_shared_fact_overrides_replacement_id_facts"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("server_id", "fact_id", name=op.f("pk_shared_fact_overrides")),
    )
