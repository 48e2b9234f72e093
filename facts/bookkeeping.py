"""What is kept about asking, for a while: which reply answered which question, votes, and the review queue.

It is written after a reply is sent, never before: an answer does not wait for it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from facts.entities import Doubt, QueuedQuestion, SentReply, VoteCount
from facts.models import SHARED, QueuedQuestionRow, SentReplyRow, VoteCountRow, VoterKeyRow, VoteRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from facts.database import Database

# So long are replies known to belong to their questions, and may votes be changed.
REPLIES_KEPT = dt.timedelta(days=1)
# So long do questions wait for an editor.
QUESTIONS_KEPT = dt.timedelta(days=30)
# A queued question is cut to this many characters: no phrasing may be longer either.
QUESTION_MAX = 300
_DIGEST_BYTES = 16


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

    # Replies

    async def replies(self, limit: int) -> list[SentReply]:
        """Give the replies that are still kept, oldest first, at most the latest so many."""
        query = select(SentReplyRow).where(SentReplyRow.at > self._clock() - REPLIES_KEPT)
        query = query.order_by(SentReplyRow.at.desc(), SentReplyRow.message_id.desc()).limit(limit)
        async with self._database.reading() as session:
            return [_reply(row) for row in await session.scalars(query)][::-1]

    async def keep_reply(self, reply: SentReply) -> None:
        """Keep a reply; one that is kept already is written anew."""
        async with self._alone, self._database.writing() as session:
            await session.merge(
                SentReplyRow(
                    message_id=reply.message_id,
                    channel_id=reply.channel_id,
                    server_id=reply.server_id or SHARED,
                    question_id=reply.question_id,
                    asker_id=reply.asker_id,
                    question=reply.question,
                    context=reply.context,
                    fact_ids=list(reply.fact_ids),
                    addressed=reply.addressed,
                    at=reply.at,
                )
            )

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
        # Alone, so that two first votes on a fact do not both make its counts.
        async with self._alone, self._database.writing(alone=True) as session:
            voter = _voter(await _key(session), reply_id, voter_id)
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

    async def queue(self, queued: QueuedQuestion) -> bool:
        """Put a question, cut if need be, on a server's review queue, or (None) on the operator's.

        The same answer to the same question is put there once, however many do not find it right: votes are counted
        elsewhere.

        Returns:
            Whether the question is new there.
        """
        question, server_id = queued.question[:QUESTION_MAX], queued.server_id or SHARED
        same = select(QueuedQuestionRow.id).where(
            QueuedQuestionRow.server_id == server_id,
            QueuedQuestionRow.question == question,
            QueuedQuestionRow.doubt == queued.doubt.value,
            QueuedQuestionRow.fact_slug == queued.fact_id,
        )
        async with self._alone, self._database.writing() as session:
            is_new = (await session.scalars(same.limit(1))).first() is None
            if is_new or queued.doubt is not Doubt.NOT_RIGHT:
                session.add(
                    QueuedQuestionRow(
                        server_id=server_id,
                        question=question,
                        doubt=queued.doubt.value,
                        fact_slug=queued.fact_id,
                        at=queued.at,
                    )
                )
        return is_new

    async def queued(self, server_id: int | None) -> list[QueuedQuestion]:
        """Give the questions on a server's review queue, oldest first."""
        query = select(QueuedQuestionRow).where(QueuedQuestionRow.server_id == (server_id or SHARED))
        async with self._database.reading() as session:
            rows = await session.scalars(query.order_by(QueuedQuestionRow.id))
            return [QueuedQuestion(server_id, r.question, Doubt(r.doubt), r.fact_slug, r.at) for r in rows]

    # Forgetting

    async def forget_person(self, user_id: int) -> int:
        """Delete what is kept of one person: their replies, the questions these left on the queue, and their votes.

        Returns:
            How many records are gone.
        """
        async with self._alone, self._database.writing(alone=True) as session:
            replies = list(await session.scalars(select(SentReplyRow).where(SentReplyRow.asker_id == user_id)))
            gone = len(replies)
            for row in replies:
                queued = delete(QueuedQuestionRow).where(
                    QueuedQuestionRow.server_id == row.server_id,
                    QueuedQuestionRow.question == row.question[:QUESTION_MAX],
                    QueuedQuestionRow.at >= row.at,
                )
                gone += (await session.execute(queued)).rowcount  # type: ignore[attr-defined]
                await session.delete(row)
            key = await _key(session)
            for vote in await session.scalars(select(VoteRow)):
                if vote.voter == _voter(key, vote.message_id, user_id):
                    await _count(session, vote, -1)
                    await session.delete(vote)
                    gone += 1
        return gone

    async def forget_old(self) -> None:
        """Delete what has been kept for long enough. Votes leave their counts behind."""
        now = self._clock()
        async with self._alone, self._database.writing() as session:
            await session.execute(delete(SentReplyRow).where(SentReplyRow.at <= now - REPLIES_KEPT))
            await session.execute(delete(VoteRow).where(VoteRow.at <= now - REPLIES_KEPT))
            await session.execute(delete(QueuedQuestionRow).where(QueuedQuestionRow.at <= now - QUESTIONS_KEPT))


async def _key(session: AsyncSession) -> bytes:
    """Give the key of the voters' digests, made when first needed."""
    row = await session.get(VoterKeyRow, 1)
    if row is None:
        row = VoterKeyRow(id=1, key=secrets.token_hex(32))
        session.add(row)
        await session.flush()
    return bytes.fromhex(row.key)


def _voter(key: bytes, message_id: int, user_id: int) -> str:
    """Give what stands for a person under one message: without the key, nobody can tell who it is."""
    return hashlib.blake2b(f"{message_id}:{user_id}".encode(), key=key, digest_size=_DIGEST_BYTES).hexdigest()


async def _count(session: AsyncSession, vote: VoteRow, by: int) -> None:
    """Add a vote to the counts, or take it away."""
    counts = await session.get(VoteCountRow, (vote.server_id, vote.fact_slug))
    if counts is None:
        counts = VoteCountRow(server_id=vote.server_id, fact_slug=vote.fact_slug, right_count=0, wrong_count=0)
        session.add(counts)
        await session.flush()
    if vote.is_right:
        counts.right_count += by
    else:
        counts.wrong_count += by


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
    )
