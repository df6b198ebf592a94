"""How long after its window may close a mean is readable in its topic, at national load.

``python -m tests.bench.lateness [--minutes M] [--sources N] [--workers W] [--kill] [--json FILE]``;
it takes as long as ``--minutes`` says, twenty unless told otherwise, and six at least.
A real Apache Kafka that stamps arrivals itself, deployed workers as processes with production's
session timeout, ticks each 10 s. The sources send one reading of ten channels a minute, as the
clock goes. A window may close at its end + grace; measured is the clock of a plain consumer of
the means topic. With ``--kill`` the oldest worker is killed (-9) at every second such moment, or
``--before`` seconds earlier, and a new one is started in its place when the moment is over.

`tests.bench.detection` measures the same of violations, to ClickHouse too, with more moments in
less time; here the clock alone tells time, as in production, and the leader ticks.

The sources lie in zones whose hours begin at different times of the hour, so that windows of 20
and 30 minutes end every few minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import signal
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.embedded.kafka import KafkaCluster
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.registry.enterprise import Enterprise
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.bench.cloned_state import MINUTE, enterprises, source_ids
from tests.support.streams_process import StreamsProcess

ZONES = ("Asia/Almaty", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo")
LENGTHS = {"20min": 20 * MINUTE, "30min": 30 * MINUTE, "1h": 60 * MINUTE}
GRACE_S = 90


class Result(NamedTuple):
    """A first revision of a mean: when its window might close, and when it was readable (s)."""

    may_close: float
    readable: float

    @property
    def late_s(self) -> float:
        """Seconds from the one to the other."""
        return self.readable - self.may_close


def registered(count: int) -> list[Enterprise]:
    """The sources, each in one of the zones."""
    found = []
    for enterprise in enterprises(source_ids(count)):
        sources = tuple(
            msgspec.structs.replace(source, timezone=ZONES[at % len(ZONES)])
            for at, source in enumerate(enterprise.sources)
        )
        found.append(msgspec.structs.replace(enterprise, sources=sources))
    return found


async def send(settings: Settings, names: list[str], codec: Codec) -> None:
    """Each source sends the minute that has just ended, at a second of its own; until cancelled."""
    noise = random.Random(2)
    phases = sorted((noise.uniform(0, 60), name) for name in names)
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker_addresses, acks="all")
    await producer.start()
    try:
        minute = int(time.time() // 60)
        while True:
            for phase, name in phases:
                await asyncio.sleep(max(0.0, minute * 60 + phase - time.time()))
                values = {"SO2": noise.gauss(200, 20), "NO2": 20.0, "CO": 80.0, "DUST": 30.0}
                values |= {"NO": 100.0, "O2": 7.0, "H2O": 9.0, "VELOCITY": 12.0}
                values |= {"TEMPERATURE": 140.0, "PRESSURE": 98.6}
                at = (minute - 1) * MINUTE
                reading = Reading(name, at, 60, "NORMAL", None, values, {})
                value = codec.encode("EmissionReading", msgspec.structs.asdict(reading))
                await producer.send(settings.topic_readings, value, name.encode())
            minute += 1
    finally:
        await producer.stop()


async def watch(settings: Settings, codec: Codec, results: list[Result]) -> None:
    """Note when each mean's first revision could be read; until cancelled."""
    consumer = AIOKafkaConsumer(
        settings.topic_means,
        bootstrap_servers=settings.broker_addresses,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    seen: set[tuple[object, ...]] = set()
    try:
        async for record in consumer:
            now = time.time()
            _, mean = codec.decode(record.value)
            key = (
                mean["source_id"],
                mean["parameter"],
                mean["unit"],
                mean["window"],
                mean["start"],
            )
            if mean["window"] in LENGTHS and key not in seen:
                seen.add(key)
                end = mean["start"] + LENGTHS[mean["window"]]
                results.append(Result(end / 1000 + GRACE_S, now))
    finally:
        await consumer.stop()


def moments(since: float, until: float) -> list[float]:
    """When windows of these zones may close between two times of the clock (s)."""
    ends = {
        float(at)
        for at in range(int(since) // 300 * 300, int(until) + 300, 300)
        for shift, length in ((0, 1200), (600, 1200), (900, 1200), (0, 1800), (900, 1800))
        if (at - shift) % length == 0
    }
    return [end + GRACE_S for end in sorted(ends) if since < end + GRACE_S < until]


async def hurt(settings: Settings, directory: Path, given: argparse.Namespace, until: float) -> int:
    """Run the workers; with ``--kill`` end the oldest before every second moment. Returns kills."""
    log = directory / "workers.log"
    running = [StreamsProcess(settings, log).start() for _ in range(given.workers)]
    killed = 0
    try:
        for at, moment in enumerate(moments(time.time() + 30, until - 10)):
            if not given.kill or at % 2:
                continue
            await asyncio.sleep(max(0.0, moment - given.before - time.time()))
            running.pop(0).end(signal.SIGKILL)
            killed += 1
            await asyncio.sleep(30)
            running.append(StreamsProcess(settings, log).start())
        await asyncio.sleep(max(0.0, until - time.time()))
    finally:
        for worker in running:
            worker.end(signal.SIGKILL)
    return killed


async def say(results: list[Result], began: float, minutes: float) -> None:
    """Tell each minute how far the run is; until cancelled."""
    while True:
        await asyncio.sleep(60)
        passed = (time.time() - began) / 60
        print(f"minute {passed:.0f} of {minutes:.0f}: {len(results):,} means", flush=True)


async def measure(given: argparse.Namespace, directory: Path) -> tuple[list[Result], int]:
    """Every result of windows that the run saw from their beginning to their end, and the kills."""
    with KafkaCluster(directory / "kafka") as cluster:
        settings = Settings(
            broker=cluster.address,
            grace_s=GRACE_S,
            session_timeout_s=given.session,
            heartbeat_s=given.heartbeat,
            log_format="json",
        )
        codec, found = Codec(FileIds()), registered(given.sources)
        names = [source.id for enterprise in found for source in enterprise.sources]
        await create_topics(settings)
        await publish_registry(settings, found, codec, timestamp=None)
        results: list[Result] = []
        began = time.time()
        tasks = [
            asyncio.create_task(send(settings, names, codec)),
            asyncio.create_task(watch(settings, codec, results)),
            asyncio.create_task(say(results, began, given.minutes)),
        ]
        until = began + given.minutes * 60
        killed = await hurt(settings, directory, given, until)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    # What closed before the run began was late before it could be measured.
    return [result for result in results if result.may_close > began + 60], killed


def row(what: str, results: Iterable[Result]) -> dict[str, object]:
    """The figures of some results, in seconds."""
    late = sorted(result.late_s for result in results)
    if not late:
        return {"what": what, "results": 0}
    return {
        "what": what,
        "results": len(late),
        "p50": round(late[len(late) // 2], 3),
        "p99": round(late[int(len(late) * 0.99)], 3),
        "most": round(late[-1], 3),
    }


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lateness", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--sources", type=int, default=170)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--before", type=float, default=0.0, help="seconds, of the kill")
    parser.add_argument("--session", type=float, default=2.5)
    parser.add_argument("--heartbeat", type=float, default=0.5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    # Clients say in many lines that a topic has just been made.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as directory:
        results, killed = asyncio.run(measure(given, Path(directory)))
    by_moment: dict[float, list[Result]] = {}
    for result in results:
        by_moment.setdefault(result.may_close, []).append(result)
    rows = [
        row(time.strftime("%H:%M:%S", time.gmtime(at)), found)
        for at, found in sorted(by_moment.items())
    ]
    rows.append(row("all", results))
    print(
        f"{given.sources} sources, {given.workers} workers, {killed} killed; seconds after a window"
    )
    print(f"{'may close at':<14}{'results':>8}{'p50':>8}{'p99':>8}{'most':>8}")
    for it in rows:
        print(f"{it['what']:<14}{it['results']:>8}", end="")
        print("".join(f"{it.get(name, ''):>8}" for name in ("p50", "p99", "most")))
    if given.json is not None:
        given.json.write_text(json.dumps(rows, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
