"""Publishing on a real broker: order, partitions, times, and where a log really ends."""

from __future__ import annotations

import uuid

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import DefaultPartitioner

from emissions.input.reading_row import ReadingRow
from emissions.replay.message_buffer import MessageBuffer, messages_of
from emissions.replay.publication_plan import AFTER_LAST_MS, plan_publication
from emissions.replay.publish import OrderedWriter, publish
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading, Tick
from streams.kafka.clients import consumer_of, producer_of
from streams.kafka.reader import ends_of, read_log
from streams.settings import Settings
from tests.support.broker import TestBroker

PARTITIONS = 3
SOURCES = [f"SRC-{number}" for number in range(7)]


def rows(count: int) -> list[ReadingRow]:
    """Readings whose arrivals jump about, several at the same time."""
    return [
        ReadingRow(
            n + 1,
            Reading(SOURCES[n % 7], n, 60, "NORMAL", None, {"SO2": float(n)}, {}),
            1_000_000 + (n * 7919 % 97) * 1000,
        )
        for n in range(count)
    ]


async def test_a_tape_is_published_in_order_of_arrival(broker: TestBroker) -> None:
    settings = Settings(broker=broker.address, topic_readings=f"readings-{uuid.uuid4()}")
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.create_topics([NewTopic(settings.topic_readings, PARTITIONS, 1)])
    await admin.close()
    codec = Codec(FileIds())
    tape = MessageBuffer()
    given = rows(500)
    for message in messages_of(given, codec):
        tape.append(message)
    plan = plan_publication(tape.arrived, tape.ends, None, now=10**15)
    told: list[int] = []
    async with producer_of(settings, batch_bytes=2_000) as producer:  # many batches
        writer = OrderedWriter(producer, settings.topic_readings, PARTITIONS)
        ends = await publish(writer, tape, plan, codec, told.append)

    assert told[-1] == len(given)
    async with consumer_of(settings) as consumer:
        found = await ends_of(settings, settings.topic_readings)
        assert [found[partition] for partition in sorted(found)] == ends
        logs: dict[TopicPartition, list[tuple[int, int, Reading | None]]] = {}
        async for record in read_log(consumer, found):
            value = codec.decode_reading(record.value)
            assert isinstance(value, Reading | Tick)
            reading = value if isinstance(value, Reading) else None
            where = TopicPartition(record.topic, record.partition)
            logs.setdefault(where, []).append((record.offset, record.timestamp, reading))

    numbers = list(range(PARTITIONS))
    for partition, log in logs.items():
        assert [offset for offset, _, _ in log] == list(range(len(log)))
        assert log[0][1:] == (plan.first_tick, None)
        assert log[-1][1:] == (max(tape.arrived) + AFTER_LAST_MS, None)
        expected = sorted(
            (
                row
                for row in given
                if DefaultPartitioner()(row.reading.source_id.encode(), numbers, numbers)
                == partition.partition
            ),
            key=lambda row: (row.arrived_at, row.row),
        )
        assert [(time, reading) for _, time, reading in log[1:-1]] == [
            (row.arrived_at, row.reading) for row in expected
        ]
    assert sum(len(log) for log in logs.values()) == len(given) + 2 * PARTITIONS
