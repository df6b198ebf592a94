"""Which rows are used: duplicates, lateness, wrong clocks, commissioning (sections 3, 5, 11)."""

from collections.abc import Sequence
from typing import Any

from tests.oracle.cases.case import Case, Row, lines, registry, source

AT = "2026-05-04T10:00:00+05:00"
DEVICE = "        devices: [{name: Analyser, serial: SN-1}]\n"


def _case(
    name: str,
    rows: list[Row],
    dead_letters: Sequence[str],
    valid_s: int | None = None,
    value: float | None = None,
    until: str = "2026-05-09T00:00:00+05:00",
    **more: object,
) -> Case:
    mean = {"window": "1h", "start": "2026-05-04T05:00:00Z", "valid_s": valid_s, "value": value}
    return Case(
        name,
        registry(source(), **more),  # type: ignore[arg-type]
        rows,
        until,
        means=[] if valid_s is None else [mean],
        no_means=[{"window": "1h"}] if valid_s is None else [],
        dead_letters=dead_letters,
    )


def _one(**more: Any) -> list[Row]:
    return lines(AT, 1, **{"SO2": 5, **more})


CASES = (
    _case("equal twice", [*_one(), *_one(arrival="2026-05-04T15:00:00+05:00")], [], 600, 5.0),
    _case("NaN equals NaN", [*_one(SO2="NaN"), *_one(SO2="NaN")], [], 0),
    _case("-0.0 equals 0", [*_one(SO2="-0.0"), *_one(SO2="0")], [], 600, 0.0),
    _case(
        "the one that arrived first stands",
        [*_one(SO2=7, arrival="2026-05-04T10:11:00+05:00"), *_one(SO2=5)],
        ["CONFLICTING_DUPLICATE"],
        600,
        5.0,
    ),
    _case(
        "ties in the order of the input",
        [*_one(SO2=7), *_one(SO2=5)],
        ["CONFLICTING_DUPLICATE"],
        600,
        7.0,
    ),
    _case(
        "one index, two starts",
        [*_one(), *lines("2026-05-04T10:00:01+05:00", 1, SO2=5)],
        ["CONFLICTING_DUPLICATE"],
        600,
        5.0,
    ),
    _case("another state", [*_one(), *_one(state="STARTUP")], ["CONFLICTING_DUPLICATE"], 600, 5.0),
    _case("a normal flag is no flag", [*_one(SO2_flag="N"), *_one()], [], 600, 5.0),
    _case("72 hours late", _one(arrival="2026-05-07T10:10:00+05:00"), [], 600, 5.0),
    _case("a millisecond later", _one(arrival="2026-05-07T10:10:00.001+05:00"), ["TOO_LATE"]),
    _case("five minutes early", _one(arrival="2026-05-04T10:05:00+05:00"), [], 600, 5.0),
    _case(
        "a rejected reading occupies no index",
        [*_one(SO2=9, arrival="2026-05-04T10:04:59+05:00"), *_one()],
        ["FROM_THE_FUTURE"],
        600,
        5.0,
    ),
    _case("not the cadence", lines(AT, 1, 300, SO2=5), ["BAD_PERIOD"]),
    _case("nobody's", _one(identity="B"), ["UNKNOWN_SOURCE"]),
    _case("a test stream", _one(), ["TEST_STREAM"], extra="    test: true\n"),
    _case("before its midnight", _one(), ["BEFORE_COMMISSIONING"], commissioned="2026-05-05"),
    _case("from its midnight on", _one(), [], 600, 5.0, commissioned="2026-05-04"),
    _case(
        "1970 and 2127",
        [*lines("1970-01-01T00:00:00Z", 1, SO2=5), *lines("2127-01-01T00:00:00Z", 1, SO2=5)],
        ["BEFORE_COMMISSIONING", "FROM_THE_FUTURE"],
    ),
    _case(
        "what arrives after the end does not exist",
        [
            *_one(arrival="2026-05-04T12:00:01+05:00"),
            *_one(SO2=6, arrival="2026-05-04T12:00:00+05:00"),
        ],
        [],
        600,
        6.0,
        until="2026-05-04T12:00:00+05:00",
    ),
    _case(
        "an interval that ends after the end, without arrival, moves no clock",
        [*_one(), *lines("2026-05-04T11:00:00+05:00", 1, SO2=5)],
        ["FROM_THE_FUTURE"],
        600,
        5.0,
        until="2026-05-04T11:09:59+05:00",
    ),
)
