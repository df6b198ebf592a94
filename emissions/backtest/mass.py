"""The mass and the fines of a set of violations, each tonne counted once (an estimate).

As a case counts it (specification, Cases): on each local day of a source and parameter the mass of
the day's violation, else that of its shorter windows; the mass of a run of more than three hours is
a part of its own, with the higher fine, and is taken off that of the day; mass flow counts on days
without a violation of the concentration; the excess of a year what nothing else of it has counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from streams.core.law.payment import PaymentTable, whole_tenge
from streams.core.records.findings import Article, Violation
from streams.core.time.interval import DAY, HOUR
from streams.core.time.local_clock import to_datetime, zone

NOT_MEASURED: Final = "NOT_MEASURED"
NO_RATE: Final = "NO_RATE"
"""Why a violation is missing in the sum of fines: its mass was not measured, its parameter or its
day has no payment rate."""

_LONG: Final = 3 * HOUR
_CODE: Final = "КоАП"
_PARTS: Final = ("1", "3")


class Cost(NamedTuple):
    """Mass above the limits (t) and the fines for it (₸) of some violations.

    ``tonnes`` is None where the mass of no violation that has one was measured. ``missing`` counts
    what is not in the fines, by reason.
    """

    tonnes: float | None
    kzt: int
    missing: dict[str, int]


class _Counted(NamedTuple):
    """Mass of one part of the article on one day."""

    parameter: str
    day: date
    part: str
    tonnes: Fraction


def cost_of(
    violations: Iterable[Violation], table: PaymentTable, zones: Mapping[str, str], nation: str
) -> Cost:
    """Return the cost of the violations of one enterprise that were not withdrawn.

    ``zones``: the time zone of each source; ``nation`` that of what has none.
    """
    by_source: dict[tuple[str, str], list[Violation]] = defaultdict(list)
    missing: Counter[str] = Counter()
    amount, tonnes, category = Fraction(0), Fraction(0), 0
    for each in violations:
        category = each.category
        where = _offence(each)
        if where is None or each.track == "INSPECTION" or each.deferred_until is not None:
            continue
        if where.article == table.article:
            by_source[each.source_id or "", each.parameter or ""].append(each)
            continue
        day = _day(each.detected_at, zones.get(each.source_id or "", nation))
        fine = table.fixed_fine(where.article or "", where.part, each.business_size, day)
        if fine is None:
            missing[NO_RATE] += 1
        else:
            amount += fine
    for (source, _), some in by_source.items():
        missing[NOT_MEASURED] += sum(each.excess_mass_t is None for each in some)
        for counted in _counted(some, zones.get(source, nation)):
            tonnes += counted.tonnes
            charge = table.charge(counted.parameter, counted.day, category)
            if charge is None:
                missing[NO_RATE] += 1
            else:
                percent = table.percent[counted.part]
                amount += charge.rate * charge.index_kzt * counted.tonnes * percent / 100
    found = {reason: count for reason, count in missing.items() if count}
    unknown = not tonnes and NOT_MEASURED in found
    return Cost(None if unknown else float(tonnes), whole_tenge(amount), found)


def _offence(violation: Violation) -> Article | None:
    """Return the article of the code of offences, which a fine goes by."""
    return next((each for each in violation.legal_basis if each.act.startswith(_CODE)), None)


def _counted(violations: Iterable[Violation], clock: str) -> Iterable[_Counted]:
    """Count the mass of one source and parameter by day and part."""
    runs: list[tuple[int, int]] = []
    of_runs: dict[date, Fraction] = defaultdict(Fraction)
    of_days: dict[date, Fraction] = defaultdict(Fraction)
    windows: dict[date, dict[str, list[Violation]]] = defaultdict(lambda: defaultdict(list))
    flows: dict[date, Fraction] = defaultdict(Fraction)
    years: list[Violation] = []
    parameter = ""
    for each in violations:
        if each.excess_mass_t is None:
            continue
        parameter, mass = each.parameter or "", Fraction(each.excess_mass_t)
        end = each.end or each.detected_at
        place = _offence(each)
        if each.unit == "t" or each.unit == "t/a":
            years.append(each)
        elif place is not None and place.part == "3":
            runs.append((each.start, end))
            for day, share in _by_day(each.start, end, clock):
                of_runs[day] += mass * share
        elif each.unit == "g/s":
            day = _day(each.start, clock)
            flows[day] = flows[day] + mass
        elif end - each.start > DAY - _LONG:
            day = _day(each.start, clock)
            of_days[day] = max(of_days[day], mass)
        else:
            windows[_day(each.start, clock)][each.rule].append(each)
    total = Fraction(0)
    for day in sorted({*of_runs, *of_days, *windows, *flows}):
        run = of_runs.get(day, Fraction(0))
        if day in of_days:
            first = max(of_days[day] - run, Fraction(0))
        elif day in windows:
            first = max(_outside(some, runs) for some in windows[day].values())
        else:
            first = Fraction(0) if day in of_runs else flows[day]
        total += first + run
        for part, mass in zip(_PARTS, (first, run), strict=True):
            if mass:
                yield _Counted(parameter, day, part, mass)
    for each in years:
        rest = Fraction(each.excess_mass_t or 0) - total
        if rest > 0:
            yield _Counted(parameter, _day(each.detected_at, clock), "1", rest)


def _outside(windows: Iterable[Violation], runs: Iterable[tuple[int, int]]) -> Fraction:
    """Sum the windows that do not lie wholly in a run, which has their mass."""
    spans = list(runs)
    return sum(
        (
            Fraction(each.excess_mass_t or 0)
            for each in windows
            if not any(start <= each.start and (each.end or 0) <= end for start, end in spans)
        ),
        Fraction(0),
    )


def _by_day(start: int, end: int, clock: str) -> Iterable[tuple[date, Fraction]]:
    """Split an interval by local days; yields each day and its share of the time."""
    at = start
    while at < end:
        day = _day(at, clock)
        until = at
        while until < end and _day(until, clock) == day:
            until = min(end, until + HOUR // 2)
        yield day, Fraction(until - at, end - start)
        at = until


def _day(instant: int, clock: str) -> date:
    return to_datetime(instant).astimezone(zone(clock)).date()
