"""The tables. Every constraint is named, so that a migration can find it on every database."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

# The server id of what all servers share. No Discord snowflake is 0, and unlike NULL it counts in unique constraints.
SHARED = 0


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC time; SQLite, which keeps no time zone, gets and gives it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Refuse naive times, and keep the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Give the time back as aware UTC."""
        return value.replace(tzinfo=dt.UTC) if value is not None and value.tzinfo is None else value


# SQLite counts up by itself only a primary key of type INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")
# For rows whose ids outlive them, as those behind buttons and in menus: SQLite gives such an id once only.
GIVEN_ONCE = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class PackRow(Base):
    """An article pack as it was last loaded."""

    __tablename__ = "packs"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class SourceRow(Base):
    """Where facts come from."""

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("server_id", "key"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED)
    key: Mapped[str] = mapped_column(String(64))
    publisher: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    authors: Mapped[list[str]] = mapped_column(JSON)
    published: Mapped[dt.date | None]
    url: Mapped[str | None] = mapped_column(Text)


class FactRow(Base):
    """A fact. ``edited`` facts are no longer changed by their pack; ``removed_at`` hides without deleting.

    A server's own row stands in the place of the shared one of the same slug, unless it ``follows`` that one: then it
    only keeps the history, and where it is removed, it hides the shared one from the server.
    """

    __tablename__ = "facts"
    __table_args__ = (
        UniqueConstraint("server_id", "slug"),
        CheckConstraint("milestone_precision IN ('day', 'month', 'year')", name="milestone_precision"),
        CheckConstraint(
            "(milestone_date IS NULL) = (milestone_precision IS NULL)"
            " AND (milestone_date IS NULL) = (milestone_label IS NULL)",
            name="milestone_whole",
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED)
    slug: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(40))
    statement: Mapped[str] = mapped_column(Text)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="RESTRICT"), index=True)
    locator: Mapped[str | None] = mapped_column(String(100))
    as_of: Mapped[dt.date | None]
    milestone_date: Mapped[dt.date | None]
    milestone_precision: Mapped[str | None] = mapped_column(String(5))
    milestone_label: Mapped[str | None] = mapped_column(Text)
    milestone_planned: Mapped[bool] = mapped_column(default=False)
    measures: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    review_by: Mapped[dt.date | None]
    superseded_by: Mapped[str | None] = mapped_column(String(64))
    pack_id: Mapped[str | None] = mapped_column(ForeignKey("packs.id", ondelete="SET NULL"), index=True)
    edited: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    removed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    follows: Mapped[bool] = mapped_column(default=False, server_default=false())

    source: Mapped[SourceRow] = relationship(lazy="joined", innerjoin=True)
    phrasings: Mapped[list[PhrasingRow]] = relationship(
        lazy="selectin",
        cascade="all, delete-orphan",
        order_by="PhrasingRow.position",
        foreign_keys="PhrasingRow.fact_id",
    )


class KnownUnknownRow(Base):
    """Questions that the sources do not answer; kept as facts are."""

    __tablename__ = "known_unknowns"
    __table_args__ = (UniqueConstraint("server_id", "slug"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED)
    slug: Mapped[str] = mapped_column(String(64))
    say: Mapped[str | None] = mapped_column(Text)
    pack_id: Mapped[str | None] = mapped_column(ForeignKey("packs.id", ondelete="SET NULL"), index=True)
    edited: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    removed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    follows: Mapped[bool] = mapped_column(default=False, server_default=false())

    phrasings: Mapped[list[PhrasingRow]] = relationship(
        lazy="selectin",
        cascade="all, delete-orphan",
        order_by="PhrasingRow.position",
        foreign_keys="PhrasingRow.unknown_id",
    )


class PhrasingRow(Base):
    """One way in which a person asks, for a fact or for a known unknown."""

    __tablename__ = "phrasings"
    __table_args__ = (CheckConstraint("(fact_id IS NULL) <> (unknown_id IS NULL)", name="one_owner"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    fact_id: Mapped[int | None] = mapped_column(ForeignKey("facts.id", ondelete="CASCADE"), index=True)
    unknown_id: Mapped[int | None] = mapped_column(ForeignKey("known_unknowns.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class NameRow(Base):
    """A thing's name, and the id of the fact that tells what it is."""

    __tablename__ = "names"
    __table_args__ = (UniqueConstraint("server_id", "name"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED)
    name: Mapped[str] = mapped_column(String(200))
    about: Mapped[str | None] = mapped_column(String(64))
    position: Mapped[int]
    pack_id: Mapped[str | None] = mapped_column(ForeignKey("packs.id", ondelete="SET NULL"), index=True)

    aliases: Mapped[list[AliasRow]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="AliasRow.position"
    )


class AliasRow(Base):
    """Another spelling of a name."""

    __tablename__ = "aliases"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name_id: Mapped[int] = mapped_column(ForeignKey("names.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    text: Mapped[str] = mapped_column(String(200))


class RevisionRow(Base):
    """One append-only record of a change to a fact or a known unknown."""

    __tablename__ = "revisions"
    __table_args__ = (
        UniqueConstraint("fact_id", "number"),
        UniqueConstraint("unknown_id", "number"),
        CheckConstraint("(fact_id IS NULL) <> (unknown_id IS NULL)", name="one_subject"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    fact_id: Mapped[int | None] = mapped_column(ForeignKey("facts.id", ondelete="RESTRICT"))
    unknown_id: Mapped[int | None] = mapped_column(ForeignKey("known_unknowns.id", ondelete="RESTRICT"))
    number: Mapped[int]
    action: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    follows: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The number of the change that it belongs to; NULL only within the transaction that makes it.
    change: Mapped[int | None] = mapped_column(BigInteger, index=True)

    fact: Mapped[FactRow | None] = relationship()
    unknown: Mapped[KnownUnknownRow | None] = relationship()


class ChangeCounterRow(Base):
    """The number of the last change, counted over all processes in the order of their commits; there is one row.

    ``epoch`` is another one when the store has been replaced, as by a restored backup: then the numbers begin anew.
    """

    __tablename__ = "change_counters"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    epoch: Mapped[str] = mapped_column(String(32))
    last: Mapped[int] = mapped_column(BigInteger)


class ChangeMarkRow(Base):
    """The latest change of something that has no revisions, in one server or for all."""

    __tablename__ = "change_marks"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    change: Mapped[int] = mapped_column(BigInteger, index=True)


class JobRow(Base):
    """When something was last done that only one process shall do."""

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class ServerSettingsRow(Base):
    """What one server has set."""

    __tablename__ = "server_settings"

    server_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    editor_role_id: Mapped[int | None] = mapped_column(BigInteger)
    log_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    queue_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    listening_channel_ids: Mapped[list[int]] = mapped_column(JSON, server_default="[]")
    cooldown_s: Mapped[int] = mapped_column(server_default="60")
    wait_s: Mapped[int] = mapped_column(server_default="0")
    votes_shown: Mapped[bool] = mapped_column(server_default=true())
    queue_days: Mapped[int] = mapped_column(server_default="30")


class SentReplyRow(Base):
    """Which message answered which question; kept for a day."""

    __tablename__ = "sent_replies"

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED)
    question_id: Mapped[int | None] = mapped_column(BigInteger)
    asker_id: Mapped[int] = mapped_column(BigInteger, index=True)
    question: Mapped[str] = mapped_column(Text)
    context: Mapped[str | None] = mapped_column(Text)
    fact_ids: Mapped[list[str]] = mapped_column(JSON)
    addressed: Mapped[bool]
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    author_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    remark: Mapped[str | None] = mapped_column(Text)
    posted: Mapped[bool] = mapped_column(server_default=false())


class VoteRow(Base):
    """One person's vote on one answer, kept for a day, so that it can be changed but not cast twice.

    ``voter`` is a keyed digest of the person's id and the message's: it names nobody.
    """

    __tablename__ = "votes"

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    voter: Mapped[str] = mapped_column(String(32), primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED)
    fact_slug: Mapped[str] = mapped_column(String(64))
    is_right: Mapped[bool]
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class VoteCountRow(Base):
    """How often a fact was found right as an answer in one server, and how often not."""

    __tablename__ = "vote_counts"

    server_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fact_slug: Mapped[str] = mapped_column(String(64), primary_key=True)
    right_count: Mapped[int] = mapped_column(default=0)
    wrong_count: Mapped[int] = mapped_column(default=0)


class QuestionCountRow(Base):
    """How many questions of a week, which begins on this Monday, got this in one server.

    ``entry_slug`` is the fact that answered, or the known unknown that said that there is no answer; else it is empty.
    """

    __tablename__ = "question_counts"

    server_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    week: Mapped[dt.date] = mapped_column(primary_key=True, index=True)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    entry_slug: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]


class QueuedQuestionRow(Base):
    """A question that waits for an editor; kept for 30 days.

    ``asker`` is a keyed digest of the question and of the id of the person whose words it is, so that they can have it
    deleted: it names nobody.
    """

    __tablename__ = "queued_questions"
    __table_args__ = GIVEN_ONCE

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED, index=True)
    question: Mapped[str] = mapped_column(Text)
    doubt: Mapped[str] = mapped_column(String(16))
    fact_slug: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    private: Mapped[bool] = mapped_column(server_default=false())
    asker: Mapped[str | None] = mapped_column(String(32))


class QueueMessageRow(Base):
    """A message that shows a server's review queue, until it is known to be gone."""

    __tablename__ = "queue_messages"

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    server_id: Mapped[int] = mapped_column(BigInteger, index=True)


class AnswerAlertRow(Base):
    """Somebody who wants to be told, once, when there is an answer to their question; kept no longer than it waits."""

    __tablename__ = "answer_alerts"
    __table_args__ = GIVEN_ONCE

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, default=SHARED, index=True)
    question: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class DraftRow(Base):
    """What an editor has written and not saved yet; kept for a day."""

    __tablename__ = "drafts"

    key: Mapped[str] = mapped_column(String(16), primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class SavedTestRow(Base):
    """A question of which a server wants to know that it gets this fact, or (None) no answer at once."""

    __tablename__ = "saved_tests"
    __table_args__ = GIVEN_ONCE

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    server_id: Mapped[int] = mapped_column(BigInteger, index=True)
    question: Mapped[str] = mapped_column(Text)
    context: Mapped[str | None] = mapped_column(Text)
    fact_slug: Mapped[str | None] = mapped_column(String(64))


class VoterKeyRow(Base):
    """The key of the digests that stand for voters and askers; there is one, made when first needed."""

    __tablename__ = "voter_keys"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64))


class ForgottenPersonRow(Base):
    """Whom a change has forgotten, as a digest; kept as long as other processes may have them in memory."""

    __tablename__ = "forgotten_people"

    change: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person: Mapped[str] = mapped_column(String(32))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class CommandTreeRow(Base):
    """The slash commands that were last synced with Discord, so that they are sent only when they changed."""

    __tablename__ = "command_trees"

    application_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64))
    synced_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
