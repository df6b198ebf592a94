"""The pages of a sinks worker: what is its fault, what is not, and what it waits for."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.child import stable_port
from deploy.embedded.clickhouse import EmbeddedClickHouse
from streams.health.check import check
from streams.settings import Settings
from tests.sinks.test_worker import prepare, send, settings_of, written
from tests.support.broker import TestBroker, eventually
from tests.support.clickhouse import TestClickHouse
from tests.support.pages import HeldSinks, Hold, Pages
from tests.support.streams_process import SinksProcess

STUCK_S = 10.0
PATIENT_S = 20.0
"""Where a worker must never complain: a busy machine may well stand still for ten seconds."""


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """A server that a test may kill."""
    with EmbeddedClickHouse(tmp_path / "clickhouse") as server:
        yield server


def watched(broker: TestBroker, clickhouse: TestClickHouse, **more: object) -> Settings:
    times = {"session_timeout_s": 3.0, "heartbeat_s": 0.5, "sink_age_s": 0.2, "stuck_s": STUCK_S}
    return settings_of(broker, clickhouse, web_port=stable_port(), **{**times, **more})


async def test_a_consumer_that_silently_stops_is_not_live_and_is_killed(
    broker: TestBroker,
    clickhouse: TestClickHouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hold = Hold(tmp_path / "hold", monkeypatch)
    settings = watched(broker, clickhouse, poll_records=5)
    pages = Pages(settings)
    await prepare(broker, settings)
    hold.slow(0.5)
    await send(broker, settings, 0, 20)
    with HeldSinks(settings, tmp_path / "log") as worker:
        await pages.wait("/readyz", 200)
        while not await written(broker, settings, settings.topic_readings):
            assert await pages.complaints() == [], "slow, but it moves"
            await asyncio.sleep(0.1)
        await eventually(lambda: check(settings) == 0, "the check finds it ready")
        hold.stop()
        await hold.held()
        await send(broker, settings, 20, 25)
        await pages.wait("/livez", 503)
        for partition in (0, 1):
            stands = f"{settings.topic_readings}[{partition}] stands at 20 of 25 for "
            assert stands in await pages.waits_for("progress", stands)
        assert await pages.waits_for("progress")
        hold.release()
        await pages.wait("/readyz", 200)
        hold.stop()
        await hold.held()
        await send(broker, settings, 25, 26)
        await pages.wait("/livez", 503)

        def kills() -> bool:
            assert check(settings) == 1
            return "killed: no progress: " in capfd.readouterr().out

        await eventually(kills, "the check kills it")
        await eventually(lambda: worker.exit_code == -signal.SIGKILL, "it was killed")


async def test_clickhouse_away_is_no_fault_of_the_worker(
    broker: TestBroker, own_server: EmbeddedClickHouse, tmp_path: Path
) -> None:
    clickhouse = TestClickHouse(own_server)
    settings = watched(broker, clickhouse, stuck_s=PATIENT_S)
    pages = Pages(settings)
    await prepare(broker, settings)
    await send(broker, settings, 0, 10)
    with SinksProcess(settings, tmp_path / "log") as worker:
        ready = await pages.wait("/readyz", 200)
        assert {part["topic"] for part in ready["partitions"]} >= {settings.topic_readings}
        own_server.kill()
        assert "no answer" in await pages.waits_for("clickhouse")
        await send(broker, settings, 10, 20)
        assert "does not take its batch" in await pages.waits_for("partitions")
        for _ in range(int(PATIENT_S * 1.25 / 0.2)):
            assert await pages.complaints() == []
            await asyncio.sleep(0.2)
        assert check(settings) == 1
        assert worker.exit_code is None
        own_server.start()
        ready = await pages.wait("/readyz", 200)
        assert ready["counts"]["rows"] > 0
        told = await pages.metrics()
        rows = sum(told[name] for name in told if name[0] == "emissions_inserted_rows_total")
        assert rows >= ready["counts"]["rows"]
        assert told["emissions_insert_retries_total", "readings"] >= 1
        assert not [name for name in told if name[0] == "emissions_partitions_held"]
        assert await pages.complaints() == []
        assert worker.end(signal.SIGTERM) == 0, worker.said()


async def test_a_worker_whose_broker_is_away_is_live_and_not_ready(
    clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    with EmbeddedBroker() as server:
        broker = TestBroker(server.address, server.pid)
        settings = watched(broker, clickhouse, stuck_s=PATIENT_S)
        pages = Pages(settings)
        with SinksProcess(settings, tmp_path / "log") as worker:
            await pages.waits_for("started", "the broker and its topics")
            assert await pages.complaints() == []
            await prepare(broker, settings)
            await pages.wait("/readyz", 200)
            os.kill(server.pid, signal.SIGKILL)
            assert "does not answer" in await pages.waits_for("broker")
            for _ in range(int(PATIENT_S * 1.25 / 0.2)):
                assert await pages.complaints() == []
                await asyncio.sleep(0.2)
            body = (await pages.ask("/livez"))[1]
            assert any("does not answer" in note for note in body["notes"])
            assert worker.end(signal.SIGTERM) == 0, worker.said()
            assert "worker_stopped_without_broker" in worker.said()


async def test_an_idle_worker_and_one_without_partitions_stay_well(
    broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    settings = watched(broker, clickhouse, stuck_s=PATIENT_S)
    spare = replace(settings, web_port=stable_port())
    await prepare(broker, settings)
    with (
        SinksProcess(settings, tmp_path / "one"),
        SinksProcess(spare, tmp_path / "two"),
    ):
        both = [Pages(settings), Pages(spare)]
        for pages in both:
            await pages.wait("/readyz", 200)
        for _ in range(int(PATIENT_S * 1.25 / 0.2)):
            assert [await pages.complaints() for pages in both] == [[], []]
            await asyncio.sleep(0.2)


async def test_a_port_that_is_taken_ends_the_worker_with_a_sentence(
    broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    settings = watched(broker, clickhouse)
    settings = replace(settings, web_port=int(broker.address.rpartition(":")[2]))
    with SinksProcess(settings, tmp_path / "log") as worker:
        await eventually(lambda: worker.exit_code is not None, "it ends")
        assert worker.exit_code == 1
        assert "EMISSIONS_WEB_PORT" in worker.said()
        assert "Traceback" not in worker.said()
