"""Counts the mass of each calendar year of a source, by hours that have closed.

EC art. 202 p. 7: the mass since 1 January, local time, against a limit in t/a. All of the year
counts, whatever day its limit began, as of the close of the last hour with a valid reading in
which a limit was in force. An hour remembers what was counted of it, so that counting it again,
for a late reading, costs no more than the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from operator import itemgetter
from typing import Final

from streams.core.quality.conflict import contested_time
from streams.core.sources.series import ANNUAL_MASS
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.state.source_state import SourceState
from streams.core.state.year_mass import YearPrefix, YearTotal
from streams.core.time.interval import BEGINNING, HOUR, Interval
from streams.core.windows.aggregate import SlotAggregate, aggregate
from streams.core.windows.mass import NO_MASS, Mass
from streams.core.windows.mean import Window
from streams.core.windows.slot import Hour
from streams.core.windows.slot_masses import Reports, masses_of

_HOUR_S: Final = 3600
_NO_PREFIX: Final = YearPrefix()


def year_of(entry: SourceEntry, instant: int) -> int:
    """Return the local calendar year of an instant (ms)."""
    return entry.clock.date(instant).year


def year_span(entry: SourceEntry, year: int) -> Interval:
    """Return the local midnights (ms) at which a calendar year begins and ends."""
    return entry.midnight(date(year, 1, 1)), entry.midnight(date(year + 1, 1, 1))


def total_key(year: int, parameter: str) -> str:
    """Return the key of a total in the state of a source."""
    return f"{year}|{parameter}"


def totals_of(state: SourceState, parameter: str) -> Iterator[tuple[int, YearTotal]]:
    """Yield the totals of a parameter by their year, in order of time."""
    found = []
    for key, total in state.year_totals.items():
        year, _, name = key.partition("|")
        if name == parameter:
            found.append((int(year), total))
    yield from sorted(found, key=lambda item: item[0])


def noticed_in(state: SourceState) -> set[str]:
    """Return the parameters of which a share of a limit in t/a was reported."""
    if not state.year_totals:
        return set()
    return {key.partition("|")[2] for key, total in state.year_totals.items() if total.notices}


def count_hour(
    entry: SourceEntry, state: SourceState, hours: Hours, window: Window
) -> list[tuple[str, YearTotal]]:
    """Count an hour that has closed, or that has changed since; hours close in order of time.

    Returns the parameters with a limit in t/a, and the totals of the year that may have changed.
    """
    if not entry.annual and not state.years:
        return []
    year = year_of(entry, window.start)
    sealed = state.years.get(year, _NO_PREFIX)
    if window.start < sealed.latest_until:
        sealed.latest_until = BEGINNING
    since, _ = year_span(entry, year)
    counter = _HourCounter(hours, since, entry.reports)
    found = []
    for parameter in entry.annual:
        key = total_key(year, parameter)
        total = state.year_totals.get(key)
        if total is not None and window.start < total.until:
            if window.start < sealed.until:
                continue  # final
            total.mass += counter.count(parameter, window.start, window.end, total.until)
        else:
            limit = entry.limit(parameter, ANNUAL_MASS, window.start)
            if limit is None or not counter.measured(parameter, window.start, window.end):
                continue
            if total is None:
                total = YearTotal(BEGINNING, NO_MASS, limit.value)
                state.year_totals[key] = total
            if total.until < sealed.until or total.until == BEGINNING:
                total.mass = sealed.masses.get(parameter, NO_MASS)
                begin = max(since, sealed.until)
                total.mass += counter.count_anew(parameter, begin, window.end)
            else:
                total.mass += counter.count(parameter, total.until, window.end, window.end)
            total.until, total.limit = window.end, limit.value
            total.interval_pct = limit.confidence_interval_pct
        found.append((parameter, total))
    return found


class _HourCounter:
    """Counts the hours of one source, and remembers in each what was counted of it."""

    def __init__(self, hours: Hours, since: int, reports: Reports) -> None:
        """Count nothing that began before ``since`` (ms)."""
        self._reports = reports
        self._hours = hours
        self._since = since
        self._spans: dict[tuple[int, int], list[tuple[int, Hour]]] = {}
        self._masses: dict[tuple[int, int], dict[str, Mass]] = {}

    def count(self, parameter: str, start: int, end: int, until: int) -> Mass:
        """Return what the hours in ``[start, end)`` add to what was counted of them.

        Of an hour that the clock of another registration has cut counts what is before ``until``.
        """
        added = NO_MASS
        for at, hour in self._in(start, end):
            mass = self._mass(at, hour, until).get(parameter, NO_MASS)
            before = hour.counted.get(parameter, NO_MASS)
            if mass != before:
                self._hours.for_update(at).counted[parameter] = mass
                added += mass - before
        return added

    def count_anew(self, parameter: str, start: int, until: int) -> Mass:
        """Return the mass of the hours in ``[start, until)``, whatever was counted of them."""
        total = NO_MASS
        for at, hour in self._in(start, until):
            mass = self._mass(at, hour, until).get(parameter, NO_MASS)
            if mass != hour.counted.get(parameter, NO_MASS):
                self._hours.for_update(at).counted[parameter] = mass
            total += mass
        return total

    def measured(self, parameter: str, start: int, end: int) -> bool:
        """Tell whether an hour in ``[start, end)`` has a valid mass flow."""
        return any(parameter in self._mass(at, hour, end) for at, hour in self._in(start, end))

    def _in(self, start: int, end: int) -> list[tuple[int, Hour]]:
        """List the hours with a slot in ``[start, end)``."""
        known = self._spans.get((start, end))
        if known is None:
            known = self._spans[start, end] = [
                (at, hour)
                for at, hour in self._hours.between(start, end)
                if any(start <= slot < end for slot in hour.slots)
            ]
        return known

    def _mass(self, at: int, hour: Hour, until: int) -> dict[str, Mass]:
        known = self._masses.get((at, until))
        if known is None:
            slots = [slot for start, slot in hour.slots.items() if self._since <= start < until]
            known = self._masses[at, until] = masses_of(slots, self._reports)
        return known


def messages_of(
    entry: SourceEntry, state: SourceState, hours: Hours, year: int, until: int
) -> SlotAggregate:
    """Return the evidence of a year: all messages of its hours before ``until`` (ms).

    ``until`` never goes back. What was returned is kept, so that what follows only adds to it.
    """
    prefix = state.years.get(year)
    if prefix is None:
        prefix = state.years[year] = YearPrefix()
    begin = prefix.latest_until
    if begin == BEGINNING or begin < prefix.until:
        prefix.latest = deepcopy(prefix.messages)
        begin = max(year_span(entry, year)[0], prefix.until)
    if begin < until:
        aggregate(prefix.latest, hours.slots_in(begin, until), "", _HOUR_S, "")
    prefix.latest_until = max(begin, until)
    return prefix.latest


def contested_in(entry: SourceEntry, state: SourceState, year: int, until: int) -> int:
    """Total the time (ms) before ``until`` in which readings of a year contradict each other."""
    prefix = state.years.get(year, _NO_PREFIX)
    begin = max(year_span(entry, year)[0], prefix.until)
    return prefix.contested + contested_time(state.conflicts, begin, until)


def seal_hours(entry: SourceEntry, state: SourceState, hours: Hours, until: int) -> None:
    """Add the hours before ``until`` (ms), which are about to be dropped, to their year.

    Also without a limit in t/a: one may be registered later, and all of its year counts.
    """
    old = hours.starts_before(until)
    for start, hour in hours.between(old[0], until) if old else ():
        if start not in old:
            continue
        slots = [slot for _, slot in sorted(hour.slots.items(), key=itemgetter(0))]
        masses, year = masses_of(slots, entry.reports) | hour.counted, year_of(entry, start)
        prefix = state.years.get(year)
        if prefix is None:
            if not masses and not entry.annual:
                continue
            prefix = state.years[year] = YearPrefix()
        for parameter, mass in masses.items():
            prefix.masses[parameter] = prefix.masses.get(parameter, NO_MASS) + mass
        aggregate(prefix.messages, slots, "", _HOUR_S, "")
        prefix.until = entry.clock.end(start, HOUR)
        prefix.contested += contested_time(state.conflicts, start, prefix.until)


def forget_years(entry: SourceEntry, state: SourceState, bound: int) -> bool:
    """Drop the years that ended before ``bound`` (ms); returns whether there was one."""
    years = {*state.years, *(int(key.partition("|")[0]) for key in state.year_totals)}
    over = {year for year in years if year_span(entry, year)[1] < bound}
    for key in [key for key in state.year_totals if int(key.partition("|")[0]) in over]:
        del state.year_totals[key]
    for year in over:
        state.years.pop(year, None)
    return bool(over)
