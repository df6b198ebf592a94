"""A worker sends its batches as traces, and goes on without whoever should take them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from streams.kafka.topics import create_topics
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess, own_settings
from tests.support.trace_collector import listening

AWAY = "http://127.0.0.1:1"
STEPS = {"fetch", "wait", "judge", "decode", "encode", "produce", "save", "ack"}


async def test_a_worker_sends_the_steps_of_its_batches(
    broker: TestBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = own_settings(broker.address, tick_s=0.05, partitions=1, tracing=True)
    await create_topics(settings, "replay")
    with listening() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        with StreamsProcess(settings, tmp_path / "log") as worker:
            wanted = {*STEPS, f"process {settings.topic_readings}"}
            await eventually(
                lambda: wanted <= collector.names(settings.group_streams),
                f"every step came, {collector.spans}, {worker.said()}",
            )
            assert worker.end(signal.SIGTERM) == 0


@pytest.mark.long
@pytest.mark.parametrize("there", [False, True], ids=["away", "hanging"])
async def test_a_worker_goes_on_without_its_collector(
    broker: TestBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    settings = own_settings(broker.address, tick_s=0.01, partitions=1, tracing=True, stop_s=60.0)
    await create_topics(settings, "replay")
    with listening(answers=False) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url if there else AWAY)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        with StreamsProcess(settings, tmp_path / "log") as worker:
            if there:
                await eventually(lambda: collector.asked > 0, "the collector is asked")

            async def committed() -> bool:
                found = await broker.committed(settings.group_streams, settings.topic_readings)
                return found.get(0, 0) > 500

            await eventually(committed, f"batches go on, {worker.said()}")
            assert worker.end(signal.SIGTERM) == 0
            assert "stop_timed_out" not in worker.said()
        assert collector.spans == []
