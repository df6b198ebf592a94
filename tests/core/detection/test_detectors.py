"""Each detector on made-up days: what it must find, and what it must leave alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from schemas.columns import Floats
from streams.core.detection.day import LOOKBACK, STEP, DayColumns
from streams.core.detection.detector import Hit, Known, Past
from streams.core.time.interval import DAY, HOUR
from streams.rules.detectors import load_detectors
from tests.core.examples import local

DETECTORS = load_detectors()
BEGIN = local("2026-03-01")
ROWS = DAY // STEP
BEFORE = LOOKBACK // STEP
NAMES = ("SO2", "CO", "O2", "VELOCITY", "SO2.SLOPE")


class Days:
    """Days of a source; the evening before each is that of the day before."""

    def __init__(self, count: int) -> None:
        noise = np.random.default_rng(7)
        rows = BEFORE + count * ROWS
        course = 0.8 + 0.2 * np.sin(np.arange(rows) * 2 * np.pi / ROWS)
        self.raw: Floats = np.column_stack(
            [
                np.round(400 * course * (1 + 0.05 * noise.standard_normal(rows)), 1),
                np.round(80 * course * (1 + 0.05 * noise.standard_normal(rows)), 2),
                np.round(7 - course + 0.1 * noise.standard_normal(rows), 2),
                np.round(20 * course * (1 + 0.01 * noise.standard_normal(rows)), 2),
                np.ones(rows),
            ]
        )
        self.marked = np.zeros(self.raw.shape, dtype=np.bool_)
        self.count = count

    def rows(self, day: int, first: int = 0, last: int = ROWS) -> slice:
        """The rows ``first`` to ``last`` of a day."""
        return slice(BEFORE + day * ROWS + first, BEFORE + day * ROWS + last)

    def day(self, number: int) -> DayColumns:
        """The columns of a day; the share of the limit is SO2 / 500."""
        own = slice(number * ROWS, BEFORE + (number + 1) * ROWS)
        start = BEGIN + number * DAY
        raw = self.raw[own]
        return DayColumns(
            start, start + DAY, start - LOOKBACK, STEP, BEFORE, NAMES, raw,
            {"SO2": raw[:, 0] / 500}, self.marked[own], np.zeros(raw.shape, dtype=np.bool_),
        )  # fmt: skip

    def hits(self, code: str) -> list[Hit]:
        """Everything that a detector finds in all days."""
        detector, past, found = DETECTORS[code], list[Past[Any]](), list[Hit]()
        for number in range(self.count):
            columns = self.day(number)
            feature = detector.of_day(columns)
            if feature is None:
                continue
            settled = [each for each in past if each.end + 3 * DAY <= columns.start]
            today = Past(columns.start, columns.end, feature)
            found += detector.hits(today, Known(past, settled))
            past.append(today)
        for hit in found:
            assert DETECTORS[code].sentence(hit).endswith(".")
        return found


@pytest.mark.parametrize("code", sorted(DETECTORS))
def test_an_ordinary_month_has_nothing(code: str) -> None:
    assert Days(30).hits(code) == []


def test_a_channel_that_stands_still_while_others_move() -> None:
    days = Days(20)
    held = days.rows(15, 20, 29)
    days.raw[held, 0] = 311.5
    (hit,) = days.hits("FLATLINE")
    assert (hit.parameter, hit.end - hit.start) == ("SO2", 3 * HOUR)
    assert hit.start == BEGIN + 15 * DAY + 20 * STEP


def test_a_standstill_over_midnight_is_seen_whole() -> None:
    days = Days(20)
    days.raw[days.rows(15, 66, 78), 0] = 311.5
    ends = [hit.end for hit in days.hits("FLATLINE")]
    assert max(ends) == BEGIN + 16 * DAY + 6 * STEP
    assert min(hit.start for hit in days.hits("FLATLINE")) == BEGIN + 15 * DAY + 66 * STEP


def test_two_equal_hours_of_an_hourly_station_are_chance() -> None:
    """And four are none, at any period."""
    hourly = Days(20)
    for day in range(20):  # three rows of 20 minutes are an hour, and too few
        hourly.raw[hourly.rows(day, 30, 33), 0] = 311.5 + day
    assert hourly.hits("FLATLINE") == []


def test_a_coarse_analyser_may_repeat_itself_as_long_as_it_always_did() -> None:
    days = Days(20)
    for day in range(20):
        for first in range(0, ROWS, 12):
            days.raw[days.rows(day, first, first + 12), 0] = 100.0 + first + day
    assert days.hits("FLATLINE") == []


def test_a_record_that_stands_still_is_told_of_the_source() -> None:
    days = Days(20)
    held = days.rows(15, 20, 40)
    days.raw[held] = days.raw[held.start]
    assert [hit.parameter for hit in days.hits("FLATLINE")] == [None]


def test_a_level_that_shifts_alone_and_lasts() -> None:
    days = Days(20)
    days.raw[days.rows(15, 30).start :, 0] *= 0.5
    (hit,) = days.hits("JUMP")
    assert hit.parameter == "SO2"
    assert abs(hit.start + HOUR - (BEGIN + 15 * DAY + 30 * STEP)) <= HOUR


def test_an_exceedance_of_hours_and_a_shift_of_everything_are_no_jump() -> None:
    days = Days(20)
    days.raw[days.rows(14, 30, 39), 0] *= 2.5
    days.raw[days.rows(16, 30).start :, :4] *= 0.5
    assert days.hits("JUMP") == []


@pytest.mark.parametrize("until", [6, 40])
def test_the_end_of_half_a_day_of_exceedance_is_no_jump(until: int) -> None:
    days = Days(20)
    end = days.rows(15, until).start
    days.raw[end - 36 : end, 0] *= 2.5
    assert days.hits("JUMP") == []


def near_the_limit(days: Days, level: float, spread: float) -> None:
    noise = np.random.default_rng(3)
    days.raw[:, 0] = 500 * (level + spread * noise.standard_normal(len(days.raw)))


def test_means_that_are_cut_at_the_limit() -> None:
    days = Days(15)
    near_the_limit(days, 0.95, 0.1)
    assert days.hits("CLIPPING") == []
    days.raw[:, 0] = np.minimum(days.raw[:, 0], 0.99 * 500)
    hits = days.hits("CLIPPING")
    assert {hit.parameter for hit in hits} == {"SO2"}
    assert hits[-1].end == BEGIN + 15 * DAY


def test_a_plant_that_is_well_controlled_below_its_limit_is_no_suspect() -> None:
    days = Days(15)
    near_the_limit(days, 0.93, 0.02)
    assert days.hits("CLIPPING") == []


def test_marks_where_the_load_is_highest() -> None:
    days = Days(25)
    for day in range(10, 24):
        own = days.raw[days.rows(day), 3]
        high = np.flatnonzero(own >= np.quantile(own, 0.8))
        days.marked[days.rows(day).start + high, 0] = True
    hits = days.hits("MARKED-AT-LOAD")
    assert hits
    assert hits[0].start == BEGIN + 10 * DAY


def test_maintenance_now_and_then_is_no_suspect() -> None:
    days = Days(25)
    for day in range(3, 25, 7):
        days.marked[days.rows(day, 27, 45), 0] = True
    assert days.hits("MARKED-AT-LOAD") == []


@pytest.mark.parametrize("points", [1.2, -1.2])
def test_oxygen_off_its_usual_at_equal_load(points: float) -> None:
    days = Days(30)
    days.raw[days.rows(22).start :, 2] += points
    hits = days.hits("OXYGEN-BIAS")
    assert hits[0].start == BEGIN + 22 * DAY
    assert hits[0].value == pytest.approx(points, abs=0.1)


def test_a_day_without_flow_does_not_break_off_a_shift_of_oxygen() -> None:
    days = Days(30)
    days.raw[days.rows(22).start : days.rows(27).start, 2] += 1.0
    days.raw[days.rows(24), 3] = np.nan
    hits = days.hits("OXYGEN-BIAS")
    assert (hits[0].start, hits[-1].end) == (BEGIN + 22 * DAY, BEGIN + 27 * DAY)


def test_the_end_of_a_long_shift_of_oxygen_is_no_shift() -> None:
    days = Days(75)
    days.raw[days.rows(40).start : days.rows(60).start, 2] += 1.0
    hits = days.hits("OXYGEN-BIAS")
    assert (hits[0].start, hits[-1].end) == (BEGIN + 40 * DAY, BEGIN + 60 * DAY)


def test_oxygen_that_follows_another_load_is_no_suspect() -> None:
    days = Days(30)
    part = days.raw[days.rows(22).start :]
    part[:, 3] *= 0.8  # less load, and the oxygen that goes with it at other times
    part[:, 2] += 0.2
    assert days.hits("OXYGEN-BIAS") == []


@pytest.mark.parametrize(("scale", "ripple"), [(1.0, 0.0), (0.9, 0.0), (1.0, 0.003)])
def test_a_day_that_was_sent_before(scale: float, ripple: float) -> None:
    days = Days(20)
    old = days.raw[days.rows(9), 0]
    days.raw[days.rows(15), 0] = old * scale * (1 + ripple * np.sin(np.arange(ROWS) ** 2))
    (hit,) = days.hits("REPEATED-DAY")
    assert (hit.parameter, hit.start) == (None, BEGIN + 15 * DAY)
    assert hit.note.endswith("2026-03-09T19:00:00Z")  # the tenth, local


def test_each_change_of_a_constant_is_an_event() -> None:
    days = Days(20)
    days.raw[days.rows(5, 10).start :, 4] = 1.02
    days.raw[days.rows(8).start :, 4] = 1.05
    found = [(hit.parameter, hit.start, hit.threshold, hit.value) for hit in days.hits(
        "CONSTANT-CHANGED"
    )]  # fmt: skip
    assert found == [
        ("SO2.SLOPE", BEGIN + 5 * DAY + 10 * STEP, 1.0, 1.02),
        ("SO2.SLOPE", BEGIN + 8 * DAY, 1.02, 1.05),
    ]
