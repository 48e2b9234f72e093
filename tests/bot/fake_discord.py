"""The few routes of Discord that a bot needs to join, on the loopback: simcord does not run the real start."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USER = {"id": "123456789012345678", "username": "Tianwen", "discriminator": "0", "avatar": None, "bot": True}
APPLICATION = {
    "id": USER["id"],
    "name": "Tianwen",
    "description": "",
    "icon": None,
    "bot_public": True,
    "bot_require_code_grant": False,
    "verify_key": "0",
    "owner": USER,
    "team": None,
}
HELLO, IDENTIFY, DISPATCH, HEARTBEAT, HEARTBEAT_ACK = 10, 2, 0, 1, 11


def reply(data: object, status: int = 200) -> web.Response:
    """Answer in JSON; discord.py takes it for JSON only when no character set is named."""
    return web.Response(body=json.dumps(data).encode(), status=status, content_type="application/json")


class FakeDiscord:
    """Answers the login, takes the commands, and keeps a gateway connection open."""

    def __init__(self, *, accepts_token: bool = True, flags: int = 0, shards: int = 1) -> None:
        self.accepts_token = accepts_token
        self.flags = flags
        self.shards = shards
        self.port = 0
        self.commands: list[Any] = []
        self.shards_joined: list[tuple[int, int]] = []
        self.identified: dict[str, Any] | None = None
        self.joined = asyncio.Event()
        self.left = asyncio.Event()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def gateway(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway"

    async def me(self, _request: web.Request) -> web.Response:
        if not self.accepts_token:
            return reply({"message": "401: Unauthorized", "code": 0}, status=401)
        return reply(USER)

    async def application(self, _request: web.Request) -> web.Response:
        return reply(APPLICATION | {"flags": self.flags})

    async def gateway_bot(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 16}
        return reply({"url": self.gateway, "shards": self.shards, "session_start_limit": limit})

    async def sync(self, request: web.Request) -> web.Response:
        self.commands = await request.json()
        return reply([])

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": 41250}, "s": None, "t": None})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            if event["op"] == IDENTIFY:
                self.identified = event["d"]
                self.shards_joined.append(tuple(event["d"]["shard"]))
                ready = {
                    "v": 10,
                    "user": USER,
                    "guilds": [],
                    "session_id": "session",
                    "resume_gateway_url": self.gateway,
                    "application": {"id": USER["id"], "flags": self.flags},
                    "shard": self.identified["shard"],
                }
                await socket.send_json({"op": DISPATCH, "t": "READY", "s": 1, "d": ready})
                self.joined.set()
            elif event["op"] == HEARTBEAT:
                await socket.send_json({"op": HEARTBEAT_ACK, "d": None, "s": None, "t": None})
        self.left.set()
        return socket


@asynccontextmanager
async def fake_discord(*, accepts_token: bool = True, flags: int = 0) -> AsyncIterator[FakeDiscord]:
    """Run the fake on a free port of the loopback; the flags are those of the application."""
    fake = FakeDiscord(accepts_token=accepts_token, flags=flags)
    app = web.Application()
    app.router.add_get("/api/users/@me", fake.me)
    app.router.add_get("/api/oauth2/applications/@me", fake.application)
    app.router.add_get("/api/gateway/bot", fake.gateway_bot)
    app.router.add_put("/api/applications/{id}/commands", fake.sync)
    app.router.add_get("/gateway", fake.connect)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    fake.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield fake
    finally:
        await runner.cleanup()
