"""Which readings are accepted, and which channels of them are valid (section 5)."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle import clock
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Source

FUTURE = 5 * clock.MINUTE
LATENESS = 72 * clock.HOUR
TOLERANCE = Fraction(1, 10**9)


@dataclass
class Sorted:
    """Where every row ended: accepted (by source, in order of start), dead or a duplicate."""

    accepted: dict[str, list[Row]]
    dead: list[tuple[str, Row]] = field(default_factory=list)
    duplicates: int = 0
    conflicts: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By source, the span of time of every index for which two readings say two things."""


def classify(rows: list[Row], sources: dict[str, Source], misplaced: Container[int] = ()) -> Sorted:
    """Sort all rows; ``misplaced``: numbers of rows in a partition that is not their key's."""
    standing: dict[tuple[str, int], Row] = {}
    found = Sorted({identity: [] for identity in sources})
    for row in rows:
        reason = _whole_message(row, sources.get(row.source_id), row.number in misplaced)
        index = (row.source_id, row.start // (row.period * clock.SECOND) if row.period else 0)
        if reason is not None:
            found.dead.append((reason, row))
        elif index not in standing:
            standing[index] = row
        elif same(standing[index], row):
            found.duplicates += 1
        else:
            found.dead.append(("CONFLICTING_DUPLICATE", row))
            length = row.period * clock.SECOND
            span = (index[1] * length, (index[1] + 1) * length)
            found.conflicts.setdefault(row.source_id, []).append(span)
    for row in standing.values():
        found.accepted[row.source_id].append(row)
    for kept in found.accepted.values():
        kept.sort(key=lambda row: row.start)
    return found


def _whole_message(row: Row, source: Source | None, misplaced: bool) -> str | None:
    if source is None:
        return "UNKNOWN_SOURCE"
    if misplaced:
        return "WRONG_PARTITION"
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
    """The reading overlaps an excused period, of the registry or told in time."""
    return any(row.start < end and start < row.end for start, end in source.excused)


def measured(row: Row, source: Source, parameter: str) -> float | None:
    """The valid value of a channel in its own unit; None if it is absent or not valid."""
    channel = source.channels.get(parameter)
    value = row.values.get(parameter)
    if channel is None or value is None:
        return None
    if row.state != "NORMAL" or row.flags.get(parameter, "N") != "N" or excused(row, source):
        return None
    if not math.isfinite(value) or (parameter == "ALPHA" and value < 1):
        return None
    if channel.range is None:
        return value
    low, high = channel.range
    if low <= value <= high:
        return value
    if math.isinf(high - low):
        return None  # a span beyond the doubles has no bound below which a negative is a zero
    least = -(Fraction(high) - Fraction(low)) / 50 * (1 + TOLERANCE)
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
