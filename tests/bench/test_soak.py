"""The soak measures what it says, and a short one loses nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import TopicPartition

import streams.transport  # noqa: F401 - Faust starts a process when it is first imported
from tests.bench.soak import (
    Life,
    Sample,
    Soak,
    Waiting,
    an_hour_apart,
    at_one_age,
    lives,
    parser,
    report,
    run,
    slope,
)
from tests.crash.results import Results


def test_the_slope_is_that_of_what_comes_after_the_first_minute() -> None:
    warming = [Sample(second, 5.0 * second) for second in range(60)]
    steady = [Sample(second, 300.0 + second / 60) for second in range(60, 200)]
    assert slope([*warming, *steady]) == pytest.approx(60.0)
    assert slope(warming) is None


def test_lives_of_a_worker_are_compared_at_one_age() -> None:
    def life(begin: float, seconds: int, base: float) -> list[Sample]:
        """It takes up what it needs in three minutes, and holds it for one sample more."""
        return [
            Sample(begin + at, base + min(at, 180) + (500 if at == 200 else 0))
            for at in range(0, seconds, 2)
        ]

    soak = Soak(
        {
            ("streams-1", 7): life(1000, 300, 100.0),
            ("streams-1", 8): life(1300, 290, 102.0),
            ("streams-1", 9): life(1600, 250, 900.0),
        }
    )
    found = at_one_age(soak)
    assert found == {"streams-1": [Sample(1180.0, 280.0), Sample(1480.0, 282.0)]}
    told = report(soak, Results(), [], parser().parse_args([]))
    assert "streams-1 in minutes 3 to 5 of its lives: 280, 282 MB: +24 MB an hour" in told


def test_lives_at_the_same_minute_of_the_hour_are_told_as_pairs() -> None:
    def life(begin: float, mb: float) -> list[Sample]:
        return [Sample(begin + at, mb) for at in range(0, 290, 2)]

    filling = {minute: 400.0 + 4 * (minute % 60) for minute in range(0, 120, 20)}
    begun = {minute: life(60.0 * minute + minute / 3, mb) for minute, mb in filling.items()}
    soak = Soak({("streams-1", minute): each for minute, each in begun.items()})
    aged = at_one_age(soak)["streams-1"]
    assert [(before.mb, after.mb) for before, after in an_hour_apart(aged)] == [
        (400.0, 400.0),
        (480.0, 480.0),
        (560.0, 560.0),
    ]
    told = report(soak, Results(), [], parser().parse_args([]))
    assert "streams-1 an hour apart: 400 -> 400, 480 -> 480, 560 -> 560 MB: +0 MB an hour" in told
    assert an_hour_apart(aged[:3]) == []


def test_lag_is_how_long_the_oldest_record_waits() -> None:
    waiting, place = Waiting(), TopicPartition("readings", 0)
    assert waiting.sample(0.0, place, 10, 10) == 0.0
    assert waiting.sample(2.0, place, 12, 10) == 0.0
    assert waiting.sample(4.0, place, 1_000_000, 11) == 2.0  # however many there are
    assert waiting.sample(6.0, place, 1_000_000, 12) == 2.0
    assert waiting.sample(8.0, place, 1_000_000, 999_999) == 4.0
    assert waiting.sample(10.0, place, 1_000_000, 1_000_000) == 0.0


def test_the_report_fits_a_page_and_tells_what_is_wrong() -> None:
    samples = [Sample(float(second), 100.0) for second in range(0, 200, 2)]
    soak = Soak({("streams-1", 7): samples}, {"streams": [0.5, 3.0, 1.0]}, 1_700)
    assert lives(soak) == [Life("streams-1", 198.0, 100.0, 100.0, 100.0, 0.0)]
    told = report(soak, Results(), ["a row lacks"], parser().parse_args([]))
    assert "a row lacks" in told
    assert "no difference" not in told
    assert "median 1.0 s, most 3.0 s" in told
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.process
@pytest.mark.long
def test_twenty_seconds_with_a_kill_lose_nothing(tmp_path: Path) -> None:
    given = parser().parse_args(
        ["--minutes", "0.33", "--rate", "0.2", "--kill-every", "9", "--broker", "tansu"]
    )
    soak, results, wrong = asyncio.run(run(given, tmp_path))
    assert wrong == []
    assert soak.sent > 0
    assert results.kills == {"streams worker": 1, "sinks worker": 1}
    assert {name for name, _ in soak.samples} >= {"streams-1", "streams-2", "sinks-1", "ClickHouse"}
