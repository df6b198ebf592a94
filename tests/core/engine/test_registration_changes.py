"""A source that is sold, and one whose clock is registered anew: what happens to time before."""

from __future__ import annotations

from itertools import pairwise

import pytest

from streams.core.judging.finding import FindingPublisher, Observation
from streams.core.judging.violation import Subject
from streams.core.records.findings import WindowMean
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import HOUR, MINUTE
from tests.core.examples import (
    BIN,
    PERIOD,
    Found,
    Log,
    connected,
    fold,
    history,
    local,
    proof,
    reading,
    source,
)

START = local("2026-05-04")
BUYER = "991240700011"


def sold(at: int) -> RegistryHistory:
    """Source A of the seller, which is the buyer's from ``at`` on."""
    registry = history(connected(source(), source("B"), business_size="medium"))
    registry.add(at, BUYER, connected(source(), bin=BUYER), proof(8))
    registry.add(at + MINUTE, BIN, connected(source("B"), business_size="medium"), proof(9))
    return registry


def days(late: int | None = None, silent: range = range(0)) -> Log:
    """Three days above the limit; reading ``late`` comes a day later, and ``silent`` never."""
    log = Log()
    for number in range(3 * 144):
        if number == late or number in silent:
            continue
        log.add(reading(START + number * PERIOD, values={"SO2": 600.0}))
        if late is not None and number == late + 144:
            value = reading(START + late * PERIOD, values={"SO2": 690.0})
            log.add(value, START + (number + 1) * PERIOD)
    return log.tick(START + 73 * HOUR)


def told(found: Found, rule: str) -> list[tuple[int, str, int]]:
    """The violations that stand: day, БИН, revision."""
    return [(each.start - START, each.bin, each.revision) for each in found.standing(rule)]


def test_a_late_reading_amends_the_violation_of_the_seller() -> None:
    sale = START + 30 * HOUR
    found = fold(days(late=100), sold(sale))
    first, second, third = found.standing("KZ-DAY")
    assert [each.revision for each in (first, second, third)] == [2, 1, 1]
    assert first.value == pytest.approx((143 * 600 + 690) / 144)
    assert (first.bin, first.business_size) == (BIN, "medium")
    assert {(each.bin, each.business_size) for each in (second, third)} == {(BUYER, "large")}
    assert (
        found.last_violations == fold(days(late=100), sold(sale), range(0, 400, 41)).last_violations
    )


def test_a_violation_that_goes_on_over_the_sale_is_the_buyers() -> None:
    silence = range(100, 300)  # from 16:40 to 02:00 of the day after next
    found = fold(days(silent=silence), sold(START + 30 * HOUR))
    (outage,) = (each for each in found.standing("KZ-GAP") if each.source_id == "A")
    assert (outage.status, outage.bin) == ("CLOSED", BUYER)
    before = fold(days(silent=silence), sold(START + 60 * HOUR))
    assert {each.bin for each in before.standing("KZ-GAP")} == {BIN}


def test_what_is_withdrawn_after_the_sale_is_withdrawn_of_the_seller() -> None:
    log = Log().series(START, [None] * 36 + [600.0] * 108 + [100.0] * 90)
    for number in range(36):  # they were low, and say so after the sale
        low = reading(START + number * PERIOD, values={"SO2": 0.0})
        log.add(low, START + 40 * HOUR + number)
    log.tick(START + 49 * HOUR)
    found = fold(log, sold(START + 30 * HOUR), range(0, len(log.records), 60))
    story = [each for each in found.violations if each.rule == "KZ-DAY"]
    assert [each.status for each in story][-1] == "WITHDRAWN"
    assert {each.bin for each in story} == {BIN}


def test_a_source_that_is_sold_back_keeps_each_operators_time() -> None:
    registry = sold(START + 24 * HOUR)
    registry.add(START + 48 * HOUR, BIN, connected(source(), source("B")), proof(10))
    entry = registry.source("A", START + 70 * HOUR)
    assert entry is not None
    times = [(0, 24), (24, 48), (48, 72), (20, 30), (40, 50)]
    told = [entry.operator(START + a * HOUR, START + b * HOUR).bin for a, b in times]
    assert told == [BIN, BUYER, BIN, BUYER, BIN]
    assert entry.operator(START, None).bin == BIN
    assert registry.source("B", START + 70 * HOUR) is not None


def test_a_suspicion_of_the_sellers_time_is_his() -> None:
    entry = sold(START + 40 * HOUR).source("A", START + 70 * HOUR)
    assert entry is not None
    publisher = FindingPublisher("a rule set")
    for start, end in ((0, 40), (39, 41), (41, 42)):
        seen = Observation("JUMP", START + start * HOUR, START + end * HOUR, "SO2")
        publisher.update({}, Subject(entry.enterprise, entry), seen, at=START + 70 * HOUR)
    assert [each.bin for each in publisher.drain()] == [BIN, BUYER, BUYER]


def moved(zone: str) -> RegistryHistory:
    """Source A, whose clock is that of ``zone`` from noon on."""
    registry = history(connected(source()))
    changed: Enterprise = connected(source(timezone=zone))
    registry.add(START + 12 * HOUR + 5 * MINUTE, BIN, changed, proof(9))
    return registry


def overlaps(found: Found, window: str) -> list[tuple[WindowMean, WindowMean]]:
    means = [each for each in found.last_means.values() if each.window == window]
    means.sort(key=lambda each: each.start)
    return [(a, b) for a, b in pairwise(means) if b.start < a.end]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu"])
def test_a_clock_changed_by_part_of_an_hour_cuts_what_is_read_after_it(zone: str) -> None:
    found = fold(days(), moved(zone))
    assert (found.used, found.dead_letters) == (432, [])
    ((before, after),) = overlaps(found, "1h")  # the hour in which the change arrived
    assert before.start < START + 12 * HOUR + 5 * MINUTE < after.end
    assert all(b.start <= a.end for a, b in pairwise(sorted_hours(found)))  # and no hole
    starts = [each.start - START for each in found.standing("KZ-DAY")]
    by_new_clock = {start for start in starts if start % (24 * HOUR)}
    assert 0 in starts  # the day of the change, by the clock that it began with,
    assert len(by_new_clock) == 3  # and every day by the new one
    assert fold(days(), moved(zone), range(0, 400, 53), rebuilt=True).last_means == found.last_means


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu"])
def test_a_late_reading_of_before_is_read_by_the_new_clock_too(zone: str) -> None:
    on_time, late = (fold(days(late=each), moved(zone)) for each in (None, 37))
    assert (late.used, late.dead_letters) == (432, [])
    hours = overlaps(late, "1h")
    assert len(hours) == 3  # the window of the late reading meets two of the old clock
    window = START + 37 * PERIOD
    met = {mean.start for pair in hours for mean in pair if mean.start <= window < mean.end}
    assert len(met) == 2
    stood = {each.id for each in on_time.standing("KZ-DAY")}
    assert {each.id for each in late.standing("KZ-DAY")} == stood  # none is lost, none is new


def sorted_hours(found: Found) -> list[WindowMean]:
    means = [each for each in found.last_means.values() if each.window == "1h"]
    return sorted(means, key=lambda each: each.start)
