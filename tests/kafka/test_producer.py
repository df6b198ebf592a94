"""The producer delivers each record, in order, whatever fails on the way, and ends when told to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaTimeoutError, OutOfOrderSequenceNumber
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka.ends import end_offsets
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.producer import (
    ConfirmedProducer,
    Output,
    PartitionRecord,
    RecordTooLargeError,
    _fill,
)
from tests.support.broker import TestBroker, unique


class FlakyProducer(ConfirmedProducer):
    """Its producers refuse some record batches before they pass the others on."""

    refusals = 0
    connections = 0
    error: type[Exception] = KafkaTimeoutError

    async def _connect(self) -> Any:
        real = await super()._connect()
        self.connections += 1
        send_batch = real.send_batch

        async def flaky(*args: Any, **kwargs: Any) -> Any:
            if self.refusals:
                self.refusals -= 1
                raise self.error
            return await send_batch(*args, **kwargs)

        real.send_batch = flaky
        return real


@pytest.mark.parametrize("error", [KafkaTimeoutError, OutOfOrderSequenceNumber])
async def test_a_refused_batch_is_produced_again_in_order(
    any_broker: TestBroker, error: type[Exception]
) -> None:
    topic = unique("producer")
    await any_broker.create(topic, partitions=2)
    producer = FlakyProducer({"bootstrap_servers": any_broker.address})
    producer.refusals, producer.error = 2, error
    await producer.start()
    try:
        big = b"x" * 300_000  # several record batches
        outputs = [Output(topic, b"%d" % (n % 5), big + b"%d" % n) for n in range(20)]
        await producer.produce(outputs, revoked=staying)
    finally:
        await producer.stop()
    found = await any_broker.read(topic)
    for key in {output.key for output in outputs}:
        values = [r.value for r in found if r.key == key]
        assert values == [output.value for output in outputs if output.key == key]
        assert len({r.partition for r in found if r.key == key}) == 1
    # An idempotent producer that failed is replaced: its sequence numbers are used up.
    assert (producer.connections > 1) == producer.idempotent


async def test_each_record_goes_where_any_producer_would_put_it(any_broker: TestBroker) -> None:
    one, other = unique("producer"), unique("producer")
    await any_broker.create(one, partitions=5)
    await any_broker.create(other, partitions=3)
    outputs = [
        Output((one, other)[n % 2], b"KZ-%d" % (n % 30), b"%d" % n, (("n", b"%d" % n),))
        for n in range(120)
    ]
    producer = ConfirmedProducer({"bootstrap_servers": any_broker.address})
    await producer.start()
    try:
        await producer.produce(outputs, revoked=staying)
        await producer.produce(iter(outputs[:10]), revoked=staying)
    finally:
        await producer.stop()
    for topic, partitions in ((one, 5), (other, 3)):
        found = await any_broker.read(topic)
        places = list(range(partitions))
        for partition in places:
            there = [(r.key, r.value, tuple(r.headers)) for r in found if r.partition == partition]
            assert there == [
                (o.key, o.value, o.headers)
                for o in outputs + outputs[:10]
                if o.topic == topic and DefaultPartitioner()(o.key, places, places) == partition
            ]


@pytest.mark.parametrize("limit", [100_000, 1_500])
def test_a_batch_is_filled_as_record_by_record(limit: int) -> None:
    headers = [(), (("next", b"1"),), (("next", b"1"), ("a", b""))]
    records = [
        PartitionRecord(b"%d" % n if n % 3 else None, b"x" * n if n % 5 else None, headers[n // 20])
        for n in range(60)
    ]
    whole, single = BatchBuilder(limit, 0), BatchBuilder(limit, 0)
    upto = _fill(whole, records, 5, 55)
    assert (upto < 55) == whole.closed() == (limit == 1_500)
    count, size, content = whole.record_count(), whole.size(), whole._build()
    for written, record in zip(
        MemoryRecords(bytes(content)).next_batch(), records[5:], strict=False
    ):
        single.append(
            timestamp=written.timestamp,
            key=record.key,
            value=record.value,
            headers=list(record.headers),
        )
    assert (count, size) == (upto - 5, single.size())
    assert single.record_count() == count
    assert single._build() == content


async def test_it_says_where_the_records_are(any_broker: TestBroker) -> None:
    topic = unique("producer")
    await any_broker.create(topic)
    producer = ConfirmedProducer({"bootstrap_servers": any_broker.address})
    await producer.start()
    try:
        small = [PartitionRecord(b"k", b"v")] * 5
        assert await producer.produce_to(topic, 0, small, revoked=staying) == 0
        large = [PartitionRecord(b"k", b"x" * 400_000)] * 5
        assert await producer.produce_to(topic, 0, large, revoked=staying) == 5
        assert await producer.produce_to(topic, 0, small, revoked=staying) == 10
    finally:
        await producer.stop()


async def test_a_record_that_is_too_large_is_a_sentence(kafka: TestBroker) -> None:
    topic = unique("producer")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    try:
        limit = {"max.message.bytes": "2000"}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=limit)])
    finally:
        await admin.close()
    producer = ConfirmedProducer({"bootstrap_servers": kafka.address})
    await producer.start()
    try:
        record = PartitionRecord(b"k", b"x" * 5000)
        with pytest.raises(RecordTooLargeError, match=f"{topic} refuses a record of 5001 bytes"):
            await producer.produce_to(topic, 0, [record], revoked=staying)
        # A topic whose limit is below a batch of ours gets smaller batches, in order.
        small = [PartitionRecord(b"k", b"%d" % n * 100) for n in range(50)]
        assert await producer.produce_to(topic, 0, small, revoked=staying) == 0
    finally:
        await producer.stop()
    assert [r.value for r in await kafka.read(topic)] == [record.value for record in small]


def staying() -> bool:
    return False


async def test_retries_end_when_the_partition_leaves(any_broker: TestBroker) -> None:
    topic = unique("producer")
    await any_broker.create(topic)
    producer = FlakyProducer({"bootstrap_servers": any_broker.address})
    producer.refusals = 10**9
    await producer.start()
    looked = 0

    def revoked() -> bool:
        nonlocal looked
        looked += 1
        return looked > 2

    try:
        with pytest.raises(PartitionRevoked):
            await producer.produce_to(topic, 0, [PartitionRecord(b"k", b"v")], revoked=revoked)
    finally:
        await producer.stop()
    ends = await end_offsets([TopicPartition(topic, 0)], bootstrap_servers=any_broker.address)
    assert set(ends.values()) == {0}


async def test_what_is_never_confirmed_is_given_up_with_the_partition(
    any_broker: TestBroker,
) -> None:
    topic = unique("producer")
    await any_broker.create(topic)

    class Silent(ConfirmedProducer):
        async def _connect(self) -> Any:
            real = await super()._connect()

            async def never(*_: Any, **__: Any) -> Any:
                return asyncio.get_running_loop().create_future()

            real.send_batch = never
            return real

    producer = Silent({"bootstrap_servers": any_broker.address})
    left = asyncio.Event()
    producing = asyncio.create_task(
        producer.produce_to(topic, 0, [PartitionRecord(b"k", b"v")], revoked=left.is_set)
    )
    try:
        done, _ = await asyncio.wait({producing}, timeout=0.5)
        assert not done
        left.set()
        with pytest.raises(PartitionRevoked):
            await producing
    finally:
        await producer.stop()


async def test_partitions_that_share_a_producer_lose_nothing_when_it_is_replaced(
    any_broker: TestBroker,
) -> None:
    topic, changelog = unique("producer"), unique("producer")
    await any_broker.create(topic, changelog, partitions=3)
    producer = FlakyProducer({"bootstrap_servers": any_broker.address})
    producer.error = OutOfOrderSequenceNumber
    await producer.start()

    async def one_partition(partition: int) -> None:
        """Batches one after the other, outputs and then state, as of one partition."""
        for batch in range(6):
            producer.refusals += batch % 2
            outputs = [
                Output(
                    topic, b"%d-%d" % (partition, n % 4), b"%d" % (100 * batch + n) + b"x" * 9000
                )
                for n in range(100)
            ]
            await producer.produce(outputs, revoked=staying)
            state = [PartitionRecord(b"%d" % n, b"%d" % batch) for n in range(20)]
            await producer.produce_to(changelog, partition, state, revoked=staying)

    try:
        await asyncio.gather(*(one_partition(partition) for partition in range(3)))
    finally:
        await producer.stop()
    assert (producer.connections > 1) == producer.idempotent
    found = await any_broker.read(topic)
    for key in {record.key for record in found}:
        numbers = [int(r.value.rstrip(b"x")) for r in found if r.key == key]
        assert_in_order(
            numbers, [100 * b + n for b in range(6) for n in range(int(key[2:]), 100, 4)]
        )
    states = await any_broker.read(changelog)
    for partition in range(3):
        written = [(int(r.value), int(r.key)) for r in states if r.partition == partition]
        assert_in_order(written, [(batch, n) for batch in range(6) for n in range(20)])


def assert_in_order(found: list[Any], expected: list[Any]) -> None:
    """Everything is there, in its order; what was sent again follows what it repeats."""
    reached = -1
    for item in found:
        at = expected.index(item)
        assert at <= reached + 1, f"{item} comes before {expected[reached + 1]}"
        reached = max(reached, at)
    assert reached == len(expected) - 1


async def test_what_a_replaced_producer_never_confirmed_is_produced_again(
    kafka: TestBroker,
) -> None:
    stuck, refused = unique("producer"), unique("producer")
    await kafka.create(stuck, refused)

    class Stuck(FlakyProducer):
        """The first producer never confirms anything of one topic, as without a leader."""

        async def _connect(self) -> Any:
            real = await super()._connect()
            send_batch, first = real.send_batch, self.connections == 1

            async def send(batch: Any, topic: str, **kwargs: Any) -> Any:
                if first and topic == stuck:
                    return asyncio.get_running_loop().create_future()
                return await send_batch(batch, topic, **kwargs)

            real.send_batch = send
            return real

    producer = Stuck({"bootstrap_servers": kafka.address})
    await producer.start()
    try:
        waiting = asyncio.create_task(
            producer.produce_to(stuck, 0, [PartitionRecord(b"k", b"1")], revoked=staying)
        )
        await asyncio.sleep(0)
        producer.refusals, producer.error = 1, OutOfOrderSequenceNumber
        await producer.produce_to(refused, 0, [PartitionRecord(b"k", b"2")], revoked=staying)
        assert await asyncio.wait_for(waiting, 300) == 0
    finally:
        await producer.stop()
    assert [r.value for r in await kafka.read(stuck)] == [b"1"]
