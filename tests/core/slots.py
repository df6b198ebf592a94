"""Slots of readings that are still known one by one, so that every sum can be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np

from streams.core.sources.series import SeriesLayout, layout_of
from streams.core.windows.slot import SeriesSums, Slot
from streams.core.windows.slot_sums import add_readings

HUGE = 1.7976931348623157e308

LAYOUTS = (
    layout_of(("SO2|mg/m3",), (0,)),
    layout_of(("SO2|mg/m3", "SO2|g/s", "O2|%"), (0, 1)),
    layout_of(("O2|%", "CO|ppm", "SO2|mg/m3"), ()),
)
CODES = ("OUT_OF_RANGE", "STATUS_D", "ZEROED", "UNVERIFIED")


@dataclass(frozen=True)
class Cell:
    """One series of one reading: value and value as measured, 0 where it does not count."""

    value: float
    measured: float
    carried: bool
    valid: bool


@dataclass(frozen=True, eq=False)
class Told:
    """A piece with the readings in it, each a cell for every series of its layout."""

    piece: SeriesSums
    readings: list[list[Cell]]

    def column(self, key: str) -> list[Cell]:
        """The cells of one series that are carried; none where the layout does not have it."""
        at = self.piece.layout.position.get(key)
        if at is None:
            return []
        return [cells[at] for cells in self.readings if cells[at].carried]


def number(rng: Random, how: str) -> float:
    """A value of a kind: "plain", "any", "cancelling" or "huge"."""
    if how == "plain":
        return round(rng.uniform(-50.0, 2000.0), 2)
    if how == "any":
        return rng.uniform(-1.0, 1.0) * 10.0 ** rng.randint(-60, 60)
    if how == "cancelling":
        return rng.choice((1e16, -1e16, 1.0, -1.0, 2.0**53, -(2.0**53), 0.1, -0.1, 1e-30, -0.0))
    return rng.choice((HUGE, -HUGE, 9e291, 1e300, -1e300, 1e-300, -5e-324, 1e-75, 3.0))


def cell(rng: Random, how: str, normalised: bool) -> Cell:
    """A series of a reading; as measured it is the same unless normalised."""
    fate = rng.random()
    if fate < 0.15:
        return Cell(0.0, 0.0, fate < 0.1, False)
    value = number(rng, how)
    return Cell(value, number(rng, how) if normalised else value, True, True)


def pieces(
    rng: Random, how: str, wanted: Sequence[tuple[int, SeriesLayout]], readings: int
) -> list[Told]:
    """A piece for each period (s) and layout, of up to so many readings; some have codes."""
    told = [Told(SeriesSums(period, layout), []) for period, layout in wanted]
    for each in told:
        layout = each.piece.layout
        each.readings.extend(
            [cell(rng, how, at in layout.normalised) for at in range(len(layout.keys))]
            for _ in range(rng.randint(0, readings))
        )
        fill(each)
        for _ in range(rng.choice((0, 0, 0, 3))):
            each.piece.count_code(rng.randrange(len(layout.keys)), rng.choice(CODES))
    return told


def fill(told: Told) -> None:
    """Add the readings to the piece."""
    if not told.readings:
        return
    sums = told.piece.sums[None]
    values, measured, carried, valid = (
        np.array([[getattr(cell, name) for cell in cells] for cells in told.readings])
        for name in Cell.__annotations__
    )
    for rest in add_readings(sums, values, measured, carried, valid, [len(told.readings)]):
        told.piece.keep_overflow(rest)
    told.piece.sums = sums[0]


def slot_of(told: Sequence[Told]) -> Slot:
    """A slot of pieces."""
    slot = Slot()
    slot.series_sums = [each.piece for each in told]
    slot.readings = sum(len(each.readings) for each in told)
    return slot


def mean(cells: Sequence[tuple[int, Cell]], *, measured: bool = False) -> float | None:
    """The mean of the valid cells by their weights, by the definition, rounded once."""
    valid = [(weight, each) for weight, each in cells if each.valid]
    above = sum(
        (weight * Fraction(each.measured if measured else each.value) for weight, each in valid),
        Fraction(),
    )
    return float(above / sum(weight for weight, _ in valid)) if valid else None
