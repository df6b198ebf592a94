"""Computes the state of the gas of many readings and their normalisation factors, in columns.

The formulas are those of `streams.core.normalisation.formulas`, in double-doubles instead of exact
fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Floats, Truths
from streams.core.law.quality_codes import (
    AUXILIARY_MISSING,
    CODE_NUMBERS,
    CODE_VALID,
    OXYGEN_TOO_HIGH,
)
from streams.core.normalisation.formulas import ALWAYS_TOO_HIGH, NO_OXYGEN, FormulaShape
from streams.core.normalisation.gas import (
    ACTUAL_FLOW,
    EXCESS_AIR,
    EXCESS_AIR_TOO_HIGH,
    KELVIN,
    OXYGEN_OF_AIR,
    OXYGEN_TOO_HIGH_PCT,
    VAPOUR_PERCENT,
    WET_OXYGEN,
)
from streams.core.numeric.double_double import (
    DoubleDouble,
    divide,
    in_safe_range,
    multiply,
    subtract,
    two_product,
    two_sum,
    widened,
)
from streams.core.sources.plan_shape import PlanShape

CodeArray = NDArray[np.int16]


_MISSING, _TOO_HIGH = CODE_NUMBERS[AUXILIARY_MISSING], CODE_NUMBERS[OXYGEN_TOO_HIGH]

_CLOSE: Final = 2.0**-80
"""So near to the bound of oxygen, relative to it, exact fractions decide."""

_NEARLY_NO_PRESSURE: Final = 2.0**-10
"""Share of the barometric pressure below which a sum with a gauge has lost its last digits."""

_NEARLY_ALL_VAPOUR: Final = 1.0
"""Below so many percent of dry gas, computed from a mass of water, exact fractions decide."""

_VAPOUR_HIGH: Final = float(VAPOUR_PERCENT)
_VAPOUR_LOW: Final = float(VAPOUR_PERCENT - Fraction(_VAPOUR_HIGH))


class GasColumns:
    """Holds the state of the gas of n readings (`streams.core.normalisation.gas.Gas`).

    ``constants`` float64[n, width of a row] are those of the shape; ``needs_exact`` marks readings
    whose magnitudes double-doubles cannot take.
    """

    def __init__(
        self, form: PlanShape, values: Floats, marks: CodeArray, constants: Floats
    ) -> None:
        self._key = form.key
        self._shape = form.key.gas
        self._values, self._marks, self._constants = values, marks, constants
        self._nothing = widened(np.ones(len(values)))
        self.needs_exact: Truths = np.zeros(len(values), dtype=np.bool_)
        self._temperature = self._kelvin()
        self._pressure = self._pressure_of()
        self._dryness = self._dry()
        self._flow = self._channel(self._shape.flow_channel)

    def factor(self, shape: FormulaShape, constant: DoubleDouble) -> tuple[DoubleDouble, CodeArray]:
        """Compute the factor of a normalisation, and the code where there is none."""
        above, below = constant, self._nothing
        missing: Truths = np.zeros(len(self._values), dtype=np.bool_)
        if shape.temperature:
            above, missing = multiply(above, self._temperature[0]), missing | self._temperature[1]
        if shape.pressure:
            below, missing = multiply(below, self._pressure[0]), missing | self._pressure[1]
        if shape.drying:
            missing = missing | self._dryness[1]
            if shape.drying > 0:
                below = multiply(below, self._dryness[0])
            else:
                above = multiply(above, self._dryness[0])
        if shape.flow:
            above, missing = multiply(above, self._flow[0]), missing | self._flow[1]
            if shape.flow == ACTUAL_FLOW:
                for part, absent in (self._pressure, self._dryness):
                    above, missing = multiply(above, part), missing | absent
                kelvin, absent = self._temperature
                below, missing = multiply(below, kelvin), missing | absent
            if not (np.isfinite(constant.high).all()):
                missing = missing | np.isnan(constant.high)
        codes: CodeArray = np.where(missing, _MISSING, np.int16(CODE_VALID))
        if shape.oxygen == ALWAYS_TOO_HIGH:
            codes = np.where(missing, _MISSING, _TOO_HIGH)
        elif shape.oxygen != NO_OXYGEN and self._shape.oxygen == EXCESS_AIR:
            # 21 - O2 is 21 / alpha, and O2 is too high where alpha is 21 or more: no rounding.
            alpha, absent = self._channel("ALPHA")
            above, below = multiply(above, alpha), multiply(below, self._all(OXYGEN_OF_AIR))
            codes = np.where(alpha.high >= EXCESS_AIR_TOO_HIGH, _TOO_HIGH, np.int16(CODE_VALID))
            codes = np.where(missing | absent, _MISSING, codes)
        elif shape.oxygen != NO_OXYGEN:
            oxygen, absent = self._channel("O2")
            if self._shape.oxygen == WET_OXYGEN:
                dryness, unknown = self._dryness
                absent = absent | unknown
                above = multiply(above, dryness)
                oxygen = multiply(oxygen, self._all(100.0))
                bound = multiply(dryness, self._all(OXYGEN_TOO_HIGH_PCT))
                below = multiply(
                    below, subtract(multiply(dryness, self._all(OXYGEN_OF_AIR)), oxygen)
                )
            else:
                bound = self._all(OXYGEN_TOO_HIGH_PCT)
                below = multiply(below, subtract(self._all(OXYGEN_OF_AIR), oxygen))
            room = subtract(bound, oxygen).high
            self.needs_exact |= ~absent & (np.abs(room) <= _CLOSE * bound.high) & (room != 0)
            missing = missing | absent
            codes = np.where(room <= 0, _TOO_HIGH, np.int16(CODE_VALID))
            codes = np.where(missing, _MISSING, codes)
        factor = divide(above, below)
        good = codes == CODE_VALID
        self.needs_exact |= good & ~(in_safe_range(factor.high) & in_safe_range(constant.high))
        return factor, codes

    def _all(self, number: float) -> DoubleDouble:
        return widened(np.full(len(self._values), float(number)))

    def _channel(self, name: str) -> tuple[DoubleDouble, Truths]:
        """Return the values of an auxiliary channel, and where none counts."""
        names = self._key.names
        if name not in names:
            return self._nothing, np.ones(len(self._values), dtype=np.bool_)
        column = names.index(name)
        absent = self._marks[:, column] != CODE_VALID
        value = np.where(absent, 1.0, self._values[:, column])
        self.needs_exact |= ~in_safe_range(value)
        return widened(value), absent

    def _kelvin(self) -> tuple[DoubleDouble, Truths]:
        value, absent = self._channel("TEMPERATURE")
        kelvin = value
        if self._shape.celsius:
            kelvin = two_sum(value.high, np.full(len(self._values), KELVIN))
        return kelvin, absent | (kelvin.high <= 0)

    def _pressure_of(self) -> tuple[DoubleDouble, Truths]:
        """Return the absolute pressure in the plan's unit, and where there is none above 0."""
        value, absent = self._channel("PRESSURE")
        if (gauge := self._shape.gauge) is not None:
            value = _scaled(value, gauge.scale)
            if gauge.barometric:
                barometric, unknown = self._channel(gauge.barometric)
                absent = absent | unknown | (barometric.high <= 0)
                barometric = _scaled(barometric, gauge.barometric_scale)
            else:
                barometric = DoubleDouble(self._constants[:, -2], self._constants[:, -1])
            value = subtract(barometric, DoubleDouble(-value.high, -value.low))
            near = np.abs(value.high) < _NEARLY_NO_PRESSURE * np.abs(barometric.high)
            self.needs_exact |= ~absent & (near | ~in_safe_range(value.high))
        return value, absent | (value.high <= 0)

    def _dry(self) -> tuple[DoubleDouble, Truths]:
        """Return 100 - H2O in percent, and where it is not known or not above 0."""
        value, absent = self._channel("H2O")
        whole = np.full(len(self._values), 100.0)
        if not self._shape.vapour:
            dryness = two_sum(whole, -value.high)
        else:
            constant = DoubleDouble(self._all(_VAPOUR_HIGH).high, self._all(_VAPOUR_LOW).high)
            dryness = subtract(widened(whole), multiply(value, constant))
            near = np.abs(dryness.high) < _NEARLY_ALL_VAPOUR
            self.needs_exact |= ~absent & near  # what is left of 100 has lost its last digits
        return dryness, absent | (dryness.high <= 0)


def _scaled(value: DoubleDouble, scale: int) -> DoubleDouble:
    """Multiply doubles, without error, by a number of the order of a unit's."""
    if scale == 1:
        return value
    return two_product(value.high, np.full(len(value.high), float(scale)))
