"""Who may keep the facts: every command, menu, button, list and form of editors, tried by those who may not."""

from __future__ import annotations

import json
import operator
from typing import TYPE_CHECKING, Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.ui.editor_words import EDITOR_ENGLISH as SAY
from bot.ui.editors import EDITOR_ITEMS
from bot.ui.words import ENGLISH
from facts.entities import SavedTest, ServerSettings

if TYPE_CHECKING:
    import simcord

    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

FACT_ID = "tianhe-length"
QUESTION = "how long is tianhe?"
UNHEARD, OTHER = "what does the wobbegong eat?", "who feeds the quokka?"
FILE = (
    "facts.json",
    json.dumps(
        {"facts": [{"id": "a-b", "topic": "t", "statement": "S.", "questions": ["why so?"], "source": "Gazette"}]}
    ).encode(),
)
COMMANDS: dict[str, dict[str, Any]] = {
    "facts add": {},
    "facts edit": {"id": FACT_ID},
    "facts remove": {"id": FACT_ID},
    "facts restore": {"id": "tianhe-volume"},
    "facts history": {"id": FACT_ID},
    "facts revert": {"id": FACT_ID, "revision": 1},
    "facts list": {},
    "facts search": {"text": "tianhe"},
    "facts test": {},
    "facts import": {"file": FILE},
    "facts export": {},
    "review": {},
    "stats": {},
}
TEMPLATE = operator.attrgetter("__discord_ui_compiled_template__")
MENUS = ("Teach Tianwen from this", "Keep as test")
COMPLETED = {
    "facts edit": "id",
    "facts remove": "id",
    "facts restore": "id",
    "facts history": "id",
    "facts revert": "id",
    "facts list": "topic",
}


@pytest.fixture
async def role(world: World) -> simcord.RoleHandle:
    """The server's editor role; its members and the member may call the commands, as far as Discord is concerned."""
    role = world.guild.create_role("Editors")
    queue = world.guild.create_text_channel("queue")
    log = world.guild.create_text_channel("log")
    await world.env.settle()
    settings = ServerSettings(editor_role_id=role.id, queue_channel_id=queue.id, log_channel_id=log.id)
    await world.knowledge.set_server_settings(world.guild.id, settings)
    for command in await world.bot.tree.fetch_commands():
        world.guild.set_command_permissions(command, {role: True, world.member: True})
    await world.hide("tianhe-volume")
    return role


async def snapshot(world: World) -> list[Any]:
    """Give all that an editor could change."""
    here, knowledge = world.guild.id, world.knowledge
    kept = [entry.id for entry in (*knowledge.engine.own(here), *knowledge.removed(here))]
    revisions = [await knowledge.history(entry_id, server_id=here) for entry_id in kept]
    tests = await knowledge.saved_tests(here)
    queued = await knowledge.bookkeeping.queued(here)
    return [knowledge.facts(here), knowledge.engine.unknowns(here), knowledge.removed(here), revisions, tests, queued]


def said(result: simcord.InteractionResult) -> str:
    """Give the last that somebody was told."""
    messages = [*([result.response] if result.response is not None else []), *result.followups]
    assert messages
    assert messages[-1].ephemeral
    return messages[-1].content


@pytest.mark.usefixtures("role")
async def test_commands_menus_and_completions_refuse_members_and_whoever_is_elsewhere(world: World) -> None:
    reply = await world.asked(QUESTION)
    before = await snapshot(world)
    elsewhere = {"guild_id": "999", "guild": None}
    for name, options in COMMANDS.items():
        refused = await world.member.slash(world.channel, name, **options)
        assert said(refused) == ENGLISH.editors_only, name
        assert refused.modal is None
        with world.interactions(**elsewhere):
            refused = await world.moderator.slash(world.channel, name, **options)
        assert said(refused) == ENGLISH.editors_only, name
    for name in MENUS:
        assert said(await world.member.context_menu(world.channel, name, reply)) == ENGLISH.editors_only
        with world.interactions(**elsewhere):
            refused = await world.moderator.context_menu(world.channel, name, reply)
        assert said(refused) == ENGLISH.editors_only
    for name, option in COMPLETED.items():
        rest = {key: value for key, value in COMMANDS[name].items() if key != option}
        assert await world.member.autocomplete(world.channel, name, option, "", **rest) == []
        assert await world.moderator.autocomplete(world.channel, name, option, "", **rest)
    assert await snapshot(world) == before


@pytest.mark.usefixtures("role")
async def test_what_somebody_may_do_in_one_channel_makes_nobody_an_editor_of_the_server(world: World) -> None:
    ticket = Overwrite(
        target_id=world.member.id,
        type=OverwriteType.MEMBER,
        allow=discord.Permissions(manage_messages=True).value,
        deny=0,
    )
    world.env.backend.set_overwrite(world.channel.id, ticket)
    refused = await world.member.slash(world.channel, "facts edit", id=FACT_ID)
    assert said(refused) == ENGLISH.editors_only


async def test_discord_offers_them_in_servers_to_those_with_manage_messages(world: World) -> None:
    for command in await world.bot.tree.fetch_commands():
        if command.name in {"facts", "review", *MENUS}:
            assert command.allowed_contexts is not None
            assert not command.allowed_contexts.dm_channel
            assert not command.allowed_contexts.private_channel
            assert command.default_member_permissions == discord.Permissions(manage_messages=True)


async def test_members_of_the_role_may_do_all_of_it(world: World, role: simcord.RoleHandle) -> None:
    editor = world.guild.add_member(world.env.create_user("editor"), roles=[role])
    reply = await world.asked(QUESTION)
    await world.teach_again(FACT_ID, statement="Tianhe is long.")
    for name, options in COMMANDS.items():
        result = await editor.slash(world.channel, name, **options)
        assert result.modal is not None or ENGLISH.editors_only not in world.response(result).content, name
    for name in MENUS:
        shown = world.response(await editor.context_menu(world.channel, name, reply))
        assert shown.content != ENGLISH.editors_only
    for name, option in COMPLETED.items():
        rest = {key: value for key, value in COMMANDS[name].items() if key != option}
        if name != "facts restore":
            assert await editor.autocomplete(world.channel, name, option, "", **rest)


class Demoted:
    """An editor by role who loses it before each click."""

    def __init__(self, world: World, role: simcord.RoleHandle) -> None:
        self.world, self.role = world, role
        self.editor = world.guild.add_member(world.env.create_user("editor"), roles=[role])
        self.tried: set[type[Any]] = set()

    async def demote(self) -> None:
        self.world.env.backend.remove_member_role(self.world.guild.id, self.editor.id, self.role.id)
        await self.world.env.settle()

    async def promote(self) -> None:
        self.world.env.backend.add_member_role(self.world.guild.id, self.editor.id, self.role.id)
        await self.world.env.settle()

    async def slash(self, name: str, **options: Any) -> discord.Message:
        return self.world.response(await self.editor.slash(self.world.channel, name, **(COMMANDS[name] | options)))

    async def refused(self, message: discord.Message, by: Any = None) -> None:
        """Use every control of editors under a message, without the role or by somebody else."""
        await self.demote()
        before = await snapshot(self.world)
        for control in self.world.items(message):
            kind = next((k for k in EDITOR_ITEMS if TEMPLATE(k).fullmatch(control.custom_id)), None)
            if kind is None or control.disabled:
                continue
            if isinstance(control, discord.SelectMenu):
                values = [control.options[0].value]
                result = await (by or self.editor).select(message, values, custom_id=control.custom_id)
            else:
                result = await (by or self.editor).click(message, custom_id=control.custom_id)
            assert said(result) == ENGLISH.editors_only, control.custom_id
            assert result.modal is None
            self.tried.add(kind)
        assert await snapshot(self.world) == before
        await self.promote()


async def test_whoever_loses_the_role_meanwhile_changes_nothing_any_more(
    world: World, role: simcord.RoleHandle
) -> None:
    demoted = Demoted(world, role)
    editor = demoted.editor
    opened = await editor.slash(world.channel, "facts edit", id=FACT_ID)
    await demoted.demote()
    texts = world.form(opened) | {"statement": "Tianhe is 17 metres long."}
    assert said(await editor.submit_modal(opened, texts)) == ENGLISH.editors_only
    await demoted.promote()
    opened = await editor.slash(world.channel, "facts edit", id=FACT_ID)
    shown = world.response(await editor.submit_modal(opened, texts))
    await demoted.refused(shown)
    await demoted.refused(world.response(await editor.click(shown, label=SAY.save)))
    await world.teach_again(FACT_ID, statement="Tianhe is long.")
    for name in ("facts history", "facts remove", "facts list", "facts import"):
        await demoted.refused(await demoted.slash(name))
    await world.knowledge.keep_test(SavedTest(world.guild.id, QUESTION, FACT_ID))
    await demoted.refused(await demoted.slash("facts test"))
    await world.asked(UNHEARD)
    await world.asked(OTHER)
    await demoted.refused(await demoted.slash("review"))
    answered = await world.asked(QUESTION)
    await demoted.refused(world.response(await editor.click(answered, label=ENGLISH.source)))
    for name in ("queue", "log"):
        channel = world.guild.channels[name]
        for by in (editor, world.member):
            await demoted.refused(channel.history()[-1], by)
    assert demoted.tried == set(EDITOR_ITEMS)
