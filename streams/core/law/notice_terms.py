"""The terms in which an operator must tell of outages, exceedances and marks.

Order 208 n. 24: a planned outage at least 30 calendar days before, an unplanned one within 2 hours
by any means and on form 1 within 2 working days; n. 27: an exceedance on form 2 within 3 working
days. A mark has ``mark_deadline`` from the end of each reading it touches (policy). Days are local
and counted as `streams.core.law.calendar` says: a term of days ends with its last day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from streams.core.law.calendar import WorkCalendar
from streams.core.registry.notice import EXCEEDANCE, MARK, PLANNED_OUTAGE, Notice
from streams.core.time.interval import HOUR
from streams.core.time.local_clock import clock, midnight

PLANNED_DAYS: Final = 30
UNPLANNED: Final = 2 * HOUR
FORM_1_DAYS: Final = 2
FORM_2_DAYS: Final = 3


class Term(NamedTuple):
    """A term: its last instant (ms), in words, and where it stands.

    ``last`` is the last instant of a mark's term: that of the last reading that it touches.
    """

    due: int
    text: str
    basis: str
    last: int

    def kept(self, arrival: int) -> bool:
        """Tell whether something that arrived then arrived in the term."""
        return arrival <= self.due


def term_of(
    notice: Notice,
    *,
    zone: str,
    period: int,
    calendar: WorkCalendar,
    mark_deadline: int,
    discovered: int | None = None,
) -> Term | None:
    """Return the term of a notice, None where it only takes another back.

    ``zone`` and ``period`` (ms) are those of its source. ``discovered`` is the arrival of the
    notice that a form 1 completes: an outage was discovered by then.
    """
    interval = notice.interval
    if interval is None:
        return None
    start, end = interval
    if notice.kind == MARK:
        first = (start // period + 1) * period + mark_deadline
        last = -(-end // period) * period + mark_deadline
        hours = mark_deadline / HOUR
        return Term(first, f"{hours:g} h after the end of each reading it touches", "policy", last)
    if notice.kind == EXCEEDANCE:
        due = working_days_after(end, FORM_2_DAYS, zone, calendar)
        return Term(due, "3 working days after it", "Order 208 n. 27", due)
    if notice.kind == PLANNED_OUTAGE:
        last_day = clock(zone).date(start) - timedelta(days=PLANNED_DAYS - 1)
        due = midnight(zone, last_day)
        return Term(due, "30 calendar days before its start", "Order 208 n. 24", due)
    if notice.completes is not None:
        since = start if discovered is None else max(start, discovered)
        due = working_days_after(since, FORM_1_DAYS, zone, calendar)
        return Term(due, "2 working days after its discovery", "Order 208 n. 24", due)
    due = start + UNPLANNED
    return Term(due, "2 h after its start", "Order 208 n. 24", due)


def working_days_after(event: int, count: int, zone: str, calendar: WorkCalendar) -> int:
    """Return the end of a term of working days after an event: the midnight after the last one."""
    day = calendar.nth_working_day(clock(zone).date(event), count)
    return midnight(zone, day + timedelta(days=1))
