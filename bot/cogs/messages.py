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

from bot.admission import prepare
from bot.errors import UNREACHED, FactsUnreadError, sentence_for, why_failed
from bot.meters import Way, take_up
from bot.replies import sent_reply
from bot.ui.answers import Reader, answer_reply
from bot.ui.embeds import Reply, sentence_reply
from bot.ui.words import words_for_question
from facts.engine import Answer
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from bot.client import Tianwen
    from bot.ui.words import Words
    from facts.entities import SentReply

log = logging.getLogger(__name__)

# A quote answers somebody, and code is for people to look at.
_QUOTE_OR_CODE = re.compile(r"^[^\S\n]*+(?:>|>>>) |```", re.MULTILINE)
_TALK = {discord.MessageType.default, discord.MessageType.reply}
# A question that is edited within this time gets its reply edited.
EDITS = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a message gets, with which question before it was understood, and whose words were asked, if others'."""

    answer: Answer
    context: str | None = None
    author_id: int | None = None
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
        take_up()
        if _is_from_a_person(message):
            self._give_way(message)
            await self._take_up(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Answer an edited question anew, in the reply that it got; or at all, if it speaks to the bot only now."""
        take_up()
        message, before = payload.message, payload.cached_message
        if not _is_from_a_person(message) or discord.utils.utcnow() - message.created_at > EDITS:
            return
        waiting = self._waiting.get(message.id)
        if waiting is not None:
            if message.content != waiting.content:
                self._waiting.pop(message.id).task.cancel()
                await self._take_up(message)
        elif message.id in self._overtaken:
            self._overtaken[message.id].append(message)
        elif self._reply_to(message) is not None:
            await self._guarded(message, self._seen_through(message, self._answer_anew(message)))
        elif before is not None and self._is_addressed(message) and not self._is_addressed(before):
            await self._take_up(message)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Take the reply to a deleted question away."""
        await self._gone([payload.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Take the replies to deleted questions away."""
        await self._gone(payload.message_ids)

    async def _take_up(self, message: discord.Message) -> None:
        """Answer a message if it is meant for the bot, or asks in a listening channel."""
        if message.guild is None or self._is_addressed(message):
            await self._guarded(message, self._seen_through(message, self._answer_addressed(message)))
        elif self._listens_to(message):
            self._wait_and_answer(message)

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
        """Tell whether a message stands where the server wants questions answered unasked, and can be read."""
        if message.guild is None or not self.bot.intents.message_content or _is_for_others(message):
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
            self.bot.meters.failed(why_failed(error))
            log.warning("A reply could not be sent: %s", error)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            self.bot.meters.failed(why_failed(error))
            sentence = sentence_for(error, "answering a message", self._words(message))
            try:
                await self._send(message, sentence_reply(sentence))
            except UNREACHED as second:
                log.warning("An error could not be told: %s", second)

    async def _answer_addressed(self, message: discord.Message) -> None:
        if self.bot.cooldowns.take_addressed(message.author.id, message.channel.id):
            return
        await prepare(self.bot.knowledge, _server_id(message))
        context = self.bot.last_questions.recall(message.author.id, message.channel.id)
        await self._send_and_keep(message, *self._ask(message, context))

    def _ask(self, message: discord.Message, context: str | None) -> tuple[_Asked, Reply]:
        """Put the question in a message to the facts; where there is none, give what to say instead."""
        words, server_id = self._words(message), _server_id(message)
        question, author_id = self.bot.without_mention(message.content), None
        reference = message.reference.resolved if message.reference else None
        is_theirs = isinstance(reference, discord.Message) and reference.author != self.bot.user
        if not question and isinstance(reference, discord.Message) and is_theirs:
            # A bare mention in a reply to somebody's message asks to answer that message.
            question, author_id = reference.content.strip(), reference.author.id
        reply = None
        if not question and message.guild is not None and self.bot.user not in message.mentions:
            by_role = message.guild.self_role in message.role_mentions
            reply = sentence_reply(words.unreadable_role if by_role else words.unreadable_reply)
        elif not question and is_theirs:
            reply = sentence_reply(words.unreadable_question)
        else:
            answer = self.bot.knowledge.ask(question, server_id=server_id, context=context)
            reply = self.bot.small_talk_reply(answer, server_id, words)
        if reply is not None:
            return _Asked(Answer(question, Outcome.IGNORED)), reply
        self.bot.last_questions.remember(message.author.id, message.channel.id, answer.to_lean_on)
        asked = _Asked(answer, context, author_id)
        return asked, self._reply(message, asked)

    def _reply(self, message: discord.Message, asked: _Asked) -> Reply:
        server_id = _server_id(message)
        votes = self.bot.knowledge.server_settings(server_id).votes_shown
        reader = Reader(message.author.id, self._words(message), votes)
        return answer_reply(asked.answer, reader, self.bot.knowledge.neighbours(asked.answer.shown, server_id))

    async def _send_and_keep(self, message: discord.Message, asked: _Asked, reply: Reply) -> None:
        """Send a reply, then note it: also one that answers nothing, since its message may yet be edited to ask."""
        sent = await self._send(message, reply)
        if sent is not None:
            self._note_asked(message, asked)
            await self.bot.keep_reply(self._sent(message, sent.id, asked), asked.answer)

    def _note_asked(self, message: discord.Message, asked: _Asked) -> None:
        way = Way.MESSAGE if asked.addressed else Way.UNASKED
        self.bot.note_asked(way, asked.answer, _server_id(message), message.author.id)

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

    def _sent(self, message: discord.Message, reply_id: int, asked: _Asked) -> SentReply:
        """Give what is to be known of the reply to a message."""
        return sent_reply(
            asked.answer,
            self._words(message),
            message_id=reply_id,
            channel_id=message.channel.id,
            server_id=_server_id(message),
            question_id=message.id,
            asker_id=message.author.id,
            author_id=asked.author_id,
            context=asked.context,
            addressed=asked.addressed,
        )

    # Unasked, in listening channels

    def _wait_and_answer(self, message: discord.Message) -> None:
        """Answer if it is a question and the answer is sure, after the wait that the server has set."""
        if message.guild is None:
            return
        is_known = not self.bot.knowledge.engine.is_absent(message.guild.id)
        if is_known and self._ask_unaddressed(message) is None:
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
            if _QUOTE_OR_CODE.search(question):
                continue
            answer = self.bot.knowledge.ask(question, server_id=server_id, addressed=False)
            if answer.outcome is Outcome.ANSWER:
                return _Asked(answer, addressed=False)
        return None

    def _questions(self, message: discord.Message) -> list[str]:
        """Give what a message may ask: itself, and, where it opens a post, before that the post's title."""
        own = self.bot.without_mention(message.content)
        opens = isinstance(message.channel, discord.Thread) and message.channel.id == message.id
        return [message.channel.name, own] if opens and isinstance(message.channel, discord.Thread) else [own]

    async def _answer_unaddressed(self, message: discord.Message) -> None:
        if message.guild is None:
            return
        try:
            await prepare(self.bot.knowledge, message.guild.id)
        except FactsUnreadError:
            return
        if self._ask_unaddressed(message) is None:
            return
        await asyncio.sleep(self.bot.knowledge.server_settings(message.guild.id).wait_s)
        # From here on it gives way to nobody: the reply is on its way. How long it waited on purpose does not count.
        take_up()
        waiting = self._waiting.pop(message.id)
        # At the end, it is waited for.
        waiting.task.set_name("tianwen-unasked-reply")
        # Facts and settings may have changed meanwhile.
        asked = self._ask_unaddressed(message)
        if asked is None or not self._listens_to(message):
            return
        settings = self.bot.knowledge.server_settings(message.guild.id)
        place = (message.guild.id, message.channel.id)
        if self.bot.cooldowns.take_unaddressed(message.author.id, *place, settings.cooldown_s):
            return
        self.bot.last_questions.remember(message.author.id, message.channel.id, asked.answer.to_lean_on)
        answering = self._send_and_keep(message, asked, self._reply(message, asked))
        await self._guarded(message, self._seen_through(message, answering))

    # Afterwards

    def _reply_to(self, message: discord.Message) -> SentReply | None:
        """Give the reply that the author of a message got; what others had posted in reply to it stays theirs."""
        replies = self.bot.replies.of_question(message.id)
        return next((r for r in replies if r.asker_id == message.author.id and not r.posted), None)

    async def _answer_anew(self, message: discord.Message) -> None:
        await prepare(self.bot.knowledge, _server_id(message))
        known = self._reply_to(message)
        if known is None:
            return
        if not self._is_still_meant(message, known):
            await self._take_back(known)
            return
        questions = self._questions(message)
        if known.question in questions or (message.reference is not None and not questions[-1]):
            # The words are the same, as when Discord adds a preview; or they are another's, and asked already.
            return
        if self.bot.cooldowns.take_pressed(message.author.id):
            # Nobody mends a question so often: this is a flood.
            return
        asked, reply = self._ask_anew(message, known)
        if asked is None or reply is None:
            await self._take_back(known)
            return
        sent = self._sent(message, known.message_id, asked)
        # Known before it is sent: if a fact is corrected meanwhile, this is the answer that counts.
        self.bot.replies.put(sent)
        embeds = message.guild is None or message.channel.permissions_for(message.guild.me).embed_links
        try:
            channel = self.bot.get_partial_messageable(known.channel_id)
            await channel.get_partial_message(known.message_id).edit(**reply.edits(embeds=embeds))
        except UNREACHED:
            self.bot.replies.put(known)
            raise
        self._note_asked(message, asked)
        if not known.fact_ids:
            await self.bot.withdraw(known)
        await self.bot.keep_reply(sent, asked.answer)

    def _is_still_meant(self, message: discord.Message, known: SentReply) -> bool:
        """Tell whether an edited message is still meant for the bot."""
        if message.guild is None or self._is_addressed(message):
            return True
        if not known.addressed:
            return not _is_for_others(message)
        # Not every edit comes with the message that it replies to.
        answered = message.reference.message_id if message.reference else None
        return answered is not None and self.bot.replies.of_message(answered) is not None

    def _ask_anew(self, message: discord.Message, known: SentReply) -> tuple[_Asked | None, Reply | None]:
        if known.addressed or self._is_addressed(message):
            return self._ask(message, known.context)
        asked = self._ask_unaddressed(message)
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
                await self._take_back(known)
        await self.bot.replies.forget(list(message_ids))

    async def _take_back(self, reply: SentReply) -> None:
        """Delete a reply, and take its question off the review queue."""
        channel = self.bot.get_partial_messageable(reply.channel_id)
        try:
            await channel.get_partial_message(reply.message_id).delete()
        except UNREACHED as error:
            log.warning("A reply could not be deleted: %s", error)
        await self.bot.replies.forget([reply.message_id])
        await self.bot.withdraw(reply)

    def _words(self, message: discord.Message) -> Words:
        locale = message.guild.preferred_locale if message.guild else discord.Locale.american_english
        return words_for_question(message.content, locale)


def _is_from_a_person(message: discord.Message) -> bool:
    return not message.author.bot and message.webhook_id is None and message.type in _TALK


def _is_for_others(message: discord.Message) -> bool:
    """Tell whether a message mentions somebody or replies to somebody."""
    return bool(message.mentions or message.role_mentions or message.mention_everyone or message.reference)


def _server_id(message: discord.Message) -> int | None:
    return message.guild.id if message.guild else None
