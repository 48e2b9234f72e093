"""Which shards a process runs."""

from __future__ import annotations

import re

# Discord's limit is higher; this only keeps a slip of the finger from asking for a billion.
SHARDS_MOST = 65_536
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def parse_shard_ids(text: str) -> tuple[int, ...]:
    """Read the ids of shards from a list of numbers and ranges, such as “0-3, 8”.

    Raises:
        ValueError: it is not such a list.
    """
    ids: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise ValueError(f"“{part}” is neither a number nor a range such as 0-3")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < SHARDS_MOST:
            raise ValueError(f"“{part}” must ascend and stay below {SHARDS_MOST}")
        ids.update(range(first, last + 1))
    return tuple(sorted(ids))
