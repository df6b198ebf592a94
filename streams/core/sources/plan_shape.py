"""Compile the plans of sources into shapes, to assess readings of many sources together.

Sources differ in their ranges, limits and references, seldom in what is computed. So the plan of a
source, for readings of given channels, is split into a shape (what is computed) and a row of
constants; readings whose plans share a shape are assessed in columns
(`streams.core.quality.assess_columns`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import inf
from typing import Final, NamedTuple

import numpy as np

from schemas.columns import Floats
from streams.core.normalisation.formulas import ALWAYS_TOO_HIGH, FormulaShape, Normalisation
from streams.core.normalisation.gas import ACTUAL_FLOW, GasPlan, GasShape
from streams.core.sources.series import MASS_FLOW, ChannelPlan, ChannelPlans, SeriesLayout

NO_LEVELS: Final[Mapping[str, float]] = {}
"""No value is noted."""

_MOST_KNOWN: Final = 400_000
"""Plans remembered with their form: several times a nation's sources."""


class SeriesInput(NamedTuple):
    """The input of a series: its column, its basis (-1: raw), its position in the layout."""

    column: int
    basis: int
    position: int


class Pollutant(NamedTuple):
    """A pollutant in the reading; valid by its first series, or by its raw value if that is g/s."""

    name: str
    column: int
    position: int
    by_series: bool


class ShapeKey(NamedTuple):
    """Holds all that two plans must have in common to share a shape.

    ``names`` are the channels of the plan that the readings carry, a column each; ``layout`` has
    all series of the plan, also those without input; ``every_pollutant``: the readings carry every
    pollutant of the plan.
    """

    names: tuple[str, ...]
    layout: SeriesLayout
    inputs: tuple[SeriesInput, ...]
    pollutants: tuple[Pollutant, ...]
    formulas: tuple[FormulaShape, ...]
    gas: GasShape
    every_pollutant: bool


class PlanShape:
    """Holds the constants of every plan of one shape, a row each.

    A row has the lower bounds of the columns, their upper bounds, how far below 0 a value may drift
    (NaN: not at all), then for each normalisation its constant as a double-double, then, if a gauge
    pressure needs it, the barometric pressure of the source as one.
    """

    def __init__(self, structure: ShapeKey) -> None:
        self.key = structure
        self.width = len(structure.names)
        self.has_every_pollutant = structure.every_pollutant
        self._rows: list[list[float]] = []
        self._table: Floats = np.empty((0, 0))
        self._levels: list[list[float]] = []
        self._level_table: Floats = np.empty((0, 0))

    def add_row(self, row: list[float], levels: list[float]) -> int:
        """Add the constants of a plan, and the levels of its series (`levels`).

        Returns the number of their row.
        """
        self._rows.append(row)
        self._levels.append(levels)
        return len(self._rows) - 1

    def levels(self, rows: list[int]) -> Floats:
        """Select the values from which on those of a series are noted; infinite: none is.

        float64[len(rows), series], or without series where nothing is ever noted.
        """
        if len(self._level_table) < len(self._levels):
            self._level_table = np.array(self._levels)
        found: Floats = self._level_table[rows]
        return found

    def constants(self, rows: list[int]) -> Floats:
        """Select the constants of plans, float64[len(rows), width of a row]."""
        if len(self._table) < len(self._rows):
            self._table = np.array(self._rows)
        found: Floats = self._table[rows]
        return found


class PlanShapes:
    """Finds, and remembers, the shape of a plan for readings of given channels."""

    def __init__(self, levels: Mapping[str, float] = NO_LEVELS) -> None:
        """``levels``: by unit, the factor of a limit from which on a value is noted."""
        self._factors = levels
        self._forms: dict[ShapeKey, PlanShape] = {}
        self._known: dict[tuple[tuple[str, ...], int], tuple[PlanShape, int, ChannelPlans]] = {}

    def shape_for(
        self, names: tuple[str, ...], plans: ChannelPlans, gas: GasPlan
    ) -> tuple[PlanShape, int]:
        """Return the shape, and the row of the plan's constants in it.

        ``names`` that the plan does not have are ignored: a message can make up any number of them.
        """
        known = self._known.get((names, id(plans)))
        if known is None and not plans.keys() >= set(names):
            names = tuple(name for name in names if name in plans)
            known = self._known.get((names, id(plans)))
        if known is not None:
            return known[0], known[1]
        structure = _key_of(names, plans, gas)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
            self._forms.clear()
        found = self._forms.get(structure)
        if found is None:
            found = self._forms[structure] = PlanShape(structure)
        row = found.add_row(_constants(structure, plans, gas), self._levels(plans))
        self._known[names, id(plans)] = (
            found,
            row,
            plans,
        )  # holds plans: their id must not be reused
        return found, row

    def _levels(self, plans: ChannelPlans) -> list[float]:
        if not self._factors:
            return []
        found = []
        for series in plans.series:
            of = plans.reported.get(series.key, series.parameter)
            limit = plans.limits.get((of, series.unit))
            factor = self._factors.get(series.unit)
            found.append(inf if limit is None or factor is None else factor * limit.value)
        return found


def _key_of(names: tuple[str, ...], plans: ChannelPlans, gas: GasPlan) -> ShapeKey:
    position = {series: at for at, series in enumerate(plans.series)}
    fed, pollutants = [], []
    for column, name in enumerate(names):
        plan: ChannelPlan = plans[name]
        fed += [SeriesInput(column, series.basis, position[series]) for series in plan.series]
        if plan.pollutant:
            first = plan.series[0]
            pollutants.append(
                Pollutant(plan.parameter, column, position[first], first.unit != MASS_FLOW)
            )
    return ShapeKey(
        names,
        plans.layout,
        tuple(fed),
        tuple(pollutants),
        tuple(normalise.shape for normalise in plans.normalisations),
        gas.shape,
        len(pollutants) == sum(plan.pollutant for plan in plans.values()),
    )


def _constants(structure: ShapeKey, plans: ChannelPlans, gas: GasPlan) -> list[float]:
    channels = [plans[name] for name in structure.names]
    row = [plan.low for plan in channels] + [plan.high for plan in channels]
    row += [float("nan") if plan.floor is None else plan.floor for plan in channels]
    for normalise in plans.normalisations:
        row += _constant(normalise, gas)
    if (barometric := gas.barometric) is not None:
        row += _pair(barometric)
    return row


def _constant(normalise: Normalisation, gas: GasPlan) -> list[float]:
    """Compute the constant of a normalisation with the units of its channels; NaN: none."""
    shape = normalise.shape
    if shape.oxygen == ALWAYS_TOO_HIGH or (shape.flow and gas.flow_factor is None):
        return [float("nan"), 0.0]
    constant = normalise.constant
    kilopascals = Fraction(*gas.kilopascals)
    if shape.pressure:
        constant /= kilopascals
    if shape.flow and gas.flow_factor is not None:
        constant *= Fraction(*gas.flow_factor)
        if shape.flow == ACTUAL_FLOW:
            constant *= kilopascals
    return _pair(constant)


def _pair(constant: Fraction) -> list[float]:
    """Round to a double-double."""
    try:
        high = float(constant)
        return [high, float(constant - Fraction(high))]
    except OverflowError:
        return [float("inf"), 0.0]  # out of the safe range: left to exact fractions
