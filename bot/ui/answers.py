"""Answers as Discord messages, and the buttons under them."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import discord

from bot.access import is_editor, may_embed, may_post, server_id_of
from bot.admission import admit
from bot.errors import UNREACHED, answer_error
from bot.ui import limits
from bot.ui.editor_words import editor_words_for
from bot.ui.embeds import GREEN, Reply, answer_embed, facts_embed, on_one_line, sentence_reply, source_reply
from bot.ui.items import Button, may_use, show_beside, show_instead
from bot.ui.saved_tests import editor_buttons
from bot.ui.text import answer_text, facts_text, talk_text
from bot.ui.view import StatelessView
from bot.ui.words import ENGLISH, SmallTalk, Words, words_for
from facts.engine import Answer
from facts.entities import FACT_ID_PATTERN, AnswerAlert, Doubt
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    import datetime as dt
    import re
    from collections.abc import Sequence

    from bot.client import Tianwen
    from facts.entities import Fact, SentReply

log = logging.getLogger(__name__)

# Of the related facts, a menu offers this many.
RELATED = 10
# “Was this right?”, as people vote everywhere.
RIGHT, WRONG = "👍", "👎"
_FACT_ID = FACT_ID_PATTERN.pattern
# Of a question that is quoted, this much.
_QUOTED = 300


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a reply is made: who asked, in which words, and which buttons make sense there."""

    id: int
    words: Words = ENGLISH
    votes: bool = True
    private: bool = False

    @classmethod
    def of(cls, interaction: discord.Interaction[Tianwen], *, private: bool = False) -> Self:
        """Make it for the person who used a command or a button."""
        settings = interaction.client.knowledge.server_settings(server_id_of(interaction))
        return cls(interaction.user.id, words_for(interaction.locale), settings.votes_shown, private)


def answer_reply(answer: Answer, reader: Reader, related: Sequence[Fact] = ()) -> Reply:
    """Give the message for an answer of any outcome but an ignored one.

    Args:
        answer: what the question gets.
        reader: who asked.
        related: facts to go on with, beside those that the answer names.
    """
    words = reader.words
    view = StatelessView()
    match answer.outcome:
        case Outcome.ANSWER:
            _add_answer_items(view, answer.facts, reader, (*answer.related, *related))
        case Outcome.CHOICES:
            _add_choices(view, answer.facts, reader.id)
            view.add_item(NoneButton(reader.id, words.none_of_these))
        case _:
            _add_choices(view, answer.related, reader.id)
    if answer.is_open:
        view.add_item(TellMeButton(reader.id, words.tell_me))
    if answer.outcome is not Outcome.ANSWER and not reader.private:
        view.add_item(DismissButton(reader.id, words.dismiss))
    return Reply(answer_embed(answer, words), answer_text(answer, words), view if view.children else None)


def facts_reply(facts: Sequence[Fact], reader: Reader, related: Sequence[Fact] = (), *notes: str | None) -> Reply:
    """Give the message for facts that are known to be meant, with what else is to be said, if anything."""
    view = StatelessView()
    _add_answer_items(view, facts, reader, related)
    return Reply(facts_embed(facts, reader.words, *notes), facts_text(facts, reader.words, *notes), view)


def posted_reply(reply: Reply, asker_id: int, words: Words) -> Reply:
    """Say above a reply to somebody's message who asked for it."""
    return dataclasses.replace(reply, above=words.posted.format(asker=f"<@{asker_id}>"))


def told_reply(question: str, answer: Answer, words: Words) -> Reply:
    """Give the direct message for somebody who wanted to be told when there is an answer."""
    above = words.told.format(question=on_one_line(question, _QUOTED))
    return Reply(answer_embed(answer, words), answer_text(answer, words), above=above)


def talk_reply(kind: SmallTalk, examples: Sequence[Fact], words: Words) -> Reply:
    """Give the message for somebody who speaks to the bot and asks nothing; a greeting gets examples to press."""
    text = talk_text(kind, examples, words)
    if kind is SmallTalk.GREETING:
        return Reply(discord.Embed(description=words.hello, colour=GREEN), text, examples_view(examples))
    return sentence_reply(text)


def examples_view(facts: Sequence[Fact]) -> discord.ui.View | None:
    """Give buttons that ask for facts, for everybody to try."""
    if not facts:
        return None
    view = StatelessView()
    for fact in facts:
        view.add_item(TryButton(fact.id, fact.canonical_question))
    return view


def _add_answer_items(view: discord.ui.View, facts: Sequence[Fact], reader: Reader, related: Sequence[Fact]) -> None:
    words = reader.words
    for number, fact in enumerate(facts, 1):
        label = words.source if len(facts) == 1 else words.source_number.format(number=number)
        view.add_item(SourceButton(fact.id, label))
    if reader.votes:
        view.add_item(VoteButton(facts[0].id, right=True))
        view.add_item(VoteButton(facts[0].id, right=False))
    if not reader.private:
        view.add_item(DismissButton(reader.id, words.dismiss))
    shown = {fact.id for fact in facts}
    further = list({fact.id: fact for fact in related if fact.id not in shown}.values())[:RELATED]
    if further:
        view.add_item(RelatedSelect(further, words.related_select))


def _add_choices(view: discord.ui.View, facts: Sequence[Fact], asker_id: int) -> None:
    for fact in facts:
        view.add_item(FactButton(asker_id, fact.id, fact.canonical_question))


class FactButton(Button, template=rf"tw:fact:(?P<asker>\d+):(?P<fact>{_FACT_ID})"):
    """Shows a fact in place of the choice or list that it stands under; for the asker only."""

    def __init__(self, asker_id: int, fact_id: str, label: str) -> None:
        """Make the button for a fact, labelled with its question."""
        super().__init__(_button(label, f"tw:fact:{asker_id}:{fact_id}", discord.ButtonStyle.primary))
        self.asker_id: int = asker_id
        self.fact_id = fact_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["asker"]), state["fact"], label)

    async def pressed(self, interaction: discord.Interaction[Tianwen], _words: Words, /) -> None:
        """Show the fact as it is now."""
        bot, message = interaction.client, interaction.message
        reply = _one_fact(interaction, self.fact_id, private=message is not None and message.flags.ephemeral)
        await show_instead(interaction, reply)
        known = bot.replies.of_message(message.id) if message is not None else None
        if known is not None:
            await bot.replies.keep(dataclasses.replace(known, fact_ids=(self.fact_id,), remark=None))


class NoneButton(Button, template=r"tw:none:(?P<asker>\d+)"):
    """Says that none of the choices was meant, and puts the question on the review queue; for the asker only."""

    def __init__(self, asker_id: int, label: str) -> None:
        """Make the button."""
        super().__init__(_button(label, f"tw:none:{asker_id}"))
        self.asker_id: int = asker_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["asker"]), label)

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Queue the question, take the choices away, and say so."""
        # Acknowledged first: the database may take its time.
        await interaction.response.defer()
        is_noted = await _queue(interaction, Doubt.NONE_OF_THESE)
        sentence = f"{words.none_of_these_reply} {words.noted}" if is_noted else words.none_of_these_reply
        view = StatelessView()
        view.add_item(TellMeButton(interaction.user.id, words.tell_me))
        await show_instead(interaction, dataclasses.replace(sentence_reply(sentence), view=view if is_noted else None))


class TellMeButton(Button, template=r"tw:tell:(?P<asker>\d+)"):
    """Lets the asker be told, once, when there is an answer; for the asker only."""

    def __init__(self, asker_id: int, label: str) -> None:
        """Make the button."""
        super().__init__(_button(label, f"tw:tell:{asker_id}"))
        self.asker_id: int = asker_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["asker"]), label)

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Remember it, and put the question on the review queue where it was asked in private."""
        bot, message, server_id = interaction.client, interaction.message, server_id_of(interaction)
        known = bot.replies.of_message(message.id) if message is not None else None
        if known is None:
            await interaction.response.send_message(words.cannot_tell, ephemeral=True)
            return
        # Acknowledged first: the database may take its time.
        await interaction.response.defer(ephemeral=True, thinking=True)
        alert = AnswerAlert(server_id, known.question, interaction.user.id, discord.utils.utcnow())
        await bot.knowledge.bookkeeping.keep_alert(alert)
        bot.dispatch("alert_kept", server_id, known.question)
        if message is not None and message.flags.ephemeral:
            await _queue(interaction, Doubt.UNANSWERED)
        days = bot.knowledge.server_settings(server_id).queue_days
        await interaction.followup.send(words.will_tell.format(days=days), ephemeral=True)


class SourceButton(Button, template=rf"tw:source:(?P<fact>{_FACT_ID})"):
    """Tells all about a fact's source."""

    def __init__(self, fact_id: str, label: str) -> None:
        """Make the button for a fact."""
        super().__init__(_button(label, f"tw:source:{fact_id}"))
        self.fact_id = fact_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["fact"], label)

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Show the source, and what else comes from the same place."""
        knowledge, server_id = interaction.client.knowledge, server_id_of(interaction)
        fact = knowledge.fact(self.fact_id, server_id)
        same_place = knowledge.from_same_place(fact, server_id)
        reply = source_reply(fact, same_place, words)
        view = StatelessView()
        if fact.source.url and len(fact.source.url) <= limits.BUTTON_URL:
            view.add_item(
                discord.ui.Button(label=limits.cut(fact.source.publisher, limits.BUTTON_LABEL), url=fact.source.url)
            )
        if same_place:
            view.add_item(RelatedSelect(same_place[:RELATED], words.related_select))
        if is_editor(interaction) and interaction.message is not None:
            editor_words = editor_words_for(interaction.locale)
            for button in editor_buttons(fact.id, interaction.message.id, editor_words):
                view.add_item(button)
        await show_beside(interaction, dataclasses.replace(reply, view=view if view.children else None))


class VoteButton(Button, template=rf"tw:vote:(?P<vote>right|wrong):(?P<fact>{_FACT_ID})"):
    """Counts whether an answer was right: one vote a person and answer, which may be changed."""

    def __init__(self, fact_id: str, *, right: bool) -> None:
        """Make one of the two buttons; their signs alone leave room for all buttons in one row of a phone."""
        emoji, vote = (RIGHT, "right") if right else (WRONG, "wrong")
        super().__init__(discord.ui.Button(emoji=emoji, custom_id=f"tw:vote:{vote}:{fact_id}"))
        self.fact_id = fact_id
        self.right = right

    @classmethod
    def remade(cls, state: dict[str, str], _label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["fact"], right=state["vote"] == "right")

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Count the vote; an answer that was not right goes to the editors."""
        if interaction.message is None:
            return
        # Acknowledged first: the database may take its time.
        await interaction.response.defer(ephemeral=True, thinking=True)
        votes = await interaction.client.knowledge.bookkeeping.vote(
            interaction.message.id, interaction.user.id, self.fact_id, server_id_of(interaction), right=self.right
        )
        is_noted = not self.right and await _queue(interaction, Doubt.NOT_RIGHT, self.fact_id)
        thanks = words.voted_wrong if is_noted else words.voted_right
        await interaction.followup.send(thanks.format(right=votes.right, wrong=votes.wrong), ephemeral=True)


class DismissButton(Button, template=r"tw:dismiss:(?P<asker>\d+)"):
    """Takes a reply away; for the asker and for editors."""

    def __init__(self, asker_id: int, label: str) -> None:
        """Make the button."""
        super().__init__(_button(label, f"tw:dismiss:{asker_id}"))
        self.owner_id = asker_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["asker"]), label)

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Delete the reply."""
        if interaction.user.id != self.owner_id and not is_editor(interaction):
            await interaction.response.send_message(words.may_not_dismiss, ephemeral=True)
            return
        await interaction.response.defer()
        await interaction.delete_original_response()
        if interaction.message is not None:
            await interaction.client.replies.forget([interaction.message.id])


class TryButton(Button, template=rf"tw:try:(?P<fact>{_FACT_ID})"):
    """Asks an example, for whoever presses it."""

    def __init__(self, fact_id: str, label: str) -> None:
        """Make the button for a fact, labelled with its question."""
        super().__init__(_button(label, f"tw:try:{fact_id}", discord.ButtonStyle.primary))
        self.fact_id = fact_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["fact"], label)

    async def pressed(self, interaction: discord.Interaction[Tianwen], _words: Words, /) -> None:
        """Show the fact beside the examples."""
        await show_beside(interaction, _one_fact(interaction, self.fact_id, private=True))


class PostButton(Button, template=r"tw:post:(?P<message>\d+)"):
    """Posts an answer, which one person sees, for everybody: in reply to the message that it answers."""

    def __init__(self, message_id: int, label: str) -> None:
        """Make the button for an answer to a message."""
        super().__init__(_button(label, f"tw:post:{message_id}", discord.ButtonStyle.primary))
        self.message_id = message_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["message"]), label)

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Post it, once; where that cannot be, say why, and leave the button."""
        replies, private = interaction.client.replies, interaction.message
        if not may_post(interaction):
            await interaction.response.send_message(words.you_may_not, ephemeral=True)
            return
        known = replies.of_message(private.id) if private is not None else None
        if private is None or known is None or known.posted:
            await interaction.response.send_message(words.not_postable, ephemeral=True)
            return
        # Marked at once: a second click finds it posted.
        replies.put(dataclasses.replace(known, posted=True))
        obstacle: str | None = None
        is_posted = False
        try:
            await interaction.response.defer()
            obstacle = await self._obstacle(interaction, known, private.created_at, words)
            if obstacle is None:
                await self._post(interaction, known, words)
                is_posted = True
        except UNREACHED as error:
            log.warning("An answer could not be posted: %s", error)
            obstacle = words.not_posted
        finally:
            if not is_posted:
                replies.put(known)
        if obstacle is not None:
            await interaction.followup.send(obstacle, ephemeral=True)
            return
        await replies.forget([private.id])
        with contextlib.suppress(*UNREACHED):
            # A button that stays does nothing any more.
            await interaction.edit_original_response(view=None)

    async def _obstacle(
        self, interaction: discord.Interaction[Tianwen], known: SentReply, since: dt.datetime, words: Words
    ) -> str | None:
        """Say why the answer is not to be posted, if it is not."""
        answered = self._answered(interaction)
        if answered is None:
            return None
        there = interaction.client.replies.of_question(self.message_id)
        if any(reply.posted and reply.fact_ids == known.fact_ids for reply in there):
            return words.not_postable
        try:
            edited = (await answered.fetch()).edited_at
        except discord.NotFound:
            return words.question_gone
        except discord.Forbidden:
            # Where the bot may not read what was said before, it cannot know.
            return None
        return words.question_edited if edited is not None and edited > since else None

    async def _post(self, interaction: discord.Interaction[Tianwen], known: SentReply, words: Words) -> None:
        """Post the answer: as a reply where the bot is a member, else as the answer to the click."""
        bot, server_id = interaction.client, server_id_of(interaction)
        found = [bot.knowledge.find(fact_id, server_id) for fact_id in known.fact_ids]
        # Where all were taken back meanwhile, the first one says so.
        facts = [fact for fact in found if fact is not None] or [bot.knowledge.fact(known.fact_ids[0], server_id)]
        reply = facts_reply(facts, Reader.of(interaction), bot.knowledge.neighbours(facts, server_id), known.remark)
        shown = posted_reply(reply, interaction.user.id, words).arguments(embeds=may_embed(interaction))
        answered = self._answered(interaction)
        if answered is None:
            await interaction.followup.send(**shown)
            return
        reference = answered.to_reference(fail_if_not_exists=False)
        sent = await answered.channel.send(**shown, reference=reference, mention_author=False)
        posted = dataclasses.replace(
            known, message_id=sent.id, question_id=self.message_id, posted=True, at=sent.created_at
        )
        await bot.keep_reply(posted, Answer(known.question, Outcome.ANSWER, tuple(facts)))

    def _answered(self, interaction: discord.Interaction[Tianwen]) -> discord.PartialMessage | None:
        """Give the message that is answered, where the bot is a member."""
        if server_id_of(interaction) is None or interaction.channel_id is None:
            return None
        channel = interaction.client.get_partial_messageable(interaction.channel_id, guild_id=interaction.guild_id)
        return channel.get_partial_message(self.message_id)


class RelatedSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"tw:related"):
    """A menu of facts to go on with; the chosen one is shown beside the answer."""

    def __init__(self, facts: Sequence[Fact], placeholder: str, menu: discord.ui.Select[Any] | None = None) -> None:
        """Make the menu of these facts, or take one that stands under a message already."""
        super().__init__(
            menu
            or discord.ui.Select(
                custom_id="tw:related",
                placeholder=limits.cut(placeholder, limits.SELECT_PLACEHOLDER),
                options=[
                    discord.SelectOption(label=limits.cut(fact.canonical_question, limits.SELECT_LABEL), value=fact.id)
                    for fact in facts
                ],
            )
        )

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _interaction: discord.Interaction[Tianwen], item: discord.ui.Select[Any], _match: re.Match[str]
    ) -> Self:
        """Take the menu as it stands under the message."""
        return cls((), "", item)

    async def interaction_check(self, interaction: discord.Interaction[Tianwen], /) -> bool:  # type: ignore[override]
        """Let everybody choose, until it has faded."""
        return await may_use(interaction, None)

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        """Show the fact that was chosen."""
        try:
            await admit(interaction)
            await show_beside(interaction, _one_fact(interaction, self.item.values[0], private=True))
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await answer_error(interaction, error, "answering a menu")


def _button(
    label: str, custom_id: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=limits.cut(label, limits.BUTTON_LABEL), style=style, custom_id=custom_id)


def _one_fact(interaction: discord.Interaction[Tianwen], fact_id: str, *, private: bool) -> Reply:
    """Give the message for one fact as it is now, and remember that this person asked for it."""
    bot, server_id = interaction.client, server_id_of(interaction)
    fact = bot.knowledge.fact(fact_id, server_id)
    bot.last_questions.remember(interaction.user.id, interaction.channel_id or 0, fact.canonical_question)
    facts = bot.knowledge.engine.newest_first([fact], server_id)
    return facts_reply(facts, Reader.of(interaction, private=private), bot.knowledge.neighbours(facts, server_id))


async def _queue(interaction: discord.Interaction[Tianwen], doubt: Doubt, fact_id: str | None = None) -> bool:
    """Put the question behind a reply on the review queue: that which was asked, else the one that its fact answers.

    Returns:
        Whether it is there now.
    """
    bot, message, server_id = interaction.client, interaction.message, server_id_of(interaction)
    known = bot.replies.of_message(message.id) if message is not None else None
    if known is not None:
        question = known.question
    elif fact_id is not None:
        question = bot.knowledge.fact(fact_id, server_id).canonical_question
    else:
        return False
    return await bot.queue(
        question,
        doubt,
        server_id=server_id,
        author_id=known.worded_by if known is not None else None,
        fact_id=fact_id,
        private=message is not None and message.flags.ephemeral,
    )


ITEMS = (
    FactButton,
    NoneButton,
    TellMeButton,
    SourceButton,
    VoteButton,
    DismissButton,
    TryButton,
    PostButton,
    RelatedSelect,
)
