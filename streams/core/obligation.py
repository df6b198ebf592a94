"""The duty to run a monitoring system and to connect it: KZ-NOASM and KZ-NOLINK.

Obliged is a category I enterprise with a source that meets the criteria: from 2023-01-01 if it
was commissioned before 2021-07-01 (EC art. 418 p. 16), else from its commissioning (EC art. 184,
186 p. 4). Judged when a registration changes and at each local midnight of stream time.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import msgspec

from streams.core.calendar import midnight, moment
from streams.core.context import Context
from streams.core.findings import Violation, violation_id
from streams.core.registration import Criteria, Enterprise
from streams.core.registry_history import Registration
from streams.core.rules import NATIONAL_ZONE, MissingAsm, Rule
from streams.core.slot import Published
from streams.core.source import FOREVER
from streams.core.violation import OPEN, WITHDRAWN, Subject, build, numbered, reasons_of

OLD_UNTIL = date(2021, 7, 1)
OLD_OBLIGED_FROM = date(2023, 1, 1)
GROSS_T_A = 500.0
STATION_MW = {"gas": 500.0, "liquid": 50.0, "solid": 50.0}
"""Electric power of a station from which on its sources are monitored, MW by fuel."""
BOILER_HOUSE_MW = {"gas": 1395.6, "liquid": 116.3, "solid": 116.3}
"""Thermal power of a boiler house, MW by fuel: 1 200 and 100 Gcal/h."""


class Duty(NamedTuple):
    """A duty that was not met over ``[start, end)``; ``deferred_until`` None: not deferred."""

    start: int
    end: int
    deferred_until: int | None


class StandingDuty(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of an obligation's violation."""

    rule: str
    start: int
    end: int | None
    published: Published


class Obligations(msgspec.Struct, array_like=True):
    """State of one enterprise: its violations by id, and when it was judged last."""

    judged_at: int | None = None
    registered_at: int = -1
    standing: dict[str, StandingDuty] = msgspec.field(default_factory=dict)


def meets_criteria(criteria: Criteria | None) -> bool:
    """Whether a source must be monitored (Order 208, point 11): by its mass, or by its plant.

    A registration from before the kinds of plants were told counts by its mass alone.
    """
    if criteria is None:
        return False
    if criteria.gross_t_a is not None and criteria.gross_t_a >= GROSS_T_A:
        return True
    fuel = criteria.fuel or ""
    if criteria.plant == "station":
        return (criteria.electric_mw or 0.0) >= STATION_MW.get(fuel, FOREVER)
    if criteria.plant == "boiler_house":
        return (criteria.thermal_mw or 0.0) >= BOILER_HOUSE_MW.get(fuel, FOREVER)
    return False


def obliged_from(enterprise: Enterprise) -> int | None:
    """The local midnight on which the duty to monitor began, or None without a duty."""
    if enterprise.test or enterprise.category != 1:
        return None
    if not any(meets_criteria(source.criteria) for source in enterprise.sources):
        return None
    commissioned = moment(NATIONAL_ZONE, enterprise.commissioned_on)
    if commissioned < midnight(NATIONAL_ZONE, OLD_UNTIL):
        return midnight(NATIONAL_ZONE, OLD_OBLIGED_FROM)
    return commissioned


def _instant(text: str | None) -> int:
    return FOREVER if text is None else moment(NATIONAL_ZONE, text)


def duty_of(rule: Rule, enterprise: Enterprise) -> Duty | None:
    """When the duty of a rule was not met, or None if it always was."""
    obliged = obliged_from(enterprise)
    if obliged is None:
        return None
    installed, connected = (
        _instant(enterprise.asm.installed_on),
        _instant(enterprise.asm.connected_on),
    )
    if isinstance(rule.condition, MissingAsm):
        until = enterprise.roadmap.until if enterprise.roadmap is not None else None
        deferred = None if until is None else _instant(until)
        return Duty(obliged, installed, deferred) if installed > obliged else None
    start = max(obliged, installed)
    return Duty(start, connected, None) if connected > start else None


class ObligationJudge:
    """Judges the duties of one enterprise; ``due`` is the next midnight that may change them."""

    def __init__(self, context: Context, state: Obligations) -> None:
        self._context = context
        self.state = state
        self.due = -FOREVER

    def advance(self, registration: Registration | None, stream_time: int) -> bool:
        """Judge at every midnight that matters up to ``stream_time``; True if state changed."""
        state = self.state
        edges = self._edges(registration)
        changed = state.judged_at is None or (
            registration is not None and registration.timestamp != state.registered_at
        )
        times = (
            []
            if state.judged_at is None
            else [edge for edge in edges if state.judged_at < edge <= stream_time]
        )
        if changed and (not times or times[-1] != stream_time):
            times.append(stream_time)
        for at in times:
            self._judge(registration, at)
        state.judged_at = stream_time
        if registration is not None:
            state.registered_at = registration.timestamp
        self.due = min((edge for edge in edges if edge > stream_time), default=FOREVER)
        return bool(times)

    def _edges(self, registration: Registration | None) -> list[int]:
        """The midnights at which a duty begins, is met, or is no longer deferred."""
        enterprise = registration.enterprise if registration is not None else None
        edges: set[int] = set()
        for rule in self._context.obligation_rules:
            edges |= {rule.since(), rule.until(), rule.automatic_since()}
            duty = duty_of(rule, enterprise) if enterprise is not None else None
            if duty is not None:
                edges |= {duty.start, duty.end, duty.deferred_until or FOREVER}
        return sorted(edge for edge in edges if edge < FOREVER)

    def _judge(self, registration: Registration | None, at: int) -> None:
        enterprise = registration.enterprise if registration is not None else None
        for rule in self._context.obligation_rules:
            duty = duty_of(rule, enterprise) if enterprise is not None else None
            wanted = None
            if duty is not None and enterprise is not None and registration is not None:
                identity = violation_id(rule.code, enterprise.bin, None, duty.start)
                known = self.state.standing.get(identity)
                # A duty met before it was ever judged is no violation.
                unmet = duty.start <= at < duty.end and at >= rule.since() and at < rule.until()
                if unmet or (known is not None and known.published.status != WITHDRAWN):
                    wanted = identity
                    self._publish(rule, registration, enterprise, identity, duty, at)
            for identity, known in list(self.state.standing.items()):
                if (
                    known.rule == rule.code
                    and identity != wanted
                    and known.published.status == OPEN
                    and registration is not None
                    and registration.enterprise is not None
                ):
                    self._withdraw(rule, registration.enterprise, identity, known, at)

    def _publish(
        self,
        rule: Rule,
        registration: Registration,
        enterprise: Enterprise,
        identity: str,
        duty: Duty,
        at: int,
    ) -> None:
        over = duty.end <= at
        deferred = duty.deferred_until
        last = duty.end - 1 if over else at  # the last instant at which it was open
        valid_deferral = deferred is not None and last < deferred
        reached = last >= rule.automatic_since()
        violation = build(
            identity,
            rule,
            self._context.rules.version,
            Subject(enterprise),
            None,
            (duty.start, duty.end if over else None),
            None,
            detected_at=at,
            evidence=(registration.proof,),
            reasons=reasons_of(automatic=reached),
            deferred_until=deferred if valid_deferral else None,
        )
        self._keep(rule, violation, over=over)

    def _withdraw(
        self, rule: Rule, enterprise: Enterprise, identity: str, known: StandingDuty, at: int
    ) -> None:
        violation = build(
            identity,
            rule,
            self._context.rules.version,
            Subject(enterprise),
            None,
            (known.start, known.end),
            None,
            detected_at=at,
            evidence=(),
        )
        self._keep(rule, violation, over=True, withdrawn=True)

    def _keep(
        self,
        rule: Rule,
        violation: Violation,
        *,
        over: bool,
        withdrawn: bool = False,
    ) -> None:
        known = self.state.standing.get(violation.id)
        news = numbered(
            violation,
            known.published if known is not None else None,
            over=over,
            withdrawn=withdrawn,
            # A repeated registration is no news by itself.
            compared=msgspec.structs.replace(violation, evidence=()),
        )
        if news is not None:
            self._context.findings.violations.append(news[0])
            self.state.standing[violation.id] = StandingDuty(
                rule.code, violation.start, violation.end, news[1]
            )
