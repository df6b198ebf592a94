"""What an inspector takes first, and what a budget leaves for another day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.cases.work import (
    URGENT_DAYS,
    WorkItem,
    rank,
    running_terms,
    share_out,
    waits_for_a_person,
    weight_of,
)
from streams.core.law.calendar import WEEKENDS

FRIDAY = date(2026, 5, 8)
DUE = {
    "prescription_by": "2026-05-20",
    "decided_on": None,
    "limitation_detection": "2026-07-01",
}


def item(name: str, *due: str, weight: int = 1, detected_at: int = 0) -> WorkItem:
    terms = tuple(sorted((date.fromisoformat(day), f"term-{day}") for day in due))
    return WorkItem(name, "KZ-55", weight, detected_at, terms)


def order(*items: WorkItem) -> list[str]:
    return [each.item.id for each in rank(items, FRIDAY, WEEKENDS)]


@pytest.mark.parametrize(
    ("state", "track", "delivered", "waits"),
    [
        ("OPEN", "PRESCRIPTION", None, False),
        ("OPEN", "COURT", None, True),
        ("OPEN", "INSPECTION", None, True),
        ("REVIEW", "PRESCRIPTION", None, True),
        ("REVIEW", "PRESCRIPTION", 5, False),
        ("DEFERRED", "PRESCRIPTION", None, False),
        ("CLOSED", "COURT", None, False),
    ],
)
def test_who_must_act(state: str, track: str, delivered: int | None, waits: bool) -> None:
    assert waits_for_a_person(state, track, delivered) == waits


def test_a_delivered_paper_has_kept_the_term_of_the_official() -> None:
    assert running_terms(DUE, None)[0] == (date(2026, 5, 20), "prescription_by")
    assert running_terms(DUE, 7) == ((date(2026, 7, 1), "limitation_detection"),)


def test_what_is_urgent_goes_before_what_is_heavy_and_that_before_what_is_near() -> None:
    assert weight_of("COURT", "3") > weight_of("PRESCRIPTION", "2") > weight_of("PRESCRIPTION", "1")
    assert weight_of("PRESCRIPTION", None) > weight_of("INSPECTION", None)
    # The next working day after a Friday is Monday the 11th.
    assert order(
        item("near", "2026-05-12"),
        item("court", "2026-05-20", weight=3),
        item("monday", "2026-05-11", weight=0),
        item("far", "2026-05-13"),
    ) == ["monday", "court", "near", "far"]


def test_what_missed_its_term_comes_later_and_counts_by_its_next_date() -> None:
    missed = item("missed", "2026-05-07", "2026-07-01", weight=3)
    assert order(missed, item("in time", "2026-05-20", weight=0)) == ["in time", "missed"]
    (found,) = rank([missed], FRIDAY, WEEKENDS)
    assert (found.due_on, found.missed) == (date(2026, 7, 1), ("term-2026-05-07",))
    last = item("last", "2026-05-07", "2026-05-11")
    lost = item("lost", "2026-05-07")
    assert order(lost, missed, last) == ["last", "missed", "lost"]
    assert rank([lost], FRIDAY, WEEKENDS)[0].days_left is None


def test_the_older_goes_first_and_then_the_id() -> None:
    assert order(
        item("b", "2026-05-20", detected_at=1),
        item("c", "2026-05-20"),
        item("a", "2026-05-20", detected_at=1),
    ) == ["c", "a", "b"]


days = st.dates(date(2026, 4, 1), date(2026, 7, 31)).map(date.isoformat)
items = st.builds(
    lambda name, due, weight, at: item(str(name), *due, weight=weight, detected_at=at),
    st.uuids(),
    st.lists(days, max_size=3, unique=True),
    st.integers(0, 3),
    st.integers(0, 5),
)


@given(st.lists(items, max_size=12, unique_by=lambda each: each.id), st.randoms(), st.integers(1))
def test_the_order_is_one_and_the_budget_loses_nothing(
    found: list[WorkItem], chance: object, budget: int
) -> None:
    ranked = rank(found, FRIDAY, WEEKENDS)
    chance.shuffle(found)  # type: ignore[attr-defined]
    assert rank(found, FRIDAY, WEEKENDS) == ranked
    taken, waiting = share_out(ranked, budget)
    assert taken + waiting == ranked
    assert len(taken) <= budget
    urgent = [(left := each.days_left) is not None and left <= URGENT_DAYS for each in ranked]
    assert urgent == sorted(urgent, reverse=True)
