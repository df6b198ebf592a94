"""Plan the order and the arrival times in which a replay publishes its readings.

Pure: the wall clock is an argument. All times are milliseconds UTC.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -(2**63)
"""Marks an unknown arrival time in a column of integers."""

AFTER_LAST_MS = 20 * 60_000
FUTURE_MS = 5 * 60_000  # a reading that ends more than this after its arrival is from the future


@dataclass(frozen=True)
class PublicationPlan:
    """Indexes into the input in publishing order, and the Kafka timestamp of each.

    A tick at ``first_tick`` precedes them and one at ``until`` follows, in every partition.
    ``absent`` readings arrive after ``until`` and are left out; ``future`` ones come last.
    """

    order: Sequence[int]
    timestamps: Sequence[int]
    first_tick: int
    until: int
    absent: int
    future: int


def plan_publication(
    arrived: Sequence[int], ends: Sequence[int], until: int | None, now: int
) -> PublicationPlan:
    """Order the readings by arrival; ties keep the order of the input.

    ``arrived`` holds arrival times (or UNKNOWN: the end of the interval), ``ends`` the ends of the
    intervals. A reading that arrives after ``until`` is left out. A reading without arrival time
    whose interval ends after ``until`` (or, without it, after ``now``) is from the future: it is
    published last, with a timestamp early enough to be rejected as such and before the first tick:
    it does not advance stream time, and lies in no silence. Without ``until`` the run ends 20
    minutes after the latest arrival of the others, or now if there is none. Kafka has no times
    before 1970: they become 0.
    """
    horizon = now if until is None else until
    moments = np.array(arrived, dtype=np.int64)
    interval_ends = np.array(ends, dtype=np.int64)
    unknown = moments == UNKNOWN
    later = unknown & (interval_ends > horizon)
    left_out = np.zeros(len(moments), dtype=np.bool_)
    if until is not None:
        left_out = ~unknown & (moments > until)
    arrivals = np.maximum(np.where(unknown, interval_ends, moments), 0)
    kept = np.flatnonzero(~later & ~left_out)
    order = kept[np.argsort(arrivals[kept], kind="stable")]  # ties stay as in the input
    timestamps = arrivals[order]
    if until is None:
        until = int(timestamps[-1]) + AFTER_LAST_MS if len(timestamps) else now
    until = max(until, 0)
    first_tick = int(timestamps[0]) if len(timestamps) else until
    future = np.flatnonzero(later)
    early = np.clip(interval_ends[future] - FUTURE_MS - 1, 0, max(first_tick - 1, 0))
    return PublicationPlan(
        _integers(np.concatenate((order, future))),
        _integers(np.concatenate((timestamps, early))),
        first_tick,
        until,
        int(left_out.sum()),
        len(future),
    )


def _integers(values: NDArray[np.int64]) -> Sequence[int]:
    """Keep integers as eight bytes each: a long input has millions."""
    return array("q", values.tobytes())
