"""Finds the cases of a subject that a change can touch, so that a step costs what it changes.

Everything here follows from the state of the subject and is never saved. What a case says depends
on the violations that share a local day with its own; a case on a year depends on all of the year.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from streams.core.cases.mass import Masses, masses_of, of_years
from streams.core.cases.rules import OUTAGE, YEAR
from streams.core.cases.state import Case, CaseState, Fact
from streams.core.time.interval import BEGINNING, DAY, FOREVER, HOUR, Interval

_BESIDE: Final = DAY + 2 * HOUR
"""A violation reaches as far as the ends of the local days that it touches, whatever the clock."""


def span_of(facts: Iterable[Fact]) -> Interval:
    """Return from when to when violations last (ms); an empty span for none."""
    first, last = FOREVER, BEGINNING
    for each in facts:
        first = min(first, each.start)
        last = max(last, FOREVER if each.end is None else each.end)
    return first, last


class CaseIndex:
    """Knows where each violation of a subject is, and from when to when each case lasts."""

    def __init__(self, state: CaseState) -> None:
        self._state = state
        self._case_of: dict[str, Case] = {}
        self._spans: dict[str, Interval] = {}
        self._plain: dict[str, Masses] = {}
        self.outages: dict[str, Case] = {}
        self._years: dict[str, Case] = {}
        for case in state.cases.values():
            self.put(case)

    def put(self, case: Case) -> None:
        """Take over a case that is new, or has other violations than before."""
        for facts in (case.facts, case.absorbed):
            for identity in facts:
                self._case_of[identity] = case
        self._spans[case.id] = span_of([*case.facts.values(), *case.absorbed.values()])
        if any(each.rule == OUTAGE for each in case.facts.values()):
            self.outages[case.id] = case
        if any(each.rule == YEAR for each in case.facts.values()):
            self._years[case.id] = case

    def release(self, fact: Fact) -> None:
        """Note that a violation is of no case any more."""
        self._case_of.pop(fact.id, None)

    def drop(self, case: Case) -> None:
        """Forget a case."""
        for facts in (case.facts, case.absorbed):
            for identity in facts:
                self._case_of.pop(identity, None)
        for known in (self._spans, self._plain, self.outages, self._years):
            known.pop(case.id, None)

    def find(self, identity: str) -> tuple[dict[str, Fact], Case | None] | None:
        """Return where a violation is kept, and the case that has it; None: it is unknown."""
        if identity in self._state.loose:
            return self._state.loose, None
        case = self._case_of.get(identity)
        if case is None:
            return None
        return (case.facts if identity in case.facts else case.absorbed), case

    def span(self, case: Case) -> Interval:
        """Return from when to when the violations of a case last (ms)."""
        return self._spans[case.id]

    def near(self, span: Interval) -> list[Case]:
        """List the cases with a violation that may share a local day with ``span``."""
        first, last = span[0] - _BESIDE, span[1] + _BESIDE
        return [
            case
            for case in self._state.cases.values()
            if self._spans[case.id][0] < last and first < self._spans[case.id][1]
        ]

    def touched_by(self, spans: Collection[Interval]) -> list[Case]:
        """List the cases that may say something else after a change in these spans."""
        found = {case.id: case for span in spans for case in self.near(span)}
        if found or spans:
            found |= self._years
        return list(found.values())

    def facts_near(self, span: Interval) -> list[Fact]:
        """List the violations, of cases and of none, that may share a local day with ``span``."""
        found = list(self._state.loose.values())
        for case in self.near(span):
            found += case.facts.values()
            found += case.absorbed.values()
        return found

    def masses(self, cases: Collection[Case], zone: str) -> dict[str, Masses]:
        """Return the mass above the limits of cases that have opened, by the id of the case."""
        found = {}
        for case in cases:
            if case.opened_at is None:
                self._plain.pop(case.id, None)
                continue
            self._plain[case.id] = self._of_case(case, zone)
            found[case.id] = self._plain[case.id]
        years = [each for each in cases if each.id in self._years and each.opened_at is not None]
        if not years:
            return found
        for case in self._state.cases.values():
            if case.opened_at is not None and case.id not in self._plain:
                self._plain[case.id] = self._of_case(case, zone)
        return found | of_years(years, self._plain.values(), zone)

    def _of_case(self, case: Case, zone: str) -> Masses:
        return masses_of(case, self.facts_near(self._spans[case.id]), zone)
