"""The chat in the terminal: a person types, or questions are piped in one a line."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from bot.ui.text import answer_text, choices_text, rest_text, source_line, talk_of, talk_text
from bot.ui.words import CHAT_GREETING, ENGLISH
from facts.engine import Answer
from facts.entities import KnownUnknown
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from rich.console import RenderableType

    from facts.engine import AnswerEngine, Reason

PROMPT = "you> "
_LEAVE = {"exit", "quit", "bye", ":q", "/quit", "/exit"}


class ChatSession:
    """One person's conversation: remembers the last question, and the choices that were offered."""

    def __init__(self, engine: AnswerEngine) -> None:
        """Talk to this engine."""
        self._engine = engine
        self._context: str | None = None
        self._offered: Answer | None = None

    def reply(self, line: str) -> Answer:
        """Give the answer to a line: to the question in it, or for a number, the choice with that number."""
        offered, self._offered = self._offered, None
        if offered is not None and line.strip().isdecimal():
            place = int(line) - 1
            if 0 <= place < len(offered.facts):
                chosen = offered.facts[place]
                self._context = chosen.canonical_question
                return replace(offered, outcome=Outcome.ANSWER, facts=(chosen,), related=())
        answer = self._engine.ask(line, context=self._context)
        talk = talk_of(answer)
        if talk is not None:
            said = KnownUnknown("small-talk", (line,), talk_text(talk, self._engine.examples()))
            return Answer(line, Outcome.UNKNOWN, unknown=said)
        self._context = answer.to_lean_on
        if answer.outcome is Outcome.CHOICES:
            self._offered = answer
        return answer


def chat(engine: AnswerEngine, source: TextIO | None = None, console: Console | None = None) -> None:
    """Talk until the input ends or the person leaves.

    Args:
        engine: what answers.
        source: where the lines come from, standard input if None; if it is no terminal, each is answered in plain text.
        console: where the answers go.
    """
    session = ChatSession(engine)
    source = source or sys.stdin
    if source is None:
        return  # Standard input is closed: there is nobody to talk to.
    if not source.isatty():
        for line in source:
            if line.strip():
                print(answer_text(session.reply(line.strip())), end="\n\n", flush=True)  # noqa: T201 - for pipes
        return
    console = console or Console()
    console.print(CHAT_GREETING, "For example:", style="bold")
    for fact in engine.examples():
        console.print(f"  {fact.canonical_question}", style="cyan", highlight=False)
    console.print("An empty line or “quit” ends.\n", style="dim")
    while True:
        try:
            line = console.input(PROMPT).strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if not line or line.casefold() in _LEAVE:
            return
        console.print(answer_panel(session.reply(line)))


def answer_panel(answer: Answer) -> RenderableType:
    """Give an answer for the terminal."""
    match answer.outcome:
        case Outcome.ANSWER:
            parts: list[RenderableType] = []
            for fact in answer.facts:
                if parts:
                    parts.append(Text())
                parts += [
                    Text(fact.statement, style="bold"),
                    Text(f"{source_line(fact)}  [{fact.id}]", style="dim"),
                ]
            if (rest := rest_text(answer)) is not None:
                parts += [Text(), Text(rest)]
            if answer.related:
                parts += [Text(), Text(ENGLISH.related, style="dim")]
                parts += [Text(f"  {fact.canonical_question}", style="dim") for fact in answer.related]
            return Panel(Group(*parts), border_style="green")
        case Outcome.CHOICES:
            lines = [Text(choices_text(answer))]
            lines += [Text(f"  {n}  {fact.canonical_question}", style="cyan") for n, fact in enumerate(answer.facts, 1)]
            return Panel(
                Group(*lines, Text("Type a number, or ask in other words.", style="dim")),
                border_style="yellow",
            )
        case _:
            lines = [Text(answer.say or ENGLISH.not_known)]
            if answer.related:
                lines.append(Text(ENGLISH.near, style="dim"))
                lines += [Text(f"  {fact.canonical_question}", style="cyan") for fact in answer.related]
            return Panel(Group(*lines), border_style="red")


def why_text(reasons: tuple[Reason, ...]) -> str:
    """Tell in plain text why a question got what it got, part by part."""
    lines: list[str] = []
    for number, reason in enumerate(reasons, 1):
        if len(reasons) > 1:
            lines.append(f"part {number}:")
        threshold = f"answers from {reason.threshold:.2f}"
        lines.append(f"outcome      {reason.outcome.value}, confidence {reason.confidence:.2f} ({threshold})")
        context = " (with the question before)" if reason.with_context else ""
        lines.append(f"read as      {' '.join(reason.words)}{context}")
        if reason.corrected:
            lines.append("spelling     " + ", ".join(f"{typed} → {term}" for typed, term in reason.corrected))
        lines.append("explained    " + (", ".join(reason.explained) or "nothing"))
        lines.append("left over    " + (", ".join(reason.unexplained) or "nothing"))
        for place, found in enumerate(reason.considered):
            label = "then" if place else "best"
            nearest = f"nearest “{found.phrasing}” {found.similarity:.2f}"
            lines.append(f"{label}         {found.id} {found.score:.2f}, {nearest}")
        if reason.evidence is not None:
            figures = asdict(reason.evidence).items()
            lines.append(
                "evidence     " + ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in figures)
            )
    return "\n".join(lines)
