"""The settings: one typed class, read from the environment and from ``.env``; built in the entry point only."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import Annotated, Any, Self

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.logs import LogFormat, LogLevel
from bot.sharding import SHARDS_MOST, parse_shard_ids
from facts.errors import TianwenError

ENV_FILE = ".env"
# What may stand in a file of its own: the name of the field's value, and that of the setting.
_SECRETS = {
    "DISCORD_TOKEN": "DISCORD_TOKEN",
    "database_password": "TIANWEN_DATABASE_PASSWORD",  # pragma: allowlist secret
}
_FILE = "_FILE"
_DISCORD = "DISCORD_"
# What the tests are told, in an environment that they may share.
_OF_TESTS = "TIANWEN_TEST_"
DEFAULT_DATABASE_URL = "sqlite+aiosqlite:///tianwen.db"


# It tells at each reading of lines that it cannot read, without the name of their file; we do that.
logging.getLogger("dotenv").setLevel(logging.ERROR)


class SettingsError(TianwenError):
    """A setting is missing or wrong. The sentence names it and never shows its value; ``faults`` are single."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Settings(BaseSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix="TIANWEN_",
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord_token: Annotated[
        SecretStr | None,
        Field(
            validation_alias="DISCORD_TOKEN",
            description="The bot's token from the developer portal; without it, the chat opens in the terminal.",
        ),
    ] = None
    discord_token_file: Annotated[
        Path | None,
        Field(
            validation_alias="DISCORD_TOKEN_FILE",
            description="Or a file with the token, as Docker and systemd give secrets; it counts where both are set.",
        ),
    ] = None
    database_url: Annotated[
        SecretStr,
        Field(
            description="Where the facts are kept: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DB."
        ),
    ] = SecretStr(DEFAULT_DATABASE_URL)
    database_password: Annotated[
        SecretStr | None, Field(description="The password for PostgreSQL, so that it need not stand in the URL.")
    ] = None
    database_password_file: Annotated[Path | None, Field(description="Or a file with it.")] = None
    database_pool_size: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="So many connections to PostgreSQL a process uses at once, besides one on which it listens.",
        ),
    ] = 5
    database_statement_timeout_s: Annotated[
        float,
        Field(gt=0, le=600, description="A statement that PostgreSQL has not done after so many seconds is given up."),
    ] = 10.0
    database_connect_timeout_s: Annotated[
        float,
        Field(
            gt=0, le=600, description="A connection to PostgreSQL that is not there after so many seconds is given up."
        ),
    ] = 5.0
    database_reconnect_s: Annotated[
        float,
        Field(gt=0, le=600, description="While PostgreSQL is away, it is tried again at least every so many seconds."),
    ] = 5.0
    backup_folder: Annotated[
        Path | None, Field(description="Where backups of a SQLite file are kept; without it, none are made.")
    ] = None
    backup_every_h: Annotated[
        float,
        Field(
            gt=0,
            le=8760,
            description="A backup is made every so many hours, a year at most; one looks every ten minutes.",
        ),
    ] = 24.0
    backups_kept: Annotated[int, Field(ge=1, description="So many backups are kept; older ones are deleted.")] = 14
    shard_count: Annotated[
        int | None,
        Field(
            ge=1,
            le=SHARDS_MOST,
            description="How many shards the bot has in all; without it, as many as Discord recommends.",
        ),
    ] = None
    shard_ids: Annotated[
        tuple[int, ...],
        NoDecode,
        Field(description="Which of them this process runs, such as 0-3 or 0,4; without it, all. It needs the count."),
    ] = ()
    log_level: Annotated[LogLevel, Field(description="How much is logged: DEBUG, INFO, WARNING or ERROR.")] = (
        LogLevel.INFO
    )
    log_format: Annotated[LogFormat, Field(description="How it is written: text for people, json for programs.")] = (
        LogFormat.TEXT
    )
    log_people: Annotated[
        bool, Field(description="Whether questions and the ids of people are logged, too: then say so to them.")
    ] = False
    monitor_port: Annotated[
        int | None,
        Field(
            ge=1,
            le=65535,
            description="On this port the bot tells how it is, at /healthz and /metrics; without it, nowhere.",
        ),
    ] = None
    monitor_host: Annotated[
        str,
        Field(description="And at this address: 127.0.0.1 for this machine alone, 0.0.0.0 for all that reach it."),
    ] = "127.0.0.1"

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, values: object) -> object:
        return _with_secrets(values) if isinstance(values, dict) else values

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("shard_ids", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return parse_shard_ids(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _shards_fit(self) -> Self:
        if self.shard_ids and (self.shard_count is None or self.shard_ids[-1] >= self.shard_count):
            raise ValueError("TIANWEN_SHARD_IDS: they must be below TIANWEN_SHARD_COUNT, which must be set")
        return self

    @model_validator(mode="after")
    def _backups_fit(self) -> Self:
        if self.backup_folder is not None and self.database_url.get_secret_value().startswith("postgresql"):
            raise ValueError(
                "TIANWEN_BACKUP_FOLDER: only a SQLite file is backed up by Tianwen; for PostgreSQL use pg_dump "
                "(docs/operating.md), and leave it empty"
            )
        return self

    @field_validator("discord_token")
    @classmethod
    def _strip(cls, value: SecretStr | None) -> SecretStr | None:
        """Take away the spaces, quotes and “Bot ” that people copy along with a token."""
        if value is None:
            return None
        token = value.get_secret_value().strip().strip("\"'").removeprefix("Bot").strip()
        return SecretStr(token) if token else None


def _with_secrets(values: dict[str, Any]) -> dict[str, Any]:
    """Read the secrets that stand in files.

    Raises:
        ValueError: a file cannot be read, or is empty.
    """
    values = dict(values)
    for name, setting in _SECRETS.items():
        file = values.get(f"{name}{_FILE if name.isupper() else _FILE.lower()}")
        if not file:
            continue
        try:
            # Where both are given, the file counts: whoever names one means it.
            values[name] = Path(file).read_text("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ValueError(f"{setting}{_FILE}: {file} cannot be read: {reason}") from error
        if not values[name]:
            raise ValueError(f"{setting}{_FILE}: {file} is empty")
    return values


def doubtful_settings(env_file: Path | str = ENV_FILE) -> list[str]:
    """Tell what does nothing and was hardly meant so: names like those of settings, lines that cannot be read.

    Args:
        env_file: the file read besides the environment; it need not be there.
    """
    try:
        lines = list(parse_stream(io.StringIO(Path(env_file).read_text("utf-8"))))
    except (OSError, UnicodeDecodeError):
        # Where it is there, ``load_settings`` tells of that.
        lines = []
    prefix = str(Settings.model_config["env_prefix"])
    fields = Settings.model_fields.items()
    known = {str(field.validation_alias or f"{prefix}{name}").upper() for name, field in fields}
    # Names count in any case, as the settings themselves do.
    given = {name.upper() for name in (*os.environ, *(line.key for line in lines if line.key is not None))}
    # Also where the line between the words is missing, or another one.
    alike = tuple(name.rstrip("_") for name in (prefix, _DISCORD))
    unknown = sorted(name for name in given - known if name.startswith(alike) and not name.startswith(_OF_TESTS))
    told = [f"{name} is no setting" for name in unknown]
    seen: set[str | None] = set()
    for line in lines:
        where = f"{env_file}, line {line.original.line}"
        if line.error or (line.key is not None and line.value is None):
            told.append(f"{where} cannot be read")
        elif line.key is not None and line.key in seen:
            told.append(f"{where}: {line.key} stands there a second time, and this one counts")
        seen.add(line.key)
    return told


def load_settings(env_file: Path | str | None = ENV_FILE) -> Settings:
    """Read the settings.

    Args:
        env_file: the file read besides the environment, which wins; None for none.

    Raises:
        SettingsError: a value cannot be used.
    """
    values: dict[str, Any] = {"_env_file": env_file}
    try:
        return Settings(**values)
    except OSError as error:
        raise SettingsError(f"{env_file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{env_file} cannot be read: it must be a text file in UTF-8") from error
    except ValidationError as error:
        faults = []
        for item in error.errors(include_url=False, include_input=False):
            if not item["loc"]:
                # It names its settings itself.
                faults.append(item["msg"].removeprefix("Value error, "))
                continue
            field = str(item["loc"][0])
            name = field if field.startswith(_DISCORD) else f"TIANWEN_{field}".upper()
            faults.append(f"{name}: {item['msg']}")
        faults[-1] += " (see .env.example)"
        raise SettingsError(*faults) from error
