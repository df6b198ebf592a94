"""What a streams worker keeps of days and weeks: its memory at the end of each day of the log.

``python -m tests.bench.days [--sources N] [--days D] [--cadence S] [--json F]``; some minutes. A
real Apache Kafka, the deployed worker as a process. Every source sends a reading each cadence, is
silent for two hours in one of five days (another day for each source), sends one reading in fifty
twice and one in two hundred some 30 hours late. A day is written at once, with the arrivals that
it would have had; when all of it is judged and committed, the memory of the worker is looked at.

The cadence is a minute, since the state is written in a share to the bytes of readings, or after
half an hour of the clock, and here days pass in seconds. Hours are remembered for 72 hours of
lateness and until their day is final: after the fifth day as much is evicted as comes. The slope is
that of a straight line through the days from then on (least squares). Cases and what a year counts
stay longer by law: the number of keys tells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import re
import signal
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition

from deploy.embedded.child import free_port
from deploy.embedded.kafka import KafkaCluster
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.records.partitioning import partition_of
from streams.kafka.client import client_options
from streams.kafka.ends import end_offsets
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.bench.cloned_state import CHANNELS, enterprises, reading_of, source_ids
from tests.bench.machine import machine
from tests.bench.memory import rise, status_mb
from tests.bench.recovery import cpu_s
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
BEGIN: Final = 1_780_254_000_000  # 2026-06-01T00:00+05:00
SETTLED_AFTER: Final = 5
"""Days after which as much is evicted as comes."""


class Day(NamedTuple):
    """The worker when a day of the log was judged."""

    number: int
    readings: int
    rss_mb: float
    anon_mb: float
    keys: int
    """Of its state."""
    cpu_s: float
    """Processor time that it took for the day."""


class Sent(NamedTuple):
    """A reading as it arrives."""

    at: int
    source: str
    value: bytes


def arrivals(
    names: Sequence[str], cadence_s: int, day: int, noise: random.Random
) -> Iterator[Sent]:
    """What is measured in a day, in no order; ``day`` counts from 0."""
    codec, step = Codec(FileIds()), cadence_s * 1000
    for number, name in enumerate(names):
        silent = BEGIN + day * DAY + number % 20 * HOUR if (number + day) % 5 == 0 else None
        for start in range(BEGIN + day * DAY, BEGIN + (day + 1) * DAY, step):
            if silent is not None and silent <= start < silent + 2 * HOUR:
                continue
            reading = msgspec.structs.replace(reading_of(name, start, noise), period_s=cadence_s)
            value = codec.encode("EmissionReading", msgspec.structs.asdict(reading))
            drawn = noise.random()
            late = 30 * HOUR if drawn < 0.005 else noise.randrange(1000, 60_000)
            yield Sent(start + step + late, name, value)
            if drawn > 0.98:
                yield Sent(start + step + late + HOUR, name, value)


async def publish(settings: Settings, sent: Sequence[Sent]) -> None:
    """Write readings with their arrivals."""
    producer = AIOKafkaProducer(**client_options(settings), linger_ms=20)
    await producer.start()
    try:
        waiting = []
        for each in sent:
            place = {
                "partition": partition_of(each.source, settings.partitions),
                "timestamp_ms": each.at,
            }
            key = each.source.encode()
            waiting.append(
                await producer.send(settings.topic_readings, each.value, key=key, **place)
            )
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


def state_keys(port: int) -> int:
    """The number of keys of the worker's state, as its metrics tell."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.search(
            r"^emissions_state_keys(?:\{[^}]*\})? (\S+)", answer.read().decode(), re.M
        )
    return 0 if found is None else round(float(found[1]))


async def measure(given: argparse.Namespace, directory: Path) -> list[Day]:
    """Feed day after day, and look at the worker after each."""
    names, noise, days = source_ids(given.sources), random.Random(3), []
    with KafkaCluster(directory / "kafka") as cluster:
        port = free_port()
        settings = Settings(
            broker=cluster.address,
            partitions=2,
            tick_s=0,
            save_records=max(given.sources * 3600 // given.cadence // 2, 1),  # some hour each
            log_format="json",
            web_port=port,
        )
        broker = TestBroker(cluster.address, cluster.node(1).pid)
        await create_topics(settings, "replay")
        found = enterprises(names, given.cadence)
        await publish_registry(settings, found, Codec(FileIds()), timestamp=0)
        topic, waiting = settings.topic_readings, list[Sent]()
        with StreamsProcess(settings, directory / "worker.log") as worker:
            for number in range(given.days):
                waiting += arrivals(names, given.cadence, number, noise)
                waiting.sort()
                until = BEGIN + (number + 1) * DAY
                due = [each for each in waiting if each.at < until]
                del waiting[: len(due)]
                before = cpu_s(worker.pid)
                await publish(settings, due)
                parts = [TopicPartition(topic, each) for each in range(settings.partitions)]
                ends = await end_offsets(parts, **client_options(settings))
                wanted = {part.partition: end for part, end in ends.items() if end}

                async def judged(wanted: dict[int, int] = wanted) -> bool:
                    assert worker.exit_code is None, worker.said()
                    return await broker.committed(settings.group_streams, topic) == wanted

                await eventually(judged, "the day is judged", 900)
                days.append(
                    Day(
                        number + 1,
                        len(due),
                        status_mb(worker.pid, "VmRSS"),
                        status_mb(worker.pid, "RssAnon"),
                        state_keys(port),
                        cpu_s(worker.pid) - before,
                    )
                )
                print(line(days[-1]), flush=True)
            worker.end(signal.SIGKILL)
    return days


def line(day: Day) -> str:
    """One day, as a line of the table."""
    return (
        f"{day.number:>4}{day.readings:>10,}{day.rss_mb:>10.0f}{day.anon_mb:>10.0f}"
        f"{day.keys:>12,}{day.cpu_s:>9.1f}"
    )


def main() -> int:
    """Measure, print the days and the slope, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.days", description=__doc__)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--cadence", type=int, default=60, metavar="S")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics that have just been made
    print(f"{given.sources:,} sources of {len(CHANNELS)} channels, one each {given.cadence} s")
    heads = (("readings", 10), ("RSS MB", 10), ("anon MB", 10), ("keys", 12), ("cpu s", 9))
    print(" day" + "".join(f"{name:>{width}}" for name, width in heads))
    with tempfile.TemporaryDirectory(prefix="days-") as directory:
        days = asyncio.run(measure(given, Path(directory)))
    settled = days[SETTLED_AFTER:]
    rises = None
    if len(settled) > 1:
        rises = {
            "rss_mb": rise([(each.number, each.rss_mb) for each in settled]),
            "keys": rise([(each.number, each.keys) for each in settled]),
        }
        print(
            f"from day {settled[0].number} on: {rises['rss_mb']:+.2f} MB and "
            f"{rises['keys']:+,.0f} keys a day"
        )
    if given.json is not None:
        document = {
            "machine": machine("kafka"),
            "sources": given.sources,
            "cadence_s": given.cadence,
            "days": [each._asdict() for each in days],
            "a_day": rises,
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
