"""What the bot says to editors in Simplified Chinese."""

from __future__ import annotations

from bot.ui.editor_words import EditorWords

EDITOR_CHINESE = EditorWords()
