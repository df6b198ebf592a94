"""Counts what the batches of a streams worker brought, once a batch."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Final, NamedTuple, Protocol

from streams.changelog.store import StateStore
from streams.core.engine.outcome import Outcome
from streams.core.engine.transmission import Transmission
from streams.metrics import cases, flow, latency, nation, quality
from streams.metrics.metric_set import MetricSet, Samples
from streams.runtime.traces import OFF, Traces
from streams.transport.batch import PartitionBatch

STAGES: Final = ("restore", "registry", "replay", "judge", "encode", "produce", "save")
SILENT_FOR: Final = {"1h": 3_600_000, "24h": 86_400_000}
"""Silences that are counted, by the value of the label; ms."""
SURVEY_S: Final = 15.0
"""How often the sources and the state of a partition are looked at."""


class SurveyedEngine(Protocol):
    """What is asked of the engine of a partition."""

    @property
    def stream_time(self) -> int:
        """The highest arrival time seen, ms UTC."""
        ...

    def silences(self) -> Sequence[int]:
        """Return for each source of which readings are due now how long it is silent, ms."""
        ...

    def transmissions(self) -> Mapping[str, Transmission]:
        """Count the 20-minute values of the last hour of stream time, by region."""
        ...

    def oldest_pending_mark(self) -> int | None:
        """Return when the oldest mark without a final verdict arrived (ms); None: there is none."""
        ...


class PartitionSurvey(NamedTuple):
    """Counts of one partition: sources, those that are silent (`SILENT_FOR`), and its state.

    ``transmissions`` are by region; ``pending_mark`` is an arrival (ms), None where there is none.
    """

    sources: int
    silent: tuple[int, ...]
    transmissions: Mapping[str, Transmission]
    pending_mark: int | None
    keys: int
    disk_bytes: int


class BatchMetrics:
    """The instruments of a streams worker; ``clock`` is Unix time, ``pace`` a monotonic one."""

    def __init__(
        self,
        metrics: MetricSet,
        clock: Callable[[], float] = time.time,
        pace: Callable[[], float] = time.monotonic,
        traces: Traces = OFF,
    ) -> None:
        self._clock = clock
        self._traces = traces
        self._pace = pace
        stages = metrics.histogram(latency.STAGE)
        self._stages = {stage: stages.labels(stage=stage) for stage in STAGES}
        late = metrics.histogram(latency.VIOLATION)
        self._since_arrival = late.labels(since="arrival")
        self._since_measurement = late.labels(since="measurement")
        self._records = cache(metrics.counter(flow.RECORDS).labels)
        readings = metrics.counter(flow.READINGS)
        self._readings = [readings.labels(each) for each in ("used", "duplicate", "refused")]
        self._published = cache(metrics.counter(flow.PUBLISHED).labels)
        self._refused = cache(metrics.counter(quality.REFUSED).labels)
        self._violations = cache(metrics.counter(cases.VIOLATIONS).labels)
        self._rebalances = metrics.counter(flow.REBALANCES)
        self._checkpoint_s = metrics.histogram(flow.CHECKPOINTS).labels()
        self._stream_times: dict[int, float] = {}
        self._ticks: dict[int, float] = {}
        self._checkpoints: dict[int, float] = {}
        self._surveys: dict[int, PartitionSurvey] = {}
        self._surveyed_at: dict[int, float] = {}
        self.arrivals: dict[int, int] = {}
        """Arrival of the last finished record of each partition, ms UTC."""
        metrics.computed(nation.STREAM_TIME, lambda: _by_partition(self._stream_times))
        metrics.computed(nation.TICK_TIME, lambda: _by_partition(self._ticks))
        metrics.computed(flow.CHECKPOINT_TIME, lambda: _by_partition(self._checkpoints))
        metrics.computed(nation.SOURCES, lambda: self._sum(lambda each: each.sources))
        metrics.computed(flow.STATE_KEYS, lambda: self._sum(lambda each: each.keys))
        metrics.computed(flow.STATE_BYTES, lambda: self._sum(lambda each: each.disk_bytes))
        metrics.computed(nation.SILENT, self._silent)
        metrics.computed(nation.VALUES_DUE, lambda: self._by_region(lambda each: each.due))
        metrics.computed(
            nation.VALUES_RECEIVED, lambda: self._by_region(lambda each: each.received)
        )
        metrics.computed(nation.PENDING_MARK, self._pending_mark)

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time a stage of a batch, one of `STAGES`, until the block ends."""
        return self._traces.stage(name, self._stages[name].time())

    def rebalanced(self, partitions: Collection[int]) -> None:
        """Count an assignment, and forget all partitions but these."""
        self._rebalances.inc()
        known = (
            self._stream_times, self._ticks, self._checkpoints, self._surveys, self._surveyed_at,
            self.arrivals,
        )  # fmt: skip
        for values in known:
            for partition in values.keys() - set(partitions):
                del values[partition]

    def finished(
        self, batch: PartitionBatch, outcome: Outcome, engine: SurveyedEngine, state: StateStore
    ) -> None:
        """Count a batch whose results are durable."""
        partition, now = batch.partition, self._clock()
        self._records(batch.topic).inc(len(batch))
        counts = outcome.used, outcome.duplicates, len(outcome.dead_letters)
        for counter, count in zip(self._readings, counts, strict=True):
            counter.inc(count)
        for reason, count in Counter(each.reason for each in outcome.dead_letters).items():
            self._refused(reason).inc(count)
        self._count_published(outcome)
        for each in outcome.violations:
            self._violations(each.rule, each.status).inc()
            self._since_arrival.observe(max(0.0, now - each.detected_at / 1000))
            if each.revision == 1 and each.end is not None:  # what amends it later came late
                self._since_measurement.observe(max(0.0, now - each.end / 1000))
        self.arrivals[partition] = int(batch.records[-1].timestamp)
        self._stream_times[partition] = engine.stream_time / 1000
        self._checkpoints.setdefault(partition, now)
        if outcome.ticks:
            self._ticks[partition] = engine.stream_time / 1000
        pace = self._pace()
        if pace - self._surveyed_at.get(partition, -SURVEY_S) >= SURVEY_S:
            self._surveyed_at[partition] = pace
            self._surveys[partition] = _survey(engine, state)

    def checkpoint_completed(self, partition: int, seconds: float) -> None:
        """Count a checkpoint that the changelog has, so many seconds after it was taken."""
        self._checkpoint_s.observe(seconds)
        self._checkpoints[partition] = self._clock()

    def _count_published(self, outcome: Outcome) -> None:
        for records in (
            outcome.means, outcome.gaps, outcome.violations, outcome.findings, outcome.cases,
            outcome.roots, outcome.notices, outcome.advice, outcome.dead_letters,
        ):  # fmt: skip
            if records:
                self._published(type(records[0]).__name__).inc(len(records))

    def _sum(self, of: Callable[[PartitionSurvey], int]) -> Samples:
        return [((), float(sum(map(of, list(self._surveys.values())))))]

    def _silent(self) -> Samples:
        surveys = list(self._surveys.values())
        return [
            ((name,), float(sum(each.silent[at] for each in surveys)))
            for at, name in enumerate(SILENT_FOR)
        ]

    def _by_region(self, of: Callable[[Transmission], int]) -> Samples:
        counts: Counter[str] = Counter()
        for survey in list(self._surveys.values()):
            for region, counted in survey.transmissions.items():
                counts[region] += of(counted)
        return [((region,), float(count)) for region, count in sorted(counts.items())]

    def _pending_mark(self) -> Samples:
        marks = (each.pending_mark for each in list(self._surveys.values()))
        oldest = min((mark for mark in marks if mark is not None), default=None)
        return [] if oldest is None else [((), oldest / 1000)]


def _survey(engine: SurveyedEngine, state: StateStore) -> PartitionSurvey:
    silences = engine.silences()
    return PartitionSurvey(
        len(silences),
        tuple(sum(each > least for each in silences) for least in SILENT_FOR.values()),
        engine.transmissions(),
        engine.oldest_pending_mark(),
        len(state),
        state.disk_bytes,
    )


def _by_partition(values: dict[int, float]) -> Samples:
    return [((str(partition),), value) for partition, value in sorted(values.copy().items())]
