"""KZ-15: the day mean as the Order counts it, by the valid means of 20 minutes (section 9).

The limit is 100 mg/m3, so a plain mean of 150 is enough. A day begins at 19:00 UTC before it.
"""

from collections.abc import Sequence

from tests.oracle.cases.case import SO2, Case, Row, limit, lines, registry, source
from tests.oracle.cases.mass import CELLS, FLOW, GAS

DEVICES = (
    "        devices: [{name: A, serial: SN-1,"
    " verification: {number: V, on: 2026-01-01, until: 2026-05-04}}]\n"
)
CONFIDENT = limit(100, more=", confidence_interval_pct: 20")


def _day(
    name: str,
    rows: Sequence[Row],
    violations: Sequence[Row],
    until: str = "2026-05-05T00:20:00+05:00",
    cadence: int = 1200,
    limits: Sequence[str] = (limit(100),),
    **more: str,
) -> Case:
    named = [{"rule": "KZ-15", **each} if "rule" not in each else each for each in violations]
    kept = registry(source(cadence=cadence, limits=limits, **more))
    return Case(name, kept, rows, until, violations=named)


def _at(clock: str, count: int, value: object, period: int = 1200, **more: object) -> list[Row]:
    return lines(f"2026-05-{clock}:00+05:00", count, period, SO2=value, **more)


FOUND: Row = {
    "source_id": "A",
    "parameter": "SO2",
    "unit": "mg/m3",
    "start": "2026-05-03T19:00:00Z",
    "end": "2026-05-04T19:00:00Z",
    "value": 150.0,
    "limit": 100.0,
    "ratio": 1.5,
    "validated_value": None,
    "status": "CLOSED",
    "automatic": True,
    "track": "INSPECTION",
    "excess_mass_t": None,
}
CASES = (
    _day(
        "one and a half times the limit is enough, by a single mean of 20 minutes",
        _at("04T12:00", 1, 150),
        [FOUND],
    ),
    _day("a hair less is not", _at("04T12:00", 1, 149.999999), []),
    _day(
        "the mean of the means, whatever time each counts: (140 + 160) / 2, not 148",
        [*_at("04T12:00", 6, 140, 200), *_at("04T12:20", 4, 160, 200)],
        [FOUND],
        cadence=200,
    ),
    _day(
        "of valid means only",
        [*_at("04T12:00", 1, 140), *_at("04T13:00", 1, 900, SO2_flag="D")],
        [],
    ),
    _day(
        "an invalid one is left out of the count",
        [*_at("04T12:00", 2, [150, "NaN"])],
        [FOUND],
    ),
    _day("none before the day is closed", _at("04T12:00", 1, 150), [], "2026-05-05T00:19:59+05:00"),
    _day(
        "windows belong to the local day in which they start",
        [*_at("03T23:40", 1, 300), *_at("04T00:00", 1, 150)],
        [{"start": "2026-05-02T19:00:00Z", "value": 300.0}, FOUND],
    ),
    _day("half-hours make no means of 20 minutes", _at("04T12:00", 1, 199, 1800), [], cadence=1800),
    _day(
        "a whole day: KZ-DAY too",
        _at("04T00:00", 72, [100] * 36 + [200] * 36),
        [
            {**FOUND, "validated_value": 130.0},
            {"rule": "KZ-DAY", "value": 150.0},
            {"rule": "KZ-3H", "start": "2026-05-04T07:00:00Z", "end": "2026-05-04T19:00:00Z"},
        ],
        limits=(CONFIDENT,),
    ),
    _day(
        "a day whose mean of 100 is not above it: half its windows are half and count for nothing",
        [
            reading
            for hour in range(24)
            for reading in (
                *_at(f"04T{hour:02d}:00", 2, 150, 600),
                *_at(f"04T{hour:02d}:20", 1, 0, 600),
                *_at(f"04T{hour:02d}:40", 1 + hour % 2, 150 * (hour % 2), 600),
            )
        ],
        [FOUND],
        cadence=600,
    ),
    _day(
        "late readings of the day count",
        [*_at("04T12:00", 1, 140), *_at("04T13:00", 1, 160, arrival="2026-05-06T13:20:00+05:00")],
        [FOUND],
        "2026-05-06T13:20:00+05:00",
    ),
    _day(
        "a reading of a device beyond its dates: a matter for a person",
        [*_at("03T23:00", 3, 150, device_serial="SN-1")[:1], *_at("04T12:00", 1, 150, serial="")],
        [
            {"start": "2026-05-02T19:00:00Z", "automatic": True},
            {**FOUND, "automatic": False},
        ],
        extra=DEVICES,
    ),
    _day(
        "a contradiction on which it hangs: a matter for a person",
        [*_at("04T12:00", 2, 150), *_at("04T12:00", 1, 151, arrival="2026-05-04T14:00:00+05:00")],
        [{**FOUND, "automatic": False}],
    ),
    _day(
        "a contradiction without which three of the four windows leave 125",
        [
            *_at("04T12:00", 3, [160, 160, 180]),
            *_at("04T13:00", 1, 160),
            *_at("04T13:00", 1, 0, arrival="2026-05-04T14:00:00+05:00"),
        ],
        [{"value": 165.0, "automatic": False}],
    ),
    _day(
        "a contradiction without which three of the four windows leave 162",
        [
            *_at("04T12:00", 3, [199, 199, 250]),
            *_at("04T13:00", 1, 160),
            *_at("04T13:00", 1, 0, arrival="2026-05-04T14:00:00+05:00"),
        ],
        [{"value": 202.0, "automatic": True}],
    ),
    _day(
        "automatic from the midnight of 12 March 2026",
        lines("2026-03-11T23:40:00+05:00", 2, 1200, SO2=150),
        [
            {"start": "2026-03-10T19:00:00Z", "automatic": False},
            {"start": "2026-03-11T19:00:00Z", "automatic": True},
        ],
        "2026-03-13T00:20:00+05:00",
    ),
    _day(
        "a day of 25 hours has 75 windows",
        lines("2024-02-29T00:00:00+06:00", 75, 1200, SO2=[149] * 37 + [150] + [151] * 37),
        [
            {
                "start": "2024-02-28T18:00:00Z",
                "end": "2024-02-29T19:00:00Z",
                "value": 150.0,
                "automatic": False,
            },
            {"rule": "KZ-DAY"},
        ],
        "2024-03-01T00:20:00+05:00",
    ),
    Case(
        "the mass too much is that of the whole day, by the plain mean",
        registry(source(cadence=1200, channels=(SO2, *GAS, FLOW), limits=(limit(100),))),
        # 80 and 240 mg/m3 are 4 and 12 g/s, together 19.2 kg; 60 of the 160 are too much
        lines("2026-05-04T12:00:00+05:00", 2, 1200, **CELLS, SO2=[80, 240]),
        "2026-05-05T00:20:00+05:00",
        violations=[{"rule": "KZ-15", "value": 160.0, "excess_mass_t": 0.0192 * 60 / 160}],
    ),
)
