"""What is kept about asking: replies, votes and the review queue, each for its time; on every database."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import text

from facts.bookkeeping import DRAFTS_KEPT, EVERY, QUESTION_MAX, REPLIES_KEPT, Bookkeeping
from facts.database import Database
from facts.entities import (
    AnswerAlert,
    Doubt,
    Draft,
    QuestionGroup,
    QueuedQuestion,
    QueueMessage,
    SentReply,
    ServerSettings,
    VoteCount,
)
from facts.errors import DatabaseUnavailableError
from facts.knowledge import KnowledgeBase
from tests.facts.making import make_fact, make_pack

HERE, THERE = 2**63 - 1, 7
MEMBER, OTHER = 2**62 + 1, 5
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


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


def queue_days(server_id: int | None) -> int:
    """Give for how many days questions wait, as nearly all have it, and one other."""
    return 7 if server_id == THERE else ServerSettings().queue_days


QUEUE_KEPT = queue_days(HERE) * DAY


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


async def test_many_replies_at_once_are_all_kept_each_as_it_was_last(books: Bookkeeping, clock: Clock) -> None:
    kept = [reply(clock, message_id=number, question=f"q{number}") for number in range(1, 301)]
    again = replace(kept[7], question="edited", fact_ids=())
    await asyncio.gather(*(books.keep_reply(one) for one in [*kept, again]))
    expected = {one.message_id: one for one in kept} | {again.message_id: again}
    assert {one.message_id: one for one in await books.replies(1_000)} == expected


async def test_of_many_replies_at_once_each_learns_that_it_could_not_be_kept_and_can_be_kept_later(
    books: Bookkeeping, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [reply(clock, message_id=number) for number in range(1, 6)]

    def gone(_database: Database) -> None:
        raise DatabaseUnavailableError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "writing", gone)
        results = await asyncio.gather(*(books.keep_reply(one) for one in kept), return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseUnavailableError] * 5
    assert await books.replies(10) == []
    await books.keep_reply(kept[3])
    assert await books.replies(10) == [kept[3]]


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


async def test_the_queue_is_reviewed_in_groups_of_what_asks_alike(database: Database, clock: Clock) -> None:
    lamp = make_fact("lamp", "The lamp is green.", "What colour is the lamp?", "colour of the lamp")
    knowledge = await KnowledgeBase.open(database, [make_pack([lamp])], clock=clock)
    books = knowledge.bookkeeping
    asked: list[tuple[str, int, dict[str, object]]] = [
        ("how heavy is the lamp?", MEMBER, {}),
        ("who lit the lamp?", MEMBER, {"doubt": Doubt.NOT_RIGHT, "fact_id": "lamp"}),
        ("how heavy is the lamp", OTHER, {"private": True}),
        ("how heavy is the lmap?", OTHER, {"doubt": Doubt.NONE_OF_THESE}),
        ("how heavy is the lamp?", 77, {"server_id": THERE}),
        ("is there a ghost?", 77, {"private": True}),
        ("how heavy is the lamp?", 77, {}),
    ]
    queued = []
    for text_, author, changes in asked:
        clock.now += MINUTE
        queued.append(question(text_, clock, **changes))
        await books.queue(queued[-1], author)
    heavy, who, private, misspelt, there, ghost, latest = queued
    groups = await knowledge.review(HERE, private=False)
    assert groups == [QuestionGroup((latest, misspelt, heavy)), QuestionGroup((who,))]
    assert groups[0].latest == latest
    assert groups[0].wordings == ("how heavy is the lamp?", "how heavy is the lmap?")
    everything = await knowledge.review(HERE, private=True)
    assert everything == [
        QuestionGroup((latest, misspelt, private, heavy)),
        QuestionGroup((ghost,)),
        QuestionGroup((who,)),
    ]
    assert await knowledge.review(THERE, private=False) == [QuestionGroup((there,))]
    assert await knowledge.review(1, private=True) == []
    # Whoever deals with a group deals with all of it, and with nothing that came since.
    await books.queue(replace(latest, question="How heavy is that lamp?"), MEMBER)
    assert await books.settle(HERE, everything[0].ids) == 4
    assert [group.wordings for group in await knowledge.review(HERE, private=True)] == [
        ("How heavy is that lamp?",),
        ("is there a ghost?",),
        ("who lit the lamp?",),
    ]


async def test_questions_are_settled_once_and_by_their_own_server(books: Bookkeeping, clock: Clock) -> None:
    changed: list[int | None] = []
    for text_, server_id in (("why?", HERE), ("who?", HERE), ("why?", THERE), ("why?", None)):
        await books.queue(question(text_, clock, server_id=server_id), MEMBER)
    books.queue_changes.add(changed.append)
    here = [one.id for one in await books.queued(HERE) if one.id is not None]
    nowhere = [one.id for one in await books.queued(None) if one.id is not None]
    assert len({*here, *nowhere}) == 3
    assert await books.settle(THERE, here) == 0
    assert await books.settle(None, here) == 0
    assert await books.settle(HERE, [*here, 2**40]) == 2
    assert await books.settle(HERE, here) == 0
    assert await books.settle(HERE, []) == 0
    assert await books.settle(None, nowhere) == 1
    assert changed == [HERE, None]
    assert (await books.queued(HERE), await books.queued(None), len(await books.queued(THERE))) == ([], [], 1)


async def test_whoever_wants_to_be_told_of_an_answer_is_told_once(books: Bookkeeping, clock: Clock) -> None:
    mine = AnswerAlert(HERE, "why? " * 100, MEMBER, clock.now)
    alerts = [mine, replace(mine, user_id=OTHER), replace(mine, server_id=None), replace(mine, question="who?")]
    for alert in (*alerts, mine, replace(mine, at=clock.now + MINUTE)):
        await books.keep_alert(alert)
    cut = [replace(alert, question=alert.question[:QUESTION_MAX]) for alert in alerts]
    assert await books.alerts(HERE) == [cut[0], cut[1], cut[3]]
    assert await books.alerts() == [cut[2]]
    assert await books.alerts(THERE) == []
    kept = await books.alerts(everywhere=EVERY)
    assert kept == cut
    # As two processes may find the answer at once, only one of them gets to tell.
    assert [await books.take_alert(kept[0]) for _ in range(2)] == [True, False]
    assert not await books.take_alert(alerts[1]), "one that was never kept has no number"
    assert await books.alerts(everywhere=EVERY) == cut[1:]
    assert (await books.forget_person(MEMBER))[0] == 2
    assert await books.alerts(everywhere=EVERY) == [cut[1]]


async def test_of_what_waits_in_a_server_only_the_latest_is_kept(
    books: Bookkeeping, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit, most in (("QUEUED_MOST", 3), ("ALERTS_MOST", 4), ("ALERTS_OF_ONE", 2), ("_MOST_AT_ONCE", 2)):
        monkeypatch.setattr(f"facts.bookkeeping.{limit}", most)
    for number in range(6):
        await books.queue(question(f"{number}?", clock), MEMBER)
        await books.queue(question(f"{number}?", clock, server_id=THERE if number else None), MEMBER)
    assert [one.question for one in await books.queued(HERE)] == ["3?", "4?", "5?"]
    assert [one.question for one in await books.queued(THERE)] == ["3?", "4?", "5?"]
    assert len(await books.queued(None)) == 1
    # One person waits for so many answers, wherever they asked, and takes no others' place.
    for number in range(3):
        for person in (1, 2, 3):
            await books.keep_alert(AnswerAlert(HERE, f"{number}?", person, clock.now))
            await books.keep_alert(AnswerAlert(None, "dm?", 10 * number + 10 + person, clock.now))

    async def all_of(server_id: int | None) -> list[AnswerAlert]:
        found = await books.alerts(server_id)
        while more := await books.alerts(server_id, after=found[-1]):
            assert len(more) <= 2
            found += more
        return found

    assert [(one.question, one.user_id) for one in await all_of(HERE)] == [("1?", 3), ("2?", 1), ("2?", 2), ("2?", 3)]
    assert len(await all_of(None)) == 9


async def test_whoever_could_not_be_told_keeps_their_place(books: Bookkeeping, clock: Clock) -> None:
    for person in (1, 2):
        await books.keep_alert(AnswerAlert(HERE, "why?", person, clock.now))
    first, second = await books.alerts(HERE)
    assert await books.take_alert(second)
    # Somebody else comes while it is tried.
    await books.keep_alert(AnswerAlert(HERE, "why?", 3, clock.now))
    await books.keep_alert(second)
    # Else those who go on after them would meet them again.
    assert [one.user_id for one in await books.alerts(HERE)] == [1, 2, 3]
    assert await books.alerts(HERE, after=first) == (await books.alerts(HERE))[1:]


async def test_what_an_editor_has_written_is_kept_for_a_day(books: Bookkeeping, clock: Clock) -> None:
    first = Draft(
        "a1", HERE, MEMBER, {"texts": {"statement": "It is 天和."}, "queue_ids": [1, 2**40], "id": None}, clock.now
    )
    await books.keep_draft(first)
    clock.now += MINUTE
    second = Draft("b2", THERE, OTHER, {}, clock.now)
    await books.keep_draft(second)
    assert await books.drafts(9) == [first, second]
    assert await books.drafts(1) == [second]
    # Written on, it is one draft, and lasts from then on.
    clock.now += MINUTE
    first = replace(first, data={"texts": {}}, at=clock.now)
    await books.keep_draft(first)
    assert await books.drafts(9) == [second, first]
    clock.now = second.at + DRAFTS_KEPT
    assert await books.drafts(9) == [first]
    await books.forget_old(queue_days)
    clock.now = second.at
    assert await books.drafts(9) == [first]
    await books.forget_draft("b2")
    assert (await books.forget_person(OTHER))[0] == 0
    assert (await books.forget_person(MEMBER))[0] == 1
    assert await books.drafts(9) == []
    await books.keep_draft(second)
    await books.forget_draft(second.key)
    assert await books.drafts(9) == []


async def test_questions_and_alerts_wait_for_as_long_as_their_server_says(books: Bookkeeping, clock: Clock) -> None:
    changed: list[int | None] = []
    for server_id in (HERE, THERE, None):
        await books.queue(question("why?", clock, server_id=server_id), MEMBER)
        await books.keep_alert(AnswerAlert(server_id, "why?", MEMBER, clock.now))
    books.queue_changes.add(changed.append)
    begin = clock.now

    async def waiting(after: dt.timedelta) -> list[tuple[int, int]]:
        clock.now = begin + after
        await books.forget_old(queue_days)
        servers = (HERE, THERE, None)
        return [(len(await books.queued(server_id)), len(await books.alerts(server_id))) for server_id in servers]

    assert await waiting(7 * DAY - MINUTE) == [(1, 1)] * 3
    assert await waiting(7 * DAY) == [(1, 1), (0, 0), (1, 1)]
    assert changed == [THERE]
    assert await waiting(QUEUE_KEPT - MINUTE) == [(1, 1), (0, 0), (1, 1)]
    assert await waiting(QUEUE_KEPT) == [(0, 0)] * 3
    assert sorted(changed, key=str) == sorted([THERE, HERE, None], key=str)


async def test_who_listens_is_told_whose_queue_has_changed(books: Bookkeeping, clock: Clock) -> None:
    changed: list[int | None] = []
    stop = books.queue_changes.add(changed.append)
    await books.queue(question("why?", clock), MEMBER)
    await books.queue(question("why?", clock, server_id=None), OTHER)
    assert changed == [HERE, None]
    await books.forget_person(MEMBER)
    assert changed == [HERE, None, HERE]
    await books.forget_old(queue_days)
    await books.forget_person(MEMBER)
    assert changed == [HERE, None, HERE]
    clock.now += QUEUE_KEPT
    await books.forget_old(queue_days)
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
        assert (await books.forget_person(person))[0] == 1
        assert await books.replies(10) == []


async def test_everything_is_forgotten_in_time_and_counts_stay(books: Bookkeeping, clock: Clock) -> None:
    await books.keep_reply(reply(clock))
    await books.vote(1, MEMBER, "length", HERE, right=True)
    await books.queue(question("why?", clock), MEMBER)
    begin = clock.now
    clock.now = begin + REPLIES_KEPT - MINUTE
    await books.forget_old(queue_days)
    assert len(await books.replies(10)) == 1
    assert await books.vote(1, MEMBER, "length", HERE, right=True) == VoteCount(1, 0)
    clock.now = begin + REPLIES_KEPT
    assert await books.replies(10) == []
    await books.forget_old(queue_days)
    assert await books.vote_count("length", HERE) == VoteCount(1, 0)
    assert len(await books.queued(HERE)) == 1
    clock.now = begin
    assert await books.replies(10) == []
    clock.now = begin + QUEUE_KEPT - MINUTE
    await books.forget_old(queue_days)
    assert len(await books.queued(HERE)) == 1
    clock.now = begin + QUEUE_KEPT
    await books.forget_old(queue_days)
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
    assert (await books.forget_person(MEMBER))[0] == 5
    assert await books.replies(10) == [theirs]
    assert [q.question for q in await books.queued(HERE)] == ["theirs?"]
    assert len(await books.queued(THERE)) == 1
    assert await books.queued(None) == []
    assert await books.vote_count("length", HERE) == VoteCount(1, 0)
    assert (await books.forget_person(MEMBER))[0] == 0


async def test_a_database_that_refuses_is_told(books: Bookkeeping, database: Database, clock: Clock) -> None:
    async with database.writing() as session:
        for table in ("sent_replies", "votes", "queued_questions"):
            await session.execute(text(f"DROP TABLE {table}"))
    for attempt in (
        books.keep_reply(reply(clock)),
        books.vote(1, MEMBER, "length", HERE, right=True),
        books.queue(question("why?", clock), MEMBER),
        books.forget_person(MEMBER),
        books.forget_old(queue_days),
        books.replies(1),
    ):
        with pytest.raises(DatabaseUnavailableError):
            await attempt
    assert await books.vote_count("length", HERE) == VoteCount()
