"""Unbroken runs of windows far above the limit (CoAO art. 328 part 3): found, grown, split."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import NamedTuple

from streams.core.conflict import contested
from streams.core.context import Context
from streams.core.findings import violation_id
from streams.core.head import Carry, Head, Standing
from streams.core.hours import Hours
from streams.core.mean import validated
from streams.core.registration import Limit
from streams.core.rules import Rule, RunOver
from streams.core.source import CONCENTRATION, FOREVER, KINDS, SourceEntry
from streams.core.stretch import Stretch, extend
from streams.core.violation import WITHDRAWN, Measure, Subject, build, numbered, reasons_of


class Run(NamedTuple):
    """Adjacent windows that reached the limit; ``carry`` is the forgotten beginning, if any.

    No window of it starts at ``cut`` or later, a local midnight: what goes on there is another.
    """

    start: int
    end: int
    starts: list[int]
    carry: Carry | None
    cut: int


class RunJudge:
    """Judges the runs of one source; ``due`` is the next stream time that may close one."""

    def __init__(self, context: Context, head: Head, hours: Hours) -> None:
        self._context = context
        self._head = head
        self._hours = hours

    @property
    def due(self) -> int:
        """Kept in the state: a worker that starts again judges no run sooner for it."""
        return self._head.runs_due if self._head.standing else FOREVER

    def judge(
        self, entry: SourceEntry, shaken: dict[tuple[str, str], set[int]], stream_time: int
    ) -> None:
        """Bring the violations of runs up to date with the peaks and the stream time."""
        self._head.runs_due = FOREVER
        for rule in self._context.run_rules:
            condition = rule.condition
            assert isinstance(condition, RunOver)  # noqa: S101 (sorted by kind)
            names = {parameter for code, parameter in shaken if code == rule.code}
            names |= {
                standing.parameter or ""
                for standing in self._head.standing.values()
                if standing.rule == rule.code
            }
            for parameter in sorted(names):
                changed = shaken.get((rule.code, parameter), set())
                self._judge(rule, condition, entry, parameter, changed, stream_time)

    def _judge(
        self,
        rule: Rule,
        condition: RunOver,
        entry: SourceEntry,
        parameter: str,
        changed: set[int],
        stream_time: int,
    ) -> None:
        kind = _kind(condition, entry)
        wanted = set()
        for run in self.runs(rule, condition, entry, parameter):
            if run.end - run.start <= condition.longer_than_s * 1000:
                continue
            if not rule.in_force(run.start, entry.zone):
                continue
            identity = violation_id(rule.code, entry.id, parameter, run.start)
            wanted.add(identity)
            closes = entry.window(kind, run.end)[1] + self._context.grace(kind)
            over = closes <= stream_time or run.end >= run.cut
            if not over:
                self._head.runs_due = min(self._head.runs_due, closes)
            before = self._head.standing.get(identity)
            same = before is not None and (before.end, before.published.status) == (
                run.end,
                "CLOSED" if over else "OPEN",
            )
            if not (same and changed.isdisjoint(run.starts)):
                self._publish(rule, kind, entry, parameter, run, over, stream_time)
        for identity, standing in list(self._head.standing.items()):
            if (
                (standing.rule, standing.parameter) == (rule.code, parameter)
                and identity not in wanted
                and standing.published.status != WITHDRAWN
            ):
                self._withdraw(rule, entry, identity, standing, stream_time)

    def runs(self, rule: Rule, condition: RunOver, entry: SourceEntry, parameter: str) -> list[Run]:
        """The runs of adjacent peaks, in the order of time."""
        name = f"{rule.code}|{parameter}"
        kind = _kind(condition, entry)
        found: list[Run] = []
        if (carry := self._head.carries.get(name)) is not None:
            found.append(Run(carry.start, carry.end, [], carry, self._cut(entry, carry.start)))
        for _, hour in self._hours.all():
            for start in hour.peaks.get(name, ()):
                end = entry.window(kind, start)[1]
                if found and found[-1].end == start < found[-1].cut:
                    last = found[-1]
                    last.starts.append(start)
                    found[-1] = last._replace(end=end)
                else:
                    found.append(Run(start, end, [start], None, self._cut(entry, start)))
        return found

    def _cut(self, entry: SourceEntry, start: int) -> int:
        """The local midnight by which a run that begins at ``start`` is over, as an episode is."""
        day = entry.clock.date(start)
        return entry.midnight(day + timedelta(days=self._context.policy.episode_max))

    def _publish(
        self,
        rule: Rule,
        kind: int,
        entry: SourceEntry,
        parameter: str,
        run: Run,
        over: bool,
        stream_time: int,
    ) -> None:
        stretch = deepcopy(run.carry.stretch) if run.carry is not None else Stretch()
        key = f"{parameter}|{CONCENTRATION}"
        since = run.starts[0] if run.starts else run.end
        extend(stretch, self._hours.slots(since, run.end), key, KINDS[kind].length // 1000)
        value = stretch.value
        limit, interval = self._limit(entry, parameter, run)
        measure = Measure(
            CONCENTRATION,
            value,
            limit,
            None if limit is None else validated(value, _limit(parameter, limit, interval)),
            None if value is None or limit is None else stretch.excess_tonnes(value, limit),
        )
        identity = violation_id(rule.code, entry.id, parameter, run.start)
        violation = build(
            identity,
            rule,
            self._context.rules.version,
            Subject(entry.enterprise, entry),
            parameter,
            (run.start, run.end),
            measure,
            detected_at=stream_time,
            evidence=(stretch.proof(self._context.topic, self._context.partition),),
            reasons=reasons_of(
                automatic=rule.automatic_at(run.start, entry.zone),
                unverified=bool(stretch.unverified),
                contested=stretch.contested or contested(self._head.conflicts, run.start, run.end),
            ),
            serial=stretch.serial,
        )
        before = self._head.standing.get(identity)
        news = numbered(violation, before.published if before else None, over=over)
        if news is not None:
            self._context.findings.violations.append(news[0])
            self._head.standing[identity] = Standing(
                rule.code, parameter, run.start, run.end, news[1]
            )

    def _limit(
        self, entry: SourceEntry, parameter: str, run: Run
    ) -> tuple[float | None, float | None]:
        """The first window's limit and confidence interval: they stand for the whole run."""
        if run.carry is not None:
            return run.carry.limit, run.carry.validated_by
        limit = entry.limit(parameter, CONCENTRATION, run.start)
        return (None, None) if limit is None else (limit.value, limit.confidence_interval_pct)

    def _withdraw(
        self, rule: Rule, entry: SourceEntry, identity: str, standing: Standing, stream_time: int
    ) -> None:
        violation = build(
            identity,
            rule,
            self._context.rules.version,
            Subject(entry.enterprise, entry),
            standing.parameter,
            (standing.start, standing.end),
            None,
            detected_at=stream_time,
            evidence=(),
        )
        news = numbered(violation, standing.published, over=True, withdrawn=True)
        if news is not None:
            self._context.findings.violations.append(news[0])
            self._head.standing[identity] = Standing(
                standing.rule, standing.parameter, standing.start, standing.end, news[1]
            )

    def carry_over(self, entry: SourceEntry, until: int) -> None:
        """Keep the beginning of runs whose windows before ``until`` are about to be forgotten."""
        old_hours = [hour for start, hour in self._hours.all() if start < until]
        for rule in self._context.run_rules:
            prefix = f"{rule.code}|"
            names = {*self._head.carries, *(name for hour in old_hours for name in hour.peaks)}
            for name in sorted(name for name in names if name.startswith(prefix)):
                carry = self._carry(rule, entry, name.removeprefix(prefix), until)
                if carry is not None:
                    self._head.carries[name] = carry
                else:
                    self._head.carries.pop(name, None)

    def let_go(self, entry: SourceEntry, bound: int) -> bool:
        """Drop the carried beginnings of runs that ended before ``bound``, so for good.

        Not while a window of theirs is remembered: a run that was cut would begin anew with it,
        and go on in the next one.
        """
        dropped = False
        for rule in self._context.run_rules:
            condition = rule.condition
            assert isinstance(condition, RunOver)  # noqa: S101 (sorted by kind)
            prefix = f"{rule.code}|"
            for name in [name for name in self._head.carries if name.startswith(prefix)]:
                run = self.runs(rule, condition, entry, name.removeprefix(prefix))[0]
                if run.end < bound and not self._hours.before(run.end):
                    del self._head.carries[name]
                    dropped = True
        return dropped

    def _carry(self, rule: Rule, entry: SourceEntry, parameter: str, until: int) -> Carry | None:
        """What to keep of the run that reaches ``until``, or None if there is no such run."""
        condition = rule.condition
        assert isinstance(condition, RunOver)  # noqa: S101 (sorted by kind)
        kind = _kind(condition, entry)
        for run in self.runs(rule, condition, entry, parameter):
            old = [start for start in run.starts if start < until]
            if run.end < until or not (old or run.carry):
                continue
            limit, interval = self._limit(entry, parameter, run)
            stretch = run.carry.stretch if run.carry is not None else Stretch()
            end = run.carry.end if run.carry is not None else run.start
            if old:
                end = entry.window(kind, old[-1])[1]
                slots = self._hours.slots(old[0], end)
                extend(stretch, slots, f"{parameter}|{CONCENTRATION}", KINDS[kind].length // 1000)
                stretch.contested |= contested(self._head.conflicts, run.start, end)
            return Carry(run.start, end, limit or 0.0, interval, stretch)
        return None


def _kind(condition: RunOver, entry: SourceEntry) -> int:
    window = condition.window_for(entry.cadence_s)
    return next(index for index, kind in enumerate(KINDS) if kind.name == window)


def _limit(parameter: str, value: float, interval: float | None) -> Limit:
    return Limit(parameter, value, CONCENTRATION, confidence_interval_pct=interval)
