"""Simulate twenty-minute stations: what Order 208, point 13, asks for, and in its units.

A station is a gas boiler house whose gas is that of the fleet's (`emissions.simulation.signals`).
What it sends each 20 minutes is made of the minutes inside: gauge pressure, excess of air, water
vapour in mg/m3, flow in Nm3, concentrations, and mass flows in g/s: of NO2 beside the concentration
from which it is computed too, of SO2 alone. It has no defects, so nothing must be found of it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import msgspec
import numpy as np

from emissions.simulation.emission import Emitter, OddReading, RegularReadings
from emissions.simulation.fake_ids import fake_bin, fake_source_id
from emissions.simulation.fleet import CADENCE_S, Stack, full_load_mass, station_stack
from emissions.simulation.noise import Floats
from emissions.simulation.plant_kinds import GAS_BOILER, REFERENCE_KELVIN, REFERENCE_KILOPASCAL
from streams.core.normalisation.gas import KELVIN, OXYGEN_OF_AIR, VAPOUR_PERCENT
from streams.core.registry.enterprise import (
    Asm,
    Channel,
    Enterprise,
    Limit,
    Location,
    Names,
    Source,
)

STATION_CADENCE_S: Final = 1200
BAROMETRIC_KPA: Final = 98.7
_MINUTES: Final = STATION_CADENCE_S // CADENCE_S
_REPORTED_ALONE, _COMPARED = "SO2", "NO2"
_TOWN: Final = Names(ru="Астана", kk="Астана", en="Astana")


class Station(msgspec.Struct, frozen=True):
    """A station: its enterprise, what it sends as, and the minutes of which that is made."""

    enterprise: Enterprise
    stack: Stack
    minutes: Stack


def build_stations(seed: int, first: int, count: int, start: date, days: int) -> list[Station]:
    """Generate ``count`` stations, each an enterprise; the first has the number ``first``."""
    return [_station(seed, first + place, start, days) for place in range(count)]


def _station(seed: int, number: int, start: date, days: int) -> Station:
    minutes = station_stack(seed, number, GAS_BOILER, fake_bin(number), start, days)
    plain = minutes.source
    assert plain.stack_area_m2 is not None  # noqa: S101 (each stack of the fleet has one)
    so2 = next(each for each in plain.limits if each.parameter == _REPORTED_ALONE)
    alone = round(full_load_mass(GAS_BOILER, plain.stack_area_m2, so2.value), 3)
    source = msgspec.structs.replace(
        plain,
        id=fake_source_id(number + 1, 1),
        cadence_s=STATION_CADENCE_S,
        channels=_channels(plain),
        stack_area_m2=None,
        barometric_kpa=BAROMETRIC_KPA,
        location=Location(51.13, 71.43, _TOWN),
        limits=(
            *(each for each in plain.limits if each.parameter != _REPORTED_ALONE),
            Limit(_REPORTED_ALONE, alone, "g/s", "2022-01-01"),
        ),
    )
    enterprise = Enterprise(
        bin=minutes.bin,
        name=Names(
            ru=f"Станция {number + 1:03d}",
            kk=f"Бекет {number + 1:03d}",
            en=f"Station {number + 1:03d}",
        ),
        region="KZ-71",
        category=1,
        business_size="medium",
        commissioned_on="2010-01-01",
        sources=(source,),
        asm=Asm((start - timedelta(days=400)).isoformat(), start.isoformat()),
    )
    return Station(enterprise, minutes._replace(source=source), minutes)


def _channels(plain: Source) -> tuple[Channel, ...]:
    """Return the channels of a station in place of those that send each minute."""
    kept = [
        channel
        for channel in plain.channels
        if channel.basis is not None and channel.parameter not in ("O2", _REPORTED_ALONE)
    ]
    return (
        *kept,
        Channel(f"{_COMPARED}_GS", "g/s", range=(0.0, 1e4), reports=_COMPARED),
        Channel(_REPORTED_ALONE, "g/s", range=(0.0, 1e4)),
        Channel("ALPHA", "1", range=(1.0, 30.0)),
        Channel("H2O", "mg/m3", range=(0.0, 400_000.0)),
        Channel("TEMPERATURE", "degC", range=(-40.0, 1300.0)),
        Channel("PRESSURE", "kPa", range=(-10.0, 10.0), gauge=True),
        Channel("FLOW", "Nm3/s", range=(0.0, 2000.0)),
    )


class StationEmitter(Emitter):
    """Generate what one station sends: each row the mean of 20 minutes, in its own units."""

    cadence_s = STATION_CADENCE_S

    def __init__(self, seed: int, station: Station) -> None:
        super().__init__(seed, station.minutes, ())
        self.stack = station.stack
        self.measured = self.parameters
        self.parameters = tuple(each.parameter for each in station.stack.source.channels)

    def chunk(self, start: int, end: int) -> tuple[RegularReadings, list[OddReading]]:
        """Generate the readings of the intervals that start in ``[start, end)``.

        Both are on the 20 minutes.
        """
        regular, odd = super().chunk(start, end)
        rows = regular.values.reshape(-1, _MINUTES, len(self.measured)).mean(axis=1)
        last = slice(_MINUTES - 1, None, _MINUTES)  # it is sent when its last minute is
        measured = regular.measured[::_MINUTES]
        return RegularReadings(measured, regular.arrived[last], self._sent(rows)), odd

    def _sent(self, rows: Floats) -> Floats:
        """Convert means of what is measured to what is sent, a column each."""
        of = dict(zip(self.measured, rows.T, strict=True))
        kelvin = of["TEMPERATURE"] + KELVIN
        area = self.signals.stack.source.stack_area_m2 or 0.0
        actual = of["VELOCITY"] * area * (1 - of["H2O"] / 100)
        gas = REFERENCE_KELVIN / kelvin * of["PRESSURE"] / REFERENCE_KILOPASCAL
        flow = actual * gas
        sent = {
            "ALPHA": np.round(OXYGEN_OF_AIR / (OXYGEN_OF_AIR - of["O2"]), 4),
            "H2O": np.round(of["H2O"] / float(VAPOUR_PERCENT), 0),
            "TEMPERATURE": np.round(of["TEMPERATURE"], 1),
            "PRESSURE": np.round(of["PRESSURE"] - BAROMETRIC_KPA, 3),
            "FLOW": np.round(flow, 2),
            f"{_COMPARED}_GS": np.round(of[_COMPARED] / gas * flow / 1000, 4),
            _REPORTED_ALONE: np.round(of[_REPORTED_ALONE] / gas * flow / 1000, 4),
        }
        return np.stack(
            [sent[name] if name in sent else np.round(of[name], 2) for name in self.parameters],
            axis=1,
        )
