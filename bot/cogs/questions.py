"""Questions by command: ``/ask``, and the menu on other people's messages."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import may_embed, may_post, must_be_private, server_id_of
from bot.meters import Way
from bot.replies import sent_reply
from bot.ui import limits
from bot.ui.answers import PostButton, Reader, answer_reply
from bot.ui.words import words_for
from facts.engine import Answer
from facts.errors import FactNotFoundError
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from bot.client import Tianwen

# What autocomplete puts behind a choice, so that the very fact is meant and not its question matched again.
_FACT = "fact:"


class Questions(commands.Cog):
    """Answers questions."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        self._menu = app_commands.ContextMenu(
            name="Answer this question",
            callback=self._answer_message,
            type=discord.AppCommandType.message,
        )

    async def cog_load(self) -> None:
        """Add the menu: unlike commands, discord.py does not take it from the cog."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the menu away."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(description="Ask about the spacewalk, the crew, the station or the programme.")
    @app_commands.describe(question="Your question", private="Show the answer to you alone")
    async def ask(
        self,
        interaction: discord.Interaction[Tianwen],
        question: app_commands.Range[str, 1, limits.MESSAGE],
        private: bool = False,
    ) -> None:
        """Answer a question."""
        if not await self._is_rested(interaction):
            return
        private = private or must_be_private(interaction)
        reader, server_id = Reader.of(interaction, private=private), server_id_of(interaction)
        place = (interaction.user.id, interaction.channel_id or 0)
        context = self.bot.last_questions.recall(*place)
        answer = None
        if question.startswith(_FACT):
            with contextlib.suppress(FactNotFoundError):
                fact = self.bot.knowledge.fact(question.removeprefix(_FACT), server_id)
                answer, context = Answer(fact.canonical_question, Outcome.ANSWER, (fact,)), None
        if answer is None:
            answer = self.bot.knowledge.ask(question, server_id=server_id, context=context)
        talk = self.bot.small_talk_reply(answer, server_id, reader.words)
        if talk is not None:
            await interaction.response.send_message(**talk.arguments(embeds=may_embed(interaction)), ephemeral=private)
            self._note_asked(interaction, Answer(question, Outcome.IGNORED))
            return
        self.bot.last_questions.remember(*place, answer.to_lean_on)
        await self._respond(interaction, answer, reader, context)

    @ask.autocomplete("question")
    async def _suggest_questions(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        facts = self.bot.knowledge.suggest(current, server_id=server_id_of(interaction), limit=limits.CHOICES)
        return [
            app_commands.Choice(name=limits.cut(fact.canonical_question, limits.CHOICE_NAME), value=f"{_FACT}{fact.id}")
            for fact in facts
        ]

    async def _answer_message(self, interaction: discord.Interaction[Tianwen], message: discord.Message) -> None:
        """Answer a message for the person who chose the menu; they may post the answer for everybody."""
        if not await self._is_rested(interaction):
            return
        question = self.bot.without_mention(message.content)
        reader, server_id = Reader.of(interaction, private=True), server_id_of(interaction)
        answer = self.bot.knowledge.ask(question, server_id=server_id)
        if self.bot.small_talk_reply(answer, server_id, reader.words) is not None:
            await interaction.response.send_message(reader.words.nothing_to_answer, ephemeral=True)
            return
        post = None
        if answer.outcome is Outcome.ANSWER and may_post(interaction):
            post = PostButton(message.id, reader.words.post)
        await self._respond(interaction, answer, reader, author_id=message.author.id, further=post)

    async def _is_rested(self, interaction: discord.Interaction[Tianwen]) -> bool:
        """Tell whether the person and the channel may have another answer; if not, tell them when."""
        retry = self.bot.cooldowns.take_addressed(interaction.user.id, interaction.channel_id)
        if retry:
            sentence = words_for(interaction.locale).slow_down.format(seconds=max(1, round(retry)))
            await interaction.response.send_message(sentence, ephemeral=True)
        return not retry

    async def _respond(
        self,
        interaction: discord.Interaction[Tianwen],
        answer: Answer,
        reader: Reader,
        context: str | None = None,
        author_id: int | None = None,
        further: PostButton | None = None,
    ) -> None:
        """Send the reply, then note it, and queue its question if that is open."""
        server_id = server_id_of(interaction)
        reply = answer_reply(answer, reader, self.bot.knowledge.neighbours(answer.shown, server_id))
        if further is not None and reply.view is not None:
            reply.view.add_item(further)
        response = await interaction.response.send_message(
            **reply.arguments(embeds=may_embed(interaction)), ephemeral=reader.private
        )
        self._note_asked(interaction, answer)
        if response.message_id is not None:
            sent = sent_reply(
                answer,
                reader.words,
                message_id=response.message_id,
                channel_id=interaction.channel_id or 0,
                server_id=server_id,
                asker_id=reader.id,
                author_id=author_id,
                context=context,
            )
            await self.bot.keep_reply(sent, answer, private=reader.private)

    def _note_asked(self, interaction: discord.Interaction[Tianwen], answer: Answer) -> None:
        self.bot.note_asked(Way.INTERACTION, answer, server_id_of(interaction), interaction.user.id)
