"""Question sets and their figures: how often the answers are right, wrong, offered or declined.

The format, the classes and the verdicts are those of the design (section 5).
"""

from __future__ import annotations

import enum
import json
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from facts.errors import QuestionSetError
from facts.forms import describe_faults
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from facts.engine import Answer, AnswerEngine
    from facts.entities import SavedTest


class QuestionClass(enum.StrEnum):
    """What kind of question a line is, which says what is right for it."""

    ANSWERABLE = "answerable"
    FOLLOWUP = "followup"
    NEAR_MISS = "near_miss"
    FALSE_PREMISE = "false_premise"
    OUT_OF_DOMAIN = "out_of_domain"
    CHATTER = "chatter"


class Verdict(enum.StrEnum):
    """How a reply is judged."""

    CORRECT = "correct"
    OFFERED = "offered"
    WRONG = "wrong"
    DECLINED = "declined"


class Question(BaseModel):
    """One line of a question set. Other keys (notes of its authors) are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    class_: Annotated[QuestionClass, Field(alias="class")]
    question: str
    context: str | None = None
    must: tuple[tuple[str, ...], ...] = ()
    must_not: tuple[str, ...] = ()
    fact: str | None = None

    def passes(self, text: str, first_fact: str | None) -> bool:
        """Tell whether a reply holds what it must: one string of every group and none of the forbidden, or the fact.

        A line that names neither strings nor a fact demands nothing that a reply could pass by.
        """
        if self.fact is not None and first_fact == self.fact:
            return True
        folded = text.casefold()
        if not self.must or any(wrong.casefold() in folded for wrong in self.must_not):
            return False
        return all(any(right.casefold() in folded for right in group) for group in self.must)


@dataclass(frozen=True, slots=True)
class Item:
    """One question, what it got, and the verdict."""

    question: Question
    answer: Answer
    text: str
    verdict: Verdict
    seconds: float


@dataclass(slots=True)
class Report:
    """The figures of one run."""

    items: list[Item] = field(default_factory=list)

    def counts(self) -> dict[QuestionClass, Counter[Verdict]]:
        """Give the number of verdicts for each class that occurs, in the order of the classes."""
        counts: dict[QuestionClass, Counter[Verdict]] = {}
        for class_ in QuestionClass:
            verdicts = Counter(item.verdict for item in self.items if item.question.class_ is class_)
            if verdicts:
                counts[class_] = verdicts
        return counts

    def share(self, class_: QuestionClass, verdict: Verdict) -> float:
        """Give the share, 0 to 1, of a class's questions with this verdict; 0 for a class that does not occur."""
        verdicts = self.counts().get(class_, Counter[Verdict]())
        return verdicts[verdict] / verdicts.total() if verdicts else 0.0

    def milliseconds(self) -> dict[str, float]:
        """Give the median, 95th and 99th percentile of the time for one answer, in milliseconds."""
        times = [item.seconds * 1000 for item in self.items]
        if len(times) < 2:  # noqa: PLR2004 - quantiles need two
            times = times * 2 or [0.0, 0.0]
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        return {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98]}

    def as_json(self) -> dict[str, Any]:
        """Give the figures as the contract of ``evaluate --json`` has them."""
        return {
            "classes": {
                class_.value: {"n": verdicts.total(), **{v.value: verdicts[v] for v in Verdict}}
                for class_, verdicts in self.counts().items()
            },
            "items": [
                {
                    "id": item.question.id,
                    "outcome": item.answer.outcome.value,
                    "facts": [fact.id for fact in item.answer.facts],
                    "text": item.text,
                    "verdict": item.verdict.value,
                }
                for item in self.items
            ],
            "timing": {name: round(value, 3) for name, value in self.milliseconds().items()},
        }


def read_questions(text: str) -> list[Question]:
    """Read a question set, one JSON object a line; blank lines are passed over.

    Raises:
        QuestionSetError: with every faulty line.
    """
    questions, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            questions.append(Question.model_validate(json.loads(line)))
        except (json.JSONDecodeError, RecursionError) as error:
            faults.append(f"line {number}: not valid JSON: {error}")
        except ValidationError as error:
            faults.extend(
                f"line {number}, {'.'.join(map(str, where))}: {what}" for where, what in describe_faults(error)
            )
    if not questions and not faults:
        faults.append("it holds no question")
    if faults:
        raise QuestionSetError("The question set", faults)
    return questions


def saved_question(test: SavedTest) -> Question:
    """Give a server's saved test as a question of a set."""
    return Question.model_validate(
        {
            "id": f"saved-{test.id}",
            "class": QuestionClass.NEAR_MISS if test.fact_id is None else QuestionClass.ANSWERABLE,
            "question": test.question,
            "context": test.context,
            "fact": test.fact_id,
        }
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """A question that a change lets be answered differently: what it got, and what it would get."""

    before: Item
    after: Item

    @property
    def breaks(self) -> bool:
        """Whether it was right, and would be no longer."""
        return self.before.verdict is Verdict.CORRECT is not self.after.verdict


def differences(before: Report, after: Report) -> list[Difference]:
    """Give the questions that were answered by other facts, or are judged otherwise; first those right no longer.

    Args:
        before: what a set got.
        after: what the same set got after a change.
    """
    found = [
        Difference(*pair)
        for pair in zip(before.items, after.items, strict=True)
        if len({(item.verdict, item.answer.outcome, tuple(fact.id for fact in item.answer.facts)) for item in pair}) > 1
    ]
    return sorted(found, key=lambda difference: not difference.breaks)


def evaluate(
    engine: AnswerEngine,
    questions: Iterable[Question],
    render: Callable[[Answer], str],
    *,
    server_id: int | None = None,
) -> Report:
    """Ask every question and judge the replies.

    Args:
        engine: what is asked.
        questions: the set.
        render: gives an answer's whole reply as plain text.
        server_id: in which server; None for what all share.
    """
    report = Report()
    for question in questions:
        started = time.perf_counter()
        answer = engine.ask(
            question.question,
            server_id=server_id,
            context=question.context,
            addressed=question.class_ is not QuestionClass.CHATTER,
        )
        seconds = time.perf_counter() - started
        text = render(answer)
        report.items.append(Item(question, answer, text, _judge(question, answer, text, render), seconds))
    return report


def _judge(question: Question, answer: Answer, text: str, render: Callable[[Answer], str]) -> Verdict:
    match question.class_:
        case QuestionClass.CHATTER:
            return Verdict.CORRECT if answer.outcome is Outcome.IGNORED else Verdict.WRONG
        case QuestionClass.NEAR_MISS | QuestionClass.OUT_OF_DOMAIN:
            return Verdict.WRONG if answer.outcome is Outcome.ANSWER else Verdict.CORRECT
        case QuestionClass.FALSE_PREMISE:
            folded = text.casefold()
            confirmed = any(wrong.casefold() in folded for wrong in question.must_not)
            return Verdict.WRONG if confirmed else Verdict.CORRECT
    if answer.outcome is Outcome.ANSWER:
        # Behind the newest, the one that it supersedes: whoever asked for that has got it.
        told = [answer.facts[0], *(fact for fact in answer.facts[1:2] if fact.superseded_by)]
        return Verdict.CORRECT if any(question.passes(text, fact.id) for fact in told) else Verdict.WRONG
    if answer.outcome is Outcome.CHOICES and any(_choice_passes(question, answer, i, render) for i in range(3)):
        return Verdict.OFFERED
    return Verdict.DECLINED


def _choice_passes(question: Question, answer: Answer, place: int, render: Callable[[Answer], str]) -> bool:
    """Tell whether the choice at this place, once taken, would pass."""
    if place >= len(answer.facts):
        return False
    fact = answer.facts[place]
    taken = replace(answer, outcome=Outcome.ANSWER, facts=(fact,), related=())
    return question.passes(render(taken), fact.id)
