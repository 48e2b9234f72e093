"""The try-out: the command in a process of its own, and its page as a browser talks to it."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from bot import cli
from bot.tryout import ASKED, TryoutPage, stage
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import discord

    from facts.knowledge import KnowledgeBase

LENGTH = "Tianhe is 16.6 metres (55 feet) long"


class Tab:
    """A browser's tab: it opens the page, reads what the page shows, and does what a person does there."""

    def __init__(self, session: aiohttp.ClientSession, opened: dict[str, Any]) -> None:
        self.session = session
        self.opened = opened
        self.sequence = 0

    @classmethod
    async def open(cls, session: aiohttp.ClientSession) -> Tab:
        async with session.post("/api/pages", json={}) as answer:
            return cls(session, await answer.json())

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Simcord-Context": self.opened["context"]["id"]}

    async def seen(self) -> dict[str, Any]:
        async with self.session.get("/api/state", headers=self.headers) as answer:
            state: dict[str, Any] = await answer.json()
            return state

    async def messages(self) -> list[dict[str, Any]]:
        state = await self.seen()
        return [state["messages"][identity] for identity in state["timeline"]]

    async def last(self) -> str:
        """The text of the last message and of its embeds."""
        message = (await self.messages())[-1]
        return "\n".join([message["content"], *(embed["description"] for embed in message["embeds"])])

    async def do(self, kind: str, **what: Any) -> dict[str, Any]:
        """Do something; it must be done at once, whatever the page has published since it was opened."""
        self.sequence += 1
        envelope = {
            "protocol_version": 3,
            "sequence": self.sequence,
            "request_id": f"request-{self.sequence}",
            "generation": (await self.seen())["context"]["generation"],
            "bot_generation": self.opened["botGeneration"],
            "published_revision": self.opened["publishedRevision"],
        }
        async with self.session.post(
            "/api/action", json=envelope | {"kind": kind} | what, headers=self.headers
        ) as answer:
            receipt: dict[str, Any] = await answer.json()
        assert receipt["settlement"] == "settled", receipt
        return receipt

    async def say(self, text: str) -> str:
        """Write a message, and give the message's id."""
        receipt = await self.do("send_message", content=text)
        return str(receipt["target"]["messageId"])

    async def become(self, name: str) -> dict[str, Any]:
        """Choose somebody at “Viewing as”, and give what they see."""
        viewer = next(viewer for viewer in self.opened["viewers"] if viewer["name"].startswith(name))
        await self.do("viewer", viewer_id=viewer["id"])
        return await self.seen()

    async def run(self, command: str) -> None:
        """Run a slash command that needs nothing filled in."""
        async with self.session.get("/api/commands", headers=self.headers) as answer:
            entries = (await answer.json())["entries"]
        entry = next(entry for entry in entries if entry["invocation"] == command)
        known = {"command_id": entry["commandId"], "schema_fingerprint": entry["schemaFingerprint"]}
        await self.do("run_command", path=entry["path"], options={}, **known)


@pytest_asyncio.fixture
async def page(knowledge: KnowledgeBase) -> AsyncIterator[TryoutPage]:
    """The page of a stage whose clock is a minute late."""
    began = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    async with stage(knowledge, began) as built:
        page = TryoutPage(built)
        async with page:
            yield page


@pytest_asyncio.fixture
async def session(page: TryoutPage) -> AsyncIterator[aiohttp.ClientSession]:
    address, _, capability = page.url.partition("#")
    async with aiohttp.ClientSession(address, headers={"X-Simcord-Capability": capability}) as session:
        yield session


@pytest_asyncio.fixture
async def tab(session: aiohttp.ClientSession) -> Tab:
    return await Tab.open(session)


@pytest.mark.parametrize("mention", ["@Tianwen", "@tianwen", "hey @TIANWEN,"])
async def test_a_typed_name_is_a_mention(tab: Tab, mention: str) -> None:
    await tab.say("how long is Tianhe?")
    assert len(await tab.messages()) == 1, "nobody mentioned the bot"
    await tab.say(f"{mention} how long is Tianhe?")
    assert LENGTH in await tab.last()


async def test_a_typed_name_is_a_mention_in_an_edit(tab: Tab, page: TryoutPage) -> None:
    question = await tab.say("@Tianwen how long is Tianhe?")
    await tab.do("edit_message", target_id=question, content="@tianwen what does Tiangong mean?")
    assert (await tab.messages())[0]["content"] == f"<@{page.env.backend.bot_user.id}> what does Tiangong mean?"


async def test_what_only_looks_like_the_name_stays(page: TryoutPage) -> None:
    for text in ("me@tianwen.example", "@Tianwenxuan", "<@tianwen>", "Tianwen"):
        assert page.stage.with_mentions(text) == text


async def test_a_person_is_a_member_a_moderator_and_a_visitor_in_turn(tab: Tab) -> None:
    assert tab.opened["channel"]["name"] == "general"
    await tab.say("@Tianwen how long is Tianhe?")
    seen = await tab.become("A moderator")
    assert (seen["status"], seen["channel"]["name"], len(seen["timeline"])) == ("current", "general", 2)
    await tab.say("@Tianwen what does Tiangong mean?")
    authors = [message["author"]["name"] for message in await tab.messages()]
    assert authors == ["A member", "Tianwen", "A moderator", "Tianwen"]


async def test_direct_messages_are_a_place_of_their_own(tab: Tab, session: aiohttp.ClientSession) -> None:
    seen = await tab.become("A visitor")
    assert (seen["channel"]["recipient"]["name"], seen["timeline"]) == ("Tianwen", [])
    await tab.say("how long is Tianhe?")
    assert LENGTH in await tab.last()
    await tab.run("about")
    assert len(await tab.messages()) == 3
    other = await Tab.open(session)
    assert (other.opened["channel"]["name"], other.opened["timeline"]) == ("general", [])
    assert len((await tab.become("A visitor"))["timeline"]) == 3
    assert (await tab.become("A member"))["timeline"] == []


async def test_whoever_is_unknown_changes_nothing(tab: Tab) -> None:
    await tab.become("A visitor")
    with pytest.raises(AssertionError, match="rejected"):
        await tab.do("viewer", viewer_id="1")
    assert (await tab.seen())["channel"]["recipient"]["name"] == "Tianwen"


async def test_the_newest_message_is_in_view(tab: Tab) -> None:
    await tab.say("@Tianwen how long is Tianhe?")
    await tab.say("thanks")
    seen = await tab.seen()
    assert seen["targetId"] == seen["timeline"][-1]


async def test_the_clock_goes_and_what_the_bot_says_late_is_shown(tab: Tab, page: TryoutPage) -> None:
    async def answer_late(message: discord.Message) -> None:
        if not message.author.bot:
            await asyncio.sleep(30)
            await message.channel.send("late")

    page.env.bot.add_listener(answer_late, "on_message")  # type: ignore[attr-defined]
    await tab.say("is anybody there?")
    assert await tab.last() == "is anybody there?", "whoever writes does not wait for it"
    await page.catch_up()
    assert await tab.last() == "late"
    assert abs(page.env.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=30)


async def test_nobody_is_refused_because_of_the_clock_or_of_others(
    tab: Tab, page: TryoutPage, session: aiohttp.ClientSession
) -> None:
    other = await Tab.open(session)
    await other.become("A visitor")

    async def chat(tab: Tab) -> None:
        for number in range(5):
            await tab.say(f"{number}")

    await asyncio.gather(chat(tab), chat(other), *(page.catch_up() for _ in range(30)))
    assert [message["content"] for message in await tab.messages()] == [f"{number}" for number in range(5)]
    assert len(await other.messages()) == 10


async def test_the_second_run_has_the_commands_and_the_ids_of_the_first(knowledge: KnowledgeBase) -> None:
    seen = []
    for _ in range(2):
        async with stage(knowledge) as built:
            ids = (built.guild.id, built.channel.id, built.member.id, built.moderator.id, built.visitor.id)
            seen.append((ids, built.member.available_commands(built.channel)))
    assert seen[0] == seen[1]
    assert "ask" in seen[0][1]


async def test_what_was_asked_before_has_answers(knowledge: KnowledgeBase) -> None:
    async with stage(knowledge) as built:
        for question in ASKED:
            await built.mention(built.channel, question)
        replies = [message for message in built.channel.history() if message.author.bot]
    assert len(replies) == len(ASKED) == 4
    assert not replies[0].embeds[0].footer.text
    assert all(reply.embeds[0].footer.text for reply in replies[1:])


def start(folder: Path) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TIANWEN_", "DISCORD_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "tryout"],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_serves_the_page_until_a_signal(tmp_path: Path, small_store: Path) -> None:
    processes = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        folder = tmp_path / number.name
        folder.mkdir()
        shutil.copy(small_store, folder / "tianwen.db")
        processes[number] = start(folder)
    for number, process in processes.items():
        with process:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            assert "Ctrl-C" in process.stdout.readline()
            address = urlsplit(url)
            assert (address.scheme, address.hostname) == ("http", "127.0.0.1")
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - checked just before
                assert b"Viewing as" in answer.read()
            process.send_signal(number)
            assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", address.port or 0))


@pytest.mark.parametrize("missing", ["simcord", "markdown_it"])
def test_what_is_not_installed_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    monkeypatch.delitem(sys.modules, "bot.tryout")
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(sys, "argv", ["tianwen", "tryout"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "make tryout" in said.err
