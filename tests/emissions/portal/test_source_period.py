"""Days, months and years of a source, by their names in addresses."""

from __future__ import annotations

from datetime import date

import pytest

from emissions.portal.source_period import day_of, parsed_period

HOUR = 3_600_000


def test_the_day_on_which_the_clock_was_put_back_has_25_hours() -> None:
    period = day_of(date(2024, 2, 29), "Asia/Almaty")
    assert period.until - period.since == 25 * HOUR
    assert period.offset == "UTC+06:00"
    assert period.next.offset == "UTC+05:00"
    assert [tick.label for tick in period.ticks("en")][-1] == "24:00"


@pytest.mark.parametrize(
    ("kind", "text", "first", "after"),
    [
        ("days", "2026-02-28", date(2026, 2, 28), date(2026, 3, 1)),
        ("months", "2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("years", "2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_an_address_names_a_period(kind: str, text: str, first: date, after: date) -> None:
    period = parsed_period(kind, text, "Asia/Almaty")
    assert period is not None
    assert (period.first, period.after, period.segment) == (first, after, text)
    assert period.before.after == first
    assert period.next.first == after
    assert period.ticks("kk")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("days", "2026-02-30"), ("days", "2026-2-3"), ("days", "20260203"), ("days", "٢٠٢٦-٠١-٠١"),
        ("months", "2026-13"), ("months", "2026-01-01"), ("years", "1999"), ("years", "9999"),
        ("years", ""),
    ],
)  # fmt: skip
def test_what_is_no_period_is_none(kind: str, text: str) -> None:
    assert parsed_period(kind, text, "Asia/Almaty") is None
