"""The program in the terminal, run in the test's own process: most of a start is loading, which is done already."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol

import discord
import pytest

from bot import cli, runtime

if TYPE_CHECKING:
    from pathlib import Path


class Done(NamedTuple):
    """What a run of the program ended with."""

    returncode: int
    stdout: str
    stderr: str


class Terminal(Protocol):
    """Runs the program in a folder, with nothing typed, and with an environment of these variables alone."""

    def __call__(self, *arguments: str, cwd: Path, **environment: str) -> Done: ...


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    # Handlers of the root logger would outlive the streams of this test.
    monkeypatch.setattr(runtime, "set_up_logging", lambda *_, **__: None)
    # Nobody answers there.
    monkeypatch.setattr(discord.http.Route, "BASE", "http://127.0.0.1:9")

    def run(*arguments: str, cwd: Path, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            patch.chdir(cwd)
            for name in [name for name in os.environ if name.startswith(("TIANWEN_", "DISCORD_"))]:
                patch.delenv(name)
            for name, value in ({"NO_COLOR": "1", "COLUMNS": "120"} | environment).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["tianwen", *arguments])
            patch.setattr(sys, "stdin", io.StringIO())
            with pytest.raises(SystemExit) as ended:
                cli.main()
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, told.out, told.err)

    return run
