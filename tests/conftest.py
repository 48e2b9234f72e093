"""Fixtures for all tests. Everything that knows simcord's own names stands in ``World`` and the fixtures around it."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import shutil
import sqlite3
import uuid
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import discord
import pytest
import pytest_asyncio
import simcord
import simcord._dpy_internals
import simcord.interactions
from filelock import FileLock
from hypothesis import HealthCheck, settings
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType
from sqlalchemy import make_url

from bot.client import Tianwen
from bot.cogs.upkeep import Upkeep
from bot.cooldowns import Cooldowns
from facts.database import Database
from facts.engine import AnswerEngine
from facts.entities import Author, Fact, Origin, Source
from facts.knowledge import KnowledgeBase
from facts.models import Base
from facts.packs import shipped_packs, shipped_tests

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from facts.engine import Answer
    from facts.entities import Pack

# Settling polls at this interval, in seconds; simcord's own 0.05 makes the suite about twice as slow.
(simcord.Env._settle_internal.__kwdefaults__ or {})["idle"] = 0.002
# At each of its polls it looks through the items of all views for one that a task waits for. The bot never waits for a
# view, and the timers of views tell what they are; without this, a fifth of the time in simulated servers goes there.
simcord._dpy_internals._stored_wait_futures = lambda client: set()  # noqa: ARG005 - by name
_is_timer_of_view = simcord._dpy_internals._view_timeout_task_identity
simcord._dpy_internals._view_timeout_task_identity = lambda client, task: (
    getattr(task.get_coro(), "__name__", "") == "__timeout_task_impl" and _is_timer_of_view(client, task)
)

# Examples are found anew in every run, but slowness of the machine is no failure.
settings.register_profile("tianwen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tianwen")

# Looking for cycles among all that the test tools keep alive takes a fifth of a run at Python's own thresholds.
gc.set_threshold(50_000, 20, 50)

POSTGRES = "TIANWEN_TEST_POSTGRES_URL"
ARTICLE_TESTS = 8
ROOT = Path(__file__).parents[1]
# No token of any bot: it only has the shape of one, for the application 123456789012345678.
WELL_SHAPED_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE." + "x" * 38


@pytest.fixture(scope="session")
def packs(made_once: MadeOnce) -> list[Pack]:
    packs: list[Pack] = made_once.value("packs.pickle", shipped_packs)
    return packs


@pytest.fixture(scope="session")
def article(packs: list[Pack]) -> Pack:
    return packs[0]


class MadeOnce:
    """Files that are costly to make: the worker that needs one first makes it, for all workers of a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, name: str, make: Callable[[Path], None]) -> Path:
        """Give the file with this name, made by now."""
        path = self._folder / name
        with FileLock(self._folder / f"{name}.lock"):
            if not path.exists():
                unfinished = self._folder / f"unfinished-{name}"
                make(unfinished)
                unfinished.rename(path)
        return path

    def value(self, name: str, make: Callable[[], object]) -> Any:
        """Give what was made, kept in the file with this name."""

        def keep(path: Path) -> None:
            path.write_bytes(pickle.dumps(make()))

        path = self.file(name, keep)
        return pickle.loads(path.read_bytes())  # noqa: S301

    def store(self, name: str, packs: list[Pack], **options: Any) -> Path:
        """Give a SQLite file, built by the migrations and holding these packs."""

        async def fill(path: Path) -> None:
            database = Database(f"sqlite+aiosqlite:///{path}")
            await database.upgrade()
            await KnowledgeBase.open(database, packs, **options)
            await database.close()

        return self.file(name, lambda path: asyncio.run(fill(path)))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MadeOnce:
    own = tmp_path_factory.getbasetemp()
    return MadeOnce(own if worker_id == "master" else own.parent)


@pytest.fixture(scope="session")
def empty_store(made_once: MadeOnce) -> Path:
    """A SQLite file, built by the migrations."""
    return made_once.store("empty.db", [])


@pytest.fixture(scope="session")
def filled_store(made_once: MadeOnce, packs: list[Pack]) -> Path:
    """A SQLite file, built by the migrations and holding the article."""
    return made_once.store("filled.db", packs)


@pytest.fixture(scope="session")
def small_store(made_once: MadeOnce, filled_store: Path) -> Path:
    """The same with the facts about the modules alone: for programs of their own, which start faster with it."""
    return made_once.file("small.db", lambda path: keep_modules(filled_store, path))


def keep_modules(filled: Path, path: Path) -> None:
    shutil.copy(filled, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM revisions")
        connection.execute("DELETE FROM facts WHERE topic <> 'modules'")
        connection.execute("DELETE FROM known_unknowns")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"


class Schema:
    """A schema of PostgreSQL of the tests' own."""

    def __init__(self, url: str) -> None:
        self._parsed = make_url(url)
        self.name = f"tianwen_{uuid.uuid4().hex[:12]}"
        self._built: object = None
        self.url = self._parsed.update_query_dict({"search_path": self.name}).render_as_string(hide_password=False)

    async def make(self) -> None:
        await self.run(f"CREATE SCHEMA {self.name}")

    async def drop(self) -> None:
        await self.run(f"DROP SCHEMA IF EXISTS {self.name} CASCADE")

    async def make_empty(self) -> None:
        """Empty its tables; where a test has changed the schema itself, it is built anew by the migrations."""
        if self._built is not None and await self._state() == self._built:
            # That is much faster than TRUNCATE, which makes new files for all tables and indexes.
            numbers = f"pg_class WHERE relkind = 'S' AND relnamespace = '{self.name}'::regnamespace"
            await self.run_all(
                *(emptied(f"{self.name}.{table}") for table in reversed(Base.metadata.sorted_tables)),
                f"PERFORM setval(oid, 1, false) FROM {numbers}",
            )
            return
        await self.drop()
        await self.make()
        database = Database(self.url)
        await database.upgrade()
        await database.close()
        self._built = await self._state()

    async def _state(self) -> object:
        """Give what changes with the schema: the numbers of its tables, indexes and constraints."""
        return await self.run(
            "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace($1)),"
            " (SELECT count(*) FROM pg_constraint WHERE connamespace = to_regnamespace($1))",
            self.name,
        )

    async def run_all(self, *statements: str) -> None:
        """Run these in one transaction."""
        await self.run(f"DO $$ BEGIN {'; '.join(statements)}; END $$")

    async def run(self, statement: str, *arguments: object) -> object:
        plain = self._parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        rows = await connection.fetch(statement, *arguments)
        await connection.close()
        return rows


def emptied(table: str, where: str = "true") -> str:
    """Give the statement that deletes rows of a table."""
    return f"DELETE FROM {table} WHERE {where}"  # noqa: S608 - names of our own


@pytest.fixture(scope="session")
def postgres_schema() -> Iterator[Schema]:
    """A schema that one test after another uses, built by the migrations, dropped at the end."""
    schema = Schema(set_postgres_url())
    yield schema
    asyncio.run(schema.drop())


@pytest_asyncio.fixture
async def postgres_url() -> AsyncIterator[str]:
    """The URL of an empty schema of this test's own, dropped at the end."""
    schema = Schema(set_postgres_url())
    await schema.make()
    yield schema.url
    await schema.drop()


def set_postgres_url() -> str:
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"{POSTGRES} is not set")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with nothing in it, of each kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def first_store(empty_store: Path) -> Path:
    """The SQLite file with which a test of the facts begins."""
    return empty_store


@pytest.fixture
def migrated_sqlite_url(sqlite_url: str, tmp_path: Path, first_store: Path) -> str:
    shutil.copy(first_store, tmp_path / "test.db")
    return sqlite_url


@pytest_asyncio.fixture
async def migrated_postgres_url(postgres_schema: Schema) -> str:
    await postgres_schema.make_empty()
    return postgres_schema.url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with the schema and no row, of each kind in turn."""
    return str(request.getfixturevalue(f"migrated_{request.param}_url"))


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with the schema and no row, of each kind in turn."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def article_database(filled_store: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite database that holds the article."""
    path = tmp_path / "article.db"
    shutil.copy(filled_store, path)
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture(scope="session")
def pickled_engine(made_once: MadeOnce, filled_store: Path) -> bytes:
    """The engine of the store with the article, so that not every test builds its index anew."""

    async def read(path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{filled_store}")
        knowledge = await KnowledgeBase.open(database)
        await database.close()
        # Once nothing is left to learn, it keeps no more than it needs.
        while knowledge.engine.learn():
            pass
        path.write_bytes(pickle.dumps(knowledge.engine))

    return made_once.file("engine.pickle", lambda path: asyncio.run(read(path))).read_bytes()


class EngineKeeper:
    """Gives the article's engine to one test after another, a fresh one after a test that changed what all share."""

    def __init__(self, pickled: bytes) -> None:
        self._pickled = pickled
        self._engine: AnswerEngine | None = None
        self._changes = 0

    def engine(self) -> AnswerEngine:
        if self._engine is None or self._engine.shared.changes != self._changes:
            self._engine = pickle.loads(self._pickled)  # noqa: S301
            self._changes = self._engine.shared.changes
        # What is a server's own lies over the shared facts, and touches nothing of them.
        self._engine._servers.clear()
        self._engine._absent.clear()
        return self._engine


@pytest.fixture(scope="session")
def engine(pickled_engine: bytes) -> AnswerEngine:
    """The article's engine, to ask and not to change."""
    engine: AnswerEngine = pickle.loads(pickled_engine)  # noqa: S301
    return engine


@pytest.fixture(scope="session")
def engine_keeper(pickled_engine: bytes) -> EngineKeeper:
    return EngineKeeper(pickled_engine)


@pytest.fixture
def knowledge(article_database: Database, engine_keeper: EngineKeeper) -> KnowledgeBase:
    # The clock of the simulated Discord, where there is one.
    return KnowledgeBase(article_database, engine_keeper.engine(), discord.utils.utcnow)


@pytest.fixture
def small_folder(tmp_path: Path, small_store: Path) -> Path:
    """A folder with a store that holds some of the article."""
    shutil.copy(small_store, tmp_path / "tianwen.db")
    return tmp_path


class PatientCooldowns(Cooldowns):
    def take_pressed(self, user_id: int) -> float:  # noqa: ARG002
        return 0

    take_typed = take_queued = take_pressed


def make_bot(knowledge: KnowledgeBase, *, message_content: bool = False, shards: int = 1) -> Tianwen:
    """Make the bot with more patience than it has: in most tests one person asks much in no time."""
    bot = Tianwen(knowledge, message_content=message_content, shard_count=shards)
    bot.cooldowns = PatientCooldowns(person=(10_000, 1.0), channel=(10_000, 1.0))
    return bot


@pytest.fixture
def message_content() -> bool:
    """Whether Discord grants the intent that listening channels need; tests of those ask for it."""
    return False


@pytest_asyncio.fixture
async def simcord_bot(
    knowledge: KnowledgeBase, message_content: bool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Tianwen]:
    """The bot that simcord's fixture runs; simcord does not close it.

    It tries changes on a few of the article's questions alone: asking all of them in every test would take minutes.
    """
    monkeypatch.setattr("bot.client.shipped_tests", lambda: shipped_tests()[:ARTICLE_TESTS])
    bot = make_bot(knowledge, message_content=message_content)
    yield bot
    await bot.close()


class World:
    """A simulated server with a channel, a member and a moderator, and the real bot in it."""

    def __init__(self, env: simcord.Env, knowledge: KnowledgeBase) -> None:
        self.env = env
        # Trying out what a change would do takes its time on a slow machine; still less than the bot ever waits.
        env.settle_timeout = 15.0
        self.knowledge = knowledge
        self.guild = env.create_guild("Space club")
        self.channel = self.guild.create_text_channel("general")
        self.member = self.guild.add_member(env.create_user("member"))
        self.moderators = self.guild.create_role("Moderators", permissions=discord.Permissions(manage_messages=True))
        self.moderator = self.guild.add_member(env.create_user("moderator"), roles=[self.moderators])
        self._later_bots: list[Tianwen] = []

    @property
    def bot(self) -> Tianwen:
        bot = self.env.bot
        assert isinstance(bot, Tianwen)
        return bot

    @property
    def bot_id(self) -> int:
        assert self.bot.user is not None
        return self.bot.user.id

    async def mention(self, text: str, *, channel: Any = None, by: Any = None, **options: Any) -> discord.Message:
        """Let somebody mention the bot with this text."""
        return await (by or self.member).send(channel or self.channel, f"<@{self.bot_id}> {text}", **options)

    async def asked(self, text: str, **options: Any) -> discord.Message:
        """Mention the bot, and give its reply."""
        await self.mention(text, **options)
        return self.last_reply(options.get("channel"))

    def last_reply(self, channel: Any = None) -> discord.Message:
        """Give the last message of a channel, which must be the bot's."""
        message = (channel or self.channel).last_message
        assert message is not None
        assert message.author.id == self.bot_id, f"the bot did not reply to: {message.content[:100]}"
        return message

    def replies(self, channel: Any = None) -> list[discord.Message]:
        """Give all of the bot's messages in a channel."""
        return [m for m in (channel or self.channel).history() if m.author.id == self.bot_id]

    def reread(self, message: discord.Message) -> discord.Message:
        """Give a message of the channel as it is now."""
        return next(m for m in self.channel.history() if m.id == message.id)

    @property
    def syncs(self) -> int:
        """How often the slash commands were sent to Discord."""
        return sum(r.method == "PUT" and r.path.endswith("/commands") for r in self.env.http_requests)

    def pings_nobody(self, message: discord.Message) -> bool:
        """Tell whether Discord notified nobody about a message."""
        stored = self.env.backend.get_message(message.channel.id, message.id)
        return not (stored.ping_user_ids or stored.ping_role_ids or stored.mention_everyone)

    @property
    def dm(self) -> simcord.ChannelHandle:
        """The member's direct messages with the bot."""
        return self.member.user.dm_channel

    async def told(self, text: str, **options: Any) -> discord.Message:
        """Write to the bot in a direct message, and give its reply."""
        await self.member.user.send_dm(text, **options)
        return self.last_reply(self.dm)

    async def teach(
        self,
        fact_id: str,
        statement: str,
        *phrasings: str,
        server: simcord.GuildHandle | None = None,
        everywhere: bool = False,
        **fields: Any,
    ) -> Fact:
        """Add a fact to this server, another one, or all."""
        defaults: dict[str, Any] = {"topic": "station", "source": Source("gazette", "The Space Gazette")}
        fields = defaults | fields
        fact = Fact(fact_id, statement=statement, phrasings=phrasings or (f"what is {fact_id}?",), **fields)
        server_id = None if everywhere else (server or self.guild).id
        await self.knowledge.add(fact, Author(Origin.EDITOR, self.moderator.id), server_id=server_id)
        return fact

    async def teach_again(self, fact_id: str, **changes: Any) -> Fact:
        """Edit a fact of this server."""
        fact = replace(self.knowledge.fact(fact_id, self.guild.id), **changes)
        await self.knowledge.edit(fact, Author(Origin.EDITOR, self.moderator.id), server_id=self.guild.id)
        return fact

    async def hide(self, fact_id: str) -> None:
        """Remove a fact from this server."""
        await self.knowledge.remove(fact_id, Author(Origin.EDITOR, self.moderator.id), server_id=self.guild.id)

    async def teach_shared(self, fact_id: str, statement: str) -> None:
        """Let the operator write a shared fact anew."""
        fact = replace(self.knowledge.fact(fact_id), statement=statement)
        await self.knowledge.edit(fact, Author(Origin.OPERATOR))
        await self.env.settle()

    def thread(self, name: str = "spacewalk") -> simcord.ChannelHandle:
        """Open a thread in the channel."""
        thread = self.env.backend.create_thread(self.channel.id, name, self.member.id)
        return next(handle for handle in self.channel.threads if handle.id == thread.id)

    async def post(self, forum: simcord.ChannelHandle, title: str, content: str) -> simcord.ChannelHandle:
        """Let the member open a post in a forum; its first message has the id of the post, as in Discord."""
        backend = self.env.backend
        thread = backend.create_thread(forum.id, title, self.member.id, broadcast=False)
        message = backend.prepare_message(thread.id, self.member.id, content)
        message.id = thread.id
        backend.announce_thread_create(thread)
        backend.commit_message(message)
        await self.env.settle()
        return next(handle for handle in forum.threads if handle.id == thread.id)

    @contextmanager
    def interactions(self, **fields: Any) -> Iterator[None]:
        """Let all that people do meanwhile reach the bot with these fields, such as another locale or server."""
        make = simcord.interactions.base_payload

        def changed(*args: Any, **options: Any) -> Any:
            record, payload = make(*args, **options)
            payload.update(fields)
            return record, payload

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(simcord.interactions, "base_payload", changed)
            yield

    @contextmanager
    def twice(self) -> Iterator[None]:
        """Let all that people do meanwhile reach the bot twice at once, as when they press again too soon."""
        backend = self.env.backend
        emit = backend.emit

        def emit_twice(name: str, payload: dict[str, Any]) -> None:
            emit(name, payload)
            first = backend.interactions[int(payload["id"])]
            second, other = simcord.interactions.base_payload(
                backend,
                type=payload["type"],
                channel_id=first.channel_id,
                guild_id=first.guild_id,
                user_id=first.user_id,
                data=payload["data"],
            )
            second.source_message_id = first.source_message_id
            emit(name, other | {"message": payload["message"]})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(backend, "emit", emit_twice)
            yield

    def deny(self, channel: simcord.ChannelHandle, *, everyone: bool = False, **permissions: bool) -> None:
        """Take permissions in a channel from the bot, or from everyone; those that are False are given back."""
        whom, kind = (self.guild.id, OverwriteType.ROLE) if everyone else (self.bot_id, OverwriteType.MEMBER)
        deny = discord.Permissions(**permissions).value
        self.env.backend.set_overwrite(channel.id, Overwrite(target_id=whom, type=kind, allow=0, deny=deny))

    @staticmethod
    def items(message: discord.Message) -> list[Any]:
        """Give the buttons and menus of a message."""
        return [item for row in message.components if isinstance(row, discord.ActionRow) for item in row.children]

    @classmethod
    def buttons(cls, message: discord.Message) -> dict[str, str]:
        """Give the buttons of a message: their labels or signs, and the ids behind them."""
        found = [item for item in cls.items(message) if isinstance(item, discord.Button)]
        return {button.label or str(button.emoji): button.custom_id or "" for button in found}

    @classmethod
    def buttons_by_id(cls, message: discord.Message) -> list[str]:
        """Give the ids of all buttons of a message, with a label or without."""
        return [item.custom_id or "" for item in cls.items(message) if isinstance(item, discord.Button)]

    @classmethod
    def menu(cls, message: discord.Message) -> discord.SelectMenu:
        """Give the menu under a message."""
        return next(item for item in cls.items(message) if isinstance(item, discord.SelectMenu))

    @staticmethod
    def shown(message: discord.Message) -> list[str]:
        """Give the ids of the facts that a message shows as an answer."""
        text = message.embeds[0].footer.text if message.embeds else None
        return text.split(" · ") if text else []

    @staticmethod
    def form(result: simcord.InteractionResult) -> dict[str, str]:
        """Give what stands in the inputs of a form that the bot has opened."""
        assert result.modal is not None
        inputs = [label["component"] for label in result.modal["components"]]
        return {text_input["custom_id"]: text_input.get("value") or "" for text_input in inputs}

    @staticmethod
    def response(result: simcord.InteractionResult) -> discord.Message:
        """Give what the bot answered to a command or a click; it must have done so."""
        assert result.acknowledged
        assert result.response is not None
        return result.response.message

    def question(self, candidates: Iterable[str], fits: Callable[[Answer], bool]) -> str:
        """Give the first question whose answer fits: tuning the matching may change which one that is."""
        for question in candidates:
            if fits(self.knowledge.ask(question, server_id=self.guild.id)):
                return question
        raise AssertionError("no question has such an answer any more: think of others")

    async def let_pass(self, time: dt.timedelta) -> None:
        """Let days pass, without a look at the store every few minutes, which would take seconds."""
        upkeep = self.bot.get_cog("Upkeep")
        assert isinstance(upkeep, Upkeep)
        upkeep._look_after_store.cancel()
        await self.env.advance_time(time.total_seconds())

    async def restart(self) -> None:
        """Stop the bot, and start another one on the same store."""
        await self.bot.close()
        bot = make_bot(self.knowledge, message_content=self.bot.intents.message_content)
        self._later_bots.append(bot)
        await self.env.restart_bot(bot)

    async def close(self) -> None:
        for bot in self._later_bots:
            await bot.close()


@pytest_asyncio.fixture
async def world(simcord_env: simcord.Env, knowledge: KnowledgeBase) -> AsyncIterator[World]:
    world = World(simcord_env, knowledge)
    await simcord_env.settle()
    yield world
    await world.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the facts: while one process lets the article learn, another can go on without it."""
    items.sort(key=lambda item: item.path.parent.name != "facts")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say plainly when the tests on PostgreSQL did not run."""
    if not os.environ.get(POSTGRES):
        skipped = sum(POSTGRES in str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
        terminalreporter.write_line(f"PostgreSQL took no part: {skipped} tests skipped, since {POSTGRES} is not set.")
