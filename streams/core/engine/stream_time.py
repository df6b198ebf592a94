"""Computes stream time (the watermark, by arrival) along a span of the log.

Sources do not see each other, so each is processed along the whole span before the next one; what
time alone brings about happens to it at the record that reached that time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from streams.core.records.record import RawRecord
from streams.core.time.interval import LATEST_ARRIVAL


class StreamTimes(NamedTuple):
    """Holds the records at positions ``[start, end)`` of a batch, under one registry state.

    ``times[at]`` is the stream time at a record, ms UTC: the highest arrival up to it.
    """

    records: Sequence[RawRecord]
    times: Sequence[int]
    start: int
    end: int

    def first_at(self, instant: int, since: int) -> int:
        """Find the first position from ``since`` on at which stream time is at least ``instant``.

        Returns ``end`` where there is none.
        """
        return bisect_left(self.times, instant, since, self.end) if since < self.end else self.end


def stream_times(records: Sequence[RawRecord], before: int) -> list[int]:
    """Compute the stream time at each record; ``before`` is that of the state."""
    arrivals = (
        record.timestamp if record.timestamp <= LATEST_ARRIVAL else before for record in records
    )
    return list(accumulate(arrivals, max, initial=before))[1:]
