"""Closes windows of one source: their means, and the rules that look at one window."""

from __future__ import annotations

from streams.core.conflict import contested_time
from streams.core.context import Context
from streams.core.findings import WindowMean, violation_id
from streams.core.head import Head
from streams.core.hours import Hours
from streams.core.mean import (
    VALID,
    Summary,
    Window,
    frame_of,
    mean_of,
    name_of,
    status_of,
)
from streams.core.rules import Rule, RunOver, WindowMeanOver
from streams.core.slot import Hour
from streams.core.source import (
    CONCENTRATION,
    KINDS,
    MASS_FLOW,
    ONE_HOUR,
    WHOLE_DAY,
    SourceEntry,
)
from streams.core.stretch import Stretch, extend
from streams.core.violation import Measure, Subject, build, numbered, reasons_of


class WindowJudge:
    """Judges windows; ``shaken`` collects the runs (rule code, parameter) that may have changed."""

    def __init__(self, context: Context, head: Head, hours: Hours) -> None:
        self._context = context
        self._head = head
        self._hours = hours
        self.shaken: dict[tuple[str, str], set[int]] = {}

    def means(
        self,
        entry: SourceEntry,
        window: Window,
        summary: dict[str, Summary],
        stream_time: int,
        *,
        limited_only: bool = False,
    ) -> list[WindowMean]:
        """All means of a window, judged; with ``limited_only`` just those that have a limit."""
        limits = entry.plan(window.start).limits
        policy, version = self._context.policy, self._context.rules.version
        frame = frame_of(window, entry, self._head.stops, version, stream_time, policy.max_lateness)
        hour = self._hours.get(self._hours.start_of(entry.clock, window.start))
        spotless = hour is None or not (hour.published or hour.peaks)
        found = []
        for key, series in summary.items():
            name = name_of(key)
            limit = limits.get(name)
            if limited_only and limit is None:
                continue
            if name[1] == MASS_FLOW and window.kind != ONE_HOUR:
                continue
            mean = mean_of(frame, name, series, limit)
            found.append(mean)
            if limit is None or (spotless and _below(mean.value, limit.value)):
                continue  # no rule is met below the limit, and nothing was said that is so no more
            self._judge(entry, window, key, mean, stream_time)
        return found

    def _judge(
        self, entry: SourceEntry, window: Window, key: str, mean: WindowMean, stream_time: int
    ) -> None:
        for rule in self._context.rules_of_window.get((mean.window, mean.unit), ()):
            self._window_rule(rule, entry, window, key, mean, stream_time)
        if mean.unit != CONCENTRATION:
            return
        for rule in self._context.run_rules:
            run = rule.condition
            assert isinstance(run, RunOver)  # noqa: S101 (sorted by kind)
            if run.window_for(entry.cadence_s) == mean.window:
                self._peak(rule, run, entry, mean)

    def _window_rule(
        self,
        rule: Rule,
        entry: SourceEntry,
        window: Window,
        key: str,
        mean: WindowMean,
        stream_time: int,
    ) -> None:
        condition = rule.condition
        assert isinstance(condition, WindowMeanOver)  # noqa: S101 (sorted by kind)
        value, limit = mean.value, mean.limit
        holds = (
            mean.status == VALID
            and value is not None
            and limit is not None
            and condition.met(value, limit)
            and rule.in_force(mean.start, entry.zone)
        )
        hour_start = self._hours.start_of(entry.clock, mean.start)
        hour = self._hours.get(hour_start)
        if not holds and (hour is None or not hour.published):
            return
        identity = violation_id(rule.code, entry.id, mean.parameter, mean.start)
        before = hour.published.get(identity) if hour is not None else None
        if not holds and before is None:
            return
        stretch = extend(Stretch(), window.slots, key, KINDS[window.kind].length // 1000)
        excess = None
        if value is not None and limit is not None:
            excess = stretch.excess_tonnes(value, limit)
        contested = contested_time(self._head.conflicts, mean.start, mean.end)
        violation = build(
            identity,
            rule,
            self._context.rules.version,
            Subject(entry.enterprise, entry),
            mean.parameter,
            (mean.start, mean.end),
            Measure(mean.unit, value, limit, mean.validated_value, excess),
            detected_at=stream_time,
            evidence=(stretch.proof(self._context.topic, self._context.partition),),
            reasons=reasons_of(
                automatic=rule.automatic_at(mean.start, entry.zone),
                unverified=bool(stretch.unverified),
                contested=contested > 0,
            )
            if holds
            else None,
            stands=window.kind == WHOLE_DAY
            and limit is not None
            and _stands_without(contested, condition, stretch, limit, mean.due_s * 1000),
            serial=stretch.serial,
        )
        news = numbered(violation, before, over=True, withdrawn=not holds)
        if news is not None:
            self._context.findings.violations.append(news[0])
            self._hours.change(hour_start).published[identity] = news[1]

    def _peak(self, rule: Rule, run: RunOver, entry: SourceEntry, mean: WindowMean) -> None:
        """Note whether a window keeps a run of a rule going."""
        peak = (
            mean.status == VALID
            and mean.value is not None
            and mean.limit is not None
            and run.met(mean.value, mean.limit)
        )
        name = f"{rule.code}|{mean.parameter}"
        hour_start = self._hours.start_of(entry.clock, mean.start)
        hour: Hour | None = self._hours.get(hour_start)
        known = hour is not None and mean.start in hour.peaks.get(name, ())
        if peak and not known:
            starts = self._hours.change(hour_start).peaks.setdefault(name, [])
            starts.append(mean.start)
            starts.sort()
        elif known and not peak:
            self._hours.change(hour_start).peaks[name].remove(mean.start)
        if peak or known:
            self.shaken.setdefault((rule.code, mean.parameter), set()).add(mean.start)


def _stands_without(
    contested: int, condition: WindowMeanOver, stretch: Stretch, limit: float, due: int
) -> bool:
    """Whether a day still meets a condition without ``contested`` ms of it; ``due`` ms."""
    least = stretch.least(contested)
    enough = status_of(WHOLE_DAY, stretch.valid_time - contested, due) == VALID
    return least is not None and enough and condition.met(least, limit)


def _below(value: float | None, limit: float) -> bool:
    return value is None or value < limit
