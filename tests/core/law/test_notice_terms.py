"""The term of each kind of notice, at its edges."""

from __future__ import annotations

import pytest

from streams.core.law.notice_terms import Term, term_of
from streams.core.registry.notice import Notice
from streams.core.time.interval import HOUR, MINUTE, SECOND
from streams.rules.calendar import load_calendar
from tests.core.examples import ALMATY, BIN, local

BEGIN = local("2026-04-01 08:30")


def term(kind: str, start: int = BEGIN, end: int = BEGIN + HOUR, **changes: object) -> Term:
    discovered = changes.pop("discovered", None)
    notice = Notice("n", kind, BIN, "A", start, end, **changes)  # type: ignore[arg-type]
    found = term_of(
        notice,
        zone=ALMATY,
        period=20 * MINUTE,
        calendar=load_calendar("KZ"),
        mark_deadline=24 * HOUR,
        discovered=discovered,  # type: ignore[arg-type]
    )
    assert found is not None
    return found


def test_a_planned_outage_is_told_thirty_calendar_days_before() -> None:
    due = term("PLANNED_OUTAGE").due
    assert due == local("2026-03-03")  # the end of 2 March: 30 days lie between
    assert term("PLANNED_OUTAGE").kept(due)
    assert not term("PLANNED_OUTAGE").kept(due + 1)
    assert term("PLANNED_OUTAGE", local("2026-04-01")).due == due


def test_an_unplanned_one_within_two_hours_of_its_start() -> None:
    assert term("UNPLANNED_OUTAGE").due == BEGIN + 2 * HOUR


@pytest.mark.parametrize(
    ("discovered", "due"),
    [
        (None, "2026-04-04"),  # Wednesday: Thursday and Friday
        (BEGIN + HOUR, "2026-04-04"),
        (local("2026-04-02 00:10"), "2026-04-07"),  # told after midnight: Friday and Monday
        (BEGIN - HOUR, "2026-04-04"),
    ],
)
def test_its_form_1_within_two_working_days(discovered: int | None, due: str) -> None:
    found = term("UNPLANNED_OUTAGE", completes="first", discovered=discovered)
    assert found.due == local(due)


def test_an_exceedance_within_three_working_days() -> None:
    assert term("EXCEEDANCE", parameter="SO2").due == local("2026-04-07")
    friday = local("2026-03-06 12:00")
    assert term("EXCEEDANCE", friday, friday + HOUR).due == local("2026-03-13")


def test_a_mark_a_day_after_the_end_of_each_reading() -> None:
    found = term("MARK", flag="C")
    assert found.due == local("2026-04-02 08:40")
    assert found.last == local("2026-04-02 09:40")
    one = term("MARK", BEGIN, BEGIN + SECOND, flag="C")
    assert one.due == one.last == local("2026-04-02 08:40")


def test_what_only_takes_another_back_has_no_term_of_its_own() -> None:
    notice = Notice("n", "MARK", BIN, "A", withdraws="m")
    assert (
        term_of(notice, zone=ALMATY, period=MINUTE, calendar=load_calendar("KZ"), mark_deadline=0)
        is None
    )
