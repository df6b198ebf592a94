"""The sink beside a raw insert: channel values a second into the embedded ClickHouse.

``python -m tests.bench.sink [--load national|fast] [--repeats N] [--worker] [--json FILE]``.
Taken in turn, on the same messages in batches of the same size, a task a partition, an empty
table each time:

* ``raw``: columns prepared beforehand as lists (the driver's fast path), ``clickhouse-connect``
  inserts them with a token each. Nothing is decoded, judged or built while the clock runs.
* ``writer``: record batches as they come from Kafka; decoding, quality codes, columns, the insert
  with its token by the sinks' own code.
* ``worker`` (with ``--worker``): the sinks worker as a process on a topic of the embedded broker,
  from its first row to its last; fetching, lanes, and commits are in it.

``cpu`` is processor time of client and server together, microseconds a value: on a busy machine
the ratio of it says more than that of the wall.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from aiokafka import ConsumerRecord

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.replay.usage import usage_of
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.batch import Batch, batch_of
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import INSERT_SETTINGS, async_client, client
from sinks.decode import fetched_entries, routes
from sinks.migrate import migrate
from sinks.readings.quality import quality_assessor
from sinks.tables import READINGS
from streams.core.law.policy import Policy
from streams.rules.country import home
from streams.settings import Settings
from streams.transport.batch import PartitionBatch
from tests.bench.data import FAST, NATIONAL, Load, partitioned, quick, registered
from tests.bench.sink_rows import TOPIC, Lists, lists_of, records_of
from tests.bench.topic import fill
from tests.support.core_run import history
from tests.support.streams_process import SinksProcess

PARTITIONS = 4
MESSAGES = 5_000  # of a batch: about the 50,000 rows at which the worker freezes one
FETCH = 2_000


class Run(NamedTuple):
    """One measurement: rows written, wall and processor seconds (client, server)."""

    what: str
    values: int
    wall_s: float
    client_s: float
    server_s: float

    @property
    def per_second(self) -> float:
        """Values a second of wall time."""
        return self.values / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time a value, of client and server."""
        return (self.client_s + self.server_s) / self.values * 1e6


class Sink:
    """The messages of a load, cut into batches, and a server that they are written to."""

    def __init__(self, load: Load, server: EmbeddedClickHouse) -> None:
        self._server = server
        self.settings = replace(
            Settings(), clickhouse_url=server.url, clickhouse_database="emissions"
        )
        self._client = client(self.settings, database=False)
        migrate(self._client, "emissions")
        self._history = history(registered(load))
        self._batches = [
            [records_of(log[first : first + MESSAGES], number, first)
             for first in range(0, len(log), MESSAGES)]
            for number, log in enumerate(partitioned(load, Codec(FileIds()), PARTITIONS))
        ]  # fmt: skip
        self._prepared: list[list[Lists]] | None = None
        self._stored = 0

    def _taken(self) -> Callable[[list[ConsumerRecord]], Batch]:
        judge = quality_assessor(self._history, Policy(), PARTITIONS)
        route = routes(self.settings, Codec(FileIds()), judge, home())[TOPIC]

        def take(records: list[ConsumerRecord]) -> Batch:
            number = records[0].partition
            fetches = [records[at : at + FETCH] for at in range(0, len(records), FETCH)]
            fetches_ = [
                fetched_entries(PartitionBatch(TOPIC, number, each, 1), route) for each in fetches
            ]
            return batch_of(TOPIC, number, fetches_)

        return take

    async def _timed(self, what: str, work: Callable[[], Awaitable[int]]) -> Run:
        self._client.command("TRUNCATE TABLE readings")
        self._client.command("SYSTEM STOP MERGES readings")  # they would go to whoever is slower
        pid = self._server.pid or 0
        server, spent, began = usage_of("", pid), time.process_time(), time.perf_counter()
        values = await work()
        wall_s, client_s = time.perf_counter() - began, time.process_time() - spent
        after = usage_of("", pid)
        assert server is not None
        assert after is not None
        stored = self._rows()
        assert stored == (self._stored or stored), "not everybody writes the same rows"
        self._stored = stored
        return Run(what, values, wall_s, client_s, after.cpu_s - server.cpu_s)

    def _rows(self) -> int:
        ((count,),) = self._client.query("SELECT count() FROM readings FINAL").result_rows
        return int(count)

    async def raw(self, repeat: int) -> Run:
        """The prepared columns, inserted by the driver."""
        if self._prepared is None:
            take = self._taken()
            self._prepared = [[lists_of(take(each)) for each in log] for log in self._batches]
            gc.freeze()  # a worker does not carry the data of the bench
        prepared, inserts = self._prepared, await async_client(self.settings)

        async def lane(number: int, batches: list[Lists]) -> int:
            for at, lists in enumerate(batches):
                await inserts.insert(
                    "readings",
                    lists,
                    column_names=list(READINGS.columns),
                    column_type_names=list(READINGS.columns.values()),
                    column_oriented=True,
                    settings={
                        **INSERT_SETTINGS,
                        "insert_deduplication_token": f"raw:{repeat}:{number}:{at}",
                    },
                )
            return sum(len(lists[0]) for lists in batches)

        async def work() -> int:
            return sum(await asyncio.gather(*map(lane, range(PARTITIONS), prepared)))

        run = await self._timed("raw", work)
        await inserts.close()
        return run

    async def writer(self, _: int) -> Run:
        """The same messages through the sinks' own code."""
        take, writer = self._taken(), BatchWriter(lambda: async_client(self.settings))

        async def lane(log: list[list[ConsumerRecord]]) -> None:
            for records in log:
                await writer.write(take(records), (READINGS,))

        async def work() -> int:
            await asyncio.gather(*map(lane, self._batches))
            return writer.rows_written

        run = await self._timed("writer", work)
        await writer.close()
        return run


async def worker(load: Load, directory: Path) -> Run:
    """A sinks worker on a topic; the clock runs from the first rows to the last."""
    with EmbeddedBroker() as broker, EmbeddedClickHouse(directory / "worker") as server:
        filled = await fill(broker.address, load, PARTITIONS)
        settings = replace(
            filled.settings, clickhouse_url=server.url, clickhouse_database="emissions"
        )
        asked = client(settings, database=False)
        migrate(asked, "emissions")
        asked.command("SYSTEM STOP MERGES readings")  # as where the others are measured

        def rows() -> int:
            ((count,),) = asked.query("SELECT count() FROM readings").result_rows
            return int(count)

        with SinksProcess(settings, directory / "sinks.log") as process:
            while not (first := rows()):  # noqa: ASYNC110 (of another process)
                await asyncio.sleep(0.02)
            began = time.perf_counter()
            before = usage_of("", process.pid), usage_of("", server.pid or 0)
            last, last_at, after = first, began, before
            while time.perf_counter() - last_at < 3 * settings.sink_age_s + 2:
                await asyncio.sleep(0.1)  # asking takes the server's time, too
                if (now := rows()) > last:
                    last, last_at = now, time.perf_counter()
                    after = usage_of("", process.pid), usage_of("", server.pid or 0)
        spent = [
            (b.cpu_s if b else 0.0) - (a.cpu_s if a else 0.0)
            for a, b in zip(before, after, strict=True)
        ]
        return Run("worker", last - first, last_at - began, spent[0], spent[1])


async def measure(load: Load, repeats: int, *, with_worker: bool = False) -> list[Run]:
    """Every run, in turn; the first of each kind warms up and is left out."""
    gc.set_threshold(200_000, 20, 100)  # as a worker does
    found: list[Run] = []
    with tempfile.TemporaryDirectory() as directory:
        with EmbeddedClickHouse(Path(directory) / "clickhouse") as server:
            sink = Sink(load, server)
            for repeat in range(repeats + 1):
                found += (await sink.raw(repeat), await sink.writer(repeat))
        found = found[2:]
        if with_worker:
            for repeat in range(repeats):
                found.append(await worker(load, Path(directory) / str(repeat)))
    return found


class Row(NamedTuple):
    """The repeats of one kind: medians and the spread of the wall."""

    what: str
    values: int
    per_second: float
    lowest: float
    highest: float
    cpu_us: float
    client_us: float
    of_raw: float
    of_raw_by_cpu: float


def summary(runs: Sequence[Run]) -> list[Row]:
    """A row a kind, with its share of the raw insert."""
    kinds = {
        kind: [run for run in runs if run.what == kind] for kind in ("raw", "writer", "worker")
    }
    raw = kinds["raw"]
    raw_speed = statistics.median(run.per_second for run in raw)
    raw_cpu = statistics.median(run.cpu_us for run in raw)
    rows = []
    for kind, of_kind in kinds.items():
        if of_kind:
            speeds = [run.per_second for run in of_kind]
            cpu = statistics.median(run.cpu_us for run in of_kind)
            mine = statistics.median(run.client_s / run.values * 1e6 for run in of_kind)
            speed = statistics.median(speeds)
            found = (speed, min(speeds), max(speeds), cpu, mine, speed / raw_speed, raw_cpu / cpu)
            rows.append(Row(kind, of_kind[0].values, *found))
    return rows


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sink", description=__doc__)
    parser.add_argument("--load", choices=["national", "fast"], default="national")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", action="store_true", help="also the worker on a topic")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    load = {"national": NATIONAL, "fast": FAST}[given.load]
    load = quick(load) if given.quick else load
    rows = summary(asyncio.run(measure(load, given.repeats, with_worker=given.worker)))
    print(f"{load.name}: values a second, median of {given.repeats} (lowest to highest)")
    heads = f"{'µs cpu':>8}{'client':>8}{'of raw':>8}{'by cpu':>8}"
    print(f"{'':<8}{'values':>11}{'per s':>11}{'':>23}{heads}")
    for row in rows:
        spread = f"({row.lowest:,.0f} to {row.highest:,.0f})"
        print(
            f"{row.what:<8}{row.values:>11,}{row.per_second:>11,.0f}{spread:>23}{row.cpu_us:>8.2f}"
            f"{row.client_us:>8.2f}{row.of_raw:>8.2f}{row.of_raw_by_cpu:>8.2f}"
        )
    if given.json is not None:
        given.json.write_text(json.dumps([row._asdict() for row in rows], indent=2), "utf-8")


if __name__ == "__main__":
    main()
