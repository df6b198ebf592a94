"""A record whose header names are not UTF-8 is read like any other, by a real consumer."""

from __future__ import annotations

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from streams.kafka.patches.header_names import read_any_header_name
from tests.support.broker import TestBroker, unique

GZIP = 1
HEADERS = [("plain", b"\xff"), ("none", None), ("", b"")]


class Raw(str):
    """A name that is encoded to the bytes it was made of, as a client in C writes them."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfename"


async def written(broker: TestBroker, topic: str, compression: int) -> None:
    """Five records: before, one with a raw name between two plain ones in a batch, after."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"before", partition=0, headers=HEADERS)
        batch = producer.create_batch()
        builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 100_000)
        for offset in range(3):
            names = [(Raw(), b"value"), *HEADERS] if offset == 1 else HEADERS
            key = None if offset == 1 else b"k"
            builder.append(offset, 1_772_305_260_000 + offset, key, b"%d" % offset, names)
        batch._builder = builder
        batch._relative_offset = 3
        await (await producer.send_batch(batch, topic, partition=0))
        await producer.send_and_wait(topic, None, b"k", partition=0)
    finally:
        await producer.stop()


async def test_no_header_name_stops_a_partition(broker: TestBroker) -> None:
    read_any_header_name()
    for compression in (0, GZIP):
        topic = unique("names")
        await broker.create(topic)
        await written(broker, topic, compression)
        records = await broker.read(topic)
        assert [record.offset for record in records] == [0, 1, 2, 3, 4]
        assert [record.value for record in records] == [b"before", b"0", b"1", b"2", None]
        assert [record.key for record in records] == [None, b"k", None, b"k", b"k"]
        assert [record.timestamp - 1_772_305_260_000 for record in records[1:4]] == [0, 1, 2]
        assert records[1].headers == tuple(HEADERS)
        assert records[2].headers == (("\\xff\\xfename", b"value"), *HEADERS)
        assert records[3].headers == tuple(HEADERS)
