"""All buttons and menus of editors, which work after a restart."""

from __future__ import annotations

from bot.ui.editing import AgainButton, DropButton, EditButton, RemoveButton, SaveButton
from bot.ui.fact_lists import FactPageButton
from bot.ui.history import HistoryButton, RevertSelect, UndoButton
from bot.ui.review import REVIEW_ITEMS
from bot.ui.saved_tests import TEST_ITEMS
from bot.ui.transfer import ImportButton

EDITOR_ITEMS = (
    AgainButton,
    DropButton,
    EditButton,
    FactPageButton,
    HistoryButton,
    ImportButton,
    RemoveButton,
    RevertSelect,
    SaveButton,
    UndoButton,
    *REVIEW_ITEMS,
    *TEST_ITEMS,
)
