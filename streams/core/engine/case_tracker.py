"""Carries the cases of one subject along the log: its violations, refused messages, and time.

Nothing is done while nothing happens: `due` is the next moment at which time alone, a measure or
a mark changes a case. A step at a record of the log gives the same wherever batches are cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from streams.core.cases.builder import (
    Step,
    asks_for_refused,
    carry_on,
    next_moment,
    note_refused,
)
from streams.core.cases.index import CaseIndex
from streams.core.cases.scene import CaseScene
from streams.core.cases.state import CaseState
from streams.core.cases.state_bytes import encode_case, encode_subject, is_packed
from streams.core.engine.stream_time import StreamTimes
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.time.interval import FOREVER


class Told(NamedTuple):
    """What a span of the log brought of one subject, in the order of stream time (ms).

    ``refused`` are the stream times of its messages that were dead-lettered, each with its own
    arrival; ``late`` the revisions that data made, and not the time that passed: id and number.
    """

    violations: Sequence[Violation] = ()
    refused: Sequence[tuple[int, int]] = ()
    late: frozenset[tuple[str, int]] = frozenset()


class SpanClock(NamedTuple):
    """Stream time along a span of the log.

    ``before`` is the stream time before the span, ``ticks`` the stream times at which a tick ends
    the moment: no record of such a moment follows its tick within a span.
    """

    log: StreamTimes
    before: int
    ticks: Collection[int]

    @property
    def end(self) -> int:
        """Stream time at the last record of the span."""
        return self.log.times[self.log.end - 1]

    @property
    def over(self) -> int:
        """The last moment that is over with the span."""
        return self.end if self.end in self.ticks else self.end - 1

    def step(
        self,
        at: int,
        violations: tuple[Violation, ...] = (),
        late: frozenset[tuple[str, int]] = frozenset(),
        refused: tuple[int, ...] = (),
    ) -> Step:
        """Return the step at the stream time ``at`` of a record of the span."""
        first = self.log.first_at(at, self.log.start)
        before = self.before if first == self.log.start else self.log.times[first - 1]
        return Step(before, at, violations, refused, at in self.ticks, late)


class CaseTracker:
    """Tracks the cases of one subject; they are saved under ``key`` and one key a case."""

    def __init__(self, key: str, case_prefix: str, state: CaseState) -> None:
        self._key = key
        self._case_prefix = case_prefix
        self._state = state
        self._index = CaseIndex(state)
        self._changed: dict[str, None] = {}
        self._own = False
        self.due = FOREVER

    @property
    def cases(self) -> Iterable[str]:
        """The ids of its cases."""
        return self._state.cases

    def schedule(self, scene: CaseScene) -> int:
        """Compute when it is due next, where a measure or a mark has arrived; returns it."""
        self.due = next_moment(scene, self._state, self._index)
        return self.due

    def process(self, scene: CaseScene, clock: SpanClock, told: Told) -> list[AdministrativeCase]:
        """Take over what a span of the log brought; returns the new revisions of its cases."""
        found: list[AdministrativeCase] = []
        for at, violations, refused in _moments(told):
            if refused and not violations and self.due < at:  # what opens before is there by then
                found += self._carry_on(scene, clock.step(at)._replace(tick=False))
            if violations or (refused and asks_for_refused(self._index)):
                found += self._carry_on(scene, clock.step(at, violations, told.late, refused))
            elif refused:
                for arrival in refused:
                    note_refused(self._state, arrival)
                self._own = True
        if self.due <= clock.over:
            found += self._carry_on(scene, clock.step(clock.end))
        return found

    def _carry_on(self, scene: CaseScene, step: Step) -> list[AdministrativeCase]:
        before = self._state.moment
        result = carry_on(scene, self._state, step, self._index)
        self._changed.update(self._packed_since(before))
        self._changed.update(dict.fromkeys((*result.changed, *result.gone)))
        self._own |= result.own
        self.due = result.due
        return result.revisions

    def _packed_since(self, before: int) -> dict[str, None]:
        """Return the cases that are saved packed as of now and were not as of ``before`` (ms)."""
        return {
            identity: None
            for identity, case in self._state.cases.items()
            if is_packed(case, self._state.moment) and not is_packed(case, before)
        }

    def save(self) -> Iterator[tuple[str, bytes | None]]:
        """Encode what has changed since the last call, by key of the state; None: deleted."""
        for identity in self._changed:
            case = self._state.cases.get(identity)
            encoded = None if case is None else encode_case(case, self._state.moment)
            yield f"{self._case_prefix}{identity}", encoded
        self._changed.clear()
        if self._own:
            self._own = False
            yield self._key, encode_subject(self._state)


def _moments(told: Told) -> Iterator[tuple[int, tuple[Violation, ...], tuple[int, ...]]]:
    """Yield each stream time at which something was told, with what it was."""
    by_time: dict[int, list[Violation]] = {}
    for each in told.violations:
        by_time.setdefault(each.detected_at, []).append(each)
    refused: dict[int, list[int]] = {}
    for at, arrival in told.refused:
        refused.setdefault(at, []).append(arrival)
    for at in sorted(by_time.keys() | refused.keys()):
        yield at, tuple(by_time.get(at, ())), tuple(refused.get(at, ()))
