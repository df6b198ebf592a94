"""When a violation could be read: in its topic by a plain consumer, in ClickHouse by a query."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer

from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import async_client
from streams.kafka.patches.stop import stop_consumer
from streams.settings import Settings

LOOK_S: Final = 0.05
"""Between two looks into ClickHouse; how long a look takes comes on top."""

Name = tuple[str, int]
"""Id and revision of a violation."""


class Seen(NamedTuple):
    """A revision of a violation as it came; times in seconds of the clock."""

    rule: str
    source_id: str
    start: int
    """Of the violation, milliseconds UTC."""
    detected_at: int
    """Stream time, milliseconds UTC: the arrival of the record that brought it."""
    judged: float
    """When the worker gave it to its producer, as the record is stamped."""
    read: float
    """When a consumer had it."""


@dataclass
class Watch:
    """What was seen until now; ``run`` it as a task."""

    settings: Settings
    read: dict[Name, Seen] = field(default_factory=dict)
    stored: dict[Name, float] = field(default_factory=dict)
    """When ClickHouse answered with it."""
    since: int | None = None
    """Only what was detected from this stream time on is asked for; None: nothing is."""

    async def run(self) -> None:
        """Watch both until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._ask())

    async def _read(self) -> None:
        codec = Codec(FileIds())
        consumer = AIOKafkaConsumer(
            self.settings.topic_violations,
            bootstrap_servers=self.settings.broker_addresses,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            while True:
                fetched = await consumer.getmany(timeout_ms=1000)
                now = time.time()
                for records in fetched.values():
                    for record in records:
                        _, found = codec.decode(record.value)
                        name = found["id"], found["revision"]
                        self.read.setdefault(name, _seen(found, record.timestamp / 1000, now))
        finally:
            await stop_consumer(consumer)

    async def _ask(self) -> None:
        client = await async_client(self.settings)
        try:
            while True:
                if self.since is not None:
                    answer = await client.query(
                        "SELECT toString(id), revision FROM violations "
                        "WHERE detected_at >= fromUnixTimestamp64Milli({since:Int64})",
                        parameters={"since": self.since},
                    )
                    now = time.time()
                    for name, revision in answer.result_rows:
                        self.stored.setdefault((name, revision), now)
                await asyncio.sleep(LOOK_S)
        finally:
            await client.close()


def _seen(found: dict[str, Any], judged: float, now: float) -> Seen:
    source = found["source_id"] or ""
    return Seen(found["rule"], source, found["start"], found["detected_at"], judged, now)
