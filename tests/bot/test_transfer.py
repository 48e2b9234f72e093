"""Facts from files and into files, from Discord: what an import would do, doing it, and what it refuses."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.ui.editor_words import EDITOR_ENGLISH as SAY
from bot.ui.words import ENGLISH
from facts.entities import SavedTest, ServerSettings
from facts.importing import FILE_MAX_BYTES
from facts.memory import SERVER_CHARACTERS_MAX
from tests.bot.test_keeping_facts import press, told

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

FACT_ID = "tianhe-length"


def row(fact_id: str, statement: str = "It is so.", **fields: Any) -> dict[str, Any]:
    form = {"id": fact_id, "topic": "station", "statement": statement, "questions": [f"what is {fact_id}?"]}
    return form | {"source": "Space Gazette"} | fields


def json_of(*rows: dict[str, Any]) -> tuple[str, bytes]:
    return "facts.json", json.dumps({"facts": rows}).encode()


async def upload(world: World, file: tuple[str, bytes]) -> discord.Message:
    return world.response(await world.moderator.slash(world.channel, "facts import", file=file))


async def test_an_import_is_shown_first_and_done_once_confirmed(world: World) -> None:
    log = world.guild.create_text_channel("log")
    await world.env.settle()
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(log_channel_id=log.id))
    await world.teach("zorblax", "It is green.", "what is zorblax?")
    await world.teach("quokka", "It is small.", "what is quokka?")
    same = json.loads(json.dumps(row("quokka", "It is small.", source={"publisher": "The Space Gazette"})))
    faulty = row("no-source")
    del faulty["source"]
    file = json_of(row("zorblax", "It is blue."), same, row("new-one"), row("new-one"), faulty)
    shown = await upload(world, file)
    assert SAY.import_counts.format(new=1, changed=1, same=1, faulty=2) in told(shown)
    assert "fact 4: id:" in told(shown)
    assert "fact 5: source:" in told(shown)
    report = await shown.attachments[1].read()
    assert "fact 2: quokka" in report.decode()
    assert world.knowledge.fact("zorblax", world.guild.id).statement == "It is green."
    done = await press(world, shown, SAY.import_sound.format(count=2))
    assert told(done) == SAY.imported.format(count=2)
    assert done.attachments == []
    assert "It is blue." in told(await world.asked("what is zorblax?"))
    assert "It is so." in told(await world.asked("what is new-one?"))
    assert log.history()[-1].content == SAY.log_imported.format(who=world.moderator.mention, count=2, file="facts.json")
    assert len(log.history()) == 3
    (*_, revision) = await world.knowledge.history("zorblax", server_id=world.guild.id)
    assert (revision.reason, revision.author.user_id) == ("imported from facts.json", world.moderator.id)
    again = await upload(world, file)
    assert SAY.import_counts.format(new=0, changed=0, same=3, faulty=2) in told(again)
    assert world.buttons(again) == {}


async def test_an_import_tells_which_questions_would_be_answered_otherwise(world: World) -> None:
    await world.teach("zorblax", "It is green.", "what is zorblax?")
    await world.knowledge.keep_test(SavedTest(world.guild.id, "what is zorblax?", "zorblax"))
    questions = ["how long is tianhe?", "what is a wobbegong?"]
    file = json_of(row("zorblax", questions=["what does a quokka eat?"]), row("wobbegong", questions=questions))
    shown = told(await upload(world, file))
    assert SAY.impact.format(asked=1 + len(world.bot.article_tests), count=1) in shown
    assert SAY.impact_breaks.format(line="“what is zorblax?”: `zorblax` →") in shown
    assert f"**{SAY.unheard}**\n- “{questions[0]}”: " in shown
    assert f"“{questions[1]}”: " not in shown


async def test_a_file_for_which_a_server_has_no_room_is_refused_in_one_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facts.memory.SERVER_ENTRIES_MAX", 1)
    limits = {"entries": "1", "characters": f"{SERVER_CHARACTERS_MAX:,}"}
    file = json_of(row("one"), row("two"))
    assert (await upload(world, file)).content == ENGLISH.server_full.format(**limits)
    # Meanwhile somebody else has taken the last place.
    shown = await upload(world, json_of(row("one")))
    await world.teach("zorblax", "It is green.", "what is zorblax?")
    refused = await world.moderator.click(shown, label=SAY.import_all.format(count=1))
    assert [message.content for message in refused.followups] == [ENGLISH.server_full.format(**limits)]
    assert world.knowledge.find("one", world.guild.id) is None


async def test_what_changes_between_showing_and_confirming_is_shown_again(world: World) -> None:
    await world.teach("zorblax", "It is green.", "what is zorblax?")
    shown = await upload(world, json_of(row("zorblax", "It is blue.")))
    await world.teach_again("zorblax", statement="It is violet.")
    again = await press(world, shown, SAY.import_all.format(count=1))
    assert SAY.import_changed_since in told(again)
    assert world.knowledge.fact("zorblax", world.guild.id).statement == "It is violet."
    await world.restart()
    done = await press(world, again, SAY.import_all.format(count=1))
    assert told(done) == SAY.imported.format(count=1)
    assert world.knowledge.fact("zorblax", world.guild.id).statement == "It is blue."


async def test_a_row_that_no_database_keeps_is_faulty_and_the_others_come_in(world: World) -> None:
    shown = await upload(world, json_of(row("half", "abc \ud800 def"), row("whole"), row("far", measures="NaN")))
    assert SAY.import_counts.format(new=1, changed=0, same=0, faulty=2) in told(shown)
    assert "statement: holds half of a character" in told(shown)
    done = await press(world, shown, SAY.import_sound.format(count=1))
    assert told(done) == SAY.imported.format(count=1)


async def test_a_file_that_is_gone_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_self: discord.Attachment) -> bytes:
        response: Any = SimpleNamespace(status=404, reason="Not Found")
        raise discord.NotFound(response, "no")

    shown = await upload(world, json_of(row("zorblax")))
    monkeypatch.setattr(discord.Attachment, "read", gone)
    told_so = await press(world, shown, SAY.import_all.format(count=1))
    assert told(told_so) == SAY.file_gone
    assert world.knowledge.find("zorblax", world.guild.id) is None


async def test_what_was_removed_comes_back_from_a_file_of_any_name(world: World) -> None:
    await world.teach("zorblax", "It is green.", "what is zorblax?")
    await world.hide("zorblax")
    _, data = json_of(row("zorblax", "It is blue."))
    shown = await upload(world, ("report.txt", data))
    assert SAY.import_counts.format(new=0, changed=1, same=0, faulty=0) in told(shown)
    assert "fact 1, removed until now: zorblax" in told(shown)
    await press(world, shown, SAY.import_all.format(count=1))
    assert "It is blue." in told(await world.asked("what is zorblax?"))


async def test_files_that_cannot_be_used_are_refused_in_one_sentence(world: World) -> None:
    before = world.knowledge.facts(world.guild.id)
    for file in (
        ("empty.csv", b""),
        ("large.csv", b"x" * (FILE_MAX_BYTES + 1)),
        ("wrong.csv", b"name,colour\na,b\n"),
        ("latin.csv", "id,topic,statement,questions,source\na,t,caf\xe9,why?,G\n".encode("latin-1")),
        ("broken.json", b'{"facts": ['),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00"),
    ):
        refused = await upload(world, file)
        assert refused.flags.ephemeral
        assert refused.embeds == []
        assert "\n" not in refused.content
        assert ENGLISH.unexpected.split("{")[0] not in refused.content, file[0]
        assert refused.content, file[0]
    for file in (("nothing.json", b'{"facts": []}'), ("nothing.csv", b"id,topic,statement,questions,source\n")):
        shown = await upload(world, file)
        assert SAY.import_empty in told(shown)
        assert world.buttons(shown) == {}
    assert world.knowledge.facts(world.guild.id) == before


async def test_a_spreadsheets_file_comes_in_and_goes_out_again(world: World) -> None:
    text = 'id;topic;statement;questions;source\nz-1;t;=1+1;"why?\nwhy so?";Gazette\nz-2;t;Blue;what?;Gazette\n'
    shown = await upload(world, ("facts.csv", text.encode("utf-16")))
    await press(world, shown, SAY.import_all.format(count=2))
    assert world.knowledge.fact("z-1", world.guild.id).phrasings == ("why?", "why so?")
    for kind in ("csv", "json"):
        exported = world.response(await world.moderator.slash(world.channel, "facts export", format=kind))
        assert exported.flags.ephemeral
        (file,) = exported.attachments
        data = await file.read()
        assert b"Tianhe" not in data
        if kind == "csv":
            assert b"'=1+1" in data
        again = await upload(world, (file.filename, data))
        assert SAY.import_counts.format(new=0, changed=0, same=2, faulty=0) in told(again)
    for kind, sentence in (("csv", SAY.exported), ("json", SAY.exported_large)):
        result = await world.moderator.slash(world.channel, "facts export", format=kind, scope="all")
        everything = world.response(result)
        assert everything.content == sentence.format(count=len(world.knowledge.search(world.guild.id)))
        assert b"Tianhe" in await everything.attachments[0].read()


async def test_nothing_to_export_and_no_leave_to_attach_are_told(world: World) -> None:
    nothing = await world.moderator.slash(world.channel, "facts export")
    assert world.response(nothing).content == SAY.nothing_to_export
    world.deny(world.channel, attach_files=True)
    await world.env.settle()
    for name, options in (("facts export", {}), ("facts import", {"file": json_of(row("a"))})):
        result = await world.moderator.slash(world.channel, name, **options)
        assert world.response(result).content == SAY.need_attach
