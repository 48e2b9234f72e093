"""Draw the pictures in ``docs/pictures/`` from the real bot in a simulated Discord (``make pictures``).

Nothing is posed: a member asks, the bot answers, headless Chromium takes the picture. It takes Playwright's own
Chromium where there is one, else Debian's (``apt-get install chromium``). Only the loopback is used.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import simcord
from playwright.async_api import Browser, async_playwright
from simcord.preview._capture import ManagedCapture

from bot.client import Tianwen
from bot.runtime import open_knowledge
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

PICTURES = Path(__file__).parent / "pictures"
DEBIANS_CHROMIUM = Path("/usr/bin/chromium")
OFFLINE = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DESKTOP = (960, 900)
PHONE = (390, 844)


@asynccontextmanager
async def _run(bot: Tianwen) -> AsyncIterator[simcord.Env]:
    """Run the bot in a simulated Discord, its facts learnt before: simcord waits for all that goes on in threads."""
    await asyncio.to_thread(bot.knowledge.engine.learn)
    async with simcord.run(bot) as env:
        yield env


class Stage:
    """A fresh server with two people, who ask in every way there is."""

    def __init__(self, env: simcord.Env) -> None:
        env.backend.edit_bot_profile("Tianwen")
        self.env = env
        self.guild = env.create_guild("Space club")
        self.member = self.guild.add_member(env.create_user("member", global_name="A member"))
        self.moderator = self.guild.add_member(env.create_user("moderator", global_name="A moderator"))

    async def mention(self, channel: Any, text: str, by: Any = None) -> Any:
        message = await (by or self.member).send(channel, f"<@{self.env.bot.user.id}> {text}")
        await self.env.advance_time(60)
        return message


async def answers(stage: Stage, channel: Any) -> None:
    await stage.mention(channel, "how long is teh tianhe modul?")
    await stage.mention(channel, "and in feet?")
    await stage.mention(channel, "how heavy is it?")


async def conversation(stage: Stage, channel: Any) -> None:
    await stage.mention(channel, "when did they go outside?")
    await stage.moderator.send(
        channel, "who is zhou jianping and what does CASC stand for?", reply_to=channel.last_message
    )
    question = await stage.member.send(channel, "anyone know what tiangong means?")
    await stage.moderator.send(channel, f"<@{stage.env.bot.user.id}>", reply_to=question)


async def choices(stage: Stage, channel: Any) -> None:
    await stage.mention(channel, "how big is the first chunk of the thing")
    await stage.mention(channel, "who won the match yesterday?", by=stage.moderator)
    await stage.mention(channel, "")


async def crew(stage: Stage, channel: Any) -> None:
    await stage.member.slash(channel, "crew")


async def modules(stage: Stage, channel: Any) -> None:
    await stage.member.slash(channel, "modules")


async def milestones(stage: Stage, channel: Any) -> None:
    await stage.member.slash(channel, "milestones")
    await stage.member.slash(channel, "sources")


async def about(stage: Stage, channel: Any) -> None:
    await stage.member.slash(channel, "about")
    await stage.member.slash(channel, "fact", id="station-completion")
    await stage.moderator.slash(channel, "ask", question="why cant they go to the ISS", private=False)


async def direct(stage: Stage, _channel: Any) -> None:
    await stage.member.user.send_dm("How big is the living space up there?")
    await stage.member.user.send_dm("thanks! and who built the module?")


SCENES: dict[str, Callable[[Stage, Any], Awaitable[None]]] = {
    scene.__name__: scene for scene in (answers, conversation, choices, crew, modules, milestones, about, direct)
}


async def _ensure_browser(self: ManagedCapture) -> Browser:
    """Launch the Chromium that there is; simcord itself knows only Playwright's own."""
    if self._browser is None:
        self._playwright = await async_playwright().start()
        own = Path(self._playwright.chromium.executable_path)
        self._browser = await self._playwright.chromium.launch(
            executable_path=own if own.exists() else DEBIANS_CHROMIUM,
            args=[*OFFLINE, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
    return self._browser


async def main() -> None:
    ManagedCapture._ensure_browser = _ensure_browser  # noqa: SLF001
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite+aiosqlite:///{folder}/pictures.db")
        async with open_knowledge(settings) as knowledge, Tianwen(knowledge) as bot, _run(bot) as env:
            stage = Stage(env)
            for name, scene in SCENES.items():
                channel = stage.guild.create_text_channel(name)
                await env.settle()
                await scene(stage, channel)
                in_dm = channel.last_message is None
                shown, viewer = (stage.member.user.dm_channel, stage.member.user) if in_dm else (channel, stage.member)
                async with env.preview(shown, viewers=[viewer], layout="channel") as preview:
                    for width, size in (("desktop", DESKTOP), ("phone", PHONE)):
                        path = PICTURES / f"{name}-{width}.png"
                        await preview.screenshot(path, mode="viewport", viewport=size, allow_incomplete=True)
                        print(path.relative_to(PICTURES.parent))


if __name__ == "__main__":
    asyncio.run(main())
