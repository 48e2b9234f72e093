"""The entry point: ``python -m bot`` is ``tianwen``."""

import sys


def main() -> None:
    """Run the program; an interrupt ends it calmly, also while it is still loading."""
    try:
        from bot.cli import main as run  # noqa: PLC0415 - so that an interrupt of the import is caught too

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
