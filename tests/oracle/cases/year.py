"""KZ-YEAR: the mass of a year against its limit in t/a (section 9).

Gas at the reference, half of it water: 50 m3/s dry; 20,000 mg/m3 are 1,000 g/s, 3.6 t an hour.
"""

from collections.abc import Sequence
from typing import Any

from tests.oracle.cases.case import STANDARD, Case, Row, limit, lines, registry, source
from tests.oracle.cases.mass import CELLS, FLOW, GAS

SO2 = f"{{parameter: SO2, unit: mg/m3, basis: dry, conditions: {STANDARD}, range: [0, 30000]}}"
AT_O2 = SO2.replace("dry: true}", "dry: true, o2_pct: 11}")


def _year(value: float, begin: str = "2015-01-01", more: str = "") -> str:
    return f"{{parameter: SO2, value: {value}, unit: t/a, valid_from: {begin}{more}}}"


def _case(
    name: str,
    rows: Sequence[Row],
    violations: Sequence[Row],
    until: str = "2026-05-06T00:00:00+05:00",
    limits: Sequence[str] = (_year(10),),
    channels: Sequence[str] = (SO2, *GAS, FLOW),
    **more: Any,
) -> Case:
    kept = registry(source(cadence=3600, channels=channels, limits=limits, **more))
    named = [{"rule": "KZ-YEAR", **each} for each in violations]
    return Case(name, kept, rows, until, violations=named)


def _hours(begin: str, count: int, offset: str = "+05:00", **more: object) -> list[Row]:
    return lines(f"{begin}:00:00{offset}", count, 3600, **{**CELLS, "SO2": 20000, **more})


FOUND: Row = {
    "source_id": "A",
    "parameter": "SO2",
    "start": "2025-12-31T19:00:00Z",
    "end": "2026-12-31T19:00:00Z",
    "value": 10.8,
    "limit": 10.0,
    "ratio": 1.08,
    "validated_value": None,
    "excess_mass_t": 0.8,
    "status": "OPEN",
    "automatic": True,
    "track": "PRESCRIPTION",
}
DEVICES = (
    "        devices: [{name: A, serial: SN-1,"
    " verification: {number: V, on: 2026-01-01, until: 2027-05-04}}]\n"
)
CASES = (
    _case("three hours of 3.6 t are more than 10 t", _hours("2026-05-04T10", 3), [FOUND]),
    _case("at the limit is not above it", _hours("2026-05-04T10", 3), [], limits=[_year(10.8)]),
    _case(
        "an hour that is not closed does not count",
        _hours("2026-05-04T10", 3),
        [],
        "2026-05-04T13:04:59+05:00",
    ),
    _case(
        "as soon as it is closed it does",
        _hours("2026-05-04T10", 3),
        [FOUND],
        "2026-05-04T13:05:00+05:00",
    ),
    _case(
        "what is not valid does not count",
        [*_hours("2026-05-04T10", 2), *_hours("2026-05-04T12", 1, FLOW_flag="D")],
        [],
    ),
    _case(
        "late readings count",
        [*_hours("2026-05-04T10", 2), *_hours("2026-05-04T09", 1, arrival="2026-05-05T09:00:00Z")],
        [FOUND],
    ),
    _case(
        "the mass of before the limit began counts",
        _hours("2026-05-04T22", 3),
        [FOUND],
        limits=[_year(10, "2026-05-05")],
    ),
    _case(
        "as long as no limit is in force nothing is above it",
        _hours("2026-05-04T20", 3),
        [],
        limits=[_year(10, "2026-05-05")],
    ),
    _case(
        "a limit that is raised before the mass passes it",
        _hours("2026-05-04T22", 4),
        [{"value": 14.4, "limit": 12.0, "excess_mass_t": 2.4}],
        limits=[_year(10, more=", valid_to: 2026-05-05"), _year(12, "2026-05-05")],
    ),
    _case(
        "each year by itself, the first is over",
        [*_hours("2026-12-31T21", 3), *_hours("2027-01-01T00", 3)],
        [
            {**FOUND, "status": "CLOSED"},
            {
                **FOUND,
                "start": "2026-12-31T19:00:00Z",
                "end": "2027-12-31T19:00:00Z",
                "status": "OPEN",
            },
        ],
        "2027-01-02T00:00:00+05:00",
    ),
    _case(
        "the year changes at the local midnight",
        [*_hours("2026-12-31T22", 2), *_hours("2027-01-01T00", 2)],
        [],
        "2027-01-02T00:00:00+05:00",
    ),
    _case(
        "a validated value",
        _hours("2026-05-04T10", 3),
        [{**FOUND, "validated_value": 8.8}],
        limits=[_year(10, more=", confidence_interval_pct: 20")],
    ),
    _case(
        "a reading of a device that is not verified counts: a matter for a person",
        [*_hours("2026-05-04T10", 2, serial="SN-1"), *_hours("2026-05-04T12", 1, serial="SN-9")],
        [{**FOUND, "automatic": False}],
        extra=DEVICES,
    ),
    _case(
        "beside a limit in mg/m3",
        _hours("2026-05-04T10", 3),
        [FOUND],
        limits=[_year(10), limit(25000)],
    ),
    _case(
        "no flow is measured: no mass",
        [{k: v for k, v in row.items() if k != "FLOW"} for row in _hours("2026-05-04T10", 3)],
        [],
        channels=[SO2, *GAS],
    ),
    _case(
        "automatic from the midnight of 12 March 2026 on",
        _hours("2026-03-11T10", 3),
        [{**FOUND, "automatic": True}],
        "2026-03-12T00:00:00+05:00",
    ),
    _case(
        "not a second earlier",
        _hours("2026-03-11T10", 3),
        [{**FOUND, "automatic": False}],
        "2026-03-11T23:59:59+05:00",
    ),
    _case(
        "a year of which the whole is before",
        _hours("2025-12-31T10", 3),
        [{"automatic": False, "status": "CLOSED", "start": "2024-12-31T19:00:00Z"}],
        "2026-03-13T00:00:00+05:00",
    ),
    _case(
        "a year that begins at UTC+6 and ends at UTC+5",
        _hours("2024-02-29T22", 3, "+06:00"),
        [{"start": "2023-12-31T18:00:00Z", "end": "2024-12-31T19:00:00Z", "value": 10.8}],
        "2024-03-02T00:00:00+05:00",
    ),
)
