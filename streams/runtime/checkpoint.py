"""The order in which the results of a batch become durable, owned by one class."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.changelog.write_behind import WriteBehind
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.producer import ConfirmedProducer, Output, PartitionRecord
from streams.metrics.metric_set import MetricSet
from streams.runtime.batch_metrics import BatchMetrics
from streams.transport.batch import Delivery


class Checkpoint:
    """Make the results of a batch durable; the order is the whole point.

    1. every output is produced, and the broker has confirmed each of them;
    2. what is due of the state (`streams.changelog.write_behind`) and the ledger are written to the
       changelog, which is claimed before the first of it, and the broker has confirmed them;
    3. the replica in memory takes over a checkpoint that is complete by it;
    4. the batch is acknowledged, so that its offsets may be committed.

    A step begins when the one before it is confirmed. Steps 1 and 2 repeat what fails until it
    works. State follows behind the log: the next owner of the partition judges again what lies
    between the last complete checkpoint and the committed offset, and a crash between two steps
    repeats the batch as well. Outputs carry deterministic ids, and state beyond the last complete
    marker is ignored (`streams.changelog.replica`). When the partition is revoked between two
    steps, the rest is skipped and `PartitionRevoked` is raised.
    """

    def __init__(
        self,
        producer: ConfirmedProducer,
        changelog: str,
        metrics: BatchMetrics | None = None,
    ) -> None:
        self._producer = producer
        self._changelog = changelog
        self._metrics = metrics or BatchMetrics(MetricSet("streams"))

    async def complete(
        self, delivery: Delivery, outputs: Iterable[Output], state: WriteBehind
    ) -> None:
        """Take a batch through the four steps."""
        batch = delivery.value

        def revoked() -> bool:
            return batch.revoked

        await self.publish(outputs, revoked=revoked)
        state.record_batch(batch)
        await self.save(batch.partition, state, revoked=revoked)
        delivery.ack()

    async def publish(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        """Take the first step alone, for records that were acknowledged before."""
        with self._metrics.stage("produce"):
            await self._producer.produce(outputs, revoked=revoked)

    async def save(
        self,
        partition: int,
        state: WriteBehind,
        *,
        revoked: Callable[[], bool],
        full: bool = False,
    ) -> None:
        """Take the second and third step; ``full``: write all of the state, due or not."""
        with self._metrics.stage("save"):
            if not state.claimed:
                state.confirm_claim(await self._write(partition, [state.claim()], revoked))
            records = state.next_records(full=full)
            first = await self._write(partition, records, revoked)
            taken_s = state.confirm(first, len(records))
        if taken_s is not None:
            self._metrics.checkpoint_completed(partition, taken_s)

    async def _write(
        self, partition: int, records: list[PartitionRecord], revoked: Callable[[], bool]
    ) -> int | None:
        """Write to the changelog; return the offset of the first, None if others are between."""
        first = await self._producer.produce_to(
            self._changelog, partition, records, revoked=revoked
        )
        if revoked():
            raise PartitionRevoked
        return first
