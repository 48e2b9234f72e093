"""Whose something is: digests that tell nobody's name, and that only who knows the person can compare.

Each is made of a key, what it stands beside, and the person's Discord id.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from facts.models import ForgottenPersonRow, VoterKeyRow

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_DIGEST_BYTES = 16


async def key(session: AsyncSession) -> bytes:
    """Give the key of the digests, made when first needed."""
    row = await session.get(VoterKeyRow, 1)
    if row is None:
        row = VoterKeyRow(id=1, key=secrets.token_hex(32))
        try:
            async with session.begin_nested():
                session.add(row)
        except IntegrityError:
            # Another process has made one just now.
            row = await session.get_one(VoterKeyRow, 1)
    return bytes.fromhex(row.key)


def code(key: bytes, about: object, user_id: int) -> str:
    """Give what stands for a person beside one message, question or change."""
    return hashlib.blake2b(f"{about}:{user_id}".encode(), key=key, digest_size=_DIGEST_BYTES).hexdigest()


async def note_forgotten(session: AsyncSession, user_id: int, change: int, at: dt.datetime) -> None:
    """Note, in the transaction that gets this number, whom it forgets: others may have them in memory."""
    session.add(ForgottenPersonRow(change=change, person=code(await key(session), change, user_id), at=at))


async def forgotten_between(
    session: AsyncSession, number: int, last: int, *, but: Collection[int]
) -> Callable[[int], bool] | None:
    """Give what tells of a Discord id whether that person was forgotten since a change, up to another, but by these.

    Returns:
        None where nobody was.
    """
    row = ForgottenPersonRow
    rows = await session.execute(select(row.change, row.person).where(row.change > number, row.change <= last))
    forgotten = [(change, person) for change, person in rows if change not in but]
    if not forgotten:
        return None
    known = await key(session)
    return lambda user_id: any(code(known, change, user_id) == person for change, person in forgotten)
