"""KZ-DAY, KZ-30, KZ-3H and KZ-GS at their bounds (section 9)."""

from collections.abc import Sequence
from dataclasses import replace

from tests.oracle.cases.case import Case, limit, lines, registry, source

DEVICES = (
    '        devices: [{name: Analyser, serial: SN-1, verification: {number: "V", on: 2026-01-01,'
    " until: 2026-05-04}}]\n"
)


def _half_hours(
    name: str,
    values: Sequence[object],
    violations: Sequence[dict[str, object]],
    begin: str = "2026-05-04T00:00:00+05:00",
    until: str = "2026-05-04T12:00:00+05:00",
    cadence: int = 1800,
    limits: Sequence[str] = (limit(100),),
    extra: str = "",
) -> Case:
    cells = {"SO2": list(values), "serial": "SN-1"}
    return Case(
        name,
        registry(source(cadence=cadence, limits=limits, extra=extra)),
        [row for row in lines(begin, len(values), cadence, **cells) if row["SO2"] != "-"],
        until,
        violations=violations,
    )


def _twice(
    name: str,
    violations: Sequence[dict[str, object]],
    *others: tuple[int, str, object],
    count: int = 2,
    **more: object,
) -> Case:
    """Half-hours of 200, and second readings: the number of the half-hour, arrival, value."""
    case = _half_hours(name, [200] * count, violations)
    rows = [
        {**case.rows[index], "arrived_at": f"2026-05-04T{arrival}+05:00", "SO2": value, **more}
        for index, arrival, value in others
    ]
    return replace(case, rows=[*case.rows, *rows])


def _run(start: str, end: str, **more: object) -> dict[str, object]:
    return {"rule": "KZ-3H", "start": f"2026-05-{start}Z", "end": f"2026-05-{end}Z", **more}


def _long(
    name: str, after: int, runs: Sequence[dict[str, object]], until: str = "2026-05-10T00:00:00"
) -> Case:
    """Means of 20 minutes from noon of 4 May: 324 until the fifth midnight, and some after it."""
    days: list[dict[str, object]] = [{"rule": rule} for rule in ["KZ-DAY"] * 4 + ["KZ-15"] * 5]
    begin = "2026-05-04T12:00:00+05:00"
    return _half_hours(name, [200] * (324 + after), [*days, *runs], begin, f"{until}+05:00", 1200)


def _thirty(count: int) -> list[dict[str, object]]:
    return [{"rule": "KZ-30"}] * count


CASES = (
    _half_hours(
        "twice the limit is enough",
        [200, 199.99],
        [
            {
                "rule": "KZ-30",
                "start": "2026-05-03T19:00:00Z",
                "end": "2026-05-03T19:30:00Z",
                "value": 200.0,
                "limit": 100.0,
                "ratio": 2.0,
                "validated_value": None,
                "status": "CLOSED",
                "automatic": True,
                "track": "PRESCRIPTION",
            }
        ],
    ),
    _half_hours("six half-hours are three hours, not more", [200] * 6, _thirty(6)),
    _half_hours(
        "seven half-hours are a run",
        [200, 200, 200, 200, 200, 200, 270, 100],
        [
            *_thirty(7),
            _run("03T19:00:00", "03T22:30:00", value=210.0, ratio=2.1, track="COURT"),
        ],
    ),
    _half_hours(
        "a run goes on while the next window is not closed",
        [200] * 8,
        [*_thirty(8), _run("03T19:00:00", "03T23:00:00", status="OPEN")],
        until="2026-05-04T04:34:59+05:00",
    ),
    _half_hours(
        "a missing window ends the run once it is closed",
        [200] * 8,
        [*_thirty(8), _run("03T19:00:00", "03T23:00:00", status="CLOSED")],
        until="2026-05-04T04:35:00+05:00",
    ),
    _half_hours("a missing window breaks a run", [200] * 6 + ["-"] + [200] * 6, _thirty(12)),
    _half_hours("an invalid window breaks a run", [200] * 6 + ["NaN"] + [200] * 6, _thirty(12)),
    _half_hours(
        "ten means of 20 minutes are a run, each alone is not provable",
        [200] * 10,
        [_run("03T19:00:00", "03T22:20:00", value=200.0)],
        cadence=1200,
    ),
    _half_hours("nine are not", [200] * 9, [], cadence=1200),
    _half_hours("hourly readings prove neither", [200] * 9, [], cadence=3600),
    _long(
        "a run is cut at the fifth midnight after the day of its start; another begins there",
        10,
        [
            _run("04T07:00:00", "08T19:00:00", value=200.0, status="CLOSED"),
            _run("08T19:00:00", "08T22:20:00", value=200.0, status="CLOSED"),
        ],
    ),
    _long(
        "the three hours of the next are counted anew",
        9,
        [_run("04T07:00:00", "08T19:00:00", status="CLOSED")],
    ),
    _long(
        "a run that was cut is over with its last window",
        0,
        [_run("04T07:00:00", "08T19:00:00", status="CLOSED")],
        until="2026-05-09T00:20:00",
    ),
    _half_hours(
        "each window by its own limit, the violation by the first",
        [200, 200, 200, 200, 400, 400, 400, 399],
        [
            *_thirty(7),
            _run("04T17:00:00", "04T20:30:00", limit=100.0, value=2000 / 7, ratio=20 / 7),
        ],
        begin="2026-05-04T22:00:00+05:00",
        until="2026-05-05T12:00:00+05:00",
        limits=(
            limit(100, more=", valid_to: 2026-05-05"),
            limit(200).replace("2015-01-01", "2026-05-05"),
        ),
    ),
    _half_hours(
        "a reading of an unverified device makes it a matter for a person",
        [200] * 2,
        [
            {"rule": "KZ-30", "automatic": True},
            {"rule": "KZ-30", "automatic": False},
            {"rule": "KZ-VERIF", "start": "2026-05-03T19:00:00Z", "automatic": True},
        ],
        begin="2026-05-03T23:30:00+05:00",
        extra=DEVICES,
    ),
    _twice(
        "two readings that contradict each other: the violation is a matter for a person",
        [{"rule": "KZ-30", "automatic": False}, {"rule": "KZ-30", "automatic": True}],
        (0, "07:00:00", 150),
    ),
    _twice(
        "whichever stands: here the higher, that came first, and the lower would have been none",
        [{"rule": "KZ-30", "automatic": True}, {"rule": "KZ-30", "automatic": False}],
        (1, "00:59:00", 900),
    ),
    _twice(
        "whatever it is in which they differ",
        [{"rule": "KZ-30", "automatic": True}, {"rule": "KZ-30", "automatic": False}],
        (1, "01:59:00", 200),
        device_serial="SN-2",
    ),
    _twice(
        "the same reading twice contradicts nobody",
        [{"rule": "KZ-30", "automatic": True}] * 2,
        (1, "01:59:00", 200),
    ),
    _twice(
        "a contradiction in one window of a run",
        [
            *[{"rule": "KZ-30", "automatic": True}] * 6,
            {"rule": "KZ-30", "automatic": False},
            _run("03T19:00:00", "03T22:30:00", automatic=False),
        ],
        (3, "11:59:00", 0),
        count=7,
    ),
    _half_hours(
        "automatic by the start: from the midnight of 12 March 2026",
        [200] * 2,
        [
            {"rule": "KZ-30", "start": "2026-03-11T18:30:00Z", "automatic": False},
            {"rule": "KZ-30", "start": "2026-03-11T19:00:00Z", "automatic": True},
        ],
        begin="2026-03-11T23:30:00+05:00",
        until="2026-03-12T05:00:00+05:00",
    ),
    _half_hours(
        "no rule before July 2021",
        [200] * 2,
        [{"rule": "KZ-30", "start": "2021-06-30T18:00:00Z", "automatic": False}],
        begin="2021-06-30T23:30:00+06:00",
        until="2021-07-01T05:00:00+06:00",
    ),
    _half_hours(
        "the validated value is not below zero",
        [200],
        [{"rule": "KZ-30", "validated_value": 180.0}],
        limits=(limit(100, more=", confidence_interval_pct: 20"),),
    ),
    Case(
        "a day at the limit is not above it",
        registry(source(cadence=3600, limits=(limit(100),))),
        lines("2026-05-04T00:00:00+05:00", 24, 3600, SO2=100),
        "2026-05-05T00:20:00+05:00",
        violations=[],
    ),
    Case(
        "a day above the limit",
        registry(source(cadence=3600, limits=(limit(100, more=", confidence_interval_pct: 20"),))),
        lines("2026-05-04T00:00:00+05:00", 24, 3600, SO2=[100] * 23 + [124]),
        "2026-05-05T00:20:00+05:00",
        violations=[
            {
                "rule": "KZ-DAY",
                "start": "2026-05-03T19:00:00Z",
                "value": 101.0,
                "validated_value": 81.0,
                "ratio": 1.01,
            }
        ],
    ),
)
