"""What editors see before they save: the warnings, in embeds and without, and that nothing of a draft is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import drafts
from bot.drafts import DraftGoneError, Drafts, EntryDraft
from bot.ui import limits
from bot.ui.editing import add_notes, with_questions
from bot.ui.editor_words import EDITOR_ENGLISH as SAY
from bot.ui.words import ENGLISH
from facts.bookkeeping import EVERY
from facts.entities import Draft, Measure, Milestone, PartialDate
from facts.memory import SERVER_ENTRIES_MAX
from tests.bot.test_keeping_facts import QUESTION, ZORBLAX, again, press, save, told, write
from tests.bot.test_teaching import review

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")


async def edited(world: World, entry_id: str, **texts: str) -> discord.Message:
    """Let the moderator send the form of an entry with other texts; give what they see then."""
    opened = await world.moderator.slash(world.channel, "facts edit", id=entry_id)
    return world.response(await world.moderator.submit_modal(opened, world.form(opened) | texts))


async def test_an_edit_that_takes_a_question_of_another_fact_is_told(world: World) -> None:
    await save(world, ZORBLAX, id="zorblax")
    shown = told(await edited(world, "zorblax", questions=f"{ZORBLAX['questions']}\n{QUESTION}"))
    assert SAY.unheard in shown
    assert f"- “{QUESTION}”: " in shown
    assert "“zorblax colour”:" not in shown


async def test_where_a_server_has_no_room_what_was_written_stays_and_can_be_shortened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facts.memory.SERVER_CHARACTERS_MAX", 30)
    refused = await write(world, ZORBLAX | {"questions": "zorblax colour, please, of the large one?"}, id="zorblax")
    assert ENGLISH.server_full.format(entries=f"{SERVER_ENTRIES_MAX:,}", characters="30") in told(refused).replace(
        "\\", ""
    )
    shown = await again(world, refused, questions="zorblax colour?")
    await press(world, shown, SAY.save)
    assert world.knowledge.fact("zorblax", world.guild.id).phrasings == ("zorblax colour?",)


async def test_what_supersedes_a_fact_is_told_and_so_are_rings_and_dates_that_are_past(world: World) -> None:
    dates = "superseded by: second\nreview by: 2021-07-05"
    shown = await write(world, ZORBLAX | {"dates": dates}, id="first")
    assert SAY.review_by_past.format(date="2021-07-05") in told(shown)
    assert SAY.successor_missing.format(id="second") in told(shown)
    await press(world, shown, SAY.save)
    await world.teach("second", "It is blue.", "what is second?", superseded_by="third")
    await world.teach("third", "It is red.", "what is third?")
    assert SAY.successor_first.format(id="second") in told(await edited(world, "first", statement="It was green."))
    ring = await edited(world, "third", dates="superseded by: first")
    assert SAY.successor_ring.format(id="first") in told(ring)


async def test_without_embeds_the_warnings_and_the_source_stand_under_a_long_statement(world: World) -> None:
    await save(world, ZORBLAX | {"statement": "long " * 399}, id="zorblax")
    world.deny(world.channel, embed_links=True)
    await world.env.settle()
    questions = f"{ZORBLAX['questions']}\n{QUESTION}"
    shown = await edited(world, "zorblax", questions=questions, dates="review by: 2021-07-05")
    assert shown.embeds == []
    for part in (SAY.changes, SAY.unheard, SAY.test_questions, SAY.name_review_by, "Space Gazette", "[zorblax]"):
        assert part in told(shown), part
    answered = await world.asked("zorblax colour")
    assert answered.content.endswith("Source: Space Gazette, headline unknown, page 2 [zorblax]")


@given(st.integers(1, 4_000), st.lists(st.integers(1, 3_000), min_size=1, max_size=6))
def test_all_notes_fit_under_what_is_longest(described: int, lengths: list[int]) -> None:
    embed = discord.Embed(title="t" * 200, description="d" * described)
    embed.add_field(name="Source", value="s" * 800)
    add_notes(embed, {f"name {n}": "n" * length for n, length in enumerate(lengths)})
    assert len(embed) <= limits.EMBED_TOTAL
    assert all(0 < len(field.value or "") <= limits.EMBED_FIELD_VALUE for field in embed.fields)


async def test_a_question_of_several_lines_is_one_question(world: World) -> None:
    await world.asked("who feeds\nthe zorblax\nand when?")
    opened = await world.moderator.click(await review(world), label=SAY.create)
    assert world.form(opened)["questions"] == "who feeds the zorblax and when?"


def test_of_many_questions_none_is_cut_and_those_that_are_not_shown_are_kept() -> None:
    questions = [f"what does zorblax number {n} do {'on a long day ' * 18}?" for n in range(20)]
    before = EntryDraft("fact", "zorblax", dict(ZORBLAX), hidden=("zorblax?",))
    draft = with_questions(before, [*questions, " a\nb ", ""])
    shown = draft.texts["questions"].splitlines()
    assert len(draft.texts["questions"]) <= limits.INPUT < len("\n".join(questions))
    tidied = [" ".join(question.split()) for question in questions]
    assert (shown, draft.hidden) == (tidied[: len(shown)], ("zorblax?", *tidied[len(shown) :], "a b"))


async def test_what_was_removed_meanwhile_comes_back_whole(world: World) -> None:
    milestone, measures = Milestone(PartialDate.parse("2021"), "Zorblax found"), (Measure("length", 2.5, "m"),)
    fact = await world.teach("zorblax", "It is green.", milestone=milestone, measures=measures)
    shown = await edited(world, "zorblax", statement="It is blue.")
    await world.hide("zorblax")
    warned = await press(world, shown, SAY.save)
    assert told(warned) == SAY.conflict_gone.format(id="zorblax")
    # A third editor brings it back with another text: that is told, too.
    opened = await world.moderator.slash(world.channel, "facts restore", id="zorblax")
    assert told(world.response(opened)) == SAY.restored.format(id="zorblax")
    await world.teach_again("zorblax", topic="animals")
    warned = await press(world, warned, SAY.save_over)
    assert SAY.conflict.format(id="zorblax") in told(warned)
    await world.hide("zorblax")
    warned = await press(world, warned, SAY.save_over)
    await press(world, await again(world, warned), SAY.save)
    assert world.knowledge.fact("zorblax", world.guild.id) == replace(fact, statement="It is blue.")


async def test_a_removal_that_could_not_be_saved_can_be_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facts.errors import DatabaseUnavailableError  # noqa: PLC0415 - raised here alone

    async def fails(*_args: object, **_options: object) -> None:
        raise DatabaseUnavailableError("no")

    await save(world, ZORBLAX, id="zorblax")
    asked = world.response(await world.moderator.slash(world.channel, "facts remove", id="zorblax"))
    with monkeypatch.context() as patch:
        patch.setattr(world.knowledge, "remove", fails)
        refused = await world.moderator.click(asked, label=SAY.remove)
        assert refused.followups[0].content == ENGLISH.not_saved
    assert told(await press(world, asked, SAY.remove)) == SAY.removed.format(id="zorblax", undo=SAY.undo)


async def test_a_doubt_about_what_is_hidden_by_now_offers_no_edit_and_what_is_known_already_can_be_settled(
    world: World,
) -> None:
    reply = await world.asked(QUESTION)
    await world.member.click(reply, custom_id=world.buttons(reply)["👎"])
    await world.hide("tianhe-length")
    card = await review(world)
    assert SAY.edit not in world.buttons(card)
    await world.teach("zorblax", "It is long.", QUESTION)
    card = await review(world)
    shown = world.response(await world.moderator.select(card, ["zorblax"], custom_id=world.menu(card).custom_id))
    assert SAY.no_changes in told(shown)
    assert told(await press(world, shown, SAY.save)).startswith(SAY.no_changes)
    assert told(await review(world)) == SAY.review_empty


async def test_drafts_of_one_editor_push_out_nobody_elses_and_those_of_another_version_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "_OF_ONE_EDITOR", 2)
    theirs = EntryDraft("fact", "zorblax", dict(ZORBLAX), queue_ids=(7,))
    await world.bot.drafts.keep(theirs, world.guild.id, world.member.id)
    mine = [EntryDraft("fact", f"zorblax-{n}", {}) for n in range(3)]
    for draft in mine:
        await world.bot.drafts.keep(draft, world.guild.id, world.moderator.id)
    old = Draft("0123456789abcdef", world.guild.id, world.moderator.id, {"kind": "fact"}, discord.utils.utcnow())
    await world.knowledge.bookkeeping.keep_draft(old)
    with pytest.raises(DraftGoneError):
        world.bot.drafts.get(mine[0].key, world.guild.id, world.moderator.id)
    anew = Drafts(world.knowledge.bookkeeping)
    await anew.load(EVERY)
    assert anew.get(theirs.key, world.guild.id, world.member.id) == theirs
    with pytest.raises(DraftGoneError):
        anew.get(old.key, world.guild.id, world.moderator.id)
