"""Ranks the cases that wait for a person: what an inspector takes first on a day, within a budget.

A case waits for a person while its paper was not delivered and an official must act: it is to be
reviewed, goes to the court (КоАП 803), or is a ground for a letter or a visit (Ecological Code 174,
Order 208 n. 26). A prescription in which everything was automatic is formed without one (822-1).

The order: first what must be done by the next working day, then by legal weight, distance to the
deadline and age. What has missed its first term comes after what can still be in time, and counts
by the next date that it has. So a budget that is too small misses light cases before heavy ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from streams.core.law.calendar import WorkCalendar
from streams.core.records.case import OPEN, REVIEW

URGENT_DAYS: Final = 1
"""A term that ends within so many working days goes before all others."""

OFFICIAL_TERMS: Final = ("prescription_by", "protocol_by", "letter_by")
"""Terms that an official must keep; they are kept once the paper is delivered."""

_WEIGHTS: Final = {"COURT": 3, "PRESCRIPTION": 1, "INSPECTION": 0}


class WorkItem(NamedTuple):
    """What a case asks of an inspector: ``detected_at`` is ms UTC, ``due`` the terms that run."""

    id: str
    region: str
    weight: int
    detected_at: int
    due: tuple[tuple[date, str], ...]

    @property
    def first_due(self) -> date | None:
        """The last day of its first term, missed or not."""
        return self.due[0][0] if self.due else None


class RankedItem(NamedTuple):
    """An item on a day: its next term, the working days left to it, the terms that were missed.

    ``days_left`` None: no date of it is left.
    """

    item: WorkItem
    term: str | None
    due_on: date | None
    days_left: int | None
    missed: tuple[str, ...]


def running_terms(
    due: Mapping[str, str | None], delivered_at: int | None
) -> tuple[tuple[date, str], ...]:
    """Return last day and name of the terms that run, the earliest first."""
    return tuple(
        sorted(
            (date.fromisoformat(day), term)
            for term, day in due.items()
            if day is not None and (delivered_at is None or term not in OFFICIAL_TERMS)
        )
    )


def waits_for_a_person(state: str, track: str, delivered_at: int | None) -> bool:
    """Tell whether an official must act on a case."""
    if delivered_at is not None:
        return False
    return state == REVIEW or (state == OPEN and track != "PRESCRIPTION")


def weight_of(track: str, part: str | None) -> int:
    """Return the legal weight: the court before a repeated violation, a fine before a letter."""
    return _WEIGHTS.get(track, 0) + (track == "PRESCRIPTION" and part == "2")


def rank(items: Iterable[WorkItem], today: date, calendar: WorkCalendar) -> list[RankedItem]:
    """Put items into the order in which a person takes them on a local day."""
    return sorted((_ranked(item, today, calendar) for item in items), key=_key)


def share_out(
    ranked: Sequence[RankedItem], budget: int
) -> tuple[list[RankedItem], list[RankedItem]]:
    """Return what ``budget`` items allow today, and what waits."""
    return list(ranked[:budget]), list(ranked[budget:])


def _ranked(item: WorkItem, today: date, calendar: WorkCalendar) -> RankedItem:
    missed = tuple(term for day, term in item.due if day < today)
    ahead = item.due[len(missed) :]
    if not ahead:
        return RankedItem(item, None, None, None, missed)
    due_on, term = ahead[0]
    return RankedItem(item, term, due_on, calendar.working_days(today, due_on), missed)


def _key(ranked: RankedItem) -> tuple[int, int, int, int, str]:
    left = ranked.days_left
    if left is None:
        group, left = 3, 0
    elif left <= URGENT_DAYS:
        group = 0
    else:
        group = 2 if ranked.missed else 1
    item = ranked.item
    return group, -item.weight, left, item.detected_at, item.id
