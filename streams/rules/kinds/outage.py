"""``outage``: nothing came from a connected source for longer than the outage limit."""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.gaps.gap import GapInterval
from streams.core.judging.evaluator import Scene, SilenceEvaluator, evaluates
from streams.core.judging.violation import WITHDRAWN, Claim, Measure, reasons_of
from streams.core.law.policy import Policy
from streams.core.law.rule import Condition
from streams.core.quality.conflict import contested
from streams.core.records.findings import Proof, violation_id
from streams.core.time.interval import FOREVER


class Outage(Condition, frozen=True, tag="outage"):
    """An unexcused gap of a connected source longer than the outage limit of the policy."""


@evaluates(Outage)
class OutageEvaluator(SilenceEvaluator[Outage]):
    """Publishes one violation a gap, counted from the connection where it began before it."""

    def limit(self, policy: Policy) -> int:
        """Return the outage limit of the policy."""
        return policy.outage_limit

    def judge(self, scene: Scene, gaps: Sequence[GapInterval], proof: Proof) -> int:
        """Publish the gaps that are long enough, and withdraw those that are no more."""
        rule, entry, now = self.rule, scene.entry, scene.stream_time
        limit = scene.policy.outage_limit
        due, wanted = FOREVER, set()
        connected = FOREVER if entry.connected is None else entry.connected
        for gap in gaps:
            piece = gap._replace(start=max(gap.start, connected))
            if connected == FOREVER or piece.start >= rule.until(entry.zone):
                continue
            if not self.owns(piece.start, entry.zone):
                continue
            until = now if piece.end is None else piece.end
            if piece.end is None:
                edges = (
                    piece.start + limit + 1,
                    rule.since(entry.zone),
                    rule.automatic_since(entry.zone),
                )
                due = min((due, *(edge for edge in edges if edge > now)))
            if until - piece.start > limit and _reaches(piece, rule.since(entry.zone), now):
                wanted.add(violation_id(rule.code, entry.id, None, piece.start))
                self._publish(scene, piece, proof, until)
        for identity, standing in list(scene.state.violations.items()):
            gone = identity not in wanted and standing.published.status != WITHDRAWN
            if standing.rule == rule.code and gone and self.owns(standing.start, entry.zone):
                self._publish(scene, GapInterval(standing.start, standing.end), proof, None)
        return due

    def _publish(self, scene: Scene, piece: GapInterval, proof: Proof, until: int | None) -> None:
        """Publish one outage that lasts ``until`` (ms); None withdraws it.

        While it lasts its length grows with every record; only its other words are news.
        """
        entry, lasting = scene.entry, piece.end is None
        value = None if until is None else (until - piece.start) / 1000
        reasons = None
        if until is not None:
            automatic = self.rule.automatic_since(entry.zone)
            reasons = reasons_of(
                automatic=_reaches(piece, automatic, scene.stream_time),
                contested=contested(scene.state.conflicts, piece.start, until),
            )
        scene.publisher.update(
            scene.state.violations,
            self.rule,
            scene.subject,
            Claim(
                piece.start,
                piece.end,
                measure=Measure("s", value, scene.policy.outage_limit / 1000),
                evidence=(proof,),
                reasons=reasons,
            ),
            at=scene.stream_time,
            over=not lasting,
            withdrawn=until is None,
            no_news=("evidence", "value", "ratio") if lasting else ("evidence",),
        )


def _reaches(piece: GapInterval, instant: int, stream_time: int) -> bool:
    """Whether a gap was still going on at or after an instant."""
    return stream_time >= instant if piece.end is None else piece.end > instant
