"""Kinds of plant the fleet is made of: fuel, gas conditions, pollutants and their limits.

The figures are of the usual order for such plants; they belong to no real installation.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.core.registration import Conditions


class Pollutant(NamedTuple):
    """A pollutant channel and the norm on it."""

    parameter: str
    limit: float  # mg/m3 in the reference of the kind
    unit: str = "mg/m3"  # of the channel: mg/m3 | ppm
    basis: str = "wet"
    conditions: Conditions | None = None  # of the channel; None: actual
    by_mass: bool = False  # also limited in g/s


class Kind(NamedTuple):
    """A kind of plant at full load. ``oxygen`` is percent of dry gas, ``temperature`` degC.

    ``megawatts`` are electric for a station, thermal for others.
    """

    code: str
    name: tuple[str, str, str]  # ru, kk, en
    stack: str
    plant: str  # station | boiler_house | other
    fuel: str
    megawatts: tuple[int, int]
    oxygen_reference: float | None
    oxygen: float
    oxygen_basis: str
    moisture: float
    temperature: float
    velocity: float
    area: tuple[float, float]
    pollutants: tuple[Pollutant, ...]


CONFIDENCE_PCT = {"SO2": 20.0, "NO": 20.0, "NO2": 20.0, "CO": 10.0, "DUST": 30.0, "H2S": 40.0}
"""Width of the 95 % confidence interval of one value, percent of the limit (IED annex V)."""

_REDUCED = Conditions(temperature_k=273.15, pressure_kpa=101.325, dry=True)

COAL = Kind(
    "coal",
    ("Теплоэнергоцентр", "Жылу-энергия орталығы", "Heat and Power Centre"),
    "Котёл",
    "station",
    "solid",
    (120, 900),
    6.0,
    6.5,
    "wet",
    9.0,
    140.0,
    19.0,
    (12.0, 38.0),
    (
        Pollutant("SO2", 780.0, by_mass=True),
        Pollutant("NO", 420.0),
        Pollutant("NO2", 90.0),
        Pollutant("CO", 250.0),
        Pollutant("DUST", 150.0),
    ),
)
GAS_BOILER = Kind(
    "gas",
    ("Котельный комплекс", "Қазандық кешені", "Boiler Complex"),
    "Котёл",
    "boiler_house",
    "gas",
    (1400, 1900),
    3.0,
    4.0,
    "dry",
    14.0,
    150.0,
    14.0,
    (6.0, 16.0),
    (
        Pollutant("NO", 220.0, basis="dry"),
        Pollutant("NO2", 60.0, basis="dry", by_mass=True),
        Pollutant("CO", 120.0, basis="dry"),
        Pollutant("SO2", 40.0, basis="dry"),
    ),
)
TURBINE = Kind(
    "turbine",
    ("Энергокомплекс", "Энергия кешені", "Energy Complex"),
    "Газовая турбина",
    "station",
    "gas",
    (500, 620),
    15.0,
    14.5,
    "dry",
    7.5,
    480.0,
    32.0,
    (14.0, 30.0),
    (
        Pollutant("NO", 70.0, "ppm", "dry"),
        Pollutant("NO2", 25.0, "ppm", "dry", by_mass=True),
        Pollutant("CO", 60.0, "ppm", "dry"),
    ),
)
SMELTER = Kind(
    "smelter",
    ("Металлургический комплекс", "Металлургия кешені", "Metallurgical Complex"),
    "Печь",
    "other",
    "liquid",
    (60, 240),
    None,
    15.0,
    "dry",
    5.0,
    210.0,
    16.0,
    (8.0, 22.0),
    (
        Pollutant("SO2", 1200.0, by_mass=True),
        Pollutant("NO", 150.0),
        Pollutant("NO2", 110.0),
        Pollutant("CO", 900.0),
        Pollutant("DUST", 60.0),
    ),
)
KILN = Kind(
    "kiln",
    ("Цементный комплекс", "Цемент кешені", "Cement Complex"),
    "Вращающаяся печь",
    "other",
    "solid",
    (60, 160),
    10.0,
    9.5,
    "dry",
    16.0,
    170.0,
    13.0,
    (7.0, 14.0),
    (
        Pollutant("NO", 500.0, basis="dry", conditions=_REDUCED),
        Pollutant("NO2", 120.0, basis="dry", conditions=_REDUCED, by_mass=True),
        Pollutant("SO2", 300.0, basis="dry", conditions=_REDUCED),
        Pollutant("CO", 1100.0, basis="dry", conditions=_REDUCED),
        Pollutant("DUST", 80.0),
    ),
)
SULPHUR = Kind(
    "sulphur",
    ("Газоперерабатывающий комплекс", "Газ өңдеу кешені", "Gas Processing Complex"),
    "Установка серы",
    "other",
    "gas",
    (505, 560),
    3.0,
    3.6,
    "dry",
    12.0,
    320.0,
    15.0,
    (3.0, 9.0),
    (
        Pollutant("SO2", 700.0, "ppm", "wet", by_mass=True),
        Pollutant("H2S", 10.0, "ppm", "wet"),
        Pollutant("NO2", 120.0, "ppm", "wet"),
        Pollutant("CO", 200.0, "ppm", "wet"),
    ),
)

FLEET_KINDS = (COAL, TURBINE, SMELTER, COAL, GAS_BOILER, SULPHUR, KILN)
"""Order in which kinds are dealt out to enterprises."""

REFERENCE_KELVIN, REFERENCE_KILOPASCAL = 293.15, 101.3
"""Reference conditions of the Ecological Code, art. 202 p. 5; always dry gas."""
