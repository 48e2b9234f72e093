"""Quality and speed of the matching beside what people would use instead: same phrasings, questions and run.

Run with ``make bench``, which writes ``benchmarks/results/``: a table and two plots. ``make bench-encoder`` takes the
sentence encoder along, whose packages are large. Every peer gets the one threshold that suits it best: the lowest at
which it answers at most ``NEAR_MISSES`` of the tuning set's near misses. It is measured on the held-out set.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks import scale
from benchmarks.peers import PEERS, available
from facts.engine import AnswerEngine
from facts.evaluation import Question, QuestionClass, read_questions
from facts.matching.decision import ANSWER_THRESHOLD, Outcome
from facts.packs import shipped_packs

if TYPE_CHECKING:
    from benchmarks.peers import Peer

RESULTS = Path(__file__).parent / "results"
SETS = Path("tests/questions")
NEAR_MISSES = 0.04
UNANSWERABLE = {QuestionClass.NEAR_MISS, QuestionClass.FALSE_PREMISE, QuestionClass.OUT_OF_DOMAIN}
PACKAGES = ("rapidfuzz", "numpy", "bm25s", "scikit-learn", "sentence-transformers", "torch")
TIANWEN = "Tianwen"
# The largest store on which a peer is asked; the others take seconds a question or minutes to build.
PEER_LIMITS = {"BM25 (bm25s)": 100_000, "character TF-IDF, nearest": 100_000, "linear SVM, words and letters": 1_000}


@dataclass(frozen=True, slots=True)
class Row:
    """One way of matching: shares from 0 to 1, and the median time of one question."""

    name: str
    first: float
    right: float
    wrong: float
    near_misses: float
    milliseconds: float


class Article:
    """The article's entries, and whether a fact answers a question."""

    def __init__(self) -> None:
        self.engine = AnswerEngine.of_packs(shipped_packs())
        self.engine.learn()
        entries = [("fact:" + f.id, f.phrasings) for f in self.engine.facts()]
        entries += [("unknown:" + u.id, u.phrasings) for u in self.engine.unknowns()]
        self.phrasings = [phrasing for _, phrasings in entries for phrasing in phrasings]
        self.keys = [key for key, phrasings in entries for _ in phrasings]

    def answers(self, key: str, question: Question) -> bool:
        """Tell whether the entry with this key is a right answer."""
        if not key.startswith("fact:"):
            return False
        fact = self.engine.fact(key)
        return question.passes(fact.statement, fact.id)

    def tianwen(self, question: str) -> tuple[str, float]:
        """Answer like a peer: the first fact, as sure as it is; below the threshold if it does not answer."""
        answer = self.engine.ask(question)
        why = answer.why[0]
        key = "fact:" + answer.facts[0].id if answer.facts else "unknown:"
        if answer.outcome is Outcome.ANSWER:
            return key, max(why.confidence, ANSWER_THRESHOLD)
        return key, min(why.confidence, ANSWER_THRESHOLD - 0.001)


def threshold(peer: Peer, questions: list[Question]) -> float:
    """Give the lowest threshold at which the peer answers few enough of the near misses."""
    found = [peer(question.question) for question in questions if question.class_ is QuestionClass.NEAR_MISS]
    scores = sorted((score if key.startswith("fact:") else float("-inf") for key, score in found), reverse=True)
    return scores[int(NEAR_MISSES * len(scores))] + 1e-9


def measure(article: Article, name: str, peer: Peer, at: float, questions: list[Question]) -> Row:
    """Ask a peer every question."""
    seconds: list[float] = []
    counts = dict.fromkeys(("first", "right", "wrong", "near"), 0)
    total = {class_: sum(question.class_ is class_ for question in questions) for class_ in QuestionClass}
    for question in questions:
        started = time.perf_counter()
        key, score = peer(question.question)
        seconds.append(time.perf_counter() - started)
        answered = key.startswith("fact:") and score >= at
        if question.class_ is QuestionClass.ANSWERABLE:
            fits = article.answers(key, question)
            counts["first"] += fits
            counts["right"] += answered and fits
            counts["wrong"] += answered and not fits
        elif question.class_ is QuestionClass.NEAR_MISS:
            counts["near"] += answered
    answerable = total[QuestionClass.ANSWERABLE]
    return Row(
        name,
        counts["first"] / answerable,
        counts["right"] / answerable,
        counts["wrong"] / answerable,
        counts["near"] / total[QuestionClass.NEAR_MISS],
        statistics.median(seconds) * 1000,
    )


def quality() -> list[Row]:
    """Measure Tianwen and every peer that is installed on the held-out questions."""
    article = Article()
    tune, held = (read_questions((SETS / f"{name}.jsonl").read_text("utf-8")) for name in ("tune", "held"))
    classes = UNANSWERABLE | {QuestionClass.ANSWERABLE}
    tune, held = ([q for q in questions if q.class_ in classes] for questions in (tune, held))
    rows = [measure(article, TIANWEN, article.tianwen, ANSWER_THRESHOLD, held)]
    for name, make in available().items():
        peer = make(article.phrasings, article.keys)
        rows.append(measure(article, name, peer, threshold(peer, tune), held))
    return rows


def peer_times(name: str, size: int) -> float:
    """Give a peer's median time for one question on a store of this many phrasings, in milliseconds."""
    from benchmarks.stores import entries, questions  # noqa: PLC0415 - only the processes that need it

    pairs = [(phrasing, key) for key, phrasings in entries(size) for phrasing in phrasings]
    peer = PEERS[name]([phrasing for phrasing, _ in pairs], [key for _, key in pairs])
    seconds: list[float] = []
    for question in questions(scale.PEER_QUESTIONS):
        scale.timed(seconds, peer, question)
    return statistics.median(seconds) * 1000


def machine() -> str:
    """Describe the machine and the versions."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return f"Python {platform.python_version()}, {model}, {os.cpu_count()} processors; {', '.join(found)}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines() if Path(path).exists() else []


def plot_quality(rows: list[Row]) -> None:
    """Plot right answers against the time for one."""
    figure, axes = plt.subplots(figsize=(8, 5))
    for row in rows:
        axes.scatter(row.milliseconds, row.right * 100, s=60, color="tab:red" if row.name == TIANWEN else "tab:blue")
        axes.annotate(row.name, (row.milliseconds, row.right * 100), xytext=(6, 5), textcoords="offset points")
    axes.set(xscale="log", xlabel="milliseconds a question (median)", ylabel="% of answerable questions right at once")
    axes.set_title("At the threshold where at most 4 % of the tuning near misses are answered")
    axes.margins(0.2)
    figure.tight_layout()
    figure.savefig(RESULTS / "quality.png", dpi=110)


def plot_scale(sizes: list[dict[str, object]], peers: dict[str, dict[int, float]]) -> None:
    """Plot the time for a question against the size of the store."""
    figure, axes = plt.subplots(figsize=(8, 5))
    x = [int(str(size["phrasings"])) for size in sizes]
    y = [size["question"]["p50_ms"] for size in sizes]  # type: ignore[index]
    axes.plot(x, y, "o-", color="tab:red", label=TIANWEN)
    for name, times in peers.items():
        axes.plot(list(times), list(times.values()), "o--", alpha=0.7, label=name)
    axes.set(xscale="log", yscale="log", xlabel="phrasings in the store", ylabel="milliseconds a question (median)")
    axes.legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "scale.png", dpi=110)


def table(rows: list[Row]) -> list[str]:
    """Give the table of qualities in Markdown."""
    lines = [
        "| way | right fact first | right at once | wrong | near misses answered | ms a question |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {r.name} | {r.first:.0%} | {r.right:.0%} | {r.wrong:.0%} | {r.near_misses:.0%} | {r.milliseconds:.2f} |"
        for r in rows
    ]
    return lines


def scale_table(sizes: list[dict[str, object]], peers: dict[str, dict[int, float]]) -> list[str]:
    """Give the table of times by size in Markdown."""
    lines = [
        "| phrasings | p50 ms | p95 ms | p99 ms | first, p50 ms | build s | learn s | bytes a phrasing | change ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for size in sizes:
        question, first, change = size["question"], size["first_time"], size["change"]
        assert isinstance(first, dict)
        assert isinstance(question, dict)
        assert isinstance(change, dict)
        times = " | ".join(f"{question[key]:.2f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
        lines.append(
            f"| {size['phrasings']:,} | {times} | {first['p50_ms']:.1f} | {size['build_s']:.1f} | {size['learn_s']:.0f}"
            f" | {size['bytes_a_phrasing']:.0f} | {change['p50_ms']:.1f} |"
        )
    lines += [
        "",
        f"Beyond {scale.LEARNT_LIMIT:,} phrasings, learning is timed on {scale.LEARNT_SAMPLE} entries and reckoned up;",
        "memory is then that of the counted part, and a first question waits for what it finds to learn (the bot does",
        "not wait, but goes by an estimate).",
        "",
        "Median milliseconds a question of the peers, by phrasings:",
        "",
    ]
    lines += [
        f"- {name}: " + ", ".join(f"{at:,}: {ms:.1f}" for at, ms in times.items()) for name, times in peers.items()
    ]
    return lines


def in_own_process(*arguments: str) -> str:
    """Run this module in a process of its own, and give what it prints."""
    command = [sys.executable, "-m", "benchmarks.matching", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    if sys.argv[1:2] == ["peer"]:
        print(peer_times(sys.argv[2], int(sys.argv[3])))
        return
    mpl.use("agg")
    sizes_wanted = [int(argument) for argument in sys.argv[1:]] or list(scale.SIZES)
    rows = quality()
    print("\n".join(table(rows)))
    sizes = [scale.in_own_process(size) for size in sizes_wanted]
    peers = {
        name: {size: float(in_own_process("peer", name, str(size))) for size in sizes_wanted if size <= limit}
        for name in available()
        if (limit := PEER_LIMITS.get(name, scale.PEER_LIMIT))
    }
    RESULTS.mkdir(exist_ok=True)
    lines = ["# Matching: quality and speed", "", f"Written by `make bench`. {machine()}.", "", *table(rows), ""]
    lines += ["![quality](quality.png)", "", *scale_table(sizes, peers), "", "![scale](scale.png)", ""]
    (RESULTS / "matching.md").write_text("\n".join(lines), "utf-8")
    (RESULTS / "matching.json").write_text(
        json.dumps(
            {"machine": machine(), "quality": [asdict(r) for r in rows], "scale": sizes, "peers": peers}, indent=1
        )
        + "\n",
        "utf-8",
    )
    plot_quality(rows)
    plot_scale(sizes, peers)
    print(f"Written to {RESULTS}")


if __name__ == "__main__":
    main()
