"""Units, conditions, moisture, oxygen, mass flow: the golden numbers of the formula sheet."""

from typing import Any

from tests.oracle.cases.case import Case, lines, registry, source

WET = "{parameter: SO2, unit: mg/m3, basis: wet, conditions: actual, range: [0, 3000]}"
GAS = (
    '{parameter: O2, unit: "%", basis: dry, range: [0, 25]}',
    '{parameter: H2O, unit: "%", range: [0, 100]}',
    "{parameter: TEMPERATURE, unit: degC, range: [-40, 1300]}",
    "{parameter: PRESSURE, unit: kPa, range: [60, 115]}",
    "{parameter: VELOCITY, unit: m/s, range: [0, 60]}",
)
NORMAL = "temperature_k: 293.15, pressure_kpa: 101.3, dry: true"
CELLS: dict[str, Any] = {
    "O2": 7.4,
    "H2O": 9.8,
    "TEMPERATURE": 140,
    "PRESSURE": 98.6,
    "VELOCITY": 18.4,
}
BEGIN, UNTIL = "2026-05-04T00:00:00+05:00", "2026-05-04T01:05:00+05:00"
HOUR = {"window": "1h", "start": "2026-05-03T19:00:00Z"}

# 310 * (413.15 / 293.15) * (101.3 / 98.6) / 0.902, and so on
DRY = 310 * (413.15 / 293.15) * (101.3 / 98.6) / 0.902
EU = 310 * (413.15 / 273.15) * (101.325 / 98.6) / 0.902
assert (round(DRY, 2), round(EU, 2), round(DRY * 15 / 13.6, 2)) == (497.63, 534.20, 548.86)
PPM = 64.066 / (8.314462618 * 293.15 / 101.3)
assert round(200 * PPM, 2) == 532.53


def _limit(reference: str, unit: str = "mg/m3") -> str:
    kept = f", reference: {{{reference}}}" if reference else ""
    return f"{{parameter: SO2, value: 5000, unit: {unit}, valid_from: 2015-01-01{kept}}}"


def _case(name: str, channel: str, limit: str, expected: object, **cells: Any) -> Case:
    unit = "g/s" if "g/s" in limit else "mg/m3"
    mean = {**HOUR, "parameter": "SO2", "unit": unit, "value": expected}
    mean["valid_s"] = 0 if expected is None else 3600
    return Case(
        name,
        registry(source(channels=(channel, *GAS), limits=(limit,))),
        lines(BEGIN, 6, **{"SO2": 310, **CELLS, **cells}),
        UNTIL,
        means=[mean],
    )


PPM_DRY = "{parameter: SO2, unit: ppm, basis: dry, range: [0, 3000]}"
PARTIAL = (
    "{parameter: SO2, unit: mg/m3, basis: wet, range: [0, 3000],"
    " conditions: {temperature_k: 293.15, dry: true}}"
)
AT_O2 = (
    "{parameter: SO2, unit: mg/m3, basis: dry, range: [0, 3000],"
    " conditions: {temperature_k: 293.15, pressure_kpa: 101.3, o2_pct: 11}}"
)

CASES = (
    _case("golden, dry", WET, _limit(NORMAL), DRY),
    _case("golden, 6 % oxygen", WET, _limit(NORMAL + ", o2_pct: 6"), DRY * 15 / 13.6),
    _case(
        "golden, 273.15 K",
        WET,
        _limit("temperature_k: 273.15, pressure_kpa: 101.325, dry: true"),
        EU,
    ),
    _case("golden, wet reference", WET, _limit(NORMAL.replace("true", "false")), DRY * 0.902),
    _case("mass flow of the formula sheet", WET, _limit("", "g/s"), 310 * 18.4 * 28.2743 / 1000),
    _case("mass flow needs T even where it cancels", WET, _limit("", "g/s"), None, TEMPERATURE=""),
    _case("mass flow needs H2O even where it cancels", WET, _limit("", "g/s"), None, H2O=100),
    _case(
        "oxygen does not touch the mass flow", WET, _limit("", "g/s"), 310 * 18.4 * 0.0282743, O2=""
    ),
    _case("ppm needs no T or P", PPM_DRY, _limit(NORMAL), 310 * PPM, TEMPERATURE="", PRESSURE=5),
    _case("20 % oxygen is too high", WET, _limit(NORMAL + ", o2_pct: 6"), None, O2=20),
    _case(
        "oxygen below the reference is corrected too",
        WET,
        _limit(NORMAL + ", o2_pct: 6"),
        DRY * 15 / 18,
        O2=3,
    ),
    _case("oxygen of 19.5 % counts", WET, _limit(NORMAL + ", o2_pct: 6"), DRY * 10, O2=19.5),
    _case("H2O of 100 % leaves nothing dry", WET, _limit(NORMAL), None, H2O=100),
    _case("given conditions replace the measured", PARTIAL, _limit(NORMAL), 310 * 101.3 / 98.6),
    _case(
        "a channel at 11 % oxygen is converted by the difference",
        AT_O2,
        _limit(NORMAL + ", o2_pct: 6"),
        310 * 15 / 10,
        O2="",
        TEMPERATURE="",
        PRESSURE="",
        H2O="",
    ),
    _case("a flag on an auxiliary", WET, _limit(NORMAL), None, H2O_flag="D"),
    _case("a small negative counts as zero", WET, _limit(NORMAL), 0.0, SO2=-60),
    _case("a larger negative does not count", WET, _limit(NORMAL), None, SO2=-60.001),
    _case("a hair beyond the bound is the bound", WET, _limit(NORMAL), 0.0, SO2=-60.00000005),
    _case("two hairs are not", WET, _limit(NORMAL), None, SO2=-60.0000001),
    _case("moisture of -2 % of its span counts as zero", WET, _limit(NORMAL), DRY * 0.902, H2O=-2),
    _case("moisture below -2 % of its span does not", WET, _limit(NORMAL), None, H2O=-2.001),
)
