"""A constant of an analyser that was changed: slope, intercept or range, sent as a channel.

``SO2.SLOPE``, ``SO2.INTERCEPT`` and ``SO2.RANGE`` are channels like others and are judged by no
limit. Each change is an event by itself: it may be a calibration, and an inspector compares it
with the log of calibrations. Changes in rows that follow each other are one.
"""

from __future__ import annotations

import msgspec
import numpy as np

from streams.core.detection.day import DayColumns, is_constant
from streams.core.detection.detector import Hit, Known, Past, Wording


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is told of a day."""

    most_a_day: int  # changes of one constant


class Change(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A constant that was changed at ``at`` (ms) and had its new value by ``until``."""

    parameter: str
    at: int
    until: int
    before: float
    after: float


class Feature(msgspec.Struct, array_like=True, gc=False):
    """First row (ms) and first and last value of each constant of the day, and its changes."""

    first: dict[str, tuple[int, float]]
    last: dict[str, float]
    changes: list[Change]
    step: int


class ConstantChanged:
    """Finds changes of constants."""

    feature = Feature
    days = 34
    merge = 0
    separate = True

    def __init__(self, wording: Wording, limits: Limits) -> None:
        self.wording = wording
        self._limits = limits

    def of_day(self, day: DayColumns) -> Feature | None:
        """Collect the changes within the day."""
        first, last, changes = {}, {}, []
        for at, name in enumerate(day.names):
            if not is_constant(name):
                continue
            column = day.raw[day.since :, at]
            rows = np.flatnonzero(np.isfinite(column))
            if not rows.size:
                continue
            values = column[rows]
            first[name] = (day.at(day.since + int(rows[0])), float(values[0]))
            last[name] = float(values[-1])
            found: list[Change] = []
            for number in np.flatnonzero(values[1:] != values[:-1]).tolist():
                moment = day.at(day.since + int(rows[number + 1]))
                before, after = float(values[number]), float(values[number + 1])
                if found and moment - found[-1].until <= 0:
                    merged = found.pop()
                    moment_, before = merged.at, merged.before
                    found.append(Change(name, moment_, moment + day.step, before, after))
                else:
                    found.append(Change(name, moment, moment + day.step, before, after))
            changes += [each for each in found if each.before != each.after]
        return Feature(first, last, changes, day.step) if first else None

    def hits(self, today: Past[Feature], known: Known[Feature]) -> list[Hit]:
        """Tell each change, and one against the last value of the days before."""
        feature, found = today.feature, []
        changes = list(feature.changes)
        for name, (at, value) in feature.first.items():
            values = [day.feature.last[name] for day in known.before if name in day.feature.last]
            if values and values[-1] != value:
                changes.append(Change(name, at, at + feature.step, values[-1], value))
        told: dict[str, int] = {}
        for each in sorted(changes, key=lambda each: (each.at, each.parameter)):
            told[each.parameter] = told.get(each.parameter, 0) + 1
            if told[each.parameter] <= self._limits.most_a_day:
                found.append(Hit(each.parameter, each.at, each.until, each.after, each.before))
        return found

    def sentence(self, hit: Hit) -> str:
        """Say what was changed, and what to look at."""
        return (
            f"{hit.parameter} was changed from {hit.threshold:.6g} to {hit.value:.6g}: look for "
            "the calibration that explains it."
        )
