"""The job with plain Faust: single events, windowed tables with a changelog, uvloop.

Compared: decoding (a codec of Faust), quality, dropping duplicates, normalisation, the means of
20 min, 30 min, 1 h and a day, KZ-30, both produced as JSON to the output topic; offsets committed,
the state of every window in memory and in a changelog topic, as the documentation sets it up: an
agent over ``stream.events()``, ``Table(...).tumbling(...).relative_to(...)`` a window length with
the time of the reading, ``apply`` for an update, uvloop for the loop.

Faust closes windows (``expires``, ``on_window_close``) by the wall clock, which says nothing about
a topic that is read afterwards. So the agent closes them itself, from the time of the records, and
takes them out of the table.

Left out is what `job.PARTS_MISSING` and ``MISSING`` name.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from typing import Any

import job
import mode.loop
from harness import Run
from job import LOCAL, WINDOWS, Job, Reading, Window

mode.loop.use("uvloop")

import faust  # noqa: E402 - the loop has to be chosen first
from faust.serializers import codecs  # noqa: E402

MISSING = (
    "readings that arrive after their window has closed",
    "which windows are open, after a restart: the tables come back, the agent's list does not",
)
LINGER_MS = 20
BATCH_BYTES = 1 << 18
"""Changelog and results leave in batches; the defaults are 0 ms and 16 KiB."""
METADATA_MS = 2_000
BUFFER = 16_384
"""Events that a stream buffers; the default is 4 096."""


class ReadingCodec(codecs.Codec):  # type: ignore[misc]
    """Avro readings as a codec of Faust; what is no reading becomes None."""

    def __init__(self, work: Job) -> None:
        super().__init__()
        self._decode = work.decode

    def _loads(self, s: bytes) -> dict[str, Any] | None:
        record: dict[str, Any] | None = self._decode(s)
        return record


class OpenWindows:
    """The windows of one length that a partition has open, by the time at which they close."""

    def __init__(self) -> None:
        self._starts: dict[int, set[str]] = defaultdict(set)
        self._first = 0

    def add(self, start: int, name: str) -> None:
        """A source has a reading in a window that begins at ``start``."""
        self._starts[start].add(name)
        self._first = min(self._starts)

    def due(self, before: int) -> list[tuple[int, str]]:
        """The windows that begin before a time, taken out."""
        found = []
        while self._starts and self._first < before:
            found += [(self._first, name) for name in self._starts.pop(self._first)]
            self._first = min(self._starts, default=0)
        return found


class Judge:
    """The agent's part: judges readings, folds them into the tables, closes windows."""

    def __init__(self, run: Run, work: Job, app: Any, out: Any, partitions: int) -> None:
        self._run = run
        self._work = work
        self._out = out
        self._seen = app.Table("seen", default=_unseen, partitions=partitions)
        self._tables = [
            (
                window,
                app.Table(f"sums-{window.name}", default=list, partitions=partitions)
                .tumbling(window.length / 1000)
                .relative_to(_local_time),
            )
            for window in WINDOWS
        ]
        self._open: dict[tuple[int, str], OpenWindows] = defaultdict(OpenWindows)
        self._now: dict[int, int] = defaultdict(int)

    async def take(self, event: Any) -> None:
        """One record of the topic, in the order of its partition."""
        partition = event.message.partition
        arrived_at = round(event.message.timestamp * 1000)
        if arrived_at > self._now[partition]:
            self._now[partition] = arrived_at
        now = self._now[partition]
        for window, table in self._tables:
            due = self._open[partition, window.name].due(now - window.length - window.grace + 1)
            for start, name in due:
                await self._close(window, table, start, name)
        record = event.value
        reading = None if record is None else self._work.judge(record, arrived_at)
        if reading is not None and self._is_new(reading):
            self._fold(reading, partition, now)

    def _is_new(self, reading: Reading) -> bool:
        seen = self._seen[reading[0]]
        if not job.is_new(seen, reading[1]):
            return False
        self._seen[reading[0]] = seen  # tells the changelog
        return True

    def _fold(self, reading: Reading, partition: int, now: int) -> None:
        name, measured_at = reading[0], reading[2]
        for window, table in self._tables:
            start = (measured_at + LOCAL) // window.length * window.length - LOCAL
            if start + window.length + window.grace > now:
                table[name].apply(job.add, reading)
                self._open[partition, window.name].add(start, name)

    async def _close(self, window: Window, table: Any, start: int, name: str) -> None:
        place = table.table.window.current((start + LOCAL) / 1000)
        sums = table[name][place]
        del table[name][place]
        for result in self._work.results(name, window, start, sums):
            self._run.results.append(result)
            await self._out.send(key=name, value=result, timestamp=start / 1000)


def _unseen() -> list[int]:
    return [-1, 0]


def _local_time(event: Any) -> float:
    """The start of the reading's interval on the local clock, seconds: what windows are cut by."""
    return float((event.value["measured_at"] + LOCAL) / 1000)


async def work_through(run: Run, work: Job, ends: dict[int, int], directory: str) -> None:
    """Run the application until it has read to the end of the topic."""
    codecs.register("reading", ReadingCodec(work))
    partitions = max(ends) + 1
    app = faust.App(
        run.group,
        broker=f"kafka://{run.broker}",
        store="memory://",
        datadir=directory,
        consumer_auto_offset_reset="earliest",
        # It joins while its changelogs are being made, and owns nothing until it asks again.
        consumer_metadata_max_age_ms=METADATA_MS,
        topic_partitions=partitions,
        topic_replication_factor=1,
        topic_disable_leader=True,
        producer_linger_ms=LINGER_MS,
        producer_max_batch_size=BATCH_BYTES,
        stream_buffer_maxsize=BUFFER,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    readings = app.topic(
        run.topic, key_type=bytes, key_serializer="raw", value_serializer="reading"
    )
    out = app.topic(run.out_topic, key_type=str, key_serializer="raw", value_serializer="json")
    judge = Judge(run, work, app, out, partitions)
    left, finished = set(ends), asyncio.Event()

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            run.begin()
            run.records += 1
            await judge.take(event)
            message = event.message
            if message.offset + 1 >= ends[message.partition]:
                left.discard(message.partition)
                if not left:
                    finished.set()

    app.agent(readings)(agent)
    await app.start()
    await finished.wait()
    while app.producer.buffer.size:
        await app.producer.buffer.flush()
    await app.producer.flush()
    await app.consumer.commit()
    run.finish(linger_ms=LINGER_MS)
    await app.stop()


def main() -> None:
    """Run once over the topic."""
    run = Run("faust-streaming", "Faust", MISSING)
    work = Job(run.schema, run.registry)
    ends = run.ends()
    run.make_out_topic(len(ends))
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(work_through(run, work, ends, directory))


if __name__ == "__main__":
    main()
