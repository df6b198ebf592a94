"""A day whose course repeats that of an earlier day: old data sent again.

Compared are the changes from row to row, cut at a few times their usual size and kept as bytes:
the course of the load is in every day, the small changes are not. A copy that is scaled, or has
some noise added, is still found. All is integer arithmetic.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.core.detection.day import DayColumns
from streams.core.detection.detector import Hit, Known, Past, Wording
from streams.core.detection.jump import medians_of_columns
from streams.core.time.local_clock import iso

_LARGEST = 3.0  # changes beyond so many times the mean one are cut
_SCALE = 40.0
_MISSING = -128


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a repeated course is."""

    correlation: float  # of the changes from row to row
    least_share: float  # of the rows of a day must be there in both
    least_moving: float  # of the changes must not be zero


class Feature(msgspec.Struct, array_like=True, gc=False):
    """The changes of each pollutant in the course of the day, a byte a row."""

    courses: dict[str, bytes]


class RepeatedDay:
    """Finds days that repeat an earlier one."""

    feature = Feature
    days = 31
    merge = 0
    separate = True

    def __init__(self, wording: Wording, limits: Limits) -> None:
        self.wording = wording
        self._limits = limits

    def of_day(self, day: DayColumns) -> Feature | None:
        """Encode the course of every pollutant that moves enough to be told from others."""
        columns = day.pollutants
        changes = np.diff(day.raw[max(0, day.since - 1) :, columns], axis=0)
        there = np.isfinite(changes)
        counts = there.sum(axis=0)
        moving = (there & (changes != 0)).sum(axis=0)
        usual = medians_of_columns(np.abs(changes))
        enough = (counts >= self._limits.least_share * len(changes)) & (usual > 0)
        enough &= moving >= self._limits.least_moving * counts
        if not enough.any():
            return None
        with np.errstate(all="ignore"):
            cut = np.clip(changes / usual, -_LARGEST, _LARGEST) * _SCALE
        encoded = np.rint(np.where(there & enough, cut, _MISSING)).astype(np.int8)
        return Feature(
            {
                day.names[at]: encoded[:, number].tobytes()
                for number, at in enumerate(columns)
                if enough[number]
            }
        )

    def hits(self, today: Past[Feature], known: Known[Feature]) -> list[Hit]:
        """Find the earlier day that the day is most like."""
        best: tuple[float, Past[Feature], list[str]] | None = None
        likeness: dict[int, dict[str, float]] = {}
        for name, course in today.feature.courses.items():
            own = np.frombuffer(course, np.int8)
            past = [
                (number, day.feature.courses[name])
                for number, day in enumerate(known.before)
                if len(day.feature.courses.get(name, b"")) == len(course)
            ]
            if not past:
                continue
            others = np.frombuffer(b"".join(each for _, each in past), np.int8)
            found = self._likeness(own, others.reshape(len(past), -1))
            for (number, _), value in zip(past, found, strict=True):
                if value >= self._limits.correlation:
                    likeness.setdefault(number, {})[name] = value
        for number, by_name in sorted(likeness.items()):
            highest = max(by_name.values())
            if best is None or highest > best[0]:
                best = highest, known.before[number], sorted(by_name)
        if best is None:
            return []
        value, day, names = best
        note = f"{', '.join(names)}|{iso(day.start)}"
        return [Hit(None, today.start, today.end, value, self._limits.correlation, note)]

    def _likeness(self, own: NDArray[np.int8], others: NDArray[np.int8]) -> list[float]:
        """Correlate changes with those of other days: exact integers until the last division."""
        there = (own != _MISSING) & (others != _MISSING)
        a = np.where(there, own.astype(np.int64), 0)
        b = np.where(there, others.astype(np.int64), 0)
        both = (a * b).sum(axis=1).astype(float)
        squares = (a * a).sum(axis=1) * (b * b).sum(axis=1)
        enough = there.sum(axis=1) >= self._limits.least_share * own.size
        with np.errstate(all="ignore"):
            value = np.where(enough & (squares > 0), both / np.sqrt(squares.astype(float)), 0.0)
        return [round(each, 4) for each in value.tolist()]

    def sentence(self, hit: Hit) -> str:
        """Say which day is repeated, and what to look at."""
        names, since = hit.note.split("|")
        return (
            f"The course of {names} repeats that of the day that began at {since}: look whether "
            "old data were sent again."
        )
