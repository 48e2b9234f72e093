"""Keeping the facts from Discord: writing, changing, removing and taking back, by the editors of a server."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import discord
import pytest
from sqlalchemy import text

from bot.ui import limits
from bot.ui.editor_words import EDITOR_ENGLISH as SAY
from bot.ui.words import ENGLISH
from facts.entities import Author, KnownUnknown, Origin, ServerSettings

if TYPE_CHECKING:
    from facts.database import Database
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

FACT_ID = "tianhe-length"
QUESTION = "how long is tianhe?"
ZORBLAX = {
    "statement": "The zorblax is green.",
    "questions": "what colour is the zorblax?\nzorblax colour",
    "topic": "station",
    "source": "publisher: Space Gazette\nlocator: page 2",
}


def told(message: discord.Message) -> str:
    """Give all that a message says."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.title or "", embed.description or "", embed.footer.text or ""]
        parts += [f"{field.name}\n{field.value}" for field in embed.fields]
    return "\n".join(filter(None, parts))


async def write(world: World, texts: dict[str, str], *, by: Any = None, **options: str) -> discord.Message:
    """Let an editor send the form of a new fact; give what they see then."""
    editor = by or world.moderator
    opened = await editor.slash(world.channel, "facts add", **options)
    return world.response(await editor.submit_modal(opened, world.form(opened) | texts))


async def press(world: World, message: discord.Message, label: str, *, by: Any = None) -> discord.Message:
    """Press a button; give what it shows."""
    return world.response(await (by or world.moderator).click(message, label=label))


async def again(world: World, shown: discord.Message, **texts: str) -> discord.Message:
    """Open the form of a draft again, and send it, with other texts or the same."""
    opened = await world.moderator.click(shown, label=SAY.again)
    return world.response(await world.moderator.submit_modal(opened, world.form(opened) | texts))


async def save(world: World, texts: dict[str, str], **options: Any) -> discord.Message:
    return await press(world, await write(world, texts, **options), SAY.save)


async def test_a_new_fact_is_shown_before_it_is_saved_and_answers_once_it_is(world: World) -> None:
    opened = await world.moderator.slash(world.channel, "facts add", id="Zorblax-Colour", reason="A reader asked.")
    form = world.form(opened)
    assert (form["statement"], form["questions"], form["topic"]) == ("", "", "")
    assert form["source"].startswith("publisher: CNN\n")
    shown = world.response(await world.moderator.submit_modal(opened, form | ZORBLAX))
    assert shown.flags.ephemeral
    assert told(shown).startswith(f"{SAY.preview_new}\nThe zorblax is green.\nzorblax-colour\n")
    assert "Space Gazette, headline unknown, page 2" in told(shown)
    assert SAY.nothing_similar in told(shown)
    assert SAY.no_impact.format(asked=len(world.bot.article_tests)) in told(shown)
    assert not world.shown(await world.asked("what colour is the zorblax?"))
    late = await write(world, ZORBLAX, id="zorblax")
    saved = await press(world, shown, SAY.save)
    assert told(saved) == SAY.saved.format(id="zorblax-colour")
    assert f"{SAY.looks_like}\n- `zorblax-colour`" in told(await again(world, late))
    answered = await world.asked("which color has teh zorblax")
    assert world.shown(answered) == ["zorblax-colour"]
    (revision,) = await world.knowledge.history("zorblax-colour", server_id=world.guild.id)
    assert (revision.author.user_id, revision.reason) == (world.moderator.id, "A reader asked.")


async def test_what_cannot_be_saved_is_told_all_at_once_and_the_text_is_kept(world: World) -> None:
    broken = {
        "statement": " ",
        "questions": "",
        "topic": "t",
        "source": "from somewhere: else\nlocator: p",
        "dates": "x",
    }
    refused = await write(world, broken)
    for part in ("statement:", "questions:", "from somewhere: else", SAY.no_source.split(";")[0], "as of:"):
        assert part in told(refused), part
    no_link = "publisher: Gazette\nurl: javascript:alert(1)\nlocator: p"
    unsound = {"statement": "\u200b\u2800", "questions": "why?\n?!", "source": no_link}
    refused_too = told(await write(world, ZORBLAX | unsound))
    for part in (
        "statement: holds nothing that can be seen",
        "questions, number 2: holds no word",
        "source, url: is not a link that begins with https:// or http://",
    ):
        assert part in refused_too
    assert world.knowledge.facts(world.guild.id) == world.knowledge.facts()
    opened = await world.moderator.click(refused, label=SAY.again)
    assert world.form(opened) == broken | {"statement": " "}
    mended = ZORBLAX | {"source": "https://example.org/a\nlocator: p. 3", "dates": "2021-07-05\nreview by: 2031-01-01"}
    refused = world.response(await world.moderator.submit_modal(opened, mended))
    assert SAY.no_source in told(refused)
    opened = await world.moderator.click(refused, label=SAY.again)
    mended["source"] = "Space Gazette\nhttps://example.org/a\nlocator: p. 3\nauthors: One; Two"
    shown = world.response(await world.moderator.submit_modal(opened, mended))
    await press(world, shown, SAY.save)
    fact = world.knowledge.fact("colour-zorblax", world.guild.id)
    source = fact.source
    assert (source.publisher, source.url, source.authors) == ("Space Gazette", "https://example.org/a", ("One", "Two"))
    assert (fact.locator, fact.as_of, fact.review_by) == ("p. 3", dt.date(2021, 7, 5), dt.date(2031, 1, 1))


async def test_a_draft_survives_a_restart_and_can_be_dropped(world: World) -> None:
    shown = await write(world, ZORBLAX)
    opened = await world.moderator.slash(world.channel, "facts edit", id=FACT_ID)
    await world.restart()
    edited = world.response(
        await world.moderator.submit_modal(opened, world.form(opened) | {"statement": "Tianhe is long."})
    )
    shown = await again(world, shown)
    assert "**Tianhe**" not in told(edited)
    assert "is long." in told(edited)
    await press(world, shown, SAY.save)
    assert world.knowledge.fact("colour-zorblax", world.guild.id).statement == ZORBLAX["statement"]
    assert told(await press(world, edited, SAY.drop)) == SAY.dropped
    assert world.knowledge.fact(FACT_ID, world.guild.id) == world.knowledge.fact(FACT_ID)


async def test_a_taken_id_gets_a_suggestion(world: World) -> None:
    await save(world, ZORBLAX, id="zorblax")
    await world.hide("zorblax")
    for taken, free in (("zorblax", "zorblax-2"), (FACT_ID, f"{FACT_ID}-2")):
        shown = await write(world, ZORBLAX, id=taken)
        assert SAY.id_taken.format(id=taken, free=free) in told(shown)
        # What would change is told of the fact that would be saved, not of that which has the id.
        assert SAY.no_impact.format(asked=len(world.bot.article_tests)) in told(shown)
        assert told(await press(world, shown, SAY.save)) == SAY.saved.format(id=free)
    # Somebody else may take it between the preview and saving.
    shown = await write(world, ZORBLAX, id="wobbegong")
    await world.teach("wobbegong", "It eats crabs.", "what does the wobbegong eat?")
    asked = await press(world, shown, SAY.save)
    assert told(asked) == SAY.id_taken.format(id="wobbegong", free="wobbegong-2")
    saved = await press(world, asked, SAY.save_as.format(id="wobbegong-2"))
    assert told(saved) == SAY.saved.format(id="wobbegong-2")


async def test_a_shared_fact_is_changed_in_this_server_alone_and_taken_back(world: World) -> None:
    opened = await world.moderator.slash(world.channel, "facts edit", id=FACT_ID)
    before = world.knowledge.fact(FACT_ID)
    form = world.form(opened)
    assert form["statement"] == before.statement
    assert form["questions"].splitlines()[0] == before.canonical_question
    assert "locator: paragraph 7" in form["source"]
    shown = world.response(
        await world.moderator.submit_modal(opened, form | {"statement": "Tianhe is 17 metres long."})
    )
    assert SAY.shared_note in told(shown)
    assert "~~16.6~~ **17**" in told(shown)
    saved = await press(world, shown, SAY.save)
    assert "17 metres" in told(await world.asked(QUESTION))
    changed = world.knowledge.fact(FACT_ID, world.guild.id)
    # What the form does not show is as it was.
    assert (changed.phrasings, changed.measures, changed.as_of) == (before.phrasings, before.measures, before.as_of)
    assert world.knowledge.fact(FACT_ID) == before
    undone = await press(world, saved, SAY.undo)
    assert told(undone) == SAY.undone.format(id=FACT_ID)
    assert world.knowledge.fact(FACT_ID, world.guild.id) == before
    history = await press(world, undone, SAY.history)
    assert told(history).count("~~") >= 4
    assert SAY.follows_shared in told(history)


async def test_of_two_editors_at_once_the_second_sees_what_the_first_has_changed(world: World) -> None:
    second = world.guild.add_member(world.env.create_user("second"), roles=[world.moderators])
    await save(world, ZORBLAX, id="zorblax")
    for gone in (False, True):
        opened = await second.slash(world.channel, "facts edit", id="zorblax")
        form = world.form(opened) | {"statement": "The zorblax is violet."}
        shown = world.response(await second.submit_modal(opened, form))
        if gone:
            await world.hide("zorblax")
        else:
            await world.teach_again("zorblax", statement="The zorblax is blue.")
        conflict = await press(world, shown, SAY.save, by=second)
        if gone:
            assert told(conflict) == SAY.conflict_gone.format(id="zorblax")
        else:
            assert SAY.conflict.format(id="zorblax") in told(conflict)
            assert "~~green.~~ **blue.**" in told(conflict)
        opened = await second.click(conflict, label=SAY.again)
        assert world.form(opened)["statement"] == "The zorblax is violet."
        merged = world.response(await second.submit_modal(opened, form | {"statement": f"Both, {gone}."}))
        assert told(await press(world, merged, SAY.save, by=second)) == SAY.saved.format(id="zorblax")
        assert world.knowledge.fact("zorblax", world.guild.id).statement == f"Both, {gone}."
        # Or they put theirs in its place, having seen it.
        opened = await second.slash(world.channel, "facts edit", id="zorblax")
        shown = world.response(await second.submit_modal(opened, world.form(opened) | {"statement": "Mine."}))
        await world.teach_again("zorblax", statement="Theirs.")
        conflict = await press(world, shown, SAY.save, by=second)
        await press(world, conflict, SAY.save_over, by=second)
        assert world.knowledge.fact("zorblax", world.guild.id).statement == "Mine."
        await world.teach_again("zorblax", statement="The zorblax is green.")


async def test_a_fact_is_removed_once_asked_and_brought_back(world: World) -> None:
    asked = world.response(await world.moderator.slash(world.channel, "facts remove", id=FACT_ID, reason="Doubtful."))
    assert told(asked).startswith(SAY.remove_ask.format(id=FACT_ID))
    second = world.response(await world.moderator.slash(world.channel, "facts remove", id=FACT_ID))
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]
    gone = await press(world, asked, SAY.remove)
    assert told(gone) == SAY.removed.format(id=FACT_ID, undo=SAY.undo)
    assert FACT_ID not in world.shown(await world.asked(QUESTION))
    (revision,) = await world.knowledge.history(FACT_ID, server_id=world.guild.id)
    assert revision.reason == "Doubtful."
    assert told(await press(world, second, SAY.remove)) == SAY.is_gone.format(id=FACT_ID)
    (choice,) = await world.moderator.autocomplete(world.channel, "facts restore", "id", "length")
    assert choice["value"] == FACT_ID
    back = world.response(await world.moderator.slash(world.channel, "facts restore", id=FACT_ID))
    assert told(back) == SAY.restored.format(id=FACT_ID)
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]
    again = world.response(await world.moderator.slash(world.channel, "facts restore", id=FACT_ID))
    assert told(again) == SAY.is_there.format(id=FACT_ID)
    assert await world.moderator.autocomplete(world.channel, "facts restore", "id", "") == []


async def test_a_fact_that_changes_after_removing_was_asked_is_asked_about_again(world: World) -> None:
    await save(world, ZORBLAX, id="zorblax")
    world.deny(world.channel, embed_links=True)
    await world.env.settle()
    asked = world.response(await world.moderator.slash(world.channel, "facts remove", id="zorblax", reason="Doubtful."))
    assert SAY.remove_reason.format(reason="Doubtful.") in told(asked)
    await world.teach_again("zorblax", statement="The zorblax is blue.")
    anew = await press(world, asked, SAY.remove)
    for part in (SAY.remove_changed, "The zorblax is blue.", SAY.remove_reason.format(reason="Doubtful.")):
        assert part in told(anew)
    assert world.knowledge.find("zorblax", world.guild.id) is not None
    await press(world, anew, SAY.remove)
    assert world.knowledge.find("zorblax", world.guild.id) is None
    assert (await world.knowledge.history("zorblax", server_id=world.guild.id))[-1].reason == "Doubtful."


async def test_commands_make_an_id_of_words_and_name_what_may_be_meant(world: World) -> None:
    await save(world, ZORBLAX, id="Zorblax: its Colour!")
    assert world.knowledge.find("zorblax-its-colour", world.guild.id) is not None
    opened = await world.moderator.slash(world.channel, "facts edit", id=" Zorblax-Its-Colour ")
    assert world.form(opened)["statement"] == ZORBLAX["statement"]
    for name in ("edit", "remove", "history", "revert"):
        options = {"revision": 1} if name == "revert" else {}
        none = await world.moderator.slash(world.channel, f"facts {name}", id="zorblax colour", **options)
        assert f"“zorblax colour”{ENGLISH.no_such_fact.split('”')[1]}" in told(world.response(none))
        assert "Do you mean `zorblax-its-colour`" in told(world.response(none))
    blank = world.response(await world.moderator.slash(world.channel, "facts remove", id="   "))
    assert told(blank) == ENGLISH.no_such_fact.format(id="")
    await world.hide("zorblax-its-colour")
    near = world.response(await world.moderator.slash(world.channel, "facts restore", id="colour"))
    assert told(near).endswith("Do you mean `zorblax-its-colour`?")
    for name in ("facts edit", "facts remove"):
        gone = await world.moderator.slash(world.channel, name, id="zorblax-its-colour")
        assert told(world.response(gone)) == ENGLISH.fact_removed.format(id="zorblax-its-colour")


async def test_the_history_has_pages_and_leads_back(world: World) -> None:
    await save(world, ZORBLAX, id="zorblax")
    for colour in ("blue", "*red*", "violet", "white", "black"):
        await world.teach_again("zorblax", statement=f"The zorblax is {colour}.")
    first = world.response(await world.moderator.slash(world.channel, "facts history", id="zorblax"))
    assert told(first).index("**6**") < told(first).index("**3**")
    assert "**2**" not in told(first)
    assert r"~~blue.~~ **\*red\*.**" in told(first)
    assert world.moderator.mention in told(first)
    assert world.pings_nobody(first)
    (following,) = [button for sign, button in world.buttons(first).items() if sign == "▶️"]
    second = world.response(await world.moderator.click(first, custom_id=following))
    assert "**1**" in told(second)
    back = world.response(await world.moderator.select(second, ["2"], custom_id="tw:revert:zorblax"))
    assert told(back) == SAY.reverted.format(id="zorblax", number=2)
    assert world.knowledge.fact("zorblax", world.guild.id).statement == "The zorblax is blue."
    result = await world.moderator.slash(world.channel, "facts revert", id="zorblax", revision=1, reason="It was so.")
    assert told(world.response(result)) == SAY.reverted.format(id="zorblax", number=1)
    revisions = await world.knowledge.history("zorblax", server_id=world.guild.id)
    assert [revision.reason for revision in revisions][-2:] == ["back to revision 2", "It was so."]
    await world.moderator.slash(world.channel, "facts revert", id="zorblax", revision=2, reason="  ")
    assert (await world.knowledge.history("zorblax", server_id=world.guild.id))[-1].reason is None
    none = await world.moderator.slash(world.channel, "facts revert", id="zorblax", revision=99)
    assert "no text in revision 99" in told(world.response(none))
    shared = world.response(await world.moderator.slash(world.channel, "facts history", id=FACT_ID))
    assert SAY.history_shared in told(shared)
    assert world.buttons(shared) == {}


async def test_known_unknowns_are_changed_and_removed_like_facts(world: World) -> None:
    own = KnownUnknown("zorblax-price", ("what does the zorblax cost?", "zorblax price"), "Nobody tells.")
    await world.knowledge.add(own, Author(Origin.EDITOR, world.moderator.id), server_id=world.guild.id)
    opened = await world.moderator.slash(world.channel, "facts edit", id=own.id)
    assert world.form(opened) == {"questions": "\n".join(own.phrasings), "say": own.say}
    shown = world.response(await world.moderator.submit_modal(opened, world.form(opened) | {"say": "It is a secret."}))
    assert told(shown).startswith(f"{SAY.preview_unknown}\nIt is a secret.")
    assert told(await press(world, shown, SAY.save)) == SAY.saved_unknown
    assert told(await world.asked(own.phrasings[0])).startswith("It is a secret.")
    asked = world.response(await world.moderator.slash(world.channel, "facts remove", id=own.id))
    gone = await press(world, asked, SAY.remove)
    assert "secret" not in told(await world.asked(own.phrasings[0]))
    await press(world, gone, SAY.undo)
    assert told(await world.asked(own.phrasings[0])).startswith("It is a secret.")


async def test_lists_are_filtered_searched_and_paged(world: World) -> None:
    await world.teach("zorblax", "The zorblax is *green*.", review_by=dt.date(2025, 12, 31), superseded_by="zorblax-2")
    await world.teach("zorblax-2", "It is blue.", topic="crew", review_by=dt.date(2027, 1, 1))
    await world.teach_again(FACT_ID, statement="Tianhe is long.")
    await world.hide("tianhe-volume")

    async def listed(**options: Any) -> str:
        return told(world.response(await world.moderator.slash(world.channel, "facts list", **options)))

    assert (
        r"- `zorblax` The zorblax is \*green\*. (own, superseded by `zorblax-2`, look again by 31 December 2025)"
        in (await listed(show="own"))
    )
    assert SAY.list_count.format(count=3) in await listed(show="own")
    assert SAY.list_count.format(count=1) in await listed(show="changed")
    assert f"`{FACT_ID}`" in await listed(show="changed")
    assert "`tianhe-volume`" in await listed(show="removed")
    stale = await listed(show="stale")
    assert "`zorblax`" in stale
    assert "- `zorblax-2`" not in stale
    crew = len(world.knowledge.facts(world.guild.id, topic="crew"))
    assert SAY.list_count.format(count=crew) in await listed(topic="CREW")
    assert (
        await listed(show="stale", topic="crew")
        == f"{SAY.list_title.format(show=f'{SAY.list_stale}, crew')}\n{SAY.list_empty}"
    )
    first = world.response(await world.moderator.slash(world.channel, "facts list", show="unknowns"))
    following = world.buttons(first)["▶️"]
    second = world.response(await world.moderator.click(first, custom_id=following))
    assert told(first) != told(second)
    unknowns = len(world.knowledge.engine.unknowns(world.guild.id))
    assert ENGLISH.page.format(page=2, pages=-(-unknowns // 10)) in told(second)
    found = world.response(await world.moderator.slash(world.channel, "facts search", text="zorblax"))
    assert "`zorblax`" in told(found)
    meant = world.response(await world.moderator.slash(world.channel, "facts search", text="how lnog is tianhe"))
    assert f"`{FACT_ID}`" in told(meant)


async def test_an_answer_from_a_superseded_fact_tells_the_newer_one_first(world: World) -> None:
    await world.teach(
        "zorblax", "It is green.", "what is zorblax?", superseded_by="zorblax-now", as_of=dt.date(2021, 7, 4)
    )
    assert told(await world.asked("what is zorblax?")).startswith("It is green.")
    await world.teach("zorblax-now", "It is blue.", "what is the new one of that thing?")
    answered = await world.asked("what is zorblax?")
    assert told(answered).startswith("It is blue.\n\nEarlier, as reported on 4 July 2021: It is green.")
    assert world.shown(answered) == ["zorblax-now", "zorblax"]
    fact = world.response(await world.member.slash(world.channel, "fact", id="zorblax"))
    assert told(fact).startswith("It is blue.\n\nEarlier, as reported on 4 July 2021: It is green.")
    shown = await write(world, ZORBLAX | {"dates": "superseded by: no-such"})
    assert SAY.successor_missing.format(id="no-such") in told(shown)


async def test_a_database_that_cannot_be_written_refuses_the_change_and_keeps_the_text(
    world: World, article_database: Database
) -> None:
    shown = await write(world, ZORBLAX, id="zorblax")
    async with article_database.writing() as session:
        await session.execute(
            text("CREATE TRIGGER no_more BEFORE INSERT ON revisions BEGIN SELECT RAISE(ABORT, 'no more'); END")
        )
    refused = await world.moderator.click(shown, label=SAY.save)
    assert refused.followups[0].content == ENGLISH.not_saved
    assert world.knowledge.find("zorblax", world.guild.id) is None
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]
    async with article_database.writing() as session:
        await session.execute(text("DROP TRIGGER no_more"))
    assert told(await press(world, shown, SAY.save)) == SAY.saved.format(id="zorblax")


async def test_the_log_channel_gets_each_change_with_the_way_back(world: World) -> None:
    log = world.guild.create_text_channel("log")
    await world.env.settle()
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(log_channel_id=log.id))
    await save(world, ZORBLAX, id="zorblax", reason="A reader asked.")
    (line,) = log.history()
    said = SAY.log_added.format(id="zorblax", who=world.moderator.mention, text="The zorblax is green.")
    assert line.content == f"{said}\n_A reader asked._"
    assert world.pings_nobody(line)
    history = world.response(await world.moderator.click(line, label=SAY.history))
    assert history.flags.ephemeral
    undone = world.response(await world.moderator.click(line, label=SAY.undo))
    assert undone.flags.ephemeral
    assert world.knowledge.find("zorblax", world.guild.id) is None
    assert [message.content.split(" ")[0] for message in log.history()].count("`zorblax`") == 2
    # An undo of what is no longer the latest change would lose the later one.
    late = world.response(await world.moderator.click(line, label=SAY.undo))
    assert told(late) == SAY.undo_late.format(id="zorblax")
    assert len(await world.knowledge.history("zorblax", server_id=world.guild.id)) == 2


async def test_what_editors_see_in_forms_and_lists_stays_within_discords_limits(world: World) -> None:
    longest = "x" * 64
    questions = "\n".join(f"what is the {'very ' * 44} long question number {number}?" for number in range(15))
    texts = ZORBLAX | {"statement": "s" * 2_000, "questions": questions, "topic": "t" * 40}
    shown = await write(world, texts, id=longest, reason="r" * 300)
    assert world.knowledge.find(longest, world.guild.id) is None
    saved = await press(world, shown, SAY.save)
    await press(world, saved, SAY.history)
    opened = await world.moderator.slash(world.channel, "facts edit", id=longest)
    assert len(world.form(opened)["questions"]) <= limits.INPUT
    changed = world.response(
        await world.moderator.submit_modal(opened, world.form(opened) | {"statement": "* " * 1_000})
    )
    await press(world, changed, SAY.save)
    assert len(world.knowledge.fact(longest, world.guild.id).phrasings) == 15
    await world.moderator.slash(world.channel, "facts history", id=longest)
    listed = await world.moderator.slash(world.channel, "facts list", topic="t" * 40, show="own")
    assert longest in told(world.response(listed))


async def test_saving_what_is_there_already_changes_nothing_and_a_shared_fact_stays_shared(world: World) -> None:
    opened = await world.moderator.slash(world.channel, "facts edit", id=FACT_ID)
    shown = world.response(await world.moderator.submit_modal(opened, world.form(opened)))
    assert told(shown).count(SAY.no_changes) == 1
    assert SAY.save not in world.buttons(shown)
    reverted = await world.moderator.slash(world.channel, "facts revert", id=FACT_ID, revision=1)
    assert told(world.response(reverted)) == SAY.no_changes
    await world.teach_shared(FACT_ID, "Tianhe is long.")
    assert "Tianhe is long." in told(await world.asked(QUESTION))


async def test_of_questions_that_the_form_does_not_show_none_is_lost_in_a_conflict(world: World) -> None:
    questions = [f"what does the zorblax number {n} do {'on a long day ' * 18}?" for n in range(25)]
    fact = await world.teach("zorblax", "It sleeps.", *questions)
    opened = await world.moderator.slash(world.channel, "facts edit", id="zorblax")
    shown = world.form(opened)["questions"].splitlines()
    assert 5 < len(shown) < 20
    form = world.form(opened) | {"statement": "It eats."}
    # Meanwhile somebody else takes out one that the form shows and one that it does not.
    await world.teach_again("zorblax", phrasings=fact.phrasings[1:-1])
    preview = world.response(await world.moderator.submit_modal(opened, form))
    warned = await press(world, preview, SAY.save)
    assert SAY.conflict.format(id="zorblax") in told(warned)
    await press(world, await again(world, warned), SAY.save)
    kept = world.knowledge.fact("zorblax", world.guild.id)
    assert (kept.statement, kept.phrasings) == ("It eats.", fact.phrasings[:-1])


async def test_a_second_press_while_the_first_is_being_done_changes_nothing(world: World) -> None:
    shown = await write(world, ZORBLAX, id="zorblax")
    for label, sentence in ((SAY.save, SAY.saved), (SAY.undo, SAY.undone_gone)):
        with world.twice():
            shown = await press(world, shown, label)
        assert told(shown) == sentence.format(id="zorblax")
    assert len(await world.knowledge.history("zorblax", server_id=world.guild.id)) == 2
    assert world.bot.pressing == set()


async def test_the_history_of_what_is_hidden_does_not_say_that_the_shared_one_is_seen(world: World) -> None:
    await world.hide(FACT_ID)
    history = await world.moderator.slash(world.channel, "facts history", id=FACT_ID)
    assert SAY.follows_shared not in told(world.response(history))
    await press(world, world.response(history), SAY.undo)
    history = await world.moderator.slash(world.channel, "facts history", id=FACT_ID)
    assert told(world.response(history)).count(SAY.follows_shared) == 1
