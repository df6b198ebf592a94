"""Each partition that waits for a person is told with its place, and none while none waits."""

from __future__ import annotations

from streams.holds.hold import CLOCK, Hold
from streams.holds.hold_metrics import count_holds
from streams.kafka.partitions import PartitionId
from streams.metrics.metric_set import MetricSet
from tests.metrics.samples import value


def test_a_held_partition_is_told_with_its_place() -> None:
    held: dict[PartitionId, Hold] = {}
    metrics = MetricSet("streams")
    count_holds(metrics, held)

    def told(partition: int) -> float | None:
        place = {"kind": CLOCK, "topic": "t", "partition": str(partition)}
        return value(metrics, "emissions_partitions_held", **place)

    assert told(3) is None
    held["t", 3] = Hold(
        worker="streams", topic="t", partition=3, offset=1, kind=CLOCK, why="w", since=0
    )
    assert (told(3), told(2)) == (1.0, None)
    held.clear()
    assert told(3) is None
