"""Asks the evaluators of registrations: when one changes, and at the edges of time they name."""

from __future__ import annotations

from streams.core.judging.context import Context
from streams.core.judging.evaluator import EnterpriseScene
from streams.core.judging.stations import judge_stations, station_edges
from streams.core.sources.history import Registration
from streams.core.state.obligations import Obligations
from streams.core.time.interval import BEGINNING, FOREVER


class RegistrationJudge:
    """Judges one enterprise; ``due`` is the next stream time (ms) that alone may change it."""

    def __init__(self, context: Context, state: Obligations) -> None:
        self._context = context
        self.state = state
        self.due = -FOREVER

    def advance(self, registration: Registration | None, stream_time: int) -> bool:
        """Judge at every edge that matters up to ``stream_time``; True if state changed."""
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
            scene = EnterpriseScene(
                self._context.publisher, registration, state, at, self._context.zone
            )
            for evaluator in self._context.index.registrations:
                evaluator.judge(scene)
            if self._context.station is not None:
                judge_stations(
                    self._context.finding_publisher,
                    self._context.station,
                    registration,
                    state,
                    at,
                    self._context.zone,
                )
        state.judged_at = stream_time
        if registration is not None:
            state.registered_at = registration.timestamp
        self.due = min((edge for edge in edges if edge > stream_time), default=FOREVER)
        return bool(times)

    def _edges(self, registration: Registration | None) -> list[int]:
        """List the instants at which a rule begins, ends, becomes automatic, or names itself.

        With those at which what a station must have changes.
        """
        edges: set[int] = set()
        enterprise = None if registration is None else registration.enterprise
        zone = self._context.zone
        for evaluator in self._context.index.registrations:
            rule = evaluator.rule
            edges |= {rule.since(zone), rule.until(zone), rule.automatic_since(zone)}
            if enterprise is not None:
                edges |= set(evaluator.edges(enterprise, zone))
        if self._context.station is not None and registration is not None:
            edges |= set(station_edges(registration, zone))
        return sorted(edge for edge in edges if BEGINNING < edge < FOREVER)
