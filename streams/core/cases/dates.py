"""Computes the dates of a case: the last local day of each term (КоАП 739).

A term of сутки counts working days; one of months or years ends on its date, and the two
limitations are not moved off a day off. What depends on delivery is None until it is told.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from streams.core.law.calendar import WorkCalendar

PRESCRIPTION_DAYS: Final = 10  # КоАП 822-1
PROTOCOL_DAYS: Final = 3  # 806, part 6
LETTER_DAYS: Final = 10  # EC 174
HALF_FINE_DAYS: Final = 7  # 811
DECIDED_DAYS: Final = 15  # 817, 821
APPEAL_DAYS: Final = 10
LIMITATION_MONTHS: Final = 2  # 62
LIMITATION_YEARS: Final = 3  # 62


def dates_of(
    *,
    track: str,
    act: str,
    article: str,
    detected: date | None,
    delivered: date | None,
    began: date | None,
    calendar: WorkCalendar,
) -> dict[str, str | None]:
    """Return the last day of each term by its name.

    ``detected`` None: a road map defers the case, and no term runs; ``began`` None: the violation
    continues.
    """
    found: dict[str, date | None] = {
        "prescription_by": None,
        "protocol_by": None,
        "letter_by": None,
        "half_fine_until": None,
        "decided_on": None,
        "appeal_until": None,
        "limitation_detection": None,
        "limitation_act": None,
    }
    if detected is None:
        return dict.fromkeys(found)
    found["limitation_detection"] = months_after(detected, LIMITATION_MONTHS)
    if track == "PRESCRIPTION":
        found["prescription_by"] = calendar.nth_working_day(detected, PRESCRIPTION_DAYS)
    elif track == "COURT":
        found["protocol_by"] = calendar.nth_working_day(detected, PROTOCOL_DAYS)
    elif track == "INSPECTION":
        found["letter_by"] = calendar.nth_working_day(detected, LETTER_DAYS)
    if delivered is not None and act == "KoAP":
        if article != "328":
            found["half_fine_until"] = calendar.nth_working_day(delivered, HALF_FINE_DAYS)
        found["decided_on"] = calendar.nth_working_day(delivered, DECIDED_DAYS)
        found["appeal_until"] = calendar.nth_working_day(delivered, APPEAL_DAYS)
    if began is not None:
        found["limitation_act"] = months_after(began, 12 * LIMITATION_YEARS)
    return {name: None if day is None else day.isoformat() for name, day in found.items()}


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or earlier; the month's last where it has none."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    for number in range(day.day, day.day - 4, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
