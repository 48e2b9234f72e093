"""What stands in the inputs of an editor's form, and reading it: facts and known unknowns as short texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from facts.entities import Fact
from facts.errors import InvalidFactError
from facts.forms import describe_faults, entry_from_form, entry_to_form, source_to_form

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from bot.drafts import EntryDraft
    from bot.ui.editor_words import EditorWords
    from facts.entities import Entry, Source
    from facts.forms import Where

# Of an entry's questions, as many are shown as fit into so many characters; the others stay as they are.
QUESTIONS_SHOWN = 3_000
# The inputs of the form of a fact, and of that of a known unknown, in their order.
FACT_INPUTS = ("statement", "questions", "topic", "source", "dates")
UNKNOWN_INPUTS = ("questions", "say")
# The lines of an input that holds several things, each with the labels that are understood besides the shown one.
_SOURCE_LINES = {
    "publisher": ("出版者", "媒体"),
    "title": ("headline", "标题"),
    "authors": ("author", "by", "作者"),
    "published": ("date", "发表", "日期"),
    "url": ("link", "链接"),
    "locator": ("where", "place", "位置"),
}
_DATE_LINES = {
    "as of": ("as_of", "截至"),
    "review by": ("review_by", "复查"),
    "superseded by": ("superseded_by", "取代"),
}
_LABELLED = re.compile(r"\s*+([^\s:：][^:：]{0,19}?)\s*+[:：](?!//)\s*(.*)", re.DOTALL)
_AUTHOR_ENDS = re.compile(r"[;；]")
_LINK = re.compile(r"<?(https?://[^\s<>]+)>?\Z")


def texts_of(entry: Entry) -> dict[str, str]:
    """Write an entry as the texts of its form."""
    questions = "\n".join(shown_questions(entry.phrasings))
    if not isinstance(entry, Fact):
        return {"questions": questions, "say": entry.say or ""}
    return {
        "statement": entry.statement,
        "questions": questions,
        "topic": entry.topic,
        "source": source_text(entry.source, entry.locator),
        "dates": dates_text(entry.as_of, entry.review_by, entry.superseded_by),
    }


def dates_text(as_of: dt.date | None = None, review_by: dt.date | None = None, superseded_by: str | None = None) -> str:
    """Write the lines of the input of dates; what is not known stays empty."""
    values = (as_of, review_by, superseded_by)
    return "\n".join(f"{label}: {value or ''}".rstrip() for label, value in zip(_DATE_LINES, values, strict=True))


def source_text(source: Source | None, locator: str | None = None) -> str:
    """Write a source, and where in it, as the lines of its input; without a source, the labels alone."""
    form = source_to_form(source) if source is not None else {}
    values = form | {"authors": "; ".join(form.get("authors", ())), "locator": locator}
    return "\n".join(f"{label}: {values.get(label) or ''}".rstrip() for label in _SOURCE_LINES)


def entry_of(draft: EntryDraft, words: EditorWords) -> Entry:
    """Read a draft. What the form does not show of an earlier state, such as a milestone, stays as it was.

    Raises:
        InvalidFactError: something is missing or breaks the rules; the sentence tells all of it.
    """
    texts = draft.texts
    faults: list[str] = []
    questions = [line.strip() for line in texts.get("questions", "").splitlines() if line.strip()]
    form: dict[str, Any] = {"id": draft.entry_id, "questions": [*questions, *draft.hidden]}
    if draft.kind == "unknown":
        form["say"] = texts.get("say", "")
    else:
        source = _lines(texts.get("source", ""), _SOURCE_LINES, words, faults)
        dates = _lines(texts.get("dates", ""), _DATE_LINES, words, faults)
        kept = {name: (draft.seen or {}).get(name) for name in ("milestone", "measures")}
        form |= {name: value for name, value in kept.items() if value is not None}
        form |= {
            "statement": texts.get("statement", ""),
            "topic": texts.get("topic", ""),
            "locator": source.pop("locator", None),
            "as_of": dates.get("as of"),
            "review_by": dates.get("review by"),
            "superseded_by": dates.get("superseded by"),
        }
        if not source.get("publisher"):
            faults.append(words.no_source)
        authors = map(str.strip, _AUTHOR_ENDS.split(source.pop("authors", "")))
        form["source"] = source | {"authors": [author for author in authors if author]}
    try:
        entry = entry_from_form(form)
    except ValidationError as error:
        faults += [
            f"{_place(where, words)}: {what}" if where else what
            for where, what in describe_faults(error)
            if where[:2] != ("source", "publisher")
        ]
        entry = None
    if faults or entry is None:
        raise InvalidFactError("\n".join(f"- {fault}" for fault in dict.fromkeys(faults)))
    return entry


def _place(where: Where, words: EditorWords) -> str:
    """Say where in the form a fault is, as “questions, number 3”."""
    inner = (words.number.format(number=part + 1) if isinstance(part, int) else part for part in where[1:])
    return ", ".join((words.input_name(str(where[0])), *inner))


def hidden_questions(entry: Entry) -> tuple[str, ...]:
    """Give the questions of an entry for which its form has no room."""
    return entry.phrasings[len(shown_questions(entry.phrasings)) :]


def form_of(entry: Entry | None) -> dict[str, Any] | None:
    """Write what an editor has seen, JSON-ready."""
    return entry_to_form(entry) if entry is not None else None


def shown_questions(questions: Sequence[str], room: int = QUESTIONS_SHOWN) -> list[str]:
    """Give the first of these questions, as many as fit into so many characters; a line break would part one in two."""
    shown: list[str] = []
    for question in questions:
        room -= len(question) + 1
        if room < 0:
            break
        shown.append(" ".join(question.split()))
    return shown


def _lines(text: str, labels: Mapping[str, tuple[str, ...]], words: EditorWords, faults: list[str]) -> dict[str, str]:
    """Read labelled lines; a bare link is the URL, and the first line without a label what comes first."""
    known = {name: label for label, others in labels.items() for name in (label, *others)}
    found: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        match = _LABELLED.match(line)
        label = known.get(match[1].casefold()) if match else None
        value = match[2].strip() if match and label else line.strip()
        link = _LINK.match(value)
        if label is None and link is not None and "url" in labels:
            label = "url"
        elif label is None and match is None and _first(labels) not in found:
            label = _first(labels)
        if label is None or (value and label in found):
            faults.append(words.strange_line.format(line=line.strip(), labels=", ".join(f"{one}:" for one in labels)))
        elif value:
            found[label] = link[1] if label == "url" and link is not None else value
    return found


def _first(labels: Iterable[str]) -> str:
    return next(iter(labels))
