"""Reads the hours of a series from ClickHouse, and writes what stands for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from streams.core.accounting.substitution import AccountedHour, Hour
from streams.core.time.interval import HOUR
from streams.core.windows.mean import NOT_OPERATING, VALID

TABLE: Final = "accounted_hours"
_COLUMNS: Final = (
    "source_id", "parameter", "unit", "start", "value", "code", "availability_pct", "made_at",
)  # fmt: skip

_QUESTION: Final = (
    "SELECT toUnixTimestamp64Milli(start), value, status FROM means_current "
    "WHERE window = '1h' AND unit = {unit:String} AND source_id = {source:String} "
    "AND parameter = {parameter:String} "
    "AND start >= fromUnixTimestamp64Milli({since:Int64}) "
    "AND start < fromUnixTimestamp64Milli({until:Int64}) ORDER BY start"
)


class SeriesName(NamedTuple):
    """A series of 1-hour means: source, parameter, unit."""

    source_id: str
    parameter: str
    unit: str


def operating_hours(client: Client, series: SeriesName, since: int, until: int) -> list[Hour]:
    """Read the operating hours of a series that start in ``[since, until)`` (ms).

    An hour without a mean counts as an operating one that is missing: silence is no proof that a
    plant stood still. An hour whose whole time was reported or excused as not operating is left
    out. Begins with the first mean and ends with the last.
    """
    rows = client.query(
        _QUESTION, {**series._asdict(), "source": series.source_id, "since": since, "until": until}
    ).result_rows
    found: list[Hour] = []
    for start, value, status in rows:
        if found:
            found += (Hour(at, None) for at in range(found[-1].start + HOUR, start, HOUR))
        found.append(Hour(start, value if status == VALID else None))
    standing = {start for start, _, status in rows if status == NOT_OPERATING}
    return [hour for hour in found if hour.start not in standing]


def write_hours(
    client: Client, series: SeriesName, hours: Sequence[AccountedHour], made_at: int
) -> None:
    """Write accounted hours, in place of those written before; ``made_at`` (ms) orders them."""
    rows: list[list[Any]] = [
        [*series, each.start, each.value, each.code.value, each.availability_pct, made_at]
        for each in hours
    ]
    client.insert(TABLE, rows, column_names=_COLUMNS)
