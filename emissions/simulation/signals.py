"""Generate the channels of a source: one load drives flow, temperature, oxygen and pollutants.

Pollutants are generated in the reference of their limit, as a share of it, and converted back to
what the channel measures. So the distance of a source from its limit is known in advance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from emissions.simulation.fleet import Stack
from emissions.simulation.noise import Draw, Floats, Ints, Keys, key_of, slow, white
from emissions.simulation.plant_kinds import (
    REFERENCE_KELVIN,
    REFERENCE_KILOPASCAL,
    EmittedPollutant,
)
from streams.core.normalisation.formulas import MOLAR_MASS
from streams.core.normalisation.gas import GAS_CONSTANT, KELVIN

LOWEST_SHARE, HIGHEST_SHARE = 0.08, 0.6
"""Bounds of normalised values, as shares of the limit, without a planned exceedance."""

_MORNING = (0.66, 0.62, 0.60, 0.59, 0.60, 0.65, 0.74, 0.83, 0.89, 0.91, 0.90, 0.88)
_EVENING = (0.86, 0.86, 0.87, 0.88, 0.90, 0.94, 0.97, 0.96, 0.92, 0.86, 0.78, 0.71)
_DAY_CURVE = np.array((*_MORNING, *_EVENING))
"""Load by local hour, share of full load."""

_LOCAL_MINUTES = 300  # the whole country keeps UTC+5 since 2024-03-01
_AUXILIARIES = ("LOAD", "O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY")


class Overrides(NamedTuple):
    """Values that the plan of defects dictates; NaN leaves the signal alone."""

    share: dict[str, Floats]  # parameter -> share of its limit
    load: Floats | None
    oxygen: Floats | None  # percent of dry gas


UNTOUCHED = Overrides({}, None, None)


def daily_load(minutes: Ints) -> Floats:
    """Return the usual course of a day: the share of full load at minutes since 1970."""
    local = (minutes + _LOCAL_MINUTES) % 1440
    hour = local // 60
    part = (local - hour * 60) / 60.0
    curve: Floats = _DAY_CURVE[hour]
    return curve + (_DAY_CURVE[(hour + 1) % 24] - curve) * part


class Signals:
    """Generate the channels of one source as functions of time."""

    def __init__(self, seed: int, stack: Stack) -> None:
        self.stack = stack
        kind = stack.kind
        names = (*(pollutant.parameter for pollutant in kind.pollutants), *_AUXILIARIES)
        self._keys: Keys = np.array(
            [key_of(seed, stack.id, name) for name in names], dtype=np.uint64
        )
        draw = Draw(seed, stack.id, "habits")
        self._usual = [draw.real(0.34, 0.52) for _ in kind.pollutants]
        self._load = draw.real(0.85, 1.0)
        self._pressure = draw.real(97.6, 99.4)
        self._limit = {
            limit.parameter: limit.value for limit in stack.source.limits if limit.unit == "mg/m3"
        }
        self.parameters = tuple(channel.parameter for channel in stack.source.channels)

    def values(self, minutes: Ints, overrides: Overrides = UNTOUCHED) -> Floats:
        """Return the measured values, one row per minute (since 1970), one column per channel."""
        kind = self.stack.kind
        fast = white(self._keys, minutes)
        wander = slow(self._keys, minutes, 120)
        count = len(kind.pollutants)
        load = daily_load(minutes) * self._load + 0.06 * wander[count] + 0.01 * fast[count]
        load = np.clip(_either(overrides.load, load), 0.0, 1.0)
        rest = load - 0.7
        oxygen = kind.oxygen - 1.6 * rest + 0.4 * wander[count + 1] + 0.05 * fast[count + 1]
        oxygen = _either(overrides.oxygen, oxygen)
        moisture = kind.moisture + 1.2 * rest + 0.5 * wander[count + 2] + 0.06 * fast[count + 2]
        temperature = kind.temperature * (0.85 + 0.15 * load)
        temperature = temperature + 3.0 * wander[count + 3] + 0.3 * fast[count + 3]
        pressure = self._pressure + 0.4 * wander[count + 4] + 0.02 * fast[count + 4]
        speed = 1.0 + 0.03 * wander[count + 5] + 0.008 * fast[count + 5]
        velocity = kind.velocity * (0.3 + 0.7 * load) * speed
        dryness = 1.0 - moisture / 100.0
        shown = oxygen * dryness if kind.oxygen_basis == "wet" else oxygen
        columns: list[Floats] = []
        for row, pollutant in enumerate(kind.pollutants):
            share = self._usual[row] * (0.72 + 0.35 * load)
            share = share * (1.0 + 0.16 * wander[row] + 0.05 * fast[row])
            share = np.clip(share, LOWEST_SHARE, HIGHEST_SHARE)
            share = _either(overrides.share.get(pollutant.parameter), share)
            factor = self._factor(pollutant, temperature, pressure, dryness, oxygen)
            measured = share * self._limit[pollutant.parameter] / factor
            columns.append(np.round(measured, 2 if pollutant.limit < 100 else 1))
        columns += [
            np.round(shown, 2),
            np.round(moisture, 2),
            np.round(temperature, 1),
            np.round(pressure, 3),
            np.round(velocity, 2),
        ]
        return np.stack(columns, axis=1)

    def _factor(
        self,
        pollutant: EmittedPollutant,
        temperature: Floats,
        pressure: Floats,
        dryness: Floats,
        oxygen: Floats,
    ) -> Floats:
        """Return the factor from measured values to the reference (F1, F2, F3, F6)."""
        factor: Floats
        given = pollutant.conditions
        if pollutant.unit == "ppm":
            volume = GAS_CONSTANT * REFERENCE_KELVIN / REFERENCE_KILOPASCAL
            factor = np.full(temperature.shape, MOLAR_MASS[pollutant.parameter] / volume)
        elif given is not None and given.temperature_k and given.pressure_kpa:
            constant = given.temperature_k / REFERENCE_KELVIN
            constant *= REFERENCE_KILOPASCAL / given.pressure_kpa
            factor = np.full(temperature.shape, constant)
        else:
            factor = (temperature + KELVIN) / REFERENCE_KELVIN * (REFERENCE_KILOPASCAL / pressure)
        if pollutant.basis == "wet":
            factor = factor / dryness
        reference = self.stack.kind.oxygen_reference
        if reference is not None:
            factor = factor * ((21.0 - reference) / (21.0 - oxygen))
        return factor


def _either(dictated: Floats | None, signal: Floats) -> Floats:
    if dictated is None:
        return signal
    return np.where(np.isnan(dictated), signal, dictated)
