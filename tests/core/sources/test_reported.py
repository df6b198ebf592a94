"""Reported mass flows: raw in every window, judged by the hour where none can be computed."""

from __future__ import annotations

from typing import Any

import pytest

from streams.core.quality.assess import assess_reading, channel_codes
from streams.core.registry.enterprise import Channel, Source
from streams.core.sources.source import compile_sources
from streams.core.time.interval import HOUR, MINUTE
from tests.core.examples import SO2, STANDARD, Found, Log, enterprise, fold, limit, local, reading

AT = local("2026-04-01")
OWN = Channel("SO2", "g/s")
REPORTED = Channel("SO2_GS", "g/s", reports="SO2", range=(0.0, 500.0))
FLOW = Channel("FLOW", "Nm3/s")
WINDOWS = {"20min", "1h", "day"}
SENT = {"SO2": 600.0, "SO2_GS": 120.0}


def station(*channels: Channel, **changes: Any) -> Source:
    """A source of twenty-minute readings with a limit of 100 g/s on SO2."""
    limits = changes.pop("limits", (limit(100.0, unit="g/s"),))
    return Source("A", 1200, channels, limits=limits, **changes)


def judged(source: Source, values: dict[str, float], readings: int = 3) -> Found:
    """What is found of a day that begins with readings of the same values."""
    log = Log()
    for number in range(readings):
        log.add(reading(AT + number * 20 * MINUTE, period_s=1200, values=values))
    return fold(log.tick(AT + 30 * HOUR), enterprise(source))


def means(found: Found, parameter: str, unit: str = "g/s") -> dict[str, float | None]:
    """The limit of each mean of a parameter, by window."""
    return {
        mean.window: mean.limit
        for mean in found.means
        if (mean.parameter, mean.unit) == (parameter, unit)
    }


def test_it_is_its_own_parameter_where_it_names_none() -> None:
    found = judged(station(OWN), {"SO2": 120.0})
    limits = means(found, "SO2")
    assert limits == {"20min": None, "1h": 100.0, "day": None}
    assert found.mean("20min", AT, unit="g/s").value == 120.0
    (violation,) = found.standing("KZ-GS")
    assert (violation.parameter, violation.start, violation.value) == ("SO2", AT, 120.0)
    assert violation.excess_mass_t == pytest.approx(20 * 3600 / 1e6)


def test_another_name_stands_in_for_the_parameter_it_reports() -> None:
    found = judged(station(REPORTED), {"SO2_GS": 120.0})
    assert means(found, "SO2_GS") == {"20min": None, "1h": 100.0, "day": None}
    assert not means(found, "SO2"), "what is judged is the mean of the channel"
    (violation,) = found.standing("KZ-GS")
    assert (violation.parameter, violation.value, violation.limit) == ("SO2", 120.0, 100.0)


@pytest.mark.parametrize(
    ("others", "stands_in"),
    [
        ((), True),
        ((SO2,), True),  # a concentration and no flow
        ((FLOW,), True),  # a flow and no concentration
        ((SO2, FLOW), False),
        ((SO2, Channel("VELOCITY", "m/s")), True),  # in a stack of unknown area
    ],
)
def test_the_registry_decides_which_is_judged(others: tuple[Channel, ...], stands_in: bool) -> None:
    """The computed flow is 400 mg/m3 * 200 Nm3/s = 80 g/s, within the limit."""
    values = {"SO2": 400.0, "FLOW": 200.0, "VELOCITY": 10.0}
    sent = {"SO2_GS": 120.0} | {each.parameter: values[each.parameter] for each in others}
    found = judged(station(REPORTED, *others), sent)
    reported = found.mean("1h", AT, parameter="SO2_GS", unit="g/s")
    assert (reported.value, reported.limit) == (120.0, 100.0 if stands_in else None)
    if not stands_in:
        computed = found.mean("1h", AT, unit="g/s")
        assert (computed.value, computed.limit) == (80.0, 100.0)
    assert bool(found.standing("KZ-GS")) is stands_in


def test_it_is_never_decided_hour_by_hour() -> None:
    """The flow is silent: the hour is not proven, though a flow is reported."""
    found = judged(station(REPORTED, SO2, FLOW), {"SO2_GS": 120.0, "SO2": 400.0})
    mean = found.mean("1h", AT, unit="g/s")
    assert (mean.value, mean.status) == (None, "INSUFFICIENT")
    assert not found.standing("KZ-GS")


def test_a_concentration_keeps_its_own_series_beside_one_that_stands_in() -> None:
    """600 mg/m3 are a sixth too much, and so is a sixth of the reported mass of the day."""
    found = judged(station(SO2, REPORTED, limits=(limit(500.0),)), SENT, 72)
    assert set(means(found, "SO2", "mg/m3")) == WINDOWS
    (day,) = found.standing("KZ-DAY")
    assert day.excess_mass_t == pytest.approx(120 * 86_400 / 1e6 * 100 / 600)


def test_without_a_limit_there_is_nothing_to_judge() -> None:
    found = judged(station(REPORTED, limits=()), {"SO2_GS": 120.0})
    assert set(means(found, "SO2_GS")) == WINDOWS
    assert not means(found, "SO2")


def test_what_is_wrong_with_the_channel_is_said_of_the_channel() -> None:
    (entry,) = compile_sources(enterprise(station(REPORTED, SO2)))
    item = reading(AT, period_s=1200, values={"SO2": 1.0, "SO2_GS": 501.0})
    assert channel_codes(item, entry) == {"SO2_GS": "OUT_OF_RANGE"}
    keys = [series[0].key for series in assess_reading(item, entry).series]
    assert sorted(keys) == ["SO2_GS|g/s", "SO2|mg/m3"]
    assert entry.pollutants == ("SO2", "SO2_GS")


def test_a_reported_flow_that_falls_silent_is_a_gap_of_its_channel() -> None:
    log = Log()
    for number in range(12):
        values = {"SO2": 100.0} | ({"SO2_GS": 9.0} if number < 3 else {})
        log.add(reading(AT + number * 20 * MINUTE, period_s=1200, values=values))
    found = fold(log.tick(AT + 5 * HOUR), enterprise(station(SO2, REPORTED)))
    assert found.spans("SO2_GS") == [(AT + HOUR, None)]


@pytest.mark.parametrize("cuts", [(1, 5, 30), tuple(range(1, 73))])
def test_the_same_however_the_log_is_cut(cuts: tuple[int, ...]) -> None:
    given = Channel("NO2", "mg/m3", basis="dry", conditions=STANDARD)
    limits = (limit(500.0), limit(100.0, unit="g/s"), limit(9.0, "NO2", "g/s"))
    own = Channel("NO2_GS", "g/s", reports="NO2")
    plant = enterprise(station(SO2, REPORTED, given, own, limits=limits))
    log = Log()
    for number in range(72):
        values = {"SO2": 600.0, "SO2_GS": 90.0 + number, "NO2": 5.0, "NO2_GS": 0.1 * number}
        log.add(reading(AT + number * 20 * MINUTE, period_s=1200, values=values))
    log.tick(AT + 30 * HOUR)
    alone, again = fold(log, plant), fold(log, plant, cuts, rebuilt=True)
    assert again.last_means == alone.last_means
    assert again.last_violations.keys() == alone.last_violations.keys()
    assert len(alone.standing("KZ-GS")) == 20  # from the fifth hour on, which has 103 g/s
