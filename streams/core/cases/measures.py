"""Keeps measures of officials by their arrival, and says which were known at a moment.

As registrations do, a measure counts from the arrival of its record. A later record under its id
takes its place from its own arrival on; of two that arrived in one millisecond the one added last.
One that names another operator's source or case counts for neither.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from typing import NamedTuple

from streams.core.registry.measure import Measure
from streams.core.time.interval import FOREVER


class ReceivedMeasure(NamedTuple):
    """A measure and its arrival, ms UTC: the timestamp of its record."""

    measure: Measure
    arrived_at: int


Version = tuple[int, str]
"""A version of a measure: its arrival (ms), and the id of the measure."""


class MeasureHistory:
    """Keeps every version of every measure, by source and by case."""

    def __init__(self) -> None:
        self.added: list[ReceivedMeasure] = []
        """All versions in the order in which they became known."""
        self._versions: dict[str, list[ReceivedMeasure]] = {}
        self._of_source: dict[str, set[str]] = {}
        self._of_case: dict[str, set[str]] = {}
        self._cases: dict[str, set[str]] = {}

    def add(self, measure: Measure, arrived_at: int) -> None:
        """Add a measure, or the next version of one."""
        received = ReceivedMeasure(measure, arrived_at)
        self.added.append(received)
        insort(self._versions.setdefault(measure.id, []), received, key=_arrival)
        if measure.source_id is not None:
            self._of_source.setdefault(measure.source_id, set()).add(measure.id)
        if measure.case_id is not None:
            self._of_case.setdefault(measure.case_id, set()).add(measure.id)
            self._cases.setdefault(measure.id, set()).add(measure.case_id)

    def cases_of(self, measure_id: str) -> Collection[str]:
        """Return the cases that any version of a measure is on."""
        return self._cases.get(measure_id, ())

    def on_source(self, source_id: str, bin_: str, known: int) -> Sequence[Measure]:
        """List the measures on a source of an operator as of ``known`` (ms), by their ids."""
        found = self._known(self._of_source.get(source_id, ()), known)
        told = [each.measure for each in found]
        return [each for each in told if (each.source_id, each.bin) == (source_id, bin_)]

    def on_case(self, case_id: str, bin_: str, known: int) -> Sequence[Measure]:
        """List the measures on a case of an operator as of ``known`` (ms), by their arrival."""
        found = self._known(self._of_case.get(case_id, ()), known)
        found.sort(key=lambda each: (each.arrived_at, each.measure.id))
        told = [each.measure for each in found]
        return [each for each in told if (each.case_id, each.bin) == (case_id, bin_)]

    def versions(self, case_id: str, known: int) -> list[Version]:
        """List the versions of the measures on a case as of ``known`` (ms), by their arrival."""
        return [each for each in self._on_case(case_id) if each[0] <= known]

    def next_on_case(self, case_id: str, taken: Collection[Version]) -> int:
        """Return the first arrival on a case that is not ``taken`` (ms), FOREVER without one."""
        found = (each[0] for each in self._on_case(case_id) if each not in taken)
        return min(found, default=FOREVER)

    def _on_case(self, case_id: str) -> list[Version]:
        return sorted(
            (each.arrived_at, identity)
            for identity in self._of_case.get(case_id, ())
            for each in self._versions[identity]
        )

    def _known(
        self, identities: Sequence[str] | set[str] | tuple[()], known: int
    ) -> list[ReceivedMeasure]:
        found = []
        for identity in sorted(identities):
            versions = self._versions[identity]
            at = bisect_right(versions, known, key=_arrival)
            if at:
                found.append(versions[at - 1])
        return found


def _arrival(received: ReceivedMeasure) -> int:
    return received.arrived_at
