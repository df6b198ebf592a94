"""Marks that follow the load: maintenance, manual values and faults where emissions are highest.

The rows of a day are split by the plant's flow: the highest third, and the lower half. A mark is
any pollutant flagged M, S or D, or absent, for at least half of a row in which the flow is valid.
"""

from __future__ import annotations

import msgspec
import numpy as np

from streams.core.detection.day import DayColumns
from streams.core.detection.detector import Hit, Known, Past, Wording
from streams.core.time.interval import DAY


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a suspicious difference is, over ``days`` days."""

    days: int
    least_days: int  # so many days have marks at high load
    difference: float  # marked share at high load less that at low load
    times: float  # and so many times that at low load


class Feature(msgspec.Struct, array_like=True, gc=False):
    """Rows of the day: marked at high load, all at high load, marked at low load, all there."""

    marked_high: int
    high: int
    marked_low: int
    low: int


class MarkedAtLoad:
    """Finds marks that follow the load."""

    feature = Feature
    days = 20
    merge = 3 * DAY
    separate = False

    def __init__(self, wording: Wording, limits: Limits) -> None:
        self.wording = wording
        self._limits = limits

    def of_day(self, day: DayColumns) -> Feature | None:
        """Count the marked rows of the day by load."""
        load = day.load
        columns = day.pollutants
        if load is None or not columns:
            return None
        there = np.isfinite(load)
        if there.sum() < load.size // 2:
            return None
        high, low = np.quantile(load[there], (2 / 3, 0.5))
        if not low < high:
            return None
        own = slice(day.since, None)
        marked = (day.marked[own][:, columns] | day.absent[own][:, columns]).any(axis=1)
        at_high, at_low = there & (load > high), there & (load < low)
        return Feature(
            int((marked & at_high).sum()),
            int(at_high.sum()),
            int((marked & at_low).sum()),
            int(at_low.sum()),
        )

    def hits(self, today: Past[Feature], known: Known[Feature]) -> list[Hit]:
        """Compare the shares of the last days, if the day itself has a mark at high load."""
        limits = self._limits
        if not today.feature.marked_high:
            return []
        since = today.end - limits.days * DAY - DAY // 24
        days = [*(day for day in known.before if day.start >= since), today]
        with_marks = [day for day in days if day.feature.marked_high]
        if len(with_marks) < limits.least_days:
            return []
        high = sum(day.feature.high for day in days)
        low = sum(day.feature.low for day in days)
        if not high or not low:
            return []
        share_high = sum(day.feature.marked_high for day in days) / high
        share_low = sum(day.feature.marked_low for day in days) / low
        if share_high - share_low < limits.difference or share_high < limits.times * share_low:
            return []
        note = f"{share_low:.3f}|{len(with_marks)}"
        threshold = share_low + limits.difference
        return [Hit(None, with_marks[0].start, today.end, share_high, threshold, note)]

    def sentence(self, hit: Hit) -> str:
        """Say how the shares differ, and what to look at."""
        low, days = hit.note.split("|")
        return (
            f"{hit.value:.0%} of the time at high load was marked or without a pollutant, "
            f"{float(low):.0%} at low load, on {days} days: look at the log of maintenance."
        )
