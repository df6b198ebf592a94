"""Makes the means of closed windows and asks the evaluators that look at them."""

from __future__ import annotations

import msgspec

from streams.core.judging.context import Context
from streams.core.judging.mass_comparison import compare_masses
from streams.core.judging.runs import RunJudge
from streams.core.records.findings import WindowMean
from streams.core.sources.reported import MASS_FLOW
from streams.core.sources.series import MASS_ONLY
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.state.source_state import SourceState
from streams.core.windows.mean import (
    UNMADE,
    SeriesSummary,
    Window,
    header_of,
    mean_of,
    parameter_and_unit,
)


class WindowJudge:
    """Makes and judges the means of one source; tells ``runs`` what may have changed them."""

    def __init__(self, context: Context, state: SourceState, hours: Hours, runs: RunJudge) -> None:
        self._context = context
        self._state = state
        self._hours = hours
        self._runs = runs

    def means(
        self,
        entry: SourceEntry,
        window: Window,
        summary: dict[str, SeriesSummary],
        stream_time: int,
        *,
        judged_only: bool = False,
    ) -> list[WindowMean]:
        """All means of a window, judged; with ``judged_only`` just those that rules look at.

        No evaluator is asked for a mean below its floor, as long as nothing was published of the
        hour that could have to be withdrawn.
        """
        plans = entry.plan(window.start)
        limits, reported = plans.limits, plans.reported
        context, unmade = self._context, UNMADE[window.kind]
        every, floor, peak, by_unit = context.index.windows[window.kind]
        frame = header_of(
            window,
            entry,
            self._state.stoppages,
            context.rule_set,
            stream_time,
            context.policy.max_lateness,
        )
        hour = self._hours.get(self._hours.start_of(entry.clock, window.start))
        spotless = hour is None or not (hour.published or hour.run_windows)
        found = []
        for key, series in summary.items():
            name = parameter_and_unit(key)
            limit = limits.get(name)
            of = ""
            if reported and key in reported:
                # By the hour alone, against the limit on the parameter that is reported.
                of = reported[key] if unmade is None else ""
                limit = limits.get((of, MASS_FLOW))
            elif name[1] in (unmade, MASS_ONLY):
                continue
            if judged_only and limit is None and not every:
                continue
            mean = mean_of(frame, name, series, limit)
            found.append(mean)
            if not every:
                if limit is None:
                    continue
                if (
                    spotless
                    and (mean.value is None or mean.value < floor * limit.value)
                    and (mean.max is None or mean.max < peak * limit.value)
                ):
                    continue
            if evaluators := by_unit.get(name[1]):
                scene = context.scene(entry, self._state, self._hours, stream_time)
                if of:
                    mean = msgspec.structs.replace(mean, parameter=of)
                for evaluator in evaluators:
                    if limit is None and evaluator.floor is not None:
                        continue
                    if evaluator.judge(scene, window, key, mean):
                        place = evaluator.name, mean.parameter
                        self._runs.changed.setdefault(place, set()).add(mean.start)
        if plans.compared and unmade is None:
            compare_masses(context, self._state, entry, frame, summary)
        return found
