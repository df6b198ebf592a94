"""The soak measures what it says, and a short one loses nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import streams.transport  # noqa: F401 - Faust starts a process when it is first imported
from tests.bench.soak import Life, Sample, Soak, lives, parser, report, run, slope
from tests.crash.results import Results


def test_the_slope_is_that_of_what_comes_after_the_first_minute() -> None:
    warming = [Sample(second, 5.0 * second) for second in range(60)]
    steady = [Sample(second, 300.0 + second / 60) for second in range(60, 200)]
    assert slope([*warming, *steady]) == pytest.approx(60.0)
    assert slope(warming) is None


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
