"""Tianwen's outside: everything that knows Discord, the terminal or the process."""
