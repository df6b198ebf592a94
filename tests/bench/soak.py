"""Hours at national load, a worker killed every few minutes: what stays, grows or is lost.

``python -m tests.bench.soak [--minutes M] [--rate R] [--cadence S] [--kill-every S]``, as
``make soak MINUTES=M RATE=R``. A real Apache Kafka that stamps arrivals itself, ClickHouse, two
streams workers and a sinks worker as processes with production's settings; whatever ends is
started again. 170 readings of ten channels a second, times the rate, each source once a minute: a
greater rate is more sources, or with a shorter ``--cadence`` as many that send more often.
Every ``--kill-every`` seconds a worker is killed (-9), one kind after the other.

Memory of each process is sampled; its slope is that of a straight line through the samples after
the first minute of the process (least squares). A worker that is killed takes up its sources anew,
so what stays over its lives is told by what it had at one age: the median between its third minute
and the fifth, and the slope of those. A worker also fills with the hour of the clock that is being
summed and empties with its end: lives an hour apart, at the same minute of it, are told as pairs,
and their slope has no hour of the clock in it. Lag is how long the oldest record has waited that a
group has not committed yet. Exits with 1 if the audit finds a difference, a worker ended by itself,
or the lag passed ``--most-lag``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import combinations, count
from pathlib import Path
from statistics import fmean, median
from typing import Final, NamedTuple

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.kafka.clients import consumer_of, producer_of
from streams.kafka.reader import ends_of
from streams.kafka.topics import create_topics, output_topics
from streams.settings import Settings
from tests.bench.cloned_state import enterprises, source_ids
from tests.bench.machine import machine
from tests.bench.memory import rise, status_mb
from tests.crash.environment import Environment, migrated
from tests.crash.results import Results
from tests.crash.round_context import Timeline
from tests.crash.rounds import audited, drained
from tests.crash.workers import Kind, Workers

NATION_PER_S: Final = 170
WARM_S: Final = 60.0
SAMPLE_S: Final = 2.0
AGE_S: Final = (180.0, 285.0)
"""From when to when in its life the memory of a process is compared with that of its others."""
HOUR_S: Final = 3600.0
APART_S: Final = 120.0
"""How much more or less than an hour may be between two lives that are an hour apart."""


class Sample(NamedTuple):
    """Memory of a process (resident, MB) at a time (s)."""

    at: float
    mb: float


class Life(NamedTuple):
    """One process: how long it lived, its memory, and how that grew (MB an hour; None: unknown)."""

    name: str
    seconds: float
    first_mb: float
    last_mb: float
    peak_mb: float
    mb_an_hour: float | None


@dataclass
class Soak:
    """What was measured so far."""

    samples: dict[tuple[str, int], list[Sample]] = field(default_factory=dict)
    """Of each process, by name and number."""
    lag_s: dict[str, list[float]] = field(default_factory=dict)
    """Of each group, how long the oldest record has waited that it has not committed."""
    sent: int = 0


def slope(samples: Sequence[Sample]) -> float | None:
    """Fit a straight line: MB an hour after the first minute; None below a minute of samples."""
    warm = [each for each in samples if each.at >= samples[0].at + WARM_S]
    if len(warm) < 3 or warm[-1].at - warm[0].at < WARM_S:
        return None
    return rise([(each.at / 3600, each.mb) for each in warm])


def lives(soak: Soak) -> list[Life]:
    """Each process that was seen, in the order of its first sample."""
    return [
        Life(
            name,
            samples[-1].at - samples[0].at,
            samples[0].mb,
            samples[-1].mb,
            max(each.mb for each in samples),
            slope(samples),
        )
        for (name, _), samples in soak.samples.items()
    ]


def at_one_age(soak: Soak) -> dict[str, list[Sample]]:
    """What each worker had at one age (`AGE_S`), life after life: those that became so old."""
    found: dict[str, list[Sample]] = {}
    for (name, _), samples in soak.samples.items():
        begin, end = (samples[0].at + age for age in AGE_S)
        if samples[-1].at >= end:
            middle = median(each.mb for each in samples if begin <= each.at <= end)
            found.setdefault(name, []).append(Sample(begin, middle))
    return found


def an_hour_apart(aged: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    """Pair the lives of a worker that were at one age an hour apart, the earlier first."""
    return [
        (before, after)
        for before, after in combinations(aged, 2)
        if abs(after.at - before.at - HOUR_S) <= APART_S
    ]


async def feed(
    settings: Settings, names: Sequence[str], cadence_s: int, soak: Soak, seconds: float
) -> None:
    """Each source sends the interval that has ended, at a moment of its own."""
    codec, noise = Codec(FileIds()), random.Random(2)
    async with producer_of(settings, 400_000) as producer:
        began = time.time()
        for number in count():
            due = began + number * cadence_s / len(names)
            if due > began + seconds:
                break
            if due > time.time():
                await asyncio.sleep(due - time.time())
            name = names[number % len(names)]
            values = {"SO2": noise.gauss(200, 90), "NO2": 20.0, "CO": 80.0, "DUST": 30.0}
            values |= {"NO": 100.0, "O2": 7.0, "H2O": 9.0, "VELOCITY": 12.0}
            values |= {"TEMPERATURE": 140.0, "PRESSURE": 98.6}
            start = (int(due) // cadence_s - 1) * cadence_s * 1000
            reading = Reading(name, start, cadence_s, "NORMAL", None, values, {})
            value = codec.encode("EmissionReading", msgspec.structs.asdict(reading))
            await producer.send(settings.topic_readings, value, name.encode())
            soak.sent += 1
        await producer.flush()


class Waiting:
    """How long the oldest record that a group has not committed has waited, by what is sampled."""

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, deque[tuple[float, int]]] = {}

    def sample(self, now: float, place: TopicPartition, end: int, committed: int) -> float:
        """Note the end of a partition; return the seconds, from the first sample that had it."""
        ends = self._ends.setdefault(place, deque())
        if not ends or ends[-1][1] < end:
            ends.append((now, end))
        while ends and ends[0][1] <= committed:
            ends.popleft()
        return now - ends[0][0] if ends else 0.0


async def watch_lag(settings: Settings, soak: Soak) -> None:
    """Compare what both groups have committed with the ends of their topics, until cancelled."""
    results = output_topics(settings)
    groups = {
        "streams": (settings.group_streams, (settings.topic_readings,)),
        "sinks": (settings.group_sinks, (settings.topic_readings, *results)),
    }
    waiting = {name: Waiting() for name in groups}
    while True:
        for name, (group, topics) in groups.items():
            with suppress(KafkaError, OSError):
                async with consumer_of(settings, group) as consumer:
                    ends = await ends_of(settings, *topics)
                    now = time.monotonic()
                    lag = [
                        waiting[name].sample(now, tp, end, await consumer.committed(tp) or 0)
                        for tp, end in ends.items()
                    ]
                soak.lag_s.setdefault(name, []).append(max(lag, default=0.0))
        await asyncio.sleep(SAMPLE_S)


async def watch_memory(environment: Environment, workers: Workers, soak: Soak) -> None:
    """Sample the memory of every process, until cancelled."""
    while True:
        pids = {slot.name: slot.pid for slot in workers.slots if slot.running}
        pids["ClickHouse"] = environment.clickhouse.pid
        for name, pid in pids.items():
            with suppress(OSError):
                if pid is not None:
                    sample = Sample(time.monotonic(), status_mb(pid, "VmRSS"))
                    if sample.mb:
                        soak.samples.setdefault((name, pid), []).append(sample)
        await asyncio.sleep(SAMPLE_S)


async def tell_progress(soak: Soak, every_s: float = 60.0) -> None:
    """Tell on the error stream how far it is, until cancelled."""
    for minute in count(1):
        await asyncio.sleep(every_s)
        lag = ", ".join(f"{name} {behind[-1]:.1f} s" for name, behind in soak.lag_s.items())
        print(f"{minute * every_s / 60:g} min: {soak.sent:,} sent; behind: {lag}", file=sys.stderr)


async def kill_by_turns(workers: Workers, every_s: float) -> None:
    """Kill a streams worker, then a sinks worker, and so on, until cancelled; all come back."""
    for number in count():
        await asyncio.sleep(every_s)
        kind: Kind = "sinks" if number % 2 else "streams"
        of_kind = workers.of(kind)
        of_kind[number // 2 % len(of_kind)].kill()


async def run(given: argparse.Namespace, directory: Path) -> tuple[Soak, Results, list[str]]:
    """The whole run; returns what was measured, the deaths, and every sentence of what is wrong."""
    soak, results, timeline = Soak(), Results(), Timeline()
    per_s = NATION_PER_S * given.rate
    found = list(enterprises(source_ids(round(per_s * given.cadence)), given.cadence))
    names = [source.id for enterprise in found for source in enterprise.sources]
    with Environment(directory, given.broker) as environment:
        settings = Settings(
            broker=environment.broker.address,
            clickhouse_url=environment.clickhouse.url,
            partitions=given.partitions,
            log_format="json",
        )
        await create_topics(settings)
        await asyncio.to_thread(migrated, settings)
        await publish_registry(settings, found, Codec(FileIds()), timestamp=None)
        workers = Workers(settings, directory, "soak", results, timeline.note)
        kinds: tuple[Kind, ...] = ("streams", "streams", "sinks")
        for kind in kinds:
            workers.place(kind).start()
        watching = [
            asyncio.create_task(workers.keep()),
            asyncio.create_task(watch_lag(settings, soak)),
            asyncio.create_task(watch_memory(environment, workers, soak)),
            asyncio.create_task(tell_progress(soak)),
        ]
        killing = asyncio.create_task(kill_by_turns(workers, given.kill_every))
        try:
            await feed(settings, names, given.cadence, soak, given.minutes * 60)
            killing.cancel()
            # Ticks would go on for ever: the rest is judged by a worker that sends none.
            await workers.dismiss("streams")
            last = workers.place("streams")
            last.settings = replace(settings, tick_s=0.0)
            last.start()
            await drained(settings, workers, timeline)
        finally:
            for task in (killing, *watching):
                task.cancel()
            await asyncio.gather(killing, *watching, return_exceptions=True)
            workers.end()
        # An audit of hours takes a quarter of them: what was measured is told before.
        print(report(soak, results, ["the audit begins"], given), file=sys.stderr, flush=True)
        wrong = [*workers.troubles, *await audited(settings)]
    wrong += [
        f"the {name} workers were {max(lag):.0f} s behind, more than {given.most_lag:.0f}"
        for name, lag in soak.lag_s.items()
        if max(lag) > given.most_lag
    ]
    return soak, results, wrong


def report(soak: Soak, results: Results, wrong: Sequence[str], given: argparse.Namespace) -> str:
    """What the run was and found, at 80 columns."""
    lines = [
        f"{given.minutes:g} minutes at {given.rate:g} times the national load: "
        f"{soak.sent:,} readings; killed: {dict(results.kills)}",
        f"{'process':<14}{'seconds':>9}{'first MB':>10}{'last MB':>9}{'peak MB':>9}{'MB/hour':>9}",
    ]
    for life in lives(soak):
        grew = "" if life.mb_an_hour is None else f"{life.mb_an_hour:.0f}"
        lines.append(
            f"{life.name:<14}{life.seconds:>9.0f}{life.first_mb:>10.0f}{life.last_mb:>9.0f}"
            f"{life.peak_mb:>9.0f}{grew:>9}"
        )
    for name, aged in at_one_age(soak).items():
        had = ", ".join(f"{each.mb:.0f}" for each in aged)
        grew = ""
        if len(aged) > 1:
            grew = f": {rise([(each.at / 3600, each.mb) for each in aged]):+.0f} MB an hour"
        lines.append(f"{name} in minutes 3 to 5 of its lives: {had} MB{grew}")
        if pairs := an_hour_apart(aged):
            each_pair = ", ".join(f"{before.mb:.0f} -> {after.mb:.0f}" for before, after in pairs)
            grew = f"{fmean(after.mb - before.mb for before, after in pairs):+.0f}"
            lines.append(f"{name} an hour apart: {each_pair} MB: {grew} MB an hour")
    for name, lag in soak.lag_s.items():
        ordered = sorted(lag)
        middle, most = ordered[len(ordered) // 2], ordered[-1]
        lines.append(f"lag of {name}: median {middle:.1f} s, most {most:.1f} s")
    lines.append(f"load average at the end {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    lines += wrong or ["audit: no difference"]
    return "\n".join(lines) + "\n"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    made.add_argument("--minutes", type=float, default=60.0)
    made.add_argument("--rate", type=float, default=1.0)
    made.add_argument("--cadence", type=int, default=60, metavar="S")
    made.add_argument("--kill-every", type=float, default=300.0, metavar="S")
    made.add_argument("--most-lag", type=float, default=180.0, metavar="S")
    made.add_argument("--partitions", type=int, default=4)
    made.add_argument("--broker", choices=("kafka", "tansu"), default="kafka")
    made.add_argument("--json", type=Path, metavar="FILE")
    return made


def main() -> int:
    """0: nothing was lost, and all kept up; 1: something is wrong, and is said."""
    given = parser().parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # killed workers are meant
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        soak, results, wrong = asyncio.run(run(given, Path(directory)))
    sys.stdout.write(report(soak, results, wrong, given))
    if given.json is not None:
        document = {
            "machine": machine(given.broker),
            "readings": soak.sent,
            "kills": results.kills,
            "lives": [life._asdict() for life in lives(soak)],
            "at_one_age": {
                name: [each._asdict() for each in aged] for name, aged in at_one_age(soak).items()
            },
            "lag_s": soak.lag_s,
            "wrong": wrong,
        }
        given.json.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
