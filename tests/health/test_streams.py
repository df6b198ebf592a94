"""The pages of a streams worker: a standstill that is its fault, and one that is not."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from deploy.embedded.child import stable_port
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.support.broker import TestBroker
from tests.support.pages import HeldStreams, Hold, Pages
from tests.support.streams_process import StreamsProcess, own_settings
from tests.support.tiers import kafka_now_embedded_later

pytestmark = pytest.mark.process

STUCK_S = 10.0
TICK = Codec(FileIds()).encode("StreamTick", {"sent_at": 1_780_000_000_000})


class Blocked(StreamsProcess):
    """A streams worker whose event loop is blocked by the first batch, and stays so."""

    main: ClassVar[str] = (
        "import time; from streams.core.engine.partition import PartitionProcessor; "
        "PartitionProcessor.apply = lambda *_, **__: time.sleep(3600); "
    ) + StreamsProcess.main


async def prepare(broker: TestBroker, **more: object) -> Settings:
    times = {"session_timeout_s": 3.0, "heartbeat_s": 0.5, "stuck_s": STUCK_S, "partitions": 2}
    settings = own_settings(broker.address, web_port=stable_port(), **{**times, **more})
    await create_topics(settings)
    return settings


async def tick(broker: TestBroker, settings: Settings, count: int) -> None:
    for partition in range(settings.partitions):
        await broker.produce(settings.topic_readings, [TICK] * count, partition=partition)


@kafka_now_embedded_later
async def test_a_consumer_that_silently_stops_is_not_live(
    any_broker: TestBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, hold = any_broker, Hold(tmp_path / "hold", monkeypatch)
    settings = await prepare(broker, poll_records=5)
    pages = Pages(settings)
    await tick(broker, settings, 20)
    hold.stop()
    with HeldStreams(settings, tmp_path / "log") as worker:
        await pages.waits_for("progress", "records wait and none was acknowledged")
        await pages.waits_for("progress", f"{settings.topic_readings}[1] stands at")
        assert "for " in (await pages.wait("/livez", 503))["reasons"][0]
        hold.slow(0.5)
        ready = await pages.wait("/readyz", 200)
        while ready["counts"]["records"] < 40:
            assert await pages.complaints() == [], "slow, but it moves"
            ready = await pages.wait("/readyz", 200)
            await asyncio.sleep(0.1)
        told = await pages.metrics()
        assert told["emissions_records_total", settings.topic_readings] >= 40
        assert told["emissions_batch_stage_seconds_count", "judge"] >= 8
        assert told["emissions_worker_ready",] == 1
        place = settings.group_streams, "1", settings.topic_readings
        assert ("kafka_consumergroup_lag", *place) in told
        hold.release()
        for _ in range(int(STUCK_S * 1.5 / 0.2)):
            assert await pages.complaints() == [], "nothing to do"
            await asyncio.sleep(0.2)
        assert worker.end(signal.SIGTERM) == 0, worker.said()


async def test_the_pages_answer_while_the_loop_of_the_worker_does_not(
    broker: TestBroker, tmp_path: Path
) -> None:
    settings = await prepare(broker)
    pages = Pages(settings)
    with Blocked(settings, tmp_path / "log") as worker:
        await pages.wait("/readyz", 200)
        await tick(broker, settings, 1)
        await pages.wait("/livez", 503)
        await pages.waits_for("progress", "the worker's loop hangs")
        await pages.waits_for("progress", "stands at an unknown offset of 1")
        assert worker.exit_code is None


async def test_a_partition_that_is_held_is_told_and_is_no_reason_for_a_new_start(
    broker: TestBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await prepare(broker, dead_letter_limit_run=5)
    pages, hold = Pages(settings), Hold(tmp_path / "hold", monkeypatch)
    with HeldStreams(settings, tmp_path / "log") as worker:
        await pages.wait("/readyz", 200)
        for number in range(20):
            name, value = b"%d" % number, [b"nonsense"]
            await broker.produce(settings.topic_readings, value, partition=0, key=name)
        assert "is reached at offset 4" in await pages.waits_for("partitions")
        assert await pages.complaints() == []
        # The other one, which stands from now on without an excuse, tells when the time is over.
        hold.stop()
        await hold.held()
        await tick(broker, settings, 1)
        await pages.waits_for("progress", f"{settings.topic_readings}[1] stands at")
        (reason,) = (await pages.wait("/livez", 503))["reasons"]
        assert reason.startswith(f"{settings.topic_readings}[1] ")
        assert worker.exit_code is None


async def test_a_worker_without_a_broker_is_live_and_stops_on_sigterm(tmp_path: Path) -> None:
    settings = own_settings(f"127.0.0.1:{stable_port()}", web_port=stable_port())
    pages = Pages(settings)
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await pages.waits_for("started", "the broker and its topics")
        await pages.waits_for("broker", "does not answer")
        assert await pages.complaints() == []
        assert worker.end(signal.SIGTERM) == 0, worker.said()
