"""Discord's documented limits, in characters unless said otherwise, and cutting text to fit them.

Source: https://discord.com/developers/docs (resources/message, interactions/application-commands, components).
"""

from __future__ import annotations

MESSAGE = 2_000
EMBED_TITLE = 256
EMBED_DESCRIPTION = 4_096
EMBED_FIELD_NAME = 256
EMBED_FIELD_VALUE = 1_024
EMBED_FIELDS = 25
EMBED_FOOTER = 2_048
EMBED_TOTAL = 6_000
CHOICES = 25
CHOICE_NAME = 100
CHOICE_VALUE = 100
BUTTON_LABEL = 80
BUTTON_URL = 512
SELECT_OPTIONS = 25
SELECT_LABEL = 100
SELECT_PLACEHOLDER = 150
FILE_DESCRIPTION = 1_024
CUSTOM_ID = 100
ROWS = 5
MODAL_TITLE = 45
LABEL_DESCRIPTION = 100
INPUT = 4_000

CUT = " …"


def cut_middle(text: str, limit: int) -> str:
    """Cut a text so that it fits and its last lines stay: there stand the source and the id.

    Args:
        text: the text.
        limit: how many characters it may have.
    """
    if len(text) <= limit:
        return text
    end = text[-limit // 3 :]
    end = end[max(end.find("\n"), 0) :]
    return cut(text[: -len(end)], limit - len(end)) + end


def cut(text: str, limit: int, note: str = CUT) -> str:
    """Cut a text at a word so that it fits, and say so.

    Args:
        text: the text.
        limit: how many characters it may have, more than the note has.
        note: what stands at the end of a cut text.
    """
    if len(text) <= limit:
        return text
    head = text[: limit - len(note)]
    at_word = head.rsplit(maxsplit=1)[0] if " " in head and not text[len(head)].isspace() else head
    # One long "word" is cut inside: better than losing nearly all of it.
    return (at_word if len(at_word) > len(head) // 2 else head).rstrip() + note
