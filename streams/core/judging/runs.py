"""Asks the evaluators of what outlives its windows, such as runs and the mass of a year.

They are asked when windows have changed, when time passes, and when hours are dropped.
"""

from __future__ import annotations

from streams.core.judging.context import Context
from streams.core.judging.evaluator import MassEvaluator
from streams.core.judging.year_mass import count_hour, forget_years, noticed_in, seal_hours
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.state.source_state import PublishedViolation, SourceState
from streams.core.time.interval import FOREVER
from streams.core.time.window_kinds import ONE_HOUR
from streams.core.windows.mean import Window


class RunJudge:
    """Keeps the lasting violations of one source up to date.

    ``changed`` collects, by rule and parameter, the starts (ms) of windows that may have changed
    one since the last judgement.
    """

    def __init__(self, context: Context, state: SourceState, hours: Hours) -> None:
        self._context = context
        self._state = state
        self._hours = hours
        self.changed: dict[tuple[str, str], set[int]] = {}

    @property
    def due(self) -> int:
        """Return the next stream time that may change a lasting violation, such as close a run.

        It is kept in the state, so that a restarted worker closes none earlier.
        """
        state = self._state
        return state.runs_due if state.violations or noticed_in(state) else FOREVER

    def count_hour(self, entry: SourceEntry, window: Window, stream_time: int) -> None:
        """Count the mass of an hour that has closed or changed; other windows are let be."""
        evaluators = self._context.index.masses
        if window.kind != ONE_HOUR or not evaluators:
            return
        state = self._state
        found = count_hour(entry, state, self._hours, window)
        if found:
            scene = self._context.scene(entry, state, self._hours, stream_time)
            for parameter, total in found:
                for evaluator in evaluators:
                    if evaluator.concerns(scene, parameter, total):
                        place = evaluator.name, parameter
                        self.changed.setdefault(place, set()).add(window.start)

    def judge(self, entry: SourceEntry, stream_time: int) -> None:
        """Judge the parameters whose windows changed, and those of which something lasts."""
        scene = self._context.scene(entry, self._state, self._hours, stream_time)
        due = FOREVER
        for evaluator in self._context.index.lasting:
            name = evaluator.name
            names = {parameter for rule, parameter in self.changed if rule == name}
            names |= {
                standing.parameter or ""
                for standing in self._state.violations.values()
                if standing.rule == evaluator.rule.code
                and evaluator.owns(standing.start, entry.zone)
            }
            if isinstance(evaluator, MassEvaluator):
                names |= noticed_in(self._state)
            for parameter in sorted(names):
                changed = self.changed.get((name, parameter), set())
                due = min(due, evaluator.judge_runs(scene, parameter, changed))
        self._state.runs_due = due
        self.changed.clear()

    def carries(self, entry: SourceEntry, standing: PublishedViolation) -> bool:
        """Tell whether the beginning of a violation's run is carried in the state."""
        for evaluator in self._context.index.lasting:
            if evaluator.rule.code == standing.rule and evaluator.owns(standing.start, entry.zone):
                known = self._state.run_prefixes.get(f"{evaluator.name}|{standing.parameter}")
                return known is not None and known.start == standing.start
        return False

    def carry_over(self, entry: SourceEntry, until: int, stream_time: int) -> None:
        """Let the evaluators keep what they need of the hours before ``until`` (ms)."""
        scene = self._context.scene(entry, self._state, self._hours, stream_time)
        for evaluator in self._context.index.lasting:
            evaluator.carry_over(scene, until)
        if self._context.index.masses:
            seal_hours(entry, self._state, self._hours, until)

    def forget(self, entry: SourceEntry, bound: int, stream_time: int) -> bool:
        """Let the evaluators drop what was over before ``bound`` (ms); whether any did."""
        scene = self._context.scene(entry, self._state, self._hours, stream_time)
        dropped = [evaluator.forget(scene, bound) for evaluator in self._context.index.lasting]
        return forget_years(entry, self._state, bound) or any(dropped)
