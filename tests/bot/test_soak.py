"""The short form of the soak; ``make soak`` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.bot.soak import Soak

QUESTIONS = (
    "how long is tianhe?",
    "hwo long is tianhe",
    "what does Tianhe mean?",
    "how heavy is Tianhe?",
    "what does the wobbegong eat?",
    "when was tianhe launched?",
    "what is wentian?",
    "thank you",
)


async def test_a_while_of_everything_at_once_loses_nothing_confirmed_and_leaves_nothing_behind(
    small_folder: Path,
) -> None:
    soaked = await Soak(small_folder, QUESTIONS, seed=20210704).run(6, rate=10, fault_every=0.4, patience_s=2)
    assert soaked.lost == []
    assert soaked.errors == []
    assert soaked.tasks[1] <= soaked.tasks[0]
    assert soaked.exit_status == 0
    assert soaked.done > 20
    assert len(soaked.faults) > 5
