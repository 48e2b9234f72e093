"""Questions: by mention, by reply, in direct messages, and by ``/ask``."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import UNREACHED, sentence_for
from bot.ui import limits, words
from bot.ui.answers import Reply, answer_reply, examples_reply, fact_reply, may_embed, sentence_reply
from facts.errors import FactNotFoundError

if TYPE_CHECKING:
    from bot.client import Tianwen

log = logging.getLogger(__name__)

_TALK = {discord.MessageType.default, discord.MessageType.reply}
# What autocomplete puts behind a choice, so that the very fact is meant and not its question matched again.
_FACT = "fact:"


class Questions(commands.Cog):
    """Answers questions."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is meant for the bot."""
        if message.author.bot or message.webhook_id is not None or message.type not in _TALK:
            return
        if message.guild is not None and not self._is_addressed(message):
            return
        try:
            await self._send(message, self._reply_to(message))
        except UNREACHED as error:
            log.warning("A reply could not be sent: %s", error)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await self._tell_error(message, error)

    def _is_addressed(self, message: discord.Message) -> bool:
        """Tell whether a message in a server mentions the bot or replies to it; @everyone alone does not count."""
        user = self.bot.user
        if user is not None and user in message.mentions:
            return True
        if message.guild is not None and message.guild.self_role in message.role_mentions:
            return True
        reference = message.reference.resolved if message.reference else None
        return isinstance(reference, discord.Message) and reference.author == user

    def _reply_to(self, message: discord.Message) -> Reply:
        question = self._without_own_mention(message.content).strip()
        reference = message.reference.resolved if message.reference else None
        if not question and isinstance(reference, discord.Message) and reference.author != self.bot.user:
            # A bare mention in a reply to somebody's message asks to answer that message.
            question = reference.content.strip()
        server_id = message.guild.id if message.guild else None
        if not question:
            if message.guild is not None and self.bot.user not in message.mentions:
                by_role = message.guild.self_role in message.role_mentions
                return sentence_reply(words.UNREADABLE_ROLE if by_role else words.UNREADABLE_REPLY)
            if isinstance(reference, discord.Message) and reference.author != self.bot.user:
                return sentence_reply(words.UNREADABLE_QUESTION)
            return examples_reply(self.bot.knowledge.engine.examples(server_id), message.author.id)
        place = (message.author.id, message.channel.id)
        answer = self.bot.knowledge.ask(question, server_id=server_id, context=self.bot.last_questions.recall(*place))
        self.bot.last_questions.remember(*place, answer.to_lean_on)
        return answer_reply(answer, message.author.id)

    def _without_own_mention(self, content: str) -> str:
        return re.sub(rf"<@!?{self.bot.user.id}>", " ", content) if self.bot.user else content

    async def _send(self, message: discord.Message, reply: Reply) -> None:
        """Send a reply as the channel allows: with an embed or in plain text, as a reply or as a message."""
        embeds = history = True
        if message.guild is not None:
            permissions = message.channel.permissions_for(message.guild.me)
            in_thread = isinstance(message.channel, discord.Thread)
            may_send = permissions.send_messages_in_threads if in_thread else permissions.send_messages
            if not (permissions.view_channel and may_send):
                return
            embeds, history = permissions.embed_links, permissions.read_message_history
        if history:
            reference = message.to_reference(fail_if_not_exists=False)
            await message.channel.send(**reply.arguments(embeds=embeds), reference=reference, mention_author=False)
        else:
            await message.channel.send(**reply.arguments(embeds=embeds))

    async def _tell_error(self, message: discord.Message, error: Exception) -> None:
        sentence = sentence_for(error, "answering a message")
        try:
            await self._send(message, sentence_reply(sentence))
        except UNREACHED as second:
            log.warning("An error could not be told: %s", second)

    @app_commands.command(description="Ask about the spacewalk, the crew, the station or the programme.")
    @app_commands.describe(question="Your question", private="Show the answer to you alone")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def ask(
        self,
        interaction: discord.Interaction[Tianwen],
        question: app_commands.Range[str, 1, limits.MESSAGE],
        private: bool = False,
    ) -> None:
        """Answer a question."""
        place = (interaction.user.id, interaction.channel_id or 0)
        reply: Reply | None = None
        if question.startswith(_FACT):
            try:
                fact = self.bot.knowledge.fact(question.removeprefix(_FACT), interaction.guild_id)
            except FactNotFoundError:
                pass
            else:
                question, reply = fact.canonical_question, fact_reply(fact)
        if reply is None:
            context = self.bot.last_questions.recall(*place)
            answer = self.bot.knowledge.ask(question, server_id=interaction.guild_id, context=context)
            question, reply = answer.to_lean_on, answer_reply(answer, interaction.user.id)
        self.bot.last_questions.remember(*place, question)
        await interaction.response.send_message(**reply.arguments(embeds=may_embed(interaction)), ephemeral=private)

    @ask.autocomplete("question")
    async def _suggest_questions(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        facts = self.bot.knowledge.suggest(current, server_id=interaction.guild_id, limit=limits.CHOICES)
        return [
            app_commands.Choice(name=limits.cut(fact.canonical_question, limits.CHOICE_NAME), value=f"{_FACT}{fact.id}")
            for fact in facts
        ]


async def setup(bot: Tianwen) -> None:
    """Add the cog."""
    await bot.add_cog(Questions(bot))
