"""Which readings are accepted, and which channels of them are valid (section 5)."""

from __future__ import annotations

import math
from fractions import Fraction

from tests.oracle import clock
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Source

FUTURE = 5 * clock.MINUTE
LATENESS = 72 * clock.HOUR


def classify(
    rows: list[Row], sources: dict[str, Source]
) -> tuple[dict[str, list[Row]], list[tuple[str, Row]], int]:
    """Accepted rows by source in order of start; dead letters; the number of duplicates."""
    standing: dict[tuple[str, int], Row] = {}
    dead: list[tuple[str, Row]] = []
    duplicates = 0
    for row in rows:
        source = sources.get(row.source_id)
        reason = _whole_message(row, source)
        index = (row.source_id, row.start // (row.period * clock.SECOND) if row.period else 0)
        if reason is not None:
            dead.append((reason, row))
        elif index not in standing:
            standing[index] = row
        elif same(standing[index], row):
            duplicates += 1
        else:
            dead.append(("CONFLICTING_DUPLICATE", row))
    accepted: dict[str, list[Row]] = {identity: [] for identity in sources}
    for row in standing.values():
        accepted[row.source_id].append(row)
    for kept in accepted.values():
        kept.sort(key=lambda row: row.start)
    return accepted, dead, duplicates


def _whole_message(row: Row, source: Source | None) -> str | None:
    if source is None:
        return "UNKNOWN_SOURCE"
    if source.test:
        return "TEST_STREAM"
    if row.period != source.cadence:
        return "BAD_PERIOD"
    if row.arrival is None or row.end - row.arrival > FUTURE:
        return "FROM_THE_FUTURE"
    if row.start < source.commissioned:
        return "BEFORE_COMMISSIONING"
    if row.arrival - row.end > LATENESS:
        return "TOO_LATE"
    return None


def same(one: Row, other: Row) -> bool:
    """All fields equal, arrival apart; NaN equals NaN."""
    return (
        (one.start, one.period, one.state, one.serial, one.flags)
        == (other.start, other.period, other.state, other.serial, other.flags)
        and one.values.keys() == other.values.keys()
        and all(
            value == other.values[name] or (math.isnan(value) and math.isnan(other.values[name]))
            for name, value in one.values.items()
        )
    )


def excused(row: Row, source: Source) -> bool:
    """The reading overlaps an excused period of the registry."""
    return any(row.start < end and start < row.end for start, end in source.excused)


def measured(row: Row, source: Source, parameter: str) -> float | None:
    """The valid value of a channel in its own unit; None if it is absent or not valid."""
    channel = source.channels.get(parameter)
    value = row.values.get(parameter)
    if channel is None or value is None:
        return None
    if row.state != "NORMAL" or row.flags.get(parameter, "N") != "N" or excused(row, source):
        return None
    if not math.isfinite(value):
        return None
    if channel.range is None:
        return value
    low, high = channel.range
    if low <= value <= high:
        return value
    # -2 % of the span is rounded once to a double, like the cell it is compared with.
    least = -float((Fraction(high) - Fraction(low)) / 50)
    if value < 0 and value < low <= 0 <= high and value >= least:
        return 0.0  # ZEROED
    return None


def unverified(row: Row, source: Source) -> bool:
    """The source lists devices and none of that serial is verified at the time."""
    if not source.devices:
        return False
    return not any(
        device.serial == row.serial and device.start <= row.start < device.end
        for device in source.devices
    )
