"""Durations and times as people read them."""

from __future__ import annotations

import pytest

from streams.core.time.wording import duration_text, local_text, minute_text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 s"),
        (250, "0.25 s"),
        (1_000, "1 s"),
        (61_500, "1 min 1 s"),
        (3_600_000, "1 h"),
        (7_500_000, "2 h 5 min"),
        (86_400_000, "1 day"),
        (86_430_000, "1 day"),
        (2_098_800_000, "24 days 7 h"),
        (-5_000, "-5 s"),
        (10**13, "115740 days 17 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(milliseconds: int, text: str) -> None:
    assert duration_text(milliseconds) == text


def test_a_time_is_that_of_the_zone() -> None:
    assert local_text(1_777_834_800_000, "Asia/Almaty") == "2026-05-04T00:00:00+05:00"
    assert local_text(1_777_834_800_250, "UTC") == "2026-05-03T19:00:00.250+00:00"
    assert local_text(2**62, "UTC") == "4611686018427387904 ms"
    assert minute_text(1_777_834_800_000, "Asia/Almaty") == "2026-05-04 00:00"
