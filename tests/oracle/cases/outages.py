"""KZ-GAP: outages longer than a day, counted from the connection (section 9)."""

from collections.abc import Sequence

from tests.oracle.cases.case import Case, Row, lines, registry, source

CONNECTED = "{installed_on: 2020-01-01, connected_on: 2026-05-04}"
LONG_AGO = "{installed_on: 2020-01-01, connected_on: 2021-01-01}"


def _hour(begin: str, **more: object) -> list[Row]:
    return lines(f"{begin}+05:00", 1, 3600, **{"SO2": 1, **more})


def _case(
    name: str,
    rows: Sequence[Row],
    until: str,
    violations: Sequence[dict[str, object]],
    asm: str = CONNECTED,
    excused: Sequence[str] = (),
) -> Case:
    kept = registry(source(cadence=3600, excused=excused), asm=asm)
    named = [{"rule": "KZ-GAP", **violation} for violation in violations]
    return Case(name, kept, rows, f"{until}+05:00", violations=named)


CASES = (
    Case(
        "an outage of a day is none, of a second more is one; none before the connection",
        registry(source(cadence=3600), asm=CONNECTED),
        [
            *lines("2026-05-01T00:00:00+05:00", 1, 3600, SO2=1),
            *lines("2026-05-04T01:00:00+05:00", 1, 3600, SO2=1),
            *lines("2026-05-05T02:00:00+05:00", 1, 3600, SO2=1),
            *lines("2026-05-06T03:00:01+05:00", 1, 3600, SO2=1),
        ],
        "2026-05-06T05:00:00+05:00",
        gaps=[
            ("A", "", "2026-04-30T20:00:00Z", "2026-05-03T20:00:00Z"),
            ("A", "", "2026-05-03T21:00:00Z", "2026-05-04T21:00:00Z"),
            ("A", "", "2026-05-04T22:00:00Z", "2026-05-05T22:00:01Z"),
        ],
        violations=[
            {
                "rule": "KZ-GAP",
                "start": "2026-05-04T22:00:00Z",
                "end": "2026-05-05T22:00:01Z",
                "value": 86401.0,
                "limit": 86400.0,
                "unit": "s",
                "parameter": None,
                "status": "CLOSED",
            }
        ],
    ),
    Case(
        "an outage that goes on",
        registry(source(cadence=3600), asm=CONNECTED),
        lines("2026-05-04T01:00:00+05:00", 1, 3600, SO2=1),
        "2026-05-05T02:00:10+05:00",
        violations=[{"rule": "KZ-GAP", "end": None, "value": 86410.0, "status": "OPEN"}],
    ),
    _case(
        "a silence that began before the connection counts from it",
        [*_hour("2026-05-01T00:00:00"), *_hour("2026-05-05T02:00:01")],
        "2026-05-05T05:00:00",
        [
            {
                "start": "2026-05-03T19:00:00Z",
                "end": "2026-05-04T21:00:01Z",
                "value": 93601.0,
                "ratio": 93601 / 86400,
                "track": "INSPECTION",
                "excess_mass_t": None,
            }
        ],
    ),
    _case(
        "a day after the connection it is not longer than a day",
        [*_hour("2026-05-01T00:00:00"), *_hour("2026-05-05T00:00:00")],
        "2026-05-05T05:00:00",
        [],
    ),
    _case(
        "while the connection is to come there is none",
        _hour("2026-05-01T00:00:00"),
        "2026-05-03T23:59:59",
        [],
    ),
    _case(
        "of a source that goes on to be silent, each remaining piece by itself",
        _hour("2026-05-01T00:00:00"),
        "2026-05-07T00:00:01",
        [
            {"start": "2026-05-03T19:00:00Z", "end": "2026-05-04T20:00:00Z", "value": 90000.0},
            {"start": "2026-05-05T19:00:00Z", "end": None, "status": "OPEN", "value": 86401.0},
        ],
        excused=("{from: 2026-05-05T01:00:00+05:00, to: 2026-05-06T00:00:00+05:00}",),
    ),
    _case(
        "a connection of years ago: nothing was observed before the log began",
        [*_hour("2026-05-04T00:00:00"), *_hour("2026-05-05T00:00:00")],
        "2026-05-05T01:00:00",
        [],
        asm=LONG_AGO,
    ),
    _case(
        "a connected source that is never heard, a day and a second after the log began",
        _hour("2026-05-04T00:00:00", identity="X"),
        "2026-05-05T01:00:01",
        [{"start": "2026-05-03T20:00:00Z", "end": None, "value": 86401.0}],
        asm=LONG_AGO,
    ),
    _case(
        "late readings in it move its beginning",
        [
            *_hour("2026-05-04T00:00:00"),
            *_hour("2026-05-04T05:00:00", arrival="2026-05-06T12:00:00+05:00"),
            *_hour("2026-05-06T00:00:00"),
        ],
        "2026-05-06T12:00:00",
        [{"start": "2026-05-04T01:00:00Z", "end": "2026-05-05T19:00:00Z", "value": 151200.0}],
        asm=LONG_AGO,
    ),
    _case(
        "late readings in it leave nothing that is long enough",
        [
            *_hour("2026-05-04T00:00:00"),
            *_hour("2026-05-04T23:00:00", arrival="2026-05-06T12:00:00+05:00"),
            *_hour("2026-05-06T00:00:00"),
        ],
        "2026-05-06T12:00:00",
        [],
        asm=LONG_AGO,
    ),
    _case(
        "the first of two readings that contradict each other ends it: a matter for a person",
        [
            *_hour("2026-05-04T00:00:00"),
            *_hour("2026-05-05T01:30:00"),
            *_hour("2026-05-05T01:10:00", arrival="2026-05-05T02:31:00+05:00"),
        ],
        "2026-05-05T03:00:00",
        [{"end": "2026-05-04T20:30:00Z", "value": 88200.0, "automatic": False}],
        asm=LONG_AGO,
    ),
    *(
        _case(
            f"an outage of March 2026 {how}",
            [*_hour("2026-03-10T00:00:00"), *rows],
            until,
            [{"start": "2026-03-09T20:00:00Z", "automatic": automatic}],
            asm=LONG_AGO,
        )
        for how, rows, until, automatic in (
            ("a second before the midnight", [], "2026-03-11T23:59:59", False),
            ("at the midnight, standing", [], "2026-03-12T00:00:00", True),
            (
                "that is over at the midnight",
                _hour("2026-03-12T00:00:00"),
                "2026-03-12T02:00:00",
                False,
            ),
            (
                "that is over a second later",
                _hour("2026-03-12T00:00:01"),
                "2026-03-12T02:00:00",
                True,
            ),
        )
    ),
)
