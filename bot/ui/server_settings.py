"""The panel of ``/settings``: what a server has set, and menus to change it. A form reads best as components V2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import discord

from bot.access import manages_server
from bot.admission import admit
from bot.errors import answer_error
from bot.ui import limits
from bot.ui.words import ENGLISH, Words, words_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.client import Tianwen
    from facts.entities import ServerSettings

# So many seconds, or days, can be chosen; what was set otherwise stays until it is changed.
COOLDOWNS = (0, 10, 30, 60, 120, 300, 600, 1_800, 3_600)
WAITS = (0, 5, 10, 15, 20, 30)
QUEUE_DAYS = (7, 14, 30, 60, 90)
_MINUTE = 60
_LISTENING = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
]
_WRITABLE = [discord.ChannelType.text, discord.ChannelType.news]


class SettingsPanel(discord.ui.LayoutView):
    """All settings of one server, each with its menu. It has no timeout: its menus are found by their ids."""

    def __init__(
        self,
        settings: ServerSettings,
        words: Words = ENGLISH,
        guild: discord.Guild | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        """Show these settings.

        Args:
            settings: as they are.
            words: in which words.
            guild: the server; None where the panel only stands for those that were sent before a restart.
            notes: what the server should know, such as a permission that is missing.
        """
        super().__init__(timeout=None)
        container: discord.ui.Container[Self] = discord.ui.Container(accent_colour=discord.Colour(0x2E8B57))
        container.add_item(discord.ui.TextDisplay(f"## {words.settings_title}"))
        for note in notes:
            container.add_item(discord.ui.TextDisplay(note))
        menus: list[tuple[str, discord.ui.Item[Any]]] = [
            (words.settings_listening, _ListeningSelect(settings, words, guild)),
            (
                words.settings_cooldown,
                _NumberSelect("cooldown_s", COOLDOWNS, settings.cooldown_s, _seconds(words.no_cooldown, words)),
            ),
            (words.settings_wait, _NumberSelect("wait_s", WAITS, settings.wait_s, _seconds(words.no_wait, words))),
            (words.settings_editors, _RoleSelect(settings, words, guild)),
            (words.settings_log, _ChannelSelect("log_channel_id", settings.log_channel_id, words, guild)),
            (words.settings_queue, _ChannelSelect("queue_channel_id", settings.queue_channel_id, words, guild)),
            (
                words.settings_queue_days,
                _NumberSelect(
                    "queue_days", QUEUE_DAYS, settings.queue_days, lambda days: words.days.format(count=days)
                ),
            ),
        ]
        for text, menu in menus:
            container.add_item(discord.ui.TextDisplay(text))
            container.add_item(discord.ui.ActionRow(menu))
        container.add_item(discord.ui.ActionRow(_VotesButton(settings, words)))
        self.add_item(container)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Let those through who may manage the server, now, and do not press without end."""
        try:
            await admit(interaction)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await answer_error(interaction, error, "letting somebody into the settings")
            return False
        if manages_server(interaction):
            return True
        await interaction.response.send_message(words_for(interaction.locale).need_manage_server, ephemeral=True)
        return False


def settings_panel(bot: Tianwen, guild: discord.Guild, words: Words) -> SettingsPanel:
    """Give the panel of a server as it is now, with what keeps a setting from working."""
    settings = bot.knowledge.server_settings(guild.id)
    notes = []
    if not bot.intents.message_content:
        notes.append(words.settings_no_intent)
    told = [channel_id for channel_id in (settings.log_channel_id, settings.queue_channel_id) if channel_id]
    for ids, allowed, note in (
        (settings.listening_channel_ids, _may_see, words.settings_may_not_read),
        ((*settings.listening_channel_ids, *told), _may_write, words.settings_may_not_write),
    ):
        refused = dict.fromkeys(f"<#{channel_id}>" for channel_id in ids if not allowed(guild, channel_id))
        if refused:
            notes.append(note.format(channels=", ".join(refused)))
    return SettingsPanel(settings, words, guild, notes)


async def _change(interaction: discord.Interaction[Tianwen], **changes: Any) -> None:  # noqa: ANN401 - by name
    """Keep the settings with these changes, and show the panel anew."""
    guild, bot = interaction.guild, interaction.client
    if guild is None:
        return
    try:
        # Acknowledged first: the database may take its time.
        await interaction.response.defer()
        await bot.knowledge.change_server_settings(guild.id, **changes)
        panel = settings_panel(bot, guild, words_for(interaction.locale))
        panel.stop()
        await interaction.edit_original_response(view=panel)
    except Exception as error:  # noqa: BLE001 - one place tells every error
        await answer_error(interaction, error, "changing the settings of a server")


class _ListeningSelect(discord.ui.ChannelSelect[Any]):
    def __init__(self, settings: ServerSettings, words: Words, guild: discord.Guild | None) -> None:
        super().__init__(
            custom_id="tw:settings:listening",
            channel_types=_LISTENING,
            placeholder=words.settings_choose_channels,
            min_values=0,
            max_values=limits.SELECT_OPTIONS,
            default_values=_there(guild, settings.listening_channel_ids),
        )

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        chosen = tuple(channel.id for channel in self.values)
        await _change(interaction, listening_channel_ids=chosen)


class _RoleSelect(discord.ui.RoleSelect[Any]):
    def __init__(self, settings: ServerSettings, words: Words, guild: discord.Guild | None) -> None:
        role = guild.get_role(settings.editor_role_id) if guild and settings.editor_role_id else None
        super().__init__(
            custom_id="tw:settings:editor_role_id",
            placeholder=words.settings_choose_role,
            min_values=0,
            default_values=[role] if role else [],
        )

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        # @everyone would make an editor of every member.
        chosen = next((role.id for role in self.values if not role.is_default()), None)
        await _change(interaction, editor_role_id=chosen)


class _ChannelSelect(discord.ui.ChannelSelect[Any]):
    def __init__(self, name: str, channel_id: int | None, words: Words, guild: discord.Guild | None) -> None:
        super().__init__(
            custom_id=f"tw:settings:{name}",
            channel_types=_WRITABLE,
            placeholder=words.settings_choose_channel,
            min_values=0,
            default_values=_there(guild, [channel_id] if channel_id else []),
        )
        self._name = name

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        chosen = self.values[0].id if self.values else None
        await _change(interaction, **{self._name: chosen})


class _NumberSelect(discord.ui.Select[Any]):
    def __init__(self, name: str, offered: Iterable[int], now: int, told: Callable[[int], str]) -> None:
        options = [
            discord.SelectOption(label=told(number), value=str(number), default=number == now)
            for number in sorted({*offered, now})
        ]
        super().__init__(custom_id=f"tw:settings:{name}", options=options)
        self._name = name

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        chosen = int(self.values[0])
        await _change(interaction, **{self._name: chosen})


class _VotesButton(discord.ui.Button[Any]):
    def __init__(self, settings: ServerSettings, words: Words) -> None:
        super().__init__(
            custom_id="tw:settings:votes",
            label=words.settings_votes_on if settings.votes_shown else words.settings_votes_off,
            style=discord.ButtonStyle.success if settings.votes_shown else discord.ButtonStyle.secondary,
        )

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        settings = interaction.client.knowledge.server_settings(interaction.guild_id)
        await _change(interaction, votes_shown=not settings.votes_shown)


def _there(guild: discord.Guild | None, channel_ids: Iterable[int]) -> list[discord.abc.GuildChannel]:
    """Give those of the channels that are still there: Discord refuses a menu that names others."""
    found = (guild.get_channel(channel_id) for channel_id in channel_ids) if guild else ()
    return [channel for channel in found if channel is not None]


def _may_see(guild: discord.Guild, channel_id: int) -> bool:
    channel = guild.get_channel(channel_id)
    return channel is None or channel.permissions_for(guild.me).view_channel


def _may_write(guild: discord.Guild, channel_id: int) -> bool:
    channel = guild.get_channel(channel_id)
    if channel is None:
        return True
    permissions = channel.permissions_for(guild.me)
    return (
        permissions.send_messages_in_threads if isinstance(channel, discord.ForumChannel) else permissions.send_messages
    )


def _seconds(none: str, words: Words) -> Callable[[int], str]:
    """Give what tells a number of seconds; none at all is told in words of its own."""

    def told(seconds: int) -> str:
        if not seconds:
            return none
        if seconds > _MINUTE and seconds % _MINUTE == 0:
            return words.minutes.format(count=seconds // _MINUTE)
        return words.seconds.format(count=seconds)

    return told
