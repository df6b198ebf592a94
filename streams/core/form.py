"""How readings that carry the same channels are judged: the structure once, constants by source.

Sources differ in their ranges, limits and references, seldom in what is done with them. So the
plan of a source, for readings of given channels, is taken apart into a *form* and a row of
numbers; readings of many sources are then judged together, in columns (`streams.core.assess`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from streams.core.columns import Floats
from streams.core.normalisation import ALWAYS_TOO_HIGH, GasPlan, Normalisation, Shape
from streams.core.reading import AUXILIARIES
from streams.core.source import MASS_FLOW, ChannelPlan, Layout, Plans

_MOST_KNOWN: Final = 400_000
"""Plans remembered with their form: several times a nation's sources."""


class Fed(NamedTuple):
    """A series that is fed: by which column, at which basis (-1: raw), at which position."""

    column: int
    basis: int
    position: int


class Pollutant(NamedTuple):
    """A pollutant that is carried: valid by its first series, or (g/s alone) as measured."""

    name: str
    column: int
    position: int
    by_series: bool


class Structure(NamedTuple):
    """All that two plans must have in common to be of one form.

    ``names`` are the channels of the plan that the readings carry, a column each; ``layout`` has
    all series of the plan, also those that are not fed.
    """

    names: tuple[str, ...]
    layout: Layout
    fed: tuple[Fed, ...]
    pollutants: tuple[Pollutant, ...]
    shapes: tuple[Shape, ...]
    celsius: bool
    wet_oxygen: bool
    flow_channel: str


class Form:
    """One structure, and the constants of every plan that has it, a row each.

    ``has_every_pollutant``: the readings carry every pollutant of the plans. Of a row: the lower
    bounds of the columns, their upper bounds, how far below 0 a value may drift (NaN: not at
    all), then of each normalisation the constant as two doubles.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.width = len(structure.names)
        known = {key.split("|", 1)[0] for key in structure.layout.keys} - AUXILIARIES
        self.has_every_pollutant = len(structure.pollutants) == len(known)
        self._rows: list[list[float]] = []
        self._table: Floats = np.empty((0, 0))

    def add(self, row: list[float]) -> int:
        """Remember the constants of a plan; the number of its row."""
        self._rows.append(row)
        return len(self._rows) - 1

    def constants(self, rows: list[int]) -> Floats:
        """The constants of plans, float64[len(rows), width of a row]."""
        if len(self._table) < len(self._rows):
            self._table = np.array(self._rows)
        found: Floats = self._table[rows]
        return found


class Forms:
    """Finds the form of a plan for readings of given channels."""

    def __init__(self) -> None:
        self._forms: dict[Structure, Form] = {}
        self._known: dict[tuple[tuple[str, ...], int], tuple[Form, int, Plans]] = {}

    def of(self, names: tuple[str, ...], plans: Plans, gas: GasPlan) -> tuple[Form, int]:
        """The form, and the row of the plan's constants in it.

        ``names`` that the plan does not have are passed over: a message can make up any number.
        """
        known = self._known.get((names, id(plans)))
        if known is None and not plans.keys() >= set(names):
            names = tuple(name for name in names if name in plans)
            known = self._known.get((names, id(plans)))
        if known is not None:
            return known[0], known[1]
        structure = _structure(names, plans, gas)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
            self._forms.clear()
        found = self._forms.get(structure)
        if found is None:
            found = self._forms[structure] = Form(structure)
        row = found.add(_constants(structure, plans, gas))
        self._known[names, id(plans)] = (found, row, plans)  # held, so that its id stays its own
        return found, row


def _structure(names: tuple[str, ...], plans: Plans, gas: GasPlan) -> Structure:
    position = {series: at for at, series in enumerate(plans.series)}
    fed, pollutants = [], []
    for column, name in enumerate(names):
        plan: ChannelPlan = plans[name]
        fed += [Fed(column, series.basis, position[series]) for series in plan.series]
        if plan.pollutant:
            first = plan.series[0]
            pollutants.append(
                Pollutant(plan.parameter, column, position[first], first.unit != MASS_FLOW)
            )
    return Structure(
        names,
        plans.layout,
        tuple(fed),
        tuple(pollutants),
        tuple(normalise.shape for normalise in plans.normalisations),
        *gas.reads,
    )


def _constants(structure: Structure, plans: Plans, gas: GasPlan) -> list[float]:
    channels = [plans[name] for name in structure.names]
    row = [plan.low for plan in channels] + [plan.high for plan in channels]
    row += [float("nan") if plan.floor is None else plan.floor for plan in channels]
    for normalise in plans.normalisations:
        row += _constant(normalise, gas)
    return row


def _constant(normalise: Normalisation, gas: GasPlan) -> list[float]:
    """The constant of a normalisation, units of the source's channels included; NaN: none."""
    shape = normalise.shape
    if shape.oxygen == ALWAYS_TOO_HIGH or (shape.flow and gas.flow_factor is None):
        return [float("nan"), 0.0]
    constant = normalise.constant
    kilopascals = Fraction(*gas.kilopascals)
    if shape.pressure:
        constant /= kilopascals
    if shape.flow and gas.flow_factor is not None:
        constant *= kilopascals * Fraction(*gas.flow_factor)
    try:
        high = float(constant)
        return [high, float(constant - Fraction(high))]
    except OverflowError:
        return [float("inf"), 0.0]  # not ordinary: left to exact fractions
