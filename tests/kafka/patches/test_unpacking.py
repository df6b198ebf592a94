"""A batch that unpacks to more than memory should hold is one record that cannot be read."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka.ends import end_offsets
from streams.kafka.patches import unpacking
from streams.kafka.patches.records import fetch_light_records
from streams.kafka.patches.unpacking import BoundedBatches, unpack_within_bounds
from tests.kafka.test_read_committed import read_all
from tests.support.broker import TestBroker, unique

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
MORE = 1 << 20


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    unpack_within_bounds()
    monkeypatch.setattr(unpacking, "MAX_BYTES", MORE)


def batch(codec: int, *values: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for at, value in enumerate(values):
        builder.append(at, 1000 + at, b"k", value, [])
    return bytes(builder.build())


def read(data: bytes) -> list[tuple[int, int, bytes | None]]:
    records, found = BoundedBatches(MemoryRecords(data)), []
    while records.has_next():
        next_ = records.next_batch()
        assert next_.validate_crc()
        found += [(record.offset, record.timestamp, record.value) for record in next_]
    return found


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_within_bounds_is_read_as_it_is(codec: str) -> None:
    values = [b"v%d" % at * 1000 for at in range(200)]
    data = batch(CODECS[codec], *values)
    assert read(data) == [(at, 1000 + at, value) for at, value in enumerate(values)]


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_beyond_bounds_is_one_record_without_a_value(codec: str) -> None:
    data = batch(CODECS[codec], b"a", bytes(MORE), b"c")
    assert read(data + batch(0, b"next")) == [(0, 1002, None), (0, 1000, b"next")]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4"])
def test_the_message_format_before_is_read(codec: str) -> None:
    builder = LegacyRecordBatchBuilder(1, CODECS[codec], 1 << 20)
    for at in range(5):
        builder.append(at, 1000 + at, b"k", b"v%d" % at * 50)
    assert [value for _, _, value in read(bytes(builder.build()))] == [
        b"v%d" % at * 50 for at in range(5)
    ]


async def test_a_partition_goes_on_behind_a_batch_beyond_bounds(any_broker: TestBroker) -> None:
    fetch_light_records()
    topic = unique("bomb")
    await any_broker.create(topic)
    producer = AIOKafkaProducer(
        bootstrap_servers=any_broker.address, compression_type="zstd", max_request_size=8 * MORE
    )
    await producer.start()
    try:
        for value in (b"before", bytes(2 * MORE), b"behind"):
            await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()
    assert await read_all(any_broker, topic) == [(0, b"before"), (1, None), (2, b"behind")]
    tp = TopicPartition(topic, 0)
    assert await end_offsets([tp], bootstrap_servers=any_broker.address) == {tp: 3}
