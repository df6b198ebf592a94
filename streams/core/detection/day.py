"""Reads a local day of a source from its slots, in columns: the input of every detector.

A row is a step of 20 minutes (of the source's period, where that is longer), a column a channel.
A number is a double that was rounded to a float: what the order of arrival may leave in the last
bit of a sum does not reach a detector.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

import numpy as np

from schemas.columns import Floats, Integers, Truths
from schemas.reading import CONSTANTS, is_auxiliary
from streams.core.law.quality_codes import STATUS
from streams.core.sources.series import CONCENTRATION, MASS_FLOW, SeriesLayout
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.time.interval import HOUR, MINUTE
from streams.core.windows.slot import SeriesSums
from streams.core.windows.slot_sums import CARRIED_ROW, VALID_ROW

STEP: Final = 20 * MINUTE
LOOKBACK: Final = 4 * HOUR
"""Rows before the day: what began in the evening before is seen whole."""

MARKS: Final = frozenset({f"{STATUS}M", f"{STATUS}S", f"{STATUS}D"})
"""Maintenance, manual value, fault: what an operator sets by hand, or can."""

_LOADS: Final = ("FLOW", "VELOCITY")


class DayColumns(NamedTuple):
    """A local day ``[start, end)`` (ms) of a source, with the rows of `LOOKBACK` before it.

    Row ``i`` is the step at ``first + i * step``; the day's own begin with row ``since``.
    ``raw`` are means of what was sent, in the channel's unit, NaN where less than two thirds of a
    step count; ``share`` are means at reference conditions by the limit of the day, of the
    parameters that have one. ``marked``: at least half of a step has one of `MARKS`; ``absent``:
    there are readings, and none has the channel.
    """

    start: int
    end: int
    first: int
    step: int
    since: int
    names: tuple[str, ...]
    raw: Floats
    share: dict[str, Floats]
    marked: Truths
    absent: Truths

    @property
    def pollutants(self) -> list[int]:
        """Columns of pollutants: neither gas conditions nor constants of an analyser."""
        return [at for at, name in enumerate(self.names) if not is_auxiliary(name)]

    @property
    def load(self) -> Floats | None:
        """What stands for the load of the plant, by row of the day: its flow; None: not sent."""
        for name in _LOADS:
            if name in self.names:
                column: Floats = self.raw[self.since :, self.names.index(name)]
                return column
        return None

    def at(self, row: int) -> int:
        """Return the start of a row, ms."""
        return self.first + row * self.step

    def hours(self, rows: int) -> float:
        """Return the length of a number of rows, h."""
        return rows * self.step / HOUR

    def rows(self, hours: float) -> int:
        """Return how many rows are at least so many hours."""
        return int(-(-hours * HOUR // self.step))


def is_constant(name: str) -> bool:
    """Tell whether a channel is a constant of an analyser, such as ``SO2.SLOPE``."""
    return name.endswith(CONSTANTS)


def read_day(entry: SourceEntry, hours: Hours, start: int, end: int) -> DayColumns | None:
    """Read a day from sums that are complete; None where it has no reading.

    Where the registration or the limits changed in the day, the greater part of it is read.
    """
    pieces: list[tuple[int, SeriesSums]] = [
        (at, piece)
        for _, hour in hours.between(start - LOOKBACK, end)
        for at, slot in hour.slots.items()
        if start - LOOKBACK <= at < end
        for piece in slot.series_sums
    ]
    if not pieces:
        return None
    kinds = Counter((piece.period_s, piece.layout.keys) for _, piece in pieces)
    period_s, keys = max(kinds, key=lambda kind: (kinds[kind], kind))
    pieces = [
        (at, piece)
        for at, piece in pieces
        if piece.period_s == period_s and piece.layout.keys == keys
    ]
    pieces.sort(key=lambda each: each[0])
    layout = pieces[0][1].layout
    step = max(STEP, period_s * 1000)
    first = start - LOOKBACK
    rows = np.array([(at - first) // step for at, _ in pieces])
    series, names = _series(layout)
    return _columns(
        entry, (start, end, first, step), [piece for _, piece in pieces], rows, series, names
    )


def _series(layout: SeriesLayout) -> tuple[list[int], tuple[str, ...]]:
    """Choose one series a parameter, not its mass flow if there is another: positions, names."""
    chosen: dict[str, int] = {}
    for at, key in enumerate(layout.keys):
        name, unit = key.split("|", 1)
        if name not in chosen and unit != MASS_FLOW:
            chosen[name] = at
    return list(chosen.values()), tuple(chosen)


def _columns(
    entry: SourceEntry,
    span: tuple[int, int, int, int],
    pieces: list[SeriesSums],
    rows: Integers,
    series: list[int],
    names: tuple[str, ...],
) -> DayColumns:
    start, end, first, step = span
    layout, period_s = pieces[0].layout, pieces[0].period_s
    sums = np.stack([piece.sums for piece in pieces])[:, :, series]
    for number, piece in enumerate(pieces):
        for position, _ in piece.overflow:  # beyond any range: nothing is said of the step
            if position in series:
                sums[number, VALID_ROW, series.index(position)] = 0.0
    firsts = np.flatnonzero(np.diff(rows, prepend=-1))
    filled = rows[firsts]
    totals = np.add.reduceat(sums, firsts, axis=0)
    values = (totals[:, 2] + totals[:, 1]) + totals[:, 0]
    measured = (totals[:, 5] + totals[:, 4]) + totals[:, 3]
    as_sent = ~np.isin(series, layout.normalised)
    measured[:, as_sent] = values[:, as_sent]
    valid, carried = totals[:, VALID_ROW], totals[:, CARRIED_ROW]
    expected = step // (period_s * 1000)
    counts = valid * 3 >= expected * 2
    number = int((end - first) // step)
    shape = (number, len(names))
    raw, normal = np.full(shape, np.nan), np.full(shape, np.nan)
    with np.errstate(all="ignore"):
        raw[filled] = np.where(counts, measured / valid, np.nan).astype(np.float32)
        normal[filled] = np.where(counts, values / valid, np.nan).astype(np.float32)
    absent = np.zeros(shape, dtype=np.bool_)
    absent[filled] = (carried == 0) & (carried.max(axis=1, keepdims=True) > 0)
    share = {}
    for column, name in enumerate(names):
        limit = entry.limit(name, CONCENTRATION, start)
        if limit is not None and limit.value > 0:
            share[name] = normal[:, column] / limit.value
    return DayColumns(
        start,
        end,
        first,
        step,
        int((start - first) // step),
        names,
        raw,
        share,
        _marked(pieces, rows, series, shape, expected),
        absent,
    )


def _marked(
    pieces: list[SeriesSums],
    rows: Integers,
    series: list[int],
    shape: tuple[int, int],
    expected: int,
) -> Truths:
    times = np.zeros(shape)
    column = {position: at for at, position in enumerate(series)}
    for row, piece in zip(rows.tolist(), pieces, strict=True):
        for position, codes in piece.codes.items() if piece.codes else ():
            at = column.get(position)
            if at is not None:
                times[row, at] += sum(n for code, n in codes.items() if code in MARKS)
    marked: Truths = times * 2 >= expected
    return marked
