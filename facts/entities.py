"""The things that the knowledge is made of, as plain frozen values (the words are those of the design)."""

from __future__ import annotations

import calendar
import datetime as dt
import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from facts.matching.decision import Outcome

FACT_ID_PATTERN = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
FACT_ID_MAX = 64
STATEMENT_MAX = 2_000
PHRASING_MAX = 300
# Of one fact: what it takes to learn grows with the square of their number.
PHRASINGS_MAX = 500
TOPIC_MAX = 40
LOCATOR_MAX = 100
NAME_MAX = 200
LINE_MAX = 300
URL_MAX = 2_000
SOURCE_KEY_MAX = 64

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)


class Precision(enum.StrEnum):
    """How exactly a date is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A date that is known to the day, the month or the year; unknown parts are 1."""

    date: dt.date
    precision: Precision

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read ISO 8601 with reduced precision: ``2021-04-29``, ``2021-06`` or ``2008``.

        Raises:
            ValueError: the text is none of these, or no such day exists.
        """
        match = _PARTIAL_DATE.match(text)
        if match is None:
            raise ValueError(f"“{text}” is not a date like 2021-04-29, 2021-06 or 2008")
        year, month, day = match.groups()
        precision = Precision.DAY if day else Precision.MONTH if month else Precision.YEAR
        return cls(dt.date(int(year), int(month or 1), int(day or 1)), precision)

    def isoformat(self) -> str:
        """Give the text that ``parse`` reads."""
        length = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}[self.precision]
        return self.date.isoformat()[:length]

    def __str__(self) -> str:
        """Give the date as people read it: ``29 April 2021``, ``June 2021``, ``2008``."""
        if self.precision is Precision.YEAR:
            return str(self.date.year)
        month = f"{calendar.month_name[self.date.month]} {self.date.year}"
        return month if self.precision is Precision.MONTH else f"{self.date.day} {month}"


@dataclass(frozen=True, slots=True)
class Milestone:
    """An event's place on the timeline; ``planned`` when it was still to come at the time of the report."""

    when: PartialDate
    label: str
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured quantity of a thing, e.g. the length of Tianhe: 16.6 m."""

    quantity: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from. What is not known (title, published date, URL) is None.

    Sources that say the same are the same; the key only names one within a file or a store.
    """

    key: str = field(compare=False)
    publisher: str
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: dt.date | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One checkable statement in our own words, with its source.

    Attributes:
        id: short and readable.
        topic: what it is about, in a word.
        statement: what it says.
        phrasings: ways in which people ask for it, at least one.
        source: where it comes from.
        locator: where in the source.
        as_of: the day on which it was so.
        milestone: its place on the timeline, if it has one.
        measures: the quantities that it tells.
        review_by: the day by which an editor should look at it again.
        superseded_by: the id of the fact that tells how it is now.
    """

    id: str
    topic: str
    statement: str
    phrasings: tuple[str, ...]
    source: Source
    locator: str | None = None
    as_of: dt.date | None = None
    milestone: Milestone | None = None
    measures: tuple[Measure, ...] = ()
    review_by: dt.date | None = None
    superseded_by: str | None = None

    @property
    def canonical_question(self) -> str:
        """The question that stands for the fact in choices and lists: its first phrasing."""
        return self.phrasings[0]


@dataclass(frozen=True, slots=True)
class KnownUnknown:
    """Questions that the sources do not answer, with an optional sentence to say."""

    id: str
    phrasings: tuple[str, ...]
    say: str | None = None


# What questions may be about, and editors change.
Entry: TypeAlias = Fact | KnownUnknown


@dataclass(frozen=True, slots=True)
class Name:
    """A thing's name, its other spellings, and the fact that tells what it is."""

    name: str
    aliases: tuple[str, ...] = ()
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """What ships in a file about one article. ``digest`` identifies the exact content."""

    id: str
    version: int
    sources: tuple[Source, ...]
    facts: tuple[Fact, ...]
    unknowns: tuple[KnownUnknown, ...]
    names: tuple[Name, ...]
    digest: str


class Origin(enum.StrEnum):
    """Through which door a change came."""

    PACK = "pack"
    OPERATOR = "operator"
    EDITOR = "editor"


class Action(enum.StrEnum):
    """What a change did."""

    ADD = "add"
    EDIT = "edit"
    REMOVE = "remove"
    RESTORE = "restore"
    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change: an editor has a Discord user id (a 64-bit snowflake), pack and operator have none."""

    origin: Origin
    user_id: int | None = None


# By this many bits an id is shifted to tell its shard.
SHARD_SHIFT = 22


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What one server has set; ids are Discord's.

    Attributes:
        editor_role_id: the role whose members may change facts, besides those with Manage Messages.
        log_channel_id: where changes of facts are told.
        queue_channel_id: where the review queue is shown.
        listening_channel_ids: channels and forums in which questions are answered unaddressed.
        cooldown_s: there, one person gets at most one answer in so many seconds.
        wait_s: there, so many seconds are left to people to answer before the bot does.
        votes_shown: whether answers ask “was this right?”.
        queue_days: questions wait for an editor for so many days.
    """

    editor_role_id: int | None = None
    log_channel_id: int | None = None
    queue_channel_id: int | None = None
    listening_channel_ids: tuple[int, ...] = ()
    cooldown_s: int = 60
    wait_s: int = 0
    votes_shown: bool = True
    queue_days: int = 30


@dataclass(frozen=True, slots=True)
class Share:
    """The servers of one process, where several share the work, as Discord deals them out.

    Server by server, ``(id >> 22) % shards`` is the number of its shard
    (https://discord.com/developers/docs/events/gateway#sharding); what belongs to no server goes with shard 0.

    Attributes:
        shards: how many there are in all.
        ids: the numbers of this process's shards.
    """

    shards: int = 1
    ids: frozenset[int] = frozenset({0})

    def holds(self, server_id: int | None) -> bool:
        """Tell whether a server is among them, or (None) what belongs to no server."""
        return ((server_id or 0) >> SHARD_SHIFT) % self.shards in self.ids


@dataclass(frozen=True, slots=True)
class SentReply:
    """Which message answered which question, kept for a day; ids are Discord's.

    Attributes:
        message_id: the reply.
        channel_id: where it stands.
        server_id: None in direct messages, and where the bot is not a member.
        question_id: the message that asked; None for commands.
        asker_id: who asked.
        question: in their words.
        context: the question that it was understood with, if any.
        fact_ids: the facts that it shows; none when it offers choices or says that it does not know.
        addressed: whether the bot was spoken to.
        at: when it was sent, aware UTC.
        author_id: whose words the question is, where that is not who asked: somebody else's message was answered.
        remark: what it says of a part of the question that has no answer.
        posted: whether it was posted on request, in reply to a message that did not ask the bot.
    """

    message_id: int
    channel_id: int
    server_id: int | None
    question_id: int | None
    asker_id: int
    question: str
    context: str | None
    fact_ids: tuple[str, ...]
    addressed: bool
    at: dt.datetime
    author_id: int | None = None
    remark: str | None = None
    posted: bool = False

    @property
    def worded_by(self) -> int:
        """Whose words the question is."""
        return self.asker_id if self.author_id is None else self.author_id


class Doubt(enum.StrEnum):
    """Why a question waits for an editor."""

    UNANSWERED = "unanswered"
    NONE_OF_THESE = "none_of_these"
    NOT_RIGHT = "not_right"


@dataclass(frozen=True, slots=True)
class QueuedQuestion:
    """A question on the review queue, without who asked it.

    Attributes:
        server_id: where; None for the operator's queue.
        question: in the person's words.
        doubt: why it waits.
        fact_id: what was answered, if anything.
        at: when it came there, aware UTC.
        private: whether only the person saw the answer: then it is for editors, and shown in no channel.
        id: its number on the queue, once it is there.
    """

    server_id: int | None
    question: str
    doubt: Doubt
    fact_id: str | None
    at: dt.datetime
    private: bool = False
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class WeekCount:
    """How many questions of a week got this.

    Attributes:
        week: its Monday.
        outcome: what they got.
        entry_id: the fact that answered, or the known unknown that said that there is no answer, if any.
        count: how many.
    """

    week: dt.date
    outcome: Outcome
    entry_id: str | None
    count: int


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Questions on the review queue that are alike, the latest first: at least one."""

    questions: tuple[QueuedQuestion, ...]

    @property
    def latest(self) -> QueuedQuestion:
        """The latest of them."""
        return self.questions[0]

    @property
    def ids(self) -> tuple[int, ...]:
        """Their numbers on the queue."""
        return tuple(question.id for question in self.questions if question.id is not None)

    @property
    def wordings(self) -> tuple[str, ...]:
        """The ways in which it is asked, the latest first."""
        return tuple(dict.fromkeys(question.question for question in self.questions))


@dataclass(frozen=True, slots=True)
class AnswerAlert:
    """Somebody who wants to be told, once, when there is an answer to their question; ids are Discord's."""

    server_id: int | None
    question: str
    user_id: int
    at: dt.datetime
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an editor has written and not saved yet.

    Attributes:
        key: a random word by which it is found.
        server_id: where.
        user_id: the editor's Discord id.
        data: what was written, JSON-ready.
        at: when, aware UTC.
    """

    key: str
    server_id: int
    user_id: int
    data: dict[str, Any]
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class SavedTest:
    """A question of which a server wants to know that it gets this fact first, or (None) no answer at once."""

    server_id: int
    question: str
    fact_id: str | None
    context: str | None = None
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message that shows a server's review queue; ids are Discord's."""

    server_id: int
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class VoteCount:
    """How many found an answer right, and how many did not."""

    right: int = 0
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """One append-only record of a change: who, when, why, before, after.

    ``follows`` tells that the server's own text has given way to the shared one, which may change after that.
    """

    number: int
    action: Action
    author: Author
    at: dt.datetime
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None = None
    follows: bool = False


@dataclass(frozen=True, slots=True)
class FactChange:
    """What a change did to one fact or known unknown.

    Attributes:
        before: as it was; None where it was not there.
        after: as it is; None where it is not there. Both are None where too much has changed to be told one by one.
        server_id: in which server; None for all of them.
        revision: the record of the change; None for one of many at once, as by an import.
    """

    before: Entry | None
    after: Entry | None
    server_id: int | None
    revision: Revision | None = field(default=None, compare=False)
