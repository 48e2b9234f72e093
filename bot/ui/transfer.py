"""Facts from a file and into one: what an import would do, doing it, and exports. For editors alone."""

from __future__ import annotations

import asyncio
import hashlib
import io
from typing import TYPE_CHECKING, Self

import discord

from bot.access import may_attach, may_embed, require_editor
from bot.ui import limits
from bot.ui.editing import impact_text, unheard_text
from bot.ui.editor_items import EditorButton, author_of, take_time
from bot.ui.editor_words import EditorWords, editor_words_for
from bot.ui.embeds import AMBER, GREEN, Reply, on_one_line, sentence_reply
from bot.ui.view import StatelessView
from facts.entities import Fact, KnownUnknown
from facts.errors import ExchangeError
from facts.exchange import FILE_MAX_ROWS
from facts.forms import entry_to_form
from facts.importing import FILE_MAX_BYTES, FileKind, ImportPlan, dump_file, plan_import, read_import

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.client import Tianwen
    from facts.entities import Entry
    from facts.knowledge import KnowledgeBase, Preview

# Of each kind of row, so many are shown in the message; a file beside it tells all.
_ROWS = 8
_ROW = 150
# Beside a plan stand the file itself, and then a report of all rows.
_FILES = 2
_REPORT = "report.txt"
_DIGEST_BYTES = 8


async def show_import(interaction: discord.Interaction[Tianwen], attachment: discord.Attachment) -> None:
    """Show an editor what importing a file would do.

    Raises:
        ExchangeError: the file cannot be used at all.
    """
    server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
    if not may_attach(interaction):
        await interaction.response.send_message(words.need_attach, ephemeral=True)
        return
    if attachment.size > FILE_MAX_BYTES:
        raise ExchangeError(words.file_too_large)
    await take_time(interaction)
    data = await attachment.read()
    plan, digest = await asyncio.to_thread(_planned, interaction.client.knowledge, data, attachment.filename, server_id)
    await _show_plan(interaction, plan, digest, data, attachment.filename, words)


async def _show_plan(
    interaction: discord.Interaction[Tianwen],
    plan: ImportPlan,
    digest: str,
    data: bytes,
    file_name: str,
    words: EditorWords,
    note: str = "",
) -> None:
    """Show a plan; the file itself stands beside it, so that the button finds it, also after a restart."""
    preview = await interaction.client.preview(plan.to_put, require_editor(interaction)) if plan.to_put else None
    reply = plan_reply(plan, preview, digest, file_name, words, note)
    files = [discord.File(io.BytesIO(data), file_name), discord.File(io.BytesIO(_report(plan, words)), _REPORT)]
    edits = reply.edits(embeds=may_embed(interaction))
    await interaction.edit_original_response(**edits, attachments=files)


def plan_reply(
    plan: ImportPlan, preview: Preview | None, digest: str, file_name: str, words: EditorWords, note: str = ""
) -> Reply:
    """Show what an import would do, with a button to do it where there is anything to do."""
    counts = words.import_counts.format(
        new=len(plan.new), changed=len(plan.changed), same=len(plan.same), faulty=len(plan.faulty)
    )
    parts = [note, counts if plan.rows else words.import_empty]
    faulty = [f"{row.place}: {'; '.join(row.reasons)}" for row in plan.faulty]
    for title, rows in (
        (words.import_faulty, faulty),
        (words.import_changed, _named(plan.changed)),
        (words.import_new, _named(plan.new)),
    ):
        if rows:
            shown = [f"- {on_one_line(row, _ROW)}" for row in rows[:_ROWS]]
            more = [words.and_more.format(count=len(rows) - _ROWS)] if len(rows) > _ROWS else []
            parts.append("\n".join([f"**{title}**", *shown, *more]))
    if preview is not None:
        parts += [f"**{words.unheard}**\n{unheard_text(preview, words)}"] if preview.unheard else []
        parts.append(f"**{words.test_questions}**\n{impact_text(preview, words)}")
    text = "\n\n".join(filter(None, parts))
    title = words.import_title.format(file=on_one_line(file_name, _ROW))
    embed = discord.Embed(
        title=limits.cut(title, limits.EMBED_TITLE),
        description=limits.cut(text, limits.EMBED_DESCRIPTION),
        colour=AMBER if plan.faulty else GREEN,
    )
    view = None
    if plan.to_put:
        view = StatelessView()
        label = words.import_sound if plan.faulty else words.import_all
        view.add_item(ImportButton(digest, label.format(count=len(plan.to_put))))
    return Reply(embed, f"{title}\n\n{text}", view)


class ImportButton(EditorButton, template=r"tw:import:(?P<digest>[0-9a-f]{16})"):
    """Imports the file that stands beside it, if that does what was shown."""

    def __init__(self, digest: str, label: str) -> None:
        """Make the button for a plan."""
        super().__init__(
            discord.ui.Button(
                label=limits.cut(label, limits.BUTTON_LABEL),
                style=discord.ButtonStyle.success,
                custom_id=f"tw:import:{digest}",
            )
        )
        self.digest = digest

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["digest"], label)

    async def edited(self, interaction: discord.Interaction[Tianwen], words: EditorWords, /) -> None:
        """Import it; where facts have changed meanwhile, show again what that would do."""
        server_id, bot = require_editor(interaction), interaction.client
        attachments = interaction.message.attachments if interaction.message is not None else []
        if len(attachments) != _FILES:
            await interaction.response.send_message(words.file_gone, ephemeral=True)
            return
        file = attachments[0]
        await take_time(interaction)
        try:
            data = await file.read()
        except discord.NotFound:
            await interaction.edit_original_response(content=words.file_gone, embed=None, attachments=[], view=None)
            return
        plan, digest = await asyncio.to_thread(_planned, bot.knowledge, data, file.filename, server_id)
        if digest != self.digest:
            await _show_plan(interaction, plan, digest, data, file.filename, words, words.import_changed_since)
            return
        author, reason = author_of(interaction), words.import_reason.format(file=file.filename)
        kept = await bot.knowledge.put_all(plan.to_put, author, server_id=server_id, reason=reason)
        bot.dispatch("facts_imported", server_id, author, len(kept), file.filename)
        reply = sentence_reply(words.imported.format(count=len(kept)))
        await interaction.edit_original_response(**reply.edits(embeds=may_embed(interaction)), attachments=[])


async def send_export(interaction: discord.Interaction[Tianwen], kind: FileKind, *, own: bool) -> None:
    """Send an editor the facts and known unknowns of their server as a file: its own, or all that it sees."""
    server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
    if not may_attach(interaction):
        await interaction.response.send_message(words.need_attach, ephemeral=True)
        return
    await take_time(interaction)
    knowledge = interaction.client.knowledge
    entries = knowledge.engine.own(server_id) if own else knowledge.search(server_id)
    if not entries:
        await interaction.edit_original_response(content=words.nothing_to_export)
        return
    data = await asyncio.to_thread(_dumped, kind, entries)
    limit = interaction.guild.filesize_limit if interaction.guild is not None else FILE_MAX_BYTES
    if len(data) > limit:
        await interaction.edit_original_response(content=words.export_too_large)
        return
    file = discord.File(io.BytesIO(data), f"facts.{kind}")
    text = words.exported if len(data) <= FILE_MAX_BYTES and len(entries) <= FILE_MAX_ROWS else words.exported_large
    await interaction.edit_original_response(content=text.format(count=len(entries)), attachments=[file])


def _dumped(kind: FileKind, entries: Iterable[Entry]) -> bytes:
    entries = list(entries)
    facts = [entry for entry in entries if isinstance(entry, Fact)]
    return dump_file(kind, facts, [entry for entry in entries if isinstance(entry, KnownUnknown)])


def _planned(knowledge: KnowledgeBase, data: bytes, file_name: str, server_id: int) -> tuple[ImportPlan, str]:
    """Plan an import; also give a digest of what it would change, and of what that is now."""
    file = read_import(data, file_name)
    plan = plan_import(
        file,
        lambda entry_id: knowledge.entry(entry_id, server_id),
        lambda entry_id: knowledge.removed_entry(entry_id, server_id),
    )
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for entry in plan.to_put:
        before = knowledge.entry(entry.id, server_id)
        digest.update(repr((entry.id, entry_to_form(before) if before is not None else None)).encode())
    return plan, digest.hexdigest()


def _named(rows: Iterable[tuple[str, Entry]]) -> list[str]:
    return [f"{place}: {entry.id}: {entry.phrasings[0]}" for place, entry in rows]


def _report(plan: ImportPlan, words: EditorWords) -> bytes:
    """Write every row of a plan, for those who want to look at all of them."""
    lines = []
    for title, rows in (
        (words.import_faulty, [f"{row.place}: {row.id or ''}: {'; '.join(row.reasons)}" for row in plan.faulty]),
        (words.import_changed, _named(plan.changed)),
        (words.import_new, _named(plan.new)),
        (words.import_same, _named(plan.same)),
    ):
        lines += [f"{title}: {len(rows)}", *(f"  {row}" for row in rows), ""]
    return "\n".join(lines).encode()
