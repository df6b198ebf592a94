"""Ticks, topics, a broker that is not there yet, and errors that end the worker."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.child import stable_port
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Tick
from streams.kafka.client import client_options
from streams.kafka.producer import ConfirmedProducer
from streams.kafka.topics import create_topics
from streams.runtime.tick_publisher import TickPublisher
from streams.settings import Settings, SettingsError
from streams.transport.batch import PartitionBatch
from streams.transport.faust_app import create_faust_app
from streams.transport.install import batch_topic
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess, own_settings
from tests.support.worker import running


async def test_the_leader_ticks_into_every_partition(broker: TestBroker) -> None:
    settings, codec, leading = own_settings(broker.address), Codec(FileIds()), False
    await broker.create(settings.topic_readings, partitions=4)
    producer = ConfirmedProducer(client_options(settings))
    await producer.start()
    leader = TickPublisher(
        producer,
        codec,
        topic=settings.topic_readings,
        partitions=4,
        period_s=0.01,
        is_leader=lambda: leading,
    )
    ticking = asyncio.create_task(leader.run())
    try:
        assert await broker.read(settings.topic_readings) == []
        leading = True

        async def everywhere() -> bool:
            return {r.partition for r in await broker.read(settings.topic_readings)} == set(
                range(4)
            )

        await eventually(everywhere, "a tick in every partition")
    finally:
        ticking.cancel()
        await producer.stop()
    for record in await broker.read(settings.topic_readings):
        assert codec.decode_reading(record.value) == Tick()


async def test_a_new_leader_ticks_at_once(broker: TestBroker) -> None:
    settings, codec, leading, idle = own_settings(broker.address), Codec(FileIds()), False, 0
    await broker.create(settings.topic_readings, partitions=2)
    producer = ConfirmedProducer(client_options(settings))
    await producer.start()

    def leads() -> bool:
        nonlocal idle
        idle = 0 if leading else idle + 1
        return leading

    leader = TickPublisher(
        producer, codec, topic=settings.topic_readings, partitions=2, period_s=1e5, is_leader=leads
    )
    ticking = asyncio.create_task(leader.run())

    async def ticks(number: int) -> bool:
        return len(await broker.read(settings.topic_readings)) == number

    try:
        for times in (1, 2):  # it may lose the lead and get it again
            leading = True
            await eventually(lambda times=times: ticks(2 * times), "both partitions have a tick")
            leading = False
            await eventually(lambda: idle > 1, "it has noticed that it leads no more")
    finally:
        ticking.cancel()
        await producer.stop()


async def test_a_member_that_joined_before_its_topic_existed_gets_it(
    any_broker: TestBroker,
) -> None:
    settings = own_settings(any_broker.address, session_timeout_s=3.0, heartbeat_s=0.5)
    app, seen = create_faust_app(settings, settings.group_streams), list[PartitionBatch]()

    @app.agent(batch_topic(app, settings.topic_readings), concurrency=1, name="seen")  # type: ignore[untyped-decorator]
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            seen.append(event.value)
            event.ack()

    async with running(app):
        await eventually(lambda: app.consumer_generation_id >= 0, "it has joined its group")
        await any_broker.create(settings.topic_readings)
        await any_broker.produce(settings.topic_readings, [b"x"])
        await eventually(lambda: bool(seen), "it gets the partition")


@pytest.mark.process
async def test_a_worker_waits_for_its_broker_and_goes_on(tmp_path: Path) -> None:
    port = stable_port()
    settings = own_settings(f"127.0.0.1:{port}", tick_s=0.1, partitions=1)
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await eventually(lambda: "does not answer" in worker.said(), "it says what is missing")
        with EmbeddedBroker(port=port):
            await eventually(lambda: "is missing" in worker.said(), "it says which topics")
            await create_topics(settings, "replay")
            await eventually(lambda: "worker_started" in worker.said(), "it goes on by itself")
            assert worker.end(signal.SIGTERM) == 0, worker.said()
    lines = map(json.loads, worker.said().splitlines())
    retries = [line["operation"] for line in lines if line["event"] == "retrying"]
    assert retries.count("find_topics") == 1


async def test_an_error_that_cannot_be_dealt_with_ends_the_worker(
    broker: TestBroker, tmp_path: Path
) -> None:
    settings = own_settings(broker.address, partitions=1)
    await create_topics(settings, "replay")
    # State that cannot be read: the engine cannot be built.
    headers = [("next", b"1")]
    for key in (b"0/ledger", b"checkpoint/0"):
        await broker.produce(
            f"{settings.app_id}-state-changelog", [b"\xff"], key=key, headers=headers
        )
    await broker.produce(settings.topic_readings, [b"x"])
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await eventually(lambda: worker.exit_code is not None, "it ends")
        assert worker.exit_code == 1
    assert "batch_failed" in worker.said()
    assert await broker.committed(settings.group_streams, settings.topic_readings) == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BROKER", "user:secret@host:1", "BROKER must be host:port"),
        ("BROKER", "host:0", "BROKER must be host:port"),
        ("BROKER_PASSWORD", "secret", "go together"),
        ("CLICKHOUSE_URL", "ftp://u:secret@host", "must be http"),
        ("CLICKHOUSE_URL", "http://u:secret@", "must be http"),
        ("CLICKHOUSE_URL", "http://u:se/secret@host:1:2", "CLICKHOUSE_URL is not a URL"),
        ("CLICKHOUSE_URL", "http://u:secret@host:0", "must be http"),
        ("PARTITIONS", "0", "at least 1"),
        ("TICK_S", "nan", "at least 0"),
        ("GRACE_S", "soon", "a whole number"),
        ("COMMIT_S", "5", "at most 1"),
        ("TOPIC_MEANS", "emissions.gaps", "the same topic"),
        ("BROKER_TLS", "maybe", "true or false"),
        ("NO_SUCH", "1", "not a setting"),
    ],
)
def test_a_wrong_setting_is_one_sentence_without_secrets(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        Settings.from_env({f"EMISSIONS_{name}": value})
    assert f"EMISSIONS_{name.split('_', maxsplit=1)[0]}" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_settings_survive_the_way_to_a_child_and_hide_passwords() -> None:
    given = Settings(broker_user="u", broker_password="s3cret", clickhouse_password="s3cret")  # noqa: S106
    assert Settings.from_env(given.as_env()) == given
    assert "s3cret" not in repr(given)
