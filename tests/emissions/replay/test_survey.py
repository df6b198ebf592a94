"""The period of an input, and the rows that lie far from all others: found, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from emissions.replay.message_buffer import Message, MessageBuffer
from emissions.replay.publication_plan import UNKNOWN
from emissions.replay.survey import far_rows, survey_sources
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import from_datetime

STEP = 20 * MINUTE
MAY = from_datetime(datetime(2026, 5, 1, tzinfo=UTC))
AUGUST = from_datetime(datetime(2026, 8, 1, tzinfo=UTC))


def tape_of(
    *files: Iterable[int], source: str = "A", arrived: dict[int, int] | None = None
) -> MessageBuffer:
    """A tape of readings at these times; ``arrived`` by time."""
    tape = MessageBuffer([f"{number}.csv" for number in range(len(files))])
    for number, times in enumerate(files):
        for row, at in enumerate(times, start=1):
            arrival = (arrived or {}).get(at, UNKNOWN)
            tape.append(Message(source.encode(), b"x", arrival, at + STEP, at, number, row))
    return tape


def series(rows: int, start: int = MAY, step: int = STEP) -> list[int]:
    return [start + n * step for n in range(rows)]


def far_of(*files: Iterable[int], arrived: dict[int, int] | None = None) -> list[int]:
    """The indexes of the rows that are named."""
    return [row.index for row in far_rows(tape_of(*files, arrived=arrived))]


def test_the_period_of_each_source() -> None:
    tape = MessageBuffer(["a.csv"])
    for row, (source, at) in enumerate([("B", 0), ("A", HOUR), ("A", 0), ("A", 4 * HOUR)], 1):
        tape.append(Message(source.encode(), b"", UNKNOWN, at + HOUR, at, 0, row))
    first, second = survey_sources(tape)
    assert first == ("A", 3, 0, 5 * HOUR, HOUR, 2 * HOUR, 2 * HOUR)
    assert second == ("B", 1, 0, HOUR, None, None, None)
    assert survey_sources(MessageBuffer()) == []


@pytest.mark.parametrize("at", [0, 1, 2, 700, 1407, 1408, 1409])
@pytest.mark.parametrize("falling", [False, True])
def test_one_mistyped_month_in_1410_rows(at: int, falling: bool) -> None:
    times = series(1410)
    times[at] += AUGUST - MAY
    if falling:
        times.reverse()
        at = 1409 - at
    (row,) = far_rows(tape_of(times))
    assert row.index == at
    assert row.before == (at - 1 if at else None)
    assert row.after == (at + 1 if at < 1409 else None)


def test_mistyped_rows_of_several_kinds() -> None:
    times = series(2000)
    times[100] -= 365 * DAY
    times[500] += 30 * DAY
    times[501] += 60 * DAY
    for place in range(900, 972):  # a day
        times[place] += 92 * DAY
    times[1500] -= 10 * DAY  # into a place that is taken
    assert far_of(times) == [100, 500, 501, *range(900, 972), 1500]


def test_a_mistyped_month_is_named_in_a_shuffled_and_in_a_short_file() -> None:
    times = series(1410)
    times[700] += AUGUST - MAY
    random.Random(1).shuffle(times)
    assert far_of(times) == [times.index(max(times))]
    assert far_of([MAY, MAY + STEP, MAY + 2 * STEP + 91 * DAY, MAY + 3 * STEP]) == [2]
    assert far_of([MAY, MAY + STEP, AUGUST]) == [2]


def test_each_source_is_looked_at_alone() -> None:
    tape = MessageBuffer(["a.csv"])
    for row in range(3000):
        source, n = row % 3, row // 3
        at = MAY + n * STEP + (0, 40 * DAY, 400 * DAY)[source]
        if row == 1501:
            at += 92 * DAY
        tape.append(Message(b"ABC"[source : source + 1], b"", UNKNOWN, at + STEP, at, 0, row + 1))
    assert [row.index for row in far_rows(tape)] == [1501]


@pytest.mark.parametrize("seed", range(40))
def test_no_false_alarm_for_gaps(seed: int) -> None:
    """Files of hours to a year with silences of minutes to months, in any plain order."""
    chance = random.Random(seed)
    times, at = [], MAY
    for _ in range(chance.randint(1, 12)):
        run = chance.randint(5, chance.choice([20, 200, 3000]))
        times += series(run, at)
        at = times[-1] + chance.choice([HOUR, 3 * HOUR, DAY, 5 * DAY, 9 * DAY])
    assert far_of(times) == []
    assert far_of(times[::-1]) == []
    chance.shuffle(times)
    assert far_of(times) == []


def test_no_false_alarm_for_long_outages_short_spells_and_months_in_any_order() -> None:
    long = [*series(500), *series(500, MAY + 120 * DAY), *series(500, MAY + 300 * DAY)]
    assert far_of(long) == []
    spell = [*series(2000), *series(2, MAY + 60 * DAY), *series(2000, MAY + 90 * DAY)]
    assert far_of(spell) == []
    months = [*series(2000, MAY + 60 * DAY), *series(2000), *series(2000, MAY + 30 * DAY)]
    assert far_of(months) == []
    assert far_of(series(2000, MAY + 400 * DAY), series(2000), series(20, MAY + 200 * DAY)) == []


def test_no_false_alarm_for_readings_that_were_sent_again_later() -> None:
    kept = [*series(500), *series(1000, MAY + 510 * STEP)]
    again = series(10, MAY + 500 * STEP)
    assert far_of([*kept[:1300], *again, *kept[1300:]]) == []
    assert far_of([*kept, *again]) == []
    assert far_of(kept + kept[:200]) == []


def test_no_false_alarm_where_the_row_says_that_it_came_late() -> None:
    times = series(1000)
    times[500] = MAY - 40 * HOUR
    assert far_of(times) == [500]
    arrived = {time: time + STEP for time in times} | {times[500]: times[500] + 60 * HOUR}
    assert far_of(times, arrived=arrived) == []


@pytest.mark.parametrize("off", [-365 * DAY, -30 * DAY, 30 * DAY, 365 * DAY])
def test_a_mistyped_arrival_is_named(off: int) -> None:
    times = series(1410)
    arrived = {at: at + STEP for at in times}
    arrived[times[700]] += off
    (row,) = far_rows(tape_of(times, arrived=arrived))
    assert (row.index, row.arrival) == (700, True)


def test_arrivals_of_a_backfill_and_a_row_of_its_own_time_are_not_named() -> None:
    times = series(1410)
    arrived = {at: at + STEP for at in times}
    for at in times[500:700]:
        arrived[at] = times[-1] + 5 * DAY
    assert far_of(times, arrived=arrived) == []
    arrived = {at: at + STEP for at in times} | {times[-1]: times[-1] + 2 * DAY}
    assert far_of(times, arrived=arrived) == []
    assert far_of(times[:2], arrived={times[0]: times[0] - DAY * 365}) == []
