"""Queries and changes. Each takes a session, gives entities back, and leaves the commit to its caller."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from facts.entities import (
    SOURCE_KEY_MAX,
    Action,
    Author,
    Fact,
    KnownUnknown,
    Measure,
    Milestone,
    Name,
    Origin,
    PartialDate,
    Precision,
    Revision,
    ServerSettings,
    Source,
)
from facts.errors import EditConflictError, FactExistsError, FactNotFoundError
from facts.forms import fact_to_form, unknown_to_form
from facts.models import (
    SHARED,
    AliasRow,
    CommandTreeRow,
    FactRow,
    KnownUnknownRow,
    NameRow,
    PackRow,
    PhrasingRow,
    RevisionRow,
    ServerSettingsRow,
    SharedFactOverrideRow,
    SourceRow,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from facts.entities import Pack


EntryRow = FactRow | KnownUnknownRow


@dataclass(frozen=True, slots=True)
class Change:
    """Who makes a change, when and why."""

    author: Author
    at: dt.datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact with what only the store knows: its version, and whether it is removed."""

    fact: Fact
    version: int
    removed: bool


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading a pack did: how many entries were added, updated, removed, left as editors made them."""

    pack_id: str
    added: int = 0
    updated: int = 0
    removed: int = 0
    kept: int = 0


# Reading


async def entries(session: AsyncSession, server_id: int | None = None) -> list[tuple[Fact | KnownUnknown, int]]:
    """Give the facts and known unknowns that are not removed, each with its position among its kind."""
    both: list[EntryRow] = []
    for table in (FactRow, KnownUnknownRow):
        query = select(table).where(table.server_id == _scope(server_id), table.removed_at.is_(None))
        both.extend(await session.scalars(query.order_by(table.id)))
    return [(_entity(row), row.id) for row in both]


async def names(session: AsyncSession) -> list[Name]:
    """Give the shared names."""
    rows = await session.scalars(
        select(NameRow).where(NameRow.server_id == SHARED).order_by(NameRow.position, NameRow.id)
    )
    return [Name(row.name, tuple(alias.text for alias in row.aliases), row.about) for row in rows]


async def server_ids(session: AsyncSession) -> list[int]:
    """Give the servers that have facts or known unknowns of their own, or have hidden shared facts."""
    found = set(await session.scalars(select(FactRow.server_id).distinct()))
    found |= set(await session.scalars(select(KnownUnknownRow.server_id).distinct()))
    found |= set(await session.scalars(select(SharedFactOverrideRow.server_id).distinct()))
    return sorted(found - {SHARED})


async def hidden_fact_ids(session: AsyncSession, server_id: int) -> list[str]:
    """Give the ids of the shared facts that a server has hidden or replaced."""
    rows = await session.scalars(
        select(FactRow.slug)
        .join(SharedFactOverrideRow, SharedFactOverrideRow.fact_id == FactRow.id)
        .where(SharedFactOverrideRow.server_id == server_id)
        .order_by(FactRow.slug)
    )
    return list(rows)


async def stored_fact(session: AsyncSession, fact_id: str, server_id: int | None = None) -> StoredFact:
    """Give one fact, shared (None) or a server's own, removed or not.

    Raises:
        FactNotFoundError: there is none.
    """
    row = await _fact_row(session, fact_id, server_id)
    return StoredFact(_fact(row), row.version, row.removed_at is not None)


async def history(session: AsyncSession, fact_id: str, server_id: int | None = None) -> list[Revision]:
    """Give a fact's revisions, oldest first.

    Raises:
        FactNotFoundError: there is no such fact.
    """
    fact = await _fact_row(session, fact_id, server_id)
    rows = await session.scalars(select(RevisionRow).where(RevisionRow.fact_id == fact.id).order_by(RevisionRow.number))
    return [
        Revision(
            number=row.number,
            action=Action(row.action),
            author=Author(Origin(row.origin), row.user_id),
            at=row.at,
            reason=row.reason,
            before=row.before,
            after=row.after,
        )
        for row in rows
    ]


async def pack_digest(session: AsyncSession, pack_id: str) -> str | None:
    """Give the digest of the pack as it was last loaded, or None."""
    row = await session.get(PackRow, pack_id)
    return row.digest if row else None


async def server_settings(session: AsyncSession) -> dict[int, ServerSettings]:
    """Give what every server has set, by the server's id."""
    return {row.server_id: _settings(row) for row in await session.scalars(select(ServerSettingsRow))}


async def command_tree_digest(session: AsyncSession, application_id: int) -> str | None:
    """Give the digest of the slash commands that were last synced, or None."""
    row = await session.get(CommandTreeRow, application_id)
    return row.digest if row else None


# Changing


async def add_fact(session: AsyncSession, fact: Fact, change: Change, server_id: int | None = None) -> int:
    """Add a fact, with its first revision, and give its position.

    Raises:
        FactExistsError: the id is taken, be it by a removed fact or (for a server) by a shared one.
    """
    taken = select(FactRow.id).where(FactRow.slug == fact.id, FactRow.server_id.in_({SHARED, _scope(server_id)}))
    if (await session.scalars(taken.limit(1))).first() is not None:
        raise FactExistsError(fact.id)
    row = await _new_row(session, fact, _scope(server_id))
    try:
        await session.flush()
    except IntegrityError as error:
        # Another process added it just now.
        raise FactExistsError(fact.id) from error
    _record(session, row, Action.ADD, change, None, fact_to_form(fact))
    return row.id


async def edit_fact(
    session: AsyncSession,
    fact: Fact,
    change: Change,
    server_id: int | None = None,
    *,
    version: int | None = None,
    action: Action = Action.EDIT,
) -> int:
    """Write a fact anew, with a revision, keep it from its pack, and give its position.

    Args:
        session: a writing session.
        fact: the fact as it shall be.
        change: who, when and why.
        server_id: whose fact it is; None for a shared one.
        version: the version that the editor saw; None writes whatever it is.
        action: how history calls it.

    Raises:
        FactNotFoundError: there is none.
        EditConflictError: the fact has another version now.
    """
    row = await _fact_row(session, fact.id, server_id, for_update=True)
    if version is not None and row.version != version:
        raise EditConflictError(fact.id, expected=version, found=row.version)
    before = fact_to_form(_fact(row)) if row.removed_at is None else None
    await _write(session, row, fact)
    row.removed_at = None
    row.edited = True
    row.version += 1
    _record(session, row, action, change, before, fact_to_form(fact))
    return row.id


async def set_fact_removed(
    session: AsyncSession, fact_id: str, change: Change, server_id: int | None = None, *, removed: bool
) -> tuple[Fact, int]:
    """Remove a fact from answers, or restore it, with a revision; nothing if it is so already.

    Returns:
        The fact and its position.

    Raises:
        FactNotFoundError: there is none.
    """
    row = await _fact_row(session, fact_id, server_id, for_update=True)
    fact = _fact(row)
    if (row.removed_at is not None) != removed:
        row.removed_at = change.at if removed else None
        row.edited = True
        row.version += 1
        form = fact_to_form(fact)
        if removed:
            _record(session, row, Action.REMOVE, change, form, None)
        else:
            _record(session, row, Action.RESTORE, change, None, form)
    return fact, row.id


async def hide_shared_fact(session: AsyncSession, fact_id: str, server_id: int, replacement: str | None = None) -> None:
    """Hide a shared fact from one server, or let one of that server's own facts take its place.

    Raises:
        FactNotFoundError: there is no such shared fact, or no such fact of the server.
    """
    shared = await _fact_row(session, fact_id, None)
    own = await _fact_row(session, replacement, server_id) if replacement else None
    row = await session.get(SharedFactOverrideRow, (server_id, shared.id))
    if row is None:
        row = SharedFactOverrideRow(server_id=server_id, fact_id=shared.id)
        session.add(row)
    row.replacement_id = own.id if own else None


async def unhide_shared_fact(session: AsyncSession, fact_id: str, server_id: int) -> None:
    """Show a hidden or replaced shared fact to a server again.

    Raises:
        FactNotFoundError: there is no such shared fact.
    """
    shared = await _fact_row(session, fact_id, None)
    row = await session.get(SharedFactOverrideRow, (server_id, shared.id))
    if row is not None:
        await session.delete(row)


async def set_server_settings(session: AsyncSession, server_id: int, settings: ServerSettings) -> None:
    """Keep what a server has set."""
    row = await session.get(ServerSettingsRow, server_id)
    if row is None:
        row = ServerSettingsRow(server_id=server_id)
        session.add(row)
    row.editor_role_id = settings.editor_role_id
    row.log_channel_id = settings.log_channel_id
    row.queue_channel_id = settings.queue_channel_id
    row.listening_channel_ids = list(settings.listening_channel_ids)
    row.cooldown_s, row.wait_s, row.votes_shown = settings.cooldown_s, settings.wait_s, settings.votes_shown


async def set_command_tree_digest(session: AsyncSession, application_id: int, digest: str, at: dt.datetime) -> None:
    """Remember which slash commands were synced."""
    row = await session.get(CommandTreeRow, application_id)
    if row is None:
        row = CommandTreeRow(application_id=application_id)
        session.add(row)
    row.digest = digest
    row.synced_at = at


async def load_pack(session: AsyncSession, pack: Pack, at: dt.datetime) -> LoadResult:
    """Bring the shared entries in step with a pack. What editors changed stays as they made it.

    New entries are added, changed ones updated, and those that the pack no longer has removed; each with a revision.
    A pack that is older than the one in the store changes nothing.
    """
    row = await session.get(PackRow, pack.id)
    if row is not None and (row.digest == pack.digest or row.version > pack.version):
        return LoadResult(pack.id)
    if row is None:
        row = PackRow(id=pack.id)
        session.add(row)
    row.version, row.digest, row.loaded_at = pack.version, pack.digest, at
    await session.flush()
    change = Change(Author(Origin.PACK), at, f"{pack.id} version {pack.version}")
    counts = await _load_entries(session, pack, change)
    await _load_names(session, pack)
    return LoadResult(pack.id, **counts)


async def _load_entry(
    session: AsyncSession, entry: Fact | KnownUnknown, row: EntryRow | None, change: Change, pack_id: str
) -> str | None:
    """Bring one fact or known unknown in step with its pack; tell what was done, None for nothing."""
    if row is None:
        # Phrasings come in their thousands: all of an entry's go in with one statement, not one by one.
        row = await _new_row(session, replace(entry, phrasings=()), SHARED, pack_id)
        _record(session, row, Action.ADD, change, None, _form(entry))
        await session.flush()
        owner = "fact_id" if isinstance(row, FactRow) else "unknown_id"
        phrasings = [{owner: row.id, "position": place, "text": text} for place, text in enumerate(entry.phrasings)]
        await session.execute(insert(PhrasingRow), phrasings)
        return "added"
    if row.edited or row.pack_id != pack_id:
        return "kept"
    present = row.removed_at is None
    if present and _entity(row) == entry:
        return None
    before = _form(_entity(row)) if present else None
    await _write(session, row, entry)
    row.removed_at = None
    row.version += 1
    _record(session, row, Action.EDIT if present else Action.RESTORE, change, before, _form(entry))
    return "updated"


async def _load_entries(session: AsyncSession, pack: Pack, change: Change) -> Counter[str]:
    """Bring all facts and known unknowns in step with a pack; count what was done."""
    counts: Counter[str] = Counter()
    fact_rows = await session.scalars(select(FactRow).where(FactRow.server_id == SHARED))
    unknown_rows = await session.scalars(select(KnownUnknownRow).where(KnownUnknownRow.server_id == SHARED))
    both: list[tuple[Iterable[EntryRow], Sequence[Fact | KnownUnknown]]] = [
        (fact_rows, pack.facts),
        (unknown_rows, pack.unknowns),
    ]
    for stored, entries in both:
        rows = {row.slug: row for row in stored}
        for entry in entries:
            if done := await _load_entry(session, entry, rows.pop(entry.id, None), change, pack.id):
                counts[done] += 1
        for row in rows.values():
            if row.pack_id == pack.id and not row.edited and row.removed_at is None:
                row.removed_at = change.at
                row.version += 1
                _record(session, row, Action.REMOVE, change, _form(_entity(row)), None)
                counts["removed"] += 1
    return counts


async def _load_names(session: AsyncSession, pack: Pack) -> None:
    rows = {row.name: row for row in await session.scalars(select(NameRow).where(NameRow.server_id == SHARED))}
    for position, name in enumerate(pack.names):
        row = rows.pop(name.name, None)
        if row is None:
            row = NameRow(server_id=SHARED, name=name.name, pack_id=pack.id)
            session.add(row)
        row.about, row.position = name.about, position
        if name.aliases != tuple(alias.text for alias in row.aliases):
            row.aliases = [AliasRow(position=place, text=text) for place, text in enumerate(name.aliases)]
    for row in rows.values():
        if row.pack_id == pack.id:
            await session.delete(row)


# Rows and entities


def _scope(server_id: int | None) -> int:
    return SHARED if server_id is None else server_id


async def _fact_row(session: AsyncSession, fact_id: str, server_id: int | None, *, for_update: bool = False) -> FactRow:
    query = select(FactRow).where(FactRow.slug == fact_id, FactRow.server_id == _scope(server_id))
    if for_update:
        query = query.with_for_update(of=FactRow)
    row = (await session.scalars(query)).one_or_none()
    if row is None:
        raise FactNotFoundError(fact_id)
    return row


async def _new_row(
    session: AsyncSession, entry: Fact | KnownUnknown, scope: int, pack_id: str | None = None
) -> EntryRow:
    table = FactRow if isinstance(entry, Fact) else KnownUnknownRow
    row = table(server_id=scope, slug=entry.id, pack_id=pack_id, edited=False, version=1)
    await _write(session, row, entry)
    session.add(row)
    return row


async def _write(session: AsyncSession, row: EntryRow, entry: Fact | KnownUnknown) -> None:
    """Let a row say what the entry says."""
    row.phrasings = [PhrasingRow(position=place, text=text) for place, text in enumerate(entry.phrasings)]
    if isinstance(row, FactRow) and isinstance(entry, Fact):
        row.source = await _put_source(session, entry.source, row.server_id)
        row.topic, row.statement = entry.topic, entry.statement
        row.locator, row.as_of = entry.locator, entry.as_of
        milestone = entry.milestone
        row.milestone_date = milestone.when.date if milestone else None
        row.milestone_precision = milestone.when.precision.value if milestone else None
        row.milestone_label = milestone.label if milestone else None
        row.milestone_planned = milestone.planned if milestone else False
        row.measures = [{"quantity": m.quantity, "value": m.value, "unit": m.unit} for m in entry.measures]
    elif isinstance(row, KnownUnknownRow) and isinstance(entry, KnownUnknown):
        row.say = entry.say


async def _put_source(session: AsyncSession, source: Source, scope: int) -> SourceRow:
    """Give the row of a source, made when there is none that says the same.

    Rows of sources are never changed: another title or URL makes another source, so that a fact's source changes
    only by a change, and a revision, of that fact.
    """
    known: dict[tuple[int, Source], SourceRow] = session.info.setdefault("sources", {})
    if (scope, source) in known:
        return known[scope, source]
    query = select(SourceRow).where(SourceRow.server_id == scope, SourceRow.publisher == source.publisher)
    for row in await session.scalars(query.order_by(SourceRow.id)):
        known.setdefault((scope, _source(row)), row)
    if (scope, source) in known:
        return known[scope, source]
    taken = set(await session.scalars(select(SourceRow.key).where(SourceRow.server_id == scope)))
    key, number = source.key, 1
    while key in taken:
        number += 1
        suffix = f"-{number}"
        key = source.key[: SOURCE_KEY_MAX - len(suffix)] + suffix
    row = SourceRow(
        server_id=scope,
        key=key,
        publisher=source.publisher,
        title=source.title,
        authors=list(source.authors),
        published=source.published,
        url=source.url,
    )
    session.add(row)
    known[scope, source] = row
    return row


def _record(
    session: AsyncSession,
    row: EntryRow,
    action: Action,
    change: Change,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Add the revision of a change, in the same transaction as the change."""
    session.add(
        RevisionRow(
            fact=row if isinstance(row, FactRow) else None,
            unknown=row if isinstance(row, KnownUnknownRow) else None,
            number=row.version,
            action=action.value,
            origin=change.author.origin.value,
            user_id=change.author.user_id,
            at=change.at,
            reason=change.reason,
            before=before,
            after=after,
        )
    )


def _texts(rows: Sequence[PhrasingRow]) -> tuple[str, ...]:
    return tuple(row.text for row in rows)


def _entity(row: EntryRow) -> Fact | KnownUnknown:
    return _fact(row) if isinstance(row, FactRow) else _unknown(row)


def _form(entry: Fact | KnownUnknown) -> dict[str, Any]:
    return fact_to_form(entry) if isinstance(entry, Fact) else unknown_to_form(entry)


def _fact(row: FactRow) -> Fact:
    milestone = None
    if row.milestone_date is not None and row.milestone_precision is not None and row.milestone_label is not None:
        when = PartialDate(row.milestone_date, Precision(row.milestone_precision))
        milestone = Milestone(when, row.milestone_label, row.milestone_planned)
    return Fact(
        id=row.slug,
        topic=row.topic,
        statement=row.statement,
        phrasings=_texts(row.phrasings),
        source=_source(row.source),
        locator=row.locator,
        as_of=row.as_of,
        milestone=milestone,
        measures=tuple(Measure(m["quantity"], m["value"], m["unit"]) for m in row.measures),
    )


def _source(row: SourceRow) -> Source:
    return Source(row.key, row.publisher, row.title, tuple(row.authors), row.published, row.url)


def _unknown(row: KnownUnknownRow) -> KnownUnknown:
    return KnownUnknown(row.slug, _texts(row.phrasings), row.say)


def _settings(row: ServerSettingsRow) -> ServerSettings:
    return ServerSettings(
        editor_role_id=row.editor_role_id,
        log_channel_id=row.log_channel_id,
        queue_channel_id=row.queue_channel_id,
        listening_channel_ids=tuple(row.listening_channel_ids),
        cooldown_s=row.cooldown_s,
        wait_s=row.wait_s,
        votes_shown=row.votes_shown,
    )
