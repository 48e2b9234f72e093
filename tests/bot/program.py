"""The program as installed, in a process of its own, with Discord's address exchanged for a fake's."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT, WELL_SHAPED_TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.fake_discord import FakeDiscord

PROGRAM = """
import functools, sys, yarl, discord.http, discord.gateway
discord.http.Route.BASE, gateway = sys.argv[1:3]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
# It waits no two seconds for a further server.
discord.Client.__init__ = functools.partialmethod(discord.Client.__init__, guild_ready_timeout=0.05)
sys.argv = ["tianwen", *sys.argv[3:]]
from bot.__main__ import main
main()
"""


async def start(
    fake: FakeDiscord, folder: Path, *arguments: str, log: Any = asyncio.subprocess.PIPE, **environment: str
) -> asyncio.subprocess.Process:
    """Start the program in a folder.

    Args:
        fake: the Discord that it joins.
        folder: where its database is.
        arguments: its command.
        log: where standard error goes.
        environment: settings besides the token.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TIANWEN_", "DISCORD_"))}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        fake.api,
        fake.gateway,
        *arguments,
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT), "DISCORD_TOKEN": WELL_SHAPED_TOKEN} | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
    )
