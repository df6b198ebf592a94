"""``year_mass_over``: the mass of a calendar year above the limit in t/a.

EC art. 202 p. 7. The mass counts by closed hours (`streams.core.judging.year_mass`); one violation
a source, parameter and year, which stays open until the year ends, and changes with each hour.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from streams.core.judging.evaluator import MassEvaluator, Scene, evaluates
from streams.core.judging.finding import Observation
from streams.core.judging.violation import WITHDRAWN, Claim, Measure, reasons_of
from streams.core.judging.year_mass import contested_in, messages_of, totals_of, year_span
from streams.core.law.rule import Condition, Rule
from streams.core.numeric.threshold import Threshold
from streams.core.records.findings import YEAR_NOTICE, finding_id, violation_id
from streams.core.registry.enterprise import Limit
from streams.core.sources.series import ANNUAL_MASS
from streams.core.state.year_mass import YearNotice, YearTotal
from streams.core.time.interval import FOREVER, HOUR, Interval
from streams.core.time.window_kinds import ONE_HOUR
from streams.core.time.wording import minute_text
from streams.core.windows.mean import validated

_BASIS: Final = "Ecological Code, article 202, point 7"


class YearMassOver(Condition, frozen=True, tag="year_mass_over"):
    """The valid mass since 1 January, local time, above the limit in t/a.

    ``notices_pct`` are the percentages of the limit that are reported when they are reached, as
    findings of the kinds ``YEAR-80`` and so on; they are no violations.
    """

    notices_pct: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a notice that would come with the violation, or always."""
        for percent in self.notices_pct:
            if not 0 < percent < 100:
                raise ValueError(f"a notice is at 1 to 99 percent of the limit, {percent} is not")


@evaluates(YearMassOver)
class YearMassEvaluator(MassEvaluator[YearMassOver]):
    """Compares the mass of a year, in t rounded once, with the limit in force in its last hour."""

    def __init__(self, rule: Rule, condition: YearMassOver) -> None:
        super().__init__(rule, condition)
        self._notices = {
            percent: Threshold(Decimal(percent) / 100, above=False)
            for percent in sorted(condition.notices_pct)
        }

    def concerns(self, scene: Scene, parameter: str, total: YearTotal) -> bool:
        """Whether a notice or the limit is reached, or was when the parameter was judged last."""
        value = total.mass.tonnes
        lowest = next(iter(self._notices.values()), None)
        reached = value > total.limit if lowest is None else lowest.met(value, total.limit)
        return (
            reached
            or bool(total.notices)
            or any(
                (each.rule, each.parameter) == (self.rule.code, parameter)
                for each in scene.state.violations.values()
            )
        )

    def judge_runs(self, scene: Scene, parameter: str, changed: Collection[int]) -> int:  # noqa: ARG002
        """Publish the years above their limit, and withdraw those that are no more."""
        due, rule, entry = FOREVER, self.rule, scene.entry
        standing = scene.state.violations
        for year, total in totals_of(scene.state, parameter):
            span = year_span(entry, year)
            if not (rule.in_force(span[0], entry.zone) and self.owns(span[0], entry.zone)):
                continue
            due = min(due, self._notify(scene, parameter, span, total))
            if total.mass.tonnes > total.limit:
                due = min(due, self._publish(scene, parameter, year, span, total))
                continue
            known = standing.get(violation_id(rule.code, entry.id, parameter, span[0]))
            if known is not None and known.published.status != WITHDRAWN:
                scene.publisher.withdraw(standing, rule, scene.subject, known, at=scene.stream_time)
        return due

    def _notify(self, scene: Scene, parameter: str, span: Interval, total: YearTotal) -> int:
        """Report the shares of the limit that are reached, and withdraw those that are no more.

        What is reported is the close at which a share was reached first; it lasts as long as the
        year. Returns the stream time (ms) at which it ends, `FOREVER` without a notice.
        """
        value, limit = total.mass.tonnes, total.limit
        standing, at = scene.state.published_findings, scene.stream_time
        closes = span[1] + scene.policy.grace_of(ONE_HOUR)
        for percent, threshold in self._notices.items():
            kind = f"{YEAR_NOTICE}{percent}"
            if threshold.met(value, limit):
                notice = total.notices.setdefault(percent, YearNotice(value, limit, total.until))
                end = span[1] if closes <= at else None
                seen = Observation(
                    kind,
                    span[0],
                    end,
                    parameter,
                    "share of the limit",
                    notice.value / notice.limit,
                    percent / 100,
                    "1",
                    _told(scene, parameter, span[0], notice),
                    _BASIS,
                )
                scene.findings.update(standing, scene.subject, seen, at=at)
            elif total.notices.pop(percent, None) is not None:
                known = standing.get(finding_id(kind, scene.entry.id, parameter, span[0]))
                if known is not None:
                    scene.findings.withdraw(standing, scene.subject, known, at=at)
        return closes if total.notices and closes > at else FOREVER

    def _publish(
        self, scene: Scene, parameter: str, year: int, span: Interval, total: YearTotal
    ) -> int:
        """Publish one year; returns the next stream time (ms) that alone changes what is said."""
        entry, now = scene.entry, scene.stream_time
        start, end = span
        closes = end + scene.policy.grace_of(ONE_HOUR)
        automatic = self.rule.automatic_since(entry.zone)
        value, limit = total.mass.tonnes, total.limit
        closed = entry.clock.start(now - scene.policy.grace_of(ONE_HOUR), HOUR)
        messages = messages_of(entry, scene.state, scene.hours, year, min(end, closed))
        claim = Claim(
            start,
            end,
            parameter,
            Measure(
                ANNUAL_MASS,
                value,
                limit,
                validated(
                    value,
                    Limit(
                        parameter, limit, ANNUAL_MASS, confidence_interval_pct=total.interval_pct
                    ),
                ),
                value - limit,
            ),
            (scene.publisher.proof(messages),),
            reasons_of(
                automatic=automatic <= now and automatic < end,
                unverified=total.mass.unverified > 0,
                contested=contested_in(entry, scene.state, year, total.until) > 0,
            ),
            serial=messages.serial,
        )
        scene.publisher.update(
            scene.state.violations,
            self.rule,
            scene.subject,
            claim,
            at=now,
            over=closes <= now,
            no_news=("evidence",),
        )
        edges = (closes, automatic if automatic < end else FOREVER)
        return min((edge for edge in edges if edge > now), default=FOREVER)


def _told(scene: Scene, parameter: str, start: int, notice: YearNotice) -> str:
    """Say what was reached and when, and since when the mass is known."""
    zone, first = scene.entry.zone, scene.state.first_reading
    told = (
        f"By {minute_text(notice.until, zone)} the source had emitted {notice.value:.4g} t of "
        f"{parameter} since 1 January, of {notice.limit:g} t that it may emit in the year"
    )
    if first is not None and first > start:
        told += f"; readings before {minute_text(first, zone)} are not known"
    return f"{told}."
