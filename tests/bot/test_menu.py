"""“Answer this question” on other people's messages, the person's own install, and the languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
from simcord.backend import serializers

from bot.ui import words
from bot.ui.answers import PostButton
from bot.ui.chinese import CHINESE
from facts.entities import Author, Origin

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is tianhe?"
FACT_ID = "tianhe-length"
MENU = "Answer this question"
SAY = words.ENGLISH
OPERATOR = Author(Origin.OPERATOR)
ELSEWHERE = 2**62


def outside(world: World, **permissions: bool) -> dict[str, Any]:
    """Give the fields of an interaction in a server where only the person has installed the bot."""
    user = serializers.user_payload(world.env.backend.get_user(world.member.id))
    allowed = discord.Permissions(send_messages=True, **permissions).value
    member = {
        "roles": [],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
        "user": user,
    }
    return {"guild_id": str(ELSEWHERE), "member": member | {"permissions": str(allowed)}, "app_permissions": "0"}


async def test_the_menu_answers_a_message_privately_and_posts_it_on_request(world: World) -> None:
    asked = await world.moderator.send(world.channel, QUESTION)
    result = await world.member.context_menu(world.channel, MENU, asked)
    assert result.ephemeral
    private = world.response(result)
    assert world.shown(private) == [FACT_ID]
    assert world.replies() == [] or not world.channel.history(viewer=world.moderator)[-1].author.bot
    await world.restart()
    assert result.response is not None
    await world.member.click(result.response, label=SAY.post)
    posted = world.channel.history(viewer=world.moderator)[-1]
    assert world.shown(posted) == [FACT_ID]
    assert posted.reference is not None
    assert posted.reference.message_id == asked.id
    assert posted.content == SAY.posted.format(asker=world.member.mention)
    assert world.pings_nobody(posted)
    await world.moderator.delete(asked)
    assert posted.id not in [m.id for m in world.channel.history(viewer=world.moderator)]


async def test_the_menu_says_so_where_there_is_nothing_to_answer(world: World) -> None:
    asked = await world.moderator.send(world.channel, "", attachments=[("a.txt", b"x")])
    result = await world.member.context_menu(world.channel, MENU, asked)
    assert world.response(result).content == SAY.nothing_to_answer
    doubtful = await world.moderator.send(world.channel, "blorf wug snarf")
    result = await world.member.context_menu(world.channel, MENU, doubtful)
    assert result.ephemeral
    assert SAY.post not in world.buttons(world.response(result))


async def test_nobody_posts_through_the_bot_where_they_or_it_may_not_write(world: World) -> None:
    asked = await world.moderator.send(world.channel, QUESTION)
    early = await world.member.context_menu(world.channel, MENU, asked)
    assert early.response is not None
    for everyone in (True, False):
        world.deny(world.channel, everyone=everyone, send_messages=True)
        await world.env.settle()
        result = await world.member.context_menu(world.channel, MENU, asked)
        assert SAY.post not in world.buttons(world.response(result))
        refused = await world.member.click(early.response, label=SAY.post)
        assert world.response(refused).content == SAY.you_may_not
        world.deny(world.channel, everyone=everyone, send_messages=False)
    await world.env.settle()
    await world.member.click(early.response, label=SAY.post)
    assert world.shown(world.channel.history(viewer=world.moderator)[-1]) == [FACT_ID]


async def test_an_answer_that_discord_refuses_to_post_can_be_posted_later(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    asked = await world.moderator.send(world.channel, f"{QUESTION} who is Zhou Jianping?")
    result = await world.member.context_menu(world.channel, MENU, asked)
    assert result.response is not None
    facts = world.shown(world.response(result))
    assert len(facts) == 2
    for status in (403, 429, 500):
        world.env.inject_error("POST", f"/channels/{world.channel.id}/messages", status=status, times=None)
        refused = await world.member.click(result.response, label=SAY.post)
        assert [message.content for message in refused.followups] == [SAY.not_posted]
        world.env.backend.faults.clear()
    await world.member.click(result.response, label=SAY.post)
    assert world.shown(world.channel.history(viewer=world.moderator)[-1]) == facts
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_an_answer_is_posted_once_and_not_when_it_is_forgotten(world: World) -> None:
    asked = await world.moderator.send(world.channel, QUESTION)
    first, second = [await world.member.context_menu(world.channel, MENU, asked) for _ in range(2)]
    assert first.response is not None
    assert second.response is not None
    known = world.bot.replies.of_message(first.response.id)
    assert known is not None
    # As it is while another click posts it.
    world.bot.replies.put(replace(known, posted=True))
    refused = await world.member.click(first.response, label=SAY.post)
    assert world.response(refused).content == SAY.not_postable
    world.bot.replies.put(known)
    await world.member.click(first.response, label=SAY.post)
    assert world.bot.replies.of_message(first.response.id) is None
    before = len(world.channel.history(viewer=world.moderator))
    privacy = world.response(await world.member.slash(world.channel, "privacy"))
    await world.member.click(privacy, label=SAY.delete_mine)
    refused = await world.member.click(second.response, label=SAY.post)
    assert world.response(refused).content == SAY.not_postable
    assert len(world.channel.history(viewer=world.moderator)) == before


async def test_an_answer_is_marked_as_posted_before_anything_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await world.moderator.send(world.channel, QUESTION)
    result = await world.member.context_menu(world.channel, MENU, asked)
    private = world.response(result)
    look = PostButton._obstacle
    seen = []

    async def looked(self: PostButton, *args: Any) -> str | None:
        known = world.bot.replies.of_message(private.id)
        seen.append(known is not None and known.posted)
        return await look(self, *args)

    monkeypatch.setattr(PostButton, "_obstacle", looked)
    await world.member.click(private, label=SAY.post)
    assert seen == [True]


async def test_the_same_answer_is_posted_once_under_one_message(world: World) -> None:
    asked = await world.moderator.send(world.channel, QUESTION)
    for posted in (True, False):
        result = await world.member.context_menu(world.channel, MENU, asked)
        clicked = await world.member.click(world.response(result), label=SAY.post)
        assert [message.content for message in clicked.followups] == ([] if posted else [SAY.not_postable])


async def test_a_fact_that_was_taken_back_is_not_posted_and_one_that_came_back_is(world: World) -> None:
    asked = await world.moderator.send(world.channel, f"{QUESTION} who is Zhou Jianping?")
    result = await world.member.context_menu(world.channel, MENU, asked)
    private = world.response(result)
    first, second = world.shown(private)
    for fact_id in (first, second):
        await world.knowledge.remove(fact_id, OPERATOR)
    refused = await world.member.click(private, label=SAY.post)
    assert [message.content for message in refused.followups] == [SAY.no_such_fact.format(id=first)]
    await world.knowledge.restore(second, OPERATOR)
    await world.member.click(private, label=SAY.post)
    assert world.shown(world.channel.history(viewer=world.moderator)[-1]) == [second]


async def test_an_answer_is_posted_when_the_network_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = await world.moderator.send(world.channel, QUESTION)
    private = world.response(await world.member.context_menu(world.channel, MENU, asked))

    async def dropped(*_args: Any, **_options: Any) -> None:
        raise aiohttp.ServerDisconnectedError

    with monkeypatch.context() as patch:
        patch.setattr(discord.abc.Messageable, "send", dropped)
        refused = await world.member.click(private, label=SAY.post)
    assert [message.content for message in refused.followups] == [SAY.not_posted]
    # That the button cannot be taken away does not matter: it was posted.
    world.env.inject_error("PATCH", "/webhooks/*", status=500, times=None)
    clicked = await world.member.click(private, label=SAY.post)
    assert clicked.followups == []
    assert world.shown(world.channel.history(viewer=world.moderator)[-1]) == [FACT_ID]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_an_answer_that_does_not_fit_its_message_any_more_is_not_posted(world: World) -> None:
    edited, deleted = [await world.moderator.send(world.channel, QUESTION) for _ in range(2)]
    results = [await world.member.context_menu(world.channel, MENU, asked) for asked in (edited, deleted)]
    await world.env.advance_time(5)
    await world.moderator.edit(edited, "how old is Tianhe?")
    await world.moderator.delete(deleted)
    before = len(world.channel.history(viewer=world.moderator))
    for result, sentence in zip(results, (SAY.question_edited, SAY.question_gone), strict=True):
        assert result.response is not None
        refused = await world.member.click(result.response, label=SAY.post)
        assert [message.content for message in refused.followups] == [sentence]
    assert len(world.channel.history(viewer=world.moderator)) == before


async def test_without_the_history_an_answer_is_posted_all_the_same(world: World) -> None:
    asked = await world.moderator.send(world.channel, QUESTION)
    result = await world.member.context_menu(world.channel, MENU, asked)
    assert result.response is not None
    world.env.inject_error("GET", f"/channels/{world.channel.id}/messages/{asked.id}", status=403, times=None)
    await world.member.click(result.response, label=SAY.post)
    assert world.shown(world.channel.history(viewer=world.moderator)[-1]) == [FACT_ID]


@pytest.mark.parametrize("place", ["thread", "voice", "forum"])
async def test_the_menu_and_mentions_work_in_every_kind_of_channel(world: World, place: str) -> None:
    if place == "thread":
        channel = world.thread()
    elif place == "voice":
        channel = world.guild.create_voice_channel("lounge")
        await world.env.settle()
    else:
        forum = world.guild.create_forum_channel("help")
        await world.env.settle()
        channel = await world.post(forum, "hello", "nice to be here")
    asked = await world.moderator.send(channel, QUESTION)
    result = await world.member.context_menu(channel, MENU, asked)
    assert world.shown(world.response(result)) == [FACT_ID]
    assert world.shown(await world.asked(QUESTION, channel=channel)) == [FACT_ID]


async def test_where_only_the_person_installed_it_the_shared_facts_answer(world: World) -> None:
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    with world.interactions(**outside(world, use_external_apps=True)):
        result = await world.member.slash(world.channel, "ask", question=QUESTION)
        assert not result.ephemeral
        assert world.shown(world.response(result)) == [FACT_ID]
        result = await world.member.slash(world.channel, "ask", question="what is a zorblax?")
        assert world.shown(world.response(result)) == []
    with world.interactions(**outside(world, use_external_apps=False)):
        for command, options in (("ask", {"question": QUESTION}), ("crew", {}), ("milestones", {}), ("about", {})):
            result = await world.member.slash(world.channel, command, **options)
            assert result.ephemeral, command
        asked = await world.moderator.send(world.channel, QUESTION)
        result = await world.member.context_menu(world.channel, MENU, asked)
        assert result.ephemeral
        assert SAY.post not in world.buttons(world.response(result))


async def test_where_only_the_person_installed_it_an_answer_is_posted_as_the_answer_to_the_click(world: World) -> None:
    with world.interactions(**outside(world, use_external_apps=True)):
        asked = await world.moderator.send(world.channel, QUESTION)
        result = await world.member.context_menu(world.channel, MENU, asked)
        assert result.response is not None
        posted = await world.member.click(result.response, label=SAY.post)
    (shown,) = posted.followups
    assert not shown.message.flags.ephemeral
    assert world.shown(shown.message) == [FACT_ID]


async def test_commands_may_be_installed_by_people_and_used_everywhere_but_settings(world: World) -> None:
    commands = {command.name: command for command in world.bot.tree.get_commands()}
    everywhere = [
        commands[name] for name in ("ask", "crew", "modules", "milestones", "fact", "sources", "about", "privacy")
    ]
    for command in (*everywhere, commands[MENU]):
        payload: Any = command.to_dict(world.bot.tree)
        assert payload["contexts"] == [0, 1, 2]
        assert payload["integration_types"] == [0, 1]
    settings: Any = commands["settings"].to_dict(world.bot.tree)
    assert (settings["contexts"], settings["integration_types"]) == ([0], [0])
    assert settings["default_member_permissions"] == discord.Permissions(manage_guild=True).value


async def test_it_speaks_the_language_of_the_client_and_of_the_question(world: World) -> None:
    with world.interactions(locale="zh-CN"):
        shown = world.response(await world.member.slash(world.channel, "ask", question=QUESTION))
        assert next(iter(world.buttons(shown))) == CHINESE.source
        assert "据2021年7月4日的报道" in str(shown.embeds[0].fields[0].value)
        assert shown.embeds[0].description == world.knowledge.fact(FACT_ID).statement
        refused = await world.member.slash(world.channel, "fact", id="no-such")
        assert world.response(refused).content == CHINESE.no_such_fact.format(id="no-such")
    with world.interactions(locale="de"):
        shown = world.response(await world.member.slash(world.channel, "ask", question=QUESTION))
        assert next(iter(world.buttons(shown))) == SAY.source
    reply = await world.asked("天和核心舱有多长？")
    assert CHINESE.dismiss in world.buttons(reply)
    assert SAY.dismiss in world.buttons(await world.asked("天和はどのくらいの長さですか？"))
