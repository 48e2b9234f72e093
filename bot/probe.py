"""Ask the bot that runs on this machine how it is: ``python -m bot.probe`` is the health check of the container.

It exits 0 where the bot is well enough, else 1. It knows the standard library alone, since it runs every few seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

PATIENCE_S = 3.0
_CHECK = {"status", "sentence"}
# What an address that means all of them is replaced by.
_HERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def ask(host: str, port: int, patience_s: float = PATIENCE_S) -> dict[str, Any]:
    """Give what ``/healthz`` tells; see ``health.Health.as_json``.

    Args:
        host: at which address it listens; one that means all addresses is asked on this machine.
        port: on which port.
        patience_s: how long one waits for an answer, in seconds.

    Raises:
        OSError: nobody answers there.
        ValueError: what answers there is not Tianwen.
    """
    host = _HERE.get(host, host)
    host = f"[{host}]" if ":" in host else host
    # Nobody stands between two programs on one machine, whatever proxies are set.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{port}/healthz", timeout=patience_s) as response:
            body = response.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    except http.client.HTTPException as error:
        raise ValueError("that is not Tianwen") from error
    told = json.loads(body)
    if not _is_health(told):
        raise ValueError("that is not Tianwen")
    return dict(told)


def _is_health(told: object) -> bool:
    if not isinstance(told, dict) or "status" not in told or not isinstance(told.get("checks"), dict):
        return False
    return all(isinstance(check, dict) and check.keys() >= _CHECK for check in told["checks"].values())


def main() -> int:
    """Print how the bot is, and give the exit status."""
    port = os.environ.get("TIANWEN_MONITOR_PORT", "")
    if not port.isdecimal():
        print("TIANWEN_MONITOR_PORT is not set, so the bot cannot be asked.")  # noqa: T201
        return 1
    try:
        told = ask(os.environ.get("TIANWEN_MONITOR_HOST", "127.0.0.1"), int(port))
    except (OSError, ValueError) as error:
        print(f"The bot does not answer: {error}")  # noqa: T201
        return 1
    print(f"{told['status']}: {' '.join(check['sentence'] for check in told['checks'].values())}")  # noqa: T201
    return int(told["status"] == "failing")


if __name__ == "__main__":
    sys.exit(main())
