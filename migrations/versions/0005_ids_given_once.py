"""Ids that buttons and menus carry are never given twice, also by SQLite: an old button must not mean a newer row.

Revision: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    _make_anew(autoincrement=True)


def downgrade() -> None:
    """Bring the schema back."""
    _make_anew(autoincrement=False)


def _make_anew(*, autoincrement: bool) -> None:
    """Make the tables anew where that is SQLite's; sequences of PostgreSQL never go back."""
    if op.get_context().dialect.name != "sqlite":
        return
    for table in ("queued_questions", "saved_tests"):
        options = {"sqlite_autoincrement": autoincrement}
        with op.batch_alter_table(table, recreate="always", table_kwargs=options):
            pass
