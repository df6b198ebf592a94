"""Takes from a case and its measures what its publication depends on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from emissions.publication.record import CaseFacts, CaseMeasure, Delivery
from streams.core.cases.dates import APPEAL_DAYS, DECIDED_DAYS
from streams.core.law.calendar import WorkCalendar
from streams.core.records.case import AdministrativeCase
from streams.core.registry.measure import APPEALED, Measure
from streams.core.time.local_clock import clock


def case_facts(
    case: AdministrativeCase, measures: Iterable[Measure], zone: str, calendar: WorkCalendar
) -> CaseFacts:
    """Return the facts of a case; measures on another case or operator do not count.

    What holds a name back counts by its case alone: a mistyped БИН must not name anybody.
    ``zone`` (IANA) is the clock of its source, ``calendar`` that of official days.
    """
    appeal_until = case.due.get("appeal_until")
    return CaseFacts(
        state=case.state,
        track=case.track,
        act=case.act,
        bin=case.bin,
        appeal_until=None if appeal_until is None else date.fromisoformat(appeal_until),
        measures=tuple(
            _measure(each, zone, calendar)
            for each in measures
            if each.case_id == case.id and (each.bin == case.bin or _holds_back(each))
        ),
    )


def delivery_on(day: date, calendar: WorkCalendar) -> Delivery:
    """Return a delivery on a local day with its terms (КоАП 739, 817, 821, 826-2)."""
    return Delivery(
        day,
        calendar.nth_working_day(day, APPEAL_DAYS),
        calendar.nth_working_day(day, DECIDED_DAYS),
    )


def _holds_back(measure: Measure) -> bool:
    """Tell whether a measure can only hold a name back: an appeal, or what was overturned."""
    return measure.kind == APPEALED or measure.overturned_on is not None


def _measure(measure: Measure, zone: str, calendar: WorkCalendar) -> CaseMeasure:
    at = measure.delivered_at
    return CaseMeasure(
        measure.kind,
        measure.imposed_on,
        measure.overturned_on,
        measure.amount_kzt,
        None if at is None else delivery_on(clock(zone).date(at), calendar),
    )
