"""What transmission is computed from: silences, first data, and valid seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from emissions.portal.database import Questions
from emissions.portal.periods import Period


class Silence(msgspec.Struct, frozen=True):
    """A gap of a whole source, UTC; ``end`` None: it lasts."""

    source_id: str
    start: datetime
    end: datetime | None
    detected_at: datetime

    def seconds(self, newest: datetime) -> float:
        """Return how long it lasted, or has lasted up to the newest data."""
        until = newest if self.end is None else self.end
        return max(0.0, (_utc(until) - _utc(self.start)).total_seconds())


class FirstData(msgspec.Struct, frozen=True):
    """The start of the earliest mean of a source, UTC."""

    source_id: str
    first: datetime


class ValidTime(msgspec.Struct, frozen=True):
    """Sums over the 1-hour means of pollutants of a source in a period, numbered from 1."""

    source_id: str
    period: int
    valid_s: int
    due_s: int


async def silences(
    database: Questions, sources: Sequence[str] = (), *, since: datetime | None = None
) -> list[Silence]:
    """Return the gaps of whole sources, the newest first; no sources: of all.

    ``since``: those alone that had not ended by then. Raises DatabaseGoneError.
    """
    return await database.rows(
        Silence,
        """
        SELECT source_id, start, end, detected_at
        FROM gaps_current
        WHERE parameter = ''
            AND (empty({sources:Array(String)}) OR source_id IN {sources:Array(String)})
            AND (end IS NULL OR toUnixTimestamp64Milli(end) > {since:Int64})
        ORDER BY start DESC, source_id
        """,
        {"sources": list(sources), "since": _milliseconds(since) if since else 0},
    )


async def first_data(database: Questions) -> list[FirstData]:
    """Return since when each source has means. Raises DatabaseGoneError."""
    return await database.rows(
        FirstData,
        "SELECT source_id, min(start) AS first FROM means WHERE window != 'day' GROUP BY source_id",
    )


async def valid_time(
    database: Questions, periods: Sequence[Period], sources: Sequence[str] = ()
) -> list[ValidTime]:
    """Return valid and due seconds by source and period; no sources: of all.

    ``periods`` follow each other without a hole. Raises DatabaseGoneError.
    """
    return await database.rows(
        ValidTime,
        """
        SELECT
            source_id,
            toUInt32(arrayFirstIndex(
                until -> toUnixTimestamp64Milli(start) < until, {ends:Array(Int64)}
            )) AS period,
            sum(valid_s) AS valid_s,
            sum(due_s) AS due_s
        FROM means_current
        WHERE window = '1h' AND unit != 'g/s'
            AND start >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
            AND start < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
            AND (empty({sources:Array(String)}) OR source_id IN {sources:Array(String)})
            AND parameter NOT IN ('O2', 'H2O', 'TEMPERATURE', 'PRESSURE', 'VELOCITY', 'FLOW')
        GROUP BY source_id, period
        """,
        {
            "start": _milliseconds(periods[0].start),
            "end": _milliseconds(periods[-1].end),
            "ends": [_milliseconds(each.end) for each in periods],
            "sources": list(sources),
        },
    )


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
