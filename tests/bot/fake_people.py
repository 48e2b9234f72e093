"""People in a fake Discord: they mention the bot, use its commands, press its buttons, type and fill in forms."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord

from tests.bot.fake_discord import FORM, USER, Act, person_of

if TYPE_CHECKING:
    from tests.bot.fake_discord import FakeDiscord, Json

COMMAND, COMPONENT, TYPING, SUBMIT = 2, 3, 4, 5
BUTTON, MENU, LABEL = 2, 3, 18
MEMBER_MAY = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True, attach_files=True, read_message_history=True
)
EDITOR_MAY = MEMBER_MAY | discord.Permissions(manage_messages=True)
JOINED = "2026-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Place:
    """A channel of a server."""

    guild_id: str
    channel_id: str


@dataclass
class Person:
    """Somebody in a server."""

    fake: FakeDiscord
    id: str
    place: Place
    is_editor: bool = False

    @property
    def user(self) -> Json:
        return person_of(self.id, f"person-{self.id}")

    @property
    def member(self) -> Json:
        return {
            "user": self.user,
            "roles": [_editors_of(self.place.guild_id)] if self.is_editor else [],
            "nick": None,
            "joined_at": JOINED,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
        }

    async def mention(self, text: str, *, place: Place | None = None) -> Act:
        """Mention the bot."""
        place = place or self.place
        message = self.fake.message(place.channel_id, {"content": f"<@{USER['id']}> {text}"}, self.user)
        member = {name: value for name, value in self.member.items() if name != "user"}
        mentioned = USER | {"member": member}
        event = message | {"guild_id": place.guild_id, "member": member, "mentions": [mentioned]}
        act = self._begins(message["id"])
        await self.fake.dispatch("MESSAGE_CREATE", event)
        return act

    async def slash(self, name: str, **options: Any) -> Act:
        """Use a slash command; one of a group has its name behind the group's."""
        return await self._interact(COMMAND, _command(name, options))

    async def types(self, name: str, option: str, text: str) -> Act:
        """Type into an option of a command, and wait for suggestions."""
        data = _command(name, {option: text})
        inner = data["options"][0].get("options") or data["options"]
        inner[0]["focused"] = True
        return await self._interact(TYPING, data)

    async def presses(self, message: Json, custom_id: str) -> Act:
        """Press a button under a message."""
        data = {"component_type": BUTTON, "custom_id": custom_id}
        return await self._interact(COMPONENT, data, message=message | {"channel_id": self.place.channel_id})

    async def submits(self, form: Act, **changes: str) -> Act:
        """Fill in a form and send it; what is not changed is sent as it stands."""
        answer = await form.answer
        assert answer["type"] == FORM, answer
        shown = answer["data"]
        components = []
        for number, label in enumerate(shown["components"]):
            field = label["component"]
            value = changes.get(field["custom_id"], field.get("value") or "")
            filled = {"type": field["type"], "custom_id": field["custom_id"], "value": value, "id": 2 * number + 2}
            components.append({"type": LABEL, "id": 2 * number + 1, "component": filled})
        return await self._interact(SUBMIT, {"custom_id": shown["custom_id"], "components": components})

    def _begins(self, act_id: str) -> Act:
        act = self.fake.acts[act_id] = Act(act_id, time.perf_counter())
        return act

    async def _interact(self, kind: int, data: Json, message: Json | None = None) -> Act:
        act_id = self.fake.new_id()
        act = self._begins(act_id)
        # Later answers come by the token.
        token = f"token-{act_id}"
        self.fake.acts[token] = act
        permissions = EDITOR_MAY if self.is_editor else MEMBER_MAY
        event: Json = {
            "id": act_id,
            "application_id": USER["id"],
            "type": kind,
            "token": token,
            "version": 1,
            "data": data,
            "guild_id": self.place.guild_id,
            "channel_id": self.place.channel_id,
            "channel": channel(self.place.channel_id, self.place.guild_id),
            "member": self.member | {"permissions": str(permissions.value)},
            "locale": "en-US",
            "guild_locale": "en-US",
            "app_permissions": str(MEMBER_MAY.value),
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 0,
            "attachment_size_limit": 10_485_760,
        }
        if message is not None:
            event["message"] = message
        await self.fake.dispatch("INTERACTION_CREATE", event)
        return act


def _command(name: str, options: Json) -> Json:
    given = [
        {"name": key, "type": 5 if isinstance(value, bool) else 4 if isinstance(value, int) else 3, "value": value}
        for key, value in options.items()
    ]
    group, _, inner = name.partition(" ")
    data: Json = {"id": "1", "name": group, "type": 1, "options": given}
    if inner:
        data["options"] = [{"name": inner, "type": 1, "options": given}]
    return data


def channel(channel_id: str, guild_id: str, name: str = "general") -> Json:
    """Give a text channel as Discord tells of it."""
    return {
        "id": channel_id,
        "guild_id": guild_id,
        "type": 0,
        "name": name,
        "position": 0,
        "permission_overwrites": [],
        "topic": None,
        "nsfw": False,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "parent_id": None,
        "flags": 0,
        "permissions": str(MEMBER_MAY.value),
    }


def _editors_of(guild_id: str) -> str:
    """Give the id of a server's role of editors."""
    return f"{guild_id}0"


def found_server(fake: FakeDiscord, *, channels: int = 1) -> list[Place]:
    """Found a server that the bot is in, before it joins, and give its channels."""
    guild_id = fake.new_id()
    places = [Place(guild_id, fake.new_id()) for _ in range(channels)]
    me: Json = {"user": USER, "roles": [], "nick": None, "joined_at": JOINED, "deaf": False, "mute": False, "flags": 0}
    everyone = {
        "id": guild_id,
        "name": "@everyone",
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0,
        "permissions": str(MEMBER_MAY.value),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    editors = {"id": _editors_of(guild_id), "name": "Editors", "permissions": str(EDITOR_MAY.value), "position": 1}
    fake.guilds[guild_id] = {
        "id": guild_id,
        "name": f"Server {guild_id}",
        "icon": None,
        "splash": None,
        "owner_id": "1",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": [everyone, everyone | editors],
        "emojis": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "vanity_url_code": None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "public_updates_channel_id": None,
        "nsfw_level": 0,
        "premium_progress_bar_enabled": False,
        "joined_at": JOINED,
        "large": False,
        "unavailable": False,
        "member_count": 10,
        "voice_states": [],
        "members": [me],
        "channels": [channel(place.channel_id, guild_id) for place in places],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "stickers": [],
        "soundboard_sounds": [],
    }
    return places


def buttons(message: Json) -> dict[str, str]:
    """Give the buttons of a message: their labels or signs, and the ids behind them."""
    return {
        item.get("label") or (item.get("emoji") or {}).get("name") or "": item["custom_id"]
        for row in message.get("components") or []
        for item in row.get("components") or []
        if item["type"] == BUTTON and "custom_id" in item
    }


def any_button(message: Json, chance: random.Random) -> str | None:
    """Give the id of one of the buttons of a message, if it has any."""
    ids = list(buttons(message).values())
    return chance.choice(ids) if ids else None


def facts_shown(message: Json) -> list[str]:
    """Give the ids of the facts that a message shows."""
    footers = [(embed.get("footer") or {}).get("text") for embed in message.get("embeds") or []]
    return footers[0].split(" · ") if footers and footers[0] else []
