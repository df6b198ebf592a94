"""Stations that send what the Order asks: gauge, excess air, vapour, normal flow, mass (section 4).

SO2 is 310 mg/m3 of wet gas at 140 °C; the limits are for dry gas at 293.15 K and 101.3 kPa.
"""

from collections.abc import Sequence
from typing import Any

from tests.oracle.cases.case import STANDARD, Case, Row, lines, registry, source

WET = "{parameter: SO2, unit: mg/m3, basis: wet, range: [0, 3000]}"
READY = f"{{parameter: SO2, unit: mg/m3, basis: dry, conditions: {STANDARD}, range: [0, 3000]}}"
READY_WET = READY.replace("dry: true", "dry: false")
TEMPERATURE = "{parameter: TEMPERATURE, unit: degC, range: [-40, 1300]}"
GAUGE = "{parameter: PRESSURE, unit: kPa, gauge: true, range: [-10, 10]}"
BAROMETER = "{parameter: BAROMETRIC_PRESSURE, unit: hPa, range: [800, 1100]}"
WATER = '{parameter: H2O, unit: "%", range: [0, 100]}'
VAPOUR = "{parameter: H2O, unit: mg/m3, range: [0, 1000000]}"
ALPHA = '{parameter: ALPHA, unit: "1", range: [1, 50]}'
OXYGEN = '{parameter: O2, unit: "%", basis: dry, range: [0, 25]}'
NM3_H = "{parameter: FLOW, unit: Nm3/h, range: [0, 5000000]}"
NM3_S = "{parameter: FLOW, unit: Nm3/s, range: [0, 2000]}"
REPORTED = "{parameter: SO2_MASS, unit: g/s, reports: SO2, range: [0, 1000]}"
REFERENCE = "temperature_k: 293.15, pressure_kpa: 101.3, dry: true"
CELLS: dict[str, Any] = {"SO2": 310, "TEMPERATURE": 140, "PRESSURE": -2.725, "H2O": 9.8}
HOUR = {"window": "1h", "start": "2026-05-03T19:00:00Z"}
# At 98.6 kPa: 101.325 - 2.725.
DRY = 310 * (413.15 / 293.15) * (101.3 / 98.6) / 0.902
assert round(DRY, 2) == 497.63
# 9.8 % of the molecules of a cubic metre at 293.15 K and 101.3 kPa, in mg of water.
LITRES = 8.314462618 * 293.15 / 101.3
GRAMS_OF_WATER = 0.098 * 18.015e6 / LITRES
assert round(GRAMS_OF_WATER) == 73375


def _limit(more: str = "", value: float = 5000) -> str:
    return (
        f"{{parameter: SO2, value: {value}, unit: mg/m3, valid_from: 2015-01-01,"
        f" reference: {{{REFERENCE}{more}}}}}"
    )


def _mass(value: float, unit: str = "g/s", parameter: str = "SO2") -> str:
    return f"{{parameter: {parameter}, value: {value}, unit: {unit}, valid_from: 2015-01-01}}"


def _case(
    name: str,
    channels: Sequence[str],
    limits: Sequence[str],
    means: Sequence[Row],
    extra: str = "",
    violations: Sequence[Row] | None = None,
    no_means: Sequence[Row] = (),
    area: bool = True,
    until: str = "2026-05-04T01:05:00+05:00",
    **cells: Any,
) -> Case:
    names = {channel.split(",")[0].removeprefix("{parameter: ") for channel in channels}
    values = {key: value for key, value in {**CELLS, **cells}.items() if key in names}
    kept = registry(source(cadence=1200, channels=channels, limits=limits, extra=extra))
    if not area:
        kept = kept.replace("        stack_area_m2: 28.2743\n", "")
    return Case(
        name,
        kept,
        lines("2026-05-04T00:00:00+05:00", 3, 1200, **values),
        until,
        means=[{**HOUR, **mean} for mean in means],
        no_means=no_means,
        violations=violations,
    )


def _found(
    name: str, channels: Sequence[str], expected: object, more: str = "", **cells: Any
) -> Case:
    mean = {"parameter": "SO2", "unit": "mg/m3", "value": expected}
    mean["valid_s"] = 0 if expected is None else 3600
    extra = cells.pop("extra", "")
    return _case(name, channels, [_limit(more)], [mean], extra, **cells)


def _flow(name: str, channels: Sequence[str], expected: object, **cells: Any) -> Case:
    mean = {"parameter": "SO2", "unit": "g/s", "value": expected}
    mean["valid_s"] = 0 if expected is None else 3600
    return _case(name, channels, [_mass(5000)], [mean], **cells)


PLAIN = (WET, TEMPERATURE, GAUGE, WATER)
AT_6 = ", o2_pct: 6"
GS: Row = {
    "rule": "KZ-GS",
    "parameter": "SO2",
    "unit": "g/s",
    "start": "2026-05-03T19:00:00Z",
    "value": 12.0,
    "limit": 10.0,
    "ratio": 1.2,
    # 12 g/s are 43.2 kg an hour; a sixth of it is too much
    "excess_mass_t": 0.0072,
    "track": "PRESCRIPTION",
}
ANOTHER = {"parameter": "SO2_MASS", "unit": "g/s"}

CASES = (
    _found("a gauge stands on the standard atmosphere", PLAIN, DRY),
    _found(
        "or on the pressure that the registry gives",
        PLAIN,
        DRY,
        extra="        barometric_kpa: 90\n",
        PRESSURE=8.6,
    ),
    _found(
        "or on the barometer of the source",
        (*PLAIN, BAROMETER),
        DRY,
        extra="        barometric_kpa: 90\n",
        BAROMETRIC_PRESSURE=1000,
        PRESSURE=-1.4,
    ),
    _found(
        "nothing takes the place of a barometer that is not valid",
        (*PLAIN, BAROMETER),
        None,
        extra="        barometric_kpa: 90\n",
        BAROMETRIC_PRESSURE="NaN",
    ),
    _case(
        "means of a gauge are as sent, and a barometer has its own",
        (*PLAIN, BAROMETER),
        [],
        [
            {"parameter": "PRESSURE", "unit": "kPa", "value": -2.725},
            {"parameter": "BAROMETRIC_PRESSURE", "unit": "hPa", "value": 1001.0},
        ],
        BAROMETRIC_PRESSURE=1001,
    ),
    _found(
        "excess air stands for oxygen: 21 (1 - 1/1.5) = 7 %",
        (*PLAIN, ALPHA),
        DRY * 15 / 14,
        AT_6,
        ALPHA=1.5,
    ),
    _found("excess air of 1 is no oxygen", (*PLAIN, ALPHA), DRY * 15 / 21, AT_6, ALPHA=1),
    _found("of less than 1 there is none", (*PLAIN, ALPHA), None, AT_6, ALPHA=0.999),
    _found("excess air of 21 is 20 % of oxygen: too high", (*PLAIN, ALPHA), None, AT_6, ALPHA=21),
    _found("of 20 it is 19.95 %", (*PLAIN, ALPHA), DRY * 15 / 1.05, AT_6, ALPHA=20),
    _found(
        "where oxygen has a channel, excess air does not stand for it",
        (*PLAIN, ALPHA, OXYGEN),
        None,
        AT_6,
        ALPHA=1.5,
        O2="NaN",
    ),
    _found(
        "vapour of 73,375 mg/m3 is 9.8 %",
        (WET, TEMPERATURE, GAUGE, VAPOUR),
        DRY,
        H2O=GRAMS_OF_WATER,
    ),
    _found(
        "vapour of the whole volume leaves nothing dry",
        (WET, TEMPERATURE, GAUGE, VAPOUR),
        None,
        H2O=18.015e6 / LITRES + 1,
    ),
    _case(
        "means of vapour are as sent",
        (WET, TEMPERATURE, GAUGE, VAPOUR),
        [],
        [{"parameter": "H2O", "unit": "mg/m3", "value": 50000.0}],
        H2O=50000,
    ),
    _flow(
        "a normal flow an hour: 360,000 Nm3/h are 100 of dry gas a second",
        (*PLAIN, NM3_H),
        DRY * 100 / 1000,
        FLOW=360000,
    ),
    _flow(
        "the concentration needs temperature",
        (*PLAIN, NM3_S),
        None,
        FLOW=100,
        TEMPERATURE="NaN",
    ),
    _flow("and moisture", (*PLAIN, NM3_S), None, FLOW=100, H2O="NaN"),
    _flow(
        "but nothing where it is in these conditions already",
        (READY, NM3_S),
        310 * 100 / 1000,
        FLOW=100,
    ),
    _flow(
        "but for the moisture of a wet one",
        (READY_WET, WATER, NM3_S),
        31 / 0.902,
        FLOW=100,
    ),
    _case(
        "a reported mass flow beside the computed one has raw means in every window",
        (READY, NM3_S, REPORTED),
        [_mass(10), _limit()],
        [
            {"parameter": "SO2", "unit": "g/s", "value": 9.3, "limit": 10.0},
            {**ANOTHER, "value": 12.0, "limit": None},
            {**ANOTHER, "window": "20min", "start": "2026-05-03T19:20:00Z", "value": 12.0},
        ],
        violations=[],
        SO2=93,
        FLOW=100,
        SO2_MASS=12,
    ),
    _case(
        "which is not judged even when the computed one is not valid",
        (READY, NM3_S, REPORTED),
        [_mass(10)],
        [{"parameter": "SO2", "unit": "g/s", "value": None, "limit": 10.0}],
        violations=[],
        SO2=93,
        FLOW="NaN",
        SO2_MASS=12,
    ),
    _case(
        "it is judged where no flow is measured",
        (READY, REPORTED),
        [_mass(10)],
        [],
        violations=[GS],
        area=False,
        SO2=93,
        SO2_MASS=12,
    ),
    _case(
        "or no concentration",
        (NM3_S, REPORTED),
        [_mass(10)],
        [],
        violations=[GS],
        FLOW=100,
        SO2_MASS=12,
    ),
    _case(
        "a channel that names nobody reports its own parameter",
        (REPORTED.replace("SO2_MASS", "SO2").replace(" reports: SO2,", ""),),
        [_mass(10)],
        [
            {"parameter": "SO2", "unit": "g/s", "value": 12.0, "limit": 10.0},
            {
                "parameter": "SO2",
                "unit": "g/s",
                "window": "20min",
                "start": "2026-05-03T19:00:00Z",
                "value": 12.0,
            },
        ],
        violations=[GS],
        SO2=12,
    ),
    _case(
        "its mass is that of the year",
        (REPORTED,),
        [_mass(0.04, "t/a")],
        [],
        violations=[
            {
                "rule": "KZ-YEAR",
                "parameter": "SO2",
                "value": 0.0432,
                "limit": 0.04,
                "excess_mass_t": 0.0032,
            }
        ],
        SO2_MASS=12,
    ),
    _case(
        "and that of which a part is too much",
        (READY, REPORTED),
        [_limit(value=100)],
        [],
        violations=[{"rule": "KZ-15", "value": 300.0, "excess_mass_t": 0.0288}],
        until="2026-05-05T00:20:00+05:00",
        area=False,
        SO2=300,
        SO2_MASS=12,
    ),
)
