"""Notices count at their arrival, wherever stream time jumps and however the log is ordered."""

from __future__ import annotations

import gc
from collections.abc import Iterable

import pytest

from schemas.reading import Reading
from streams.core.registry.enterprise import Channel
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.engine.test_bulk import by_case
from tests.core.engine.test_notices import outage, told
from tests.core.examples import (
    BIN,
    SO2,
    Found,
    Log,
    connected,
    engine,
    fold,
    local,
    reading,
    source,
    take,
)

BEGIN = local("2026-04-01 21:00")
OUT = BEGIN + 10 * MINUTE
TOLD = OUT + 100 * MINUTE
BACK = Notice("W", "UNPLANNED_OUTAGE", BIN, "A", withdraws="N-1")
FLOW = Channel("FLOW", "m3/s", range=(0.0, 1000.0))


def log_of(between: Iterable[int]) -> Log:
    """A reading above the limit, nothing else, and stream time reaching some moments."""
    log = Log().tick(BEGIN - 3 * HOUR).series(BEGIN - 3 * HOUR, [100.0] * 18)
    log.add(reading(BEGIN, values={"SO2": 2900.0}))
    for at in between:
        log.tick(at)
    for day in range(9):
        log.tick(BEGIN + 10 * HOUR + day * DAY)
    return log


EACH_MINUTE = range(BEGIN + 11 * MINUTE, BEGIN + 10 * HOUR, MINUTE)


@pytest.mark.parametrize("between", [EACH_MINUTE, [BEGIN + 40 * MINUTE], []])
def test_a_violation_that_a_notice_makes_is_detected_at_its_arrival(
    between: Iterable[int],
) -> None:
    """Ten minutes are due of the half hour once the outage is told, and ten minutes exceed."""
    log, registry = log_of(between), told((TOLD, outage(start=OUT, end=OUT + 8 * HOUR)))
    found = fold(log, registry)
    (violation,) = found.standing("KZ-30")
    assert (violation.start, violation.detected_at) == (BEGIN, TOLD)
    (case,) = [each for each in found.cases if violation.id in each.violations]
    assert case.detected_at == TOLD
    again = fold(log, registry, range(1, len(log.records)), rebuilt=True)
    assert again.last_violations == found.last_violations
    assert by_case(again) == by_case(found)


@pytest.mark.parametrize("between", [[], [22.5], [22.5, 24.6], [22.5, 23.9, 24.4, 24.6]])
def test_a_gap_that_a_notice_frees_is_detected_when_it_is_taken_back(between: list[float]) -> None:
    """An outage from the 23rd hour of a silence is taken back 24.5 h after the silence began."""
    silent = BEGIN + HOUR
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 6)
    for hours in (*between, 30.0, 40.0, *range(72, 200, 24)):
        log.tick(silent + round(hours * HOUR))
    start, back = silent + 23 * HOUR, silent + 24 * HOUR + 30 * MINUTE
    notice = outage(start=start, end=start + 30 * HOUR)
    registry = told((start - HOUR, notice), (back, BACK))
    found = fold(log, registry, range(1, len(log.records)))
    assert [each.detected_at for each in found.violations][:1] == [back]
    assert {each.detected_at for each in found.cases if each.article.startswith("26")} == {back}


def ordered(*, late: bool) -> Log:
    """Four hours of readings; one above the limit lies an hour later in the log, as stamped."""
    readings = [
        reading(
            BEGIN + number * 10 * MINUTE,
            values={"SO2": 2900.0 if number == 6 else 600.0 if number in (7, 8) else 100.0},
        )
        for number in range(24)
    ]
    order: list[Reading] = list(readings)
    if late:
        order.insert(15, order.pop(6))
    log = Log().tick(BEGIN)
    for each in order:
        log.add(each, each.ends_at)
    return log.tick(BEGIN + 30 * HOUR)


@pytest.mark.parametrize("taken_back", [False, True])
def test_the_order_of_the_log_decides_nothing_about_what_is_excused(taken_back: bool) -> None:
    start = BEGIN + HOUR
    notice = outage(start=start, end=start + 10 * MINUTE)
    arrived = start + 50 * MINUTE
    registry = (
        told((start - HOUR, notice), (arrived, BACK)) if taken_back else told((arrived, notice))
    )
    means = []
    for late in (False, True):
        found = fold(ordered(late=late), registry)
        mean = found.mean("30min", start)
        means.append((mean.status, mean.value, mean.valid_s, mean.due_s))
        assert len(found.standing("KZ-30")) == int(taken_back)
    assert (
        means[0]
        == means[1]
        == ("VALID", *((4100 / 3, 1800, 1800) if taken_back else (600.0, 1200, 1200)))
    )


@pytest.mark.parametrize("told_after", [-HOUR, 0, HOUR, 2 * HOUR])
def test_excused_readings_deny_no_mark_whenever_the_outage_was_told(told_after: int) -> None:
    out = BEGIN + 10 * HOUR
    mark = Notice("M", "MARK", BIN, "A", out, out + 4 * HOUR, None, state="STOPPED", reason="r")
    log = Log().tick(BEGIN)
    for number in range(24 * 6):
        at = BEGIN + number * 10 * MINUTE
        flow = 10.0 if out + 2 * HOUR <= at < out + 4 * HOUR else 100.0
        log.add(reading(at, values={"SO2": 100.0, "FLOW": flow}))
    for hour in range(25, 100, 5):
        log.tick(BEGIN + hour * HOUR)
    of = connected(source(channels=(SO2, FLOW)), on="2026-03-01")
    excused = outage(start=out, end=out + 2 * HOUR)
    found = fold(log, told((out + told_after, excused), (out + 5 * HOUR, mark), of=of))
    assert found.verdicts == {"N-1": "IN_TIME", "M": "IN_TIME"}
    without = fold(log, told((out + 5 * HOUR, mark), of=of))
    assert without.verdicts == {"M": "CONTRADICTED"}


def wanted_of(
    log: Log, registry: RegistryHistory, *, lost: bool = False
) -> tuple[Found, list[tuple[int, int]]]:
    """Apply a log whose last record brings a notice; with what was asked for again, or not."""
    found = Found()
    processor = engine(registry, found.state)
    take(found, processor, log.records[:-1])
    processor.commit()
    asked = processor.wanted(log.records[-1:])
    for first, end in asked:
        if lost:
            processor.supply_lost(end)
        else:
            processor.supply([each for each in log.records if first <= each.offset < end])
    outcome = processor.apply(log.records[-1:])
    found.means += outcome.means
    found.violations += outcome.violations
    return found, asked


def test_readings_that_are_not_in_the_log_any_more_are_excused_too() -> None:
    start = BEGIN + HOUR
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 6 + [2900.0] * 3 + [100.0] * 6)
    log.tick(BEGIN + 3 * HOUR)
    told_of = told((start + 100 * MINUTE, outage(start=start, end=start + 30 * MINUTE)))
    for lost in (False, True):
        found, asked = wanted_of(log, told_of, lost=lost)
        assert asked
        mean = found.mean("30min", start)
        assert (mean.status, mean.due_s, mean.seconds_by_code) == (
            "NOT_OPERATING",
            0,
            {"EXCUSED": 1800},
        )
        assert not found.standing("KZ-30")


LAST = BEGIN + 3 * DAY
CHANGES_NOTHING = {
    "it completes another": outage(completes="X", start=BEGIN, end=LAST),
    "unplanned and late": outage(start=BEGIN, end=LAST),
    "planned and late": outage(kind="PLANNED_OUTAGE", start=BEGIN, end=LAST),
    "of a stranger": outage(of="060640006999", start=0, end=LAST + 365 * DAY),
    "of the future": outage(start=LAST + DAY, end=LAST + 2 * DAY),
}


@pytest.mark.parametrize("notice", CHANGES_NOTHING.values(), ids=CHANGES_NOTHING)
def test_nothing_is_read_again_for_a_notice_that_changes_nothing(notice: Notice) -> None:
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 432).tick(LAST + MINUTE)
    _, asked = wanted_of(log, told((LAST + 1000, notice)))
    assert asked == []
    in_time = outage(start=LAST - HOUR, end=LAST + DAY)
    _, asked = wanted_of(log, told((LAST + 1000, in_time)))
    assert 0 < sum(end - first for first, end in asked) < 50


def test_registrations_under_notices_that_came_later_are_not_kept() -> None:
    notices = [
        (BEGIN + number * HOUR, outage(f"N-{number}", start=at, end=at + MINUTE))
        for number in range(200)
        for at in (BEGIN + number * HOUR,)
    ]
    registry = told(*notices)
    last: SourceEntry | None = None
    for arrival, _ in notices:
        last = registry.source("A", arrival)
    assert last is not None
    assert len(last.excused) == 200
    assert registry.source("A", LAST + 30 * DAY) is last
    gc.collect()
    alive = [each for each in gc.get_objects() if type(each) is SourceEntry and each.id == "A"]
    assert sum(len(each.excused) > 50 for each in alive) <= 2
