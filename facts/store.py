"""Queries and changes. Each takes a session, gives entities back, and leaves the commit to its caller."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import delete, func, insert, select
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
    SavedTest,
    ServerSettings,
    Source,
)
from facts.errors import EditConflictError, FactExistsError, FactNotFoundError, InvalidFactError
from facts.forms import entry_from_form, entry_to_form, invalid
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
    SavedTestRow,
    ServerSettingsRow,
    SourceRow,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from facts.entities import Entry, Pack


EntryRow = FactRow | KnownUnknownRow
# A statement to the database names at most so many ids.
_IDS_AT_ONCE = 500
# So many entries are put at once: about a tenth of a second, in which nothing else is done.
_ENTRIES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Change:
    """Who makes a change, when and why."""

    author: Author
    at: dt.datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a server has of its own under an id, or (in the shared scope) what all have.

    Attributes:
        entry: as it stands in the store.
        position: its place among its kind.
        version: how often it has been changed, counted from 1.
        removed: whether it is taken out; a server's own then hides the shared entry of the same id, too.
        follows: whether the server sees the shared entry of the same id instead.
        revision: the record of the change that made it so.
    """

    entry: Entry
    position: int
    version: int
    removed: bool
    follows: bool
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of one entry, with the number of the change, and in which server, or (None) for all."""

    number: int
    server_id: int | None
    entry_id: str
    revision: Revision


@dataclass(frozen=True, slots=True)
class News:
    """What has changed of facts and known unknowns.

    Attributes:
        much: the servers, or (None) the shared entries, in which too much has changed to be listed.
        changes: the other changes, in their order.
        kept: and how the entries stand now, each with its server.
    """

    much: frozenset[int | None] = frozenset()
    changes: tuple[Changed, ...] = ()
    kept: tuple[tuple[int | None, Kept], ...] = ()


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading a pack did: how many entries were added, updated, removed, left as editors made them."""

    pack_id: str
    added: int = 0
    updated: int = 0
    removed: int = 0
    kept: int = 0


# Reading


async def entries(session: AsyncSession, server_id: int | None = None) -> list[Kept]:
    """Give the facts and known unknowns that everyone has (None) or a server has of its own, removed or not."""
    both: list[EntryRow] = []
    for table in (FactRow, KnownUnknownRow):
        both.extend(await session.scalars(select(table).where(table.server_id == _scope(server_id)).order_by(table.id)))
    return [_kept(row) for row in both]


async def names(session: AsyncSession) -> list[Name]:
    """Give the shared names."""
    rows = await session.scalars(
        select(NameRow).where(NameRow.server_id == SHARED).order_by(NameRow.position, NameRow.id)
    )
    return [_name(row) for row in rows]


async def server_ids(session: AsyncSession) -> list[int]:
    """Give the servers that have facts or known unknowns of their own, or have hidden shared ones."""
    found = set(await session.scalars(select(FactRow.server_id).distinct()))
    found |= set(await session.scalars(select(KnownUnknownRow.server_id).distinct()))
    return sorted(found - {SHARED})


async def stored(session: AsyncSession, entry_id: str, server_id: int | None = None) -> Kept:
    """Give one fact or known unknown as it is kept, removed or not: the server's own, else the shared one.

    Raises:
        FactNotFoundError: there is none.
    """
    return _kept((await _standing(session, entry_id, server_id)).row)


async def history(session: AsyncSession, entry_id: str, server_id: int | None = None) -> list[Revision]:
    """Give the revisions of a fact or known unknown, oldest first: of the server's own, else of the shared one.

    Raises:
        FactNotFoundError: there is none.
    """
    return await _revisions(session, (await _standing(session, entry_id, server_id)).row)


async def _revisions(session: AsyncSession, row: EntryRow) -> list[Revision]:
    owner = RevisionRow.fact_id if isinstance(row, FactRow) else RevisionRow.unknown_id
    rows = await session.scalars(select(RevisionRow).where(owner == row.id).order_by(RevisionRow.number))
    return [_revision(revision) for revision in rows]


async def changed_between(session: AsyncSession, number: int, last: int, *, most: int) -> News:
    """Give what has changed of facts and known unknowns since the change with this number.

    Args:
        session: a reading session.
        number: of the last change that is known.
        last: of the last change to look at: there may be more by now. Entries are given as they stand now all the same.
        most: so many changes of one server are listed.
    """
    counts: Counter[int] = Counter()
    for table, owner in ((FactRow, RevisionRow.fact_id), (KnownUnknownRow, RevisionRow.unknown_id)):
        of_each = select(table.server_id, func.count()).join(RevisionRow, owner == table.id)
        changed = of_each.where(RevisionRow.change > number, RevisionRow.change <= last).group_by(table.server_id)
        for server_id, count in await session.execute(changed):
            counts[server_id] += count
    few = [server_id for server_id, count in counts.items() if count <= most]
    revisions: list[tuple[RevisionRow, EntryRow]] = []
    for start in range(0, len(few), _IDS_AT_ONCE):
        some = few[start : start + _IDS_AT_ONCE]
        of_facts = select(RevisionRow, FactRow).join(FactRow, RevisionRow.fact_id == FactRow.id)
        of_facts = of_facts.where(RevisionRow.change > number, RevisionRow.change <= last, FactRow.server_id.in_(some))
        revisions += [(revision, row) for revision, row in await session.execute(of_facts)]
        of_unknowns = select(RevisionRow, KnownUnknownRow).join(
            KnownUnknownRow, RevisionRow.unknown_id == KnownUnknownRow.id
        )
        of_unknowns = of_unknowns.where(
            RevisionRow.change > number, RevisionRow.change <= last, KnownUnknownRow.server_id.in_(some)
        )
        revisions += [(revision, row) for revision, row in await session.execute(of_unknowns)]
    revisions.sort(key=lambda pair: (pair[0].change or 0, pair[0].id))
    rows = {(type(row), row.id): row for _, row in revisions}
    return News(
        frozenset(server_id or None for server_id, count in counts.items() if count > most),
        tuple(
            Changed(revision.change or 0, row.server_id or None, row.slug, _revision(revision))
            for revision, row in revisions
        ),
        tuple((row.server_id or None, _kept(row)) for row in rows.values()),
    )


async def pack_digests(session: AsyncSession) -> dict[str, str]:
    """Give the digests of the packs as they were last loaded, by their ids."""
    return {row.id: row.digest for row in await session.scalars(select(PackRow))}


async def server_settings(session: AsyncSession) -> dict[int, ServerSettings]:
    """Give what every server has set, by the server's id."""
    return {row.server_id: _settings(row) for row in await session.scalars(select(ServerSettingsRow))}


async def settings_of(session: AsyncSession, server_id: int) -> ServerSettings | None:
    """Give what one server has set, if anything."""
    row = await session.get(ServerSettingsRow, server_id)
    return _settings(row) if row is not None else None


async def command_tree_digest(session: AsyncSession, application_id: int) -> str | None:
    """Give the digest of the slash commands that were last synced, or None."""
    row = await session.get(CommandTreeRow, application_id)
    return row.digest if row else None


# Changing


async def add_entry(session: AsyncSession, entry: Entry, change: Change, server_id: int | None = None) -> Kept:
    """Add a fact or known unknown, with its first revision.

    Raises:
        FactExistsError: the id is taken, be it by a removed entry or (for a server) by a shared one.
    """
    for table in (FactRow, KnownUnknownRow):
        taken = select(table.id).where(table.slug == entry.id, table.server_id.in_({SHARED, _scope(server_id)}))
        if (await session.scalars(taken.limit(1))).first() is not None:
            raise FactExistsError(entry.id)
    return await _change(session, _Standing(None, None, _scope(server_id)), Action.ADD, change, entry)


async def edit_entry(
    session: AsyncSession, entry: Entry, change: Change, server_id: int | None = None, *, seen: Entry | None = None
) -> Kept | None:
    """Write a fact or known unknown anew, with a revision, and keep it from its pack; None if it is so already.

    In a server, a shared one stays as it is, and gets a successor of the server's own under the same id.

    Args:
        session: a writing session.
        entry: as it shall be.
        change: who, when and why.
        server_id: whose it is; None for a shared one.
        seen: as the editor saw it; None writes whatever it is.

    Raises:
        FactNotFoundError: there is none.
        InvalidFactError: a fact is to become a known unknown, or the other way round.
        EditConflictError: it is another one now.
    """
    standing = await _standing(session, entry.id, server_id, for_update=True)
    if type(_entity(standing.row)) is not type(entry):
        raise _both_kinds(entry.id)
    if seen is not None and seen != standing.now:
        raise EditConflictError(entry.id, seen=seen, now=standing.now)
    return None if standing.now == entry else await _change(session, standing, Action.EDIT, change, entry)


async def put_entries(
    session: AsyncSession, entries: Sequence[Entry], change: Change, server_id: int | None = None
) -> list[Kept]:
    """Add or write anew many facts and known unknowns, each once; those that are so already stay untouched.

    Raises:
        InvalidFactError: a fact is to become a known unknown, or the other way round.
    """
    kept: list[Kept] = []
    for start in range(0, len(entries), _ENTRIES_AT_ONCE):
        kept += await _put_some(session, entries[start : start + _ENTRIES_AT_ONCE], change, server_id)
    return kept


async def _put_some(
    session: AsyncSession, entries: Sequence[Entry], change: Change, server_id: int | None
) -> list[Kept]:
    """Put some of the entries of an import: one statement each for their phrasings and their revisions."""
    standings = await _standings(session, [entry.id for entry in entries], server_id)
    changed: list[tuple[EntryRow, Entry, RevisionRow]] = []
    asked: list[tuple[EntryRow, Entry]] = []
    for entry in entries:
        standing = standings[entry.id]
        if standing.now == entry:
            continue
        if standing.is_known and type(_entity(standing.row)) is not type(entry):
            raise _both_kinds(entry.id)
        action = Action.EDIT if standing.is_known else Action.ADD
        phrasings = _texts(standing.own.phrasings) if standing.own is not None else ()
        row, before = await _written(session, standing, replace(entry, phrasings=phrasings))
        changed.append((row, entry, _marked(row, action, change, before, entry)))
        if phrasings != entry.phrasings:
            asked.append((row, entry))
    await session.flush()
    await _replace_phrasings(session, asked)
    if changed:
        await session.execute(insert(RevisionRow), [_revision_values(revision, row) for row, _, revision in changed])
    return [
        Kept(entry, row.id, row.version, removed=False, follows=False, revision=_revision(revision))
        for row, entry, revision in changed
    ]


async def put_names(session: AsyncSession, names: Sequence[Name]) -> None:
    """Add or write anew shared names. One that a pack has brought is no longer changed by it."""
    if not names:
        return
    rows = {row.name: row for row in await session.scalars(select(NameRow).where(NameRow.server_id == SHARED))}
    position = max((row.position for row in rows.values()), default=-1)
    for name in names:
        row = rows.get(name.name)
        if row is None:
            position += 1
            row = rows[name.name] = NameRow(server_id=SHARED, name=name.name, position=position)
            session.add(row)
        elif _name(row) == name:
            continue
        row.pack_id = None
        _write_name(row, name)


async def set_removed(
    session: AsyncSession,
    entry_id: str,
    change: Change,
    server_id: int | None = None,
    *,
    removed: bool,
    seen: Entry | None = None,
) -> Kept | None:
    """Remove a fact or known unknown from answers, or restore it, with a revision; None if it is so already.

    Raises:
        FactNotFoundError: there is none.
        EditConflictError: it is there, and another one than was seen, where that is given.
    """
    standing = await _standing(session, entry_id, server_id, for_update=True)
    if (standing.now is None) == removed:
        return None
    if seen is not None and seen != standing.now:
        raise EditConflictError(entry_id, seen=seen, now=standing.now)
    if removed:
        return await _change(session, standing, Action.REMOVE, change, None, follows=standing.follows)
    if standing.follows and standing.shared_now is not None:
        return await _change(session, standing, Action.RESTORE, change, standing.shared_now, follows=True)
    return await _change(session, standing, Action.RESTORE, change, _entity(standing.row))


async def revert(
    session: AsyncSession, entry_id: str, number: int, change: Change, server_id: int | None = None
) -> Kept | None:
    """Let a fact or known unknown be again as it was after one of its revisions; that is a revision too.

    Returns:
        What is kept now; None if it is so already.

    Raises:
        FactNotFoundError: there is none.
        InvalidFactError: it has no such revision, was removed by it, or was then what rules of today forbid.
    """
    standing = await _standing(session, entry_id, server_id, for_update=True)
    revision = next((r for r in await _revisions(session, standing.row) if r.number == number), None)
    if revision is None or revision.after is None:
        raise InvalidFactError(f"“{entry_id}” has no text in revision {number} to go back to.")
    entry, follows = _after(revision, standing)
    if standing.now == entry and (standing.follows or not follows):
        return None
    return await _change(session, standing, Action.REVERT, change, entry, follows=follows)


async def undo(session: AsyncSession, entry_id: str, number: int, change: Change, server_id: int | None = None) -> Kept:
    """Let a fact or known unknown be again as it was before its latest revision; that is a revision too.

    Raises:
        FactNotFoundError: there is none.
        EditConflictError: the revision is not the latest.
        InvalidFactError: it was before what rules of today forbid.
    """
    standing = await _standing(session, entry_id, server_id, for_update=True)
    revisions = {revision.number: revision for revision in await _revisions(session, standing.row)}
    if number not in revisions or number != max(revisions):
        raise EditConflictError(entry_id, seen=None, now=standing.now)
    if number > 1 and revisions[number].before is None:
        # Nothing was seen, even if its text stood there: the shared one that it followed may have gone.
        follows = revisions[number - 1].follows
        return await _change(session, standing, Action.REVERT, change, None, follows=follows)
    if number > 1:
        entry, follows = _after(revisions[number - 1], standing)
        return await _change(session, standing, Action.REVERT, change, entry, follows=follows)
    # Before its first revision there was the shared one, or nothing.
    shared = standing.shared_now if revisions[number].before is not None else None
    return await _change(session, standing, Action.REVERT, change, shared, follows=shared is not None)


def _after(revision: Revision, standing: _Standing) -> tuple[Entry | None, bool]:
    """Give what an entry must be to be again as after a revision, and whether it follows the shared one.

    Raises:
        InvalidFactError: rules were others then, and it cannot be kept again.
    """
    try:
        entry = entry_from_form(revision.after) if revision.after is not None else None
    except ValidationError as error:
        raise invalid(f"Revision {revision.number}", error) from error
    if not revision.follows:
        return entry, False
    shared = entry and standing.shared_now
    return shared or entry, entry is None or bool(shared)


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
    row.queue_days = settings.queue_days


async def saved_tests(session: AsyncSession, server_id: int) -> list[SavedTest]:
    """Give the questions that a server has saved as tests, in the order in which they were saved."""
    rows = await session.scalars(
        select(SavedTestRow).where(SavedTestRow.server_id == server_id).order_by(SavedTestRow.id)
    )
    return [SavedTest(row.server_id, row.question, row.fact_slug, row.context, row.id) for row in rows]


async def keep_test(session: AsyncSession, test: SavedTest) -> None:
    """Save a question as a test, in place of an earlier one of the same words."""
    row = SavedTestRow
    await session.execute(
        delete(row).where(
            row.server_id == test.server_id,
            row.question == test.question,
            row.context.is_not_distinct_from(test.context),
        )
    )
    session.add(row(server_id=test.server_id, question=test.question, context=test.context, fact_slug=test.fact_id))


async def drop_tests(session: AsyncSession, server_id: int, ids: Sequence[int]) -> int:
    """Take some of a server's tests away, and give the number of those that were there."""
    row = SavedTestRow
    gone = await session.scalars(delete(row).where(row.server_id == server_id, row.id.in_(ids)).returning(row.id))
    return len(gone.all())


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
    session: AsyncSession, entry: Entry, row: EntryRow | None, change: Change, pack_id: str
) -> str | None:
    """Bring one fact or known unknown in step with its pack; tell what was done, None for nothing."""
    if row is None:
        row = await _new_row(session, replace(entry, phrasings=()), SHARED, pack_id)
        session.add(_new_revision(row, Action.ADD, change, None, entry_to_form(entry)))
        await session.flush()
        await _insert_phrasings(session, [(row, entry)])
        return "added"
    if row.edited or row.pack_id != pack_id:
        return "kept"
    present = row.removed_at is None
    if present and _entity(row) == entry:
        return None
    before = entry_to_form(_entity(row)) if present else None
    await _write(session, row, entry)
    row.removed_at = None
    row.version += 1
    action = Action.EDIT if present else Action.RESTORE
    session.add(_new_revision(row, action, change, before, entry_to_form(entry)))
    return "updated"


async def _load_entries(session: AsyncSession, pack: Pack, change: Change) -> Counter[str]:
    """Bring all facts and known unknowns in step with a pack; count what was done."""
    counts: Counter[str] = Counter()
    fact_rows = await session.scalars(select(FactRow).where(FactRow.server_id == SHARED))
    unknown_rows = await session.scalars(select(KnownUnknownRow).where(KnownUnknownRow.server_id == SHARED))
    both: list[tuple[Iterable[EntryRow], Sequence[Entry]]] = [
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
                session.add(_new_revision(row, Action.REMOVE, change, entry_to_form(_entity(row)), None))
                counts["removed"] += 1
    return counts


async def _load_names(session: AsyncSession, pack: Pack) -> None:
    rows = {row.name: row for row in await session.scalars(select(NameRow).where(NameRow.server_id == SHARED))}
    for position, name in enumerate(pack.names):
        row = rows.pop(name.name, None)
        if row is None:
            row = NameRow(server_id=SHARED, name=name.name, pack_id=pack.id)
            session.add(row)
        elif row.pack_id != pack.id:
            continue
        row.position = position
        _write_name(row, name)
    for row in rows.values():
        if row.pack_id == pack.id:
            await session.delete(row)


# Rows and entities


def _scope(server_id: int | None) -> int:
    return SHARED if server_id is None else server_id


@dataclass(frozen=True, slots=True)
class _Standing:
    """What there is under an id for a server: its own row, and the shared one; in the shared scope only its own."""

    own: EntryRow | None
    shared: EntryRow | None
    scope: int

    @property
    def is_known(self) -> bool:
        """Whether there is anything, removed or not."""
        return self.own is not None or self.shared_now is not None

    @property
    def row(self) -> EntryRow:
        """The row that counts; there must be one."""
        row = self.own or self.shared
        assert row is not None  # noqa: S101 - for the type checker
        return row

    @property
    def shared_now(self) -> Entry | None:
        """The shared entry, if it is not removed."""
        return _entity(self.shared) if self.shared is not None and self.shared.removed_at is None else None

    @property
    def follows(self) -> bool:
        """Whether the shared entry counts, unless it is hidden."""
        return self.own.follows if self.own is not None else self.shared is not None

    @property
    def now(self) -> Entry | None:
        """What the server sees."""
        if self.own is not None and self.own.removed_at is not None:
            return None
        return self.shared_now if self.follows else _entity(self.own) if self.own is not None else None


async def _standing(
    session: AsyncSession, entry_id: str, server_id: int | None, *, for_update: bool = False
) -> _Standing:
    """Give what there is under an id.

    Raises:
        FactNotFoundError: there is nothing.
    """
    standing = (await _standings(session, [entry_id], server_id, for_update=for_update))[entry_id]
    if not standing.is_known:
        raise FactNotFoundError(entry_id)
    return standing


async def _standings(
    session: AsyncSession, entry_ids: Sequence[str], server_id: int | None, *, for_update: bool = False
) -> dict[str, _Standing]:
    """Give what there is under each of these ids."""
    scope = _scope(server_id)
    rows: dict[tuple[int, str], EntryRow] = {}
    for start in range(0, len(entry_ids), _IDS_AT_ONCE):
        some = entry_ids[start : start + _IDS_AT_ONCE]
        for table in (FactRow, KnownUnknownRow):
            query = select(table).where(table.slug.in_(some), table.server_id.in_({scope, SHARED}))
            if for_update:
                query = query.with_for_update(of=table)
            found: list[EntryRow] = list(await session.scalars(query))
            for row in found:
                # A pack may have made a fact of a known unknown, or the other way round: what is there counts.
                other = rows.get((row.server_id, row.slug))
                if other is None or other.removed_at is not None:
                    rows[row.server_id, row.slug] = row
    return {
        entry_id: _Standing(
            rows.get((scope, entry_id)), rows.get((SHARED, entry_id)) if scope != SHARED else None, scope
        )
        for entry_id in entry_ids
    }


async def _change(
    session: AsyncSession,
    standing: _Standing,
    action: Action,
    change: Change,
    entry: Entry | None,
    *,
    follows: bool = False,
) -> Kept:
    """Let an entry be like this, or (None) be gone, with a revision; see ``Kept`` for ``follows``.

    A shared one that goes from a server with nothing of its own is hidden: whoever brings it back follows it again.

    Raises:
        InvalidFactError: a fact is to become a known unknown, or the other way round.
        FactExistsError: another process has added it just now.
        EditConflictError: another process has changed it just now.
    """
    follows = follows or (entry is None and standing.own is None)
    row, before = await _written(session, standing, entry, follows=follows)
    try:
        await session.flush()
    except IntegrityError as error:
        if action is Action.ADD:
            raise FactExistsError(row.slug) from error
        raise EditConflictError(row.slug, seen=before, now=None) from error
    revision = _marked(row, action, change, before, entry, follows=follows)
    session.add(revision)
    await session.flush()
    return _kept(row, revision)


async def _written(
    session: AsyncSession, standing: _Standing, entry: Entry | None, *, follows: bool = False
) -> tuple[EntryRow, Entry | None]:
    """Let the own row, made if need be, say what the entry says, or (None) what was seen last; tell that, too."""
    before = standing.now
    row, shown = standing.own, entry or before
    if row is None:
        assert shown is not None  # noqa: S101 - what is not there cannot be removed
        return await _new_row(session, shown, standing.scope), before
    is_other_kind = shown is not None and type(_entity(row)) is not type(shown)
    if is_other_kind and not follows:
        raise _both_kinds(row.slug)
    # Where it follows a shared one that has become one of the other kind, its own words count for nothing.
    if shown is not None and not is_other_kind and _entity(row) != shown:
        await _write(session, row, shown)
    row.version += 1
    return row, before


def _both_kinds(entry_id: str) -> InvalidFactError:
    return InvalidFactError(f"“{entry_id}” cannot be both a fact and a known unknown; choose another id.")


def _marked(
    row: EntryRow,
    action: Action,
    change: Change,
    before: Entry | None,
    entry: Entry | None,
    *,
    follows: bool = False,
) -> RevisionRow:
    """Mark what a change has done to a row, and give its revision, to be added in the same transaction."""
    row.follows = follows
    row.removed_at = None if entry is not None else change.at
    row.edited = row.edited or action is not Action.ADD
    forms = (entry_to_form(before) if before else None, entry_to_form(entry) if entry else None)
    return _new_revision(row, action, change, *forms)


async def _new_row(session: AsyncSession, entry: Entry, scope: int, pack_id: str | None = None) -> EntryRow:
    table = FactRow if isinstance(entry, Fact) else KnownUnknownRow
    row = table(server_id=scope, slug=entry.id, pack_id=pack_id, edited=False, version=1, follows=False)
    await _write(session, row, entry)
    session.add(row)
    return row


async def _write(session: AsyncSession, row: EntryRow, entry: Entry) -> None:
    """Let a row say what the entry says."""
    if _texts(row.phrasings) != entry.phrasings:
        row.phrasings = [PhrasingRow(position=place, text=text) for place, text in enumerate(entry.phrasings)]
    if isinstance(row, FactRow) and isinstance(entry, Fact):
        row.source = await _put_source(session, entry.source, row.server_id)
        row.topic, row.statement = entry.topic, entry.statement
        row.locator, row.as_of = entry.locator, entry.as_of
        row.review_by, row.superseded_by = entry.review_by, entry.superseded_by
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
    sources = await _sources(session, scope)
    if source in sources.rows:
        return sources.rows[source]
    key, number = source.key, sources.numbers.get(source.key, 1)
    while key in sources.keys:
        number += 1
        suffix = f"-{number}"
        key = source.key[: SOURCE_KEY_MAX - len(suffix)] + suffix
    sources.numbers[source.key] = number
    sources.keys.add(key)
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
    sources.rows[source] = row
    return row


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of a scope, their keys, and for keys that many would have the last number that made them differ."""

    rows: dict[Source, SourceRow]
    keys: set[str]
    numbers: dict[str, int]


async def _sources(session: AsyncSession, scope: int) -> _Sources:
    """Give the sources of a scope; a session reads them once, since an import may bring thousands."""
    known: dict[int, _Sources] = session.info.setdefault("sources", {})
    if scope not in known:
        query = select(SourceRow).where(SourceRow.server_id == scope).order_by(SourceRow.id.desc())
        rows = (await session.scalars(query)).all()
        known[scope] = _Sources({_source(row): row for row in rows}, {row.key for row in rows}, {})
    return known[scope]


async def _replace_phrasings(session: AsyncSession, asked: Sequence[tuple[EntryRow, Entry]]) -> None:
    """Give entries other phrasings, past their rows, which keep the earlier ones in this session."""
    for table, owner in ((FactRow, PhrasingRow.fact_id), (KnownUnknownRow, PhrasingRow.unknown_id)):
        ids = [row.id for row, _ in asked if isinstance(row, table)]
        if ids:
            earlier = delete(PhrasingRow).where(owner.in_(ids))
            await session.execute(earlier.execution_options(synchronize_session=False))
    await _insert_phrasings(session, asked)


async def _insert_phrasings(session: AsyncSession, asked: Iterable[tuple[EntryRow, Entry]]) -> None:
    """Add the phrasings of entries that have none, with one statement: they come in their thousands."""
    values = [
        _owner(row) | {"position": place, "text": text}
        for row, entry in asked
        for place, text in enumerate(entry.phrasings)
    ]
    if values:
        await session.execute(insert(PhrasingRow), values)


def _owner(row: EntryRow) -> dict[str, int | None]:
    is_fact = isinstance(row, FactRow)
    return {"fact_id": row.id if is_fact else None, "unknown_id": None if is_fact else row.id}


def _new_revision(
    row: EntryRow,
    action: Action,
    change: Change,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> RevisionRow:
    """Give the revision of a change, to be added in the same transaction as the change."""
    return RevisionRow(
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
        follows=row.follows,
    )


def _revision_values(revision: RevisionRow, row: EntryRow) -> dict[str, Any]:
    """Give what a revision holds, for a statement that adds many at once."""
    columns = [column.key for column in RevisionRow.__table__.columns if column.key != "id"]
    return {name: getattr(revision, name) for name in columns} | _owner(row)


def _texts(rows: Sequence[PhrasingRow]) -> tuple[str, ...]:
    return tuple(row.text for row in rows)


def _kept(row: EntryRow, revision: RevisionRow | None = None) -> Kept:
    removed = row.removed_at is not None
    made = _revision(revision) if revision is not None else None
    return Kept(_entity(row), row.id, row.version, removed, row.follows, made)


def _revision(row: RevisionRow) -> Revision:
    return Revision(
        number=row.number,
        action=Action(row.action),
        author=Author(Origin(row.origin), row.user_id),
        at=row.at,
        reason=row.reason,
        before=row.before,
        after=row.after,
        follows=row.follows,
    )


def _entity(row: EntryRow) -> Entry:
    return _fact(row) if isinstance(row, FactRow) else _unknown(row)


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
        review_by=row.review_by,
        superseded_by=row.superseded_by,
    )


def _name(row: NameRow) -> Name:
    return Name(row.name, tuple(alias.text for alias in row.aliases), row.about)


def _write_name(row: NameRow, name: Name) -> None:
    """Let a row say what the name says."""
    row.about = name.about
    if _name(row) != name:
        row.aliases = [AliasRow(position=place, text=text) for place, text in enumerate(name.aliases)]


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
        queue_days=row.queue_days,
    )
