"""Where a mean stands beside its limit, and which series a page shows."""

from __future__ import annotations

import pytest

from emissions.portal.series import Standing, left_out_seconds, series_of, standing_of, windows_of
from tests.emissions.portal.source_rows import mean


@pytest.mark.parametrize(
    ("window", "value", "expected"),
    [
        ("30min", 500.0, Standing.WITHIN),
        ("30min", 500.1, Standing.ABOVE_LIMIT),
        ("30min", 999.9, Standing.ABOVE_LIMIT),
        ("30min", 1000.0, Standing.FAR_ABOVE),
        ("day", 500.0, Standing.WITHIN),
        ("day", 500.1, Standing.FAR_ABOVE),
    ],
)
def test_a_half_hour_is_compared_with_twice_its_limit_and_a_day_with_its_limit(
    window: str, value: float, expected: Standing
) -> None:
    assert standing_of(mean(value=value, window=window)) is expected


def test_only_a_valid_mean_is_compared() -> None:
    assert standing_of(mean(value=9e9, status="INSUFFICIENT")) is Standing.INSUFFICIENT
    assert standing_of(mean(value=9e9, status="NOT_OPERATING")) is Standing.STOPPED
    assert standing_of(mean(value=9e9, limit=None)) is Standing.NO_LIMIT


def test_a_series_without_the_window_is_shown_in_the_one_it_has() -> None:
    rows = [
        mean(parameter="O2", unit="%", limit=None),
        mean(unit="g/s", window="1h"),
        mean(1),
        mean(0),
        mean(window="20min"),
    ]
    found = series_of(rows, "30min", frozenset({"O2"}))
    assert [(each.parameter, each.unit, each.window) for each in found] == [
        ("SO2", "mg/m3", "30min"),
        ("SO2", "g/s", "1h"),
        ("O2", "%", "30min"),
    ]
    assert [row.start for row in found[0].rows] == [mean(0).start, mean(1).start]
    assert windows_of(rows) == ["20min", "30min", "1h"]


def test_seconds_of_values_that_count_are_not_left_out() -> None:
    rows = [
        mean(seconds_by_code={"STATUS_M": 60, "ZEROED": 60}),
        mean(1, seconds_by_code={"STATUS_M": 120, "NOT_FINITE": 240}),
    ]
    assert left_out_seconds(rows, frozenset({"ZEROED"})) == {"NOT_FINITE": 240, "STATUS_M": 180}
