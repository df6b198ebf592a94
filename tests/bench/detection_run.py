"""A plan fed to the deployed workers, and how late each violation was."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from emissions.replay.publish import BATCH_BYTES, OrderedWriter
from emissions.replay.usage import usage_of
from streams.core.records.partitioning import partition_of
from streams.kafka.clients import producer_of
from streams.settings import Settings
from tests.bench.data import Message
from tests.bench.detection_crew import Crew
from tests.bench.detection_load import AFTER_MS, BEFORE_MS, DetectionLoad
from tests.bench.detection_watch import Seen, Watch

CLOSED, DAY, LATE = "window closes", "day closes", "late reading"
_PATIENCE_S: Final = 30.0
_WAY_S: Final = 1.0  # for the watch to begin

Say = Callable[[str], None]


class Sent(NamedTuple):
    """A record of a slice; seconds of the clock."""

    due: float
    at: float


class Sample(NamedTuple):
    """A violation; seconds from the arrival of the record that brought it."""

    kind: str
    moment: int
    judged_s: float
    """Until the worker gave it to its producer."""
    topic_s: float
    """Until a consumer of its topic had it."""
    stored_s: float | None
    """Until ClickHouse answered with it; None: it never did."""


class Work(NamedTuple):
    """Seconds of processor time in a slice, on which a busy machine has little influence."""

    streams: float
    sinks: float


class Measured(NamedTuple):
    """What came of a plan."""

    samples: list[Sample]
    missing: list[str]
    """Violations that had to be found and were not, or are not in ClickHouse."""
    appended_s: list[float]
    """For each record of a slice: until the broker had confirmed it."""
    behind_s: list[float]
    """For each: so much later than it was due it was sent."""
    cpu_s: list[Work]
    """For each moment, in their order."""
    took_s: float


class Feeder:
    """Sends the log, fast or as the clock goes, and remembers when each record of a slice went."""

    def __init__(self, settings: Settings, load: DetectionLoad, producer: AIOKafkaProducer) -> None:
        self._settings = settings
        self._load = load
        self._producer = producer
        self.reached = dict.fromkeys(range(settings.partitions), 0)
        """The offset after the last confirmed record of each partition."""
        self.sent: dict[tuple[int, int], Sent] = {}
        """By partition and arrival, the first record."""
        self.appended_s: list[float] = []

    async def fast(self, since: int, until: int) -> None:
        """Everything that arrives in ``[since, until)``, as fast as the broker takes it."""
        writer = OrderedWriter(
            self._producer, self._settings.topic_readings, self._settings.partitions
        )
        for number, message in enumerate(self._load.messages(since, until)):
            if message.key is None:
                await writer.broadcast(message.arrived_at, message.value)
            else:
                await writer.write(message.key, message.arrived_at, message.value)
            if number % 500 == 0:
                await asyncio.sleep(0)
        for partition, end in enumerate(await writer.flush()):
            self.reached[partition] = max(self.reached[partition], end)

    async def slice(self, moment: int) -> None:
        """What arrives around a moment, each record at its time."""
        since, until = moment - BEFORE_MS, moment + AFTER_MS
        messages = list(self._load.messages(since, until))
        begin, pending = time.time() + 0.1, []
        for message in messages:
            due = begin + (message.arrived_at - since) / 1000
            await asyncio.sleep(max(0.0, due - time.time()))
            for partition in self._places(message):
                now = time.time()
                self.sent.setdefault((partition, message.arrived_at), Sent(due, now))
                confirmed = await self._producer.send(
                    self._settings.topic_readings,
                    message.value,
                    message.key,
                    partition=partition,
                    timestamp_ms=message.arrived_at,
                )
                confirmed.add_done_callback(self._confirmed(now))
                pending.append(confirmed)
        await asyncio.gather(*pending)
        await asyncio.sleep(max(0.0, begin + (until - since) / 1000 - time.time()))

    def _confirmed(self, sent_at: float) -> Callable[[asyncio.Future[RecordMetadata]], None]:
        def note(future: asyncio.Future[RecordMetadata]) -> None:
            if not future.cancelled() and future.exception() is None:
                self.appended_s.append(time.time() - sent_at)
                place = future.result()
                end = max(self.reached[place.partition], place.offset + 1)
                self.reached[place.partition] = end

        return note

    def _places(self, message: Message) -> Iterator[int]:
        if message.key is None:
            yield from range(self._settings.partitions)
        else:
            yield partition_of(message.key.decode(), self._settings.partitions)


async def run_plan(settings: Settings, load: DetectionLoad, directory: Path, say: Say) -> Measured:
    """Feed the plan to workers of these settings, topics and tables being there.

    Raises `WorkerError` where they end or stand still.
    """
    plan, began = load.plan, time.monotonic()
    samples: list[Sample] = []
    missing: list[str] = []
    cpu_s: list[Work] = []
    async with producer_of(settings, BATCH_BYTES) as producer, Crew(settings, directory) as crew:
        feeder, watch = Feeder(settings, load, producer), Watch(settings)
        watching = asyncio.create_task(watch.run())
        try:
            fed = plan.began
            for number, moment in enumerate(plan.moments, 1):
                await feeder.fast(fed, moment - BEFORE_MS)
                await crew.drained(feeder.reached)
                watch.since = moment - BEFORE_MS
                await asyncio.sleep(_WAY_S)
                before = _worked(crew)
                await feeder.slice(moment)
                found, lost = await _settled(load, moment, feeder, watch, crew)
                cpu_s.append(Work(*(b - a for a, b in zip(before, _worked(crew), strict=True))))
                watch.since = None
                fed = moment + AFTER_MS
                samples += found
                missing += lost
                if watching.done():
                    await watching  # it raises why
                say(_progress(number, len(plan.moments), found, time.monotonic() - began))
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
    behind = [sent.at - sent.due for sent in feeder.sent.values()]
    return Measured(samples, missing, feeder.appended_s, behind, cpu_s, time.monotonic() - began)


async def _settled(
    load: DetectionLoad, moment: int, feeder: Feeder, watch: Watch, crew: Crew
) -> tuple[list[Sample], list[str]]:
    """The violations of a slice, when all are readable or are given up, and what is missing."""
    deadline = time.monotonic() + _PATIENCE_S
    wanted = {LATE: load.late(moment), CLOSED: load.closing(moment)}
    if moment == load.plan.day:
        wanted = {}
    while True:
        crew.check()
        here = {
            name: seen
            for name, seen in list(watch.read.items())
            if moment - BEFORE_MS <= seen.detected_at < moment + AFTER_MS
        }
        found = {(seen.source_id, seen.start) for seen in here.values() if seen.rule == "KZ-30"}
        lost = [
            f"{source} from {start}: no KZ-30 ({kind})"
            for kind, windows in wanted.items()
            for source, start in sorted(windows - found)
        ]
        lost += [f"{name} is not in ClickHouse" for name in here if name not in watch.stored]
        if not lost or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.1)
    samples = []
    for name, seen in here.items():
        partition = partition_of(seen.source_id, len(feeder.reached))
        sent = feeder.sent.get((partition, seen.detected_at))
        if sent is None:
            lost.append(f"{name}: nothing was sent at {seen.detected_at}, its stream time")
            continue
        stored = watch.stored.get(name)
        samples.append(
            Sample(
                _kind(load, moment, seen),
                moment,
                seen.judged - sent.at,
                seen.read - sent.at,
                None if stored is None else stored - sent.at,
            )
        )
    return samples, lost


def _worked(crew: Crew) -> Work:
    used = (usage_of("", worker.pid) for worker in (crew.streams, crew.sinks))
    return Work(*(0.0 if usage is None else usage.cpu_s for usage in used))


def _kind(load: DetectionLoad, moment: int, seen: Seen) -> str:
    if seen.detected_at == moment:
        return DAY if moment == load.plan.day else CLOSED
    return LATE


def _progress(number: int, count: int, found: list[Sample], took_s: float) -> str:
    topic = max((sample.topic_s for sample in found), default=0.0)
    stored = max((sample.stored_s or 0.0 for sample in found), default=0.0)
    return (
        f"moment {number} of {count}: {len(found)} violations, at most {topic:.2f} s to the topic, "
        f"{stored:.2f} s to ClickHouse ({took_s:.0f} s so far)"
    )
