"""A channel that stands still while others move: a value held by hand, or a dead analyser.

Coarse analysers repeat a number for hours in normal work, so what is too long follows from the
longest standstills of the channel's own last days. A whole record that stands still, as of a
logger that repeats its last message, is told of the source. A standstill at zero is common below
the detection limit, and has a bound of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from schemas.columns import Truths
from streams.core.detection.day import DayColumns, is_constant
from streams.core.detection.detector import Hit, Known, Past, Wording
from streams.core.time.interval import HOUR

_WHOLE: Final = ""
"""Stands for the source among the channels."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when on a standstill is suspicious; lengths in hours."""

    hours: float  # at least
    rows: int  # and at least so many rows: two equal hours of an hourly station are chance
    times_usual: float  # and so many times the usual longest standstill of a day
    hours_unknown: float  # as long as fewer than `days_known` days are known
    days_known: int
    hours_at_zero: float
    share_moving: float  # of the other channels must move meanwhile


class Standstill(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A channel that stood still over ``[start, end)`` (ms), at zero or not."""

    parameter: str
    start: int
    end: int
    at_zero: bool


class Feature(msgspec.Struct, array_like=True, gc=False):
    """The longest standstill of each channel in the day, h, and those that may be too long."""

    longest: dict[str, float]
    standstills: list[Standstill]


class Flatline:
    """Finds standstills."""

    feature = Feature
    days = 24
    merge = 6 * HOUR
    separate = False

    def __init__(self, wording: Wording, limits: Limits) -> None:
        self.wording = wording
        self._limits = limits

    def of_day(self, day: DayColumns) -> Feature | None:
        """Find the standstills of every channel."""
        raw = day.raw
        still = raw[1:] == raw[:-1]
        there = np.isfinite(raw[1:]) & np.isfinite(raw[:-1])
        moving = there & ~still
        longest: dict[str, float] = {}
        found: list[Standstill] = []
        least = max(day.rows(self._limits.hours), self._limits.rows)
        own = [at for at, name in enumerate(day.names) if not is_constant(name)]
        ends, frozen = day.raw.shape[0], still[:, own].sum(axis=1)
        whole = (frozen >= 3) & (frozen >= 0.8 * there[:, own].sum(axis=1))
        columns = [(_WHOLE, whole), *((day.names[at], still[:, at]) for at in own)]
        whole_rows: list[tuple[int, int]] = []
        for name, column in columns:
            if not column.any():
                longest[name] = 0.0
                continue
            most = 0
            for begin, end in _runs(column):
                rows = end - begin + 1  # rows begin .. end have one value
                if end < day.since:
                    continue
                most = max(most, rows)
                if rows < least:
                    continue
                if name == _WHOLE:
                    whole_rows.append((begin, end))
                    found.append(Standstill(name, day.at(begin), day.at(end + 1), False))
                elif not any(a <= begin and end <= b for a, b in whole_rows) and self._others_move(
                    moving[begin:end][:, own], own.index(day.names.index(name))
                ):
                    zero = bool(raw[begin, day.names.index(name)] == 0.0)
                    found.append(Standstill(name, day.at(begin), day.at(end + 1), zero))
            longest[name] = day.hours(min(most, ends))
        return Feature(longest, found)

    def _others_move(self, moving: Truths, own: int) -> bool:
        others = np.delete(moving.any(axis=0), own)
        return bool(others.size and others.sum() >= self._limits.share_moving * others.size)

    def hits(self, today: Past[Feature], known: Known[Feature]) -> list[Hit]:
        """Compare the standstills of a day with what is usual."""
        found = []
        for each in today.feature.standstills:
            threshold = self._threshold(each, known.settled or known.before, len(known.before))
            hours = (each.end - each.start) / HOUR
            if hours >= threshold:
                found.append(Hit(each.parameter or None, each.start, each.end, hours, threshold))
        return found

    def _threshold(self, each: Standstill, known: Sequence[Past[Feature]], days: int) -> float:
        limits = self._limits
        usual = sorted(day.feature.longest.get(each.parameter, 0.0) for day in known)
        floor = limits.hours_at_zero if each.at_zero else limits.hours
        if days < limits.days_known:
            floor = max(floor, limits.hours_unknown)
        if not usual:
            return floor
        return max(floor, limits.times_usual * usual[len(usual) * 4 // 5])

    def sentence(self, hit: Hit) -> str:
        """Say what stood still, and what to look at."""
        if hit.parameter is None:
            return (
                f"Nearly every channel repeated its values for {hit.value:.1f} h: look whether the "
                "logger sent old data."
            )
        return (
            f"{hit.parameter} did not change for {hit.value:.1f} h while other channels did: look "
            "at the analyser and its log."
        )


def _runs(column: Truths) -> list[tuple[int, int]]:
    """Return the runs of true values as ``[begin, end)``."""
    edges = np.flatnonzero(np.diff(column.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
