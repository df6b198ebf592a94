"""Roots over the accepted messages of a source and local day."""

from __future__ import annotations

from datetime import date

import msgspec

from emissions.portal.database import Questions


class Root(msgspec.Struct, frozen=True):
    """The last revision of the root of a day: RFC 6962, SHA-256, over so many messages."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    count: int
    root: str
    revision: int
    final: bool
    complete: bool


async def root_of(database: Questions, source_id: str, day: date) -> Root | None:
    """Return the root of a source and local day; None: there is none. Raises DatabaseGoneError."""
    rows = await database.rows(
        Root,
        """
        SELECT topic, partition, first_offset, last_offset, count, root, revision, final, complete
        FROM roots_current
        WHERE source_id = {source:String} AND day = {day:String}
        """,
        {"source": source_id, "day": day.isoformat()},
    )
    return rows[0] if rows else None
