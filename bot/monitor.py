"""The page for those who watch the bot: ``/healthz`` for orchestrators, ``/metrics`` for Prometheus."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bot import __version__
from bot.health import Status, health_of, shards_of
from bot.runtime import CommandError
from bot.settings import SettingsError
from facts.errors import DatabaseError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Iterator

    from prometheus_client import Metric

    from bot.client import Tianwen
    from bot.settings import Settings

log = logging.getLogger(__name__)

# How many questions wait is asked of the database at most every so many seconds, and waited for so long.
_QUEUE_COUNTED_EVERY_S = 15.0
_PATIENCE_S = 1.0
# Whoever asks gets an answer within moments; who is still asking at the end waits no longer.
_SHUTDOWN_S = 1.0


class Monitor:
    """Tells how a bot is."""

    def __init__(self, bot: Tianwen) -> None:
        """Watch this bot; one monitor a bot."""
        self._bot = bot
        self._queued: int | None = None
        self._counted_at = -_QUEUE_COUNTED_EVERY_S
        self._backed_up_at: dt.datetime | None = None
        bot.meters.registry.register(_Now(self))

    async def healthz(self, _request: web.Request) -> web.Response:
        """Tell how it is: 200, or 503 where a new start may help."""
        health = health_of(self._bot)
        return web.json_response(health.as_json(), status=503 if health.status is Status.FAILING else 200)

    async def metrics(self, _request: web.Request) -> web.Response:
        """Give the figures in Prometheus' text format."""
        await self._count_queue()
        if self._bot.backups is not None:
            self._backed_up_at = await self._bot.backups.newest()
        body = generate_latest(self._bot.meters.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _count_queue(self) -> None:
        if time.monotonic() - self._counted_at < _QUEUE_COUNTED_EVERY_S:
            return
        self._counted_at = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                self._queued = await self._bot.knowledge.bookkeeping.queue_length(self._bot.share)
        except (TimeoutError, DatabaseError):
            self._queued = None

    def gauges(self) -> Iterator[Metric]:
        """Give what is so at this moment."""
        bot, memory = self._bot, self._bot.knowledge.memory
        engine = memory.engine
        yield InfoMetricFamily("tianwen_build", "Which program this is.", {"version": __version__})
        yield GaugeMetricFamily("tianwen_servers", "Servers that the bot is in.", len(bot.guilds))
        connected = GaugeMetricFamily("tianwen_gateway_connected", "Whether a shard is connected.", labels=["shard"])
        latency = GaugeMetricFamily(
            "tianwen_gateway_latency_seconds", "How long Discord takes to answer a shard.", labels=["shard"]
        )
        # Also of a shard that has never come so far as to have one.
        for shard_id in sorted({*shards_of(bot), *dict(bot.latencies)}):
            connected.add_metric([str(shard_id)], float(shard_id in bot.gateway.connected))
        for shard_id, seconds in bot.latencies:
            latency.add_metric([str(shard_id)], seconds)
        yield connected
        yield latency
        yield GaugeMetricFamily(
            "tianwen_database_up", "Whether the database could be used of late.", float(not memory.is_store_failing)
        )
        yield GaugeMetricFamily(
            "tianwen_facts_age_seconds",
            "How long ago the facts in memory were last known to be those of the store.",
            memory.unchecked_for.total_seconds(),
        )
        phrasings = GaugeMetricFamily("tianwen_phrasings", "Ways of asking that are in memory.", labels=["whose"])
        phrasings.add_metric(["shared"], engine.size())
        phrasings.add_metric(["own"], sum(map(engine.size, engine.servers)))
        yield phrasings
        yield GaugeMetricFamily(
            "tianwen_servers_in_memory", "Servers of which facts of their own are in memory.", len(engine.servers)
        )
        yield GaugeMetricFamily("tianwen_tasks", "Things that are being done at once.", len(asyncio.all_tasks()))
        if self._queued is not None:
            yield GaugeMetricFamily("tianwen_queued_questions", "Questions that wait for an editor.", self._queued)
        if bot.backups is not None:
            yield GaugeMetricFamily(
                "tianwen_last_backup_timestamp_seconds",
                "When the newest backup was made; 0 where there is none.",
                self._backed_up_at.timestamp() if self._backed_up_at is not None else 0.0,
            )


class _Now(Collector):
    """Asks the monitor when Prometheus asks."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """Give what is so at this moment."""
        return self._monitor.gauges()

    def describe(self) -> Iterator[Metric]:
        """Give nothing: else each name would be looked up when it is registered."""
        return iter(())


@asynccontextmanager
async def monitored(bot: Tianwen, settings: Settings) -> AsyncIterator[None]:
    """Tell how a bot is for as long as this is open, where the operator has set a port.

    Raises:
        CommandError: the port is not free.
        SettingsError: there is no such address here, or the port may not be used.
    """
    if settings.monitor_port is None:
        yield
        return
    monitor = Monitor(bot)
    app = web.Application()
    app.router.add_get("/healthz", monitor.healthz)
    app.router.add_get("/metrics", monitor.metrics)
    # Whoever watches asks every few seconds: nobody wants that in a log.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    counting = bot.meters.log_handler()
    logging.getLogger().addHandler(counting)
    try:
        try:
            await web.TCPSite(runner, settings.monitor_host, settings.monitor_port).start()
        except OSError as error:
            # Only what is taken may be free at another try.
            kind = CommandError if error.errno == errno.EADDRINUSE else SettingsError
            raise kind(
                f"TIANWEN_MONITOR_HOST, TIANWEN_MONITOR_PORT: {settings.monitor_host}:{settings.monitor_port} "
                f"cannot be used: {error.strerror or error}"
            ) from error
        log.info("Telling how it is on %s:%d", settings.monitor_host, settings.monitor_port)
        yield
    finally:
        logging.getLogger().removeHandler(counting)
        await runner.cleanup()
