"""The ceilings that fetching and decoding set, measured on the same topic as everybody.

``python -m tests.bench.ceilings KIND --broker HOST:PORT --topic T --report FILE``, a process of
its own for each: ``fetch`` only takes the records, ``fastavro`` decodes the body of each reading
with the parsed schema, ``columns`` decodes whole batches as the workers do. Written to the report:
``{"readings", "wall_s", "cpu_s", "peak_rss"}`` from the first fetch, connected, to the last record.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from emissions.replay.usage import usage_of
from schemas.codec import READING, Codec
from schemas.decoding.record import HEADER
from schemas.definitions import current
from schemas.ids import FileIds
from streams.kafka.ends import true_ends
from streams.kafka.patches.stop import stop_consumer
from streams.settings import Settings

KINDS = ("fetch", "fastavro", "columns")
_BATCH = Settings().poll_records

Use = Callable[[Sequence[ConsumerRecord]], object]


def user_of(kind: str) -> Use:
    """What is done with the records of a partition that were fetched together."""
    if kind == "fetch":
        return lambda _: None
    if kind == "fastavro":
        return _with_fastavro()
    decode = Codec(FileIds()).decode_readings

    def ours(records: Sequence[ConsumerRecord]) -> None:
        for start in range(0, len(records), _BATCH):
            decode([record.value for record in records[start : start + _BATCH]])

    return ours


def _with_fastavro() -> Use:
    schema: Any = current()[READING].parsed
    framing = Codec(FileIds()).encode("StreamTick", {"sent_at": 0})[:HEADER]
    read = fastavro.schemaless_reader

    def use(records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            value = record.value
            if value.startswith(framing):
                continue  # a tick
            body = BytesIO(value)
            body.seek(HEADER)
            try:
                read(body, schema, None)
            except Exception:  # noqa: S112 - it raises what bytes that are no reading lead it to
                continue

    return use


async def consume(broker: str, topic: str, use: Use) -> dict[str, float]:
    """Everything that the topic holds now, once."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        await consumer._client.add_topic(topic)
        parts = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        ends = await true_ends(consumer, parts)
        left, count = dict(ends), 0
    finally:
        await stop_consumer(consumer)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(parts)
        wall, cpu = time.perf_counter(), time.process_time()
        while left:
            fetched = await consumer.getmany(timeout_ms=1000)
            for part, records in fetched.items():
                use(records)
                count += len(records)
                if records[-1].offset + 1 >= ends[part]:
                    left.pop(part, None)
        took, used = time.perf_counter() - wall, time.process_time() - cpu
    finally:
        await stop_consumer(consumer)
    own = usage_of("ceiling", os.getpid())
    peak = own.peak_bytes if own else 0
    return {"readings": count, "wall_s": took, "cpu_s": used, "peak_rss": peak}


def main() -> None:
    """Measure one ceiling and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ceilings", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--report", type=Path, required=True)
    given = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    found = asyncio.run(consume(given.broker, given.topic, user_of(given.kind)))
    given.report.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
