"""What a streams worker keeps of days and weeks: its memory after each day, or hour, of the log.

``python -m tests.bench.days [--sources N] [--days D] [--cadence S] [--every H] [--json F]``; some
minutes. A real Apache Kafka, the deployed worker as a process. Every source sends a reading each
cadence, is silent for two hours in one of five days (another day for each source), sends one
reading in fifty twice and one in two hundred some 30 hours late. Readings are written as fast as
they can be, with the arrivals that they would have had; each ``--every`` hours of the log, when all
of it is judged and committed, the memory of the worker is looked at.

The cadence is a minute or less, since the state is written in a share to the bytes of readings, or
after half an hour of the clock, and here days pass in seconds. Two hours of a source are decoded at
a time; hours are remembered for 72 hours of lateness and until their day is final: after the fifth
day as much is evicted as comes. The slope is that of a straight line through what comes after
(least squares; of a run of hours: after the third). On disk more is kept: the mean flow of each
hour for 35 days (a key a source and day), cases for years; the number of keys tells.
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
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
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
PIECE: Final = 10 * 60_000
"""What is written at once, ms of the log."""
BEGIN: Final = 1_780_254_000_000  # 2026-06-01T00:00+05:00
SETTLED_DAYS: Final = 5
"""After which as much is evicted as comes."""
SETTLED_HOURS: Final = 3
"""After which no more hours are decoded at a time."""


class Look(NamedTuple):
    """The worker when so many hours of the log were judged."""

    hours: float
    readings: int
    """Since the last look."""
    rss_mb: float
    anon_mb: float
    keys: int
    """Of its state, as last surveyed."""
    cpu_s: float
    """Processor time that it took since the last look."""


class Sent(NamedTuple):
    """A reading as it arrives."""

    at: int
    source: str
    value: bytes


def arrivals(
    names: Sequence[str], cadence_s: int, begin: int, noise: random.Random
) -> Iterator[Sent]:
    """What is measured in a piece of the log from ``begin`` (ms) on, in no order."""
    codec, step = Codec(FileIds()), cadence_s * 1000
    day, since = divmod(begin - BEGIN, DAY)
    for number, name in enumerate(names):
        quiet = number % 20 * HOUR
        if (number + day) % 5 == 0 and quiet <= since < quiet + 2 * HOUR:
            continue
        for start in range(begin + (BEGIN - begin) % step, begin + PIECE, step):
            reading = msgspec.structs.replace(reading_of(name, start, noise), period_s=cadence_s)
            value = codec.encode("EmissionReading", msgspec.structs.asdict(reading))
            drawn = noise.random()
            late = 30 * HOUR if drawn < 0.005 else noise.randrange(1000, 60_000)
            yield Sent(start + step + late, name, value)
            if drawn > 0.98:
                yield Sent(start + step + late + HOUR, name, value)


async def publish(producer: AIOKafkaProducer, settings: Settings, sent: Sequence[Sent]) -> None:
    """Write readings with their arrivals."""
    for each in sent:
        await producer.send(
            settings.topic_readings,
            each.value,
            key=each.source.encode(),
            partition=partition_of(each.source, settings.partitions),
            timestamp_ms=each.at,
        )
    await producer.flush()


def state_keys(port: int) -> int:
    """The number of keys of the worker's state, as its metrics tell."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.search(
            r"^emissions_state_keys(?:\{[^}]*\})? (\S+)", answer.read().decode(), re.M
        )
    return 0 if found is None else round(float(found[1]))


async def judged(worker: StreamsProcess, broker: TestBroker, settings: Settings) -> None:
    """Wait until the worker has committed all that there is."""
    topic = settings.topic_readings
    parts = [TopicPartition(topic, each) for each in range(settings.partitions)]
    ends = await end_offsets(parts, **client_options(settings))
    wanted = {part.partition: end for part, end in ends.items() if end}

    async def committed() -> bool:
        assert worker.exit_code is None, worker.said()
        return await broker.committed(settings.group_streams, topic) == wanted

    await eventually(committed, "all that there is is judged", 900)


async def measure(given: argparse.Namespace, directory: Path) -> list[Look]:
    """Write piece after piece of the log, and look at the worker every so many hours of it."""
    names, noise, looks = source_ids(given.sources), random.Random(3), list[Look]()
    with KafkaCluster(directory / "kafka") as cluster:
        port = free_port()
        settings = Settings(
            broker=cluster.address,
            partitions=2,
            tick_s=0,
            save_records=min(30_000, max(given.sources * 3600 // given.cadence // 2, 1)),
            log_format="json",
            web_port=port,
        )
        broker = TestBroker(cluster.address, cluster.node(1).pid)
        await create_topics(settings, "replay")
        found = enterprises(names, given.cadence)
        await publish_registry(settings, found, Codec(FileIds()), timestamp=0)
        producer = AIOKafkaProducer(**client_options(settings), linger_ms=20)
        await producer.start()
        with StreamsProcess(settings, directory / "worker.log") as worker:
            waiting, readings, before = list[Sent](), 0, 0.0
            try:
                for begin in range(BEGIN, BEGIN + round(given.days * DAY), PIECE):
                    waiting += arrivals(names, given.cadence, begin, noise)
                    waiting.sort()
                    end = bisect_left(waiting, begin + PIECE, key=itemgetter(0))
                    await publish(producer, settings, waiting[:end])
                    readings += end
                    del waiting[:end]
                    passed = (begin + PIECE - BEGIN) / HOUR
                    if passed % given.every:
                        continue
                    await judged(worker, broker, settings)
                    rss, anon = (status_mb(worker.pid, name) for name in ("VmRSS", "RssAnon"))
                    took = cpu_s(worker.pid)
                    look = Look(passed, readings, rss, anon, state_keys(port), took - before)
                    looks.append(look)
                    print(line(look), flush=True)
                    readings, before = 0, took
            finally:
                await producer.stop()
            worker.end(signal.SIGKILL)
    return looks


def line(look: Look) -> str:
    """One look, as a line of the table."""
    return (
        f"{look.hours:>6g}{look.readings:>11,}{look.rss_mb:>10.0f}{look.anon_mb:>10.0f}"
        f"{look.keys:>12,}{look.cpu_s:>9.1f}"
    )


def main() -> int:
    """Measure, print the looks and the slope, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.days", description=__doc__)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--days", type=float, default=20)
    parser.add_argument("--cadence", type=int, default=60, metavar="S")
    parser.add_argument("--every", type=int, default=24, metavar="H")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics that have just been made
    print(f"{given.sources:,} sources of {len(CHANNELS)} channels, one each {given.cadence} s")
    heads = (("readings", 11), ("RSS MB", 10), ("anon MB", 10), ("keys", 12), ("cpu s", 9))
    print(" hours" + "".join(f"{name:>{width}}" for name, width in heads))
    with tempfile.TemporaryDirectory(prefix="days-") as directory:
        looks = asyncio.run(measure(given, Path(directory)))
    after = SETTLED_HOURS if given.every < 24 else SETTLED_DAYS * 24
    settled = [each for each in looks if each.hours > after]
    rises = None
    if len(settled) > 1:
        rises = {
            "rss_mb": rise([(each.hours / 24, each.rss_mb) for each in settled]),
            "keys": rise([(each.hours / 24, each.keys) for each in settled]),
        }
        print(f"after hour {after}: {rises['rss_mb']:+.2f} MB and {rises['keys']:+,.0f} keys a day")
    if given.json is not None:
        document = {
            "machine": machine("kafka"),
            "sources": given.sources,
            "cadence_s": given.cadence,
            "looks": [each._asdict() for each in looks],
            "a_day": rises,
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
