"""Random stacks with every kind of normalisation, and readings of them with every defect."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan, nextafter
from random import Random

from schemas.reading_blocks import of_readings
from streams.core.calendar import DAY, HOUR
from streams.core.columns import Block
from streams.core.reading import Reading
from streams.core.registration import (
    Channel,
    Conditions,
    Device,
    Enterprise,
    Limit,
    Source,
    Verification,
)
from streams.core.source import SourceEntry, compile_sources
from tests.core.examples import enterprise, excused, local, source

BEGIN = local("2026-04-01")
"""A day on which limits, verifications and excused periods begin and end."""

POLLUTANTS = ("SO2", "NO2", "CO", "VOC")
AUXILIARIES = ("O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY", "FLOW")
PERIOD_S = 600

REFERENCES = (
    Conditions(293.15, 101.3, dry=True),
    Conditions(273.15, 101.325, dry=True),
    Conditions(293.15, 101.3, dry=False),
    Conditions(293.15, 101.3, dry=True, o2_pct=6.0),
    Conditions(273.15, 101.325, dry=False, o2_pct=15.0),
    Conditions(293.15, 101.3, dry=True, o2_pct=21.0),
)
GIVEN = (
    None,
    None,
    Conditions(),
    Conditions(temperature_k=298.15),
    Conditions(pressure_kpa=100.0),
    Conditions(293.15, 101.3, dry=True),
    Conditions(273.15, 101.325, dry=False),
    Conditions(293.15, 101.3, dry=True, o2_pct=11.0),
    Conditions(293.15, 101.3, o2_pct=19.999999999999996),
    Conditions(temperature_k=273.15, o2_pct=20.0),
    Conditions(293.15, 101.3, dry=True, o2_pct=21.0),
)
RANGES = (None, (0.0, 3000.0), (0.0, 3000.0), (-100.0, 900.0), (5.0, 3000.0), (-0.0, 5e6))
UNITS = {
    "O2": ("%",),
    "H2O": ("%",),
    "TEMPERATURE": ("degC", "K"),
    "PRESSURE": ("kPa", "hPa", "mbar", "Pa"),
    "VELOCITY": ("m/s",),
    "FLOW": ("m3/s", "m3/h"),
}
SCALES = {"kPa": 1.0, "hPa": 10.0, "mbar": 10.0, "Pa": 1000.0, "m3/s": 1.0, "m3/h": 3600.0}
MEDIANS = {"O2": 7.4, "H2O": 9.8, "PRESSURE": 98.6, "VELOCITY": 18.4, "FLOW": 520.0}

ABSURD = (nan, inf, -inf, 1e300, -1e300, 1.7e308, 5e-324, -5e-324, -0.0, 0.0, -3.0, -60.0, -61.0)
UNUSUAL = (1e-71, 1e71, -1e-71, 1e-60, 1e60, 3000.0, nextafter(3000.0, inf), -0.5, 5.0)
EDGES = {
    "O2": (20.0, nextafter(20.0, 0.0), nextafter(20.0, 21.0), 21.0, 19.9999, 20.5, 25.0, -0.5),
    "H2O": (100.0, nextafter(100.0, 0.0), 100.5, -1e-40, 1e-30, 0.0),
    "TEMPERATURE": (-273.15, nextafter(-273.15, 0.0), 0.0, -300.0, 1e-30),
    "PRESSURE": (0.0, -1.0, 1e-30, 5e-324),
    "VELOCITY": (0.0, -0.0, -18.4),
    "FLOW": (0.0, -0.0, -18.4),
}


def stack(rng: Random, identity: str, names: Sequence[str], auxiliaries: Sequence[str]) -> Source:
    """A source with these pollutants and auxiliaries, and limits of any kind."""
    channels = [_pollutant(rng, name) for name in names]
    channels += [_auxiliary(rng, name) for name in auxiliaries]
    valid = Verification("V", *rng.choice(((None, "2026-04-01"), ("2026-04-01", None))))
    devices = (Device("a", "SN-1", valid), Device("b", "SN-2", Verification("W")))
    periods = (
        excused("2026-03-31 21:10", "2026-03-31 23:00"),
        excused("2026-04-01 01:05", rng.choice(("2026-04-01 01:06", "2026-04-01 03:00"))),
    )
    return source(
        identity,
        channels=tuple(channels),
        limits=tuple(each for name in names for each in _limits(rng, name)),
        devices=rng.choice(((), devices[:1], devices)),
        excused=rng.choice(((), periods[:1], periods)),
        stack_area_m2=rng.choice((None, 28.2743, 12.0)),
    )


def _pollutant(rng: Random, name: str) -> Channel:
    unit = rng.choice(("mg/m3", "mg/m3", "ppm"))
    mass = 44.1 if unit == "ppm" and name == "VOC" else None
    given, basis = rng.choice(GIVEN), rng.choice(("wet", "dry"))
    return Channel(name, unit, basis, given, rng.choice(RANGES), mass)


def _auxiliary(rng: Random, name: str) -> Channel:
    basis = rng.choice(("wet", "dry")) if name == "O2" else None
    dry = Conditions(dry=rng.random() < 0.5) if name == "O2" and rng.random() < 0.2 else None
    limits = {"O2": (0.0, 25.0), "H2O": (0.0, 60.0)}.get(name, (0.0, 2e6))
    span = limits if rng.random() < 0.3 and name != "TEMPERATURE" else None
    return Channel(name, rng.choice(UNITS[name]), basis, dry, span)


def _limits(rng: Random, name: str) -> list[Limit]:
    found = []
    for unit in rng.choice(((), ("mg/m3",), ("mg/m3",), ("mg/m3", "g/s"), ("g/s",), ("t/a",))):
        spans = rng.choice((((None, None),), ((None, "2026-04-01"), ("2026-04-01", "2026-04-02"))))
        for start, end in spans:
            reference = rng.choice(REFERENCES) if unit == "mg/m3" else None
            found.append(Limit(name, 500.0, unit, start, end, 20.0, reference))
    return found


def works(rng: Random, count: int) -> Enterprise:
    """An enterprise with so many stacks, which differ in all but what is measured."""
    names = rng.sample(POLLUTANTS, rng.choice((1, 2, 3, 4)))
    auxiliaries = rng.sample(AUXILIARIES, rng.choice((6, 6, 5, 5, 4, 3, 1, 0)))
    return enterprise(*[stack(rng, f"S{at}", names, auxiliaries) for at in range(count)])


def entries(rng: Random, count: int) -> tuple[SourceEntry, ...]:
    """So many sources ready for judging."""
    return compile_sources(works(rng, count))


def value(rng: Random, name: str, entry: SourceEntry, other: dict[str, float]) -> float:
    """A value of a channel, most of them such as are measured; ``other`` what is known yet."""
    if rng.random() < 0.1:
        return rng.choice(ABSURD + UNUSUAL)
    if name in EDGES and rng.random() < 0.2:
        return rng.choice(EDGES[name])
    if name == "O2" and rng.random() < 0.2:
        of_wet = 0.2 * (100.0 - other.get("H2O", 9.8))  # which is 20 % of dry gas
        return rng.choice((of_wet, nextafter(of_wet, 0.0), nextafter(of_wet, 99.0)))
    channels = {channel.parameter: channel.unit for channel in entry.source.channels}
    unit = channels.get(name, "")
    if name == "TEMPERATURE":
        found = rng.uniform(80.0, 200.0) + (273.15 if unit == "K" else 0.0)
    elif name in MEDIANS:
        found = MEDIANS[name] * rng.uniform(0.9, 1.1) * SCALES.get(unit, 1.0)
    else:
        found = rng.uniform(0.0, 1200.0)
    return round(found, 2) if rng.random() < 0.5 else found


def block_of(readings: Sequence[Reading]) -> Block:
    """The block of readings that have names, flags, state and period in common."""
    return of_readings(Block.of(readings[0]).pattern, list(enumerate(readings)))


def block(rng: Random, sources: Sequence[SourceEntry], count: int) -> Block:
    """Readings of one pattern, of any of the sources in any order."""
    names = [channel.parameter for channel in sources[0].source.channels]
    if rng.random() < 0.3:
        names = rng.sample(names, rng.randint(1, len(names)))
    if rng.random() < 0.05:
        names += sorted({"NOBODY KNOWS", "O2"} - set(names))
    rng.shuffle(names)
    flagged = rng.sample(names, min(len(names), rng.choice((0, 0, 0, 1, 2))))
    flags = {name: rng.choice(("N", "D", "C", "made up", "")) for name in flagged}
    state = rng.choice(("NORMAL",) * 9 + ("STARTUP", "STOPPED"))
    found = []
    for _ in range(count):
        entry = rng.choice(sources)
        known: dict[str, float] = {}
        for name in sorted(names):
            known[name] = value(rng, name, entry, known)
        at = BEGIN + rng.randrange(-DAY // HOUR, DAY // HOUR) * HOUR // 8
        at += rng.choice((0, 0, 1, -1, 599_999))
        serial = rng.choice((None, "SN-1", "SN-2", "SN-9"))
        values = {name: known[name] for name in names}
        found.append(Reading(entry.id, at, PERIOD_S, state, serial, values, flags))
    return block_of(found)
