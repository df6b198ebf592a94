"""Counts the mass above the limits of cases, each tonne in one of them (specification 12).

For each local day and parameter: the mass of the day's violation, else that of its half hours. The
mass of a run of more than three hours is the run's own case's, and is taken off that of the day;
of a run over several days each has the share of its time. Mass flow in g/s counts on days without
a violation of the concentration; a year what no other case has counted. Sums are exact fractions
of the published doubles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from streams.core.cases.rules import DAY_MEAN, HALF_HOUR, LONG_RUN, MASS_FLOW, YEAR
from streams.core.cases.state import Case, Fact
from streams.core.time.local_clock import clock


class Mass(NamedTuple):
    """The mass of one parameter that a case counts, t by local day.

    ``complete`` False: a part of it was not measured, and is not in it.
    """

    days: Mapping[date, Fraction]
    complete: bool

    @property
    def tonnes(self) -> Fraction:
        """The measured sum, t."""
        return sum(self.days.values(), Fraction(0))


Masses = dict[str, Mass]
"""Mass by parameter."""

COUNTED: Final = (DAY_MEAN, HALF_HOUR, LONG_RUN, MASS_FLOW)
"""Rules whose violations have a mass that no other case counts."""


def of_years(cases: Iterable[Case], others: Iterable[Masses], zone: str) -> dict[str, Masses]:
    """Return the mass of the cases on a year; ``others`` are those of all cases without it."""
    counted: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for by_parameter in others:
        for parameter, mass in by_parameter.items():
            for day, tonnes in mass.days.items():
                counted[parameter, day.year] += tonnes
    found: dict[str, Masses] = {}
    for case in cases:
        for fact in case.standing:
            if fact.rule == YEAR and fact.parameter is not None:
                found.setdefault(case.id, {})[fact.parameter] = _of_year(fact, counted, zone)
    return found


def masses_of(case: Case, everything: Iterable[Fact], zone: str) -> Masses:
    """Return the mass of a case, but for that of a year.

    ``everything``: all violations that share a local day with one of the case.
    """
    by_parameter: dict[str, list[Fact]] = defaultdict(list)
    for fact in case.standing:
        if fact.parameter is not None and fact.rule in COUNTED:
            by_parameter[fact.parameter].append(fact)
    if not by_parameter:
        return {}
    everything = [each for each in everything if each.stands]
    return {
        parameter: _of_parameter(
            facts, [each for each in everything if each.parameter == parameter], zone
        )
        for parameter, facts in sorted(by_parameter.items())
    }


def _of_year(fact: Fact, others: Mapping[tuple[str, int], Fraction], zone: str) -> Mass:
    first = clock(zone).date(fact.start)
    if fact.excess_mass_t is None:
        return Mass({}, complete=False)
    rest = Fraction(fact.excess_mass_t) - others.get((fact.parameter or "", first.year), 0)
    return Mass({first: max(rest, Fraction(0))}, complete=True)


def _of_parameter(facts: Collection[Fact], everything: Collection[Fact], zone: str) -> Mass:
    days: dict[date, Fraction] = defaultdict(Fraction)
    complete = True
    local = clock(zone)
    judged = {local.date(each.start) for each in everything if each.rule == DAY_MEAN}
    runs, unmeasured = _of_runs((each for each in everything if each.rule == LONG_RUN), zone)
    concentrations = {
        day
        for each in everything
        if each.rule in (DAY_MEAN, HALF_HOUR, LONG_RUN)
        for day, _ in shares(each, zone)
    }
    for fact in facts:
        day = local.date(fact.start)
        if fact.rule == LONG_RUN:
            if fact.excess_mass_t is None:
                complete = False
                continue
            for each, share in shares(fact, zone):
                days[each] += Fraction(fact.excess_mass_t) * share
            continue
        if fact.rule == HALF_HOUR and day in judged:
            continue
        if fact.rule == MASS_FLOW and day in concentrations:
            continue
        if fact.excess_mass_t is None or (fact.rule == DAY_MEAN and day in unmeasured):
            complete = False
            continue
        tonnes = Fraction(fact.excess_mass_t)
        if fact.rule == DAY_MEAN:
            tonnes = max(tonnes - runs.get(day, Fraction(0)), Fraction(0))
        days[day] += tonnes
    return Mass(dict(sorted(days.items())), complete)


def _of_runs(runs: Iterable[Fact], zone: str) -> tuple[dict[date, Fraction], set[date]]:
    """Return the mass of runs by local day, and the days of runs that were not measured."""
    found: dict[date, Fraction] = defaultdict(Fraction)
    unmeasured: set[date] = set()
    for run in runs:
        for day, share in shares(run, zone):
            if run.excess_mass_t is None:
                unmeasured.add(day)
            else:
                found[day] += Fraction(run.excess_mass_t) * share
    return found, unmeasured


def shares(fact: Fact, zone: str) -> list[tuple[date, Fraction]]:
    """Split a violation by local days: each day and its share of the time."""
    end = fact.start if fact.end is None else fact.end
    local = clock(zone)
    found, at = [], fact.start
    while at < end:
        until = min(end, local.day(at)[1])
        found.append((local.date(at), Fraction(until - at, end - fact.start)))
        at = until
    return found
