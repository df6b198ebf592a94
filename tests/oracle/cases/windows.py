"""Windows on the local clock, due time, shares, series: section 7."""

from tests.oracle.cases.case import STANDARD, Case, limit, lines, registry, source

CO = f"{{parameter: CO, unit: mg/m3, basis: dry, conditions: {STANDARD}, range: [0, 3000]}}"
O2 = '{parameter: O2, unit: "%", basis: dry, range: [0, 25]}'
DAY = {"parameter": "SO2", "unit": "mg/m3", "window": "day"}


def _so2(
    window: str, start: str, valid_s: int, due_s: int, status: str, value: object
) -> dict[str, object]:
    return {
        "parameter": "SO2",
        "window": window,
        "start": start,
        "valid_s": valid_s,
        "due_s": due_s,
        "status": status,
        "value": value,
    }


_25_HOURS = Case(
    "a day of 25 hours, its repeated hour twice",
    registry(source(cadence=3600, limits=(limit(500),))),
    lines("2024-02-29T00:00:00+06:00", 25, 3600, SO2=list(range(100, 125))),
    "2024-03-01T00:20:00+05:00",
    means=[
        _so2("day", "2024-02-28T18:00:00Z", 90000, 90000, "VALID", 112.0),
        _so2("1h", "2024-02-29T17:00:00Z", 3600, 3600, "VALID", 123.0),
        _so2("1h", "2024-02-29T18:00:00Z", 3600, 3600, "VALID", 124.0),
    ],
    no_means=[{"window": "20min"}, {"window": "30min"}],
)
_OPEN_DAY = Case(
    "a day closes 20 minutes after its end, an hour 5 minutes",
    registry(source(cadence=3600)),
    lines("2026-05-04T00:00:00+05:00", 24, 3600, SO2=100),
    "2026-05-05T00:19:59+05:00",
    means=[_so2("1h", "2026-05-04T18:00:00Z", 3600, 3600, "VALID", 100.0)],
    no_means=[DAY],
)
_OPEN_HOUR = Case(
    "an hour is not closed a second before its grace is over",
    registry(source(cadence=3600)),
    lines("2026-05-04T00:00:00+05:00", 2, 3600, SO2=100),
    "2026-05-04T02:04:59+05:00",
    means=[_so2("1h", "2026-05-03T19:00:00Z", 3600, 3600, "VALID", 100.0)],
    no_means=[{"start": "2026-05-03T20:00:00Z"}],
)
# Cadence 200 s: four of six readings are 2/3 of 20 minutes exactly, three are not.
_SHARES = Case(
    "the least share belongs to the valid side",
    registry(source(cadence=200)),
    lines("2026-05-04T00:00:00+05:00", 4, 200, SO2=[1, 2, 3, 4])
    + lines("2026-05-04T00:20:00+05:00", 3, 200, SO2=[1, 2, 3])
    + lines("2026-05-04T00:40:00+05:00", 6, 200, SO2=[5, 5, 5, 5, 5, 5.5]),
    "2026-05-04T01:05:00+05:00",
    means=[
        _so2("20min", "2026-05-03T19:00:00Z", 800, 1200, "VALID", 2.5),
        _so2("20min", "2026-05-03T19:20:00Z", 600, 1200, "INSUFFICIENT", 2.0),
        # 13 of 18 readings are 2600 s of 3600 s: less than 3/4 (2700 s)
        _so2("1h", "2026-05-03T19:00:00Z", 2600, 3600, "INSUFFICIENT", 46.5 / 13),
        _so2("30min", "2026-05-03T19:00:00Z", 1400, 1800, "VALID", 16 / 7),
    ],
)
# 00:00-00:30 stopped; a reading of 10 min that only touches the excused 00:50-00:55 is lost whole.
_DUE = Case(
    "stops and excused periods leave the due time, a touched reading is lost whole",
    registry(source(excused=("{from: 2026-05-04T00:50:00+05:00, to: 2026-05-04T00:55:00+05:00}",))),
    lines("2026-05-04T00:00:00+05:00", 3, SO2=900, state="STOPPED")
    + lines("2026-05-04T00:30:00+05:00", 9, SO2=[10, 20, 30, 40, 50, 60, 70, 80, 90]),
    "2026-05-04T02:05:00+05:00",
    means=[
        _so2("20min", "2026-05-03T19:00:00Z", 0, 0, "NOT_OPERATING", None),
        _so2("20min", "2026-05-03T19:20:00Z", 600, 600, "VALID", 10.0),
        # 00:40 counts, 00:50 is excused: 600 s of 900 s due are 2/3
        _so2("20min", "2026-05-03T19:40:00Z", 600, 900, "VALID", 20.0),
        _so2("30min", "2026-05-03T19:00:00Z", 0, 0, "NOT_OPERATING", None),
        _so2("1h", "2026-05-03T19:00:00Z", 1200, 1500, "VALID", 15.0),
    ],
)
_UNALIGNED = Case(
    "valid time is not cut by windows, excused time is",
    registry(source()),
    [
        *lines("2026-05-04T00:05:00+05:00", 1, SO2=10),
        *lines("2026-05-04T00:15:00+05:00", 1, SO2=20, state="STARTUP"),
        *lines("2026-05-04T00:25:00+05:00", 4, SO2=[30, 40, 50, 60]),
    ],
    "2026-05-04T01:05:00+05:00",
    means=[
        _so2("20min", "2026-05-03T19:00:00Z", 600, 900, "VALID", 10.0),
        _so2("20min", "2026-05-03T19:20:00Z", 1200, 900, "VALID", 35.0),
        _so2("20min", "2026-05-03T19:40:00Z", 1200, 1200, "VALID", 55.0),
    ],
)
_SHORT_DAY = Case(
    "a day with less than six hours due is never valid",
    registry(
        source(
            cadence=3600,
            limits=(limit(50),),
            excused=("{from: 2026-05-04, to: 2026-05-04T18:00:01+05:00}",),
        )
    ),
    lines("2026-05-04T00:00:00+05:00", 24, 3600, SO2=100),
    "2026-05-05T00:20:00+05:00",
    means=[_so2("day", "2026-05-03T19:00:00Z", 18000, 21599, "INSUFFICIENT", 100.0)],
    violations=[],
)
_SERIES = Case(
    "which series a parameter has",
    registry(
        source(
            channels=("{parameter: SO2, unit: ppm, basis: dry, range: [0, 3000]}", CO, O2),
            limits=(
                "{parameter: SO2, value: 9, unit: t/a, valid_from: 2015-01-01}",
                "{parameter: CO, value: 9, unit: g/s, valid_from: 2015-01-01}",
            ),
        )
    ),
    lines("2026-05-04T00:00:00+05:00", 6, SO2=10, CO=7, O2=5),
    "2026-05-04T01:05:00+05:00",
    means=[
        {"parameter": "SO2", "unit": "ppm", "window": "20min", "start": "2026-05-03T19:00:00Z"},
        {"parameter": "CO", "unit": "g/s", "window": "1h", "value": None, "limit": 9.0},
        {"parameter": "O2", "unit": "%", "window": "1h", "value": 5.0, "limit": None},
    ],
    no_means=[
        {"parameter": "CO", "unit": "mg/m3"},
        {"parameter": "CO", "window": "20min"},
        {"parameter": "SO2", "unit": "t/a"},
    ],
)
_CHANGE = Case(
    "a limit that begins on the second day: raw means before, normalised after",
    registry(
        source(
            cadence=3600,
            channels=("{parameter: SO2, unit: ppm, basis: dry, range: [0, 3000]}",),
            limits=(limit(500).replace("2015-01-01", "2026-05-05"),),
        )
    ),
    lines("2026-05-04T23:00:00+05:00", 2, 3600, SO2=200),
    "2026-05-05T01:05:00+05:00",
    means=[
        {"unit": "ppm", "start": "2026-05-04T18:00:00Z", "value": 200.0, "limit": None},
        {
            "unit": "mg/m3",
            "start": "2026-05-04T19:00:00Z",
            "value": 200 * 64.066 / (8.314462618 * 293.15 / 101.3),
            "limit": 500.0,
        },
    ],
    no_means=[{"unit": "ppm", "start": "2026-05-04T19:00:00Z"}],
)
_NEPAL = Case(
    "windows start at local multiples in a zone at +5:45",
    registry(source(zone="Asia/Kathmandu")),
    lines("2026-05-04T00:05:00+05:45", 3, SO2=[1, 2, 3]),
    "2026-05-04T00:50:00+05:45",
    means=[
        # readings at 00:05, 00:15, 00:25 local
        _so2("20min", "2026-05-03T18:15:00Z", 1200, 1200, "VALID", 1.5),
        _so2("20min", "2026-05-03T18:35:00Z", 600, 1200, "INSUFFICIENT", 3.0),
    ],
)
_SKIPPED = Case(
    "a skipped midnight: the day starts when the clock arrives in it",
    registry(source(cadence=3600, zone="Asia/Beirut")),
    lines("2026-03-29T01:00:00+03:00", 23, 3600, SO2=100),
    "2026-03-30T00:20:00+03:00",
    means=[_so2("day", "2026-03-28T22:00:00Z", 82800, 82800, "VALID", 100.0)],
)
_HALF_HOUR = Case(
    "a clock moved back by half an hour: the window lasts until local time is a multiple again",
    registry(source(zone="Australia/Lord_Howe")),
    lines("2026-04-05T01:00:00+11:00", 9, SO2=[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    "2026-04-05T02:05:00+10:30",
    means=[
        _so2("1h", "2026-04-04T14:00:00Z", 5400, 5400, "VALID", 5.0),
        _so2("20min", "2026-04-04T14:40:00Z", 1800, 1800, "VALID", 6.0),
        _so2("20min", "2026-04-04T15:10:00Z", 1200, 1200, "VALID", 8.5),
    ],
)
_LATE = Case(
    "late readings are counted in the revision, whatever they carry",
    registry(source()),
    [
        *lines("2026-05-04T00:00:00+05:00", 1, SO2=10),
        *lines("2026-05-04T00:10:00+05:00", 1, arrival="2026-05-04T00:25:00+05:00"),
    ],
    "2026-05-04T00:25:00+05:00",
    means=[{"window": "20min", "valid_s": 600, "status": "INSUFFICIENT", "revision": 2}],
)
CASES = (
    _25_HOURS,
    _OPEN_DAY,
    _OPEN_HOUR,
    _SHARES,
    _DUE,
    _UNALIGNED,
    _SHORT_DAY,
    _SERIES,
    _CHANGE,
    _NEPAL,
    _SKIPPED,
    _HALF_HOUR,
    _LATE,
)
