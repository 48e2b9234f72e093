"""Draw the pictures in ``docs/pictures/`` from the try-out's bot in a simulated Discord (``make pictures``).

Nothing is posed, but for the numbers of earlier weeks: a member asks, the bot answers, headless Chromium takes the
picture. It takes Playwright's own Chromium where there is one, else Debian's (``apt-get install chromium``). Only the
loopback is used.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import discord
from PIL import Image
from playwright.async_api import Browser, async_playwright
from simcord.preview._capture import ManagedCapture

from bot.runtime import open_knowledge
from bot.settings import Settings
from bot.tryout import stage
from facts.entities import ServerSettings
from facts.matching.decision import Outcome
from facts.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import simcord

    from bot.client import Tianwen
    from bot.tryout import Stage

PICTURES = Path(__file__).parent / "pictures"
DEBIANS_CHROMIUM = Path("/usr/bin/chromium")
OFFLINE = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
WIDTHS = {"desktop": 960, "phone": 390}
# High enough for every scene; what stays empty is cut out, but for so much. All in pixels.
HEIGHT, GAP = 2_400, 24
LEARN_AT_ONCE = 100
WEEK = dt.timedelta(weeks=1)
# How many questions of the weeks before were answered, got a choice, and none, the latest first.
EARLIER = ((38, 4, 3), (29, 5, 6), (12, 1, 4), (21, 2, 3), (9, 2, 5))
ASKED = (
    "who is on board?",
    "How long is Tianhe?",
    "when was the station's core launched?",
    "how heavy is Tianhe?",
    "what does the numbat eat?",
    "how long did they stay outside?",
    "who walked in space first?",
    "how much did it cost?",
    "what does Tianhe mean?",
)


async def answers(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.mention(channel, "how long is teh tianhe modul?")
    await stage.mention(channel, "and how heavy is it?")
    await stage.moderator.send(channel, "good morning everyone!")
    await stage.moderator.send(channel, "anyone know what tiangong means?")
    await stage.env.advance_time(60)


async def choices(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.mention(channel, "how big is the first chunk of the thing")
    await stage.mention(channel, "who won the match yesterday?", by=stage.moderator)
    await stage.mention(channel, "")


async def conversation(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.mention(channel, "when did they go outside?")
    await stage.mention(channel, "who is zhou jianping and what does CASC stand for?", by=stage.moderator)
    await stage.mention(channel, "天和核心舱有多长？")


async def source(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.mention(channel, "What does Tiangong mean?")
    await stage.member.click(channel.last_message, label="Source")
    await stage.member.click(channel.history()[1], custom_id="tw:vote:wrong:station-name-meaning")


async def crew(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.member.slash(channel, "crew")


async def modules(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.member.slash(channel, "modules")


async def milestones(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.member.slash(channel, "milestones")


async def about(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.member.slash(channel, "about")


async def privacy(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.member.slash(channel, "privacy")


async def settings(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await stage.moderator.slash(channel, "settings")


async def queue(stage: Stage, channel: simcord.ChannelHandle) -> None:
    bot = cast("Tianwen", stage.env.bot)
    elsewhere = stage.guild.create_text_channel("asked")
    await stage.env.settle()
    await bot.knowledge.change_server_settings(stage.guild.id, queue_channel_id=channel.id)
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "tianwen-review-queue"))
    for person in (stage.member, stage.moderator):
        await stage.mention(elsewhere, "do they miss their dogs?", by=person)
    await stage.mention(elsewhere, "how do I become a pen pal of the crew?")
    await stage.member.click(elsewhere.last_message, label="None of these")
    await stage.mention(elsewhere, "What does Tiangong mean?")
    await stage.member.click(elsewhere.last_message, custom_id="tw:vote:wrong:station-name-meaning")


async def _asked_elsewhere(stage: Stage) -> None:
    """Let questions be asked that nobody has answered."""
    elsewhere = stage.guild.create_text_channel("asked-before")
    await stage.env.settle()
    for person, question in (
        (stage.member, "who feeds the quokka?"),
        (stage.member, "what does the wobbegong eat?"),
        (stage.moderator, "waht does the wobbegong eat"),
        (stage.member, "does the wobbegong eat what?"),
    ):
        await stage.mention(elsewhere, question, by=person)


async def _write(stage: Stage, channel: simcord.ChannelHandle, **texts: str) -> Any:
    """Send the form of a new fact; give what came of it."""
    opened = await stage.moderator.slash(channel, "facts add")
    inputs = [label["component"] for label in (opened.modal or {})["components"]]
    shown = {text_input["custom_id"]: text_input.get("value") or "" for text_input in inputs}
    return (await stage.moderator.submit_modal(opened, shown | texts)).response


WOBBEGONG = {
    "statement": "The wobbegong, a shark, eats crabs and small fish.",
    "questions": "what does the wobbegong eat?\nfood of the wobbegong",
    "topic": "station",
    "source": "publisher: Space Gazette\nurl: https://example.org/wobbegong\nlocator: page 3",
}


async def review(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await _asked_elsewhere(stage)
    await stage.moderator.slash(channel, "review")


async def preview(stage: Stage, channel: simcord.ChannelHandle) -> None:
    await _write(stage, channel, **WOBBEGONG)


async def history(stage: Stage, channel: simcord.ChannelHandle) -> None:
    shown = await _write(stage, channel, **WOBBEGONG)
    await stage.moderator.click(shown.message, label="Save")
    for statement in ("The wobbegong eats crabs and squid.", "The wobbegong eats crabs, squid and small fish."):
        opened = await stage.moderator.slash(channel, "facts edit", id="wobbegong-eat", reason="A reader wrote in.")
        inputs = [label["component"] for label in (opened.modal or {})["components"]]
        texts = {text_input["custom_id"]: text_input.get("value") or "" for text_input in inputs}
        sent: Any = await stage.moderator.submit_modal(opened, texts | {"statement": statement})
        shown = sent.response
        await stage.moderator.click(shown.message, label="Save")
    await stage.moderator.slash(channel, "facts history", id="wobbegong-eat")


async def importing(stage: Stage, channel: simcord.ChannelHandle) -> None:
    rows = [
        "id,topic,statement,questions,source",
        "quokka-food,station,The quokka eats leaves.,what does the quokka eat?,Space Gazette",
        "tianhe-length,modules,Tianhe is 17 metres long.,how long is tianhe?,Space Gazette",
        "narwhal,station,Narwhals dream.,do narwhals dream?,",
    ]
    await stage.moderator.slash(channel, "facts import", file=("facts.csv", "\n".join(rows).encode()))


async def direct(stage: Stage, _channel: simcord.ChannelHandle) -> None:
    await stage.member.user.send_dm("How big is the living space up there?")
    await stage.member.user.send_dm("thanks! and who built the module?")


async def stats(stage: Stage, channel: simcord.ChannelHandle) -> None:
    elsewhere = stage.guild.create_text_channel("questions")
    for question in ASKED:
        await stage.mention(elsewhere, question)
    bot: Any = stage.env.bot
    tally, now = bot.knowledge.tally, stage.env.now()
    # What was asked in the weeks before: to let them pass here would take long.
    for week, answers in enumerate(EARLIER, 1):
        earlier = Tally(tally._database, lambda: now - week * WEEK)  # noqa: B023, SLF001
        for outcome, count in zip((Outcome.ANSWER, Outcome.CHOICES, Outcome.UNKNOWN), answers, strict=True):
            for _ in range(count):
                earlier.count(stage.guild.id, outcome, None)
        await earlier.keep()
    await stage.moderator.slash(channel, "stats", weeks=6)


SCENES: dict[str, Callable[[Stage, Any], Awaitable[None]]] = {
    scene.__name__: scene
    for scene in (
        *(answers, choices, conversation, source, crew, modules, milestones),
        *(about, privacy, settings, queue, review, preview, history, importing, direct, stats),
    )
}


# These are for those who keep the server and its facts.
EDITORS = {"settings", "queue", "review", "preview", "history", "importing", "stats"}


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


def shorten(path: Path) -> None:
    """Cut the emptiness between the last message and the input out of a picture."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    rows = [picture.crop((0, y, picture.width, y + 1)).tobytes() for y in range(picture.height)]
    runs = [len(list(run)) for _, run in itertools.groupby(rows)]
    longest = max(range(len(runs)), key=runs.__getitem__)
    top = sum(runs[:longest]) + GAP
    below = picture.crop((0, sum(runs[: longest + 1]), *picture.size))
    shortened = picture.crop((0, 0, picture.width, top + below.height))
    shortened.paste(below, (0, top))
    shortened.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


async def main() -> None:
    ManagedCapture._ensure_browser = _ensure_browser  # noqa: SLF001
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        database = Settings(database_url=f"sqlite+aiosqlite:///{folder}/pictures.db")
        async with open_knowledge(database, discord.utils.utcnow) as knowledge, stage(knowledge) as built:
            # As it is a few seconds after a start.
            while await asyncio.to_thread(knowledge.engine.learn, LEARN_AT_ONCE):
                pass
            for name, scene in SCENES.items():
                channel = built.guild.create_text_channel(name)
                await built.env.settle()
                # The channels listen, so that the pictures show what a busy channel looks like.
                listening = ServerSettings(listening_channel_ids=(channel.id,))
                await knowledge.set_server_settings(built.guild.id, listening)
                await scene(built, channel)
                in_dm = channel.last_message is None and name == "direct"
                viewer = built.member.user if in_dm else built.moderator if name in EDITORS else built.member
                shown = built.member.user.dm_channel if in_dm else channel
                async with built.env.preview(shown, viewers=[viewer], layout="channel") as preview:
                    for width, pixels in WIDTHS.items():
                        path = PICTURES / f"{name}-{width}.png"
                        size = (pixels, HEIGHT)
                        await preview.screenshot(path, mode="viewport", viewport=size, allow_incomplete=True)
                        await asyncio.to_thread(shorten, path)
                        print(path.relative_to(PICTURES.parent))


if __name__ == "__main__":
    asyncio.run(main())
