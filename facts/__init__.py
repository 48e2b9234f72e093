"""Tianwen's knowledge: facts, where they are kept, and how a question finds them.

Nothing here knows of Discord, of the terminal or of settings.
"""
