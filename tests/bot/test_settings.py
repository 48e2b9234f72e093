"""Settings: what may be set, and what is told when it is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.identity import PERMISSIONS, application_id_of, invite_url
from bot.logs import LogLevel
from bot.settings import DEFAULT_DATABASE_URL, Settings, SettingsError, load_settings
from tests.conftest import WELL_SHAPED_TOKEN


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("DISCORD_", "TIANWEN_"))]:
        monkeypatch.delenv(name)


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings(None)
    assert settings.discord_token is None
    assert settings.database_url.get_secret_value() == DEFAULT_DATABASE_URL
    assert settings.log_level is LogLevel.INFO


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("TIANWEN_LOG_LEVEL=debug\nDISCORD_TOKEN=from-file\n", "utf-8")  # pragma: allowlist secret
    monkeypatch.setenv("DISCORD_TOKEN", "from-environment")
    settings = load_settings(file)
    assert settings.log_level is LogLevel.DEBUG
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "from-environment"


@pytest.mark.parametrize("value", ["", "   ", '""', "Bot "])
def test_an_empty_token_is_no_token(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", value)
    assert load_settings(None).discord_token is None


@pytest.mark.parametrize("value", ["{}", " {} ", '"{}"', "Bot {}", "'{}'"])
def test_what_is_copied_along_with_a_token_is_taken_away(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", value.format(WELL_SHAPED_TOKEN))
    token = load_settings(None).discord_token
    assert token is not None
    assert token.get_secret_value() == WELL_SHAPED_TOKEN


def test_secrets_show_neither_in_print_nor_in_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", WELL_SHAPED_TOKEN)
    monkeypatch.setenv("TIANWEN_DATABASE_URL", "postgresql+asyncpg://me:hush@host/db")  # pragma: allowlist secret
    settings = load_settings(None)
    assert "hush" not in repr(settings) + str(settings)
    assert WELL_SHAPED_TOKEN not in repr(settings) + str(settings)
    monkeypatch.setenv("TIANWEN_LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert "TIANWEN_LOG_LEVEL" in caught.value.sentence
    assert "hush" not in caught.value.sentence
    assert WELL_SHAPED_TOKEN not in caught.value.sentence


def test_a_file_in_another_encoding_is_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("TIANWEN_LOG_LEVEL=DEBUG\n".encode("utf-16"))
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(file)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings(_env_file=None).log_level = LogLevel.ERROR  # type: ignore[misc]


def test_a_token_tells_its_application() -> None:
    assert application_id_of(WELL_SHAPED_TOKEN) == 123456789012345678


@given(st.text())
def test_what_is_no_token_tells_nothing_and_breaks_nothing(text: str) -> None:
    result = application_id_of(text)
    assert result is None or isinstance(result, int)


def test_the_bot_asks_for_few_permissions() -> None:
    assert {name for name, granted in PERMISSIONS if granted} == {
        "read_messages",
        "send_messages",
        "send_messages_in_threads",
        "embed_links",
        "attach_files",
        "read_message_history",
    }
    assert f"permissions={PERMISSIONS.value}" in invite_url(1)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"TIANWEN_BACKUP_EVERY_H": "inf"}, "TIANWEN_BACKUP_EVERY_H: .*less than or equal to 8760"),
        ({"TIANWEN_BACKUP_EVERY_H": "nan"}, "TIANWEN_BACKUP_EVERY_H: "),
        (
            {"TIANWEN_BACKUP_FOLDER": "safe", "TIANWEN_DATABASE_URL": "postgresql+asyncpg://tianwen@localhost/tianwen"},
            "^TIANWEN_BACKUP_FOLDER: only a SQLite file .* pg_dump",
        ),
    ],
)
def test_backups_that_cannot_be_made_are_refused_at_once(
    values: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told):
        load_settings(None)


# Secrets in files


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "TIANWEN_DATABASE_PASSWORD"])
def test_a_secret_may_stand_in_a_file_that_counts(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> str | None:
        settings = load_settings(None)
        secret = settings.discord_token if name == "DISCORD_TOKEN" else settings.database_password
        return secret.get_secret_value() if secret else None

    file = tmp_path / "secret"
    monkeypatch.setenv(f"{name}_FILE", str(file))
    with pytest.raises(SettingsError, match=f"^{name}_FILE: .*secret cannot be read: No such file"):
        load_settings(None)
    file.write_text(" \n", "utf-8")
    with pytest.raises(SettingsError, match=f"^{name}_FILE: .*secret is empty"):
        load_settings(None)
    file.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(SettingsError, match="it is not text"):
        load_settings(None)
    file.write_text("open-sesame\n", "utf-8")
    assert read() == "open-sesame"
    assert "sesame" not in repr(load_settings(None))
    monkeypatch.setenv(name, "")
    assert read() == "open-sesame"
    # Somebody may have both: the token of a test in .env, and a secret in the container.
    monkeypatch.setenv(name, "something else")
    file.write_bytes("open-sesame".encode("utf-8-sig"))
    assert read() == "open-sesame"


def test_a_secret_in_a_file_may_be_named_in_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"Bot {WELL_SHAPED_TOKEN}\n", "utf-8")
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN_FILE={tmp_path / 'token'}\n", "utf-8")
    token = load_settings(tmp_path / ".env").discord_token
    assert token is not None
    assert token.get_secret_value() == WELL_SHAPED_TOKEN
