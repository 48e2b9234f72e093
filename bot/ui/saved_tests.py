"""Test questions: keeping one from an answer, and what fails of all. For editors alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import discord

from bot.access import require_editor
from bot.ui import limits
from bot.ui.editing import EditButton, got
from bot.ui.editor_items import EditorButton, EditorSelect, show_to_editor, take_time
from bot.ui.editor_words import EditorWords, editor_words_for
from bot.ui.embeds import AMBER, GREEN, Reply, on_one_line, sentence_reply
from bot.ui.history import HistoryButton
from bot.ui.view import StatelessView
from facts.entities import SavedTest
from facts.evaluation import QuestionClass, Verdict
from facts.matching.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import Tianwen
    from facts.evaluation import Item, Report

# So many tests that fail are told, and of each so much.
_FAILING = 8
_QUESTION = 120
_WORDS = 100
_SAVED = "saved-"


async def keep_test(interaction: discord.Interaction[Tianwen], message_id: int) -> None:
    """Keep the question that a reply answered, and what it got, as a test of this server."""
    server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
    known = interaction.client.replies.of_message(message_id)
    if known is None or known.server_id != server_id or not normalise(known.question).words:
        await show_to_editor(interaction, sentence_reply(words.not_testable))
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    fact_id = known.fact_ids[0] if known.fact_ids else None
    await interaction.client.knowledge.keep_test(SavedTest(server_id, known.question, fact_id, known.context))
    wanted = f"`{fact_id}`" if fact_id else words.wants_nothing
    sentence = words.test_kept.format(question=_chain(known.question, known.context), wanted=wanted)
    await show_to_editor(interaction, sentence_reply(sentence))


async def show_tests(interaction: discord.Interaction[Tianwen]) -> None:
    """Ask the test questions, and show an editor which fail and why."""
    server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
    await take_time(interaction)
    report = await interaction.client.try_out(server_id)
    await show_to_editor(interaction, tests_reply(report, words))


def tests_reply(report: Report, words: EditorWords) -> Reply:
    """Show what fails, the server's own tests first, with a menu to drop some of these."""
    failing = [item for item in report.items if item.verdict is not Verdict.CORRECT]
    right = len(report.items) - len(failing)
    saved = [item for item in report.items if item.question.id.startswith(_SAVED)]
    lines = [words.tests_summary.format(right=right, count=len(report.items), saved=len(saved))]
    lines += [_failing_line(item, words) for item in failing[:_FAILING]]
    if len(failing) > _FAILING:
        lines.append(words.and_more.format(count=len(failing) - _FAILING))
    text = "\n".join(lines)
    colour = AMBER if failing else GREEN
    embed = discord.Embed(
        title=words.tests_title, description=limits.cut(text, limits.EMBED_DESCRIPTION), colour=colour
    )
    view = StatelessView()
    ordered = sorted(saved, key=lambda item: item.verdict is Verdict.CORRECT)[: limits.SELECT_OPTIONS]
    if ordered:
        view.add_item(DropTestSelect("tw:test:drop", words.drop_test, [_option(item) for item in ordered]))
    return Reply(embed, f"{words.tests_title}\n{text}", view if view.children else None)


def _failing_line(item: Item, words: EditorWords) -> str:
    question = item.question
    wanted = f"`{question.fact}`" if question.fact else words.wants_nothing
    if question.class_ in {QuestionClass.NEAR_MISS, QuestionClass.OUT_OF_DOMAIN}:
        wanted = words.wants_nothing
    line = words.test_failing.format(
        question=_chain(question.question, question.context), wanted=wanted, got=got(item.answer, words)
    )
    why = item.answer.why[0] if item.answer.why else None
    if why is None:
        return f"- {line}"
    unexplained = on_one_line(", ".join(why.unexplained), _WORDS) or words.nothing
    reason = words.test_why.format(
        confidence=f"{why.confidence:.2f}",
        threshold=f"{why.threshold:.2f}",
        unexplained=unexplained,
        best=f"`{why.considered[0].id}`" if why.considered else words.nothing,
    )
    return f"- {line}\n  {reason}"


def _chain(question: str, context: str | None) -> str:
    """Show a question, behind the one that it is understood with: they stand in quotes."""
    return "” → “".join(on_one_line(text, _QUESTION) for text in (context, question) if text)


def _option(item: Item) -> discord.SelectOption:
    asked = (item.question.context, item.question.question)
    return discord.SelectOption(
        label=limits.cut(" → ".join(" ".join(text.split()) for text in asked if text), limits.SELECT_LABEL),
        value=item.question.id.removeprefix(_SAVED),
    )


class KeepTestButton(EditorButton, template=r"tw:test:keep:(?P<message>\d+)"):
    """Keeps the question behind a reply as a test."""

    def __init__(self, message_id: int, label: str) -> None:
        """Make the button for a reply."""
        super().__init__(discord.ui.Button(label=label, custom_id=f"tw:test:keep:{message_id}"))
        self.message_id = message_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["message"]), label)

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Keep it."""
        await keep_test(interaction, self.message_id)


class DropTestSelect(EditorSelect, template=r"tw:test:drop"):
    """Drops a test of this server."""

    async def chosen(
        self, interaction: discord.Interaction[Tianwen], values: list[str], _words: EditorWords, /
    ) -> None:
        """Drop it, and show what fails of the others."""
        server_id = require_editor(interaction)
        await take_time(interaction)
        await interaction.client.knowledge.drop_tests(server_id, [int(value) for value in values])
        await show_tests(interaction)


def editor_buttons(fact_id: str, message_id: int, words: EditorWords) -> Sequence[EditorButton]:
    """Give what editors may do from an answer with a fact: change it, see its history, keep the question as a test."""
    return [
        EditButton(fact_id, words.edit),
        HistoryButton(fact_id, words.history),
        KeepTestButton(message_id, words.keep_as_test),
    ]


TEST_ITEMS = (DropTestSelect, KeepTestButton)
