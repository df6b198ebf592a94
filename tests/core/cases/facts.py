"""Violations by hand, and the log of their revisions as the cases of a subject see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streams.core.cases.builder import Step, advance
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.scene import CasePolicy, CaseScene, CaseSubject, PendingMark
from streams.core.cases.state import CaseState
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation, violation_id
from streams.core.registry.measure import Measure
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.calendar import load_calendar
from streams.rules.load import load_rules
from streams.rules.payment import load_payment
from tests.core.examples import ALMATY, BIN, local

RULES = {rule.code: rule for rule in load_rules().rules}
PAYMENT = load_payment()
LATE = 72 * HOUR
DUTIES = CaseSubject(BIN, None, ALMATY)
SOURCE = CaseSubject(BIN, "A", ALMATY)
LENGTHS = {"KZ-DAY": DAY, "KZ-15": DAY, "KZ-30": 30 * MINUTE, "KZ-GS": HOUR}


def violation(
    rule: str, start: int | str, end: int | str | None = None, **changes: Any
) -> Violation:
    """The first revision of a violation; windows have their own end."""
    begin = local(start) if isinstance(start, str) else start
    until = local(end) if isinstance(end, str) else end
    if until is None and rule in LENGTHS:
        until = begin + LENGTHS[rule]
    duty = rule in ("KZ-NOASM", "KZ-NOLINK")
    parameter = "SO2" if rule in ("KZ-DAY", "KZ-15", "KZ-30", "KZ-GS", "KZ-3H", "KZ-YEAR") else None
    parameter = changes.pop("parameter", parameter)
    subject = BIN if duty else "A"
    plain = Violation(
        id=violation_id(rule, subject, parameter, begin),
        revision=1,
        status="OPEN" if until is None else "CLOSED",
        rule=rule,
        rule_set="test",
        legal_basis=RULES[rule].legal_basis,
        bin=BIN,
        enterprise={"ru": "Пример", "kk": "Мысал", "en": "Example"},
        region="KZ-55",
        category=1,
        business_size="large",
        source_id=None if duty else "A",
        parameter=parameter,
        unit=None,
        start=begin,
        end=until,
        value=None,
        validated_value=None,
        limit=None,
        ratio=None,
        excess_mass_t=1.0 if parameter is not None else None,
        device_serial=None,
        verification=None,
        verification_until=None,
        detected_at=0,
        automatic=True,
        deferred_until=None,
        evidence=(),
        track=RULES[rule].track,
        certainty=RULES[rule].certainty,
    )
    return msgspec.structs.replace(plain, **changes)


def again(one: Violation, **changes: Any) -> Violation:
    """The next revision of a violation."""
    return msgspec.structs.replace(one, revision=one.revision + 1, **changes)


def withdrawn(one: Violation) -> Violation:
    return again(one, status="WITHDRAWN", automatic=False, excess_mass_t=None)


@dataclass
class Docket:
    """The cases of one subject along a log that a test writes."""

    subject: CaseSubject = SOURCE
    terms: CasePolicy = field(default_factory=CasePolicy)
    marks: tuple[PendingMark, ...] = ()
    now: int = 0
    state: CaseState = field(default_factory=CaseState)
    measures: MeasureHistory = field(default_factory=MeasureHistory)
    published: list[AdministrativeCase] = field(default_factory=list)

    @property
    def scene(self) -> CaseScene:
        return CaseScene(
            self.subject,
            PAYMENT,
            load_calendar("KZ"),
            self.measures,
            terms=self.terms,
            marks=self.marks,
        )

    def found(
        self, at: int, *violations: Violation, refused: bool = False, late: bool = False
    ) -> None:
        """A record of the log at which these revisions were published; ``late``: it made them."""
        by_data = frozenset((each.id, each.revision) for each in violations if late)
        step = Step(self.now, at, violations, refused=(at,) if refused else (), late=by_data)
        self.published += advance(self.scene, self.state, step)
        self.now = at

    def until(self, at: int | str) -> None:
        """A tick."""
        moment = local(at) if isinstance(at, str) else at
        step = Step(self.now, moment, tick=True)
        self.published += advance(self.scene, self.state, step)
        self.now = moment

    def detect(self, violations: Iterable[Violation]) -> None:
        """Publish violations of windows and runs when their windows close."""
        for at, one in sorted(((closes(v), v) for v in violations), key=lambda p: (p[0], p[1].id)):
            self.found(max(at, self.now), one)

    def tell(self, measure: Measure, at: int) -> None:
        self.measures.add(measure, at)

    @property
    def last(self) -> dict[str, AdministrativeCase]:
        return {each.id: each for each in self.published}

    def one(self) -> AdministrativeCase:
        (case,) = self.last.values()
        return case


def closes(one: Violation) -> int:
    """When a violation of a window or a run is published for good."""
    assert one.end is not None
    if one.rule == "KZ-3H":
        return one.end + 35 * MINUTE
    return one.end + (20 if one.rule in ("KZ-DAY", "KZ-15") else 5) * MINUTE
