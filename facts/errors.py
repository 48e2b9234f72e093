"""The errors that this project raises on purpose.

Each carries the sentence that a person may be shown, in Discord and in the terminal alike:

    TianwenError
    ├── FactNotFoundError         no fact has this id here
    ├── FactExistsError           the id is taken
    ├── InvalidFactError          a fact breaks the rules (no source, no statement ...)
    ├── ServerFullError           a server has as much of its own as fits
    ├── EditConflictError         somebody else changed the fact in between
    ├── PackError                 an article pack or an exchange file has faults: all of them
    ├── ExchangeError             a file cannot be imported at all (too large, not text, columns missing ...)
    ├── QuestionSetError          a question set has faults: all of them
    ├── BackupError               a backup cannot be made, or is not whole
    │   └── DamagedError          what is to be copied is no whole database
    └── DatabaseError
        ├── DatabaseUnavailableError   it cannot be reached or opened
        │   ├── DatabaseUrlError       its URL is not one that can be used
        │   └── ValueRefusedError      it is well, and does not take what is to be written
        └── SchemaMismatchError        its schema is not the one that this program knows
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facts.entities import Entry


class TianwenError(Exception):
    """Anything that went wrong and that a person can be told about in one sentence."""

    @property
    def sentence(self) -> str:
        """The sentence for the person."""
        return str(self)


class FactNotFoundError(TianwenError):
    """No fact has this id among those that the asker may see.

    ``near`` are ids that may be meant; ``removed`` tells that there was one, which can be brought back.
    """

    def __init__(self, fact_id: str, *, near: Sequence[str] = (), removed: bool = False) -> None:
        super().__init__(f"There is no fact with the id “{fact_id}” here.")
        self.fact_id = fact_id
        self.near = tuple(near)
        self.removed = removed


class FactExistsError(TianwenError):
    """The id is taken already."""

    def __init__(self, fact_id: str) -> None:
        super().__init__(f"There is already a fact with the id “{fact_id}”; choose another id.")
        self.fact_id = fact_id


class InvalidFactError(TianwenError):
    """A fact that may not be saved as it is."""


class ServerFullError(TianwenError):
    """A server would have more of its own than fits: so many entries, with phrasings of so many characters in all."""

    def __init__(self, entries: int, characters: int) -> None:
        super().__init__(
            f"A server has at most {entries:,} facts and known unknowns of its own, with at most {characters:,} "
            "characters of questions in all; remove or shorten some first."
        )
        self.entries = entries
        self.characters = characters


class EditConflictError(TianwenError):
    """An entry was changed by somebody else since the editor last saw it.

    ``seen`` is what the editor saw and ``now`` what there is, as far as they are known.
    """

    def __init__(self, fact_id: str, *, seen: Entry | None, now: Entry | None) -> None:
        super().__init__(f"“{fact_id}” was changed in the meantime; look at it again before you save.")
        self.fact_id = fact_id
        self.seen = seen
        self.now = now


class FaultsError(TianwenError):
    """Something read from a file has faults, which are told all at once."""

    def __init__(self, what: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        count = f"{len(self.faults)} fault{'' if len(self.faults) == 1 else 's'}"
        super().__init__(f"{what} has {count}:\n" + "\n".join(f"- {fault}" for fault in self.faults))


class PackError(FaultsError):
    """An article pack or exchange file that cannot be used."""


class ExchangeError(TianwenError):
    """A file that cannot be imported at all; faults of single rows are told row by row."""


class QuestionSetError(FaultsError):
    """A question set that cannot be used."""


class BackupError(TianwenError):
    """A backup that cannot be made, or not be relied on."""


class DamagedError(BackupError):
    """What is to be copied is no database, or one that is not whole."""


class DatabaseError(TianwenError):
    """The fact store cannot be used."""


class DatabaseUnavailableError(DatabaseError):
    """The database cannot be reached, opened or written."""


class DatabaseUrlError(DatabaseUnavailableError):
    """The database's URL is not one that can be used; it is never shown, since it may hold a password."""


class ValueRefusedError(DatabaseUnavailableError):
    """The database is well, and does not take what is to be written: it is there already, or no value of its kind."""


class SchemaMismatchError(DatabaseError):
    """The database has a schema that this program does not know."""
