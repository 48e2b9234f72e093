"""The entry point: ``python -m bot`` is ``tianwen``."""

import signal
import sys
from types import FrameType

_TERMINATED = 128 + signal.SIGTERM


def main() -> None:
    """Run the program; an interrupt or termination ends it calmly, also while it is still loading."""
    # Later the bot finishes its replies first. The first process of a container would not hear it at all.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        from bot.cli import main as run  # noqa: PLC0415 - so that an interrupt of the import is caught too

        run()
    except KeyboardInterrupt:
        sys.exit(130)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    sys.exit(_TERMINATED)


if __name__ == "__main__":
    main()
