"""Tianwen's outside: everything that knows Discord, the terminal or the process."""

__version__ = "0.1.0"
# The exit status EX_CONFIG of sysexits.h: it does not help to start again before somebody has mended it.
NEEDS_MENDING = 78
