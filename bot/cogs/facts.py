"""Keeping the facts of a server: for its editors alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import editors_menu, for_editors, is_editor, require_editor, server_id_of
from bot.admission import admit
from bot.errors import answer_error
from bot.ui import limits
from bot.ui.editing import FORM, ask_to_remove, draft_of, new_draft, open_form, submitted, typed_entry, typed_id
from bot.ui.editor_items import author_of, show_to_editor, take_time
from bot.ui.editor_words import editor_words_for
from bot.ui.fact_lists import SEARCHED, fact_list_reply
from bot.ui.history import revert, saved_reply, show_history
from bot.ui.saved_tests import keep_test, show_tests
from bot.ui.transfer import send_export, show_import
from bot.ui.words import words_for
from facts.entities import FACT_ID_MAX, TOPIC_MAX
from facts.forms import as_id
from facts.importing import FileKind
from facts.knowledge import Show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.client import Tianwen
    from facts.entities import Entry

EntryId = app_commands.Range[str, 1, FACT_ID_MAX]
Reason = app_commands.Range[str, 1, 300]
_OWN = "own"


def _named(values: Iterable[str]) -> list[app_commands.Choice[str]]:
    """Give choices under the names that stand in the table of translations."""
    return [app_commands.Choice(name=app_commands.locale_str(value), value=value) for value in values]


@for_editors
class Facts(commands.GroupCog, group_name="facts", group_description="Keep the facts of this server."):
    """Add, edit, remove, and take back."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        self._menu = editors_menu("Keep as test", self._keep_test)

    async def cog_load(self) -> None:
        """Add the menu."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the menu away."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    async def interaction_check(self, interaction: discord.Interaction[Tianwen], /) -> bool:  # type: ignore[override]
        """Let editors through, and tell others that they are none."""
        require_editor(interaction)
        return True

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Take forms that editors send, by their ids: those too that were opened before a restart."""
        data: Any = interaction.data
        if interaction.type is not discord.InteractionType.modal_submit or not data["custom_id"].startswith(FORM):
            return
        texts = {label["component"]["custom_id"]: label["component"].get("value") or "" for label in data["components"]}
        try:
            await admit(interaction)
            await submitted(interaction, data["custom_id"].removeprefix(FORM), texts)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await answer_error(interaction, error, "taking a form")

    @app_commands.command(description="Write a new fact.")
    @app_commands.describe(
        id="A short readable id, such as tianhe-length; I suggest one", reason="Why, for the history"
    )
    async def add(
        self,
        interaction: discord.Interaction[Tianwen],
        id: EntryId | None = None,  # noqa: A002 - the option's name
        reason: Reason | None = None,
    ) -> None:
        """Open an empty form."""
        server_id = require_editor(interaction)
        await open_form(interaction, new_draft(interaction, server_id, entry_id=as_id(id or ""), reason=reason))

    @app_commands.command(description="Change a fact or a known unknown.")
    @app_commands.describe(id="Its id, or words of it", reason="Why, for the history")
    async def edit(
        self,
        interaction: discord.Interaction[Tianwen],
        id: EntryId,  # noqa: A002 - the option's name
        reason: Reason | None = None,
    ) -> None:
        """Open the form with what there is."""
        await open_form(interaction, draft_of(typed_entry(interaction, id), reason=reason))

    @app_commands.command(description="Remove a fact or a known unknown; it can be brought back.")
    @app_commands.describe(id="Its id, or words of it", reason="Why, for the history")
    async def remove(
        self,
        interaction: discord.Interaction[Tianwen],
        id: EntryId,  # noqa: A002 - the option's name
        reason: Reason | None = None,
    ) -> None:
        """Show what that would do, and ask."""
        await ask_to_remove(interaction, typed_entry(interaction, id), reason)

    @app_commands.command(description="Bring a removed fact or known unknown back.")
    @app_commands.describe(id="Its id, or words of it", reason="Why, for the history")
    async def restore(
        self,
        interaction: discord.Interaction[Tianwen],
        id: EntryId,  # noqa: A002 - the option's name
        reason: Reason | None = None,
    ) -> None:
        """Bring it back."""
        server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
        entry_id = typed_id(interaction, id, show=Show.REMOVED)
        await take_time(interaction)
        kept = await self.bot.knowledge.restore(entry_id, author_of(interaction), server_id=server_id, reason=reason)
        sentence = (words.restored if kept else words.is_there).format(id=entry_id)
        await show_to_editor(interaction, saved_reply(sentence, kept, words))

    @app_commands.command(description="Who changed a fact or a known unknown, when, why and how.")
    @app_commands.describe(id="Its id, or words of it")
    async def history(self, interaction: discord.Interaction[Tianwen], id: EntryId) -> None:  # noqa: A002
        """Show the latest changes."""
        await show_history(interaction, typed_id(interaction, id))

    @app_commands.command(name="revert", description="Go back to an earlier revision of a fact or known unknown.")
    @app_commands.describe(id="Its id, or words of it", revision="Its number in the history", reason="Why")
    async def revert_(
        self,
        interaction: discord.Interaction[Tianwen],
        id: EntryId,  # noqa: A002 - the option's name
        revision: app_commands.Range[int, 1, 2**31 - 1],
        reason: Reason | None = None,
    ) -> None:
        """Go back."""
        await revert(interaction, typed_id(interaction, id), revision, editor_words_for(interaction.locale), reason)

    @app_commands.command(name="list", description="The facts and known unknowns of this server.")
    @app_commands.describe(show="Which of them", topic="Of one topic alone")
    @app_commands.choices(show=_named(show.value for show in Show))
    async def list_(
        self,
        interaction: discord.Interaction[Tianwen],
        show: str = Show.ALL.value,
        topic: app_commands.Range[str, 1, TOPIC_MAX] | None = None,
    ) -> None:
        """Show the first page."""
        await self._show_list(interaction, show=Show(show), topic=topic or "")

    @app_commands.command(description="Find facts and known unknowns by words.")
    @app_commands.describe(text="Words of an id, a statement or a question")
    async def search(
        self, interaction: discord.Interaction[Tianwen], text: app_commands.Range[str, 1, SEARCHED]
    ) -> None:
        """Show the best matches."""
        await self._show_list(interaction, text=text)

    @app_commands.command(
        name="import", description="Bring facts in from a CSV or JSON file; first I show what that would change."
    )
    @app_commands.describe(file="A CSV or JSON file, at most 1 MiB and 5,000 rows")
    async def import_(self, interaction: discord.Interaction[Tianwen], file: discord.Attachment) -> None:
        """Show what it would change, and ask."""
        await show_import(interaction, file)

    @app_commands.command(description="Get the facts as a CSV or JSON file.")
    @app_commands.describe(
        scope="This server's own, or all that it sees", format="CSV for spreadsheets, JSON for everything"
    )
    @app_commands.choices(scope=_named((_OWN, "all")), format=_named(kind.value for kind in FileKind))
    async def export(
        self,
        interaction: discord.Interaction[Tianwen],
        scope: str = _OWN,
        format: str = FileKind.CSV.value,  # noqa: A002 - the option's name
    ) -> None:
        """Send the file."""
        await send_export(interaction, FileKind(format), own=scope == _OWN)

    @app_commands.command(description="Ask the test questions of this server and of the article, and show what fails.")
    async def test(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show what fails, and why."""
        await show_tests(interaction)

    async def _keep_test(self, interaction: discord.Interaction[Tianwen], message: discord.Message) -> None:
        """Keep the question that one of the bot's replies answered as a test."""
        await keep_test(interaction, message.id)

    @list_.autocomplete("topic")
    async def _suggest_topics(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_editor(interaction):
            return []
        topics = dict.fromkeys(fact.topic for fact in self.bot.knowledge.facts(server_id_of(interaction)))
        wanted = current.casefold().strip()
        fitting = [topic for topic in topics if wanted in topic.casefold()][: limits.CHOICES]
        return [app_commands.Choice(name=topic, value=topic) for topic in fitting]

    @edit.autocomplete("id")
    @remove.autocomplete("id")
    async def _suggest_entries(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        return self._choices(interaction, current, removed=False)

    @history.autocomplete("id")
    @revert_.autocomplete("id")
    async def _suggest_all(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        return self._choices(interaction, current, removed=True)

    @restore.autocomplete("id")
    async def _suggest_removed(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_editor(interaction) or (server_id := server_id_of(interaction)) is None:
            return []
        return _as_choices(self.bot.knowledge.search(server_id, show=Show.REMOVED, text=current.strip() or None))

    def _choices(
        self, interaction: discord.Interaction[Tianwen], current: str, *, removed: bool
    ) -> list[app_commands.Choice[str]]:
        """Suggest what fits the words or the id that an editor has typed."""
        if not is_editor(interaction) or (server_id := server_id_of(interaction)) is None:
            return []
        text = current.strip() or None
        found = self.bot.knowledge.search(server_id, text=text)
        if removed:
            found += self.bot.knowledge.search(server_id, show=Show.REMOVED, text=text)
        return _as_choices(found)

    async def _show_list(
        self, interaction: discord.Interaction[Tianwen], *, show: Show = Show.ALL, topic: str = "", text: str = ""
    ) -> None:
        reply = fact_list_reply(
            self.bot.knowledge,
            require_editor(interaction),
            editor_words_for(interaction.locale),
            words_for(interaction.locale),
            show=show,
            topic=topic,
            text=text,
        )
        await show_to_editor(interaction, reply)


def _as_choices(entries: Iterable[Entry]) -> list[app_commands.Choice[str]]:
    first = list(entries)[: limits.CHOICES]
    return [
        app_commands.Choice(name=limits.cut(f"{entry.id}: {entry.phrasings[0]}", limits.CHOICE_NAME), value=entry.id)
        for entry in first
    ]
