"""Two processes of the bot on one PostgreSQL: how soon does one answer with what a moderator adds in the other?

Each process runs the whole bot with a simulated Discord of its own. One adds a fact; as soon as that is confirmed, a
member asks the other for it, again and again, until the reply shows it. Half-way PostgreSQL is stopped and started.

Usage: ``python -m benchmarks.processes [CHANGES]``; it starts a PostgreSQL of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from bot.tryout import stage
from facts.database import Database, DatabaseOptions
from facts.entities import Author, Fact, FactChange, Origin, Source
from facts.errors import DatabaseUnavailableError, FactExistsError
from facts.knowledge import KnowledgeBase
from facts.packs import shipped_packs
from tests.cluster import Cluster

if TYPE_CHECKING:
    import discord

CHANGES = 1_000
EDITOR = Author(Origin.EDITOR, 7)
COLOURS = ("red", "green", "blue", "white", "black")
IN_ONE_CHANNEL = 20
# A process that has nothing to say for so long has failed, in seconds.
PATIENCE = 120


def fact(number: int) -> Fact:
    return Fact(
        f"locker-{number}",
        "lockers",
        f"Locker {number} is {COLOURS[number % len(COLOURS)]}.",
        (f"What colour is locker {number}?", f"which colour has locker {number}"),
        Source("list", "The list of lockers"),
    )


# A process of the bot


async def add(knowledge: KnowledgeBase, server_id: int, number: int) -> dict[str, Any]:
    """Add a fact as an editor does, until it is confirmed."""
    refused = 0
    while knowledge.entry(fact(number).id, server_id) is None:
        try:
            await knowledge.add(fact(number), EDITOR, server_id=server_id)
        except DatabaseUnavailableError:
            refused += 1
            await asyncio.sleep(0.05)
        except FactExistsError:
            await knowledge.memory.catch_up()
    return {"at": time.time(), "refused": refused}


async def work(url: str) -> None:
    """Do what is said on standard input, one JSON object a line, and tell on standard output when it was done."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    database = Database(url, DatabaseOptions(reconnect_s=0.25))
    knowledge = await KnowledgeBase.open(database)
    knowledge.memory.begin_following()
    told: dict[str, float] = {}

    def note(change: FactChange) -> None:
        if change.after is not None:
            told[change.after.id] = time.time()

    knowledge.fact_changes.add(note)
    replied: dict[str | None, float] = {}

    async def note_reply(message: discord.Message) -> None:
        # What the simulated Discord does afterwards takes longer than the reply: it lets a minute pass, too.
        for embed in message.embeds:
            replied.setdefault(embed.description, time.time())

    async with stage(knowledge) as built:
        bot: Any = built.env.bot
        bot.add_listener(note_reply, "on_message")
        await knowledge.prepare(built.guild.id)
        print(json.dumps({"ready": True}), flush=True)
        channel = built.channel
        while line := await reader.readline():
            wanted = json.loads(line)
            number = wanted["number"]
            if wanted["do"] == "add":
                print(json.dumps(await add(knowledge, built.guild.id, number)), flush=True)
                continue
            if number % IN_ONE_CHANNEL == 0:
                # The simulated Discord is the slower the longer a channel is.
                channel = built.guild.create_text_channel(f"lockers-{number}")
            asked = 0
            while True:
                asked += 1
                await built.mention(channel, f"@Tianwen What colour is locker {number}?")
                reply = channel.last_message
                if reply and reply.embeds and reply.embeds[0].description == fact(number).statement:
                    break
            done = {"at": replied[fact(number).statement], "asked": asked, "told": told.get(fact(number).id)}
            print(json.dumps(done), flush=True)
    await knowledge.memory.end_following()
    await database.close()


# The one that tells them what to do


@dataclass
class Process:
    """A process of the bot."""

    child: asyncio.subprocess.Process

    @classmethod
    async def start(cls, url: str) -> Process:
        """Start it, and wait until it is ready."""
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "benchmarks.processes", "--work", url]
        started = cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe))
        await started.answer()
        return started

    async def answer(self) -> dict[str, Any]:
        """Give the next that it tells."""
        assert self.child.stdout is not None
        async with asyncio.timeout(PATIENCE):
            answer: dict[str, Any] = json.loads(await self.child.stdout.readline())
        return answer

    async def do(self, what: str, number: int) -> dict[str, Any]:
        """Let it do something about a fact, and give what it tells."""
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps({"do": what, "number": number}).encode() + b"\n")
        return await self.answer()

    async def end(self) -> None:
        """Let it end, and wait until it has."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        await self.child.wait()


def told(name: str, seconds: list[float]) -> str:
    """Give a distribution in milliseconds."""
    cut = quantiles(seconds, n=1000, method="inclusive")
    shares = {"p50": cut[499], "p95": cut[949], "p99": cut[989], "most": max(seconds)}
    return f"{name}: " + ", ".join(f"{share} {1000 * value:.0f} ms" for share, value in shares.items())


async def measure(changes: int) -> None:
    with Cluster() as cluster:
        database = Database(cluster.url)
        await database.upgrade()
        await KnowledgeBase.open(database, shipped_packs())
        await database.close()
        one, other = await Process.start(cluster.url), await Process.start(cluster.url)
        taken, answered, refused, restarting = [], [], 0, None
        for number in range(changes):
            if number == changes // 2:
                await asyncio.to_thread(cluster.stop)
                restarting = asyncio.create_task(asyncio.to_thread(cluster.start))
            # They take turns, so that each is the one that learns of it half of the time.
            writer, reader = (one, other) if number % 2 else (other, one)
            added = await writer.do("add", number)
            seen = await reader.do("ask", number)
            refused += added["refused"]
            answered.append(seen["at"] - added["at"])
            taken.append(max(0.0, (seen["told"] or seen["at"]) - added["at"]))
        if restarting is not None:
            await restarting
        for process in (one, other):
            await process.end()
    late = sum(seconds > 1 for seconds in answered)
    print(f"{changes} changes, each answered by the other process; PostgreSQL restarted half-way; refused: {refused}")
    print(told("from confirmed to in the other's memory", taken))
    print(told("from confirmed to the other's reply", answered))
    print(f"later than a second: {late}")


if __name__ == "__main__":
    if "--work" in sys.argv:
        asyncio.run(work(sys.argv[-1]))
    else:
        asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else CHANGES))
