"""``missing_asm`` and ``missing_link``: the duty to run a monitoring system and to connect it.

Obliged is a category I enterprise with a source that meets the criteria: from 2023-01-01 if it
was commissioned before 2021-07-01 (EC art. 418 p. 16), else from its commissioning (EC art. 184,
186 p. 4). Judged when a registration changes and at each local midnight of stream time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from streams.core.judging.evaluator import EnterpriseScene, RegistrationEvaluator, evaluates
from streams.core.judging.violation import OPEN, WITHDRAWN, Claim, Subject, reasons_of
from streams.core.law.rule import Condition
from streams.core.records.findings import violation_id
from streams.core.registry.enterprise import Criteria, Enterprise
from streams.core.time.interval import FOREVER
from streams.core.time.local_clock import midnight, parse_instant

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


class MissingAsm(Condition, frozen=True, tag="missing_asm"):
    """Obliged to run a monitoring system, and none is installed."""


class MissingLink(Condition, frozen=True, tag="missing_link"):
    """Obliged, installed, and not connected."""


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


def obliged_from(enterprise: Enterprise, zone: str) -> int | None:
    """Return the local midnight on which the duty to monitor began, or None without a duty."""
    if enterprise.test or enterprise.category != 1:
        return None
    if not any(meets_criteria(source.criteria) for source in enterprise.sources):
        return None
    commissioned = parse_instant(zone, enterprise.commissioned_on)
    if commissioned < midnight(zone, OLD_UNTIL):
        return midnight(zone, OLD_OBLIGED_FROM)
    return commissioned


def _instant(zone: str, text: str | None) -> int:
    return FOREVER if text is None else parse_instant(zone, text)


def duty_of(condition: MissingAsm | MissingLink, enterprise: Enterprise, zone: str) -> Duty | None:
    """When the duty was not met, or None if it always was."""
    obliged = obliged_from(enterprise, zone)
    if obliged is None:
        return None
    installed, connected = (
        _instant(zone, enterprise.asm.installed_on),
        _instant(zone, enterprise.asm.connected_on),
    )
    if isinstance(condition, MissingAsm):
        until = enterprise.roadmap.until if enterprise.roadmap is not None else None
        deferred = None if until is None else _instant(zone, until)
        return Duty(obliged, installed, deferred) if installed > obliged else None
    start = max(obliged, installed)
    return Duty(start, connected, None) if connected > start else None


@evaluates(MissingAsm)
@evaluates(MissingLink)
class ObligationEvaluator(RegistrationEvaluator[MissingAsm | MissingLink]):
    """Publishes one violation a duty, open until it is met."""

    def edges(self, enterprise: Enterprise, zone: str) -> Iterable[int]:
        """Yield the midnights at which the duty begins, is met, or is no longer deferred."""
        duty = duty_of(self.condition, enterprise, zone)
        if duty is None:
            return ()
        return duty.start, duty.end, duty.deferred_until or FOREVER

    def judge(self, scene: EnterpriseScene) -> None:
        """Publish the duty that is not met, and withdraw what is said of any other."""
        rule, enterprise, standing = self.rule, scene.enterprise, scene.state.standing
        if enterprise is None:
            return
        at, zone = scene.stream_time, scene.zone
        duty, wanted = duty_of(self.condition, enterprise, zone), None
        if duty is not None and self.owns(duty.start, zone):
            identity = violation_id(rule.code, enterprise.bin, None, duty.start)
            known = standing.get(identity)
            # A duty met before it was ever judged is no violation.
            unmet = duty.start <= at < duty.end and self._in_force(at, zone)
            if unmet or (known is not None and known.published.status != WITHDRAWN):
                wanted = identity
                self._publish(scene, enterprise, duty)
        for identity, known in list(standing.items()):
            open_still = known.published.status == OPEN
            mine = known.rule == rule.code and self.owns(known.start, zone)
            if mine and identity != wanted and open_still:
                scene.publisher.withdraw(standing, rule, Subject(enterprise), known, at=at)

    def _in_force(self, at: int, zone: str) -> bool:
        """Whether the duty stands in the law at an instant, be it in a later version of it."""
        return self.rule.since(zone) <= at and (self.succeeded or at < self.rule.until(zone))

    def _publish(self, scene: EnterpriseScene, enterprise: Enterprise, duty: Duty) -> None:
        at, registration = scene.stream_time, scene.registration
        over = duty.end <= at
        last = duty.end - 1 if over else at  # the last instant at which it was open
        deferred = duty.deferred_until
        scene.publisher.update(
            scene.state.standing,
            self.rule,
            Subject(enterprise),
            Claim(
                duty.start,
                duty.end if over else None,
                evidence=() if registration is None else (registration.proof,),
                reasons=reasons_of(automatic=self.rule.automatic_at(last, scene.zone)),
                deferred_until=deferred if deferred is not None and last < deferred else None,
            ),
            at=at,
            over=over,
            no_news=("evidence",),  # a repeated registration is no news by itself
        )
