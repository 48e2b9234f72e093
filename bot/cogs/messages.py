"""Messages: those that speak to the bot, those in listening channels, and what becomes of them afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.errors import UNREACHED, sentence_for
from bot.ui.answers import Reader, answer_reply, examples_reply
from bot.ui.embeds import Reply, sentence_reply
from bot.ui.text import rest_text
from bot.ui.words import SmallTalk, small_talk, words_for_question
from facts.entities import Doubt, SentReply
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from bot.client import Tianwen
    from bot.ui.words import Words
    from facts.engine import Answer

log = logging.getLogger(__name__)

# A quote answers somebody, and code is for people to look at.
_QUOTE_OR_CODE = re.compile(r"^>|```", re.MULTILINE)
_TALK = {discord.MessageType.default, discord.MessageType.reply}
# A question that is edited within this time gets its reply edited.
EDITS = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question in a message, what it gets, and with which question before it was understood."""

    question: str
    answer: Answer
    context: str | None = None
    addressed: bool = True


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An answer that waits whether a person replies first, and whose question it answers."""

    task: asyncio.Task[None]
    asker_id: int
    content: str


class Messages(commands.Cog):
    """Answers messages."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        # By the message that asked.
        self._waiting: dict[int, _Waiting] = {}
        # Messages that are being answered, and what became of them meanwhile: edited (as it is now) or deleted (None).
        self._overtaken: dict[int, list[discord.Message | None]] = {}

    async def cog_unload(self) -> None:
        """End the answers that wait."""
        tasks = [waiting.task for waiting in self._waiting.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What comes in

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is meant for the bot, or a question in a listening channel."""
        if message.author.bot or message.webhook_id is not None or message.type not in _TALK:
            return
        self._give_way(message)
        if message.guild is None or self._is_addressed(message):
            await self._guarded(message, self._seen_through(message, self._answer_addressed(message)))
        elif self._listens_to(message):
            self._wait_and_answer(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Answer an edited question anew, in the reply that it got."""
        message = payload.message
        if message.author.bot or discord.utils.utcnow() - message.created_at > EDITS:
            return
        waiting = self._waiting.get(message.id)
        if waiting is not None:
            if message.content != waiting.content:
                self._waiting.pop(message.id).task.cancel()
                self._wait_and_answer(message)
        elif message.id in self._overtaken:
            self._overtaken[message.id].append(message)
        else:
            await self._guarded(message, self._seen_through(message, self._answer_anew(message)))

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Take the reply to a deleted question away."""
        await self._gone([payload.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Take the replies to deleted questions away."""
        await self._gone(payload.message_ids)

    # Who is meant

    def _is_addressed(self, message: discord.Message) -> bool:
        """Tell whether a message in a server mentions the bot or replies to it; @everyone alone does not count."""
        user = self.bot.user
        if user is not None and user in message.mentions:
            return True
        if message.guild is not None and message.guild.self_role in message.role_mentions:
            return True
        reference = message.reference.resolved if message.reference else None
        return isinstance(reference, discord.Message) and reference.author == user

    def _listens_to(self, message: discord.Message) -> bool:
        """Tell whether a message stands where the server wants questions answered unasked, and can be read.

        What mentions, quotes or replies to somebody is meant for them.
        """
        if message.guild is None or not self.bot.intents.message_content or message.mentions or message.reference:
            return False
        if _QUOTE_OR_CODE.search(message.content):
            return False
        listening = self.bot.knowledge.server_settings(message.guild.id).listening_channel_ids
        if message.channel.id in listening:
            return True
        channel = message.channel
        # In a forum: the message that opens a post.
        return isinstance(channel, discord.Thread) and channel.id == message.id and channel.parent_id in listening

    def _give_way(self, message: discord.Message) -> None:
        """Stay silent where somebody else replies to a question that waits for the bot's answer."""
        # The message that opens a forum's post has the id of the post, and all that follows there replies to it.
        for asked in (message.reference.message_id if message.reference else None, message.channel.id):
            waiting = self._waiting.get(asked) if asked is not None else None
            if waiting is not None and waiting.asker_id != message.author.id:
                waiting.task.cancel()

    # Answering

    async def _guarded(self, message: discord.Message, answering: Coroutine[Any, Any, None]) -> None:
        """Answer, and tell what goes wrong."""
        try:
            await answering
        except UNREACHED as error:
            log.warning("A reply could not be sent: %s", error)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            sentence = sentence_for(error, "answering a message", self._words(message))
            try:
                await self._send(message, sentence_reply(sentence))
            except UNREACHED as second:
                log.warning("An error could not be told: %s", second)

    async def _answer_addressed(self, message: discord.Message) -> None:
        if self.bot.cooldowns.take_addressed(message.author.id, message.channel.id):
            return
        context = self.bot.last_questions.recall(message.author.id, message.channel.id)
        asked, reply = self._ask(message, context)
        await self._send_and_keep(message, reply, asked)

    def _ask(self, message: discord.Message, context: str | None) -> tuple[_Asked | None, Reply]:
        """Put the question in a message to the facts; where there is none, only give what to say instead."""
        words = self._words(message)
        question = self.bot.without_mention(message.content)
        reference = message.reference.resolved if message.reference else None
        others = isinstance(reference, discord.Message) and reference.author != self.bot.user
        if not question and others and isinstance(reference, discord.Message):
            # A bare mention in a reply to somebody's message asks to answer that message.
            question = reference.content.strip()
        server_id = _server_id(message)
        if not question:
            if message.guild is not None and self.bot.user not in message.mentions:
                by_role = message.guild.self_role in message.role_mentions
                return None, sentence_reply(words.unreadable_role if by_role else words.unreadable_reply)
            if others:
                return None, sentence_reply(words.unreadable_question)
        match small_talk(question):
            case SmallTalk.GREETING:
                return None, examples_reply(self.bot.knowledge.engine.examples(server_id), words)
            case SmallTalk.THANKS:
                return None, sentence_reply(words.welcome)
            case SmallTalk.COMPLAINT:
                return None, sentence_reply(words.sorry)
        answer = self.bot.knowledge.ask(question, server_id=server_id, context=context)
        self.bot.last_questions.remember(message.author.id, message.channel.id, answer.to_lean_on)
        asked = _Asked(question, answer, context)
        return asked, self._reply(message, asked)

    def _reply(self, message: discord.Message, asked: _Asked) -> Reply:
        server_id = _server_id(message)
        votes = self.bot.knowledge.server_settings(server_id).votes_shown
        reader = Reader(message.author.id, self._words(message), votes)
        return answer_reply(asked.answer, reader, self.bot.knowledge.neighbours(asked.answer.shown, server_id))

    async def _send_and_keep(self, message: discord.Message, reply: Reply, asked: _Asked | None) -> None:
        """Send a reply, then note it: also one that answers nothing, since its message may yet be edited to ask."""
        sent = await self._send(message, reply)
        if sent is not None:
            await self._keep(self._kept(message, sent.id, asked), asked)

    async def _seen_through(self, message: discord.Message, doing: Coroutine[Any, Any, None]) -> None:
        """Do something about a message; if it is edited or deleted meanwhile, then do what that asks for."""
        overtaken = self._overtaken.setdefault(message.id, [])
        try:
            await doing
        finally:
            self._overtaken.pop(message.id, None)
        if overtaken:
            latest = overtaken[-1]
            if latest is None:
                await self._gone([message.id])
            else:
                await self._seen_through(latest, self._answer_anew(latest))

    async def _send(self, message: discord.Message, reply: Reply) -> discord.Message | None:
        """Send a reply as the channel allows: with an embed or in plain text, as a reply or as a message."""
        embeds = history = True
        if message.guild is not None:
            permissions = message.channel.permissions_for(message.guild.me)
            in_thread = isinstance(message.channel, discord.Thread)
            may_send = permissions.send_messages_in_threads if in_thread else permissions.send_messages
            if not (permissions.view_channel and may_send):
                return None
            embeds, history = permissions.embed_links, permissions.read_message_history
        if history:
            reference = message.to_reference(fail_if_not_exists=False)
            return await message.channel.send(
                **reply.arguments(embeds=embeds), reference=reference, mention_author=False
            )
        return await message.channel.send(**reply.arguments(embeds=embeds))

    def _kept(self, message: discord.Message, reply_id: int, asked: _Asked | None) -> SentReply:
        """Give what is to be known of the reply to a message."""
        return SentReply(
            message_id=reply_id,
            channel_id=message.channel.id,
            server_id=_server_id(message),
            question_id=message.id,
            asker_id=message.author.id,
            question=asked.question if asked else self.bot.without_mention(message.content),
            context=asked.context if asked else None,
            fact_ids=tuple(fact.id for fact in asked.answer.shown) if asked else (),
            addressed=asked is None or asked.addressed,
            at=discord.utils.utcnow(),
            remark=rest_text(asked.answer, self._words(message)) if asked else None,
        )

    async def _keep(self, reply: SentReply, asked: _Asked | None) -> None:
        """Note a reply, and queue its question if that is open."""
        await self.bot.replies.keep(reply)
        if asked is not None and asked.answer.is_open:
            await self.bot.queue(asked.question, Doubt.UNANSWERED, server_id=reply.server_id, asker_id=reply.asker_id)

    # Unasked, in listening channels

    def _wait_and_answer(self, message: discord.Message) -> None:
        """Answer if it is a question and the answer is sure, after the wait that the server has set."""
        if message.guild is None or self._ask_unaddressed(message) is None:
            return
        task = asyncio.create_task(self._answer_unaddressed(message), name="tianwen-listening")
        self._waiting[message.id] = _Waiting(task, message.author.id, message.content)
        task.add_done_callback(lambda _: self._waited(message.id, task))

    def _waited(self, message_id: int, task: asyncio.Task[None]) -> None:
        waiting = self._waiting.get(message_id)
        if waiting is not None and waiting.task is task:
            del self._waiting[message_id]

    def _ask_unaddressed(self, message: discord.Message) -> _Asked | None:
        server_id = _server_id(message)
        for question in self._questions(message):
            answer = self.bot.knowledge.ask(question, server_id=server_id, addressed=False)
            if answer.outcome is Outcome.ANSWER:
                return _Asked(question, answer, addressed=False)
        return None

    def _questions(self, message: discord.Message) -> list[str]:
        """Give what a message may ask: itself, and, where it opens a post, before that the post's title."""
        own = self.bot.without_mention(message.content)
        opens = isinstance(message.channel, discord.Thread) and message.channel.id == message.id
        return [message.channel.name, own] if opens and isinstance(message.channel, discord.Thread) else [own]

    async def _answer_unaddressed(self, message: discord.Message) -> None:
        if message.guild is None:
            return
        await asyncio.sleep(self.bot.knowledge.server_settings(message.guild.id).wait_s)
        # From here on it gives way to nobody: the reply is on its way.
        del self._waiting[message.id]
        # Facts and settings may have changed meanwhile.
        asked = self._ask_unaddressed(message)
        if asked is None or not self._listens_to(message):
            return
        settings = self.bot.knowledge.server_settings(message.guild.id)
        place = (message.guild.id, message.channel.id)
        if self.bot.cooldowns.take_unaddressed(message.author.id, *place, settings.cooldown_s):
            return
        self.bot.last_questions.remember(message.author.id, message.channel.id, asked.answer.to_lean_on)
        answering = self._send_and_keep(message, self._reply(message, asked), asked)
        await self._guarded(message, self._seen_through(message, answering))

    # Afterwards

    async def _answer_anew(self, message: discord.Message) -> None:
        # What others had posted in reply to the message stays theirs.
        replies = self.bot.replies.of_question(message.id)
        known = next((reply for reply in replies if reply.asker_id == message.author.id), None)
        if known is None or known.question in self._questions(message):
            return
        asked, reply = self._ask_anew(message, known)
        if reply is None:
            await self._delete(known)
            return
        kept = self._kept(message, known.message_id, asked)
        # Known before it is sent: if a fact is corrected meanwhile, this is the answer that counts.
        self.bot.replies.put(kept)
        embeds = message.guild is None or message.channel.permissions_for(message.guild.me).embed_links
        try:
            channel = self.bot.get_partial_messageable(known.channel_id)
            await channel.get_partial_message(known.message_id).edit(**reply.edits(embeds=embeds))
        except UNREACHED:
            self.bot.replies.put(known)
            raise
        await self._keep(kept, asked)

    def _ask_anew(self, message: discord.Message, known: SentReply) -> tuple[_Asked | None, Reply | None]:
        """Put an edited question to the facts; there is no reply any more where it is not meant for the bot now."""
        if known.addressed or self._is_addressed(message):
            # Whether a reply is one to the bot, Discord tells with the message itself, but not with every edit.
            is_meant = message.guild is None or self._is_addressed(message) or message.reference is not None
            return self._ask(message, known.context) if is_meant else (None, None)
        asked = self._ask_unaddressed(message) if self._listens_to(message) else None
        if asked is None:
            return None, None
        self.bot.last_questions.remember(message.author.id, message.channel.id, asked.answer.to_lean_on)
        return asked, self._reply(message, asked)

    async def _gone(self, message_ids: Iterable[int]) -> None:
        """Delete the replies to messages that are gone, and forget those of the bot's that are."""
        for message_id in message_ids:
            waiting = self._waiting.get(message_id)
            if waiting is not None:
                waiting.task.cancel()
            if message_id in self._overtaken:
                self._overtaken[message_id].append(None)
            for known in self.bot.replies.of_question(message_id):
                await self._delete(known)
        await self.bot.replies.forget(list(message_ids))

    async def _delete(self, reply: SentReply) -> None:
        channel = self.bot.get_partial_messageable(reply.channel_id)
        try:
            await channel.get_partial_message(reply.message_id).delete()
        except UNREACHED as error:
            log.warning("A reply could not be deleted: %s", error)
        await self.bot.replies.forget([reply.message_id])

    def _words(self, message: discord.Message) -> Words:
        locale = message.guild.preferred_locale if message.guild else discord.Locale.american_english
        return words_for_question(message.content, locale)


def _server_id(message: discord.Message) -> int | None:
    return message.guild.id if message.guild else None


async def setup(bot: Tianwen) -> None:
    """Add the cog."""
    await bot.add_cog(Messages(bot))
