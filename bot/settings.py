"""The settings: one typed class, read from the environment and from ``.env``; built in the entry point only."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from facts.errors import TianwenError

if TYPE_CHECKING:
    from pathlib import Path

ENV_FILE = ".env"
DEFAULT_DATABASE_URL = "sqlite+aiosqlite:///tianwen.db"


class SettingsError(TianwenError):
    """A setting is missing or wrong. The sentence names it and never shows its value."""


class LogLevel(enum.StrEnum):
    """How much is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


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
    database_url: Annotated[
        SecretStr,
        Field(
            description="Where the facts are kept: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DB."
        ),
    ] = SecretStr(DEFAULT_DATABASE_URL)
    log_level: Annotated[LogLevel, Field(description="How much is logged: DEBUG, INFO, WARNING or ERROR.")] = (
        LogLevel.INFO
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("discord_token")
    @classmethod
    def _strip(cls, value: SecretStr | None) -> SecretStr | None:
        """Take away the spaces, quotes and “Bot ” that people copy along with a token."""
        if value is None:
            return None
        token = value.get_secret_value().strip().strip("\"'").removeprefix("Bot").strip()
        return SecretStr(token) if token else None


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
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{env_file} cannot be read: it must be a text file in UTF-8") from error
    except ValidationError as error:
        faults = []
        for item in error.errors(include_url=False, include_input=False):
            field = str(item["loc"][0]) if item["loc"] else "settings"
            name = field if field == "DISCORD_TOKEN" else f"TIANWEN_{field}".upper()
            faults.append(f"{name}: {item['msg']}")
        raise SettingsError("; ".join(faults) + " (see .env.example)") from error
