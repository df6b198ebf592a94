"""Silence of one source and of its channels."""

from __future__ import annotations

from datetime import datetime

import msgspec

from emissions.portal.database import Questions


class GapRow(msgspec.Struct, frozen=True):
    """The last revision of a gap; ``parameter`` empty: the whole source; ``end`` None: it lasts."""

    parameter: str
    start: datetime
    end: datetime | None
    status: str
    revision: int
    detected_at: datetime


async def gaps_between(database: Questions, source_id: str, start: int, end: int) -> list[GapRow]:
    """Return the gaps that overlap ``[start, end)`` (ms UTC), of the source first.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        GapRow,
        """
        SELECT parameter, start, end, status, revision, detected_at
        FROM gaps_current
        WHERE source_id = {source:String}
            AND start < fromUnixTimestamp64Milli({until:Int64})
            AND (end IS NULL OR end > fromUnixTimestamp64Milli({since:Int64}))
        ORDER BY parameter, start
        LIMIT 1000
        """,
        {"source": source_id, "since": start, "until": end},
    )
