"""How old the last tick is, in each partition, and what else is in the topic of the readings."""

from __future__ import annotations

import time

from aiokafka import TopicPartition

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.doctor.check import Check
from streams.doctor.ticks import Tail, checks, look_at_readings
from streams.settings import Settings
from tests.support.broker import TestBroker
from tests.support.streams_process import own_settings

NOW = 1_777_834_800_000
A, B = TopicPartition("readings", 0), TopicPartition("readings", 1)
SETTINGS = Settings(tick_s=10.0)


def said(tails: dict[TopicPartition, Tail], settings: Settings = SETTINGS) -> list[Check]:
    return list(checks(settings, tails, NOW))


def test_each_partition_counts_and_the_oldest_is_told() -> None:
    (well,) = said({A: Tail(5, 0, NOW - 4_000), B: Tail(5, 0, NOW - 12_000)})
    assert well == Check(
        "ticks", "ok", "the oldest of the last ones is 12 s old; one is due each 10 s"
    )
    (late,) = said({A: Tail(5, 0, NOW - 4_000), B: Tail(5, 0, NOW - 3_600_000)})
    assert late.state == "MISSING"
    assert late.seen.startswith("the last tick of readings[1] is 60 min old; one is due each 10 s")


def test_a_partition_without_a_tick_is_named() -> None:
    (found,) = said({A: Tail(5, 0, NOW), B: Tail(7, 0, None)})
    assert found.state == "MISSING"
    assert found.seen.startswith("readings[1] has no tick among its last 7 messages")
    (empty,) = said({A: Tail(0, 0, None), B: Tail(0, 0, None)})
    assert empty.seen == "no tick was ever written; one is due each 10 s"


def test_a_tick_from_the_future_is_a_clock_that_is_wrong() -> None:
    (found,) = said({A: Tail(1, 0, NOW + 7_200_000)})
    assert (found.state, found.seen) == ("RISK", "the last tick of readings[0] lies 2 h ahead")


def test_no_ticks_are_due_where_they_are_switched_off() -> None:
    assert said({A: Tail(0, 0, None)}, Settings(tick_s=0.0)) == []


def test_messages_that_are_no_readings_are_told() -> None:
    _, foreign = said({A: Tail(9, 3, NOW)})
    assert foreign.state == "RISK"
    assert foreign.seen.startswith("3 of the last 9 messages of readings[0] are no readings")


async def test_the_topic_itself_is_read(any_broker: TestBroker) -> None:
    settings = own_settings(any_broker.address, tick_s=10.0)
    await any_broker.create(settings.topic_readings)
    now = time.time_ns() // 1_000_000
    tick = Codec(FileIds()).encode("StreamTick", {"sent_at": now})
    await any_broker.produce(settings.topic_readings, [b"{}", None], timestamp_ms=now)
    await any_broker.produce(settings.topic_readings, [tick], timestamp_ms=now - 3_600_000)
    ticks, foreign = await look_at_readings(settings, FileIds())
    assert ticks.state == "MISSING"
    assert "is 60 min old" in ticks.seen
    assert foreign.seen.startswith("2 of the last 3 messages")
    await any_broker.produce(settings.topic_readings, [tick] * 300)
    ticks, *rest = await look_at_readings(settings, FileIds())
    assert (ticks.state, rest) == ("ok", [])
