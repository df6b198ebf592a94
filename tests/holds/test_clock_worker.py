"""A worker that meets a stamp of days ahead: it accuses nobody, and goes on when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import msgspec

from deploy.embedded.child import stable_port
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.records.partitioning import partition_of
from streams.kafka.topics import create_topics
from streams.registry.document import load_registry
from streams.settings import Settings
from tests.registry.example import EXAMPLE
from tests.support.broker import TestBroker, eventually
from tests.support.pages import Pages
from tests.support.streams_process import StreamsProcess, findings_of, own_settings

CODEC = Codec(FileIds())
DAY = 86_400_000


async def test_one_stamp_of_a_wrong_clock_holds_its_partition_and_accuses_nobody(
    broker: TestBroker, tmp_path: Path
) -> None:
    settings = own_settings(broker.address, partitions=2, web_port=stable_port())
    await create_topics(settings, "replay")  # so that the test stamps
    (tmp_path / "registry.yaml").write_text(EXAMPLE)
    enterprises = load_registry(tmp_path / "registry.yaml")
    await publish_registry(settings, enterprises, CODEC, timestamp=0)
    source = enterprises[0].sources[0]
    home = partition_of(source.id, 2)
    now = time.time_ns() // 60_000_000_000 * 60_000
    tick = CODEC.encode("StreamTick", {"sent_at": now})

    async def send(first: int, end: int) -> None:
        for minute in range(first, end):
            at = now - (60 - minute) * 60_000
            item = Reading(source.id, at, 60, "NORMAL", None, {"SO2": 1.0}, {})
            value = CODEC.encode("EmissionReading", msgspec.structs.asdict(item))
            stamp = at + 60_000
            await broker.produce(
                settings.topic_readings, [value], key=source.id.encode(), timestamp_ms=stamp
            )

    await send(0, 5)
    for partition in range(2):
        stamp = now + (4 * DAY if partition == home else 0)
        await broker.produce(
            settings.topic_readings, [tick], partition=partition, key=None, timestamp_ms=stamp
        )
    await send(5, 10)
    pages = Pages(settings)

    async def committed(partition: int) -> int:
        found = await broker.committed(settings.group_streams, settings.topic_readings)
        return found.get(partition, 0)

    with StreamsProcess(settings, tmp_path / "log") as worker:
        said = await pages.waits_for("partitions", "ahead of this worker's clock")
        assert f"{settings.topic_readings}[{home}]: held since " in said
        assert "the record at offset 5 is stamped" in said

        async def other() -> bool:
            return await committed(1 - home) == 1

        await eventually(other, "the other partition goes on")
        assert await pages.complaints() == []
        found = await findings_of(broker, settings)
        assert (found.gaps, found.violations) == ({}, {})
        await _resume(settings, home)

        async def all_of_it() -> bool:
            return await committed(home) == 11

        await eventually(all_of_it, "the partition goes on")
        assert worker.end(signal.SIGTERM) == 0


async def _resume(settings: Settings, partition: int) -> None:
    args = ("resume", f"readings/{partition}", "--offset", "5", "--reason", "the stamp stands")
    command = (sys.executable, "-m", "emissions.cli.main", *args)
    env = {**os.environ, **settings.as_env()}
    process = await asyncio.create_subprocess_exec(*command, env=env)
    assert await process.wait() == 0
