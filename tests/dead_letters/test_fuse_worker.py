"""A worker whose fuse blows: it ends with a sentence, and everything is still in the topic."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.reading import Reading
from streams.settings import Settings
from streams.topics import create_topics
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess, own_settings

CODEC = Codec(FileIds())


def readings(count: int) -> list[bytes]:
    """Readings of a source that nobody has registered."""
    now = time.time_ns() // 60_000_000_000 * 60_000
    items = [
        Reading("nobody", now - (count - n) * 60_000, 60, "NORMAL", None, {"GAS": 1.0}, {})
        for n in range(count)
    ]
    return [CODEC.encode("EmissionReading", msgspec.structs.asdict(item)) for item in items]


async def ended(worker: StreamsProcess) -> int:
    await eventually(lambda: worker.exit_code is not None, "the worker ends")
    assert worker.exit_code is not None
    return worker.exit_code


async def diverted(broker: TestBroker, settings: Settings) -> int:
    return len(await broker.read(settings.topic_dead_letters))


async def test_a_bad_deploy_stops_the_worker_before_anything_of_the_flood_is_diverted(
    broker: TestBroker, tmp_path: Path
) -> None:
    settings = own_settings(
        broker.address, partitions=1, poll_records=8, fuse_run=50, fuse_hold_s=0.1
    )
    await create_topics(settings, "replay")
    await broker.produce(settings.topic_readings, readings(200), partition=0)
    place = f"{settings.topic_readings}/0"
    before = None
    for _ in range(2):  # started again it stops at the same place, and diverts no more
        with StreamsProcess(settings, tmp_path / "log") as worker:
            assert await ended(worker) == 1
        said = (tmp_path / "log").read_text()
        assert (
            f"the fuse of {place} has blown: 50 messages in a row cannot be used, most of them "
            "UNKNOWN_SOURCE (50), the first at offset 0; mend what was deployed, or set "
            "EMISSIONS_FUSE_RUN to 0 if they are to be refused, then start again"
        ) in said
        assert "Traceback" not in said
        assert before in (None, await diverted(broker, settings))
        before = await diverted(broker, settings)
        assert before < 50
        committed = await broker.committed(settings.group_streams, settings.topic_readings)
        assert committed.get(0, 0) <= before

    # they are to be refused
    with StreamsProcess(replace(settings, fuse_run=0, fuse_share=0.0), tmp_path / "log"):

        async def all_of_them() -> bool:
            return await diverted(broker, settings) == 200

        await eventually(all_of_them, "everything is in the dead letters")


async def test_a_worker_that_holds_ends_when_it_is_told_to(
    broker: TestBroker, tmp_path: Path
) -> None:
    settings = own_settings(broker.address, partitions=1, fuse_run=5, fuse_hold_s=600.0)
    await create_topics(settings, "replay")
    await broker.produce(settings.topic_readings, readings(5), partition=0)
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await eventually(lambda: "has blown" in worker.said(), "the fuse blows")
        assert worker.exit_code is None
        code = await asyncio.to_thread(worker.end, signal.SIGTERM)
        assert code in (0, 1)
    assert await diverted(broker, settings) == 0
