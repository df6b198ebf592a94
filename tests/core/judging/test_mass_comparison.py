"""Reported mass flows beside those that follow from concentration and flow."""

from __future__ import annotations

from math import nextafter

import pytest

from streams.core.registry.enterprise import Channel, Source
from streams.core.time.interval import HOUR, MINUTE
from tests.core.examples import SO2, Found, Log, enterprise, fold, limit, local, reading

AT = local("2026-04-01")
REPORTED = Channel("SO2_GS", "g/s", reports="SO2")
FLOW = Channel("FLOW", "Nm3/s")
SOURCE = Source("A", 1200, (SO2, REPORTED, FLOW), limits=(limit(500.0),))
PLANT = enterprise(SOURCE)
EXACT = {"SO2": 400.0, "FLOW": 200.0, "SO2_GS": 80.0}
"""400 mg/m3 of 200 Nm3 a second are 80 g/s."""


def sent(log: Log, values: dict[str, float], number: int, arrival: int | None = None) -> None:
    """A reading of the day."""
    log.add(reading(AT + number * 20 * MINUTE, period_s=1200, values=values), arrival)


def day(values: dict[str, float], readings: int = 3, source: Source = SOURCE) -> Found:
    """What is found of hours with the same values."""
    log = Log()
    for number in range(readings):
        sent(log, values, number)
    return fold(log.tick(AT + 4 * HOUR), enterprise(source))


@pytest.mark.parametrize(
    ("reported", "differs"),
    [
        (80.0, False),
        (88.0, False),  # a tenth exactly
        (nextafter(88.0, 99.0), True),
        (72.0, False),
        (nextafter(72.0, 0.0), True),
        (0.0, True),
    ],
)
def test_more_than_a_tenth_of_the_computed_hour_is_a_finding(
    reported: float, differs: bool
) -> None:
    found = day(EXACT | {"SO2_GS": reported})
    assert [each.status for each in found.last_findings("MASS_DIFFERS")] == ["CLOSED"] * differs
    assert not found.violations


def test_what_an_inspector_reads() -> None:
    (finding,) = day(EXACT | {"SO2_GS": 120.0}).last_findings("MASS_DIFFERS")
    assert (finding.source_id, finding.parameter) == ("A", "SO2")
    assert (finding.start, finding.end) == (AT, AT + HOUR)
    assert (finding.value, finding.threshold, finding.unit) == (40.0, 8.0, "g/s")
    assert (finding.basis[-17:], finding.track) == ("22.06.2021 № 208, п. 13"[-17:], "")
    assert finding.detail.startswith("The channel SO2_GS reports 120 g/s, and 80 g/s follow")


def test_hours_that_are_not_proven_are_not_compared() -> None:
    assert not day(EXACT | {"SO2_GS": 120.0}, readings=2).findings  # 2/3 of an hour
    silent = {name: value for name, value in EXACT.items() if name != "FLOW"}
    assert not day(silent | {"SO2_GS": 120.0}).findings
    stands_in = Source("A", 1200, (SO2, REPORTED), limits=(limit(500.0),))
    assert not day({"SO2": 400.0, "SO2_GS": 120.0}, source=stands_in).findings


def test_no_mass_where_one_is_reported_differs() -> None:
    (finding,) = day(EXACT | {"SO2": 0.0}).last_findings("MASS_DIFFERS")
    assert (finding.value, finding.threshold) == (80.0, 0.0)


@pytest.mark.parametrize("cuts", [(), (2, 4), tuple(range(1, 9))])
def test_late_readings_take_it_back_and_bring_it_again(cuts: tuple[int, ...]) -> None:
    log = Log()
    for number, reported in enumerate((120.0, 120.0, None, 80.0, 80.0, 80.0)):
        if reported is not None:
            sent(log, EXACT | {"SO2_GS": reported}, number)
    log.tick(AT + 3 * HOUR)
    sent(log, EXACT | {"SO2_GS": 96.0}, 2, AT + 4 * HOUR)
    log.tick(AT + 5 * HOUR)
    found = fold(log, PLANT, cuts, rebuilt=True)
    (finding,) = found.last_findings("MASS_DIFFERS")
    assert (finding.start, finding.value) == (AT, 32.0)  # the mean of the hour is 112
    assert (finding.revision, finding.status) == (1, "CLOSED")


def test_a_late_reading_that_mends_the_hour_withdraws_the_finding() -> None:
    log = Log()
    ten_minutes = Source("A", 600, SOURCE.channels, limits=SOURCE.limits)
    for number, reported in enumerate((90.0, 90.0, 90.0, None, 90.0, 90.0)):
        if reported is not None:
            values = EXACT | {"SO2_GS": reported}
            log.add(reading(AT + number * 10 * MINUTE, values=values))
    log.tick(AT + 2 * HOUR)
    late = reading(AT + 30 * MINUTE, values=EXACT | {"SO2_GS": 40.0})
    log.add(late, AT + 3 * HOUR).tick(AT + 4 * HOUR)
    found = fold(log, enterprise(ten_minutes), (6,))
    told = [(each.revision, each.status) for each in found.findings]
    assert told == [(1, "CLOSED"), (2, "WITHDRAWN")]
