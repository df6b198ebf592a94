"""Records a second through Faust: single events, and the partition batches of our transport.

``python -m tests.bench.transport [RECORDS]``; one process and one broker, so quote ratios. Counts
from the first record that an agent sees to the last.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import faust
import uvloop
from aiokafka import AIOKafkaProducer

from deploy.embedded.broker import EmbeddedBroker
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.transport import install
from streams.transport.install import batch_topic
from tests.support.broker import TestBroker, unique

PARTITIONS: Final = 4
CHANNELS: Final = ("SO2", "NO", "NO2", "CO", "DUST", "O2", "H2O", "TEMPERATURE", "PRESSURE", "FLOW")


def message(codec: Codec) -> bytes:
    """A framed reading of ten channels."""
    return codec.encode(
        "EmissionReading",
        {
            "source_id": "KZ-0001-01",
            "measured_at": 1_780_000_200_000,
            "period_s": 60,
            "state": "NORMAL",
            "device_serial": None,
            "values": {name: 123.25 + at for at, name in enumerate(CHANNELS)},
            "flags": {},
        },
    )


async def fill(address: str, topic: str, value: bytes, records: int) -> None:
    """Spread records over the partitions, in whole record batches."""
    producer = AIOKafkaProducer(bootstrap_servers=address, max_batch_size=500_000)
    await producer.start()
    try:
        for partition in range(PARTITIONS):
            left = records // PARTITIONS
            while left:
                batch = producer.create_batch()
                while left and batch.append(timestamp=None, key=b"KZ-0001-01", value=value):
                    left -= 1
                await (await producer.send_batch(batch, topic, partition=partition))
    finally:
        await producer.stop()


async def measure(
    address: str, topic: str, records: int, *, batches: bool, use: Callable[[bytes], object] | None
) -> float:
    """Records a second through one agent of a fresh group."""
    app = faust.App(
        unique("bench"),
        datadir=Path(tempfile.gettempdir()) / "emissions-faust",
        broker=f"kafka://{address}",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.5,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        broker_max_poll_records=2000,
    )
    over, seen, began = asyncio.Event(), 0, 0.0
    if batches:
        install(app)
        source = batch_topic(app, topic)
    else:
        source = app.topic(topic, value_type=bytes, value_serializer="raw")

    @app.agent(source, concurrency=1)  # type: ignore[untyped-decorator]
    async def agent(stream: Any) -> None:
        nonlocal seen, began
        async for event in stream.noack().events():
            began = began or time.perf_counter()
            values = [record.value for record in event.value.records] if batches else [event.value]
            if use is not None:
                for value in values:
                    use(value)
            event.ack()
            seen += len(values)
            if seen >= records:
                over.set()

    await app.start()
    await over.wait()
    took = time.perf_counter() - began
    await app.stop()
    return records / took


def main() -> None:
    """Print the figures."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    codec = Codec(FileIds())
    value = message(codec)
    began = time.perf_counter()
    for _ in range(records // 4):
        codec.decode_reading(value)
    alone = records // 4 / (time.perf_counter() - began)
    print(f"{len(value)} bytes a record; decoding alone {alone:12,.0f}/s", flush=True)
    with EmbeddedBroker() as broker:

        async def run(name: str, count: int, *, batches: bool, decode: bool) -> None:
            topic = unique("bench")
            await TestBroker(broker.address, broker.pid).create(topic, partitions=PARTITIONS)
            await fill(broker.address, topic, value, count)
            use = codec.decode_reading if decode else None
            rate = await measure(broker.address, topic, count, batches=batches, use=use)
            print(f"{name:32} {rate:12,.0f}/s", flush=True)

        few = max(records // 10, PARTITIONS)
        asyncio.run(run("single events, raw", few, batches=False, decode=False))
        asyncio.run(run("single events, decoded", few, batches=False, decode=True))
        asyncio.run(run("partition batches, raw", records, batches=True, decode=False))
        asyncio.run(run("partition batches, decoded", records, batches=True, decode=True))


if __name__ == "__main__":
    main()
