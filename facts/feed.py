"""What processes that share a store tell each other: every change has a number, and whoever lags behind reads on.

Numbers are given in the order of the commits: the one row that counts them stays locked from the number to the end of
its transaction. A number that has been read therefore leaves none below it to come.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text, update

from facts.database import CHANNEL
from facts.models import SHARED, ChangeCounterRow, ChangeMarkRow, RevisionRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_EPOCH_BYTES = 8
_NOTIFY = text(f"NOTIFY {CHANNEL}")


class Mark(enum.StrEnum):
    """What can change besides facts and known unknowns, whose changes are in their revisions.

    The shared names, the settings of a server, or its review queue.
    """

    NAMES = "names"
    SETTINGS = "settings"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody has read: up to which number, in which epoch of the store."""

    epoch: str | None = None
    number: int = 0


async def position(session: AsyncSession) -> Position:
    """Give the number of the last change."""
    row = await session.get(ChangeCounterRow, 1)
    return Position(row.epoch, row.last) if row is not None else Position()


async def publish(session: AsyncSession, marks: Iterable[tuple[Mark, int | None]] = ()) -> Position:
    """Number what this transaction changes, and let all processes know at its end; nothing may change after it.

    Args:
        session: a writing session; revisions that it has made get the number.
        marks: what else has changed, each in a server or (None) for all.

    Returns:
        The number.
    """
    await session.flush()
    row = ChangeCounterRow
    counted = update(row).where(row.id == 1).values(last=row.last + 1).returning(row.epoch, row.last)
    found = (await session.execute(counted)).one_or_none()
    epoch, number = found if found is not None else (secrets.token_hex(_EPOCH_BYTES), 1)
    if found is None:
        session.add(row(id=1, epoch=epoch, last=number))
    # Those of other transactions have their number by now, or cannot be seen.
    mine = update(RevisionRow).where(RevisionRow.change.is_(None)).values(change=number)
    await session.execute(mine, execution_options={"synchronize_session": False})
    for kind, server_id in marks:
        await session.merge(ChangeMarkRow(kind=kind.value, server_id=server_id or SHARED, change=number))
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(_NOTIFY)
    return Position(epoch, number)


async def begin_epoch(session: AsyncSession) -> None:
    """Tell all processes that the store is another one now: what they know of it is to be read anew."""
    row = await session.get(ChangeCounterRow, 1)
    if row is not None:
        row.epoch = secrets.token_hex(_EPOCH_BYTES)


async def marks_between(session: AsyncSession, number: int, last: int) -> list[tuple[Mark, int | None]]:
    """Give what has changed since a number, up to another, besides facts and known unknowns.

    What has changed again since then is left for the next look.

    Returns:
        Each in a server or (None) for all.
    """
    row = ChangeMarkRow
    rows = await session.scalars(select(row).where(row.change > number, row.change <= last).order_by(row.change))
    # An older program that is still running may have made others.
    known = frozenset(Mark)
    return [(Mark(mark.kind), mark.server_id or None) for mark in rows if mark.kind in known]
