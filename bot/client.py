"""The bot: its intents, the loading of its cogs, its clean stop, and how it joins Discord."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import json
import logging
import re
import signal
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.admission import Tree
from bot.backups import Backups
from bot.cogs.alerts import Alerts
from bot.cogs.change_log import ChangeLog
from bot.cogs.facts import Facts
from bot.cogs.messages import Messages
from bot.cogs.privacy import Privacy
from bot.cogs.questions import Questions
from bot.cogs.quick_facts import QuickFacts
from bot.cogs.review_queue import ReviewQueue
from bot.cogs.settings import SettingsCog
from bot.cogs.stats import StatsCog
from bot.cogs.upkeep import Upkeep
from bot.cooldowns import Cooldowns
from bot.drafts import Drafts
from bot.errors import on_tree_error
from bot.health import Gateway
from bot.identity import application_id_of
from bot.logs import fields
from bot.memory import LastQuestions
from bot.meters import Failing, Meters
from bot.monitor import monitored
from bot.replies import Replies
from bot.runtime import CommandError, open_knowledge
from bot.settings import SettingsError
from bot.ui.answers import ITEMS, talk_reply
from bot.ui.editors import EDITOR_ITEMS
from bot.ui.lists import LIST_ITEMS
from bot.ui.text import answer_text, talk_of
from bot.ui.translations import CommandTranslator
from facts.bookkeeping import EVERY
from facts.entities import Doubt, QueuedQuestion, Share
from facts.errors import DatabaseError, TianwenError
from facts.evaluation import saved_question
from facts.matching.decision import Outcome
from facts.packs import shipped_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.meters import Way
    from bot.settings import Settings
    from bot.ui.embeds import Reply
    from bot.ui.words import Words
    from facts.engine import Answer
    from facts.entities import Entry, SentReply
    from facts.evaluation import Question, Report
    from facts.knowledge import KnowledgeBase, Preview

log = logging.getLogger(__name__)

# The bot never speaks; without this, every start would warn that the libraries for voice are not there.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

# Plain classes and no extensions: nothing is exchanged while the bot runs.
COGS: tuple[Callable[[Tianwen], commands.Cog], ...] = (
    Messages,
    Questions,
    QuickFacts,
    Privacy,
    SettingsCog,
    Upkeep,
    ChangeLog,
    ReviewQueue,
    Facts,
    Alerts,
    StatsCog,
)
# At the end, replies that are under way get this long, in seconds, before the connection is closed.
FINISH_SECONDS = 5.0
# Where Discord wants the bot to wait longer, in seconds, it does not: a reply that late helps nobody, and holds up
# others. (discord.py takes no less.)
LONGEST_RATE_LIMIT_S = 30.0
# The gateway's close code for a token that is not valid any more
# (https://discord.com/developers/docs/topics/opcodes-and-status-codes).
_AUTHENTICATION_FAILED = 4004
# Without these there is no session: a shard that cannot read them must not seem well.
_OF_SESSIONS = {"READY", "RESUMED"}
# A shard of each kind may begin a session so often.
IDENTIFY_EVERY = dt.timedelta(seconds=5)
# How discord.py names the tasks in which it handles events, commands and buttons.
_HANDLER_TASKS = ("discord.py: on_", "CommandTree-", "discord-ui-")
# And how the cogs name those in which they change messages.
_COG_TASKS = ("tianwen-correcting", "tianwen-review-queue", "tianwen-alerts", "tianwen-unasked-reply")


class DiscordUnavailableError(TianwenError):
    """Discord cannot be reached, or does not let the bot in."""


def intents(*, message_content: bool = False) -> discord.Intents:
    """Give the few events that the bot needs. Only listening channels need message content, which is privileged."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=message_content)


@final
class Tianwen(commands.AutoShardedBot):
    """The Discord bot. It is given what it needs, and owns only its connection."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        *,
        message_content: bool = False,
        shard_count: int | None = None,
        shard_ids: Sequence[int] | None = None,
        backups: Backups | None = None,
        logs_people: bool = False,
    ) -> None:
        """Make the bot; nothing is connected yet.

        Args:
            knowledge: what it answers from.
            message_content: whether Discord has granted the intent that listening channels need.
            shard_count: how many shards there are in all; None for as many as Discord recommends.
            shard_ids: those that this process runs; None for all.
            backups: where and how often backups are made; None for none.
            logs_people: whether questions and the ids of people are logged; people are told.
        """
        shards: dict[str, Any] = {"shard_ids": list(shard_ids)} if shard_ids is not None else {}
        super().__init__(
            **shards,
            shard_count=shard_count,
            tree_cls=Tree,
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=LONGEST_RATE_LIMIT_S,
            # What a command does not set otherwise.
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        # discord.py lets an event that it cannot read, as of a newer Discord, end the whole program.
        self._unread: set[str] = set()
        parsers = self._connection.parsers
        parsers |= {name: self._guarded(name, parse) for name, parse in parsers.items() if name not in _OF_SESSIONS}
        # How many shards may begin their sessions at the same time, when that is known.
        self._identify_at_once: int | None = None
        self.knowledge = knowledge
        self.backups = backups
        self.logs_people = logs_people
        self.meters = Meters()
        self.gateway = Gateway()
        # Set when the program shall end, and why, where that is a fault.
        self.stopping = asyncio.Event()
        self.fault: TianwenError | None = None
        self.last_questions = LastQuestions()
        self.replies = Replies(knowledge.bookkeeping)
        self.cooldowns = Cooldowns()
        self.drafts = Drafts(knowledge.bookkeeping)
        self.article_tests: list[Question] = []
        # What editors have pressed and is being done: message, person, and the button's id.
        self.pressing: set[tuple[int | None, int, str | None]] = set()

    def _guarded(self, event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        """Give what takes an event in, and where it cannot, logs that, once for each kind, and goes on."""

        def take_in(data: Any) -> None:  # noqa: ANN401 - whatever Discord sends
            try:
                parse(data)
            except Exception as error:  # noqa: BLE001 - anything may be the matter with it
                self.meters.failed(Failing.UNEXPECTED)
                if event not in self._unread:
                    self._unread.add(event)
                    # Not what the error says: that may hold what a person wrote.
                    at = traceback.extract_tb(error.__traceback__)[-1]
                    why = f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}"
                    log.error("An event from Discord cannot be read, nor can others like it: %s (%s)", event, why)  # noqa: TRY400

        return take_in

    async def setup_hook(self) -> None:
        """Let the facts learn, load the cogs, make earlier buttons work, and sync the commands if they changed."""
        self.tree.error(on_tree_error)
        self.knowledge.memory.begin_learning()
        for cog in COGS:
            await self.add_cog(cog(self))
        self.add_dynamic_items(*ITEMS, *LIST_ITEMS, *EDITOR_ITEMS)
        await self.tree.set_translator(CommandTranslator())
        await self.replies.load(self.share)
        await self.drafts.load(self.share)
        self.article_tests = await asyncio.to_thread(shipped_tests)
        # Where several processes start together, one of them syncs.
        if self.share.holds(None):
            await self._sync_if_changed()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait until a shard may begin a session: all processes together may begin only so many in five seconds."""
        if self.shard_ids is None or shard_id is None:
            await super().before_identify_hook(shard_id, initial=initial)
            return
        wait = IDENTIFY_EVERY
        try:
            if self._identify_at_once is None:
                self._identify_at_once = (await self.fetch_session_start_limits()).max_concurrency
            # https://discord.com/developers/docs/events/gateway#sharding-max-concurrency
            turn = f"identify-{shard_id % self._identify_at_once}"
            wait = await self.knowledge.bookkeeping.take_turn(turn, IDENTIFY_EVERY)
        except (discord.DiscordException, DatabaseError) as error:
            log.warning("When a shard may begin its session is not known, so it waits: %s", error)
        await asyncio.sleep(wait.total_seconds())

    async def on_message(self, message: discord.Message, /) -> None:
        """Leave messages to the cogs: there are no text commands."""

    async def on_ready(self) -> None:
        """Say in the log that the bot is there."""
        log.info("Joined Discord as %s, in %d servers", self.user, len(self.guilds))

    async def on_shard_ready(self, shard_id: int) -> None:
        """Note that a shard has begun a session."""
        self.gateway.gained(shard_id)
        self.meters.session(resumed=False)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Note that a shard has gone on with its session: it has missed nothing."""
        self.gateway.gained(shard_id)
        self.meters.session(resumed=True)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Note that a shard has lost its connection; discord.py gets it another."""
        if self.gateway.lost(shard_id):
            self.meters.disconnected()

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401
        """Log an error in a listener whole, without what the event held."""
        self.meters.failed(Failing.UNEXPECTED)
        log.exception("Error in %s", event_method)  # noqa: LOG004 - discord.py calls this from its handler

    async def close(self) -> None:
        """Finish the replies that are under way, then leave Discord."""
        if not self.is_closed():
            await self._finish()
        await self.knowledge.memory.end_learning()
        await super().close()

    def stop(self, fault: TianwenError | None = None) -> None:
        """Let the program end; see ``join_discord``.

        Args:
            fault: why, where it is one: its sentence is the last that the program says.
        """
        self.fault = fault
        self.stopping.set()

    @property
    def share(self) -> Share:
        """The servers whose events come to this process."""
        if self.shard_ids is None or self.shard_count is None:
            return EVERY
        return Share(self.shard_count, frozenset(self.shard_ids))

    def without_mention(self, text: str) -> str:
        """Take the mentions of the bot out of what somebody wrote to it."""
        return re.sub(rf"<@!?{self.user.id}>", " ", text).strip() if self.user is not None else text.strip()

    def note_asked(self, way: Way, answer: Answer, server_id: int | None, asker_id: int) -> None:
        """Count a question that has just got its reply, and log it.

        Args:
            way: how it came.
            answer: what it got.
            server_id: where; None in direct messages.
            asker_id: the Discord id of the person; it is logged only where the operator wants that.
        """
        seconds = self.meters.replied(way, answer.outcome)
        told = [fact.id for fact in answer.shown]
        if answer.outcome is Outcome.UNKNOWN and answer.unknown is not None:
            told.append(answer.unknown.id)
        if answer.outcome is not Outcome.IGNORED:
            self.knowledge.tally.count(server_id, answer.outcome, told[0] if told else None)
        log.info(
            "A question has got its reply",
            extra=fields(
                way=way.value,
                outcome=answer.outcome.value,
                told=told,
                server=server_id,
                ms=round(1000 * seconds, 1) if seconds is not None else None,
                personal={"question": answer.question, "asker": asker_id},
            ),
        )

    async def keep_reply(self, reply: SentReply, answer: Answer, *, private: bool = False) -> None:
        """Note a reply that was sent, and queue its question if that is open.

        Args:
            reply: the reply.
            answer: what it shows; where a fact was changed while it was sent, it is corrected.
            private: whether only the asker sees it; then its question is not for the editors.
        """
        await self.replies.keep(reply)
        for fact in answer.shown:
            if self.knowledge.find(fact.id, reply.server_id) != fact:
                self.dispatch("outdated_reply", reply, fact)
        if answer.is_open and not private:
            await self.queue(answer.question, Doubt.UNANSWERED, server_id=reply.server_id, author_id=reply.worded_by)

    async def withdraw(self, reply: SentReply) -> None:
        """Take the question that a reply answered off the review queue; where that fails, it stays."""
        try:
            await self.knowledge.bookkeeping.withdraw(reply)
        except DatabaseError as error:
            log.warning("A question could not be taken off the review queue: %s", error)

    def small_talk_reply(self, answer: Answer, server_id: int | None, words: Words) -> Reply | None:
        """Give what to say to somebody who asks nothing; None where they do, or where a fact is asked for like that."""
        kind = talk_of(answer)
        return talk_reply(kind, self.knowledge.engine.examples(server_id), words) if kind is not None else None

    async def queue(
        self,
        question: str,
        doubt: Doubt,
        *,
        server_id: int | None,
        author_id: int | None,
        fact_id: str | None = None,
        private: bool = False,
    ) -> bool:
        """Put a question on the review queue; where that fails, only the queue has lost something.

        Args:
            question: as it was asked; one without a letter or digit asks nothing.
            doubt: why it waits.
            server_id: where; None for the operator's queue.
            author_id: the Discord id of the person whose words it is, if anybody's; it is not kept.
            fact_id: what was answered, if anything.
            private: whether only the person saw the answer: then no channel shows it.

        Returns:
            Whether it is there now: one person can put only so many there.
        """
        if not any(char.isalnum() for char in question):
            return False
        if author_id is not None and self.cooldowns.take_queued(author_id):
            log.info("Somebody has put so many questions on the review queue that this one is not")
            return False
        queued = QueuedQuestion(server_id, question, doubt, fact_id, discord.utils.utcnow(), private=private)
        try:
            await self.knowledge.bookkeeping.queue(queued, author_id)
        except DatabaseError as error:
            log.warning("A question could not be put on the review queue: %s", error)
            return False
        return True

    async def preview(self, change: Entry | Sequence[Entry] | str, server_id: int) -> Preview:
        """Tell what a change would do in a server; see ``KnowledgeBase.preview``.

        The server's saved tests are asked, and the article's; where the database cannot be read, those alone.
        """
        return await self.knowledge.preview(
            change, server_id=server_id, questions=await self.tests_of(server_id), render=answer_text
        )

    async def try_out(self, server_id: int) -> Report:
        """Ask a server's test questions, and judge what they get."""
        questions = await self.tests_of(server_id)
        return await self.knowledge.try_out(questions, server_id=server_id, render=answer_text)

    async def tests_of(self, server_id: int) -> list[Question]:
        """Give the questions that a server's facts are tried on: those that it has saved, and the article's."""
        try:
            saved = await self.knowledge.saved_tests(server_id)
        except DatabaseError as error:
            log.warning("The saved tests could not be read: %s", error)
            saved = []
        return [*map(saved_question, saved), *self.article_tests]

    async def waits(self, server_id: int, queue_ids: Sequence[int]) -> bool:
        """Tell whether any of these questions is on the review queue still; where that cannot be read, it may be."""
        try:
            return any(question.id in queue_ids for question in await self.knowledge.bookkeeping.queued(server_id))
        except DatabaseError as error:
            log.warning("The review queue could not be read: %s", error)
            return True

    async def settle(self, server_id: int, queue_ids: Sequence[int]) -> None:
        """Take questions off the review queue that an editor has dealt with; where that fails, they stay."""
        if not queue_ids:
            return
        try:
            await self.knowledge.bookkeeping.settle(server_id, queue_ids)
        except DatabaseError as error:
            log.warning("Questions could not be taken off the review queue: %s", error)

    async def sync(self) -> int:
        """Send the slash commands to Discord, remember which, and give their number."""
        return await self._sync(await self._tree_digest())

    async def _sync(self, digest: str) -> int:
        synced = await self.tree.sync()
        await self.knowledge.set_command_tree_digest(self._application_id(), digest)
        return len(synced)

    async def _sync_if_changed(self) -> None:
        digest = await self._tree_digest()
        try:
            if await self.knowledge.command_tree_digest(self._application_id()) == digest:
                return
            count = await self._sync(digest)
        except (discord.HTTPException, discord.RateLimited, DatabaseError):
            # The commands of the last sync still work, and so does everything else.
            log.exception("The slash commands could not be synced")
        else:
            log.info("Synced %d slash commands", count)

    async def _tree_digest(self) -> str:
        """Give a digest of the commands as Discord would get them, translations and all."""
        translator = CommandTranslator()
        payload = [await command.get_translated_payload(self.tree, translator) for command in self.tree.get_commands()]
        payload.sort(key=lambda command: (command["type"], command["name"]))
        return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()

    def _application_id(self) -> int:
        if self.application_id is None:
            raise RuntimeError("the application id is known only after login")
        return self.application_id

    async def _finish(self) -> None:
        current = asyncio.current_task()
        handlers = [
            task
            for task in asyncio.all_tasks()
            if task is not current and task.get_name().startswith((*_HANDLER_TASKS, *_COG_TASKS))
        ]
        if handlers:
            _, late = await asyncio.wait(handlers, timeout=FINISH_SECONDS)
            if late:
                log.warning("Left %d replies unfinished", len(late))


@contextlib.contextmanager
def _connection_errors() -> Any:  # noqa: ANN401 - a generator for the decorator
    """Turn what ends a connection for good into one line with the remedy."""
    refused = (
        "DISCORD_TOKEN: Discord does not accept this token; copy it anew from the developer portal "
        "(your application, Bot, Reset Token)."
    )
    try:
        yield
    except discord.LoginFailure as error:
        raise SettingsError(refused) from error
    except discord.ConnectionClosed as error:
        if error.code == _AUTHENTICATION_FAILED:
            raise SettingsError(refused) from error
        raise DiscordUnavailableError(f"Discord has closed the connection for good (code {error.code}).") from error
    except discord.PrivilegedIntentsRequired as error:
        raise DiscordUnavailableError(
            "Discord has not granted an intent; switch it on in the developer portal (your application, Bot)."
        ) from error
    except (aiohttp.ClientError, OSError, discord.GatewayNotFound) as error:
        raise DiscordUnavailableError("Discord cannot be reached; check the network, or discordstatus.com.") from error
    except discord.RateLimited as error:
        raise DiscordUnavailableError(
            f"Discord wants {error.retry_after:.0f} seconds of rest from this bot; try again after that."
        ) from error
    except discord.HTTPException as error:
        raise DiscordUnavailableError(
            f"Discord does not answer as it should (status {error.status}); try again in a while."
        ) from error


async def join_discord(settings: Settings) -> None:
    """Run the bot until it is told to stop (SIGINT or SIGTERM).

    Raises:
        SettingsError: there is no token, or Discord does not accept it.
        DiscordUnavailableError: Discord cannot be reached.
        DatabaseError: the database cannot be used, or another program has changed its schema.
    """
    token = _token(settings)
    async with (
        # First: what is the matter here is told even where Discord cannot be reached.
        open_knowledge(settings, follows=True) as knowledge,
        Tianwen(
            knowledge,
            message_content=await message_content_granted(settings),
            shard_count=settings.shard_count,
            shard_ids=settings.shard_ids or None,
            backups=Backups.of(settings),
            logs_people=settings.log_people,
        ) as bot,
        monitored(bot, settings),
    ):
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            # Windows has no signal handlers on the loop; there Ctrl-C cancels, which ends all the same.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(signal_number, bot.stop)
        running = asyncio.create_task(bot.start(token), name="tianwen-gateway")
        stopping = asyncio.create_task(bot.stopping.wait(), name="tianwen-stop")
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if bot.stopping.is_set():
                log.info("Leaving Discord")
                await bot.close()
                # While it launches its shards, discord.py would not notice, and try for ever.
                running.cancel()
            await asyncio.wait({running})
            if not running.cancelled():
                with _connection_errors():
                    running.result()
        finally:
            stopping.cancel()
        if bot.fault is not None:
            raise CommandError(bot.fault.sentence) from bot.fault


async def sync_commands(settings: Settings) -> int:
    """Send the slash commands to Discord and give their number.

    Raises:
        SettingsError: there is no token, or Discord does not accept it.
        DiscordUnavailableError: Discord cannot be reached.
        DatabaseError: the database cannot be used.
    """
    token = _token(settings)
    async with open_knowledge(settings) as knowledge, Tianwen(knowledge) as bot:
        with _connection_errors():
            await bot.login(token)
            return await bot.sync()


async def message_content_granted(settings: Settings) -> bool:
    """Ask Discord whether it has granted the message-content intent: whoever asks for it without is not let in.

    Raises:
        SettingsError: there is no token, or Discord does not accept it.
        DiscordUnavailableError: Discord cannot be reached.
    """
    token = _token(settings)
    with _connection_errors():
        # It does not join; without this one intent, discord.py would warn.
        async with discord.Client(intents=discord.Intents(guilds=True)) as client:
            await client.login(token)
            flags = client.application_flags
    return flags.gateway_message_content or flags.gateway_message_content_limited


def _token(settings: Settings) -> str:
    if settings.discord_token is None:
        raise SettingsError("DISCORD_TOKEN is not set; README.md tells how to get one.")
    token = settings.discord_token.get_secret_value()
    if application_id_of(token) is None:
        raise SettingsError(
            "DISCORD_TOKEN does not look like a bot token; copy it from the developer portal "
            "(your application, Bot, Reset Token)."
        )
    return token
