"""Random stacks with every kind of normalisation, and readings of them with every defect."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan, nextafter
from random import Random

from schemas.columns import Block
from schemas.decoding.blocks import block_of_readings
from schemas.reading import Reading
from streams.core.normalisation.gas import VAPOUR_PERCENT
from streams.core.registry.enterprise import (
    Channel,
    Conditions,
    Device,
    Enterprise,
    Limit,
    Source,
    Verification,
)
from streams.core.sources.source import SourceEntry, compile_sources
from streams.core.time.interval import DAY, HOUR
from tests.core.examples import enterprise, excused, local, source

BEGIN = local("2026-04-01")
"""A day on which limits, verifications and excused periods begin and end."""

POLLUTANTS = ("SO2", "NO2", "CO", "VOC")
REPORTED = {"SO2_GS": "SO2", "CO_GS": "CO", "HF": None}
"""Channels in g/s, and what they report; None: they do not say."""

AUXILIARIES = (
    "O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY", "FLOW", "ALPHA", "BAROMETRIC_PRESSURE",
)  # fmt: skip
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
    "ALPHA": ("1",),
    "H2O": ("%", "%", "mg/m3"),
    "TEMPERATURE": ("degC", "K"),
    "PRESSURE": ("kPa", "hPa", "mbar", "Pa"),
    "BAROMETRIC_PRESSURE": ("kPa", "hPa", "mbar", "Pa"),
    "VELOCITY": ("m/s",),
    "FLOW": ("m3/s", "m3/h", "Nm3/s", "Nm3/h"),
}
SCALES = {
    "kPa": 1.0, "hPa": 10.0, "mbar": 10.0, "Pa": 1000.0, "m3/s": 1.0, "m3/h": 3600.0,
    "Nm3/s": 1.0, "Nm3/h": 3600.0, "mg/m3": 7487.5,
}  # fmt: skip
MEDIANS = {
    "O2": 7.4, "H2O": 9.8, "PRESSURE": 98.6, "VELOCITY": 18.4, "FLOW": 520.0, "ALPHA": 1.5,
    "BAROMETRIC_PRESSURE": 98.0,
}  # fmt: skip

ABSURD = (nan, inf, -inf, 1e300, -1e300, 1.7e308, 5e-324, -5e-324, -0.0, 0.0, -3.0, -60.0, -61.0)
UNUSUAL = (1e-71, 1e71, -1e-71, 1e-60, 1e60, 3000.0, nextafter(3000.0, inf), -0.5, 5.0)
_WATER = 100.0 / float(VAPOUR_PERCENT)
ALL_VAPOUR = (_WATER, nextafter(_WATER, 0.0), nextafter(_WATER, inf), 0.9999 * _WATER)
"""mg/m3 of water where no dry gas is left, to the last digit."""
EDGES = {
    "O2": (20.0, nextafter(20.0, 0.0), nextafter(20.0, 21.0), 21.0, 19.9999, 20.5, 25.0, -0.5),
    "H2O": (100.0, nextafter(100.0, 0.0), 100.5, -1e-40, 1e-30, 0.0, *ALL_VAPOUR),
    "ALPHA": (1.0, nextafter(1.0, 0.0), 0.0, 21.0, nextafter(21.0, 0.0), nextafter(21.0, 22.0)),
    "BAROMETRIC_PRESSURE": (0.0, -1.0, 1e-30, 101.325),
    "TEMPERATURE": (-273.15, nextafter(-273.15, 0.0), 0.0, -300.0, 1e-30),
    "PRESSURE": (0.0, -1.0, 1e-30, 5e-324, -101.325, nextafter(-101.325, 0.0), -1013.25, -0.3),
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
        limits=tuple(each for name in _limited(names) for each in _limits(rng, name)),
        devices=rng.choice(((), devices[:1], devices)),
        excused=rng.choice(((), periods[:1], periods)),
        stack_area_m2=rng.choice((None, 28.2743, 12.0)),
        barometric_kpa=rng.choice((None, 98.7, 101.325)),
    )


def _limited(names: Sequence[str]) -> list[str]:
    """What may have limits: what is measured, and what is reported in g/s."""
    return sorted({REPORTED.get(name) or name for name in names})


def _pollutant(rng: Random, name: str) -> Channel:
    if name in REPORTED:
        return Channel(name, "g/s", range=rng.choice(RANGES), reports=REPORTED[name])
    unit = rng.choice(("mg/m3", "mg/m3", "ppm"))
    mass = 44.1 if unit == "ppm" and name == "VOC" else None
    given, basis = rng.choice(GIVEN), rng.choice(("wet", "dry"))
    return Channel(name, unit, basis, given, rng.choice(RANGES), mass)


def _auxiliary(rng: Random, name: str) -> Channel:
    basis = rng.choice(("wet", "dry")) if name == "O2" else None
    dry = Conditions(dry=rng.random() < 0.5) if name == "O2" and rng.random() < 0.2 else None
    limits = {"O2": (0.0, 25.0), "H2O": (0.0, 60.0)}.get(name, (0.0, 2e6))
    span = limits if rng.random() < 0.3 and name != "TEMPERATURE" else None
    gauge = name == "PRESSURE" and rng.random() < 0.4
    return Channel(name, rng.choice(UNITS[name]), basis, dry, span, gauge=gauge)


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
    names += rng.sample(sorted(REPORTED), rng.choice((0, 0, 1, 2)))
    auxiliaries = rng.sample(AUXILIARIES, rng.choice((8, 7, 6, 6, 5, 5, 4, 3, 1, 0)))
    if rng.random() < 0.5:  # with O2 the excess of air says nothing
        auxiliaries = [name for name in auxiliaries if name != "O2"]
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
    channels = {channel.parameter: channel for channel in entry.source.channels}
    unit = channels[name].unit if name in channels else ""
    if name == "TEMPERATURE":
        found = rng.uniform(80.0, 200.0) + (273.15 if unit == "K" else 0.0)
    elif name in MEDIANS and name in channels and channels[name].gauge:
        found = rng.uniform(-5.0, 2.0) * SCALES[unit]
    elif name in MEDIANS:
        found = MEDIANS[name] * rng.uniform(0.9, 1.1) * SCALES.get(unit, 1.0)
    else:
        found = rng.uniform(0.0, 1200.0)
    return round(found, 2) if rng.random() < 0.5 else found


def block_of(readings: Sequence[Reading]) -> Block:
    """The block of readings that have names, flags, state and period in common."""
    return block_of_readings(Block.of(readings[0]).pattern, list(enumerate(readings)))


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
