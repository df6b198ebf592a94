"""Means that gather just under a limit and never pass it: values cut, or scaled, at the limit.

A distribution that is cut at L has in [0.95 L, L) what belongs above L: much more than in
[0.90 L, 0.95 L) and nearly nothing in [L, 1.05 L). A plant that is well controlled below its
limit has its most values further down, or some above.
"""

from __future__ import annotations

import msgspec
import numpy as np

from streams.core.detection.day import DayColumns
from streams.core.detection.detector import Hit, Known, Past, Wording
from streams.core.time.interval import DAY


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a cut distribution is, over the means of ``days`` days."""

    days: int
    least_share_under: float  # of all means, in [0.95 L, L)
    times_above: float  # so many times those in [L, 1.05 L)
    times_below: float  # and so many times those in [0.90 L, 0.95 L)
    least_means: int


class Feature(msgspec.Struct, array_like=True, gc=False):
    """Means of each limited parameter: in [0.90, 0.95), [0.95, 1), [1, 1.05) of L, and all."""

    counts: dict[str, tuple[int, int, int, int]]


class Clipping:
    """Finds distributions that are cut at the limit."""

    feature = Feature
    days = 12
    merge = 3 * DAY
    separate = False

    def __init__(self, wording: Wording, limits: Limits) -> None:
        self.wording = wording
        self._limits = limits

    def of_day(self, day: DayColumns) -> Feature | None:
        """Count the day's means by their share of the limit."""
        counts = {}
        for name, column in day.share.items():
            own = column[day.since :]
            edges = [int((own >= edge).sum()) for edge in (0.9, 0.95, 1.0, 1.05)]
            if edges[0]:
                counts[name] = (
                    edges[0] - edges[1],
                    edges[1] - edges[2],
                    edges[2] - edges[3],
                    int(np.isfinite(own).sum()),
                )
        return Feature(counts) if counts else None

    def hits(self, today: Past[Feature], known: Known[Feature]) -> list[Hit]:
        """Judge the means of the last days, of each parameter that is near its limit today."""
        limits, found = self._limits, []
        since = today.end - limits.days * DAY - DAY // 24
        days = [*(day for day in known.before if day.start >= since), today]
        for name in today.feature.counts:
            own = [day.feature.counts[name] for day in days if name in day.feature.counts]
            below, under, above, every = (sum(each) for each in zip(*own, strict=True))
            if every < limits.least_means or under < limits.least_share_under * every:
                continue
            if under >= limits.times_above * above and under >= limits.times_below * below:
                note = f"{under}|{above}|{below}"
                found.append(
                    Hit(
                        name,
                        days[0].start,
                        today.end,
                        under / every,
                        limits.least_share_under,
                        note,
                    )
                )
        return found

    def sentence(self, hit: Hit) -> str:
        """Say how many means are where, and what to look at."""
        under, above, below = hit.note.split("|")
        return (
            f"{under} means of {hit.parameter} lie in the last 5 % under the limit, {below} in the "
            f"5 % below and {above} in the 5 % above it: look how values are made from the signal."
        )
