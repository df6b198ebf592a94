"""Finds records whose timestamp cannot be right, before they move stream time.

Stream time never goes back: one record that a broker's wrong clock stamps days ahead would close
every window and open a gap of every source at once, for as long. The judging knows no clock; so
the worker looks at its own, in front of it, and holds the partition instead (never in a replay).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.core.records.record import RawRecord
from streams.core.time.interval import BEGINNING, LATEST_ARRIVAL
from streams.core.time.local_clock import iso
from streams.kafka.partitions import PartitionId


class ClockPolicy(NamedTuple):
    """Limit how far a timestamp may be ahead of the clock, and of its neighbours; ms, 0: off."""

    max_ahead: int
    max_step: int


class SuspectRecord(NamedTuple):
    """A record that must not be applied: its position, why, and from when it may be (ms UTC)."""

    position: int
    why: str
    passes_at: int | None


ClockCheck = Callable[[PartitionId, Sequence[RawRecord], int], SuspectRecord | None]
"""Finds the first suspect of a partition's records, which follow a stream time (ms UTC)."""


def clock_check(
    policy: ClockPolicy,
    resumed: Callable[[str, int], Callable[[int], bool]],
    now_ms: Callable[[], int],
) -> ClockCheck:
    """Return a check against the clock ``now_ms`` (ms UTC) and the decisions of people.

    ``resumed`` returns, for a topic and partition, what tells whether an offset was resumed.
    """

    def check(
        place: PartitionId, records: Sequence[RawRecord], stream_time: int
    ) -> SuspectRecord | None:
        return first_suspect(records, stream_time, now_ms(), policy, resumed(*place))

    return check


def first_suspect(
    records: Sequence[RawRecord],
    stream_time: int,
    now: int,
    policy: ClockPolicy,
    resumed: Callable[[int], bool],
) -> SuspectRecord | None:
    """Find the first record that would move stream time too far ahead.

    That is more than ``max_ahead`` beyond ``now``, the worker's own clock (ms UTC). Or more than
    ``max_step`` beyond the records before it *and* one after it: where only those before it are
    old there was an outage, and a backlog behind it is none of the clock's. What people decided
    to let pass (``resumed``, by offset) moves stream time, and what follows is held against that.
    """
    times = [record.timestamp for record in records]
    top = max((at for at in times if at <= LATEST_ARRIVAL), default=BEGINNING)
    known = stream_time != BEGINNING
    ahead = bool(policy.max_ahead) and top > max(now, stream_time) + policy.max_ahead
    steps = bool(policy.max_step) and (not known or top > stream_time + policy.max_step)
    if not ahead and not steps:
        return None
    lowest_after = _lowest_after(times)
    for position, record in enumerate(records):
        at = record.timestamp
        if not 0 <= at <= LATEST_ARRIVAL or at <= stream_time:
            continue
        if not resumed(record.offset):
            if policy.max_ahead and at > max(now, stream_time) + policy.max_ahead:
                why = (
                    f"the record at offset {record.offset} is stamped {iso(at)}, {_span(at - now)} "
                    f"ahead of this worker's clock ({iso(now)}): one of the two clocks is wrong"
                )
                return SuspectRecord(position, why, at - policy.max_ahead)
            if (
                policy.max_step
                and stream_time != BEGINNING
                and at > stream_time + policy.max_step
                and at - lowest_after[position] > policy.max_step
            ):
                why = (
                    f"the record at offset {record.offset} is stamped {iso(at)}, "
                    f"{_span(at - stream_time)} after those before it, and later ones "
                    f"{_span(at - lowest_after[position])} before it: a broker's clock was wrong"
                )
                return SuspectRecord(position, why, None)
        stream_time = at
    return None


def _lowest_after(times: Sequence[int]) -> list[int]:
    """Return the lowest valid timestamp after each position (the highest one after the last)."""
    found, lowest = [], LATEST_ARRIVAL
    for at in reversed(times):
        found.append(lowest)
        if 0 <= at <= LATEST_ARRIVAL:
            lowest = min(lowest, at)
    return found[::-1]


def _span(milliseconds: int) -> str:
    """Format a duration in days, hours and minutes."""
    minutes = milliseconds // 60_000
    days, hours = minutes // 1440, minutes // 60 % 24
    parts = [f"{days} days" if days else "", f"{hours} h" if hours else ""]
    if not days:
        parts.append(f"{minutes % 60} min")
    return " ".join(part for part in parts if part)
