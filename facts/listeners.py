"""Telling others what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Listeners(Generic[T]):
    """Those who want to be told of one kind of event. They are told at once and must not block."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._listeners: list[Callable[[T], None]] = []

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Tell this one from now on.

        Returns:
            What to call when it need not be told any longer.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, event: T) -> None:
        """Tell all of them."""
        for listener in self._listeners:
            listener(event)
