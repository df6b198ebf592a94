"""Stream time along a stretch of the log: which record brings an instant.

Sources do not see each other, so each is followed along the whole stretch before the next one;
what time alone brings about happens to it at the record that a worker would have been at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from streams.core.log import RawRecord
from streams.core.quality import LATEST_ARRIVAL


class Timeline(NamedTuple):
    """Records at the positions ``[start, end)`` of a batch, under one state of the registry.

    ``times[at]`` is the stream time at a record, ms UTC: the highest arrival up to it.
    """

    records: Sequence[RawRecord]
    times: Sequence[int]
    start: int
    end: int

    def reached(self, instant: int, since: int) -> int:
        """The first position from ``since`` on at which stream time has reached ``instant``.

        ``end`` where there is none.
        """
        return bisect_left(self.times, instant, since, self.end) if since < self.end else self.end


def stream_times(records: Sequence[RawRecord], before: int) -> list[int]:
    """Stream time at each record, ``before`` the first of them it was that."""
    arrivals = (
        record.timestamp if record.timestamp <= LATEST_ARRIVAL else before for record in records
    )
    return list(accumulate(arrivals, max, initial=before))[1:]
