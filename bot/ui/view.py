"""The view of all replies."""

from __future__ import annotations

import discord


class StatelessView(discord.ui.View):
    """A view whose buttons and menus carry all of their state in their ids, so that nothing of it need be kept.

    discord.py lets a view that one person alone sees end after a quarter of an hour, with a task that waits for that;
    this one leaves it none.
    """

    def __init__(self) -> None:
        """Begin with nothing in it."""
        super().__init__(timeout=None)

    @property
    def timeout(self) -> None:
        """Never."""

    @timeout.setter
    def timeout(self, _value: float | None) -> None:
        """Leave it at never."""
