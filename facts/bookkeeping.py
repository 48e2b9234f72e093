"""What is kept about asking, for a while: which reply answered which question, votes, and the review queue.

It is written after a reply is sent, never before: an answer does not wait for it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import zlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from facts import feed, people
from facts.entities import (
    SHARD_SHIFT,
    AnswerAlert,
    Doubt,
    Draft,
    QueuedQuestion,
    QueueMessage,
    SentReply,
    Share,
    VoteCount,
)
from facts.errors import ValueRefusedError
from facts.feed import Mark
from facts.listeners import Listeners
from facts.models import (
    SHARED,
    AnswerAlertRow,
    DraftRow,
    ForgottenPersonRow,
    JobRow,
    QueuedQuestionRow,
    QueueMessageRow,
    SentReplyRow,
    UtcDateTime,
    VoteCountRow,
    VoteRow,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import InstrumentedAttribute

    from facts.database import Database
    from facts.feed import Position

# So long are replies known to belong to their questions, and may votes be changed.
REPLIES_KEPT = dt.timedelta(days=1)
# So long is what an editor has written kept for them to save.
DRAFTS_KEPT = dt.timedelta(days=1)
# A queued question is cut to this many characters: no phrasing may be longer either.
QUESTION_MAX = 300
# So many questions wait on a server's review queue, so many people to be told there, and for so many answers does one
# person wait everywhere; the oldest go.
QUEUED_MOST = 1_000
ALERTS_MOST = 1_000
ALERTS_OF_ONE = 50
# So many rows are written or read at once: a statement takes at most 32,766 values.
_MOST_AT_ONCE = 1_000
# So many wait for their turn at once: large bots, whose shards are more, have sixteen turns at a time.
_MOST_TURNS = 100
EVERY = Share()
"""All servers."""


class Bookkeeping:
    """Keeps what replies, votes and unanswered questions leave behind, and forgets it in time.

    Every method may raise DatabaseUnavailableError; nothing has changed then.
    """

    def __init__(self, database: Database, clock: Callable[[], dt.datetime]) -> None:
        """Keep it in this database; the clock gives the time now, aware UTC."""
        self._database = database
        self._clock = clock
        # Of many replies at once, each waits here for its turn to be kept: SQLite would refuse those that wait long.
        # It is held across the transaction only: never across a sleep or a call to Discord.
        self._alone = asyncio.Lock()
        # Replies that wait for their turn, by message.
        self._to_keep: dict[int, SentReply] = {}
        self.queue_changes: Listeners[int | None] = Listeners()
        """Told whose review queue has changed; None for the operator's."""

    # Replies

    async def replies(self, limit: int, share: Share = EVERY) -> list[SentReply]:
        """Give the replies that are still kept, oldest first, at most the latest so many, of a share of the servers."""
        query = select(SentReplyRow).where(SentReplyRow.at > self._clock() - REPLIES_KEPT)
        query = query.where(_is_in(SentReplyRow.server_id, share))
        query = query.order_by(SentReplyRow.at.desc(), SentReplyRow.message_id.desc()).limit(limit)
        async with self._database.reading() as session:
            return [_reply(row) for row in await session.scalars(query)][::-1]

    async def keep_reply(self, reply: SentReply) -> None:
        """Keep a reply; one that is kept already is written anew.

        Those that wait for their turn are written together: a transaction costs much more than a row.
        """
        self._to_keep[reply.message_id] = reply
        try:
            async with self._alone:
                mine = self._to_keep.get(reply.message_id)
                if mine is None:
                    # Another one has taken it along.
                    return
                waiting = [mine, *(one for one in self._to_keep.values() if one is not mine)][:_MOST_AT_ONCE]
                try:
                    await self._write_replies(waiting)
                except ValueRefusedError:
                    if len(waiting) == 1:
                        raise
                    # Nobody shall pay for what is the matter with another's.
                    waiting = [mine]
                    await self._write_replies(waiting)
                for one in waiting:
                    self._no_longer_waits(one)
        finally:
            self._no_longer_waits(reply)

    def _no_longer_waits(self, reply: SentReply) -> None:
        # It may be another by now: then that one waits.
        if self._to_keep.get(reply.message_id) is reply:
            del self._to_keep[reply.message_id]

    async def _write_replies(self, replies: Sequence[SentReply]) -> None:
        new = self._database.insert(SentReplyRow).values([_reply_values(one) for one in replies])
        columns = SentReplyRow.__table__.columns
        changed = {column.name: new.excluded[column.name] for column in columns if not column.primary_key}
        async with self._database.writing() as session:
            await session.execute(new.on_conflict_do_update(index_elements=["message_id"], set_=changed))

    async def forget_replies(self, message_ids: Sequence[int]) -> None:
        """Forget replies that are gone."""
        async with self._alone, self._database.writing() as session:
            await session.execute(delete(SentReplyRow).where(SentReplyRow.message_id.in_(message_ids)))

    # Votes

    async def vote(
        self, reply_id: int, voter_id: int, fact_id: str, server_id: int | None, *, right: bool
    ) -> VoteCount:
        """Count one person's vote on one reply, in place of their earlier one.

        Args:
            reply_id: the Discord id of the message voted on.
            voter_id: the Discord id of the person; it is not kept.
            fact_id: the fact that the message shows.
            server_id: where; None in direct messages.
            right: what they say.

        Returns:
            The votes on this very message and fact, theirs counted.
        """
        # Alone in the server, so that two first votes on a fact do not both make its counts.
        async with self._alone, self._database.writing(alone_in=server_id or SHARED) as session:
            voter = people.code(await people.key(session), reply_id, voter_id)
            row = await session.get(VoteRow, (reply_id, voter))
            if row is not None and row.fact_slug == fact_id:
                await _count(session, row, -1)
                row.is_right = right
            elif row is not None:
                # The message has come to show another fact: what was said of the one before stays counted there.
                row.fact_slug, row.is_right = fact_id, right
            else:
                row = VoteRow(
                    message_id=reply_id,
                    voter=voter,
                    server_id=server_id or SHARED,
                    fact_slug=fact_id,
                    is_right=right,
                    at=self._clock(),
                )
                session.add(row)
            await _count(session, row, 1)
            await session.flush()
            of_this = select(VoteRow.is_right).where(VoteRow.message_id == reply_id, VoteRow.fact_slug == fact_id)
            cast = list(await session.scalars(of_this))
        return VoteCount(cast.count(True), cast.count(False))

    async def vote_count(self, fact_id: str, server_id: int | None) -> VoteCount:
        """Give how often a fact was found right in a server, and how often not."""
        async with self._database.reading() as session:
            row = await session.get(VoteCountRow, (server_id or SHARED, fact_id))
        return VoteCount(row.right_count, row.wrong_count) if row else VoteCount()

    # The review queue

    async def queue(self, queued: QueuedQuestion, author_id: int | None) -> None:
        """Put a question, cut if need be, on a server's review queue, or (None) on the operator's.

        One person's same question is put there once, and so is the same answer to the same question, however many do
        not find it right: votes are counted elsewhere.

        Args:
            queued: the question.
            author_id: the Discord id of the person whose words it is, if anybody's; it is not kept.
        """
        question, server_id = queued.question[:QUESTION_MAX], queued.server_id or SHARED
        same = select(QueuedQuestionRow.id).where(
            QueuedQuestionRow.server_id == server_id,
            QueuedQuestionRow.question == question,
            QueuedQuestionRow.doubt == queued.doubt.value,
            QueuedQuestionRow.fact_slug == queued.fact_id,
            QueuedQuestionRow.private == queued.private,
        )
        async with self._alone, self._database.writing(alone_in=server_id) as session:
            asker = None if author_id is None else people.code(await people.key(session), question, author_id)
            if queued.doubt is not Doubt.NOT_RIGHT:
                same = same.where(QueuedQuestionRow.asker == asker)
            if (await session.scalars(same.limit(1))).first() is not None:
                return
            session.add(
                QueuedQuestionRow(
                    server_id=server_id,
                    question=question,
                    doubt=queued.doubt.value,
                    fact_slug=queued.fact_id,
                    at=queued.at,
                    private=queued.private,
                    asker=asker,
                )
            )
            await _keep_latest(session, QueuedQuestionRow.id, QueuedQuestionRow.server_id == server_id, QUEUED_MOST)
        self.queue_changes.tell(server_id or None)

    async def withdraw(self, reply: SentReply) -> None:
        """Take the question that a reply answered off the queue: its author has changed it or taken it back."""
        question, row = reply.question[:QUESTION_MAX], QueuedQuestionRow
        same = delete(row).where(row.server_id == (reply.server_id or SHARED), row.question == question)
        async with self._alone, self._database.writing() as session:
            theirs = same.where(row.asker == people.code(await people.key(session), question, reply.worded_by))
            gone = list(await session.scalars(theirs.returning(row.id)))
        if gone:
            self.queue_changes.tell(reply.server_id)

    async def queued(self, server_id: int | None) -> list[QueuedQuestion]:
        """Give the questions on a server's review queue, oldest first."""
        query = select(QueuedQuestionRow).where(QueuedQuestionRow.server_id == (server_id or SHARED))
        async with self._database.reading() as session:
            return [_queued(row) for row in await session.scalars(query.order_by(QueuedQuestionRow.id))]

    async def queue_length(self, share: Share = EVERY) -> int:
        """Give how many questions are on the review queues of a share of the servers."""
        query = select(func.count()).select_from(QueuedQuestionRow).where(_is_in(QueuedQuestionRow.server_id, share))
        async with self._database.reading() as session:
            return (await session.scalars(query)).one()

    async def settle(self, server_id: int | None, ids: Sequence[int]) -> int:
        """Take questions off a server's review queue: an editor has dealt with them.

        Returns:
            How many were still there.
        """
        row = QueuedQuestionRow
        settled = delete(row).where(row.server_id == (server_id or SHARED), row.id.in_(ids)).returning(row.id)
        async with self._alone, self._database.writing() as session:
            gone = list(await session.scalars(settled))
        if gone:
            self.queue_changes.tell(server_id)
        return len(gone)

    # Those who want to be told

    async def keep_alert(self, alert: AnswerAlert) -> None:
        """Remember, once, that somebody wants to be told when there is an answer to a question.

        Of one person's, and of a server's (direct messages are none), only the latest are remembered.
        """
        row, question, server_id = AnswerAlertRow, alert.question[:QUESTION_MAX], alert.server_id or SHARED
        same = select(row.id).where(row.server_id == server_id, row.user_id == alert.user_id, row.question == question)
        async with self._alone, self._database.writing(alone_in=server_id) as session:
            if (await session.scalars(same.limit(1))).first() is None:
                # One that could not be told has its id already, and keeps its place.
                new = row(id=alert.id, server_id=server_id, question=question, user_id=alert.user_id, at=alert.at)
                session.add(new)
                await _keep_latest(session, row.id, row.user_id == alert.user_id, ALERTS_OF_ONE)
                if server_id != SHARED:
                    await _keep_latest(session, row.id, row.server_id == server_id, ALERTS_MOST)

    async def alerts(
        self, server_id: int | None = None, *, everywhere: Share | None = None, after: AnswerAlert | None = None
    ) -> list[AnswerAlert]:
        """Give those who want to be told of answers, oldest first, at most 1,000 at once.

        Args:
            server_id: in this server, or (None) in direct messages.
            everywhere: in a whole share instead.
            after: go on after this one.
        """
        row = AnswerAlertRow
        where = row.server_id == (server_id or SHARED) if everywhere is None else _is_in(row.server_id, everywhere)
        query = select(row).where(where).order_by(row.id).limit(_MOST_AT_ONCE)
        if after is not None and after.id is not None:
            query = query.where(row.id > after.id)
        async with self._database.reading() as session:
            rows = await session.scalars(query)
            return [AnswerAlert(row.server_id or None, row.question, row.user_id, row.at, row.id) for row in rows]

    async def take_alert(self, alert: AnswerAlert) -> bool:
        """Forget that somebody wants to be told; tell whether it was still known, so that only one tells them."""
        taken = delete(AnswerAlertRow).where(AnswerAlertRow.id == alert.id).returning(AnswerAlertRow.id)
        async with self._alone, self._database.writing() as session:
            return (await session.scalars(taken)).first() is not None

    # Drafts

    async def keep_draft(self, draft: Draft) -> None:
        """Keep what an editor has written, in place of what is kept under the same key."""
        row = DraftRow(key=draft.key, server_id=draft.server_id, user_id=draft.user_id, data=draft.data, at=draft.at)
        async with self._alone, self._database.writing() as session:
            await session.merge(row)

    async def drafts(self, limit: int, share: Share = EVERY) -> list[Draft]:
        """Give what editors have written and not saved, oldest first, at most the latest so many, of a share."""
        query = select(DraftRow).where(DraftRow.at > self._clock() - DRAFTS_KEPT, _is_in(DraftRow.server_id, share))
        query = query.order_by(DraftRow.at.desc(), DraftRow.key).limit(limit)
        async with self._database.reading() as session:
            rows = await session.scalars(query)
            return [Draft(row.key, row.server_id, row.user_id, row.data, row.at) for row in rows][::-1]

    async def forget_draft(self, key: str) -> None:
        """Forget a draft: it is saved, or no longer wanted."""
        async with self._alone, self._database.writing() as session:
            await session.execute(delete(DraftRow).where(DraftRow.key == key))

    # Messages that show the queue

    async def queue_messages(self, server_id: int | None = None, share: Share = EVERY) -> list[QueueMessage]:
        """Give the messages that show the review queue of a server, or (None) of any in a share, the latest first."""
        row = QueueMessageRow
        where = row.server_id == server_id if server_id is not None else _is_in(row.server_id, share)
        query = select(row).where(where).order_by(row.message_id.desc())
        async with self._database.reading() as session:
            rows = await session.scalars(query)
            return [QueueMessage(row.server_id, row.channel_id, row.message_id) for row in rows]

    async def keep_queue_message(self, message: QueueMessage) -> None:
        """Remember a message that shows a review queue."""
        row = QueueMessageRow(message_id=message.message_id, channel_id=message.channel_id, server_id=message.server_id)
        async with self._alone, self._database.writing() as session:
            await session.merge(row)

    async def forget_queue_message(self, message_id: int) -> None:
        """Forget such a message: it is gone."""
        async with self._alone, self._database.writing() as session:
            await session.execute(delete(QueueMessageRow).where(QueueMessageRow.message_id == message_id))

    # What only one process does

    async def claim(self, job: str, every: dt.timedelta) -> bool:
        """Tell whether a job is to be done here and now; then no other process does it for as long.

        Args:
            job: its name.
            every: how often it is done.
        """
        row = JobRow
        async with self._alone, self._database.writing() as session:
            now = await self._now(session)
            # What was done in the future was done by a clock that has been put back since.
            is_due = or_(row.at <= now - every, row.at > now + every)
            taken = update(row).where(row.name == job, is_due).values(at=now).returning(row.name)
            if (await session.scalars(taken)).first() is not None:
                return True
            if await session.get(row, job) is not None:
                return False
            try:
                async with session.begin_nested():
                    session.add(row(name=job, at=now))
            except IntegrityError:
                # Another process has taken it just now.
                return False
        return True

    async def give_back(self, job: str) -> None:
        """Let a job that was claimed and not done be claimed again."""
        async with self._alone, self._database.writing() as session:
            await session.execute(delete(JobRow).where(JobRow.name == job))

    async def take_turn(self, job: str, every: dt.timedelta) -> dt.timedelta:
        """Take the next turn at something that all processes together may do only so often.

        Args:
            job: its name.
            every: how far apart turns are.

        Returns:
            How long to wait for it.
        """
        async with self._alone, self._database.writing(alone_in=zlib.crc32(job.encode())) as session:
            now = await self._now(session)
            row = await session.get(JobRow, job)
            turn = now if row is None else max(now, row.at + every)
            if turn - now > _MOST_TURNS * every:
                # A clock has been put back since.
                turn = now
            await session.merge(JobRow(name=job, at=turn))
        return turn - now

    async def _now(self, session: AsyncSession) -> dt.datetime:
        """Give the time on which all processes agree: the database's own where they may be on several machines."""
        if not self._database.is_postgres:
            return self._clock()
        return (await session.scalars(select(func.clock_timestamp(type_=UtcDateTime)))).one()

    # Forgetting

    async def forget_person(self, user_id: int) -> tuple[int, Position]:
        """Delete what is kept of one person: replies to them, what they asked and wrote, and their votes.

        Returns:
            How many records are gone, and the number of the change.
        """
        reply, queued = SentReplyRow, QueuedQuestionRow
        async with self._alone, self._database.writing() as session:
            key = await people.key(session)
            replies = delete(reply).where(or_(reply.asker_id == user_id, reply.author_id == user_id))
            gone = len(list(await session.scalars(replies.returning(reply.message_id))))
            alerts = delete(AnswerAlertRow).where(AnswerAlertRow.user_id == user_id).returning(AnswerAlertRow.id)
            gone += len(list(await session.scalars(alerts)))
            drafts = delete(DraftRow).where(DraftRow.user_id == user_id).returning(DraftRow.key)
            gone += len(list(await session.scalars(drafts)))
            coded = select(queued.id, queued.question, queued.asker).where(queued.asker.is_not(None))
            asked = list(await session.execute(coded))
            cast = list(await session.execute(select(VoteRow.message_id, VoteRow.voter)))
            # Codes cannot be looked up, only compared with those of the person.
            mine = await asyncio.to_thread(
                lambda: [row.id for row in asked if row.asker == people.code(key, row.question, user_id)]
            )
            votes = await asyncio.to_thread(
                lambda: [row for row in cast if row.voter == people.code(key, row.message_id, user_id)]
            )
            questions = delete(queued).where(queued.id.in_(mine)).returning(queued.server_id)
            servers = set(await session.scalars(questions))
            for message_id, voter in votes:
                vote = await session.get_one(VoteRow, (message_id, voter))
                await _count(session, vote, -1)
                await session.delete(vote)
            # What other processes have in memory of the person goes, too, and so do the questions that they show.
            at = await feed.publish(session, [(Mark.QUEUE, server_id) for server_id in servers])
            await people.note_forgotten(session, user_id, at.number, self._clock())
        for server_id in servers:
            self.queue_changes.tell(server_id or None)
        return gone + len(mine) + len(votes), at

    async def forget_old(self, queue_days: Callable[[int | None], int]) -> None:
        """Delete what has been kept for long enough. Votes leave their counts behind.

        Args:
            queue_days: gives for how many days questions wait in a server, or (None) for the operator.
        """
        now = self._clock()
        changed = set()
        async with self._alone, self._database.writing() as session:
            await session.execute(delete(SentReplyRow).where(SentReplyRow.at <= now - REPLIES_KEPT))
            await session.execute(delete(VoteRow).where(VoteRow.at <= now - REPLIES_KEPT))
            await session.execute(delete(DraftRow).where(DraftRow.at <= now - DRAFTS_KEPT))
            # By then nobody has anything of them in memory either.
            await session.execute(delete(ForgottenPersonRow).where(ForgottenPersonRow.at <= now - REPLIES_KEPT))
            for row in (QueuedQuestionRow, AnswerAlertRow):
                for server_id in set(await session.scalars(select(row.server_id).distinct())):
                    before = now - dt.timedelta(days=queue_days(server_id or None))
                    old = delete(row).where(row.server_id == server_id, row.at <= before).returning(row.id)
                    if (await session.scalars(old)).all() and row is QueuedQuestionRow:
                        changed.add(server_id)
            if changed:
                await feed.publish(session, [(Mark.QUEUE, server_id) for server_id in changed])
        for server_id in changed:
            self.queue_changes.tell(server_id or None)


async def _keep_latest(
    session: AsyncSession, row_id: InstrumentedAttribute[int], among: ColumnElement[bool], most: int
) -> None:
    """Delete the oldest of some rows, by the ids that count them, where they are more than so many."""
    await session.flush()
    last = select(row_id).where(among).order_by(row_id.desc()).offset(most).limit(1).scalar_subquery()
    await session.execute(
        delete(row_id.class_).where(among, row_id <= last), execution_options={"synchronize_session": False}
    )


def _is_in(server_id: InstrumentedAttribute[int], share: Share) -> ColumnElement[bool]:
    """Give the condition that a server is in a share."""
    if share.shards == len(share.ids):
        return true()
    shard: ColumnElement[int] = server_id // 2**SHARD_SHIFT % share.shards
    return shard.in_(share.ids)


async def _count(session: AsyncSession, vote: VoteRow, by: int) -> None:
    """Add a vote to the counts, or take it away; the database adds, since others may be counting, too."""
    row = VoteCountRow
    counted = row.right_count if vote.is_right else row.wrong_count
    same = (row.server_id == vote.server_id, row.fact_slug == vote.fact_slug)
    added = update(row).where(*same).values({counted: counted + by}).returning(row.fact_slug)
    if (await session.scalars(added)).first() is None:
        session.add(
            row(
                server_id=vote.server_id,
                fact_slug=vote.fact_slug,
                right_count=by if vote.is_right else 0,
                wrong_count=0 if vote.is_right else by,
            )
        )
        await session.flush()


def _reply_values(reply: SentReply) -> dict[str, object]:
    return {
        "message_id": reply.message_id,
        "channel_id": reply.channel_id,
        "server_id": reply.server_id or SHARED,
        "question_id": reply.question_id,
        "asker_id": reply.asker_id,
        "question": reply.question,
        "context": reply.context,
        "fact_ids": list(reply.fact_ids),
        "addressed": reply.addressed,
        "at": reply.at,
        "author_id": reply.author_id,
        "remark": reply.remark,
        "posted": reply.posted,
    }


def _reply(row: SentReplyRow) -> SentReply:
    return SentReply(
        message_id=row.message_id,
        channel_id=row.channel_id,
        server_id=row.server_id or None,
        question_id=row.question_id,
        asker_id=row.asker_id,
        question=row.question,
        context=row.context,
        fact_ids=tuple(row.fact_ids),
        addressed=row.addressed,
        at=row.at,
        author_id=row.author_id,
        remark=row.remark,
        posted=row.posted,
    )


def _queued(row: QueuedQuestionRow) -> QueuedQuestion:
    return QueuedQuestion(
        row.server_id or None, row.question, Doubt(row.doubt), row.fact_slug, row.at, private=row.private, id=row.id
    )
