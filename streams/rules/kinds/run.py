"""``run_over``: windows above a multiple of their limit that follow each other without a hole.

CoAO art. 328 part 3. A run is found, grows, is split by late readings, and is closed when the
window after it has closed. Which windows keep it going is noted in their hours; the beginning of
a run that outlives its hours is carried in the state of the source.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from datetime import timedelta
from typing import Literal, NamedTuple

from msgspec import field
from msgspec.structs import force_setattr

from streams.core.judging.evaluator import RunEvaluator, Scene, evaluates
from streams.core.judging.violation import WITHDRAWN, Claim, Measure, reasons_of
from streams.core.law.policy import Policy
from streams.core.law.rule import Condition, Factor, Rule, positive
from streams.core.numeric.threshold import Threshold
from streams.core.quality.conflict import contested
from streams.core.records.findings import WindowMean, violation_id
from streams.core.registry.enterprise import Limit
from streams.core.sources.series import CONCENTRATION
from streams.core.sources.source import SourceEntry
from streams.core.state.source_state import RunPrefix
from streams.core.time.interval import DAY, FOREVER, HOUR
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.aggregate import SlotAggregate, aggregate
from streams.core.windows.mean import VALID, Window, validated

WindowName = Literal["20min", "30min", "1h"]


class RunOver(Condition, frozen=True, tag="run_over"):
    """An unbroken run of VALID means of at least ``factor`` times the limit.

    ``window`` names the windows of the run, ``window_by_cadence`` the exceptions by the source's
    cadence (s); the run must last longer than ``longer_than_s``.
    """

    window: WindowName
    factor: Factor
    longer_than_s: int
    window_by_cadence: dict[int, WindowName] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a factor that is not above zero."""
        force_setattr(self, "factor", positive(self.factor))

    def window_for(self, cadence_s: int) -> str:
        """Return the kind of window that makes the run for a source of this cadence."""
        return self.window_by_cadence.get(cadence_s, self.window)


class Run(NamedTuple):
    """Adjacent windows that reached the limit; ``carry`` is the forgotten beginning, if any.

    No window of it starts at ``cut`` or later, a local midnight: what goes on there is another.
    """

    start: int
    end: int
    starts: list[int]
    carry: RunPrefix | None
    cut: int


@evaluates(RunOver)
class RunOverEvaluator(RunEvaluator[RunOver]):
    """Publishes one violation a run, amended as it grows."""

    def __init__(self, rule: Rule, condition: RunOver) -> None:
        super().__init__(rule, condition)
        self._threshold = Threshold(condition.factor, above=False)

    def windows(self) -> Collection[tuple[str, str]]:
        """Every window that makes a run for some source."""
        names = (self.condition.window, *self.condition.window_by_cadence.values())
        return tuple((name, CONCENTRATION) for name in dict.fromkeys(names))

    @property
    def floor(self) -> float | None:
        """The factor: below so many limits no mean keeps a run going."""
        return self._threshold.floor

    def never(self) -> str | None:
        """Say which window has no mean, or that no run lasts so long."""
        longest = Policy().episode_max * DAY + 2 * HOUR  # and what a clock may be put back
        if self.condition.longer_than_s * 1000 >= longest:
            return "a run is cut at the local midnight five days after the day of its start"
        for cadence_s, name in self.condition.window_by_cadence.items():
            length_s = next(kind.length for kind in WINDOW_KINDS if kind.name == name) // 1000
            if cadence_s <= 0 or length_s % cadence_s:
                return f"readings each {cadence_s} s make no mean of {name}"
        return None

    def judge(self, scene: Scene, window: Window, key: str, mean: WindowMean) -> bool:  # noqa: ARG002
        """Note whether a window keeps a run going."""
        entry, hours = scene.entry, scene.hours
        if self.condition.window_for(entry.cadence_s) != mean.window:
            return False
        reached = (
            mean.status == VALID
            and mean.value is not None
            and mean.limit is not None
            and self._threshold.met(mean.value, mean.limit)
        )
        name = self._name(mean.parameter)
        hour_start = hours.start_of(entry.clock, mean.start)
        hour = hours.get(hour_start)
        known = hour is not None and mean.start in hour.run_windows.get(name, ())
        if reached and not known:
            starts = hours.for_update(hour_start).run_windows.setdefault(name, [])
            starts.append(mean.start)
            starts.sort()
        elif known and not reached:
            hours.for_update(hour_start).run_windows[name].remove(mean.start)
        return reached or known

    def judge_runs(self, scene: Scene, parameter: str, changed: Collection[int]) -> int:
        """Publish the runs that are long enough, and withdraw those that are no more."""
        rule, entry, standing = self.rule, scene.entry, scene.state.violations
        kind = self._kind(entry)
        due, wanted = FOREVER, set()
        for run in self._runs(scene, parameter):
            if run.end - run.start <= self.condition.longer_than_s * 1000:
                continue
            if not rule.in_force(run.start, entry.zone):
                continue
            identity = violation_id(rule.code, entry.id, parameter, run.start)
            wanted.add(identity)
            closes = entry.window(kind, run.end)[1] + scene.policy.grace_of(kind)
            over = closes <= scene.stream_time or run.end >= run.cut
            if not over:
                due = min(due, closes)
            before = standing.get(identity)
            same = before is not None and (before.end, before.published.status) == (
                run.end,
                "CLOSED" if over else "OPEN",
            )
            if not (same and set(changed).isdisjoint(run.starts)):
                self._publish(scene, parameter, run, over=over)
        for identity, known in list(standing.items()):
            if (
                (known.rule, known.parameter) == (rule.code, parameter)
                and identity not in wanted
                and known.published.status != WITHDRAWN
                and self.owns(known.start, entry.zone)
            ):
                scene.publisher.withdraw(standing, rule, scene.subject, known, at=scene.stream_time)
        return due

    def carry_over(self, scene: Scene, until: int) -> None:
        """Carry the beginning of runs whose windows before ``until`` are about to be dropped."""
        carries = scene.state.run_prefixes
        first = scene.hours.starts_before(until)[:1]
        old_hours = [hour for start in first for _, hour in scene.hours.between(start, until)]
        names = {*carries, *(name for hour in old_hours for name in hour.run_windows)}
        prefix = self._name("")
        for name in sorted(name for name in names if name.startswith(prefix)):
            carry = self._carry(scene, name.removeprefix(prefix), until)
            if carry is not None:
                carries[name] = carry
            else:
                carries.pop(name, None)

    def forget(self, scene: Scene, bound: int) -> bool:
        """Drop the carried beginnings of runs that ended before ``bound``.

        Not while a window of theirs is remembered: a run that was cut would begin anew with it,
        and go on in the next one.
        """
        dropped, prefix = False, self._name("")
        for name in [name for name in scene.state.run_prefixes if name.startswith(prefix)]:
            run = self._runs(scene, name.removeprefix(prefix))[0]
            if run.end < bound and not scene.hours.starts_before(run.end):
                del scene.state.run_prefixes[name]
                dropped = True
        return dropped

    def _name(self, parameter: str) -> str:
        """Return the name under which windows and starts of runs are stored."""
        return f"{self.name}|{parameter}"

    def _kind(self, entry: SourceEntry) -> int:
        window = self.condition.window_for(entry.cadence_s)
        return next(index for index, kind in enumerate(WINDOW_KINDS) if kind.name == window)

    def _runs(self, scene: Scene, parameter: str) -> list[Run]:
        """List the runs of adjacent windows that reached the limit, in order of time."""
        name, entry = self._name(parameter), scene.entry
        kind = self._kind(entry)
        found: list[Run] = []
        if (carry := scene.state.run_prefixes.get(name)) is not None:
            found.append(Run(carry.start, carry.end, [], carry, _cut(scene, carry.start)))
        for _, hour in scene.hours.scan():
            for start in hour.run_windows.get(name, ()):
                end = entry.window(kind, start)[1]
                if found and found[-1].end == start < found[-1].cut:
                    last = found[-1]
                    last.starts.append(start)
                    found[-1] = last._replace(end=end)
                else:
                    found.append(Run(start, end, [start], None, _cut(scene, start)))
        return found

    def _publish(self, scene: Scene, parameter: str, run: Run, *, over: bool) -> None:
        entry = scene.entry
        length_s = WINDOW_KINDS[self._kind(entry)].length // 1000
        slots = deepcopy(run.carry.slots) if run.carry is not None else SlotAggregate()
        since = run.starts[0] if run.starts else run.end
        key = f"{parameter}|{CONCENTRATION}"
        flow_key = entry.plan(run.start).mass_key(parameter)
        aggregate(slots, scene.hours.summed_slots(since, run.end), key, length_s, flow_key)
        value = slots.value
        limit, interval = _limit(entry, parameter, run)
        measure = Measure(
            CONCENTRATION,
            value,
            limit,
            None if limit is None else _validated(value, parameter, limit, interval),
            None if value is None or limit is None else slots.excess_tonnes(value, limit),
        )
        claim = Claim(
            run.start,
            run.end,
            parameter,
            measure,
            (scene.publisher.proof(slots),),
            reasons_of(
                automatic=self.rule.automatic_at(run.start, entry.zone),
                unverified=bool(slots.unverified),
                contested=slots.contested or contested(scene.state.conflicts, run.start, run.end),
            ),
            serial=slots.serial,
        )
        scene.publisher.update(
            scene.state.violations,
            self.rule,
            scene.subject,
            claim,
            at=scene.stream_time,
            over=over,
        )

    def _carry(self, scene: Scene, parameter: str, until: int) -> RunPrefix | None:
        """Return what to keep of the run that reaches ``until``, or None without such a run."""
        entry = scene.entry
        kind = self._kind(entry)
        for run in self._runs(scene, parameter):
            old = [start for start in run.starts if start < until]
            if run.end < until or not (old or run.carry):
                continue
            limit, interval = _limit(entry, parameter, run)
            slots = run.carry.slots if run.carry is not None else SlotAggregate()
            end = run.carry.end if run.carry is not None else run.start
            if old:
                end = entry.window(kind, old[-1])[1]
                key = f"{parameter}|{CONCENTRATION}"
                aggregate(
                    slots,
                    scene.hours.summed_slots(old[0], end),
                    key,
                    WINDOW_KINDS[kind].length // 1000,
                    entry.plan(run.start).mass_key(parameter),
                )
                slots.contested |= contested(scene.state.conflicts, run.start, end)
            return RunPrefix(run.start, end, limit or 0.0, interval, slots)
        return None


def _cut(scene: Scene, start: int) -> int:
    """Return the local midnight that ends the episode of a run that begins at ``start``."""
    day = scene.entry.clock.date(start)
    return scene.entry.midnight(day + timedelta(days=scene.policy.episode_max))


def _limit(entry: SourceEntry, parameter: str, run: Run) -> tuple[float | None, float | None]:
    """Return limit and confidence interval of the first window, which stand for the run."""
    if run.carry is not None:
        return run.carry.limit, run.carry.validated_by
    limit = entry.limit(parameter, CONCENTRATION, run.start)
    return (None, None) if limit is None else (limit.value, limit.confidence_interval_pct)


def _validated(
    value: float | None, parameter: str, limit: float, interval: float | None
) -> float | None:
    return validated(
        value, Limit(parameter, limit, CONCENTRATION, confidence_interval_pct=interval)
    )
