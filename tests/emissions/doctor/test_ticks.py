"""How old the last tick is, in each partition, and what else is in the topic of the readings."""

from __future__ import annotations

import time

from aiokafka import TopicPartition

from emissions.doctor.check import PartCheck
from emissions.doctor.ticks import QUIET_S, PartitionTail, checks, look_at_readings
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.settings import Settings
from tests.support.broker import TestBroker
from tests.support.streams_process import own_settings

NOW = 1_777_834_800_000
A, B = TopicPartition("readings", 0), TopicPartition("readings", 1)
SETTINGS = Settings(tick_s=10.0)


def said(
    tails: dict[TopicPartition, PartitionTail], settings: Settings = SETTINGS
) -> list[PartCheck]:
    return list(checks(settings, tails, NOW))


def test_each_partition_counts_and_the_oldest_is_told() -> None:
    (well,) = said({A: PartitionTail(5, 0, NOW - 4_000), B: PartitionTail(5, 0, NOW - 12_000)})
    assert well == PartCheck(
        "ticks", "ok", "the oldest last tick is 12 s old; one is due every 10 s"
    )
    (late,) = said({A: PartitionTail(5, 0, NOW - 4_000), B: PartitionTail(5, 0, NOW - 3_600_000)})
    assert late.state == "MISSING"
    assert late.seen.startswith("the last tick of readings[1] is 60 min old; one is due every 10 s")


def test_a_partition_without_a_tick_is_named() -> None:
    (found,) = said({A: PartitionTail(5, 0, NOW), B: PartitionTail(7, 0, None)})
    assert found.state == "MISSING"
    assert found.seen.startswith("readings[1] has no tick among its last 7 messages")
    (empty,) = said({A: PartitionTail(0, 0, None), B: PartitionTail(0, 0, None)})
    assert empty.seen == "no tick yet; one is due every 10 s"


def test_a_tick_from_the_future_is_a_clock_that_is_wrong() -> None:
    (found,) = said({A: PartitionTail(1, 0, NOW + 7_200_000)})
    assert (found.state, found.seen) == (
        "RISK",
        "the last tick of readings[0] is 2 h in the future",
    )


def test_ticks_that_are_switched_off_are_a_risk() -> None:
    found, silent = said({A: PartitionTail(0, 0, None)}, Settings(tick_s=0.0))
    assert (found.state, found.remedy) == ("RISK", "set EMISSIONS_TICK_S to 10")
    assert (silent.part, silent.state) == ("readings", "MISSING"), (
        "none ever, for who knows how long"
    )


def readings(tails: dict[TopicPartition, PartitionTail]) -> PartCheck:
    (found,) = (check for check in said(tails) if check.part == "readings")
    return found


def test_a_nation_that_is_silent_is_no_nation_that_is_well() -> None:
    ticking = PartitionTail(200, 0, NOW, since_ms=NOW - 2_000_000)
    heard = ticking._replace(reading_ms=NOW - 60_000)
    assert readings({A: ticking, B: heard}).state == "ok"
    late = heard._replace(reading_ms=NOW - 1000 * (QUIET_S + 60))
    silent = readings({A: ticking._replace(reading_ms=NOW - 90_000_000), B: late})
    assert silent.state == "MISSING"
    assert silent.seen == "no source has sent anything for 2 h 11 min"
    long = readings({A: ticking._replace(since_ms=NOW - 20_000_000)})
    assert (long.state, "for more than 5 h 33 min" in long.seen) == ("MISSING", True)


def test_a_nation_that_never_sent_is_a_fault_once_the_longest_period_is_over() -> None:
    """The last to begin counts: a partition may be younger than the others."""
    begun = PartitionTail(200, 0, NOW, since_ms=NOW - 1000 * QUIET_S, whole=True)
    yet = readings({A: begun})
    assert yet.state == "RISK"
    assert yet.seen == "none has arrived yet; a fault from 2 h 10 min after the first tick"
    older = begun._replace(since_ms=NOW - 1000 * (QUIET_S + 60))
    assert readings({A: older, B: begun}).state == "RISK"
    never = readings({A: older, B: older})
    assert never.state == "MISSING"
    assert never.seen == "none has ever arrived, 2 h 11 min after the first tick"


def test_the_clock_of_the_worker_that_leads_is_held_against_the_brokers() -> None:
    def clock(ahead_ms: int) -> PartCheck:
        tail = PartitionTail(1, 0, NOW, reading_ms=NOW, ahead_ms=ahead_ms)
        (found,) = (check for check in said({A: tail}) if check.part == "clocks")
        return found

    assert clock(40).state == "ok"
    behind = clock(-30_000)
    assert (behind.state, behind.seen) == (
        "RISK",
        "the brokers' clock is 30 s behind that of the worker that writes the ticks",
    )
    assert clock(61_000).state == "MISSING"


def test_messages_that_are_no_readings_are_told() -> None:
    _, foreign = said({A: PartitionTail(9, 3, NOW)})
    assert foreign.state == "RISK"
    assert foreign.seen.startswith("3 of the last 9 messages of readings[0] are no readings")


async def test_the_topic_itself_is_read(any_broker: TestBroker) -> None:
    settings = own_settings(any_broker.address, tick_s=10.0)
    await any_broker.create(settings.topic_readings)
    now = time.time_ns() // 1_000_000
    tick = Codec(FileIds()).encode("StreamTick", {"sent_at": now})
    await any_broker.produce(settings.topic_readings, [b"{}", None], timestamp_ms=now)
    await any_broker.produce(settings.topic_readings, [tick], timestamp_ms=now - 3_600_000)
    ticks, *_, foreign = await look_at_readings(settings, FileIds())
    assert ticks.state == "MISSING"
    assert "is 60 min old" in ticks.seen
    assert foreign.seen.startswith("2 of the last 3 messages")
    await any_broker.produce(settings.topic_readings, [tick] * 300)
    ticks, *rest = await look_at_readings(settings, FileIds())
    none_yet, foreign = rest  # it looked further back, for a reading
    assert (ticks.state, none_yet.state) == ("ok", "RISK")
    assert none_yet.seen.startswith("none has arrived yet")
    assert foreign.seen.startswith("2 of the last 303 messages")


async def test_a_topic_of_ticks_alone_is_a_nation_that_never_sent(any_broker: TestBroker) -> None:
    settings = own_settings(any_broker.address, tick_s=10.0)
    await any_broker.create(settings.topic_readings)
    now = time.time_ns() // 1_000_000
    tick = Codec(FileIds()).encode("StreamTick", {"sent_at": now})
    for age_s in (QUIET_S + 3600, 0):
        await any_broker.produce(settings.topic_readings, [tick], timestamp_ms=now - 1000 * age_s)
    ticks, never = await look_at_readings(settings, FileIds())
    assert (ticks.state, never.state) == ("ok", "MISSING")
    assert never.seen == "none has ever arrived, 3 h 10 min after the first tick"
