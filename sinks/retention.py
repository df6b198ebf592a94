"""Keep rows in ClickHouse for as long as the settings say, and find what would delete them sooner.

Only raw messages ever expire (`sinks/migrations/0031_raw_messages.sql`). A migration run lengthens
their time to that of the settings and never shortens it: rows that a shorter time deletes are gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from clickhouse_connect.driver.client import Client

_TTL: Final = re.compile(r"\bTTL (?P<what>.+?)(?= SETTINGS |$)", re.DOTALL)
_YEARS: Final = re.compile(r"stored_on \+ toIntervalYear\((\d+)\)")
_RAW: Final = re.compile(r"raw_messages(_local)?")


def lengthen_raw_retention(
    client: Client, years: int, run: Callable[[str], object] | None = None
) -> bool:
    """Keep raw messages for so many years if it was for fewer; return whether it was changed.

    ``run`` changes a table, by default the client does.
    """
    run = run or client.command
    changed = False
    for table, ttl in _expiring(client).items():
        kept = _YEARS.fullmatch(ttl)
        if _RAW.fullmatch(table) and kept is not None and int(kept[1]) < years:
            name = table.removesuffix("_local")  # of a cluster, where it is run on all nodes
            run(f"ALTER TABLE {name} MODIFY TTL stored_on + INTERVAL {years} YEAR")
            changed = True
    return changed


def too_short(client: Client, years: int) -> dict[str, str]:
    """Return the tables of the client's database that delete rows too soon, with what they say."""
    found = {}
    for table, ttl in _expiring(client).items():
        kept = _YEARS.fullmatch(ttl) if _RAW.fullmatch(table) else None
        if kept is None or int(kept[1]) < years:
            found[table] = ttl
    return found


def _expiring(client: Client) -> dict[str, str]:
    """Return the tables whose rows expire, with the expression that says when."""
    answer = client.query(
        "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
        " AND engine_full LIKE '% TTL %' ORDER BY name"
    )
    found = {}
    for name, engine in answer.result_rows:
        match = _TTL.search(str(engine))
        if match is not None:
            found[str(name)] = match["what"].strip()
    return found
