"""The 1-h mass flow of a limited concentration, and the mass too much of a violation.

Gas at the reference already, half of it water: 100 m3/s are 50 m3/s dry, and 250 mg/m3 of dry gas
are 12.5 g/s, 0.0225 t in half an hour. Above a limit of 100 mg/m3 are 150/250 of it.
"""

from collections.abc import Sequence
from typing import Any

from tests.oracle.cases.case import SO2, Case, Row, limit, lines, registry, source

GAS = (
    "{parameter: TEMPERATURE, unit: K, range: [0, 1600]}",
    "{parameter: PRESSURE, unit: kPa, range: [60, 115]}",
    '{parameter: H2O, unit: "%", range: [0, 100]}',
)
FLOW = "{parameter: FLOW, unit: m3/s, range: [0, 2000]}"
VELOCITY = "{parameter: VELOCITY, unit: m/s, range: [0, 60]}"
CELLS: dict[str, Any] = {"TEMPERATURE": 293.15, "PRESSURE": 101.3, "H2O": 50, "FLOW": 100}
HOUR: Row = {"parameter": "SO2", "unit": "g/s", "window": "1h", "start": "2026-05-03T19:00:00Z"}
AT_O2 = SO2.replace("dry: true}", "dry: true, o2_pct: 11}")
LIMIT_AT_O2 = limit(100).replace("dry: true}", "dry: true, o2_pct: 6}")
PER_SECOND = "{parameter: SO2, value: 10, unit: g/s, valid_from: 2015-01-01}"


def _cells(channels: Sequence[str], given: dict[str, Any]) -> dict[str, Any]:
    flow = FLOW in channels
    gas = {name: value for name, value in CELLS.items() if flow or name != "FLOW"}
    return {"SO2": 250, **gas, **given}


def _series(
    name: str,
    means: Sequence[Row],
    channels: Sequence[str] = (SO2, *GAS, FLOW),
    limits: Sequence[str] = (limit(1000),),
    **cells: Any,
) -> Case:
    return Case(
        name,
        registry(source(channels=channels, limits=limits)),
        lines("2026-05-04T00:00:00+05:00", 6, **_cells(channels, cells)),
        "2026-05-04T01:05:00+05:00",
        means=means,
        no_means=[] if means else [{"unit": "g/s"}],
    )


def _excess(
    name: str,
    count: int,
    violations: Sequence[Row],
    until: str = "2026-05-04T12:00:00+05:00",
    channels: Sequence[str] = (SO2, *GAS, FLOW),
    limits: Sequence[str] = (limit(100),),
    **cells: Any,
) -> Case:
    return Case(
        name,
        registry(source(cadence=1800, channels=channels, limits=limits)),
        lines("2026-05-04T00:00:00+05:00", count, 1800, **_cells(channels, cells)),
        until,
        violations=violations,
    )


CASES = (
    _series(
        "a concentration limit alone makes a mass flow too, without a limit",
        [{**HOUR, "value": 12.5, "valid_s": 3600, "status": "VALID", "limit": None}],
    ),
    _series(
        "by velocity and area",
        [{**HOUR, "value": 0.25 * 18 * 28.2743 / 2, "limit": None}],
        channels=(SO2, *GAS, VELOCITY),
        VELOCITY=18,
    ),
    _series("no flow is measured: no mass flow", [], channels=(SO2, *GAS)),
    _series(
        "concentrations at a given oxygen have no mass flow",
        [],
        channels=(AT_O2, *GAS, FLOW),
        limits=(LIMIT_AT_O2,),
    ),
    _series("a parameter without a limit has none", [], limits=()),
    _series(
        "flow is measured, but not valid",
        [{**HOUR, "value": None, "valid_s": 0, "status": "INSUFFICIENT"}],
        FLOW_flag="D",
    ),
    _excess(
        "the mass too much of half an hour",
        1,
        [{"rule": "KZ-30", "value": 250.0, "excess_mass_t": 0.0135}],
    ),
    _excess(
        "of a run",
        7,
        [
            *[{"rule": "KZ-30", "excess_mass_t": 0.0135}] * 7,
            {"rule": "KZ-3H", "excess_mass_t": 0.0945},
        ],
    ),
    _excess(
        "of a day",
        48,
        [{"rule": "KZ-DAY", "value": 120.0, "excess_mass_t": 48 * 0.0108 / 6}],
        until="2026-05-05T00:20:00+05:00",
        SO2=120,
    ),
    _excess(
        "of an hour above a limit in g/s: 2.5 of 12.5 g/s",
        2,
        [{"rule": "KZ-GS", "value": 12.5, "excess_mass_t": 0.009}],
        limits=(PER_SECOND,),
    ),
    _excess(
        "readings whose mass flow is not valid are left out of it",
        7,
        [
            *[{"rule": "KZ-30", "excess_mass_t": 0.0135}] * 2,
            *[{"rule": "KZ-30", "excess_mass_t": None}] * 5,
            {"rule": "KZ-3H", "excess_mass_t": 0.027},
        ],
        H2O=[50, "", "", "", "", "", 50],
    ),
    _excess(
        "no flow is measured: the mass is not known",
        1,
        [{"rule": "KZ-30", "excess_mass_t": None}],
        channels=(SO2, *GAS),
    ),
    _excess(
        "at a given oxygen neither",
        1,
        [{"rule": "KZ-30", "excess_mass_t": None}],
        channels=(AT_O2, *GAS, FLOW),
        limits=(LIMIT_AT_O2,),
    ),
)
