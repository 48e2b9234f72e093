"""The commands ``tianwen facts remove|restore|history|revert``: one fact or known unknown, by the operator."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from bot.runtime import be_quiet, open_knowledge
from bot.settings import load_settings
from facts.entities import Author, Origin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from facts.entities import Revision
    from facts.knowledge import KnowledgeBase

OPERATOR = Author(Origin.OPERATOR)
# So many of the values of a list are told.
_MOST_TOLD = 5

EntryId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The id of a fact or known unknown.")]
ServerId: TypeAlias = Annotated[
    int | None,
    typer.Option("--server", min=1, max=2**63 - 1, metavar="ID", help="A server's own facts, not the shared ones."),
]
Reason: TypeAlias = Annotated[str | None, typer.Option(help="Why, for the history.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``tianwen facts``."""
    app.command()(remove)
    app.command()(restore)
    app.command()(history)
    app.command()(revert)


def remove(entry_id: EntryId, *, server: ServerId = None, reason: Reason = None) -> None:
    """Take a fact or known unknown out of the answers; it can be brought back."""
    kept = _with_knowledge(lambda knowledge: knowledge.remove(entry_id, OPERATOR, server_id=server, reason=reason))
    print(f"{entry_id} is removed." if kept else f"{entry_id} was removed already.")  # noqa: T201


def restore(entry_id: EntryId, *, server: ServerId = None, reason: Reason = None) -> None:
    """Bring a removed fact or known unknown back."""
    kept = _with_knowledge(lambda knowledge: knowledge.restore(entry_id, OPERATOR, server_id=server, reason=reason))
    print(f"{entry_id} is back." if kept else f"{entry_id} was there already.")  # noqa: T201


def revert(
    entry_id: EntryId,
    revision: Annotated[int, typer.Argument(min=1, help="The number of a revision, from the history.")],
    *,
    server: ServerId = None,
    reason: Reason = None,
) -> None:
    """Let a fact or known unknown be again as it was after one of its revisions."""
    kept = _with_knowledge(
        lambda knowledge: knowledge.revert(entry_id, revision, OPERATOR, server_id=server, reason=reason)
    )
    print(f"{entry_id} is {'again' if kept else 'now'} as it was in revision {revision}.")  # noqa: T201


def history(entry_id: EntryId, *, server: ServerId = None) -> None:
    """Tell who changed a fact or known unknown, when, why and how."""
    for revision in _with_knowledge(lambda knowledge: knowledge.history(entry_id, server_id=server)):
        print("\n".join(_told(revision)))  # noqa: T201


def _told(revision: Revision) -> list[str]:
    author = revision.author
    who = author.origin.value if author.user_id is None else f"{author.origin.value} {author.user_id}"
    lines = [f"{revision.number}. {revision.action.value} by {who}, {revision.at:%Y-%m-%d %H:%M} UTC"]
    if revision.reason:
        lines.append(f"   why: {' '.join(revision.reason.split())}")
    if revision.after is None:
        return lines
    before, after = revision.before or {}, revision.after
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was != now:
            lines.append(f"   {name}: {_change(was, now) if name in after else 'nothing'}")
    return lines


def _change(was: object, now: object) -> str:
    """Tell how a value has become another; of a list that had others before, what has come and gone, the first few."""
    if not isinstance(now, list) or not isinstance(was, list):
        return json.dumps(_short(now) if isinstance(now, list) else now, ensure_ascii=False)
    parts = []
    for sign, some in (("+", [one for one in now if one not in was]), ("-", [one for one in was if one not in now])):
        parts += [f"{sign} {json.dumps(_short(some), ensure_ascii=False)}"] if some else []
    return ", ".join(parts) or "in another order"


def _short(values: list[object]) -> list[object]:
    more = len(values) - _MOST_TOLD
    return [*values[:_MOST_TOLD], f"and {more} more"] if more > 0 else values


def _with_knowledge(work: Callable[[KnowledgeBase], Awaitable[Any]]) -> Any:  # noqa: ANN401 - what the work gives
    settings = load_settings()
    be_quiet(settings)

    async def run() -> Any:  # noqa: ANN401
        async with open_knowledge(settings) as knowledge:
            return await work(knowledge)

    return asyncio.run(run())
