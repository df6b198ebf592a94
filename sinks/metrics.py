"""Counts what a sinks worker wrote, once a batch and table."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sinks.batch import Batch, Entry
from sinks.readings.entries import ReadingEntries, RowBlock
from sinks.tables import READINGS, Table
from streams.kafka.partitions import PartitionId
from streams.metrics import flow, latency, quality
from streams.metrics.metric_set import MetricSet
from streams.runtime.traces import OFF, Traces
from streams.transport.batch import PartitionBatch

STAGES: Final = ("decode", "insert")
VALID: Final = "VALID"
"""Label of values whose quality code is empty."""


class SinkMetrics:
    """The instruments of a sinks worker; ``clock`` is Unix time."""

    def __init__(
        self,
        metrics: MetricSet,
        clock: Callable[[], float] = time.time,
        traces: Traces = OFF,
    ) -> None:
        self._clock = clock
        self.traces = traces
        stages = metrics.histogram(latency.STAGE)
        self._stages = {stage: stages.labels(stage=stage) for stage in STAGES}
        self._late = metrics.histogram(latency.ROW)
        self._records = metrics.counter(flow.RECORDS)
        self._rows = metrics.counter(flow.INSERTED_ROWS)
        self._retries = metrics.counter(flow.INSERT_RETRIES)
        self._rejected = metrics.counter(flow.INSERT_REJECTED)
        self._rebalances = metrics.counter(flow.REBALANCES)
        self._values = metrics.counter(quality.VALUES)
        self.arrivals: dict[PartitionId, int] = {}
        """Arrival of the last acknowledged record of each partition, ms UTC."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time a stage of a batch, one of `STAGES`, until the block ends."""
        return self.traces.stage(name, self._stages[name].time())

    def rebalanced(self) -> None:
        """Count an assignment of partitions."""
        self._rebalances.inc()

    def retried(self, table: Table) -> None:
        """Count an insert that failed and is tried again."""
        self._retries.labels(table.name).inc()

    def rejected(self, table: Table) -> None:
        """Count a message whose rows ClickHouse refuses."""
        self._rejected.labels(table.name).inc()

    def inserted(self, table: Table, batch: Batch, rows: int) -> None:
        """Count the rows of a batch that a table has now, how late they are, and their quality."""
        self._rows.labels(table.name).inc(rows)
        now_ms = self._clock() * 1000
        since_arrival = self._late.labels(table=table.name, since="arrival")
        entries = batch.entries
        if not isinstance(entries, ReadingEntries):
            since_arrival.observe_many(_seconds(now_ms, _arrivals(entries)))
            return
        since_arrival.observe_many(_seconds(now_ms, entries.arrivals))
        if table is READINGS:
            since_measurement = self._late.labels(table=table.name, since="measurement")
            for block in entries.blocks:
                ends = block.measured_at + block.pattern.period_s * 1000
                since_measurement.observe_many(_seconds(now_ms, ends))
                self._count_quality(block)

    def acknowledged(self, batch: PartitionBatch) -> None:
        """Count the records of a fetch whose rows are written."""
        self._records.labels(batch.topic).inc(len(batch))
        self.arrivals[batch.topic, batch.partition] = int(batch.records[-1].timestamp)

    def _count_quality(self, block: RowBlock) -> None:
        counts = np.bincount(block.codes.ravel(), minlength=len(block.texts))
        for code in np.flatnonzero(counts).tolist():
            self._values.labels(block.texts[code] or VALID).inc(int(counts[code]))


def _arrivals(entries: Sequence[Entry]) -> NDArray[np.int64]:
    return np.fromiter((entry.timestamp for entry in entries), np.int64, len(entries))


def _seconds(now_ms: float, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how many seconds ago times (ms UTC) were, none of them less than 0."""
    found: NDArray[np.float64] = np.maximum((now_ms - times) / 1000, 0.0)
    return found
