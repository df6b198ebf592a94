"""Rules that count the windows of days over a year or longer: what their kinds have in common.

A day is counted when its own window closes, and again with each late reading of it. A period (a
month or a year of the local calendar) is judged when its last day, or any later one, has closed,
and again with each change that is still allowed. Such rules publish one violation a period, the
number in percent or in days, and rest on the means that were published of each window; they carry
no evidence of their own.
"""

from __future__ import annotations

from abc import abstractmethod
from calendar import monthrange
from collections.abc import Collection
from datetime import date
from typing import ClassVar, Final, NamedTuple, TypeVar

from streams.core.judging.evaluator import Scene, WindowEvaluator
from streams.core.judging.parts import KIND_NUMBERS, Part, parts_of
from streams.core.judging.violation import WITHDRAWN, Claim, Measure, reasons_of
from streams.core.law.rule import Condition
from streams.core.records.findings import WindowMean, violation_id
from streams.core.registry.enterprise import Limit
from streams.core.sources.series import CONCENTRATION
from streams.core.state.day_tallies import DayTallies, DayTally
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.mean import Window, excused_time

C = TypeVar("C", bound=Condition)

PERCENT: Final = "%"
DAYS: Final = "d"
COUNTED_UNITS: Final = (PERCENT, DAYS)
"""Units of what such rules find: a share of windows, a number of days."""


class Period(NamedTuple):
    """A month or a year by the ordinals of its first day and of the day after its last."""

    start: int
    end: int


class Excess(NamedTuple):
    """The number that breaks a rule, beside its limit."""

    unit: str
    value: float
    limit: float


def year_of(day: int) -> Period:
    """Return the calendar year of a day."""
    year = date.fromordinal(day).year
    return Period(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())


def month_of(day: int) -> Period:
    """Return the calendar month of a day."""
    first = date.fromordinal(day).replace(day=1)
    return Period(first.toordinal(), first.toordinal() + monthrange(first.year, first.month)[1])


class DayTallyEvaluator(WindowEvaluator[C]):
    """Counts the windows of each day and judges periods.

    A kind says `of`, `over`, `period` and `excess`.
    """

    keeps_days: ClassVar[int] = 2 * 366
    """Days whose tallies are kept."""

    @property
    @abstractmethod
    def of(self) -> str:
        """Name of the windows that are counted."""

    @abstractmethod
    def over(self, part: Part, limit: Limit) -> bool:
        """Whether a VALID window counts as one over the limit."""

    @abstractmethod
    def period(self, day: int) -> Period:
        """Return the period of a day."""

    @abstractmethod
    def excess(self, scene: Scene, tallies: DayTallies, period: Period) -> Excess | None:
        """Return what breaks the rule in a period, None where nothing does."""

    def windows(self) -> Collection[tuple[str, str]]:
        """Return the day, with whose close its windows are counted."""
        return (("day", CONCENTRATION),)

    @property
    def floor(self) -> float | None:
        """None: a day below the limit counts too."""
        return None

    def judge(self, scene: Scene, window: Window, key: str, mean: WindowMean) -> bool:
        """Count a day, and judge the periods that it closes or changes."""
        entry = scene.entry
        limit = entry.limit(mean.parameter, CONCENTRATION, mean.start)
        if limit is None:
            return False
        name = f"{self.name}|{mean.parameter}"
        tallies = scene.state.day_tallies.setdefault(name, DayTallies())
        day = entry.clock.date(mean.start).toordinal()
        parts = list(parts_of(scene, window, KIND_NUMBERS[self.of], key))
        tallies.days[day] = DayTally(
            sum(part.due for part in parts),
            sum(part.value is not None for part in parts),
            sum(part.value is not None and self.over(part, limit) for part in parts),
        )
        last = max(tallies.days)
        for other in [other for other in tallies.days if other <= last - self.keeps_days]:
            del tallies.days[other]
        period = self.period(day)
        for each in (self.period(period.start - 1), period):
            if each.end <= last + 1 and each.start >= min(tallies.days):
                self._judge_period(scene, mean.parameter, tallies, each)
        return False

    def _judge_period(
        self, scene: Scene, parameter: str, tallies: DayTallies, period: Period
    ) -> None:
        """Publish or withdraw the violation of a period that is over."""
        entry, rule, now = scene.entry, self.rule, scene.stream_time
        start, end = (entry.midnight(date.fromordinal(day)) for day in period)
        # Later than the lateness nothing changes, and what was published is forgotten.
        if not self.owns(start, entry.zone) or not rule.in_force(start, entry.zone):
            return
        if period.end <= tallies.judged and end < now - scene.policy.max_lateness:
            return
        tallies.judged = max(tallies.judged, period.end)
        found = self.excess(scene, tallies, period)
        identity = violation_id(rule.code, entry.id, parameter, start)
        known = scene.state.violations.get(identity)
        if found is not None:
            claim = Claim(
                start,
                end,
                parameter,
                Measure(found.unit, found.value, found.limit),
                reasons=reasons_of(automatic=rule.automatic_at(start, entry.zone)),
            )
            scene.publisher.update(scene.state.violations, rule, scene.subject, claim, at=now)
        elif known is not None and known.published.status != WITHDRAWN:
            scene.publisher.withdraw(scene.state.violations, rule, scene.subject, known, at=now)

    def tally(self, scene: Scene, tallies: DayTallies, day: int) -> DayTally:
        """Return the tally of a day; one of which nothing came has no VALID window.

        Excused time of the registry is not due then either.
        """
        found = tallies.days.get(day)
        if found is not None:
            return found
        entry = scene.entry
        start, end = (entry.midnight(date.fromordinal(each)) for each in (day, day + 1))
        due = end - start - excused_time((start, end), entry, scene.state.stoppages)
        return DayTally(due // WINDOW_KINDS[KIND_NUMBERS[self.of]].length, 0, 0)
