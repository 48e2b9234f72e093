"""What is kept about asking: replies, votes and the review queue, each for its time; on every database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from facts.bookkeeping import QUESTION_MAX, QUESTIONS_KEPT, REPLIES_KEPT, Bookkeeping
from facts.entities import Doubt, OpenQuestion, QueuedQuestion, QueueMessage, SentReply, VoteCount
from facts.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from facts.database import Database

HERE, THERE = 2**63 - 1, 7
MEMBER, OTHER = 2**62 + 1, 5
MINUTE = dt.timedelta(minutes=1)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books(database: Database, clock: Clock) -> Bookkeeping:
    return Bookkeeping(database, clock)


def reply(clock: Clock, message_id: int = 2**63 - 2, **changes: object) -> SentReply:
    kept = SentReply(
        message_id=message_id,
        channel_id=2**63 - 3,
        server_id=HERE,
        question_id=2**63 - 4,
        asker_id=MEMBER,
        question="how long is it?",
        context="what is Tianhe?",
        fact_ids=("tianhe-length", "living-space"),
        addressed=True,
        at=clock.now,
    )
    return replace(kept, **changes)  # type: ignore[arg-type]


def question(text: str, clock: Clock, **changes: object) -> QueuedQuestion:
    return replace(QueuedQuestion(HERE, text, Doubt.UNANSWERED, None, clock.now), **changes)  # type: ignore[arg-type]


async def test_replies_are_kept_as_they_were_and_written_anew(books: Bookkeeping, clock: Clock) -> None:
    bare = reply(clock, 9, server_id=None, question_id=None, context=None, fact_ids=(), addressed=False)
    clock.now += MINUTE
    full = reply(clock, remark="The rest is not known.", posted=True, author_id=OTHER)
    for kept in (full, bare):
        await books.keep_reply(kept)
    assert await books.replies(10) == [bare, full]
    assert await books.replies(1) == [full]
    edited = replace(full, question="how heavy is it?", fact_ids=())
    await books.keep_reply(edited)
    assert await books.replies(10) == [bare, edited]
    await books.forget_replies([9, 12345])
    assert await books.replies(10) == [edited]


async def test_a_person_has_one_vote_on_each_reply_and_may_change_it(books: Bookkeeping) -> None:
    assert await books.vote_count("length", HERE) == VoteCount()
    assert await books.vote(1, MEMBER, "length", HERE, right=True) == VoteCount(1, 0)
    assert await books.vote(1, MEMBER, "length", HERE, right=True) == VoteCount(1, 0)
    assert await books.vote(1, OTHER, "length", HERE, right=True) == VoteCount(2, 0)
    assert await books.vote(1, MEMBER, "length", HERE, right=False) == VoteCount(1, 1)
    assert await books.vote(2, MEMBER, "length", HERE, right=False) == VoteCount(0, 1)
    assert await books.vote(3, MEMBER, "length", None, right=True) == VoteCount(1, 0)
    assert await books.vote_count("length", HERE) == VoteCount(1, 2)
    assert await books.vote_count("length", None) == VoteCount(1, 0)
    assert await books.vote_count("length", THERE) == VoteCount()


async def test_votes_and_queued_questions_name_nobody(books: Bookkeeping, database: Database, clock: Clock) -> None:
    for number in (1, 2):
        await books.vote(number, MEMBER, "length", HERE, right=True)
        await books.queue(question(f"why {number}?", clock), MEMBER)
    async with database.reading() as session:
        votes = list(await session.execute(text("SELECT * FROM votes")))
        counts = list(await session.execute(text("SELECT * FROM vote_counts")))
        queued = list(await session.execute(text("SELECT * FROM queued_questions")))
    assert str(MEMBER) not in str(votes) + str(counts) + str(queued)
    # Nor can two of them be told to be of the same person.
    assert len({row.voter for row in votes} | {row.asker for row in queued}) == 4


async def test_votes_on_what_a_message_showed_before_are_not_votes_on_what_it_shows(books: Bookkeeping) -> None:
    await books.vote(1, MEMBER, "length", HERE, right=False)
    assert await books.vote(1, MEMBER, "launch", HERE, right=True) == VoteCount(1, 0)
    assert await books.vote_count("length", HERE) == VoteCount(0, 1)
    assert await books.vote_count("launch", HERE) == VoteCount(1, 0)


async def test_the_queue_keeps_questions_of_each_server_apart_and_cut(books: Bookkeeping, clock: Clock) -> None:
    here = question("why?", clock)
    long = question("x" * 2_000, clock, doubt=Doubt.NOT_RIGHT, fact_id="length")
    nowhere = question("who?", clock, server_id=None, doubt=Doubt.NONE_OF_THESE)
    for asked in (here, long, nowhere):
        await books.queue(asked, MEMBER)
    cut = replace(long, question="x" * QUESTION_MAX)
    assert await books.queued(HERE) == [here, cut]
    assert await books.queued(None) == [nowhere]
    assert await books.queued(THERE) == []
    # How many ask it tells how much it matters; how often an answer was not right, the votes tell.
    await books.queue(here, MEMBER)
    await books.queue(here, OTHER)
    await books.queue(long, OTHER)
    assert await books.queued(HERE) == [here, cut, here]
    for changed in (replace(long, private=True), replace(long, server_id=THERE)):
        await books.queue(changed, MEMBER)
    assert len(await books.queued(HERE)) == 4
    assert len(await books.queued(THERE)) == 1


async def test_a_channel_is_shown_each_open_question_once_the_latest_first(books: Bookkeeping, clock: Clock) -> None:
    why = question("why?", clock)
    clock.now += MINUTE
    who = question("who?", clock, doubt=Doubt.NOT_RIGHT, fact_id="length")
    later = replace(why, at=clock.now)
    for asked in (why, who, replace(who, question="psst?", private=True), replace(who, server_id=THERE)):
        await books.queue(asked, MEMBER)
    await books.queue(later, OTHER)
    assert await books.open_questions(HERE, 10) == [OpenQuestion(later, 2), OpenQuestion(who, 1)]
    assert await books.open_questions(HERE, 1) == [OpenQuestion(later, 2)]
    assert await books.open_questions(1, 10) == []


async def test_who_listens_is_told_whose_queue_has_changed(books: Bookkeeping, clock: Clock) -> None:
    changed: list[int | None] = []
    stop = books.queue_changes.add(changed.append)
    await books.queue(question("why?", clock), MEMBER)
    await books.queue(question("why?", clock, server_id=None), OTHER)
    assert changed == [HERE, None]
    await books.forget_person(MEMBER)
    assert changed == [HERE, None, HERE]
    await books.forget_old()
    await books.forget_person(MEMBER)
    assert changed == [HERE, None, HERE]
    clock.now += QUESTIONS_KEPT
    await books.forget_old()
    assert changed == [HERE, None, HERE, None]
    stop()
    await books.queue(question("why?", clock), MEMBER)
    assert changed == [HERE, None, HERE, None]


async def test_where_the_queue_is_shown_is_kept(books: Bookkeeping) -> None:
    first, second = QueueMessage(HERE, 2**63 - 5, 2**63 - 6), QueueMessage(THERE, 1, 2)
    for message in (second, first, first):
        await books.keep_queue_message(message)
    assert await books.queue_messages() == [first, second]
    assert await books.queue_messages(THERE) == [second]
    await books.forget_queue_message(first.message_id)
    assert await books.queue_messages() == [second]


async def test_a_question_that_its_author_takes_back_leaves_the_queue(books: Bookkeeping, clock: Clock) -> None:
    changed: list[int | None] = []
    asked = reply(clock, question="why? " * 100)
    for author in (MEMBER, OTHER):
        await books.queue(question(asked.question, clock), author)
    books.queue_changes.add(changed.append)
    await books.withdraw(asked)
    await books.withdraw(asked)
    assert len(await books.queued(HERE)) == 1
    await books.withdraw(replace(asked, asker_id=MEMBER, author_id=OTHER))
    assert await books.queued(HERE) == []
    assert changed == [HERE, HERE]


async def test_what_somebody_asked_about_anothers_words_can_be_deleted_by_both(
    books: Bookkeeping, clock: Clock
) -> None:
    for person in (MEMBER, OTHER):
        await books.keep_reply(reply(clock, asker_id=MEMBER, author_id=OTHER))
        assert await books.forget_person(person) == 1
        assert await books.replies(10) == []


async def test_everything_is_forgotten_in_time_and_counts_stay(books: Bookkeeping, clock: Clock) -> None:
    await books.keep_reply(reply(clock))
    await books.vote(1, MEMBER, "length", HERE, right=True)
    await books.queue(question("why?", clock), MEMBER)
    begin = clock.now
    clock.now = begin + REPLIES_KEPT - MINUTE
    await books.forget_old()
    assert len(await books.replies(10)) == 1
    assert await books.vote(1, MEMBER, "length", HERE, right=True) == VoteCount(1, 0)
    clock.now = begin + REPLIES_KEPT
    assert await books.replies(10) == []
    await books.forget_old()
    assert await books.vote_count("length", HERE) == VoteCount(1, 0)
    assert len(await books.queued(HERE)) == 1
    clock.now = begin
    assert await books.replies(10) == []
    clock.now = begin + QUESTIONS_KEPT - MINUTE
    await books.forget_old()
    assert len(await books.queued(HERE)) == 1
    clock.now = begin + QUESTIONS_KEPT
    await books.forget_old()
    assert await books.queued(HERE) == []
    assert await books.vote_count("length", HERE) == VoteCount(1, 0)


async def test_a_person_can_have_all_of_theirs_deleted_and_nothing_of_others(books: Bookkeeping, clock: Clock) -> None:
    mine, theirs = reply(clock, 1, question="mine?"), reply(clock, 2, asker_id=OTHER, question="theirs?")
    for kept in (mine, theirs):
        await books.keep_reply(kept)
        await books.queue(question(kept.question, clock), kept.asker_id)
    await books.queue(question("mine?", clock, server_id=THERE), OTHER)
    # The reply came to answer another wording, or is gone: the question on the queue is mine all the same.
    for text_, server_id in (("an earlier wording", HERE), ("x" * 2_000, None)):
        await books.queue(question(text_, clock, server_id=server_id), MEMBER)
    for voter in (MEMBER, OTHER):
        await books.vote(1, voter, "length", HERE, right=True)
    assert await books.forget_person(MEMBER) == 5
    assert await books.replies(10) == [theirs]
    assert [q.question for q in await books.queued(HERE)] == ["theirs?"]
    assert len(await books.queued(THERE)) == 1
    assert await books.queued(None) == []
    assert await books.vote_count("length", HERE) == VoteCount(1, 0)
    assert await books.forget_person(MEMBER) == 0


async def test_a_database_that_refuses_is_told(books: Bookkeeping, database: Database, clock: Clock) -> None:
    async with database.writing() as session:
        for table in ("sent_replies", "votes", "queued_questions"):
            await session.execute(text(f"DROP TABLE {table}"))
    for attempt in (
        books.keep_reply(reply(clock)),
        books.vote(1, MEMBER, "length", HERE, right=True),
        books.queue(question("why?", clock), MEMBER),
        books.forget_person(MEMBER),
        books.forget_old(),
        books.replies(1),
    ):
        with pytest.raises(DatabaseUnavailableError):
            await attempt
    assert await books.vote_count("length", HERE) == VoteCount()
