"""What the engine asks a kind of rule, and when: the triggers.

A kind of rule is one file of ``streams/rules/kinds``: a `Condition` (what a rule file may say) and
its evaluator, a class that says when it is asked by the trigger it derives from:

- `WindowEvaluator`: with the mean of each series when a window closes or a late reading changes it;
- `RunEvaluator`: that, and with the windows that follow each other;
- `MassEvaluator`: with the mass of a year, when an hour closes or a late reading changes one;
- `SilenceEvaluator`: with the gaps of a source, whenever they may have changed;
- `DeviceEvaluator`: with the readings of a listed device that no verification covers;
- `RegistrationEvaluator`: with an enterprise, when its registration changes and at edges of time.

The engine knows these and no kind. What it may leave out follows from what an evaluator declares
(`WindowEvaluator.floor`). An evaluator is made once for a rule and keeps no state: all of it is in
the `Scene`, so that the result is a function of the log however it is cut into batches.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from streams.core.gaps.gap import GapInterval
from streams.core.judging.finding import FindingPublisher
from streams.core.judging.violation import Subject, ViolationPublisher
from streams.core.law.policy import Policy
from streams.core.law.rule import Condition, Rule
from streams.core.records.findings import Proof, WindowMean
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.history import Registration
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.state.obligations import Obligations
from streams.core.state.source_state import DeviceUse, SourceState
from streams.core.state.year_mass import YearTotal
from streams.core.time.interval import BEGINNING, FOREVER
from streams.core.time.local_clock import midnight
from streams.core.windows.mean import Window

C = TypeVar("C", bound=Condition)
E = TypeVar("E", bound="type[Evaluator[Any]]")


class Scene(NamedTuple):
    """A source at a stream time (ms) of its partition, as an evaluator is asked about it."""

    publisher: ViolationPublisher
    policy: Policy
    entry: SourceEntry
    state: SourceState
    hours: Hours
    stream_time: int
    findings: FindingPublisher

    @property
    def subject(self) -> Subject:
        """Whom a violation of the source is about."""
        return Subject(self.entry.enterprise, self.entry)


class EnterpriseScene(NamedTuple):
    """An enterprise at a stream time (ms), as an evaluator is asked about it.

    ``registration`` is None where there is none, its ``enterprise`` where it was struck off.
    ``zone`` is that of dates of an enterprise as a whole.
    """

    publisher: ViolationPublisher
    registration: Registration | None
    state: Obligations
    stream_time: int
    zone: str

    @property
    def enterprise(self) -> Enterprise | None:
        """The enterprise as it is registered."""
        return None if self.registration is None else self.registration.enterprise


class Evaluator(ABC, Generic[C]):
    """Judges one rule of a kind: one version of it where the law has changed.

    ``name`` is the code, of a later version with the date from which it is in force: under it an
    evaluator keeps in the state what other versions must not see.
    """

    def __init__(self, rule: Rule, condition: C) -> None:
        self.rule = rule
        self.condition = condition
        self.name = rule.code
        self._from: date | None = None
        self._to: date | None = None

    def succeed(self, earlier: Rule) -> None:
        """Leave to ``earlier``, the version before, what began before it ended."""
        self.name = f"{self.rule.code}@{self.rule.valid_from}"
        self._from = earlier.valid_to

    def precede(self) -> None:
        """Leave to a later version what begins after this one has ended."""
        self._to = self.rule.valid_to

    def owns(self, start: int, zone: str) -> bool:
        """Whether what began at ``start`` (ms) is judged by this version of the rule.

        A violation is judged by the law of its start, also where it outlasts that law. Each start
        is one version's, so that none withdraws what another has published.
        """
        since = BEGINNING if self._from is None else midnight(zone, self._from)
        until = FOREVER if self._to is None else midnight(zone, self._to)
        return since <= start < until

    @property
    def succeeded(self) -> bool:
        """Whether a later version of the rule takes over where this one ends."""
        return self._to is not None

    def never(self) -> str | None:
        """Say why the rule could never be judged, so that it is refused; None: it can be."""
        return None


class WindowEvaluator(Evaluator[C]):
    """Asked for the means of windows."""

    @abstractmethod
    def windows(self) -> Collection[tuple[str, str]]:
        """Return the means it judges: window names, and the unit of the series in each."""

    of_peak: ClassVar[bool] = False
    """Whether ``floor`` is that of the greatest valid reading of a window, not of its mean."""

    @property
    @abstractmethod
    def floor(self) -> float | None:
        """Return the factor of the limit below which no mean can meet the rule.

        A mean below ``floor * limit``, or without a limit, is skipped. None: every mean is judged.
        With ``of_peak`` a mean is skipped whose greatest valid reading is below it.
        """

    def least(self, limit: float) -> float | None:  # noqa: ARG002
        """Return the smallest mean of the window that meets the rule, so that it can be foreseen.

        None: the mean alone does not decide, so nobody is told before the window has closed.
        """
        return None

    @abstractmethod
    def judge(self, scene: Scene, window: Window, key: str, mean: WindowMean) -> bool:
        """Judge the mean of the series ``key``; called again whenever it has changed.

        Returns whether a run that the window is part of may have changed (`RunEvaluator`).
        """


class LastingEvaluator(Evaluator[C]):
    """Asked for violations that outlive the windows in which they are found."""

    @abstractmethod
    def judge_runs(self, scene: Scene, parameter: str, changed: Collection[int]) -> int:
        """Bring the violations of a parameter up to date.

        ``changed`` are the starts (ms) of the windows that may have changed them since the last
        call. Returns the next stream time that alone makes a difference, ``FOREVER`` without one.
        """

    @abstractmethod
    def carry_over(self, scene: Scene, until: int) -> None:
        """Keep what is needed of the hours before ``until`` (ms), which are about to be dropped."""

    @abstractmethod
    def forget(self, scene: Scene, bound: int) -> bool:
        """Drop what was over before ``bound`` (ms), so for good; returns whether anything was."""


class RunEvaluator(LastingEvaluator[C], WindowEvaluator[C]):
    """Asked for the means of windows, and for what windows that follow each other make.

    A window has changed a run where `judge` returned True.
    """


class MassEvaluator(LastingEvaluator[C]):
    """Asked for the mass of a parameter in a calendar year, where a limit in t/a is on it.

    The engine counts it (`streams.core.judging.year_mass`); nothing else has to be kept.
    """

    @abstractmethod
    def concerns(self, scene: Scene, parameter: str, total: YearTotal) -> bool:
        """Whether a total that has changed may change a violation; called often, so cheap."""

    def carry_over(self, scene: Scene, until: int) -> None:
        """Keep nothing: the totals are kept."""

    def forget(self, scene: Scene, bound: int) -> bool:  # noqa: ARG002
        """Drop nothing of its own."""
        return False


class SilenceEvaluator(Evaluator[C]):
    """Asked for the gaps of a source."""

    def limit(self, policy: Policy) -> int | None:  # noqa: ARG002
        """Return the length (ms) above which a silence meets the rule, so that it can be foreseen.

        None: the length alone does not decide.
        """
        return None

    @abstractmethod
    def judge(self, scene: Scene, gaps: Sequence[GapInterval], proof: Proof) -> int:
        """Bring the violations up to date with all gaps of the source, without excused time.

        ``proof`` covers the log in which nothing came. Returns the next stream time that alone
        makes a difference, ``FOREVER`` without one.
        """


class Quiet(NamedTuple):
    """Until when nothing makes a difference: the end of a reading's interval, stream time (ms)."""

    reading: int
    time: int


class DeviceEvaluator(Evaluator[C]):
    """Asked for the use of a listed device that no verification of it covers."""

    @abstractmethod
    def judge(self, scene: Scene, use: DeviceUse, *, contested: bool) -> Quiet:
        """Bring the violation of a use up to date, and note in it what was published.

        Asked with its first reading, when a late one moves its start, when two readings contradict
        each other in it, when the registration changes, and once it is no longer quiet.
        """


class RegistrationEvaluator(Evaluator[C]):
    """Asked for an enterprise."""

    @abstractmethod
    def edges(self, enterprise: Enterprise, zone: str) -> Iterable[int]:
        """Yield the instants (ms) at which time alone changes the duties of the enterprise.

        ``zone`` is that of its dates.
        """

    @abstractmethod
    def judge(self, scene: EnterpriseScene) -> None:
        """Bring the violations of the enterprise up to date."""


TRIGGERS: Final = (
    WindowEvaluator,
    MassEvaluator,
    SilenceEvaluator,
    DeviceEvaluator,
    RegistrationEvaluator,
)
"""What an evaluator derives from, a `RunEvaluator` being a `WindowEvaluator` too."""

_EVALUATORS: dict[type[Condition], type[Evaluator[Any]]] = {}


def evaluates(condition: type[Condition]) -> Callable[[E], E]:
    """Register the evaluator of a condition, so that rule files may use it (class decorator)."""

    def register(evaluator: E) -> E:
        if not issubclass(evaluator, TRIGGERS):
            names = ", ".join(trigger.__name__ for trigger in TRIGGERS)
            raise TypeError(f"{evaluator.__name__} must derive from a trigger: {names}")
        _EVALUATORS[condition] = evaluator
        return evaluator

    return register


def conditions() -> dict[str, type[Condition]]:
    """Return the conditions that somebody evaluates, by the ``kind`` of a rule file."""
    return {str(each.__struct_config__.tag): each for each in _EVALUATORS}


def evaluator_of(rule: Rule) -> Evaluator[Any]:
    """Make the evaluator of a rule; raises ``KeyError`` where nobody evaluates its condition."""
    return _EVALUATORS[type(rule.condition)](rule, rule.condition)
