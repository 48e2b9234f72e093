"""What goes wrong around the bot: Discord refuses, the database is gone, our own code raises."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.ui import words
from facts.entities import Author, Origin
from facts.errors import DatabaseUnavailableError
from facts.knowledge import KnowledgeBase
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from facts.database import Database
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is tianhe?"
FACT_ID = "tianhe-length"
UNKNOWN = "how heavy is Tianhe?"
SEND = ("POST", "/channels/*/messages")
CALLBACK = ("POST", "/interactions/*/*/callback")
FOLLOW_UP = ("POST", "/webhooks/*")
STATUSES = (400, 403, 404, 429, 500, 503)
OPERATOR = Author(Origin.OPERATOR)
# An id of eight hexadecimal digits in the sentence for errors that nobody expected.
UNEXPECTED = re.compile(re.escape(words.ENGLISH.unexpected).replace(re.escape("{id}"), r"([0-9a-f]{8})"))


UNTOLD = re.compile(r"Error [0-9a-f]{8} while ")
UNCERTAIN = ("how big is the first chunk of the thing", "how many?", "tell me about the station", "when was it?")
MENU = "Answer this question"


async def assert_it_still_answers(world: World) -> None:
    """Make sure that the bot goes on: to mentions, to direct messages and to commands."""
    world.env.backend.faults.clear()
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]
    assert world.shown(await world.told(QUESTION)) == [FACT_ID]
    result = await world.member.slash(world.channel, "ask", question=QUESTION)
    assert world.shown(world.response(result)) == [FACT_ID]


def errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


def text_of(message: discord.Message) -> str:
    return message.content or message.embeds[0].description or ""


# Discord refuses


async def test_a_reply_that_discord_refuses_is_noted_and_the_bot_goes_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for status in STATUSES:
        caplog.clear()
        before = len(world.replies()), len(world.replies(world.dm))
        world.env.inject_error(*SEND, status=status, times=None)
        await world.mention(QUESTION)
        await world.member.user.send_dm(QUESTION)
        assert (len(world.replies()), len(world.replies(world.dm))) == before
        assert errors_in(caplog) == []
        warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert len(warnings) == 2
        assert all(str(status) in warning for warning in warnings)
        assert QUESTION not in caplog.text
        await assert_it_still_answers(world)


async def test_a_command_whose_answer_discord_refuses_once_tells_that_something_went_wrong(world: World) -> None:
    for status in STATUSES:
        world.env.inject_error(*CALLBACK, status=status)
        result = await world.member.slash(world.channel, "ask", question=QUESTION)
        if status == 404:
            # The interaction has expired: there is nobody to tell.
            assert not result.acknowledged
        else:
            assert UNEXPECTED.fullmatch(world.response(result).content)
            assert result.ephemeral
        await assert_it_still_answers(world)


async def test_when_discord_refuses_everything_no_error_is_left_unhandled(world: World) -> None:
    for status in STATUSES:
        unknown = await world.asked(UNKNOWN)
        label = next(iter(world.buttons(unknown)))
        before = len(world.replies())
        for route in (CALLBACK, SEND, FOLLOW_UP):
            world.env.inject_error(*route, status=status, times=None)
        for command, options in (("ask", {"question": QUESTION}), ("fact", {"id": "no-such"}), ("about", {})):
            result = await world.member.slash(world.channel, command, **options)
            assert not result.acknowledged
        assert await world.member.autocomplete(world.channel, "ask", "question", "tianhe") == []
        for person in (world.member, world.moderator):
            clicked = await person.click(unknown, label=label)
            assert not clicked.acknowledged
        await world.mention(QUESTION)
        assert len(world.replies()) == before
        world.env.backend.faults.clear()
        await world.member.click(unknown, label=label)
        assert len(world.shown(world.reread(unknown))) == 1
        await assert_it_still_answers(world)


async def test_a_click_that_discord_refuses_once_tells_so_and_can_be_repeated(world: World) -> None:
    unknown = await world.asked(UNKNOWN)
    label = next(iter(world.buttons(unknown)))
    world.env.inject_error(*CALLBACK, status=500)
    clicked = await world.member.click(unknown, label=label)
    assert UNEXPECTED.fullmatch(world.response(clicked).content)
    assert clicked.ephemeral
    await world.member.click(unknown, label=label)
    assert len(world.shown(world.reread(unknown))) == 1


async def test_no_button_menu_or_panel_leaves_an_error_unhandled_whatever_discord_refuses(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    managers = world.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    manager = world.guild.add_member(world.env.create_user("manager"), roles=[managers])
    choices = world.question(UNCERTAIN, lambda answer: answer.outcome is Outcome.CHOICES)
    for status in STATUSES:
        question, reply, offer = await world.mention(QUESTION), world.last_reply(), await world.asked(choices)
        posting = (await world.member.context_menu(world.channel, MENU, question)).response
        panel = (await manager.slash(world.channel, "settings")).response
        privacy = (await world.member.slash(world.channel, "privacy")).response
        assert posting
        assert panel
        assert privacy
        caplog.clear()
        for route in (CALLBACK, SEND, ("*", "/webhooks/*"), ("*", "/channels/*/messages/*")):
            world.env.inject_error(*route, status=status, times=None)
        for shown, person in ((reply, world.member), (offer, world.member), (offer, world.moderator)):
            for custom_id in world.buttons_by_id(shown):
                await person.click(shown, custom_id=custom_id)
        await world.member.select(reply, [world.menu(reply).options[0].value])
        for custom_id in world.buttons_by_id(posting.message):
            await world.member.click(posting, custom_id=custom_id)
        await manager.click(panel, custom_id="tw:settings:votes")
        await manager.select(panel, ["300"], custom_id="tw:settings:cooldown_s")
        await world.member.click(privacy, custom_id="tw:privacy:delete")
        await world.member.context_menu(world.channel, MENU, question)
        for command in ("milestones", "modules", "sources", "privacy"):
            await world.member.slash(world.channel, command)
        world.env.backend.faults.clear()
        # What nobody could be told is in the log with its id, and nothing came as far as discord.py.
        assert all(UNTOLD.match(error) for error in errors_in(caplog)), errors_in(caplog)
        assert {reply.id, offer.id} <= {message.id for message in world.replies()}
        await world.member.click(reply, label=words.ENGLISH.dismiss)
        assert reply.id not in {message.id for message in world.replies()}
        await world.member.delete(question)
        await assert_it_still_answers(world)


# Our own code raises


class BoomError(RuntimeError):
    """An error that nobody expects."""


def break_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(self: KnowledgeBase, question: str, **options: Any) -> None:  # noqa: ARG001
        raise BoomError("the index is upside down")

    monkeypatch.setattr(KnowledgeBase, "ask", ask)


def assert_noted(caplog: pytest.LogCaptureFixture, sentence: str, secret: str) -> None:
    """Make sure that the error is in the log: once, with the id told and a traceback, without what was asked."""
    found = UNEXPECTED.fullmatch(sentence)
    assert found
    noted = [record for record in caplog.records if found[1] in record.getMessage()]
    assert len(noted) == 1
    assert noted[0].levelname == "ERROR"
    assert noted[0].exc_info
    assert noted[0].exc_info[0] is BoomError
    assert errors_in(caplog) == [noted[0].getMessage()]
    assert "Traceback" in caplog.text
    assert "the index is upside down" in caplog.text
    assert secret not in caplog.text


PERSONAL = "is my-secret-question safe with you?"


@pytest.mark.parametrize("embeds", [True, False])
async def test_an_unexpected_error_in_a_message_is_told_with_an_id_and_logged_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, embeds: bool
) -> None:
    if not embeds:
        world.deny(world.channel, embed_links=True)
    with monkeypatch.context() as patch:
        break_asking(patch)
        reply = await world.asked(PERSONAL)
    assert bool(reply.embeds) is embeds
    assert world.pings_nobody(reply)
    assert_noted(caplog, text_of(reply), "my-secret-question")
    assert FACT_ID in str([*world.shown(await world.asked(QUESTION)), text_of(world.last_reply())])


async def test_an_unexpected_error_in_a_direct_message_is_told_too(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_asking(monkeypatch)
    assert_noted(caplog, text_of(await world.told(PERSONAL)), "my-secret-question")


async def test_an_unexpected_error_in_a_command_is_told_to_the_asker_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        break_asking(patch)
        result = await world.member.slash(world.channel, "ask", question=PERSONAL)
    assert result.ephemeral
    assert_noted(caplog, world.response(result).content, "my-secret-question")
    await assert_it_still_answers(world)


async def test_an_unexpected_error_in_a_button_is_told_to_the_asker_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = await world.asked(UNKNOWN)

    def fact(self: KnowledgeBase, fact_id: str, server_id: int | None = None) -> None:  # noqa: ARG001
        raise BoomError("the index is upside down")

    with monkeypatch.context() as patch:
        patch.setattr(KnowledgeBase, "fact", fact)
        clicked = await world.member.click(unknown, label=next(iter(world.buttons(unknown))))
    assert clicked.ephemeral
    assert_noted(caplog, world.response(clicked).content, UNKNOWN)
    assert world.buttons(world.reread(unknown))


async def test_each_unexpected_error_has_an_id_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    break_asking(monkeypatch)
    sentences = {text_of(await world.asked(QUESTION)) for _ in range(3)}
    assert len(sentences) == 3


async def test_an_error_that_cannot_be_told_is_noted(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        break_asking(patch)
        world.env.inject_error(*SEND, status=403, times=None)
        await world.mention(PERSONAL)
    assert world.replies() == []
    assert len(errors_in(caplog)) == 1
    assert "Traceback" in caplog.text
    assert "my-secret-question" not in caplog.text
    await assert_it_still_answers(world)


async def test_suggestions_that_fail_do_not_keep_anybody_from_asking(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def suggest(self: KnowledgeBase, text: str, **options: Any) -> None:  # noqa: ARG001
        raise BoomError("the index is upside down")

    monkeypatch.setattr(KnowledgeBase, "suggest", suggest)
    assert await world.member.autocomplete(world.channel, "ask", "question", "tianhe") == []
    await assert_it_still_answers(world)


# The database


def remove_database(folder: Path) -> None:
    files = list(folder.glob("article.db*"))
    assert files
    for file in files:
        file.unlink()


async def test_answers_still_come_when_the_database_is_gone(
    world: World, article_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await article_database.close()
    remove_database(tmp_path)
    await assert_it_still_answers(world)
    unknown = await world.asked(UNKNOWN)
    await world.member.click(unknown, label=next(iter(world.buttons(unknown))))
    assert len(world.shown(world.reread(unknown))) == 1
    for command in ("crew", "modules", "milestones", "sources", "about"):
        assert world.response(await world.member.slash(world.channel, command)).embeds
    assert await world.member.autocomplete(world.channel, "ask", "question", "tianhe")
    assert errors_in(caplog) == []
    fact = world.knowledge.fact(FACT_ID)
    with pytest.raises(DatabaseUnavailableError):
        await world.knowledge.remove(fact.id, OPERATOR)
    await assert_it_still_answers(world)


async def test_a_change_that_the_database_refuses_changes_nothing(world: World, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "article.db")) as connection, connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON revisions BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    connection.close()
    with pytest.raises(DatabaseUnavailableError, match="disk is full"):
        await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    with pytest.raises(DatabaseUnavailableError, match="disk is full"):
        await world.knowledge.remove(FACT_ID, OPERATOR)
    assert world.shown(await world.asked("what is a zorblax?")) == []
    await assert_it_still_answers(world)
    await world.knowledge.refresh()
    assert world.shown(await world.asked("what is a zorblax?")) == []
    await assert_it_still_answers(world)
