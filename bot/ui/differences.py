"""What a change did to a fact or known unknown, line by line, as editors read it."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from bot.ui import limits
from bot.ui.embeds import escaped, on_one_line

if TYPE_CHECKING:
    from bot.ui.editor_words import EditorWords

# Of a text, so many characters are shown; around a changed word, so many words that have not changed.
_SHOWN = 700
_CONTEXT = 6
# Of questions that came or went, so many are shown.
_QUESTIONS = 6
_QUESTION = 120
_WORD = re.compile(r"\s*\S+")
_GAP = " … "
_CAME, _WENT = "+ “{question}”", "− “{question}”"


def change_lines(before: dict[str, Any] | None, after: dict[str, Any] | None, words: EditorWords) -> list[str]:
    """Tell what parts two states of an entry, as revisions keep them; None where it was not or is not there."""
    if before is None or after is None:
        return [on_one_line(_head(after or before or {}), _SHOWN)] if after is not None else []
    lines = []
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if name == "questions":
            lines += _questions(was or [], now or [], words)
        else:
            told = text_difference(_plain(was), _plain(now))
            lines.append(f"{words.input_name(name)}: {told}")
    return lines


def text_difference(before: str, after: str) -> str:
    """Show one text with what went struck out and what came in bold; long stretches between are left out."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    parts = []
    opcodes = difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()
    for place, (kind, a_from, a_to, b_from, b_to) in enumerate(opcodes):
        if kind == "equal":
            parts.append(_kept(old[a_from:a_to], first=place == 0, last=place == len(opcodes) - 1))
            continue
        if gone := _joined(old[a_from:a_to]):
            parts.append(f"~~{gone}~~")
        if come := _joined(new[b_from:b_to]):
            parts.append(f"**{come}**")
    return limits.cut(" ".join(filter(None, parts)), _SHOWN)


def _kept(run: list[str], *, first: bool, last: bool) -> str:
    if len(run) <= 2 * _CONTEXT:
        return _joined(run)
    head = "" if first else _joined(run[:_CONTEXT])
    tail = "" if last else _joined(run[-_CONTEXT:])
    return f"{head}{_GAP}{tail}".strip()


def _joined(run: list[str]) -> str:
    return escaped("".join(run).strip())


def _questions(was: list[str], now: list[str], words: EditorWords) -> list[str]:
    lines = []
    for pattern, questions in (
        (_CAME, [question for question in now if question not in was]),
        (_WENT, [question for question in was if question not in now]),
    ):
        lines += [pattern.format(question=on_one_line(question, _QUESTION)) for question in questions[:_QUESTIONS]]
        if len(questions) > _QUESTIONS:
            lines.append(f"{pattern[0]} {words.and_more.format(count=len(questions) - _QUESTIONS)}")
    return lines or [words.questions_moved]


def _head(form: dict[str, Any]) -> str:
    return str(form.get("statement") or form.get("say") or next(iter(form.get("questions", ())), ""))


def _plain(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write a value of a form in words: a source as “publisher: CNN; url: …”."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(inner) for inner in value)
    return "" if value is None else str(value)
