"""The order in which the results of a batch become durable, owned by one class."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from streams.kafka import Patience
from streams.transport import PartitionBatch

NEXT_OFFSET: Final = "next"
"""Header of a state record: the input offset its checkpoint reaches."""

OUTPUT_BATCH_BYTES: Final = 900_000
"""Record batches stay below the broker's default ``message.max.bytes``."""

_KNOWN_KEYS: Final = 200_000


class Output(NamedTuple):
    """A record to be produced; its partition follows from the key (murmur2)."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class RawOutput(NamedTuple):
    """A record for a partition that is known; a value None deletes the key."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Revoked(Exception):  # noqa: N818 - an event, not a fault
    """The partition left while its batch was being written down; the rest is not ours to do."""


class Acknowledged(Protocol):
    """What Faust gives an agent: the batch and the way to acknowledge it."""

    value: Any

    def ack(self) -> bool:
        """Let the batch's offsets be committed."""
        ...


class Outbox:
    """Produces records in whole record batches and waits for the broker's confirmations.

    A refused or lost batch is sent again, for ever, with back-off; records of one partition keep
    their order. At-least-once: a batch whose confirmation got lost is there twice.
    """

    def __init__(self, options: Mapping[str, Any], *, say_s: float = 30.0) -> None:
        # Requests are short: the retrying is ours, and it looks whether it is still wanted.
        self._producer = AIOKafkaProducer(
            **options,
            acks="all",
            linger_ms=0,
            max_batch_size=OUTPUT_BATCH_BYTES,
            max_request_size=8 * OUTPUT_BATCH_BYTES,
            request_timeout_ms=10_000,
        )
        self._say_s = say_s
        self._partitioner = DefaultPartitioner()
        self._partition_of: dict[tuple[str, bytes], int] = {}

    async def start(self) -> None:
        """Connect; raises ``KafkaError`` when the broker is away."""
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        """Produce records, each to the partition of its key; raises `Revoked`."""
        groups: dict[tuple[str, int], list[Output]] = {}
        for output in outputs:
            place = (output.topic, await self._place(output, revoked))
            groups.setdefault(place, []).append(output)
        await _all(
            self.produce_to(topic, partition, records, revoked=revoked)
            for (topic, partition), records in groups.items()
        )

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | RawOutput],
        *,
        revoked: Callable[[], bool],
    ) -> None:
        """Produce records to one partition, in their order; raises `Revoked`."""
        trouble = Patience(f"producing to {topic} fails", self._say_s)
        done = 0
        while done < len(records):
            if revoked():
                raise Revoked
            batch = self._producer.create_batch()
            upto = done
            while upto < len(records):
                record = records[upto]
                if not batch.append(
                    timestamp=None,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                ):
                    break
                upto += 1
            try:
                await (await self._producer.send_batch(batch, topic, partition=partition))
            except KafkaError as error:
                await trouble.wait(error)
            else:
                trouble.over()
                done = upto

    async def _place(self, output: Output, revoked: Callable[[], bool]) -> int:
        known = self._partition_of.get((output.topic, output.key))
        if known is not None:
            return known
        trouble = Patience(f"topic {output.topic} cannot be looked up", self._say_s)
        while True:
            if revoked():
                raise Revoked
            try:
                partitions = sorted(await self._producer.partitions_for(output.topic))
            except KafkaError as error:
                await trouble.wait(error)
            else:
                break
        if len(self._partition_of) >= _KNOWN_KEYS:  # ids of violations are new each time
            self._partition_of.clear()
        found: int = self._partitioner(output.key, partitions, partitions)
        self._partition_of[(output.topic, output.key)] = found
        return found


class Checkpoint:
    """Writes down what a batch led to. The order is the whole point, and it is this:

    1. every output is produced, and the broker has confirmed each of them;
    2. the state is written to the changelog, marked with the input offset it reaches, the
       partition's checkpoint mark last, and the broker has confirmed all of it;
    3. the state is put into the table;
    4. the batch is acknowledged, so that its offsets may be committed.

    A step begins when the one before it is confirmed. Steps 1 and 2 repeat what fails until it
    works. A crash between two steps repeats the batch: outputs carry deterministic ids, and
    state beyond the last complete mark is not taken over (`streams.state_table`). When the
    partition leaves between two steps, what remains is not done and `Revoked` is raised.
    """

    def __init__(self, outbox: Outbox, changelog: str, table: StateTableLike) -> None:
        self._outbox = outbox
        self._changelog = changelog
        self._table = table

    async def complete(
        self,
        event: Acknowledged,
        outputs: Iterable[Output],
        state: Mapping[str, bytes | None],
    ) -> None:
        """Take a batch through the four steps."""
        batch: PartitionBatch = event.value

        def revoked() -> bool:
            return batch.revoked

        await self._outbox.produce(outputs, revoked=revoked)
        await self._outbox.produce_to(
            self._changelog, batch.partition, state_records(batch, state), revoked=revoked
        )
        if batch.revoked:
            raise Revoked
        self._table.put(batch.partition, state)
        event.ack()


class StateTableLike(Protocol):
    """The table that holds the state in memory."""

    def put(self, partition: int, state: Mapping[str, bytes | None]) -> None:
        """Take over confirmed state."""
        ...


def mark_key(partition: int) -> bytes:
    """Key of a partition's checkpoint mark; no key of the state itself begins like that."""
    return f"checkpoint/{partition}".encode()


def state_records(batch: PartitionBatch, state: Mapping[str, bytes | None]) -> list[RawOutput]:
    """The changelog records of a checkpoint, its mark last.

    The mark is never a deletion and never out of date, so a compacted changelog always ends with
    a record that exists: recovery waits for the last offset.
    """
    reached = str(batch.next_offset).encode()
    headers = ((NEXT_OFFSET, reached),)
    records = [RawOutput(key.encode(), value, headers) for key, value in state.items()]
    records.append(RawOutput(mark_key(batch.partition), reached, headers))
    return records


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run together; on the first failure end the others before it is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
