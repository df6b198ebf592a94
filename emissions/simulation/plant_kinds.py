"""Define the kinds of plant in the fleet: fuel, gas conditions, pollutants and their limits.

The figures are typical of such plants; they belong to no real installation.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.core.registry.enterprise import Conditions


class EmittedPollutant(NamedTuple):
    """A pollutant channel and its limit."""

    parameter: str
    limit: float  # mg/m3 in the reference of the kind
    unit: str = "mg/m3"  # of the channel: mg/m3 | ppm
    basis: str = "wet"
    conditions: Conditions | None = None  # of the channel; None: actual
    by_mass: bool = False  # also limited in g/s


class PlantKind(NamedTuple):
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
    pollutants: tuple[EmittedPollutant, ...]


CONFIDENCE_PCT = {"SO2": 20.0, "NO": 20.0, "NO2": 20.0, "CO": 10.0, "DUST": 30.0, "H2S": 40.0}
"""Width of the 95 % confidence interval of one value, percent of the limit (IED annex V)."""

_REDUCED = Conditions(temperature_k=273.15, pressure_kpa=101.325, dry=True)

COAL = PlantKind(
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
        EmittedPollutant("SO2", 780.0, by_mass=True),
        EmittedPollutant("NO", 420.0),
        EmittedPollutant("NO2", 90.0),
        EmittedPollutant("CO", 250.0),
        EmittedPollutant("DUST", 150.0),
    ),
)
GAS_BOILER = PlantKind(
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
        EmittedPollutant("NO", 220.0, basis="dry"),
        EmittedPollutant("NO2", 60.0, basis="dry", by_mass=True),
        EmittedPollutant("CO", 120.0, basis="dry"),
        EmittedPollutant("SO2", 40.0, basis="dry"),
    ),
)
TURBINE = PlantKind(
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
        EmittedPollutant("NO", 70.0, "ppm", "dry"),
        EmittedPollutant("NO2", 25.0, "ppm", "dry", by_mass=True),
        EmittedPollutant("CO", 60.0, "ppm", "dry"),
    ),
)
SMELTER = PlantKind(
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
        EmittedPollutant("SO2", 1200.0, by_mass=True),
        EmittedPollutant("NO", 150.0),
        EmittedPollutant("NO2", 110.0),
        EmittedPollutant("CO", 900.0),
        EmittedPollutant("DUST", 60.0),
    ),
)
KILN = PlantKind(
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
        EmittedPollutant("NO", 500.0, basis="dry", conditions=_REDUCED),
        EmittedPollutant("NO2", 120.0, basis="dry", conditions=_REDUCED, by_mass=True),
        EmittedPollutant("SO2", 300.0, basis="dry", conditions=_REDUCED),
        EmittedPollutant("CO", 1100.0, basis="dry", conditions=_REDUCED),
        EmittedPollutant("DUST", 80.0),
    ),
)
SULPHUR = PlantKind(
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
        EmittedPollutant("SO2", 700.0, "ppm", "wet", by_mass=True),
        EmittedPollutant("H2S", 10.0, "ppm", "wet"),
        EmittedPollutant("NO2", 120.0, "ppm", "wet"),
        EmittedPollutant("CO", 200.0, "ppm", "wet"),
    ),
)

FLEET_KINDS = (COAL, TURBINE, SMELTER, COAL, GAS_BOILER, SULPHUR, KILN)
"""Order in which kinds are assigned to enterprises."""

REFERENCE_KELVIN, REFERENCE_KILOPASCAL = 293.15, 101.3
"""Reference conditions of the Ecological Code, art. 202 p. 5; always dry gas."""
