"""The state of the gas of many readings, and what their values are multiplied by, in columns.

What `streams.core.normalisation` says in exact fractions, with twice the digits of a double.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.core.columns import Floats, Truths
from streams.core.extended import Extended, exact, minus, ordinary, over, times, two_sum
from streams.core.form import Form
from streams.core.normalisation import (
    ALWAYS_TOO_HIGH,
    AUXILIARY_MISSING,
    KELVIN,
    NO_OXYGEN,
    NOT_FINITE,
    OXYGEN_OF_AIR,
    OXYGEN_TOO_HIGH,
    OXYGEN_TOO_HIGH_PCT,
    Shape,
)
from streams.core.quality import EXCUSED, OUT_OF_RANGE

Codes = NDArray[np.int16]

ABSENT: Final = -1
VALID: Final = 0
"""Beside the numbers of codes: the reading does not carry the channel; the value counts."""

FIXED: Final = (
    "",
    NOT_FINITE,
    OUT_OF_RANGE,
    AUXILIARY_MISSING,
    OXYGEN_TOO_HIGH,
    EXCUSED,
)
"""Codes that every pattern has, by their number."""

NUMBER: Final = {code: np.int16(number) for number, code in enumerate(FIXED)}
_MISSING, _TOO_HIGH = NUMBER[AUXILIARY_MISSING], NUMBER[OXYGEN_TOO_HIGH]

_CLOSE: Final = 2.0**-80
"""So near to the bound of oxygen, relative to it, exact fractions decide."""


class GasColumns:
    """The state of the gas of n readings; see `streams.core.normalisation.Gas`.

    ``hard`` marks readings that have a magnitude out of the ordinary.
    """

    def __init__(self, form: Form, values: Floats, marks: Codes) -> None:
        self._structure = form.structure
        self._values, self._marks = values, marks
        self._nothing = exact(np.ones(len(values)))
        self.hard: Truths = np.zeros(len(values), dtype=np.bool_)
        self._temperature = self._kelvin()
        self._pressure = self._pressure_of()
        self._dryness = self._dry()
        self._flow = self._channel(self._structure.flow_channel)

    def factor(self, shape: Shape, constant: Extended) -> tuple[Extended, Codes]:
        """What values are multiplied by, or the code of why there is no such thing."""
        above, below = constant, self._nothing
        missing: Truths = np.zeros(len(self._values), dtype=np.bool_)
        if shape.temperature:
            above, missing = times(above, self._temperature[0]), missing | self._temperature[1]
        if shape.pressure:
            below, missing = times(below, self._pressure[0]), missing | self._pressure[1]
        if shape.drying:
            missing = missing | self._dryness[1]
            if shape.drying > 0:
                below = times(below, self._dryness[0])
            else:
                above = times(above, self._dryness[0])
        if shape.flow:
            for part, absent in (self._flow, self._pressure, self._dryness):
                above, missing = times(above, part), missing | absent
            below, missing = times(below, self._temperature[0]), missing | self._temperature[1]
            if not (np.isfinite(constant.high).all()):
                missing = missing | np.isnan(constant.high)
        codes: Codes = np.where(missing, _MISSING, np.int16(VALID))
        if shape.oxygen == ALWAYS_TOO_HIGH:
            codes = np.where(missing, _MISSING, _TOO_HIGH)
        elif shape.oxygen != NO_OXYGEN:
            oxygen, absent = self._channel("O2")
            if self._structure.wet_oxygen:
                dryness, unknown = self._dryness
                absent = absent | unknown
                above = times(above, dryness)
                oxygen = times(oxygen, self._all(100.0))
                bound = times(dryness, self._all(OXYGEN_TOO_HIGH_PCT))
                below = times(below, minus(times(dryness, self._all(OXYGEN_OF_AIR)), oxygen))
            else:
                bound = self._all(OXYGEN_TOO_HIGH_PCT)
                below = times(below, minus(self._all(OXYGEN_OF_AIR), oxygen))
            room = minus(bound, oxygen).high
            self.hard |= ~absent & (np.abs(room) <= _CLOSE * bound.high) & (room != 0)
            missing = missing | absent
            codes = np.where(room <= 0, _TOO_HIGH, np.int16(VALID))
            codes = np.where(missing, _MISSING, codes)
        factor = over(above, below)
        good = codes == VALID
        self.hard |= good & ~(ordinary(factor.high) & ordinary(constant.high))
        return factor, codes

    def _all(self, number: float) -> Extended:
        return exact(np.full(len(self._values), float(number)))

    def _channel(self, name: str) -> tuple[Extended, Truths]:
        """The values of an auxiliary channel, and where there is none that counts."""
        names = self._structure.names
        if name not in names:
            return self._nothing, np.ones(len(self._values), dtype=np.bool_)
        column = names.index(name)
        absent = self._marks[:, column] != VALID
        value = np.where(absent, 1.0, self._values[:, column])
        self.hard |= ~ordinary(value)
        return exact(value), absent

    def _kelvin(self) -> tuple[Extended, Truths]:
        value, absent = self._channel("TEMPERATURE")
        kelvin = value
        if self._structure.celsius:
            kelvin = two_sum(value.high, np.full(len(self._values), KELVIN))
        return kelvin, absent | (kelvin.high <= 0)

    def _pressure_of(self) -> tuple[Extended, Truths]:
        value, absent = self._channel("PRESSURE")
        return value, absent | (value.high <= 0)

    def _dry(self) -> tuple[Extended, Truths]:
        value, absent = self._channel("H2O")
        dryness = two_sum(np.full(len(self._values), 100.0), -value.high)
        return dryness, absent | (dryness.high <= 0)
