"""Oxygen that has shifted against its own past at equal load: air in the line, or a moved zero.

The dry or wet oxygen of each row is compared with the median, over the days of two months, of the
day's mean at the same load (flow within 10 %). The day's shift is the mean difference. It is
suspicious where it lasts for days and is far beyond the usual differences of single days. Days on
which the plant stood say nothing: they neither are part of the days nor break them off. Two months
are remembered so that a shift of weeks does not become the usual, and its end a shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec
import numpy as np

from streams.core.detection.day import DayColumns
from streams.core.detection.detector import Hit, Known, Past, Wording
from streams.core.time.interval import DAY, HOUR

_SIGMA = 1.4826
_WIDTH = np.log(1.1)
"""Rows whose flows are within 10 % have equal load."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a suspicious shift is."""

    points: float  # percentage points of oxygen
    sigmas: float  # of the shifts of single days
    days: int  # in a row, of those that can be compared,
    within_days: int  # and lie in so many
    least_hours: float  # of a day at loads that are known
    days_known: int


class Feature(msgspec.Struct, array_like=True, gc=False):
    """Mean oxygen of the day by class of load: rows, and their mean (%); hours a row."""

    by_load: dict[int, tuple[int, float]]
    hours: float


class OxygenBias:
    """Finds shifts of oxygen at equal load."""

    feature = Feature
    days = 60
    merge = 3 * DAY
    separate = False

    def __init__(self, wording: Wording, limits: Limits) -> None:
        self.wording = wording
        self._limits = limits

    def of_day(self, day: DayColumns) -> Feature | None:
        """Compute the mean oxygen of each class of load."""
        load = day.load
        if load is None or "O2" not in day.names:
            return None
        oxygen = day.raw[day.since :, day.names.index("O2")]
        there = np.isfinite(load) & np.isfinite(oxygen)
        there &= np.where(there, load, 0.0) > 0
        if not there.any():
            return None
        classes = np.floor(np.log(load[there]) / _WIDTH).astype(int)
        values = oxygen[there]
        by_load = {}
        for each in np.unique(classes):
            own = values[classes == each]
            by_load[int(each)] = (int(own.size), float(np.float32(own.mean())))
        return Feature(by_load, day.hours(1))

    def hits(self, today: Past[Feature], known: Known[Feature]) -> list[Hit]:
        """Compare the shifts of the last days with those of the days that are known."""
        limits = self._limits
        if len(known.settled) < limits.days_known:
            return []
        usual = self._usual(known.settled)
        since = today.end - limits.within_days * DAY - HOUR  # a day may have 25 hours
        near = [*(day for day in known.before if day.start >= since), today]
        shifts = [(day, self._shift(day.feature, usual)) for day in near]
        told = [(day, shift) for day, shift in shifts if shift is not None][-limits.days :]
        if len(told) < limits.days or told[-1][0] is not today:
            return []
        single = [self._shift(day.feature, usual) for day in known.settled]
        sigma = _SIGMA * median([abs(each) for each in single if each is not None] or [0.0])
        threshold = max(limits.points, limits.sigmas * sigma)
        sizes = [shift for _, shift in told]
        if not (min(sizes) >= threshold or max(sizes) <= -threshold):
            return []
        return [Hit("O2", told[0][0].start, today.end, float(median(sizes)), threshold)]

    def _usual(self, settled: Sequence[Past[Feature]]) -> dict[int, float]:
        by_class: dict[int, list[float]] = {}
        for day in settled:
            for each, (rows, mean) in day.feature.by_load.items():
                if rows >= 2:
                    by_class.setdefault(each, []).append(mean)
        return {
            each: median(means)
            for each, means in by_class.items()
            if len(means) >= self._limits.days_known // 2
        }

    def _shift(self, feature: Feature, usual: dict[int, float]) -> float | None:
        rows = total = 0.0
        for each, (count, mean) in feature.by_load.items():
            if each in usual:
                rows += count
                total += count * (mean - usual[each])
        if rows * feature.hours < self._limits.least_hours:
            return None
        return total / rows

    def sentence(self, hit: Hit) -> str:
        """Say how far the oxygen has shifted, and what to look at."""
        return (
            f"Oxygen lies {hit.value:+.2f} points off its usual at equal load: look for air in the "
            "sampling line and at zero and span of the oxygen analyser."
        )
