"""Puts values in place of missing hours, so that missing data cost the operator.

The procedure of 40 CFR 75.33 (b) for SO2: the longer data were missing and the less often the
monitor was available before, the higher the value that stands for an hour. The result is a series
for accounts (charges, yearly mass) and never evidence: no rule of this program is judged by it, and
each hour names by its code how it came about (method of determination codes of the ECMPS).

Where the text leaves a choice: an hour of a missing period is judged by the availability at the
period's end; percentiles are by nearest rank; the look-back of 720 hours holds the last
quality-assured hours before the period, none older than three years (26 280 hours of the clock).
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise
from math import ceil
from operator import attrgetter
from typing import Final, NamedTuple

from streams.core.time.interval import HOUR

AVAILABILITY_HOURS: Final = 8760
"""Operating hours over which availability is counted (40 CFR 75.32)."""
LOOK_BACK_HOURS: Final = 720
"""Quality-assured hours from which percentiles are taken."""
OLDEST: Final = 26_280 * HOUR
"""Age (ms) beyond which no hour is looked back to: three years."""


class Code(Enum):
    """How the value of an hour came about: the code of the ECMPS and what it means."""

    MEASURED = "01"
    BEFORE_AND_AFTER = "06"
    PERCENTILE_90 = "08"
    PERCENTILE_95 = "09"
    HIGHEST = "10"
    MAXIMUM_POTENTIAL = "12"


class Hour(NamedTuple):
    """One operating hour that starts at ``start`` (ms); ``value`` None: it is missing."""

    start: int
    value: float | None


class AccountedHour(NamedTuple):
    """An hour with the value that stands for it.

    ``availability_pct`` is the monitor's, over the operating hours up to the end of the period that
    the hour belongs to.
    """

    start: int
    value: float
    code: Code
    availability_pct: float


class _LookBack:
    """The last quality-assured hours, by time and by value."""

    def __init__(self) -> None:
        self._by_time: deque[tuple[int, float]] = deque()
        self._sorted: list[float] = []

    def add(self, start: int, value: float) -> None:
        self._by_time.append((start, value))
        insort(self._sorted, value)
        if len(self._by_time) > LOOK_BACK_HOURS:
            self._drop()

    def expire(self, before: int) -> None:
        while self._by_time and self._by_time[0][0] < before:
            self._drop()

    def _drop(self) -> None:
        _, value = self._by_time.popleft()
        self._sorted.remove(value)

    def percentile(self, percent: int) -> float | None:
        """Return the smallest value that ``percent`` of the hours do not exceed (nearest rank)."""
        if not self._sorted:
            return None
        return self._sorted[ceil(percent * len(self._sorted) / 100) - 1]


class _Availability:
    """Counts quality-assured hours among the last operating hours."""

    def __init__(self) -> None:
        self._assured: deque[bool] = deque(maxlen=AVAILABILITY_HOURS)
        self._count = 0

    def add(self, assured: bool) -> None:
        if len(self._assured) == AVAILABILITY_HOURS:
            self._count -= self._assured[0]
        self._assured.append(assured)
        self._count += assured

    @property
    def percent(self) -> float:
        return 100 * self._count / len(self._assured)


def substitute(hours: Iterable[Hour], maximum_potential: float) -> list[AccountedHour]:
    """Return every operating hour with a value, in order of time.

    ``hours`` are the operating hours of one series in any order, ``maximum_potential`` is the
    highest value that the source can reach, in the unit of the series. Source: 40 CFR 75.31 to
    75.33 (b). Raises ValueError for an hour that comes twice.
    """
    ordered = sorted(hours, key=attrgetter("start"))
    for before, after in pairwise(ordered):
        if before.start == after.start:
            raise ValueError(f"the hour at {before.start} comes twice")
    found: list[AccountedHour] = []
    look_back, availability = _LookBack(), _Availability()
    at = 0
    while at < len(ordered):
        value = ordered[at].value
        if value is not None:
            availability.add(assured=True)
            look_back.add(ordered[at].start, value)
            found.append(
                AccountedHour(ordered[at].start, value, Code.MEASURED, availability.percent)
            )
            at += 1
            continue
        end = at
        while end < len(ordered) and ordered[end].value is None:
            availability.add(assured=False)
            end += 1
        look_back.expire(ordered[at].start - OLDEST)
        value, code = _value(ordered, at, end, look_back, availability.percent, maximum_potential)
        found += (
            AccountedHour(each.start, value, code, availability.percent) for each in ordered[at:end]
        )
        at = end
    return found


def _value(
    hours: Sequence[Hour],
    start: int,
    end: int,
    look_back: _LookBack,
    percent: float,
    maximum_potential: float,
) -> tuple[float, Code]:
    """Return what stands for each hour of the missing period ``[start, end)``, and its code."""
    missing = end - start
    beside = _beside(hours, start, end)
    if percent < 80 or beside is None:
        return maximum_potential, Code.MAXIMUM_POTENTIAL
    if percent < 90:
        return _greatest(look_back.percentile(100)), Code.HIGHEST
    if percent < 95:
        if missing <= 8:
            return beside, Code.BEFORE_AND_AFTER
        return _greatest(look_back.percentile(95), beside), Code.PERCENTILE_95
    if missing <= 24:
        return beside, Code.BEFORE_AND_AFTER
    return _greatest(look_back.percentile(90), beside), Code.PERCENTILE_90


def _beside(hours: Sequence[Hour], start: int, end: int) -> float | None:
    """Return the mean of the hours before and after a period, one of them where one is missing."""
    values = [
        value
        for at in (start - 1, end)
        if 0 <= at < len(hours) and (value := hours[at].value) is not None
    ]
    return sum(values) / len(values) if values else None


def _greatest(*values: float | None) -> float:
    return max(value for value in values if value is not None)
