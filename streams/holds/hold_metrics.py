"""Tells which partitions of a worker are held, and by what."""

from __future__ import annotations

from collections.abc import Mapping

from streams.holds.hold import Hold
from streams.kafka.partitions import PartitionId
from streams.metrics import flow
from streams.metrics.metric_set import MetricSet, Samples


def count_holds(metrics: MetricSet, held: Mapping[PartitionId, Hold]) -> None:
    """Have the partitions of ``held`` told whenever the metrics are read; none while none is."""

    def samples() -> Samples:
        found = sorted((hold.kind, *place) for place, hold in list(held.items()))
        return [((kind, topic, str(partition)), 1.0) for kind, topic, partition in found]

    metrics.computed(flow.HELD, samples)
