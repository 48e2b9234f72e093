"""Which of the bot's messages answers which question: in memory, and kept for a day in case of a restart."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

import discord

from bot.ui.text import rest_text
from facts.bookkeeping import REPLIES_KEPT
from facts.entities import SentReply
from facts.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ui.words import Words
    from facts.bookkeeping import Bookkeeping
    from facts.engine import Answer
    from facts.entities import Share

log = logging.getLogger(__name__)

# So many replies are known at most; the oldest go first.
REPLIES_MOST = 10_000


def sent_reply(
    answer: Answer,
    words: Words,
    *,
    message_id: int,
    channel_id: int,
    server_id: int | None,
    asker_id: int,
    author_id: int | None = None,
    question_id: int | None = None,
    context: str | None = None,
    addressed: bool = True,
) -> SentReply:
    """Give what is to be known of a reply that was sent just now, with this answer in these words.

    The rest is as in ``SentReply``.
    """
    return SentReply(
        message_id=message_id,
        channel_id=channel_id,
        server_id=server_id,
        question_id=question_id,
        asker_id=asker_id,
        question=answer.question,
        context=context,
        fact_ids=tuple(fact.id for fact in answer.shown),
        addressed=addressed,
        at=discord.utils.utcnow(),
        author_id=None if author_id == asker_id else author_id,
        remark=rest_text(answer, words),
    )


class Replies:
    """The replies of the last day. A database that cannot be written costs only what a restart would need."""

    def __init__(self, bookkeeping: Bookkeeping) -> None:
        """Begin with nothing; ``load`` brings back what is kept."""
        self._bookkeeping = bookkeeping
        self._by_message: OrderedDict[int, SentReply] = OrderedDict()
        # To a message there is more than one reply where somebody had an answer posted.
        self._by_question: dict[int, list[int]] = {}

    async def load(self, share: Share) -> None:
        """Know the replies that are kept in this share of the servers, and no others."""
        try:
            kept = await self._bookkeeping.replies(REPLIES_MOST, share)
        except DatabaseError as error:
            log.warning("The replies of the last day could not be read: %s", error)
            return
        self._by_message.clear()
        self._by_question.clear()
        for reply in kept:
            self.put(reply)

    def of_message(self, message_id: int) -> SentReply | None:
        """Give what is known of a reply."""
        reply = self._by_message.get(message_id)
        return reply if reply is not None and discord.utils.utcnow() - reply.at < REPLIES_KEPT else None

    def of_question(self, question_id: int) -> list[SentReply]:
        """Give the replies to a message."""
        known = (self.of_message(message_id) for message_id in self._by_question.get(question_id, ()))
        return [reply for reply in known if reply is not None]

    def showing(self, fact_id: str) -> list[SentReply]:
        """Give the replies that show a fact, the latest first."""
        known = (self.of_message(message_id) for message_id in reversed(self._by_message))
        return [reply for reply in known if reply is not None and fact_id in reply.fact_ids]

    async def keep(self, reply: SentReply) -> None:
        """Remember a reply, in place of what was known of the same message, also for after a restart."""
        self.put(reply)
        try:
            await self._bookkeeping.keep_reply(reply)
        except DatabaseError as error:
            log.warning("A reply could not be kept for after a restart: %s", error)

    def put(self, reply: SentReply) -> None:
        """Remember a reply in memory, in place of what was known of the same message."""
        self.take(reply.message_id)
        self._by_message[reply.message_id] = reply
        if reply.question_id is not None:
            self._by_question.setdefault(reply.question_id, []).append(reply.message_id)
        oldest = next(iter(self._by_message.values()))
        while len(self._by_message) > REPLIES_MOST or discord.utils.utcnow() - oldest.at >= REPLIES_KEPT:
            self.take(oldest.message_id)
            if not self._by_message:
                break
            oldest = next(iter(self._by_message.values()))

    def take(self, message_id: int) -> SentReply | None:
        """Forget a reply in memory, and give what was known of it."""
        reply = self._by_message.pop(message_id, None)
        if reply is not None and reply.question_id is not None:
            others = self._by_question[reply.question_id]
            others.remove(message_id)
            if not others:
                del self._by_question[reply.question_id]
        return reply

    async def forget(self, message_ids: Sequence[int]) -> None:
        """Forget replies that are gone; ids of other messages are passed over."""
        gone = [message_id for message_id in message_ids if self.take(message_id) is not None]
        if not gone:
            return
        try:
            await self._bookkeeping.forget_replies(gone)
        except DatabaseError as error:
            log.warning("Replies that are gone could not be forgotten yet: %s", error)

    def people(self) -> set[int]:
        """Give those of whom something is in memory."""
        known = self._by_message.values()
        return {user_id for reply in known for user_id in (reply.asker_id, reply.author_id) if user_id is not None}

    def forget_person(self, user_id: int) -> None:
        """Forget in memory the replies to one person, and to their words."""
        theirs = [m for m, reply in self._by_message.items() if user_id in {reply.asker_id, reply.author_id}]
        for message_id in theirs:
            self.take(message_id)
