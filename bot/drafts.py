"""What editors have written and not saved yet: in memory, and kept for a day in case of a restart."""

from __future__ import annotations

import dataclasses
import logging
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import discord

from facts.bookkeeping import DRAFTS_KEPT
from facts.entities import Draft
from facts.errors import DatabaseError, TianwenError

if TYPE_CHECKING:
    from facts.bookkeeping import Bookkeeping
    from facts.entities import Share

log = logging.getLogger(__name__)

# So many drafts are in memory at most, and so many of one editor; the oldest go first.
DRAFTS_MOST = 10_000
_OF_ONE_EDITOR = 50
_KEY_BYTES = 8


class DraftGoneError(TianwenError):
    """The draft has been saved, dropped or forgotten."""

    def __init__(self) -> None:
        super().__init__("This draft has been saved or dropped already, or is more than a day old.")


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A fact or known unknown as an editor has typed it.

    Attributes:
        kind: which of the two.
        entry_id: its id; empty until one is found.
        texts: what stands in the inputs of the form, by their names.
        is_new: whether it is to be added, or one that is there is to be changed.
        seen: as the editor saw it before, JSON-ready; None where it was not there.
        hidden: its questions for which the form has no room: they stay.
        gone: whether it has been removed since the editor saw it; saving brings it back.
        reason: why, for the history.
        queue_ids: the questions on the review queue that it deals with.
        key: by which it is found.
    """

    kind: Literal["fact", "unknown"]
    entry_id: str
    texts: dict[str, str]
    is_new: bool = False
    seen: dict[str, Any] | None = None
    hidden: tuple[str, ...] = ()
    gone: bool = False
    reason: str | None = None
    queue_ids: tuple[int, ...] = ()
    key: str = field(default_factory=lambda: secrets.token_hex(_KEY_BYTES))


_KEPT = {one.name for one in dataclasses.fields(EntryDraft)} - {"key"}


class Drafts:
    """The drafts of all editors. A database that cannot be written costs only what a restart would need."""

    def __init__(self, bookkeeping: Bookkeeping) -> None:
        """Begin with nothing in memory."""
        self._bookkeeping = bookkeeping
        self._by_key: OrderedDict[str, Draft] = OrderedDict()

    async def load(self, share: Share) -> None:
        """Know what is kept in this share of the servers, and nothing else."""
        try:
            kept = await self._bookkeeping.drafts(DRAFTS_MOST, share)
        except DatabaseError as error:
            log.warning("The drafts of the last day could not be read: %s", error)
            return
        # Those of another version are left to age.
        self._by_key = OrderedDict((draft.key, draft) for draft in kept if draft.data.keys() == _KEPT)

    async def keep(self, draft: EntryDraft, server_id: int, user_id: int) -> None:
        """Keep what an editor has written, in place of an earlier state of the same draft."""
        data = {name: value for name, value in dataclasses.asdict(draft).items() if name in _KEPT}
        kept = Draft(draft.key, server_id, user_id, data, discord.utils.utcnow())
        self._by_key.pop(draft.key, None)
        self._by_key[draft.key] = kept
        owner = (server_id, user_id)
        theirs = [key for key, other in self._by_key.items() if (other.server_id, other.user_id) == owner]
        for key in theirs[:-_OF_ONE_EDITOR]:
            del self._by_key[key]
        while len(self._by_key) > DRAFTS_MOST:
            self._by_key.popitem(last=False)
        try:
            await self._bookkeeping.keep_draft(kept)
        except DatabaseError as error:
            log.warning("A draft could not be kept for after a restart: %s", error)

    def get(self, key: str, server_id: int | None, user_id: int) -> EntryDraft:
        """Give an editor's draft.

        Raises:
            DraftGoneError: there is none of theirs in this server.
        """
        draft = self._by_key.get(key)
        if (
            draft is None
            or (draft.server_id, draft.user_id) != (server_id, user_id)
            or discord.utils.utcnow() - draft.at >= DRAFTS_KEPT
        ):
            raise DraftGoneError
        # JSON knows no tuples.
        data = draft.data | {name: tuple(draft.data[name]) for name in ("hidden", "queue_ids")}
        return EntryDraft(**data, key=key)

    async def forget(self, key: str) -> None:
        """Forget a draft."""
        self._by_key.pop(key, None)
        try:
            await self._bookkeeping.forget_draft(key)
        except DatabaseError as error:
            log.warning("A draft could not be forgotten yet: %s", error)

    def people(self) -> set[int]:
        """Give those of whom something is in memory."""
        return {draft.user_id for draft in self._by_key.values()}

    def forget_person(self, user_id: int) -> None:
        """Forget in memory the drafts of one person."""
        for key in [key for key, draft in self._by_key.items() if draft.user_id == user_id]:
            del self._by_key[key]
