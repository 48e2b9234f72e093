"""A busy evening: people in many servers ask, press, type, and edit facts, over a fake Discord."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bot.fake_discord import FORM
from tests.bot.fake_people import Person, any_button, buttons, found_server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bot.fake_discord import Act, FakeDiscord, Json

# What people do, and how often in a hundred times.
MIX = {"mention": 49, "slash": 25, "press": 15, "type": 10, "edit": 1}
COLOURS = ("red", "green", "blue", "white", "black")
# Each server's editor keeps so many facts, and edits one after the other.
LOCKERS = 5
PATIENCE_S = 10.0


@dataclass
class Measured:
    """What was done of one kind: how long each took from the event to the reply, in seconds, and what had none."""

    seconds: list[float] = field(default_factory=list)
    unanswered: int = 0


class Traffic:
    """People in servers, and what they have got."""

    def __init__(
        self,
        fake: FakeDiscord,
        questions: Sequence[str],
        *,
        servers: int,
        members: int,
        channels: int = 1,
        seed: int,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Found the servers; the bot joins them when it joins Discord.

        Args:
            fake: the Discord.
            questions: what people ask.
            servers: how many servers.
            members: how many people in all; each server has an editor besides.
            channels: how many channels each server has.
            seed: the chance.
            patience_s: whoever has waited so long has had no answer, in seconds.
        """
        self._patience_s = patience_s
        self._chance = random.Random(seed)  # noqa: S311 - to be random, not secret
        self._questions = questions
        places = [found_server(fake, channels=channels) for _ in range(servers)]
        self._members = itertools.cycle(
            [
                Person(fake, fake.new_id(), places[number % servers][number // servers % channels])
                for number in range(members)
            ]
        )
        self.editors = [Person(fake, fake.new_id(), of_server[0], is_editor=True) for of_server in places]
        self._editing = {editor.id: asyncio.Lock() for editor in self.editors}
        self._shown: list[tuple[Person, Json]] = []
        self.measured: dict[str, Measured] = {}
        # What each editor's facts were made to say, in order, and how far that is confirmed.
        self.said: dict[tuple[str, str], list[str]] = {}
        self.confirmed: dict[tuple[str, str], int] = {}
        self.refused: Counter[str] = Counter()
        # Forms that may not have been sent: the bot waits for them for a while.
        self.forms_left = 0

    def any_kind(self) -> str:
        """Give something that people do, by chance."""
        return self._chance.choices(list(MIX), list(MIX.values()))[0]

    async def flow(self, rate: float, seconds: float, clock: Callable[[], float]) -> None:
        """Let people do things, so many a second on average, for so long; then wait for what they get.

        Args:
            rate: how many a second; they come by chance, as people do.
            seconds: how long.
            clock: gives the time, in seconds.
        """
        doing: set[asyncio.Task[None]] = set()
        end = next_at = clock()
        end += seconds
        while next_at < end:
            next_at += self._chance.expovariate(rate)
            await asyncio.sleep(max(0.0, next_at - clock()))
            task = asyncio.create_task(self.do(self.any_kind()))
            doing.add(task)
            task.add_done_callback(doing.discard)
        await asyncio.gather(*doing)

    async def do(self, kind: str) -> None:
        """Let somebody do something, and measure how long they wait."""
        measured = self.measured.setdefault(kind, Measured())
        try:
            act = await getattr(self, f"_{kind}")()
        except TimeoutError:
            measured.unanswered += 1
            return
        if act is not None:
            measured.seconds.append(act.answered_at - act.began)

    async def _mention(self) -> Act:
        person = next(self._members)
        act = await person.mention(self._chance.choice(self._questions))
        self._remember(person, await act.message(self._patience_s))
        return act

    async def _slash(self) -> Act:
        person = next(self._members)
        act = await person.slash("ask", question=self._chance.choice(self._questions))
        self._remember(person, await act.message(self._patience_s))
        return act

    def _remember(self, person: Person, message: Json) -> None:
        if buttons(message):
            self._shown.append((person, message))
            del self._shown[:-50]

    async def _press(self) -> Act | None:
        if not self._shown:
            return None
        person, message = self._shown.pop(self._chance.randrange(len(self._shown)))
        custom_id = any_button(message, self._chance)
        if custom_id is None:
            return None
        act = await person.presses(message, custom_id)
        async with asyncio.timeout(self._patience_s):
            await act.answer
        return act

    async def _type(self) -> Act:
        text = self._chance.choice(self._questions)
        act = await next(self._members).types("ask", "question", text[: self._chance.randint(1, 12)])
        await act.message(self._patience_s)
        return act

    async def _edit(self) -> Act | None:
        """Edit a fact as an editor does: open the form, send it, look at the preview, save."""
        editor = self._chance.choice(self.editors)
        if self._editing[editor.id].locked():
            return None
        async with self._editing[editor.id]:
            number = self._chance.randrange(LOCKERS)
            key = (editor.place.guild_id, f"locker-{number}")
            is_new = key not in self.confirmed
            self.forms_left += 1
            first = await editor.slash("facts add" if is_new else "facts edit", id=key[1])
            async with asyncio.timeout(self._patience_s):
                answer = await asyncio.shield(first.answer)
            if answer["type"] != FORM:
                self.forms_left -= 1
                self.refused["no form"] += 1
                return first
            said = self.said.setdefault(key, [])
            said.append(f"Locker {number} is {COLOURS[len(said) % len(COLOURS)]}, says note {len(said)}.")
            changes = {"statement": said[-1]}
            if is_new:
                changes |= {
                    "questions": f"What colour is locker {number}?\nwhich colour has locker {number}",
                    "topic": "lockers",
                    "source": "publisher: The list of lockers",
                }
            preview = await (await editor.submits(first, **changes)).message(self._patience_s)
            self.forms_left -= 1
            save = buttons(preview).get("Save")
            if save is None:
                self.refused["no preview"] += 1
                return first
            done = await (await editor.presses(preview, save)).message(self._patience_s)
            if re.search(rf"Saved\. `{key[1]}`", str(done)):
                self.confirmed[key] = len(said) - 1
            else:
                self.refused["not saved"] += 1
            return first
