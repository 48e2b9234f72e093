"""A Discord on the loopback, for the unmodified discord.py: its gateway, the routes that a bot needs, and their faults.

simcord knows more of Discord's rules, but stands in the place of discord.py's own connection; this one is connected to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    Json = dict[str, Any]

USER: Json = {
    "id": "123456789012345678",
    "username": "Tianwen",
    "discriminator": "0",
    "avatar": None,
    "bot": True,
    "global_name": None,
}
APPLICATION: Json = {
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
# Gateway opcodes (https://discord.com/developers/docs/topics/opcodes-and-status-codes).
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 7, 9, 10, 11
EPOCH_MS = 1_420_070_400_000
# What a bot may have missed while it was away, and what stands in a channel; Discord keeps more.
EVENTS_KEPT, MESSAGES_KEPT = 5_000, 200
NOBODY_WAITS_S = 30.0
# Answers to an interaction: a message, “thinking …”, an update of the message, suggestions, a form.
MESSAGE, THINKING, UPDATE_LATER, UPDATE, SUGGESTIONS, FORM = 4, 5, 6, 7, 8, 9
EPHEMERAL = 64


def reply(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer in JSON; discord.py takes it for JSON only when no character set is named."""
    return web.Response(body=json.dumps(data).encode(), status=status, content_type="application/json", headers=headers)


@dataclass
class Fault:
    """What Discord answers in the place of what was asked for, so many times."""

    method: str
    path: re.Pattern[str]
    status: int
    times: int
    retry_after: float = 0.0

    def response(self) -> web.Response:
        if self.status == 429:
            told = {"message": "You are being rate limited.", "retry_after": self.retry_after, "global": False}
            return reply(told, 429, {"Via": "1.1 fake", "Retry-After": str(self.retry_after)})
        return reply({"message": f"fault {self.status}", "code": 0}, self.status)


@dataclass
class Act:
    """Something that a person did, and what came of it.

    Times are those of ``time.perf_counter``. ``answer`` is the first thing that the bot sent: a message, or what it
    answered to an interaction. ``shown`` is the message that a person sees in the end.
    """

    id: str
    began: float
    answer: asyncio.Future[Json] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    shown: asyncio.Future[Json] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    answered_at: float = 0.0
    shown_at: float = 0.0

    def came(self, answer: Json) -> None:
        if not self.answer.done():
            self.answered_at = time.perf_counter()
            self.answer.set_result(answer)

    def showed(self, message: Json) -> None:
        if not self.shown.done():
            self.shown_at = time.perf_counter()
            self.shown.set_result(message)

    async def message(self, patience_s: float = NOBODY_WAITS_S) -> Json:
        """Wait for what the person sees."""
        async with asyncio.timeout(patience_s):
            return await asyncio.shield(self.shown)


class FakeDiscord:
    """Answers the login, takes the commands, keeps gateway connections open, and carries messages and interactions."""

    def __init__(
        self,
        *,
        accepts_token: bool = True,
        flags: int = 0,
        shards: int = 1,
        heartbeat_ms: float = 41_250,
        limits_commands: bool = False,
    ) -> None:
        self.accepts_token = accepts_token
        self.flags = flags
        self.shards = shards
        self.heartbeat_ms = heartbeat_ms
        self.port = 0
        self.commands: list[Any] = []
        self.shards_joined: list[tuple[int, int]] = []
        self.identified: Json | None = None
        self.joined, self.left = asyncio.Event(), asyncio.Event()
        self.guilds: dict[str, Json] = {}
        self.channels: dict[str, deque[Json]] = {}
        self.faults: list[Fault] = []
        if limits_commands:
            self.fault("PUT", "/commands$", 429, times=1, retry_after=600.0)
        self.acts: dict[str, Act] = {}
        # Which begins of sessions, resumptions and requests there were, in order.
        self.heard: deque[str] = deque(maxlen=10_000)
        self.refuses_sessions, self.acknowledges = False, True
        self.on_heard: Callable[[str], None] = lambda _: None
        self._sockets: dict[int, tuple[web.WebSocketResponse, web.Request]] = {}
        self._session = 0
        self._sequence = 0
        self._events: deque[tuple[int, int, Json]] = deque(maxlen=EVENTS_KEPT)
        self._last_id = 0

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def gateway(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway"

    def new_id(self) -> str:
        """Give a snowflake of now."""
        now = (time.time_ns() // 1_000_000 - EPOCH_MS) << 22
        self._last_id = max(now, self._last_id + 1)
        return str(self._last_id)

    # Faults

    def fault(self, method: str, path: str, status: int, *, times: int = 1, retry_after: float = 0.0) -> None:
        """Let requests whose path fits a pattern fail, so many times."""
        self.faults.append(Fault(method, re.compile(path), status, times, retry_after))

    async def drop(self, *, code: int | None = None) -> None:
        """Cut all connections: with a code, or (None) without a word."""
        for socket, request in list(self._sockets.values()):
            if code is not None:
                await socket.close(code=code)
            elif request.transport is not None:
                request.transport.abort()

    async def invalidate(self, *, resumable: bool) -> None:
        """Tell all shards that their session is invalid."""
        if not resumable:
            self._session += 1
            self._events.clear()
        await self._tell_all({"op": INVALID, "d": resumable, "s": None, "t": None})

    async def ask_to_reconnect(self) -> None:
        """Tell all shards to connect anew, as Discord does before its own restarts."""
        await self._tell_all({"op": RECONNECT, "d": None, "s": None, "t": None})

    async def _tell_all(self, event: Json) -> None:
        for socket, _ in list(self._sockets.values()):
            # One that has gone learns nothing.
            with contextlib.suppress(ConnectionError):
                await socket.send_json(event)

    @web.middleware
    async def failing(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        path = request.path.removeprefix("/api")
        self._note(f"{request.method} {path}")
        for fault in self.faults:
            if fault.times and fault.method in {request.method, "*"} and fault.path.search(path):
                fault.times -= 1
                await request.read()
                return fault.response()
        return await handler(request)

    def _note(self, what: str) -> None:
        self.heard.append(what)
        self.on_heard(what)

    # Routes

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

    async def post(self, request: web.Request) -> web.Response:
        message = self.message(request.match_info["channel"], await _payload(request))
        act = self.acts.get(str((message.get("message_reference") or {}).get("message_id")))
        if act is not None:
            act.came(message)
            act.showed(message)
        return reply(message)

    async def change(self, request: web.Request) -> web.Response:
        for message in self.channels.get(request.match_info["channel"], ()):
            if message["id"] == request.match_info["message"]:
                message.update(await _payload(request))
                return reply(message)
        return reply({"message": "Unknown Message", "code": 10008}, status=404)

    async def remove(self, request: web.Request) -> web.Response:
        kept = self.channels.get(request.match_info["channel"], deque())
        for message in [message for message in kept if message["id"] == request.match_info["message"]]:
            kept.remove(message)
        return web.Response(status=204)

    async def direct(self, request: web.Request) -> web.Response:
        person = (await request.json())["recipient_id"]
        return reply({"id": self.new_id(), "type": 1, "last_message_id": None, "recipients": [person_of(person)]})

    async def answer(self, request: web.Request) -> web.Response:
        act, answer = self.acts.get(request.match_info["id"]), await _payload(request)
        interaction = {
            "id": request.match_info["id"],
            "type": 2,
            "response_message_loading": answer["type"] == THINKING,
        }
        told: Json = {"interaction": interaction, "resource": {"type": answer["type"]}}
        message = None
        if answer["type"] in {MESSAGE, UPDATE}:
            message = self.message("0", answer["data"], keep=False)
            interaction["response_message_id"] = message["id"]
            told["resource"]["message"] = message
        if act is not None:
            act.came(answer)
            if message is not None or answer["type"] in {SUGGESTIONS, FORM}:
                act.showed(message or answer["data"])
        return reply(told)

    async def follow_up(self, request: web.Request) -> web.Response:
        message = self.message("0", await _payload(request), keep=False)
        act = self.acts.get(request.match_info["token"])
        if act is not None:
            act.showed(message)
        return reply(message)

    async def original(self, request: web.Request) -> web.Response:
        if request.method == "DELETE":
            return web.Response(status=204)
        return await self.follow_up(request)

    def message(self, channel_id: str, payload: Json, author: Json = USER, *, keep: bool = True) -> Json:
        """Make a message out of what was sent."""
        embeds = payload.get("embeds") or ([payload["embed"]] if payload.get("embed") else [])
        message: Json = {
            "id": self.new_id(),
            "channel_id": channel_id,
            "author": author,
            "content": payload.get("content") or "",
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [{"type": "rich"} | embed for embed in embeds],
            "components": payload.get("components") or [],
            "flags": payload.get("flags") or 0,
            "pinned": False,
            "type": 0,
        }
        if payload.get("message_reference"):
            message |= {"type": 19, "message_reference": payload["message_reference"]}
        if keep:
            self.channels.setdefault(channel_id, deque(maxlen=MESSAGES_KEPT)).append(message)
        return message

    # The gateway

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": self.heartbeat_ms}, "s": None, "t": None})
        shard = 0
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            if event["op"] in {IDENTIFY, RESUME} and self.refuses_sessions:
                self._note("REFUSED")
                await socket.send_json({"op": INVALID, "d": False, "s": None, "t": None})
            elif event["op"] == IDENTIFY:
                self._note("IDENTIFY")
                self.identified = event["d"]
                shard = event["d"]["shard"][0]
                self.shards_joined.append(tuple(event["d"]["shard"]))
                self._sockets[shard] = socket, request
                await self._begin_session(shard)
                self.joined.set()
            elif event["op"] == RESUME:
                self._note("RESUME")
                session, _, of = event["d"]["session_id"].partition("-")
                shard = int(of)
                if session != str(self._session):
                    await socket.send_json({"op": INVALID, "d": False, "s": None, "t": None})
                    continue
                self._sockets[shard] = socket, request
                for of, sequence, missed in list(self._events):
                    if of == shard and sequence > event["d"]["seq"]:
                        await socket.send_json(missed)
                await self.dispatch("RESUMED", {}, shard)
            elif event["op"] == HEARTBEAT and self.acknowledges:
                await socket.send_json({"op": HEARTBEAT_ACK, "d": None, "s": None, "t": None})
        self.left.set()
        return socket

    async def _begin_session(self, shard: int) -> None:
        assert self.identified is not None
        guilds = [guild for guild in self.guilds.values() if (int(guild["id"]) >> 22) % self.shards == shard]
        ready = {
            "v": 10,
            "user": USER,
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": f"{self._session}-{shard}",
            "resume_gateway_url": self.gateway,
            "application": {"id": USER["id"], "flags": self.flags},
            "shard": self.identified["shard"],
        }
        await self.dispatch("READY", ready, shard)
        for guild in guilds:
            await self.dispatch("GUILD_CREATE", guild, shard)

    async def dispatch(self, name: str, data: Json, shard: int = 0) -> None:
        """Tell a shard of an event; one that is away learns of it when it resumes its session."""
        self._sequence += 1
        event = {"op": DISPATCH, "t": name, "s": self._sequence, "d": data}
        self._events.append((shard, self._sequence, event))
        socket, _ = self._sockets.get(shard, (None, None))
        if socket is not None and not socket.closed:
            with contextlib.suppress(ConnectionError):
                await socket.send_json(event)


async def _payload(request: web.Request) -> Json:
    """Give what a request carries; files that come along are left alone."""
    if request.content_type == "application/json":
        carried: Json = await request.json()
        return carried
    return json.loads(str((await request.post())["payload_json"]))  # type: ignore[no-any-return]


def person_of(person_id: str, name: str = "member") -> Json:
    """Give a person as Discord tells of them."""
    return {"id": person_id, "username": name, "discriminator": "0", "avatar": None, "global_name": None}


@asynccontextmanager
async def fake_discord(**options: Any) -> AsyncIterator[FakeDiscord]:
    """Run the fake on a free port of the loopback."""
    fake = FakeDiscord(**options)
    app = web.Application(middlewares=[fake.failing])
    app.router.add_get("/api/users/@me", fake.me)
    app.router.add_post("/api/users/@me/channels", fake.direct)
    app.router.add_get("/api/oauth2/applications/@me", fake.application)
    app.router.add_get("/api/gateway/bot", fake.gateway_bot)
    app.router.add_put("/api/applications/{id}/commands", fake.sync)
    app.router.add_post("/api/channels/{channel}/messages", fake.post)
    app.router.add_patch("/api/channels/{channel}/messages/{message}", fake.change)
    app.router.add_delete("/api/channels/{channel}/messages/{message}", fake.remove)
    app.router.add_post("/api/interactions/{id}/{token}/callback", fake.answer)
    app.router.add_post("/api/webhooks/{application}/{token}", fake.follow_up)
    app.router.add_route("*", "/api/webhooks/{application}/{token}/messages/{message}", fake.original)
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
