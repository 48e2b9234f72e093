"""Writing facts and known unknowns: the form, what saving would do, and saving. For editors alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, Self

import discord

from bot.access import require_editor
from bot.drafts import EntryDraft
from bot.errors import sentence_for
from bot.ui import limits
from bot.ui.differences import change_lines
from bot.ui.editor_items import EditorButton, author_of, show_to_editor, take_time
from bot.ui.editor_words import EditorWords, editor_words_for
from bot.ui.embeds import AMBER, GREY, Reply, escaped, facts_embed, on_one_line, sentence_reply
from bot.ui.entry_form import (
    FACT_INPUTS,
    UNKNOWN_INPUTS,
    dates_text,
    entry_of,
    form_of,
    hidden_questions,
    shown_questions,
    source_text,
    texts_of,
)
from bot.ui.history import saved_reply
from bot.ui.items import NEVER
from bot.ui.view import StatelessView
from bot.ui.words import words_for
from facts.entities import FACT_ID_PATTERN, STATEMENT_MAX, TOPIC_MAX, Fact
from facts.errors import (
    EditConflictError,
    FactExistsError,
    FactNotFoundError,
    InvalidFactError,
    ServerFullError,
)
from facts.forms import entry_from_form
from facts.knowledge import Show
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.client import Tianwen
    from facts.engine import Answer
    from facts.entities import Entry
    from facts.knowledge import KnowledgeBase, Preview
    from facts.store import Kept

FORM = "tw:form:"
_ENTRY_ID = FACT_ID_PATTERN.pattern
_KEY = r"[0-9a-f]{16}"
# So many ids are named that an editor may mean.
_MEANT = 3
# Of a statement that is to be removed, or where there is little room, so much is shown; of notes there, so much.
_REMOVED = 500
_NOTE = 220
# Of what would be answered differently, so many questions are shown, and of each so much.
_DIFFERENCES = 5
_QUESTION = 80


def new_draft(interaction: discord.Interaction[Tianwen], server_id: int, **fields: Any) -> EntryDraft:  # noqa: ANN401
    """Begin a fact; its source is the one from which most facts here come, until the editor writes another."""
    texts = fields.pop("texts", {})
    if "source" not in texts:
        sources = interaction.client.knowledge.sources(server_id)
        texts = texts | {"source": source_text(max(sources, key=lambda source: sources[source], default=None))}
    texts.setdefault("dates", dates_text())
    return EntryDraft("fact", fields.pop("entry_id", ""), texts, is_new=True, **fields)


def draft_of(entry: Entry, **fields: Any) -> EntryDraft:  # noqa: ANN401 - by name
    """Begin to edit an entry."""
    kind: Literal["fact", "unknown"] = "fact" if isinstance(entry, Fact) else "unknown"
    return EntryDraft(kind, entry.id, texts_of(entry), seen=form_of(entry), hidden=hidden_questions(entry), **fields)


def with_questions(draft: EntryDraft, questions: Iterable[str]) -> EntryDraft:
    """Put questions into a draft; those for which its form has no room stay beside it."""
    lines = list(dict.fromkeys(filter(None, (" ".join(question.split()) for question in questions))))
    shown = shown_questions(lines, limits.INPUT)
    hidden = (*draft.hidden, *lines[len(shown) :])
    return dataclasses.replace(draft, texts=draft.texts | {"questions": "\n".join(shown)}, hidden=hidden)


async def open_form(interaction: discord.Interaction[Tianwen], draft: EntryDraft) -> None:
    """Show the form of a draft to an editor; ``submitted`` takes what they send."""
    server_id = require_editor(interaction)
    modal = _EntryModal(draft, editor_words_for(interaction.locale))
    await interaction.response.send_modal(modal)
    # What is sent is taken by its id, so that a restart in between loses nothing.
    modal.stop()
    await interaction.client.drafts.keep(draft, server_id, interaction.user.id)


class _EntryModal(discord.ui.Modal):
    def __init__(self, draft: EntryDraft, words: EditorWords) -> None:
        if not draft.is_new:
            title = words.edit_title.format(id=draft.entry_id)
        else:
            title = words.add_title if draft.kind == "fact" else words.unknown_title
        super().__init__(title=limits.cut(title, limits.MODAL_TITLE), custom_id=FORM + draft.key)
        hints = {"questions": words.questions_more_hint.format(count=len(draft.hidden))} if draft.hidden else {}
        for name in FACT_INPUTS if draft.kind == "fact" else UNKNOWN_INPUTS:
            longest = {"statement": STATEMENT_MAX, "say": STATEMENT_MAX, "topic": TOPIC_MAX}.get(name, limits.INPUT)
            text_input: discord.ui.TextInput[Self] = discord.ui.TextInput(
                custom_id=name,
                style=discord.TextStyle.short if name == "topic" else discord.TextStyle.paragraph,
                default=draft.texts.get(name, "")[:longest] or None,
                # What is missing is told with everything else, and the text is kept.
                required=False,
                max_length=longest,
            )
            label = getattr(words, f"{name}_input")
            hint = limits.cut(hints.get(name) or getattr(words, f"{name}_hint"), limits.LABEL_DESCRIPTION)
            self.add_item(discord.ui.Label(text=label, description=hint, component=text_input))


async def submitted(interaction: discord.Interaction[Tianwen], key: str, texts: dict[str, str]) -> None:
    """Take the form of an editor: keep it, and show what saving it would do.

    Raises:
        NotAnEditorError: the person is no editor any more.
        DraftGoneError: the form is more than a day old.
    """
    server_id = require_editor(interaction)
    await take_time(interaction)
    drafts, user_id = interaction.client.drafts, interaction.user.id
    draft = dataclasses.replace(drafts.get(key, server_id, user_id), texts=texts)
    await drafts.keep(draft, server_id, user_id)
    await show_draft(interaction, draft)


async def show_draft(interaction: discord.Interaction[Tianwen], draft: EntryDraft) -> None:
    """Show an editor what saving a draft would do, or what keeps it from being saved."""
    server_id, bot = require_editor(interaction), interaction.client
    words = editor_words_for(interaction.locale)
    note = ""
    try:
        entry = entry_of(_named(bot, draft, server_id), words)
        if draft.is_new:
            free = bot.knowledge.free_id(entry.id, server_id)
            note = words.id_taken.format(id=entry.id, free=free) if free != entry.id else ""
            entry, draft = dataclasses.replace(entry, id=free), dataclasses.replace(draft, entry_id=free)
            await bot.drafts.keep(draft, server_id, interaction.user.id)
        preview = await bot.preview(entry, server_id)
    except (InvalidFactError, ServerFullError) as error:
        told = escaped(sentence_for(error, "showing a draft", words_for(interaction.locale)))
        text = f"{words.not_ready.format(again=words.again)}\n\n{told}"
        view = _view(AgainButton(draft.key, words.again), DropButton(draft.key, words.drop))
        reply = dataclasses.replace(sentence_reply(text), view=view)
        await show_to_editor(interaction, reply)
        return
    reply = preview_reply(interaction, entry, draft, preview, words, note)
    await show_to_editor(interaction, reply)


def _named(bot: Tianwen, draft: EntryDraft, server_id: int) -> EntryDraft:
    """Give a draft with an id: one that its questions suggest, where the editor has chosen none."""
    if draft.entry_id:
        return draft
    first = next(filter(str.strip, draft.texts.get("questions", "").splitlines()), "")
    return dataclasses.replace(draft, entry_id=bot.knowledge.free_id(first, server_id))


def preview_reply(
    interaction: discord.Interaction[Tianwen],
    entry: Entry,
    draft: EntryDraft,
    preview: Preview,
    words: EditorWords,
    note: str = "",
) -> Reply:
    """Show an entry as people will see it, and what saving it would do; a note says what is to be known of its id."""
    said = words_for(interaction.locale)
    if isinstance(entry, Fact):
        embed = facts_embed([entry], said)
        embed.title = words.preview_new if draft.is_new else words.preview_changed
    else:
        embed = discord.Embed(title=words.preview_unknown, description=entry.say or said.not_known, colour=GREY)
        embed.set_footer(text=entry.id)
    knowledge, server_id = interaction.client.knowledge, interaction.guild_id
    notes: dict[str, str] = {words.name_id: note} if note else {}
    if draft.is_new:
        notes[words.looks_like] = (
            "\n".join(f"- {entry_line(known)}" for known in preview.similar) or words.nothing_similar
        )
    else:
        lines = change_lines(draft.seen, form_of(entry), words)
        notes[words.changes] = "\n".join(lines) or words.no_changes
    if preview.unheard:
        notes[words.unheard] = unheard_text(preview, words)
    notes[words.test_questions] = impact_text(preview, words)
    if not draft.is_new and server_id is not None and not knowledge.is_own(entry.id, server_id):
        notes[words.shared] = words.shared_note
    if isinstance(entry, Fact) and entry.superseded_by:
        notes[words.successor] = _successor_text(knowledge, entry, server_id, words)
    if isinstance(entry, Fact) and entry.review_by and entry.review_by <= interaction.created_at.date():
        notes[words.name_review_by] = words.review_by_past.format(date=entry.review_by)
    add_notes(embed, notes)
    is_something = draft.is_new or draft.gone or draft.queue_ids or form_of(entry) != draft.seen
    saving = [SaveButton(draft.key, words.save)] if is_something else []
    view = _view(*saving, AgainButton(draft.key, words.again), DropButton(draft.key, words.drop))
    # Without embeds there is less room, and what is to be known counts for more than all of what was written.
    told = [f"**{field.name}**\n{limits.cut(str(field.value), _NOTE)}" for field in embed.fields]
    text = "\n\n".join([str(embed.title), limits.cut(str(embed.description), _REMOVED), *told, f"[{entry.id}]"])
    return Reply(embed, text, view)


def add_notes(embed: discord.Embed, notes: Mapping[str, str]) -> None:
    """Put notes under an embed by their names, each cut so that all fit."""
    room = limits.EMBED_TOTAL - len(embed) - sum(map(len, notes))
    longest = min(limits.EMBED_FIELD_VALUE, room // len(notes))
    for name, note in notes.items():
        embed.add_field(name=name, value=limits.cut(note, longest), inline=False)


def _successor_text(knowledge: KnowledgeBase, fact: Fact, server_id: int | None, words: EditorWords) -> str:
    """Tell what comes of it that another fact tells how it is now: it is told first, if it is there and no ring."""
    newer = knowledge.find(fact.superseded_by or "", server_id)
    if newer is None:
        return words.successor_missing.format(id=fact.superseded_by)
    first, passed = newer, {fact.id}
    while newer is not None and newer.id not in passed:
        passed.add(newer.id)
        newer = knowledge.find(newer.superseded_by, server_id) if newer.superseded_by else None
    if newer is not None:
        return words.successor_ring.format(id=first.id)
    return words.successor_first.format(id=first.id)


async def ask_to_remove(
    interaction: discord.Interaction[Tianwen], entry: Entry, reason: str | None, note: str = ""
) -> None:
    """Ask an editor whether an entry is to be removed, and show what that would do."""
    server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
    await take_time(interaction)
    draft = draft_of(entry, reason=reason)
    await interaction.client.drafts.keep(draft, server_id, interaction.user.id)
    preview = await interaction.client.preview(entry.id, server_id)
    said = on_one_line(entry.statement if isinstance(entry, Fact) else entry.say or entry.phrasings[0], _REMOVED)
    why = words.remove_reason.format(reason=on_one_line(reason, _REMOVED)) if reason else ""
    text = "\n\n".join(filter(None, [note, said, why, impact_text(preview, words)]))
    embed = discord.Embed(title=words.remove_ask.format(id=entry.id), description=text, colour=AMBER)
    view = _view(RemoveButton(draft.key, words.remove))
    await show_to_editor(interaction, Reply(embed, f"{embed.title}\n\n{text}", view))


def entry_line(entry: Entry) -> str:
    """Name an entry in a line: its id, and what stands for it."""
    return f"`{entry.id}`: {on_one_line(entry.phrasings[0], _QUESTION)}"


class DraftButton(EditorButton, template=NEVER + "-draft"):
    """A button under a draft, for the editor who wrote it."""

    NAME = ""
    STYLE = discord.ButtonStyle.secondary

    def __init__(self, key: str, label: str, style: discord.ButtonStyle | None = None) -> None:
        """Make the button."""
        super().__init__(
            discord.ui.Button(
                label=limits.cut(label, limits.BUTTON_LABEL),
                style=style or self.STYLE,
                custom_id=f"tw:draft:{self.NAME}:{key}",
            )
        )
        self.key = key

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["key"], label)

    def draft(self, interaction: discord.Interaction[Tianwen]) -> EntryDraft:
        """Give the draft.

        Raises:
            DraftGoneError: it has been saved or dropped, or is too old.
        """
        return interaction.client.drafts.get(self.key, interaction.guild_id, interaction.user.id)


class SaveButton(DraftButton, template=rf"tw:draft:save:(?P<key>{_KEY})"):
    """Saves a draft."""

    NAME, STYLE = "save", discord.ButtonStyle.success

    async def edited(self, interaction: discord.Interaction[Tianwen], words: EditorWords, /) -> None:
        """Save it, or say why not, with the draft kept."""
        await take_time(interaction)
        await _save(interaction, self.draft(interaction), words)


class AgainButton(DraftButton, template=rf"tw:draft:again:(?P<key>{_KEY})"):
    """Opens the form of a draft again, with all that was written."""

    NAME, ONCE = "again", False

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Open it."""
        await open_form(interaction, self.draft(interaction))


class DropButton(DraftButton, template=rf"tw:draft:drop:(?P<key>{_KEY})"):
    """Forgets a draft."""

    NAME = "drop"

    async def edited(self, interaction: discord.Interaction[Tianwen], words: EditorWords, /) -> None:
        """Forget it."""
        await take_time(interaction)
        await interaction.client.drafts.forget(self.draft(interaction).key)
        await show_to_editor(interaction, sentence_reply(words.dropped))


async def _save(interaction: discord.Interaction[Tianwen], draft: EntryDraft, words: EditorWords) -> None:
    """Save a draft; where somebody else was quicker, show what they did, and keep it."""
    server_id, bot, author = require_editor(interaction), interaction.client, author_of(interaction)
    if draft.queue_ids and not await bot.waits(server_id, draft.queue_ids):
        await _keep_and_ask(interaction, dataclasses.replace(draft, queue_ids=()), words.dealt_with, words.save_too)
        return
    entry = entry_of(draft, words)
    kept: Kept | None
    try:
        if draft.is_new:
            kept = await bot.knowledge.add(entry, author, server_id=server_id, reason=draft.reason)
        else:
            seen = _seen(bot, draft, server_id)
            kept = await bot.knowledge.edit(entry, author, server_id=server_id, seen=seen, reason=draft.reason)
    except FactExistsError:
        free = bot.knowledge.free_id(draft.entry_id, server_id)
        text = words.id_taken.format(id=draft.entry_id, free=free)
        await _keep_and_ask(interaction, dataclasses.replace(draft, entry_id=free), text, words.save_as.format(id=free))
        return
    except EditConflictError as error:
        text = _conflict_text(error, words)
        if error.now is None:
            kept_draft = dataclasses.replace(draft, gone=True)
        else:
            # What somebody else has taken out unseen by this editor stays out.
            gone = set((draft.seen or {}).get("questions", ())) - set(error.now.phrasings)
            hidden = tuple(question for question in draft.hidden if question not in gone)
            kept_draft = dataclasses.replace(draft, seen=form_of(error.now), hidden=hidden, gone=False)
        await _keep_and_ask(interaction, kept_draft, text, words.save_over)
        return
    await bot.drafts.forget(draft.key)
    await bot.settle(server_id, draft.queue_ids)
    sentence = words.no_changes if kept is None else words.saved if isinstance(entry, Fact) else words.saved_unknown
    from bot.ui.review import ReviewButton  # noqa: PLC0415 - teaching shows drafts, and a draft leads back to it

    going_on = [ReviewButton(words.next_question)] if draft.queue_ids else []
    await show_to_editor(interaction, saved_reply(sentence.format(id=entry.id), kept, words, *going_on))


def _seen(bot: Tianwen, draft: EntryDraft, server_id: int) -> Entry | None:
    """Give what the editor of a draft saw: what stands there, where that is the same, whatever the rules are now."""
    now = bot.knowledge.entry(draft.entry_id, server_id)
    if form_of(now) == draft.seen or (draft.gone and now is None):
        return now
    return entry_from_form(draft.seen) if draft.seen is not None else None


async def _keep_and_ask(interaction: discord.Interaction[Tianwen], draft: EntryDraft, text: str, save: str) -> None:
    """Keep a draft that could not be saved as it is, and ask what to do with it."""
    words = editor_words_for(interaction.locale)
    await interaction.client.drafts.keep(draft, require_editor(interaction), interaction.user.id)
    view = _view(SaveButton(draft.key, save), AgainButton(draft.key, words.again), DropButton(draft.key, words.drop))
    embed = discord.Embed(description=text, colour=AMBER)
    await show_to_editor(interaction, Reply(embed, text, view))


def _conflict_text(error: EditConflictError, words: EditorWords) -> str:
    """Tell what somebody else has changed meanwhile."""
    if error.now is None:
        return words.conflict_gone.format(id=error.fact_id)
    lines = change_lines(form_of(error.seen), form_of(error.now), words)
    told = limits.cut("\n".join(lines), limits.EMBED_DESCRIPTION // 2)
    help_text = words.conflict_help.format(again=words.again, over=words.save_over)
    return f"{words.conflict.format(id=error.fact_id)}\n{told}\n\n{help_text}"


class RemoveButton(DraftButton, template=rf"tw:draft:remove:(?P<key>{_KEY})"):
    """Removes the entry of a draft, once it has been asked for."""

    NAME, STYLE = "remove", discord.ButtonStyle.danger

    async def edited(self, interaction: discord.Interaction[Tianwen], words: EditorWords, /) -> None:
        """Remove it; where somebody else has changed it meanwhile, ask again."""
        server_id, bot, draft = require_editor(interaction), interaction.client, self.draft(interaction)
        await take_time(interaction)
        author, seen = author_of(interaction), _seen(bot, draft, server_id)
        try:
            kept = await bot.knowledge.remove(
                draft.entry_id, author, server_id=server_id, reason=draft.reason, seen=seen
            )
        except EditConflictError as error:
            if error.now is None:
                raise
            await bot.drafts.forget(draft.key)
            await ask_to_remove(interaction, error.now, draft.reason, words.remove_changed)
            return
        await bot.drafts.forget(draft.key)
        sentence = (words.removed if kept else words.is_gone).format(id=draft.entry_id, undo=words.undo)
        await show_to_editor(interaction, saved_reply(sentence, kept, words))


class EditButton(EditorButton, template=rf"tw:edit:(?P<entry>{_ENTRY_ID})"):
    """Opens the form of an entry."""

    ONCE = False

    def __init__(self, entry_id: str, label: str) -> None:
        """Make the button."""
        super().__init__(discord.ui.Button(label=label, custom_id=f"tw:edit:{entry_id}"))
        self.entry_id = entry_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["entry"], label)

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Open it, as it is now."""
        await open_form(interaction, draft_of(found_entry(interaction, self.entry_id)))


def found_entry(interaction: discord.Interaction[Tianwen], entry_id: str) -> Entry:
    """Give the entry that this server sees under an id.

    Raises:
        FactNotFoundError: there is none.
    """
    entry = interaction.client.knowledge.entry(entry_id, require_editor(interaction))
    if entry is None:
        raise FactNotFoundError(entry_id)
    return entry


def typed_id(interaction: discord.Interaction[Tianwen], text: str, *, show: Show = Show.ALL) -> str:
    """Give the id that an editor has typed, of what this server sees or has removed.

    Args:
        interaction: the editor's.
        text: what they have typed.
        show: of which entries those are named that they may mean.

    Raises:
        FactNotFoundError: there is none.
    """
    knowledge, server_id = interaction.client.knowledge, require_editor(interaction)
    entry_id = text.strip().casefold()
    if (knowledge.entry(entry_id, server_id) or knowledge.removed_entry(entry_id, server_id)) is None:
        near = knowledge.search(server_id, show=show, text=entry_id) if entry_id else []
        raise FactNotFoundError(text.strip(), near=[entry.id for entry in near[:_MEANT]])
    return entry_id


def typed_entry(interaction: discord.Interaction[Tianwen], text: str) -> Entry:
    """Give the entry that this server sees under the id that an editor has typed.

    Raises:
        FactNotFoundError: there is none, or it is removed.
    """
    entry_id = typed_id(interaction, text)
    entry = interaction.client.knowledge.entry(entry_id, require_editor(interaction))
    if entry is None:
        raise FactNotFoundError(entry_id, removed=True)
    return entry


def impact_text(preview: Preview, words: EditorWords) -> str:
    """Tell which questions would be answered differently."""
    if not preview.differences:
        return words.no_impact.format(asked=preview.asked)
    lines = [words.impact.format(asked=preview.asked, count=len(preview.differences))]
    for difference in preview.differences[:_DIFFERENCES]:
        line = words.impact_line.format(
            question=on_one_line(difference.before.question.question, _QUESTION),
            before=got(difference.before.answer, words),
            after=got(difference.after.answer, words),
        )
        lines.append("- " + (words.impact_breaks.format(line=line) if difference.breaks else line))
    if len(preview.differences) > _DIFFERENCES:
        lines.append(words.and_more.format(count=len(preview.differences) - _DIFFERENCES))
    return "\n".join(lines)


def unheard_text(preview: Preview, words: EditorWords) -> str:
    """Tell which questions of what is put would get something else."""
    lines = [
        words.unheard_line.format(question=on_one_line(answer.question, _QUESTION), after=got(answer, words))
        for answer in preview.unheard[:_DIFFERENCES]
    ]
    more = len(preview.unheard) - len(lines)
    return "\n".join([*(f"- {line}" for line in lines), *([words.and_more.format(count=more)] if more else [])])


def got(answer: Answer, words: EditorWords) -> str:
    """Tell in a word what a question got."""
    ids = ", ".join(f"`{fact.id}`" for fact in answer.facts)
    match answer.outcome:
        case Outcome.ANSWER:
            return ids
        case Outcome.CHOICES:
            return words.got_choices.format(ids=ids)
        case _ if answer.unknown is not None:
            return words.got_unknown.format(id=answer.unknown.id)
        case _:
            return words.got_nothing


def _view(*items: discord.ui.Item[Any]) -> discord.ui.View:
    view = StatelessView()
    for item in items:
        view.add_item(item)
    return view
