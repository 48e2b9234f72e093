"""The entry point: ``python -m bot`` is ``tianwen``."""

import os
import signal
import sys
from types import FrameType

from bot import NEEDS_MENDING

_TERMINATED = 128 + signal.SIGTERM


def main() -> None:
    """Run the program; an interrupt or termination ends it calmly, also while it is still loading."""
    # Later the bot finishes its replies first. The first process of a container would not hear it at all.
    signal.signal(signal.SIGTERM, _terminate)
    # What is kept of people is nobody else's on this machine, nor are backups and exports.
    os.umask(0o077)
    try:
        from bot.cli import main as run  # noqa: PLC0415 - so that an interrupt of the import is caught too

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as error:
        # As when the program was brought up to date, and not what it needs.
        print(f"tianwen: the package {error.name} is missing: run “make install” anew.", file=sys.stderr)  # noqa: T201
        sys.exit(NEEDS_MENDING)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    sys.exit(_TERMINATED)


if __name__ == "__main__":
    main()
