"""The chat in the terminal."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot.chat import ChatSession, answer_panel, chat, why_text
from bot.ui import words
from bot.ui.text import answer_text
from facts.engine import AnswerEngine
from facts.entities import Fact
from facts.matching.decision import Outcome
from tests.conftest import ROOT
from tests.facts.test_matching import FACTS, NAMES, UNKNOWN, fact

HALLS = [
    fact("red", "opening of the red hall", statement="At nine."),
    fact("blue", "opening of the blue hall", statement="At ten."),
]


@pytest.fixture
def club() -> AnswerEngine:
    return AnswerEngine.of([*HALLS, *FACTS], [UNKNOWN], NAMES)


def shown(session: ChatSession, line: str) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(answer_panel(session.reply(line)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_number_picks_one_of_the_choices(club: AnswerEngine) -> None:
    session = ChatSession(club)
    offered = session.reply("opening of the hall")
    assert offered.outcome is Outcome.CHOICES
    picked = session.reply("2")
    assert (picked.outcome, picked.facts) == (Outcome.ANSWER, (offered.facts[1],))


def test_small_talk_gets_a_word_and_a_follow_up_still_leans_on_the_question_before(club: AnswerEngine) -> None:
    session = ChatSession(club)
    session.reply("where is the garden?")
    for line, said in (("hello", words.ENGLISH.hello), ("thanks!", words.ENGLISH.welcome), ("no", words.ENGLISH.sorry)):
        assert said.split(".")[0] in shown(session, line)
    assert [f.id for f in session.reply("and how big is it?").facts] == ["garden"]


@pytest.mark.parametrize("line", ["0", "9", "-1", "²", "99999999999999999999"])
def test_a_number_without_a_choice_is_no_error(club: AnswerEngine, line: str) -> None:
    session = ChatSession(club)
    session.reply("opening of the hall")
    assert session.reply(line).outcome in Outcome


def test_a_follow_up_leans_on_the_last_question_and_on_the_choice_made(club: AnswerEngine) -> None:
    session = ChatSession(club)
    session.reply("where is the garden?")
    assert [f.id for f in session.reply("and how big is it?").facts] == ["garden"]


def test_every_outcome_is_shown_whole(club: AnswerEngine) -> None:
    session = ChatSession(club)
    assert "So it is." in shown(session, "who leads the club")
    assert "The Club, headline unknown  [president]" in shown(session, "who leads the club")
    choices = shown(session, "opening of the hall")
    assert words.ENGLISH.choices in choices
    assert "2  opening of the" in choices
    assert "Not told." in shown(session, "where can i park")
    assert words.ENGLISH.not_known in shown(session, "best pizza in town")


def test_markup_in_facts_is_shown_as_it_is() -> None:
    odd = fact("odd", "what is odd", "odd thing", "oddity", statement="[bold]not bold[/bold] [/] **stars**")
    session = ChatSession(AnswerEngine.of([odd, *FACTS]))
    assert "[bold]not bold[/bold] [/] **stars**" in shown(session, "what is odd")


def test_piped_lines_are_answered_in_plain_text_and_empty_ones_passed_over(
    club: AnswerEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    chat(club, io.StringIO("who leads the club\n\n   \nwhere can i park\n"))
    printed = capsys.readouterr().out.split("\n\n")
    assert printed[0] == "So it is.\nSource: The Club, headline unknown [president]"
    assert printed[1].startswith("Not told.")


def test_the_part_of_a_question_without_an_answer_is_told_too(club: AnswerEngine) -> None:
    question = "Who is the club's president and how tall is the eiffel tower?"
    assert answer_text(club.ask(question)).endswith(words.ENGLISH.rest_not_known)
    assert words.ENGLISH.rest_not_known in shown(ChatSession(club), question)


def test_two_facts_are_both_told_and_their_reasons_apart(club: AnswerEngine) -> None:
    answer = club.ask("Who is the club's president and when was the club founded?")
    assert answer_text(answer).count("Source: ") == 2
    assert "part 1:" in why_text(answer.why)
    assert "part 2:" in why_text(answer.why)


def test_a_person_at_a_terminal_sees_examples_asks_and_leaves(small_folder: Path) -> None:
    ours, theirs = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TIANWEN_", "DISCORD_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "chat"],
        cwd=small_folder,
        env=clean | {"PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    os.write(ours, b"how long is tianhe?\nquit\n")
    printed = b""
    try:
        while chunk := os.read(ours, 4096):
            printed += chunk
    except OSError:
        pass  # Linux tells the end of a terminal so.
    finally:
        os.close(ours)
    assert process.wait(timeout=30) == 0
    text = printed.decode()
    assert words.CHAT_GREETING in text
    assert "Tianhe is 16.6 metres (55 feet) long" in text
    assert "tianhe-length" in text


def test_a_chat_can_be_held_about_no_facts_at_all() -> None:
    session = ChatSession(AnswerEngine.of(list[Fact]()))
    assert words.ENGLISH.not_known in shown(session, "who is there?")
