"""Means of one source: the latest, those of a time, days in short, and one with its revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from emissions.portal.database import Questions


class MeanRow(msgspec.Struct, frozen=True):
    """The last revision of a mean; times are UTC, ``*_s`` seconds, value and limit in ``unit``."""

    parameter: str
    unit: str
    window: str
    start: datetime
    end: datetime
    value: float | None
    limit: float | None
    valid_s: int
    due_s: int
    status: str
    seconds_by_code: Mapping[str, int]
    revision: int


class MeanRevision(msgspec.Struct, frozen=True):
    """One stored revision of a mean, whole; fields as in ``means_current``."""

    unit: str
    start: datetime
    end: datetime
    value: float | None
    raw_value: float | None
    validated_value: float | None
    min: float | None
    max: float | None
    count: int
    valid_s: int
    due_s: int
    excused_s: int
    status: str
    seconds_by_code: Mapping[str, int]
    limit: float | None
    rule_set: str
    revision: int
    final: bool
    stream_time: datetime


class DayRow(msgspec.Struct, frozen=True):
    """A local day of a source in numbers: its means by status, and how many were above a limit.

    ``worst`` is the greatest valid day mean divided by its limit.
    """

    day: date
    worst: float | None
    valid: int
    insufficient: int
    stopped: int
    valid_parts: int
    days_above: int
    halves_above: int
    hours_above: int


_ROW = (
    "parameter, unit, window, start, end, value, limit, valid_s, due_s, status, seconds_by_code, "
    "revision"
)


async def latest_of(database: Questions, source_id: str) -> list[MeanRow]:
    """Return the latest mean of each series and window of a source. Raises DatabaseGoneError."""
    return await database.rows(
        MeanRow,
        f"""
        SELECT {_ROW}
        FROM means_current
        WHERE source_id = {{source:String}} AND (parameter, unit, window, start) IN (
            SELECT parameter, unit, window, max(means.start)
            FROM means
            WHERE source_id = {{source:String}}
            GROUP BY parameter, unit, window
        )
        ORDER BY parameter, unit, window
        """,  # noqa: S608 (a list of columns)
        {"source": source_id},
    )


async def means_between(
    database: Questions, source_id: str, start: int, end: int, windows: Sequence[str]
) -> list[MeanRow]:
    """Return the means of some windows that start in ``[start, end)`` (ms UTC), by their start.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        MeanRow,
        f"""
        SELECT {_ROW}
        FROM means_current
        WHERE source_id = {{source:String}} AND window IN {{windows:Array(String)}}
            AND start >= fromUnixTimestamp64Milli({{since:Int64}})
            AND start < fromUnixTimestamp64Milli({{until:Int64}})
        ORDER BY parameter, unit, window, start
        """,  # noqa: S608 (a list of columns)
        {"source": source_id, "windows": list(windows), "since": start, "until": end},
    )


async def days_between(database: Questions, source_id: str, start: int, end: int) -> list[DayRow]:
    """Return each local day with means that start in ``[start, end)`` (ms UTC), in short.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        DayRow,
        """
        SELECT
            day,
            maxIf(value / limit, window = 'day' AND status = 'VALID' AND limit > 0) AS worst,
            countIf(window = 'day' AND status = 'VALID') AS valid,
            countIf(window = 'day' AND status = 'INSUFFICIENT') AS insufficient,
            countIf(window = 'day' AND status = 'NOT_OPERATING') AS stopped,
            countIf(window != 'day' AND status = 'VALID') AS valid_parts,
            countIf(window = 'day' AND status = 'VALID' AND value > limit) AS days_above,
            countIf(window = '30min' AND status = 'VALID' AND value >= 2 * limit) AS halves_above,
            countIf(unit = 'g/s' AND status = 'VALID' AND value > limit) AS hours_above
        FROM means_current
        WHERE source_id = {source:String}
            AND (unit = 'mg/m3' AND window IN ('day', '30min', '1h') OR unit = 'g/s')
            AND start >= fromUnixTimestamp64Milli({since:Int64})
            AND start < fromUnixTimestamp64Milli({until:Int64})
        GROUP BY day
        ORDER BY day
        """,
        {"source": source_id, "since": start, "until": end},
    )


async def revisions_of(
    database: Questions, source_id: str, parameter: str, window: str, start: int
) -> list[MeanRevision]:
    """Return the stored revisions of a mean in every unit it has, the newest first.

    ``start`` is ms UTC. Raises DatabaseGoneError.
    """
    return await database.rows(
        MeanRevision,
        """
        SELECT DISTINCT
            unit, start, end, value, raw_value, validated_value, min, max, count, valid_s, due_s,
            excused_s, status, seconds_by_code, limit, rule_set, revision, final, stream_time
        FROM means
        WHERE source_id = {source:String} AND parameter = {parameter:String}
            AND window = {window:String} AND start = fromUnixTimestamp64Milli({start:Int64})
        ORDER BY unit, revision DESC, final DESC, stream_time DESC
        LIMIT 200
        """,
        {"source": source_id, "parameter": parameter, "window": window, "start": start},
    )
