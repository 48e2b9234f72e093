"""The logs: on standard error, as lines or as JSON, without secrets, and without people unless they are wanted."""

from __future__ import annotations

import enum
import json
import logging
import re
import sys
from typing import TYPE_CHECKING, Any

from pythonjsonlogger.json import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# What would let somebody in: a bot's token, the token of an interaction or webhook in a URL, a password in one.
_SECRETS = re.compile(
    r"(?P<bot>(?<![\w-])[\w-]{20,}\.[\w-]{5,7}\.[\w-]{25,})"
    r"|(?<=/webhooks/)(?P<id>\d+/)[\w-]+"
    r"|(?<=/interactions/)(?P<interaction>\d+/)[\w-]+"
    r"|(?<=://)(?P<user>[^:/@\s]*:)[^@\s/]+(?=@)"
)
_HIDDEN = "***"
# The packages whose logs are our own, and those that tell step by step what we tell in a line.
_OURS = ("bot", "facts")
_TALKATIVE = ("alembic", "discord.client")
_FIELDS, _PERSONAL = "tianwen_fields", "tianwen_personal"


class LogLevel(enum.StrEnum):
    """How much is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFormat(enum.StrEnum):
    """How it is written."""

    TEXT = "text"
    JSON = "json"


def fields(*, personal: Mapping[str, object] | None = None, **known: object) -> dict[str, Any]:
    """Give what a log record tells besides its sentence, for the argument ``extra`` of a logger.

    Args:
        personal: what people wrote, and their ids: logged only where the operator has switched that on.
        known: what is nobody's in particular.
    """
    return {_FIELDS: known, _PERSONAL: dict(personal or {})}


def without_secrets(text: str, known: Collection[str] = ()) -> str:
    """Take what would let somebody in out of a text: what is known to, and what looks as if it did.

    Args:
        text: what is told.
        known: secrets; they are found as Python and JSON write them, too.
    """
    for secret in known:
        for written in (secret, repr(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
            text = text.replace(written, _HIDDEN)
    return _SECRETS.sub(lambda found: "".join(filter(None, found.group("id", "interaction", "user"))) + _HIDDEN, text)


class _Text(logging.Formatter):
    """One line a record, its fields at the end."""

    def __init__(self, *, people: bool, secrets: Collection[str]) -> None:
        self._secrets = secrets
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._people = people

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Give the line."""
        told = "".join(f" {name}={value!r}" for name, value in _fields(record, people=self._people).items())
        return super().formatMessage(record) + told

    def format(self, record: logging.LogRecord) -> str:
        """Give the record as text."""
        return without_secrets(super().format(record), self._secrets)


class _Json(JsonFormatter):
    """One JSON object a record."""

    def __init__(self, *, people: bool, secrets: Collection[str]) -> None:
        self._secrets = secrets
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "error"},
            reserved_attrs=[*logging.makeLogRecord({}).__dict__, "message", "taskName", _FIELDS, _PERSONAL],
            timestamp="at",
            json_ensure_ascii=False,
        )
        self._people = people

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put the fields of a record beside its sentence."""
        super().add_fields(log_data, record, message_dict)
        log_data |= _fields(record, people=self._people)

    def format(self, record: logging.LogRecord) -> str:
        """Give the record as JSON."""
        return without_secrets(super().format(record), self._secrets)


def set_up_logging(
    level: LogLevel, format_: LogFormat = LogFormat.TEXT, *, people: bool = False, secrets: Collection[str] = ()
) -> None:
    """Log to standard error, so that standard output holds answers only.

    Args:
        level: from which level on.
        format_: lines for people, or JSON for programs.
        people: whether questions and the ids of people are logged, too.
        secrets: what never stands in a line.
    """
    handler = logging.StreamHandler(sys.stderr)
    kind = _Json if format_ is LogFormat.JSON else _Text
    handler.setFormatter(kind(people=people, secrets=secrets))
    # What libraries tell in such detail is what people write: discord.py all that comes and goes, aiosqlite all values.
    holds_back = level is LogLevel.DEBUG and not people
    logging.basicConfig(level=LogLevel.INFO if holds_back else level.value, handlers=[handler], force=True)
    for ours in _OURS:
        logging.getLogger(ours).setLevel(level.value)
    for others in _TALKATIVE if level is LogLevel.INFO else ():
        logging.getLogger(others).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord, *, people: bool) -> dict[str, Any]:
    known: dict[str, Any] = getattr(record, _FIELDS, {})
    return known | getattr(record, _PERSONAL, {}) if people else known
