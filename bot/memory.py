"""What each person asked last in each place, for follow-ups: in memory only, bounded, and forgotten after a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

# A follow-up leans on a question this recent, in seconds.
REMEMBERED_SECONDS = 600
# So many people and places are remembered at most; the oldest go first.
REMEMBERED_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Asked:
    question: str
    at: float


class LastQuestions:
    """The last question of each person in each channel."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._asked: OrderedDict[tuple[int, int], _Asked] = OrderedDict()

    def recall(self, user_id: int, channel_id: int) -> str | None:
        """Give what this person asked last in this channel, if that is recent."""
        asked = self._asked.get((user_id, channel_id))
        if asked is None or time.monotonic() - asked.at > REMEMBERED_SECONDS:
            return None
        return asked.question

    def remember(self, user_id: int, channel_id: int, question: str) -> None:
        """Keep this question in place of the one before."""
        key = (user_id, channel_id)
        self._asked[key] = _Asked(question, time.monotonic())
        self._asked.move_to_end(key)
        while len(self._asked) > REMEMBERED_MOST:
            self._asked.popitem(last=False)

    def people(self) -> set[int]:
        """Give those of whom something is remembered."""
        return {user_id for user_id, _ in self._asked}

    def forget_person(self, user_id: int) -> None:
        """Forget what one person asked, everywhere."""
        for key in [key for key in self._asked if key[0] == user_id]:
            del self._asked[key]
