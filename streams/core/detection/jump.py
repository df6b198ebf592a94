"""A pollutant whose level shifts at once while nothing else does: a changed span, a dilution.

The shift at a row is the median of the hour after it less the median of the hour before. It is
compared with the usual shifts of the channel on its last days (a robust sigma, and the largest of
a day) and with its level. It must last: the next morning must lie off the morning before, so that
neither the beginning nor the end of an exceedance of hours is one. A shift that others show at the
same time is the process, and none is told where a row is missing.
"""

from __future__ import annotations

import msgspec
import numpy as np

from schemas.columns import Floats
from streams.core.detection.day import DayColumns, is_constant
from streams.core.detection.detector import Hit, Known, Past, Wording
from streams.core.time.interval import DAY, HOUR

_SIGMA = 1.4826
"""A median of absolute deviations times this is the standard deviation of a normal law."""


_STEPS = 4.0
"""The largest shift of a day is at most so many sigma, where most shifts are zero."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a suspicious shift is; it must reach all of the first three."""

    sigmas: float
    times_usual: float  # so many times the usual largest shift of a day
    share_of_level: float
    others_sigmas: float  # another channel that shifts by more of its own explains it
    days_known: int
    hours_that_last: float  # medians of so many hours before and after it, as far as the day goes,
    share_that_stays: float  # differ by at least this share of the shift,
    share_of_mornings: float  # and the mornings of the days around it by this share


class Shift(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The level of a channel before and after ``at`` (ms)."""

    parameter: str
    at: int
    before: float
    after: float
    earlier: float  # median of the hours before it


class Feature(msgspec.Struct, array_like=True, gc=False):
    """The usual and the largest shift of each pollutant in the day, and the unexplained ones."""

    usual: dict[str, tuple[float, float]]
    morning: dict[str, float]  # median of its first hours
    shifts: list[Shift]


class Jump:
    """Finds shifts of a level."""

    feature = Feature
    days = 24
    merge = DAY
    separate = False

    def __init__(self, wording: Wording, limits: Limits) -> None:
        self.wording = wording
        self._limits = limits

    def of_day(self, day: DayColumns) -> Feature | None:
        """Compute the shifts of every pollutant, without those that another channel explains."""
        around = int(HOUR // day.step)
        if around < 2:
            around = 2
        raw = day.raw
        if raw.shape[0] < 2 * around + 1:
            return None
        medians = _medians(raw, around)
        before, after = medians[:-around], medians[around:]
        shifts = after - before  # row i: the shift at row i + around
        size = np.abs(shifts)
        usual = medians_of_columns(size) * _SIGMA
        with np.errstate(all="ignore"):
            sigmas = np.where(usual > 0, size / usual, 0.0)
        sigmas = np.nan_to_num(sigmas, nan=0.0)
        lasting = day.rows(self._limits.hours_that_last)
        others = [at for at, name in enumerate(day.names) if not is_constant(name)]
        found: list[Shift] = []
        first = max(0, day.since - 4 * around)  # what was too late for the day before
        for at in day.pollutants:
            column = np.where(np.isfinite(size[first:, at]), size[first:, at], 0.0)
            if not column.any():
                continue
            row = first + int(column.argmax())
            rest = [other for other in others if other != at]
            near = sigmas[max(0, row - around) : row + around + 1][:, rest]
            if near.size and near.max() > self._limits.others_sigmas:
                continue
            at_row = row + around
            sides = [raw[max(0, at_row - lasting) : at_row, at], raw[at_row : at_row + lasting, at]]
            sides = [side[np.isfinite(side)] for side in sides]
            if min(side.size for side in sides) < 3 * around:
                continue
            earlier, later = (float(np.median(side)) for side in sides)
            if (later - earlier) / shifts[row, at] < self._limits.share_that_stays:
                continue
            told = Shift(
                day.names[at],
                day.at(at_row),
                float(before[row, at]),
                float(after[row, at]),
                earlier,
            )
            found.append(told)
        first_hours = medians_of_columns(raw[day.since : day.since + lasting])
        largest = np.where(np.isfinite(size[day.since :]), size[day.since :], 0.0)
        most = largest.max(axis=0) if len(largest) else np.zeros(len(usual))
        return Feature(
            {
                day.names[at]: (float(np.float32(usual[at])), float(np.float32(most[at])))
                for at in day.pollutants
            },
            {day.names[at]: float(first_hours[at]) for at in day.pollutants if first_hours[at]},
            found,
        )

    def hits(self, today: Past[Feature], known: Known[Feature]) -> list[Hit]:
        """Compare the shifts of the day before, where they have lasted until today."""
        limits, found = self._limits, []
        if not known.before or known.before[-1].end + DAY < today.start:
            return []
        yesterday = known.before[-1].feature
        for each in yesterday.shifts:
            name, morning = each.parameter, today.feature.morning.get(each.parameter)
            if (
                morning is None
                or (morning - each.earlier) / (each.after - each.before) < limits.share_that_stays
            ):
                continue
            mornings = [day.feature.morning.get(name) for day in known.before[:-1]]
            before = next((level for level in reversed(mornings) if level is not None), None)
            if before is None or (
                (morning - before) / (each.after - each.before) < limits.share_of_mornings
            ):
                continue
            days = [day.feature.usual[name] for day in known.settled if name in day.feature.usual]
            if len(days) < limits.days_known:
                continue
            sigmas = sorted(sigma for sigma, _ in days)
            largest = sorted(most for _, most in days)[len(days) * 9 // 10]
            # A coarse analyser mostly does not move at all: its steps are its noise.
            sigma = max(sigmas[len(days) // 2], yesterday.usual[name][0], largest / _STEPS)
            if not sigma:
                continue
            shift, level = abs(each.after - each.before), max(abs(each.before), abs(each.after))
            if not level or shift < limits.share_of_level * level:
                continue
            threshold = max(limits.sigmas, limits.times_usual * largest / sigma)
            if shift >= threshold * sigma:
                note = f"{each.before:.4g}|{each.after:.4g}"
                hour = each.at - HOUR, each.at + HOUR
                found.append(Hit(name, *hour, shift / sigma, threshold, note))
        return found

    def sentence(self, hit: Hit) -> str:
        """Say how the level shifted, and what to look at."""
        before, after = hit.note.split("|")
        return (
            f"{hit.parameter} went from {before} to {after} while no other channel moved: look at "
            "span, dilution and calibration of the analyser."
        )


def _medians(raw: Floats, around: int) -> Floats:
    """Return the medians of ``around`` rows each, from every row on; NaN where one is missing."""
    if around == 3:
        a, b, c = raw[:-2], raw[1:-1], raw[2:]
        return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    windows = np.lib.stride_tricks.sliding_window_view(raw, around, axis=0)
    found: Floats = np.median(windows, axis=2)
    return found


def medians_of_columns(values: Floats) -> Floats:
    """Return the median of each column's finite values; 0 where there are fewer than six."""
    ordered = np.sort(values, axis=0)  # NaN is last
    counts = np.isfinite(values).sum(axis=0)
    columns = np.arange(values.shape[1])
    below = ordered[np.maximum(counts - 1, 0) // 2, columns]
    above = ordered[np.minimum(counts // 2, len(values) - 1), columns]
    middle = (below + above) / 2
    found: Floats = np.where(counts >= 6, middle, 0.0)
    return found
