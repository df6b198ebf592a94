"""The metrics that follow from a worker's snapshot and from the checks outside of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from streams.health.lag import LagClock
from streams.health.progress import PartitionProgress, ProgressMonitor
from streams.health.report import ExternalChecks, WorkerSnapshot, livez, readyz
from streams.kafka.partitions import PartitionId
from streams.metrics import flow
from streams.metrics.metric_set import MetricSet, Samples


class Watched(NamedTuple):
    """What is known of the worker at one moment."""

    monitor: ProgressMonitor
    snapshot: WorkerSnapshot
    checks: ExternalChecks


class HealthMetrics:
    """Compute the metrics of health whenever they are read; ``group`` is the consumer group.

    Everything runs in the thread of the pages.
    """

    def __init__(
        self,
        metrics: MetricSet,
        group: str,
        watched: Callable[[], Watched],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._group = group
        self._watched = watched
        self._clock = clock
        self._lag_clock = LagClock()
        metrics.computed(flow.READY, lambda: _flag(readyz(*watched()).status))
        metrics.computed(flow.LIVE, lambda: _flag(livez(*watched(), pid=0).status))
        metrics.computed(flow.PARTITIONS, self._partitions)
        metrics.computed(flow.LAG, self._lags)
        metrics.computed(flow.POSITION, self._positions)
        metrics.computed(flow.END, self._ends)
        metrics.computed(flow.LAG_SECONDS, self._lag_seconds)

    def observe(self) -> None:
        """Fold what was checked last."""
        lags = {place: seen.lag for place, seen in self._progress()}
        self._lag_clock.observe(self._clock(), lags)

    def _progress(self) -> Iterator[tuple[PartitionId, PartitionProgress]]:
        """Yield the worker's partitions of which the broker told the end."""
        _, snapshot, checks = self._watched()
        for place, position in sorted(snapshot.positions.items()):
            if place in checks.ends:
                yield place, PartitionProgress(position, *checks.ends[place])

    def _partitions(self) -> Samples:
        counts = Counter(topic for topic, _ in self._watched().snapshot.positions)
        return [((topic,), float(count)) for topic, count in counts.items()]

    def _lags(self) -> Samples:
        return [(self._labels(place), float(seen.lag)) for place, seen in self._progress()]

    def _positions(self) -> Samples:
        return [
            (self._labels(place), float(seen.position))
            for place, seen in self._progress()
            if seen.position is not None
        ]

    def _ends(self) -> Samples:
        return [((topic, str(at)), float(seen.end)) for (topic, at), seen in self._progress()]

    def _lag_seconds(self) -> Samples:
        now, arrivals = self._clock(), self._watched().snapshot.arrivals
        return [
            (
                self._labels(place),
                self._lag_clock.seconds(place, seen.lag, arrivals.get(place), now),
            )
            for place, seen in self._progress()
        ]

    def _labels(self, place: PartitionId) -> tuple[str, ...]:
        return self._group, place[0], str(place[1])


def _flag(status: int) -> Samples:
    return [((), float(status == 200))]
