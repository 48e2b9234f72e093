"""The program ``tianwen``: its commands, and how its errors are told."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot import NEEDS_MENDING, __version__, cli_backup
from bot.chat import chat as open_chat
from bot.chat import why_text
from bot.cli_facts import facts
from bot.doctor import diagnose, misset
from bot.runtime import CommandError, advice_on, be_quiet, begin_logging, open_database, open_knowledge
from bot.settings import Settings, SettingsError, doubtful_settings, load_settings
from bot.ui.text import answer_text
from facts.engine import AnswerEngine
from facts.errors import DatabaseUnavailableError, DatabaseUrlError, SchemaMismatchError, TianwenError
from facts.evaluation import Verdict, evaluate, read_questions, saved_question
from facts.exchange import parse_exchange
from facts.packs import shipped_packs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from facts.engine import Answer
    from facts.entities import Fact
    from facts.evaluation import Question, Report

app = typer.Typer(
    name="tianwen",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="Look after the database's schema.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(facts, name="facts")
cli_backup.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tianwen {__version__}")  # noqa: T201
        raise typer.Exit


def main() -> None:
    """Run the program; an error that a person can mend is told in its own words, without a traceback."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # What a terminal has no sign for is a question mark, in either direction.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except DatabaseUnavailableError as error:
        advice = f"{advice_on(error)} “tianwen doctor” may tell more."
        print(f"tianwen: {error.sentence} {advice}", file=sys.stderr)  # noqa: T201
        raise SystemExit(NEEDS_MENDING if isinstance(error, DatabaseUrlError) else 1) from None
    except TianwenError as error:
        print(f"tianwen: {error.sentence}", file=sys.stderr)  # noqa: T201
        is_wrong = isinstance(error, (SettingsError, SchemaMismatchError))
        raise SystemExit(NEEDS_MENDING if is_wrong else 1) from None
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        sys.stderr.close()
        raise SystemExit(1) from None
    except OSError as error:
        print(f"tianwen: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answers questions about a news article from curated facts, with a source for every answer."""


@app.command()
def run() -> None:
    """Join Discord when DISCORD_TOKEN is set; else say so and open the chat here."""
    settings = load_settings()
    if settings.discord_token is None:
        print(  # noqa: T201
            "DISCORD_TOKEN is not set, so this is the chat in the terminal; README.md tells how to join Discord.",
            file=sys.stderr,
        )
        for doubtful in doubtful_settings():
            print(f"tianwen: {doubtful}", file=sys.stderr)  # noqa: T201
        _chat(settings)
        return
    # Imported here, since discord.py takes a while and only this command needs all of it.
    from bot.client import join_discord  # noqa: PLC0415

    begin_logging(settings)
    asyncio.run(join_discord(settings))


@app.command()
def chat() -> None:
    """Ask in the terminal; with piped input, one question a line."""
    _chat(load_settings())


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Tell how the answer was found.")] = False,
    context: Annotated[str | None, typer.Option(help="The question asked just before.")] = None,
) -> None:
    """Ask one question."""
    settings = load_settings()
    be_quiet(settings)
    answer = asyncio.run(_engine(settings)).ask(question, context=context)
    if as_json:
        _print_json(answer_json(answer) | ({"why": why_text(answer.why).splitlines()} if why else {}))
        return
    print(answer_text(answer))  # noqa: T201
    if why:
        print("\n" + why_text(answer.why))  # noqa: T201


@app.command(name="evaluate")
def evaluate_command(
    questions: Annotated[
        Path | None, typer.Argument(help="The question set, one JSON object a line; without it, a server's own tests.")
    ] = None,
    *,
    facts: Annotated[
        Path | None, typer.Option(help="Ask the facts of this exchange file instead of the article's.")
    ] = None,
    server: Annotated[
        int | None, typer.Option(min=1, max=2**63 - 1, metavar="ID", help="Ask the facts that this server sees.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    errors: Annotated[bool, typer.Option("--errors", help="List what was not right, and why.")] = False,
) -> None:
    """Ask every question of a set, and print how many were answered right."""
    asked = read_questions(_read(questions)) if questions is not None else []
    if server is not None and facts is None:
        engine, saved = asyncio.run(_of_server(load_settings(), server))
        asked = asked or saved
    elif questions is None or server is not None:
        raise CommandError("Give a question set, or --server without --facts for the tests that a server has saved.")
    elif facts is None:
        engine = AnswerEngine.of_packs(shipped_packs())
    else:
        exchange = parse_exchange(_read(facts), facts.name)
        engine = AnswerEngine.of(exchange.facts, exchange.unknowns, exchange.names)
    if not asked:
        raise CommandError("This server has saved no tests; give a question set.")
    engine.learn()
    report = evaluate(engine, asked, answer_text, server_id=server)
    if as_json:
        _print_json(report.as_json())
        return
    Console().print(report_table(report))
    if errors:
        _print_errors(report)


@app.command()
def doctor() -> None:
    """Check the settings, the database and the article, and tell what to do."""
    try:
        settings = load_settings()
    except SettingsError as error:
        findings = misset(error)
    else:
        be_quiet(settings)
        findings = asyncio.run(diagnose(settings))
    marks = {"✓": "+", "✗": "x"} if sys.stdout.encoding.casefold() == "ascii" else {}
    for finding in findings:
        print(f"{marks.get(finding.mark, finding.mark)} {finding.what}")  # noqa: T201
        if finding.remedy:
            print(f"    {finding.remedy}")  # noqa: T201
    if any(finding.failed for finding in findings):
        raise typer.Exit(1)


@app.command()
def invite(
    application_id: Annotated[
        int | None, typer.Option(min=1, help="The application's id; not needed when DISCORD_TOKEN is set.")
    ] = None,
) -> None:
    """Print the URL that invites the bot to a server, with the few permissions that it needs."""
    from bot.identity import application_id_of, invite_url  # noqa: PLC0415

    if application_id is None:
        token = load_settings().discord_token
        application_id = application_id_of(token.get_secret_value()) if token else None
    if application_id is None:
        raise SettingsError("Set DISCORD_TOKEN to a bot's token, or give --application-id (from the developer portal).")
    print(invite_url(application_id))  # noqa: T201


@app.command()
def sync() -> None:
    """Send the slash commands to Discord now, changed or not."""
    from bot.client import sync_commands  # noqa: PLC0415

    settings = load_settings()
    be_quiet(settings)
    count = asyncio.run(sync_commands(settings))
    print(f"{count} commands are now known to Discord.")  # noqa: T201


@app.command()
def tryout() -> None:
    """Talk to the bot in a simulated Discord, on a page of this computer: no token, no account."""
    try:
        from bot.tryout import try_out  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise CommandError(
            "The try-out needs packages of its own: use “make tryout”, or pip install 'tianwen[tryout]'."
        ) from error
    settings = load_settings()
    be_quiet(settings)
    asyncio.run(try_out(settings))


@db.command()
def upgrade() -> None:
    """Bring the schema up to date; an empty database gets all of it."""

    async def work(settings: Settings) -> str:
        async with open_database(settings) as database:
            before = (await database.schema()).current
            await database.upgrade()
            after = (await database.schema()).current
            return (
                f"The schema is {after}, as before."
                if before == after
                else f"The schema was {before or 'none'}, now {after}."
            )

    _print_work(work)


@db.command()
def current() -> None:
    """Tell which schema the database has, and which this program needs."""

    async def work(settings: Settings) -> str:
        async with open_database(settings) as database:
            state = await database.schema()
            return f"{database.description}: schema {state.current or 'none'}, needed {state.needed}"

    _print_work(work)


@db.command()
def check() -> None:
    """Check that the database's tables are those that this program knows."""

    async def work(settings: Settings) -> str:
        async with open_database(settings) as database:
            await database.require_schema()
            differences = await database.drift()
            if differences:
                raise CommandError(f"The tables differ from what this program knows: {', '.join(differences)}")
            return "The tables are as they should be."

    _print_work(work)


def answer_json(answer: Answer) -> dict[str, Any]:
    """Give an answer as the contract of ``ask --json`` has it."""
    return {
        "question": answer.question,
        "outcome": answer.outcome.value,
        "facts": [_fact_json(fact) for fact in answer.facts],
        "related": [fact.id for fact in answer.related],
        "text": answer_text(answer),
    }


def _fact_json(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "topic": fact.topic,
        "statement": fact.statement,
        "as_of": fact.as_of.isoformat() if fact.as_of else None,
        "locator": fact.locator,
        "source": {
            "title": fact.source.title,
            "publisher": fact.source.publisher,
            "published": fact.source.published.isoformat() if fact.source.published else None,
            "url": fact.source.url,
        },
    }


def report_table(report: Report) -> Table:
    """Give the figures of an evaluation as a table, with shares in per cent."""
    table = Table("class", "questions", *(verdict.value for verdict in Verdict))
    for column in table.columns[1:]:
        column.justify = "right"
    for class_, verdicts in report.counts().items():
        total = verdicts.total()
        cells = (f"{verdicts[v]}  {100 * verdicts[v] / total:3.0f} %" if verdicts[v] else "" for v in Verdict)
        table.add_row(class_.value, str(total), *cells)
    times = report.milliseconds()
    table.caption = "one question: " + ", ".join(f"{name[:3]} {value:.2f} ms" for name, value in times.items())
    return table


def _print_errors(report: Report) -> None:
    for item in report.items:
        if item.verdict is not Verdict.CORRECT:
            question = item.question
            wanted = question.fact or json.dumps(question.must, ensure_ascii=False)
            print(f"\n{question.id} {question.class_.value}: {item.verdict.value}: {question.question}")  # noqa: T201
            print(f"wanted       {wanted}\n{why_text(item.answer.why)}")  # noqa: T201


def _chat(settings: Settings) -> None:
    be_quiet(settings)
    open_chat(asyncio.run(_engine(settings)))


async def _of_server(settings: Settings, server_id: int) -> tuple[AnswerEngine, list[Question]]:
    """Give what answers in a server, and the tests that it has saved."""
    async with open_knowledge(settings) as knowledge:
        saved = await knowledge.saved_tests(server_id)
        await knowledge.prepare(server_id)
        return knowledge.engine, [saved_question(test) for test in saved]


async def _engine(settings: Settings) -> AnswerEngine:
    async with open_knowledge(settings) as knowledge:
        return knowledge.engine


def _print_work(work: Callable[[Settings], Coroutine[Any, Any, str]]) -> None:
    settings = load_settings()
    be_quiet(settings)
    print(asyncio.run(work(settings)))  # noqa: T201


def _print_json(data: dict[str, Any]) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))  # noqa: T201


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
