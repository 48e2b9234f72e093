"""The fact store.

Revision: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite counts up by itself only a primary key of type INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "command_trees",
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_command_trees")),
    )
    op.create_table(
        "packs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packs")),
    )
    op.create_table(
        "server_settings",
        sa.Column("server_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("editor_role_id", sa.BigInteger(), nullable=True),
        sa.Column("log_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("queue_channel_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_settings")),
    )
    op.create_table(
        "sources",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("server_id", "key", name=op.f("uq_sources_server_id_key")),
    )
    op.create_table(
        "facts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("locator", sa.String(length=100), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("milestone_date", sa.Date(), nullable=True),
        sa.Column("milestone_precision", sa.String(length=5), nullable=True),
        sa.Column("milestone_label", sa.Text(), nullable=True),
        sa.Column("milestone_planned", sa.Boolean(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("pack_id", sa.String(length=64), nullable=True),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "milestone_precision IN ('day', 'month', 'year')", name=op.f("ck_facts_milestone_precision")
        ),
        sa.CheckConstraint(
            "(milestone_date IS NULL) = (milestone_precision IS NULL)"
            " AND (milestone_date IS NULL) = (milestone_label IS NULL)",
            name=op.f("ck_facts_milestone_whole"),
        ),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_facts_pack_id_packs"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_facts_source_id_sources"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
        sa.UniqueConstraint("server_id", "slug", name=op.f("uq_facts_server_id_slug")),
    )
    op.create_index(op.f("ix_facts_pack_id"), "facts", ["pack_id"])
    op.create_index(op.f("ix_facts_source_id"), "facts", ["source_id"])

    op.create_table(
        "known_unknowns",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("say", sa.Text(), nullable=True),
        sa.Column("pack_id", sa.String(length=64), nullable=True),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["packs.id"], name=op.f("fk_known_unknowns_pack_id_packs"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_unknowns")),
        sa.UniqueConstraint("server_id", "slug", name=op.f("uq_known_unknowns_server_id_slug")),
    )
    op.create_index(op.f("ix_known_unknowns_pack_id"), "known_unknowns", ["pack_id"])

    op.create_table(
        "names",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pack_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_names_pack_id_packs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_names")),
        sa.UniqueConstraint("server_id", "name", name=op.f("uq_names_server_id_name")),
    )
    op.create_index(op.f("ix_names_pack_id"), "names", ["pack_id"])

    op.create_table(
        "aliases",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["name_id"], ["names.id"], name=op.f("fk_aliases_name_id_names"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aliases")),
    )
    op.create_index(op.f("ix_aliases_name_id"), "aliases", ["name_id"])

    op.create_table(
        "phrasings",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("fact_id", ROW_ID, nullable=True),
        sa.Column("unknown_id", ROW_ID, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("(fact_id IS NULL) <> (unknown_id IS NULL)", name=op.f("ck_phrasings_one_owner")),
        sa.ForeignKeyConstraint(["fact_id"], ["facts.id"], name=op.f("fk_phrasings_fact_id_facts"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["unknown_id"],
            ["known_unknowns.id"],
            name=op.f("fk_phrasings_unknown_id_known_unknowns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrasings")),
    )
    op.create_index(op.f("ix_phrasings_fact_id"), "phrasings", ["fact_id"])
    op.create_index(op.f("ix_phrasings_unknown_id"), "phrasings", ["unknown_id"])

    op.create_table(
        "revisions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("fact_id", ROW_ID, nullable=True),
        sa.Column("unknown_id", ROW_ID, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("(fact_id IS NULL) <> (unknown_id IS NULL)", name=op.f("ck_revisions_one_subject")),
        sa.ForeignKeyConstraint(
            ["fact_id"], ["facts.id"], name=op.f("fk_revisions_fact_id_facts"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["unknown_id"],
            ["known_unknowns.id"],
            name=op.f("fk_revisions_unknown_id_known_unknowns"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("fact_id", "number", name=op.f("uq_revisions_fact_id_number")),
        sa.UniqueConstraint("unknown_id", "number", name=op.f("uq_revisions_unknown_id_number")),
    )
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


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("shared_fact_overrides")
    op.drop_table("revisions")
    op.drop_index(op.f("ix_phrasings_unknown_id"), table_name="phrasings")
    op.drop_index(op.f("ix_phrasings_fact_id"), table_name="phrasings")

    op.drop_table("phrasings")
    op.drop_index(op.f("ix_aliases_name_id"), table_name="aliases")

    op.drop_table("aliases")
    op.drop_index(op.f("ix_names_pack_id"), table_name="names")

    op.drop_table("names")
    op.drop_index(op.f("ix_known_unknowns_pack_id"), table_name="known_unknowns")

    op.drop_table("known_unknowns")
    op.drop_index(op.f("ix_facts_source_id"), table_name="facts")
    op.drop_index(op.f("ix_facts_pack_id"), table_name="facts")

    op.drop_table("facts")
    op.drop_table("sources")
    op.drop_table("server_settings")
    op.drop_table("packs")
    op.drop_table("command_trees")
