"""How often somebody is answered: in memory, for each person and each channel."""

from __future__ import annotations

from collections import OrderedDict

import discord
from discord.app_commands import Cooldown

# Those who speak to the bot get so many answers in so many seconds, and so many does one channel.
PERSON = (6, 20.0)
CHANNEL = (30, 20.0)
# Where nobody spoke to it, one channel gets this many; the server sets how often one person is answered.
LISTENING_CHANNEL = (5, 20.0)
# One person may use so many commands, buttons and forms, and edit questions so often, in so many seconds; and be
# suggested something so often.
PRESSES = (20, 20.0)
SUGGESTIONS = (60, 20.0)
# So many questions of one person's are put on review queues in so many seconds.
QUEUED = (60, 3_600.0)
# So many people and channels are remembered at most; those who have been quiet longest go first.
_MOST = 10_000


class Cooldowns:
    """Counts the answers that people and channels have had of late."""

    def __init__(self, person: tuple[int, float] = PERSON, channel: tuple[int, float] = CHANNEL) -> None:
        """Begin with everybody rested.

        Args:
            person: so many answers in so many seconds does one person get who speaks to the bot.
            channel: and so many does one channel.
        """
        self._person, self._channel = person, channel
        self._held: OrderedDict[tuple[object, ...], Cooldown] = OrderedDict()

    def take_addressed(self, user_id: int, channel_id: int | None) -> float:
        """Take an answer for somebody who speaks to the bot; see ``take``."""
        return self.take((("person", user_id), self._person), (("channel", channel_id), self._channel))

    def take_unaddressed(self, user_id: int, server_id: int, channel_id: int, seconds: int) -> float:
        """Take an answer for somebody who did not, and who gets one in so many seconds; see ``take``."""
        channel = (("listening", channel_id), LISTENING_CHANNEL)
        person = (("listening", server_id, user_id), (1, float(seconds)))
        return self.take(channel, person) if seconds else self.take(channel)

    def take_pressed(self, user_id: int) -> float:
        """Take the use of a command, button or form, or the edit of a question; see ``take``."""
        return self.take((("pressed", user_id), PRESSES))

    def take_typed(self, user_id: int) -> float:
        """Take a suggestion for somebody who types; see ``take``."""
        return self.take((("typed", user_id), SUGGESTIONS))

    def take_queued(self, user_id: int) -> float:
        """Take a place on a review queue; see ``take``."""
        return self.take((("queued", user_id), QUEUED))

    def take(self, *wanted: tuple[tuple[object, ...], tuple[int, float]]) -> float:
        """Take one answer out of each of these budgets, or out of none.

        Args:
            wanted: whose budget it is (any key), and how many answers it has in how many seconds.

        Returns:
            0 if it was taken, else in how many seconds to try again.
        """
        now = discord.utils.utcnow().timestamp()
        budgets = [self._budget((*key, *limits), *limits) for key, limits in wanted]
        for budget in budgets:
            # Whoever is to wait longer than ever needed has met a clock that was put back.
            if budget.get_retry_after(now) > budget.per:
                budget.reset()
        retry = max((budget.get_retry_after(now) for budget in budgets), default=0.0)
        if retry == 0:
            for budget in budgets:
                budget.update_rate_limit(now)
        return retry

    def _budget(self, key: tuple[object, ...], rate: int, per: float) -> Cooldown:
        budget = self._held.setdefault(key, Cooldown(rate, per))
        self._held.move_to_end(key)
        while len(self._held) > _MOST:
            self._held.popitem(last=False)
        return budget
