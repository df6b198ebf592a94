"""The registry is known up to the moment it is asked for, and bad records do not stop it."""

from __future__ import annotations

import asyncio

import msgspec
from structlog.testing import capture_logs

from emissions.simulation.fake_ids import fake_bin
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.sources.history import RegistryHistory
from streams.registry.avro import enterprise_from_record, enterprise_to_record
from streams.registry.follower import RECORD, RegistryFollower
from streams.rules.country import home
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import own_settings
from tests.worker.test_worker import enterprise


async def test_what_was_there_before_the_call_is_applied(broker: TestBroker) -> None:
    settings, codec, history = own_settings(broker.address), Codec(FileIds()), RegistryHistory()
    await broker.create(settings.topic_registry, partitions=2)
    good = codec.encode(RECORD, enterprise_to_record(enterprise()))
    key = enterprise().bin.encode()
    follower = RegistryFollower(settings, codec, history, enterprise_from_record, home())
    await follower.start()
    try:
        await follower.catch_up()  # nothing there
        assert history.bins() == ()
        await broker.produce(
            settings.topic_registry, [good] * 3, partition=1, key=key, timestamp_ms=1000
        )
        await follower.catch_up()
        assert history.bins() == (enterprise().bin,)
        assert follower.applied == 3
        assert history.source("KZ-0001-00", 999) is None
        assert history.source("KZ-0001-00", 1000) is not None
        await broker.produce(
            settings.topic_registry, [None], partition=1, key=key, timestamp_ms=2000
        )
        await follower.catch_up()
        assert history.source("KZ-0001-00", 2000) is None
        assert history.source("KZ-0001-00", 1999) is not None
    finally:
        await follower.stop()


class Held(RegistryFollower):
    """Counts its readings; each is held at its end until it may go on."""

    readings = 0

    def hold(self) -> None:
        self.may_go_on = asyncio.Event()

    async def _read_to_the_end(self) -> None:
        self.readings += 1
        await super()._read_to_the_end()
        await self.may_go_on.wait()


async def test_calls_at_the_same_time_share_a_reading_that_began_after_them(
    broker: TestBroker,
) -> None:
    settings, codec, history = own_settings(broker.address), Codec(FileIds()), RegistryHistory()
    await broker.create(settings.topic_registry, partitions=2)
    good = codec.encode(RECORD, enterprise_to_record(enterprise()))
    follower = Held(settings, codec, history, enterprise_from_record, home())
    follower.hold()
    await follower.start()
    try:
        first = asyncio.create_task(follower.catch_up())
        await eventually(lambda: follower.readings == 1, "the first call reads")
        await broker.produce(settings.topic_registry, [good], key=enterprise().bin.encode())

        async def later() -> tuple[str, ...]:
            await follower.catch_up()
            return history.bins()

        calls = [asyncio.create_task(later()) for _ in range(3)]
        await asyncio.sleep(0)
        assert history.bins() == ()
        follower.may_go_on.set()
        await first
        assert await asyncio.gather(*calls) == [(enterprise().bin,)] * 3
        assert follower.readings == 2
        # One that goes away in the midst of a reading leaves it to the others.
        follower.hold()
        gone, stays = (asyncio.create_task(later()) for _ in range(2))
        await eventually(lambda: follower.readings == 3, "the third reading")
        gone.cancel()
        follower.may_go_on.set()
        assert await stays == (enterprise().bin,)
        assert gone.cancelled()
    finally:
        await follower.stop()


async def test_what_is_no_registration_is_said_and_left_out(broker: TestBroker) -> None:
    settings, codec, history = own_settings(broker.address), Codec(FileIds()), RegistryHistory()
    await broker.create(settings.topic_registry)
    record = enterprise_to_record(enterprise())
    tick = codec.encode("StreamTick", {"sent_at": 1})
    bad = [b"", b"\x00\x00\x00\xff\xff!", tick, codec.encode(RECORD, {**record, "bin": "1"})]
    good = codec.encode(RECORD, record)
    key, topic = enterprise().bin.encode(), settings.topic_registry
    await broker.produce(topic, [*bad, good], key=key, timestamp_ms=0)
    # Of another key, of none, struck off under what is no БИН, and from the year 292 million:
    await broker.produce(topic, [good], key=fake_bin(7).encode(), timestamp_ms=0)
    await broker.produce(topic, [good], key=None, timestamp_ms=0)
    for word in (b"", b"990140001234", b"\xff"):
        await broker.produce(topic, [None], key=word, timestamp_ms=0)
    await broker.produce(topic, [good, None], key=key, timestamp_ms=(1 << 63) - 1)
    await broker.produce(topic, [good], key=key, timestamp_ms=5)
    follower = RegistryFollower(settings, codec, history, enterprise_from_record, home())
    await follower.start()
    try:
        with capture_logs() as said:
            await follower.catch_up()
    finally:
        await follower.stop()
    assert (follower.applied, follower.skipped) == (2, 11)
    assert history.bins() == (enterprise().bin,)
    assert history.source("KZ-0001-00", 5) is not None
    assert history.last_change(1 << 62) == 5
    left_out = [line["offset"] for line in said if line["event"] == "registration_ignored"]
    assert left_out == [*range(4), *range(5, 12)]


async def test_a_source_that_measures_nothing_is_said(broker: TestBroker) -> None:
    settings, codec, history = own_settings(broker.address), Codec(FileIds()), RegistryHistory()
    await broker.create(settings.topic_registry)
    good = enterprise()
    empty = msgspec.structs.replace(
        good, sources=(msgspec.structs.replace(good.sources[0], channels=(), limits=()),)
    )
    follower = RegistryFollower(settings, codec, history, enterprise_from_record, home())
    await follower.start()
    try:
        with capture_logs() as logs:
            await broker.produce(
                settings.topic_registry,
                [codec.encode(RECORD, enterprise_to_record(each)) for each in (good, empty)],
                key=good.bin.encode(),
                timestamp_ms=1000,
            )
            await follower.catch_up()
    finally:
        await follower.stop()
    told = [each for each in logs if each["event"] == "source_without_measurements"]
    assert [(each["source"], each["offset"]) for each in told] == [(good.sources[0].id, 1)]
    assert (follower.applied, follower.skipped) == (2, 0)
