"""Counts the terms of the law on a calendar of official days, as КоАП art. 739 counts them.

The day of the event is not counted; a day runs from 00:00 to 24:00 of local time, so a term of days
ends at the midnight that ends its last day. Which days are off is data, with its source
(`streams.rules.calendar`); a year without data has Saturdays and Sundays off.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

_DAY = timedelta(days=1)


class WorkCalendar(msgspec.Struct, frozen=True):
    """The days of a country that are no working days.

    ``rest`` are the ISO numbers of the weekly days of rest; ``off`` the other days off; ``worked``
    the days of rest that are worked, because a decree moved them.
    """

    rest: frozenset[int] = frozenset({6, 7})
    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        """Tell whether a day is worked."""
        return day not in self.off and (day.isoweekday() not in self.rest or day in self.worked)

    def nth_working_day(self, event: date, count: int) -> date:
        """Return the last day of a term of ``count`` working days after the day of an event."""
        day = event
        while count > 0:
            day += _DAY
            count -= self.is_working(day)
        return day

    def working_days(self, day: date, last: date) -> int:
        """Count the working days after ``day`` up to ``last``; negative: those since ``last``."""
        if last < day:
            return -self.working_days(last, day)
        weeks, more = divmod((last - day).days, 7)
        worked = weeks * (7 - len(self.rest)) + sum(
            (day + number * _DAY).isoweekday() not in self.rest for number in range(1, more + 1)
        )
        worked += sum(day < each <= last and each.isoweekday() in self.rest for each in self.worked)
        return worked - sum(
            day < each <= last and (each.isoweekday() not in self.rest or each in self.worked)
            for each in self.off
        )

    def moved_to_work(self, day: date) -> date:
        """Return the first working day from ``day`` on: where a term of months or years ends."""
        while not self.is_working(day):
            day += _DAY
        return day


WEEKENDS = WorkCalendar()
"""Saturdays and Sundays off, and no other day."""
