"""Tells how many partitions of a worker are held, and by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from streams.holds.hold import CLOCK, LIMIT, Hold
from streams.kafka.partitions import PartitionId
from streams.metrics import flow
from streams.metrics.metric_set import MetricSet, Samples


def count_holds(metrics: MetricSet, held: Mapping[PartitionId, Hold]) -> None:
    """Have the partitions of ``held`` counted whenever the metrics are read."""

    def samples() -> Samples:
        kinds = Counter(hold.kind for hold in list(held.values()))
        return [((kind,), float(kinds[kind])) for kind in (LIMIT, CLOCK)]

    metrics.computed(flow.HELD, samples)
