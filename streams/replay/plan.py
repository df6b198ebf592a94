"""In which order, and with which arrival time, the readings of the input are published.

Pure: the wall clock comes in as an argument. All times are milliseconds UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = -(2**63)
"""Stands for "the input does not say when it arrived" in a column of integers."""

AFTER_LAST_MS = 20 * 60_000
FUTURE_MS = 5 * 60_000  # a reading that ends more than this after its arrival is from the future


@dataclass(frozen=True)
class Plan:
    """The readings to publish: indexes into the input, and the Kafka timestamp of each.

    ``first_tick`` goes before them and ``until`` after them, into every partition. ``absent``
    readings arrive after ``until`` and do not exist; ``future`` ones are published last.
    """

    order: Sequence[int]
    timestamps: Sequence[int]
    first_tick: int
    until: int
    absent: int
    future: int


def plan_publication(
    arrived: Sequence[int], ends: Sequence[int], until: int | None, now: int
) -> Plan:
    """The order of arrival, ties in the order of the input.

    ``arrived`` holds the arrival times (or UNKNOWN: the interval's end), ``ends`` the ends of the
    intervals. A reading that arrives after ``until`` does not exist. One without arrival time
    whose interval ends after ``until`` (or, without it, after ``now``) is from the future: it is
    published last, early enough to be told as such, and not later than the first tick, so that it
    moves no clock. Without ``until`` the run ends 20 minutes after the latest arrival of the
    others, or now if there is none. Kafka has no times before 1970: they become 0.
    """
    horizon = now if until is None else until
    arrivals: dict[int, int] = {}
    future: list[int] = []
    absent = 0
    for index, (moment, end) in enumerate(zip(arrived, ends, strict=True)):
        if moment == UNKNOWN:
            if end > horizon:
                future.append(index)
                continue
            moment = end
        elif until is not None and moment > until:
            absent += 1
            continue
        arrivals[index] = max(moment, 0)
    order = sorted(arrivals, key=arrivals.__getitem__)  # stable: ties stay as in the input
    timestamps = [arrivals[index] for index in order]
    if until is None:
        until = timestamps[-1] + AFTER_LAST_MS if timestamps else now
    until = max(until, 0)
    first_tick = timestamps[0] if timestamps else until
    timestamps += (max(0, min(first_tick, ends[index] - FUTURE_MS - 1)) for index in future)
    return Plan(order + future, timestamps, first_tick, until, absent, len(future))
