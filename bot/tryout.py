"""The try-out: the real bot in a simulated Discord, on a page of this computer that a person can type into.

simcord plays Discord, and serves the page on the loopback. What its page lacks for the purpose is added here: mentions
that are typed, direct messages beside the channel, and a clock that goes. Its inner names are relied on for that; it is
pinned to one version.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import importlib
import logging
import os
import re
import signal
import zoneinfo
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import discord
from simcord import ChannelHandle, Env, MemberActor, UserHandle
from simcord.backend.access import can_access_message
from simcord.preview import Preview

from bot.client import Tianwen
from bot.runtime import open_knowledge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from simcord.preview._pages import _Page

    from bot.settings import Settings
    from facts.knowledge import KnowledgeBase

log = logging.getLogger(__name__)

# What simcord's page needs; simcord itself asks for it only when the page is opened.
for _module in ("aiohttp", "linkify_it", "markdown_it", "PIL", "regex"):
    importlib.import_module(_module)

NAME = "Tianwen"
TOPIC = f"Ask “@{NAME} how long is Tianhe?”, or type / for commands. Who you are is chosen above, at “Viewing as”."
# What the member has asked when the page opens: a greeting, a slip of the pen, a follow-up, two questions at once.
ASKED = (
    "",
    "how long is teh tianhe modul?",
    "and in feet?",
    "who is zhou jianping and what does CASC stand for?",
)
# So long, in seconds, pass between two of those.
PAUSE = 60
# The clock follows the real one in steps of this length, in seconds.
STEP = 1.0
# What the bot does at once may take so long, in seconds, before it counts as stuck.
PATIENCE = 30.0


class _Env(Env):
    """A simulated Discord in which the bot's timers wait for the clock that is moved, never for the real one.

    Else simcord has whoever acts wait for every sleep of the bot that ends within its time limit.
    """

    def _schedule_timer(self, *_args: object) -> None:
        """Leave a timer to ``advance_time`` alone."""


class Stage:
    """A server with the bot, a member and a moderator in it; a visitor writes to the bot in direct messages.

    It is built before the bot joins and before the clock is set, so that all have the same ids in every run: what is
    taught in this server in one run is known in the next.
    """

    def __init__(self, env: Env) -> None:
        """Build the server."""
        env.backend.edit_bot_profile(NAME)
        self.env = env
        self.guild = env.create_guild("Space club")
        self.channel = self.guild.create_text_channel("general", topic=TOPIC)
        editors = self.guild.create_role(
            "Moderators", permissions=discord.Permissions(manage_messages=True, manage_guild=True)
        )
        self.member = self.guild.add_member(env.create_user("member", global_name="A member"))
        self.moderator = self.guild.add_member(env.create_user("moderator", global_name="A moderator"), roles=[editors])
        self.visitor = env.create_user("visitor", global_name="A visitor (direct messages)")

    def place_of(self, viewer: MemberActor | UserHandle) -> ChannelHandle:
        """Give the channel in which somebody writes."""
        return viewer.dm_channel if isinstance(viewer, UserHandle) else self.channel

    def with_mentions(self, text: str) -> str:
        """Make the bot's typed name a mention, as Discord's own input does."""
        return re.sub(rf"(?<![\w<])@{NAME}\b", f"<@{self.env.backend.bot_user.id}>", text, flags=re.IGNORECASE)

    async def mention(self, channel: ChannelHandle, text: str, by: MemberActor | None = None) -> discord.Message:
        """Let somebody, else the member, mention the bot with a text; then let a minute pass."""
        message = await (by or self.member).send(channel, self.with_mentions(f"@{NAME} {text}".rstrip()))
        await self.env.advance_time(PAUSE)
        return message

    async def follow_real_clock(self) -> None:
        """Bring the clock to the real time, with all that falls due in between."""
        await self.env.advance_time(max(0.0, (dt.datetime.now(dt.UTC) - self.env.now()).total_seconds()))


@asynccontextmanager
async def stage(knowledge: KnowledgeBase, at: dt.datetime | None = None) -> AsyncIterator[Stage]:
    """Run the bot in a simulated Discord.

    Args:
        knowledge: what the bot answers from.
        at: what the clock says at the start; without it, 1 January 2026. It stands still unless it is moved.
    """
    async with Tianwen(knowledge, message_content=True, shard_count=1) as bot:
        # Here and not by the bot: simcord has whoever acts wait for all that the bot has begun in threads.
        knowledge.memory.begin_learning()
        env = _Env(bot, settle_timeout=PATIENCE)
        built = Stage(env)
        if at is not None:
            env.backend.advance_clock(max(0.0, (at - env.now()).total_seconds()))
        try:
            await env.start()
            # The database may remember that Discord has the commands; this Discord is new.
            await bot.tree.sync()
            yield built
        finally:
            await env.shutdown()


class TryoutPage(Preview):
    """simcord's page, in which a person is one after another the member, the moderator and the visitor."""

    # A person may come back to the page after hours.
    _PAGE_LEASE_SECONDS = 7 * 86_400.0

    def __init__(self, stage: Stage) -> None:
        """Make the page for a stage; it is served while it is entered."""
        zone = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
        super().__init__(
            stage.env,
            stage.channel,
            (stage.member, stage.moderator, stage.visitor),
            layout="channel",
            display="responsive",
            width=960,
            height=720,
            locale="en-US",
            timezone=zone if zone in zoneinfo.available_timezones() else "UTC",
            presentation_time=None,
            assets=None,
            port=0,
        )
        self.stage = stage
        # simcord refuses what overlaps, so persons and the clock take turns.
        self._turn = asyncio.Lock()
        self._shown = 0

    async def keep_up(self) -> None:
        """Let the clock go, and show what the bot does of its own accord, until cancelled."""
        while True:
            await asyncio.sleep(STEP)
            await self.catch_up()

    async def catch_up(self) -> None:
        """Bring the clock to the real time, and the page up to date."""
        async with self._turn:
            if not self._active:
                return
            try:
                await self.stage.follow_real_clock()
                sent = len(self.env.http_requests)
                # After an action that went wrong, simcord wants a page to be refreshed before it can be used again.
                if sent != self._shown or any(page.status == "stale" for page in self._pages.values()):
                    await self.refresh()
                    self._shown = sent
            except TimeoutError:
                log.warning("The bot is taking long over something; the clock waits for it.")

    def _publish(self, page: _Page, **options: Any) -> None:  # noqa: ANN401 - as in simcord
        """Publish a tab; a new message is scrolled to, unless somebody is reading earlier ones."""
        newest = max(
            (
                message.id
                for message in self.env.backend.messages.get(page.channel_id, {}).values()
                if can_access_message(self.env, page.channel_id, message, page.viewer, history=True)
            ),
            default=None,
        )
        if page.window_end_id is None and str(newest) not in page.snapshot.get("timeline", ()):
            page.target_id = newest
        super()._publish(page, **options)

    def _open_page(self, viewer_id: Any = None, target_id: Any = None) -> _Page:  # noqa: ANN401 - as in simcord
        """Open a new tab in the server's channel, whatever an action of another tab is about."""
        acting, self.channel = self.channel, self.stage.channel
        try:
            return super()._open_page(viewer_id, target_id)
        finally:
            self.channel = acting

    async def _action(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person does in the page."""
        async with self._turn:
            page = self._get_page(context_id)
            viewer = page.viewer
            if isinstance(body, dict):
                # The page asks for news twice a second; what came in between is no reason to refuse a person.
                body = body | {"published_revision": page.revision}
                if body.get("kind") in {"send_message", "edit_message"} and isinstance(body.get("content"), str):
                    body["content"] = self.stage.with_mentions(body["content"])
                if body.get("kind") == "viewer":
                    chosen = str(body.get("viewer_id"))
                    viewer = next((other for other in self.viewers if str(other.id) == chosen), viewer)
            self.channel = self.stage.place_of(viewer)
            page.channel_id = self.channel.id
            try:
                return await super()._action(context_id, body)
            finally:
                page.channel_id = self.stage.place_of(page.viewer).id


async def try_out(settings: Settings) -> None:
    """Serve the page until somebody ends it there, or until SIGINT or SIGTERM.

    Raises:
        DatabaseError: the database cannot be used.
    """
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers on the loop; there Ctrl-C cancels, which ends all the same.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=PAUSE * len(ASKED))
    async with open_knowledge(settings) as knowledge, stage(knowledge, began) as built:
        for question in ASKED:
            await built.mention(built.channel, question)
        page = TryoutPage(built)
        async with page:
            print(f"Talk to the bot at {page.url}")  # noqa: T201
            print("Ctrl-C ends it, and so does “End preview session” in the page (under “More”).", flush=True)  # noqa: T201
            tasks = [asyncio.create_task(work) for work in (stop.wait(), page.wait_closed(), page.keep_up())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
