"""Alembic migrations of the fact store."""

# The revision that this program needs: the newest below ``versions`` (a test holds it to that). It stands here so that
# a start that has nothing to migrate need not load Alembic.
HEAD = "0008"
