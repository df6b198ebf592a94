"""What the channels of a source show: one load drives flow, temperature, oxygen and pollutants.

Pollutants are made in the reference of their limit, as a share of it, and turned back into what
the channel measures. So how far a source is from its limit is known before anything is measured.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.core.normalisation import GAS_CONSTANT, KELVIN, MOLAR_MASS
from streams.simulation.fleet import Stack
from streams.simulation.kinds import REFERENCE_KELVIN, REFERENCE_KILOPASCAL, Pollutant
from streams.simulation.noise import Draw, Floats, Ints, Keys, key_of, slow, white

LOWEST_SHARE, HIGHEST_SHARE = 0.08, 0.6
"""A source without a planned exceedance keeps its normalised values within these shares of L."""

_MORNING = (0.66, 0.62, 0.60, 0.59, 0.60, 0.65, 0.74, 0.83, 0.89, 0.91, 0.90, 0.88)
_EVENING = (0.86, 0.86, 0.87, 0.88, 0.90, 0.94, 0.97, 0.96, 0.92, 0.86, 0.78, 0.71)
_DAY_CURVE = np.array((*_MORNING, *_EVENING))
"""Load by local hour, share of full load."""

_LOCAL_MINUTES = 300  # the whole country keeps UTC+5 since 2024-03-01
_AUXILIARIES = ("LOAD", "O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY")


class Overrides(NamedTuple):
    """What the plan of defects dictates: NaN where it leaves the signal alone."""

    share: dict[str, Floats]  # parameter -> share of its limit
    load: Floats | None
    oxygen: Floats | None  # percent of dry gas


UNTOUCHED = Overrides({}, None, None)


class Signals:
    """The channels of one source as functions of time."""

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
        """Values as measured, a row a minute (since 1970), a column a channel of the source."""
        kind = self.stack.kind
        fast = white(self._keys, minutes)
        wander = slow(self._keys, minutes, 120)
        count = len(kind.pollutants)
        load = self._daily(minutes) * self._load + 0.06 * wander[count] + 0.01 * fast[count]
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

    def _daily(self, minutes: Ints) -> Floats:
        local = (minutes + _LOCAL_MINUTES) % 1440
        hour = local // 60
        part = (local - hour * 60) / 60.0
        curve: Floats = _DAY_CURVE[hour]
        return curve + (_DAY_CURVE[(hour + 1) % 24] - curve) * part

    def _factor(
        self,
        pollutant: Pollutant,
        temperature: Floats,
        pressure: Floats,
        dryness: Floats,
        oxygen: Floats,
    ) -> Floats:
        """What a measured value is multiplied with to stand in the reference (F1, F2, F3, F6)."""
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
