"""What editors see of how questions fare in their server: week by week, and what is asked most."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import discord

from bot.ui import limits
from bot.ui.charts import Bar, bars
from bot.ui.editor_words import EDITOR_ENGLISH
from bot.ui.embeds import GREEN, Reply, on_one_line
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.ui.editor_words import EditorWords
    from facts.entities import Entry, QuestionGroup, WeekCount

# In the order in which they are told and drawn.
_OUTCOMES = (Outcome.ANSWER, Outcome.CHOICES, Outcome.UNKNOWN)
# So many questions of each kind are named, and of each so much.
_NAMED = 5
_QUESTION = 120


@dataclass(frozen=True, slots=True)
class Stats:
    """How questions have fared in a server.

    Attributes:
        weeks: the Mondays, the earliest first, and how many questions got an answer, a choice, and none.
        answered: the facts that answered, and how often, the most first.
        unanswered: the known unknowns that were asked for, and how often, the most first.
        waiting: the questions that wait on the review queue, those asked most first.
    """

    weeks: tuple[tuple[dt.date, tuple[int, ...]], ...]
    answered: tuple[tuple[Entry, int], ...]
    unanswered: tuple[tuple[Entry, int], ...]
    waiting: tuple[QuestionGroup, ...]

    @classmethod
    def of(
        cls,
        counts: Sequence[WeekCount],
        groups: Sequence[QuestionGroup],
        find: Callable[[str], Entry | None],
        latest: dt.date,
        weeks: int,
    ) -> Stats:
        """Sum up.

        Args:
            counts: of a server, of these weeks.
            groups: what waits on its review queue.
            find: gives what stands under an id now.
            latest: the Monday of the latest week.
            weeks: how many weeks.
        """
        by_week: Counter[tuple[dt.date, Outcome]] = Counter()
        by_entry: Counter[tuple[Outcome, str]] = Counter()
        for count in counts:
            by_week[count.week, count.outcome] += count.count
            if count.entry_id is not None:
                by_entry[count.outcome, count.entry_id] += count.count
        mondays = [latest - dt.timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]

        def most(outcome: Outcome) -> tuple[tuple[Entry, int], ...]:
            found = ((find(id_), number) for (of, id_), number in by_entry.most_common() if of is outcome)
            # What has been removed since is not to be mended.
            return tuple((entry, number) for entry, number in found if entry is not None)[:_NAMED]

        return cls(
            tuple((monday, tuple(by_week[monday, outcome] for outcome in _OUTCOMES)) for monday in mondays),
            most(Outcome.ANSWER),
            most(Outcome.UNKNOWN),
            tuple(sorted(groups, key=lambda group: -len(group.questions)))[:_NAMED],
        )

    @property
    def totals(self) -> tuple[int, ...]:
        """How many questions got an answer, a choice, and none, in all these weeks."""
        return tuple(map(sum, zip(*(numbers for _, numbers in self.weeks), strict=True)))


def stats_reply(stats: Stats, words: EditorWords) -> Reply:
    """Tell in words all that the picture shows, and what is asked most."""
    total = sum(stats.totals)
    lines = [_told(words.stats_total, stats.totals, words)] if total else [words.stats_empty]
    if total:
        lines += [
            words.stats_week.format(week=week.isoformat(), numbers=_told(words.stats_line, numbers, words))
            for week, numbers in stats.weeks[::-1]
            if sum(numbers)
        ]
    parts = (
        (words.stats_unanswered, [_asked(words.stats_unknown, *asked) for asked in stats.unanswered]),
        (words.stats_waiting, [_waits(group, words) for group in stats.waiting]),
        (words.stats_answered, [_asked(words.stats_asked, *asked) for asked in stats.answered]),
    )
    for title, asked in parts:
        if asked:
            lines += ["", f"**{title}**", *asked]
    title = words.stats_title.format(date=stats.weeks[0][0].isoformat())
    text = limits.cut("\n".join(lines), limits.EMBED_DESCRIPTION)
    return Reply(discord.Embed(title=title, description=text, colour=GREEN), f"**{title}**\n{text}")


def stats_picture(stats: Stats) -> Callable[[], bytes]:
    """Give what draws the weeks; the words in it are English, which every font can draw."""
    words = EDITOR_ENGLISH
    title = words.stats_title.format(date=stats.weeks[0][0].isoformat())
    legend = (words.stats_answers, words.stats_choices, words.stats_none)
    return partial(bars, title, legend, [Bar(f"{week.day} {week:%b}", numbers) for week, numbers in stats.weeks])


def _told(pattern: str, numbers: Sequence[int], words: EditorWords) -> str:
    total = sum(numbers)
    share = f"{100 * numbers[0] / total:.0f}"
    names = (words.stats_answers, words.stats_choices, words.stats_none)
    told = words.stats_join.join(f"{name} {number:,}" for name, number in zip(names, numbers, strict=True))
    return pattern.format(total=f"{total:,}", told=told, share=share)


def _asked(pattern: str, entry: Entry, number: int) -> str:
    return pattern.format(question=on_one_line(entry.phrasings[0], _QUESTION), count=f"{number:,}", id=entry.id)


def _waits(group: QuestionGroup, words: EditorWords) -> str:
    question = on_one_line(group.latest.question, _QUESTION)
    return words.stats_waits.format(question=question, count=f"{len(group.questions):,}")
