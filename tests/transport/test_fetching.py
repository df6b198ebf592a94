"""How much a fetch brings and how long it waits reach the client, past Faust's own choices."""

from __future__ import annotations

from aiokafka.consumer.fetcher import READ_COMMITTED

from streams.kafka.read_committed import COMMITTED
from streams.transport.faust_app import create_faust_app
from streams.transport.install import batch_topic
from streams.transport.thread import FETCH_MIN_BYTES, FETCH_WAIT_MS
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import own_settings
from tests.support.worker import running


async def test_fetch_has_room_for_a_full_batch_and_waits_for_little(
    broker: TestBroker,
) -> None:
    settings = own_settings(broker.address)
    await broker.create(settings.topic_readings)
    await broker.produce(settings.topic_readings, [b"x"])
    app, seen = create_faust_app(settings, settings.app_id), list[object]()

    @app.agent(batch_topic(app, settings.topic_readings), concurrency=1, name="work")  # type: ignore[untyped-decorator]
    async def work(stream: object) -> None:
        async for event in stream.noack().events():  # type: ignore[attr-defined]
            seen.append(event.value)

    async with running(app):
        await eventually(lambda: bool(seen), "a batch came")
        fetcher = app.consumer._thread._consumer._fetcher
        assert fetcher._fetch_max_wait_ms == FETCH_WAIT_MS == 50
        assert fetcher._fetch_min_bytes == FETCH_MIN_BYTES
        assert app.consumer._thread._consumer._isolation_level == COMMITTED
        assert fetcher._isolation_level == READ_COMMITTED
        assert fetcher._max_partition_fetch_bytes >= 10_000 * 300  # bytes of a large reading
