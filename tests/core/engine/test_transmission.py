"""20-minute values that were due and those that came, by region; the mark that waits longest."""

from __future__ import annotations

import pytest

from streams.core.engine.transmission import Transmission, last_intervals
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.engine.test_marks import BEGIN, HIGH, SPAN, day_of, mark, readings, told
from tests.core.examples import (
    Found,
    Log,
    connected,
    engine,
    excused,
    history,
    local,
    reading,
    source,
    take,
)

AT = local("2026-04-01 08:00")
GRACE = 5 * MINUTE
SINCE = "2026-03-31"


def counted(log: Log, *enterprises: Enterprise) -> dict[str, Transmission]:
    running = engine(history(*enterprises))
    running.apply([RawRecord(0, AT - DAY, *log.records[0][2:]), *shifted(log)])
    return running.transmissions()


def shifted(log: Log) -> list[RawRecord]:
    return [each._replace(offset=each.offset + 1) for each in log.records]


def sent(*starts: int, period_s: int = 600, until: int) -> Log:
    log = Log().tick(AT)
    for start in starts:
        log.add(reading(AT + start * MINUTE, period_s=period_s))
    return log.tick(AT + until * MINUTE)


def test_intervals_are_the_last_three_that_have_closed() -> None:
    assert [(at - AT) // MINUTE for at in last_intervals(AT + 65 * MINUTE, GRACE)] == [0, 20, 40]
    assert [(at - AT) // MINUTE for at in last_intervals(AT + 64 * MINUTE, GRACE)] == [-20, 0, 20]


@pytest.mark.parametrize(
    ("starts", "received"),
    [((0, 10, 20, 30, 40, 50), 3), ((0, 50), 2), ((30,), 1), ((), 0)],
)
def test_one_reading_is_enough_for_a_value(starts: tuple[int, ...], received: int) -> None:
    plant = connected(on=SINCE)
    assert counted(sent(*starts, until=66), plant) == {"KZ-55": Transmission(3, received)}


def test_one_missing_value_of_a_source_that_sends_them_itself_is_seen() -> None:
    plant = connected(source(cadence_s=1200), on=SINCE)
    assert counted(sent(0, 40, period_s=1200, until=66), plant) == {"KZ-55": Transmission(3, 2)}


def test_what_comes_late_counts_from_then_on() -> None:
    late = sent(0, 40, until=66)
    late.add(reading(AT + 20 * MINUTE), AT + 67 * MINUTE)
    assert counted(late, connected(on=SINCE)) == {"KZ-55": Transmission(3, 3)}


@pytest.mark.parametrize(
    "plant",
    [
        connected(source(cadence_s=3600), on=SINCE),
        connected(on=SINCE, test=True),
        connected(on="2027-01-01"),
        connected(source(excused=(excused("2026-04-01 08:00", "2026-04-01 09:00"),)), on=SINCE),
    ],
    ids=("hourly", "test stream", "not connected", "excused"),
)
def test_of_whom_nothing_is_due(plant: Enterprise) -> None:
    assert counted(sent(until=66), plant) == {}


def test_an_interval_that_is_excused_in_part_is_due() -> None:
    period = excused("2026-04-01 08:00", "2026-04-01 08:30")
    plant = connected(source(excused=(period,)), on=SINCE)
    assert counted(sent(until=66), plant) == {"KZ-55": Transmission(2, 0)}


def test_regions_are_counted_apart() -> None:
    other = connected(source("B"), source("C"), on=SINCE, region="KZ-47", bin="990340000124")
    found = counted(sent(0, 20, 40, until=66), connected(on=SINCE), other)
    assert found == {"KZ-55": Transmission(3, 3), "KZ-47": Transmission(6, 0)}


def test_a_mark_waits_from_its_arrival_until_it_is_ripe() -> None:
    arrival = BEGIN + 5 * HOUR
    log = day_of(*readings(HIGH))
    registry = told(
        (arrival, mark(*SPAN, parameter="SO2", flag="C")),
        (arrival + HOUR, mark(*SPAN, "M-2", parameter="CO", flag="C")),
    )
    found = Found()
    running, waits = engine(registry, found.state), []
    for record in log.records:
        take(found, running, [record], log.records)
        running.commit()
        waits.append((record.timestamp, running.oldest_pending_mark()))
    ripe = SPAN[1] + 3 * DAY
    assert {mark for at, mark in waits if arrival <= at < ripe} == {arrival}
    assert {mark for at, mark in waits if not arrival <= at < ripe} == {None}
