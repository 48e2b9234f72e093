"""How long the bot itself takes from an event to the request of its reply, and how many it answers beside an echo bot.

Both bots run in a simulated Discord (simcord) and are asked the same questions in turns. The *own time* goes from the
event, as the gateway hands it over, to the moment at which discord.py is asked to send the reply. The *rate* counts
whole questions, one after another: the message, the event, the reply, and all that is written after it. It is taken
twice: as fast as each bot can, where Discord costs nothing at all, and with questions coming as fast as Discord lets
any bot reply. Run with ``make bench``.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import simcord
from discord.ext import commands

from bot.client import Tianwen, intents
from bot.cooldowns import Cooldowns
from bot.runtime import open_knowledge
from bot.settings import Settings

if TYPE_CHECKING:
    import discord

SETS = Path(__file__).parents[1] / "tests" / "questions"
QUESTIONS = 200
ROUNDS = 3
# Discord's global limit: 50 requests a second (its documentation, topics/rate-limits).
PACE = 1 / 50


class Echo(commands.Bot):
    """A bot that says what it is told."""

    def __init__(self) -> None:
        super().__init__("!", intents=intents(message_content=True), help_command=None)

    async def on_message(self, message: discord.Message, /) -> None:
        """Say it."""
        if not message.author.bot:
            await message.channel.send(message.content)


class Times(NamedTuple):
    """What was measured of one bot, in seconds: of each question that it replied to, and of all of them."""

    own: list[float]
    fastest: float
    paced: float


async def measure(env: simcord.Env, asked: list[str]) -> Times:
    """Let a member ask all questions in a channel, one after another, twice."""
    guild = env.create_guild("Space club")
    channel = guild.create_text_channel("general")
    member = guild.add_member(env.create_user("member"))
    await env.settle()
    http: Any = env.bot.http
    send, sent, own = http.send_message, [], []

    async def noted(*args: object, **options: object) -> object:
        sent.append(time.perf_counter())
        return await send(*args, **options)

    http.send_message = noted
    wholes = []
    for pace in (0.0, PACE):
        start = time.perf_counter()
        for number, question in enumerate(asked, 1):
            sent.clear()
            began = time.perf_counter()
            await member.send(channel, f"<@{env.backend.bot_user.id}> {question}")
            own += [moment - began for moment in sent[:1]]
            await asyncio.sleep(max(0.0, start + number * pace - time.perf_counter()))
        wholes.append(time.perf_counter() - start)
    return Times(own, *wholes)


def questions() -> list[str]:
    """Give questions of all classes, evenly out of our own sets."""
    lines = [line for name in ("tune", "held") for line in (SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]
    asked = [str(json.loads(line)["question"]) for line in lines]
    return asked[:: len(asked) // QUESTIONS][:QUESTIONS]


async def main() -> None:
    """Measure, and print a table."""
    asked = questions()
    measured: dict[str, list[Times]] = {"Tianwen": [], "echo": []}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite+aiosqlite:///{folder}/bench.db")
        async with open_knowledge(settings) as knowledge:
            await asyncio.to_thread(knowledge.engine.learn)
            for _ in range(ROUNDS):
                tianwen = Tianwen(knowledge, message_content=True, shard_count=1)
                # One member asks all: without a rest, nobody may.
                tianwen.cooldowns = Cooldowns(person=(10**9, 1.0), channel=(10**9, 1.0))
                for name, bot in (("Tianwen", tianwen), ("echo", Echo())):
                    async with bot, simcord.run(bot) as env:
                        measured[name].append(await measure(env, asked))
    print("| bot | own time: median ms | p95 ms | p99 ms | questions a second | of 50 a second |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rounds in measured.items():
        own = [1_000 * moment for times in rounds for moment in times.own]
        cuts = statistics.quantiles(own, n=100)
        figures = [f"{figure:.2f}" for figure in (statistics.median(own), cuts[94], cuts[98])]
        rates = [len(asked) * len(rounds) / sum(times) for times in zip(*(times[1:] for times in rounds), strict=True)]
        print(f"| {name} | {' | '.join(figures + [f'{rate:.1f}' for rate in rates])} |")


if __name__ == "__main__":
    asyncio.run(main())
