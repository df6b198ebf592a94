"""Many sources at 1 Hz through the whole deployment: what this machine sustains, and at what cost.

``python -m tests.bench.hertz [--sources N] [--seconds S] [--partitions P] [--workers W]
[--json FILE]``. A log of S seconds of N sources (ten channels, a reading a second of each, one in a
hundred with a defect) lies on its topic before anybody reads it; then the deployed streams workers
judge all of it, and a sinks worker writes it to ClickHouse at the same time, with production's
settings. So the rate is what the machine sustains, never what a feeder brings, and lag is not told.

The sustained rate of a group is that between the commits of the first and of the last quarter.
Processor time is that of the whole workers, start included, and of the servers from then on. At
the end the deployment is audited (``--no-audit`` leaves that out); exits with 1 if anything
differs. ``--backup`` backs the database up before, drops it and restores it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from aiokafka import TopicPartition

from emissions.replay.publish import BATCH_BYTES, OrderedWriter, publish_registry
from emissions.replay.usage import usage_of
from schemas.codec import TICK, Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from streams.kafka.clients import consumer_of, producer_of
from streams.settings import Settings
from tests.bench.data import DAY, FAST, SEED, Load, messages, registered
from tests.bench.machine import machine
from tests.crash.environment import Environment
from tests.crash.results import Results
from tests.crash.round_context import Timeline
from tests.crash.rounds import audited, drained
from tests.crash.workers import Kind, Workers
from tests.support.clickhouse_backups import DISK, ClickHouseWithBackups

FIRST: Final = DAY + 19 * 60_000
"""A minute before the first windows of 20 minutes end: two minutes of log close all of them."""

DRAIN_S: Final = 3600.0
_CHUNK_S: Final = 10
_LOOK_S: Final = 1.0


class Look(NamedTuple):
    """What a group has committed of the readings at a time (s)."""

    at: float
    committed: int


class Backup(NamedTuple):
    """Bytes of a backup, seconds to make and to restore it."""

    total_bytes: int
    made_s: float
    restored_s: float


@dataclass
class Measured:
    """What a run came to."""

    readings: int = 0
    looks: dict[str, list[Look]] = field(default_factory=dict)
    """By group."""
    cpu_s: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    table_bytes: int = 0
    backup: Backup | None = None


def sustained(looks: Sequence[Look]) -> float | None:
    """Return readings a second between a quarter and three quarters; None if one look has both."""
    total = looks[-1].committed if looks else 0
    begun = next((look for look in looks if 4 * look.committed >= total), None)
    over = next((look for look in looks if 4 * look.committed >= 3 * total), None)
    if begun is None or over is None or over.at <= begun.at or over.committed == begun.committed:
        return None
    return (over.committed - begun.committed) / (over.at - begun.at)


async def fill(settings: Settings, load: Load) -> int:
    """Write the log of a load, ten seconds at a time, and the ticks around it; return its end."""
    codec = Codec(FileIds())
    await publish_registry(settings, registered(load), codec, timestamp=0)
    tick = codec.encode(TICK, {"sent_at": load.first})
    async with producer_of(settings, BATCH_BYTES) as producer:
        writer = OrderedWriter(producer, settings.topic_readings, settings.partitions)
        await writer.broadcast(load.first, tick)
        for begin in range(0, load.steps, _CHUNK_S):
            steps = min(_CHUNK_S, load.steps - begin)
            part = load._replace(first=load.first + begin * 1000, steps=steps)
            for message in messages(part, codec, SEED + begin)[1:-1]:
                assert message.key is not None
                await writer.write(message.key, message.arrived_at, message.value)
        await writer.broadcast(load.until, tick)
        return sum(await writer.flush())


async def watch(settings: Settings, found: Measured, pids: Pids) -> None:
    """Note what is committed and what the processes have used, until cancelled."""
    parts = [TopicPartition(settings.topic_readings, p) for p in range(settings.partitions)]
    began = time.monotonic()
    groups = {"streams": settings.group_streams, "sinks": settings.group_sinks}
    async with (
        consumer_of(settings, groups["streams"]) as streams,
        consumer_of(settings, groups["sinks"]) as sinks,
    ):
        while True:
            for name, consumer in (("streams", streams), ("sinks", sinks)):
                done = sum([await consumer.committed(part) or 0 for part in parts])
                found.looks.setdefault(name, []).append(Look(time.monotonic() - began, done))
            pids.note(found)
            await asyncio.sleep(_LOOK_S)


class Pids:
    """The processes of a run, by name; what the servers used before it began does not count."""

    def __init__(self, environment: Environment, workers: Workers) -> None:
        self._environment = environment
        self._workers = workers
        self._before = {
            name: used.cpu_s
            for name, pid in self._servers().items()
            if (used := usage_of(name, pid)) is not None
        }

    def _servers(self) -> dict[str, int]:
        kafka, clickhouse = self._environment.kafka, self._environment.clickhouse.pid
        found = {} if kafka is None else {f"Kafka {n.number}": n.pid for n in kafka.nodes}
        return found if clickhouse is None else {**found, "ClickHouse": clickhouse}

    def note(self, found: Measured) -> None:
        """Take down processor time and memory of all that run."""
        pids = {slot.name: slot.pid for slot in self._workers.slots if slot.running}
        for name, pid in {**pids, **self._servers()}.items():
            used = None if pid is None else usage_of(name, pid)
            if used is not None and used.peak_bytes:  # none: it has just ended
                found.cpu_s[name] = used.cpu_s - self._before.get(name, 0.0)
                found.peak_mb[name] = used.peak_bytes / 1e6


def backed_up(settings: Settings) -> Backup:
    """Back the database up, drop it and restore it. Raises AssertionError where rows lack."""
    name, place = settings.clickhouse_database, f"Disk('{DISK}', 'hertz')"
    with client(settings, database=False) as connected:

        def took(statement: str) -> float:
            began = time.monotonic()
            connected.command(statement)
            return time.monotonic() - began

        counted = f"SELECT count() FROM {name}.readings"
        before = connected.command(counted)
        made_s = took(f"BACKUP DATABASE {name} TO {place}")
        total = connected.command("SELECT total_size FROM system.backups")
        connected.command(f"DROP DATABASE {name} SYNC")
        restored_s = took(f"RESTORE DATABASE {name} FROM {place}")
        assert connected.command(counted) == before
    return Backup(int(str(total)), made_s, restored_s)


async def run(given: argparse.Namespace, directory: Path) -> tuple[Measured, list[str]]:
    """The whole run; returns what was measured and every sentence of what is wrong."""
    found, timeline = Measured(), Timeline()
    until = FIRST + max(given.seconds * 1000, 6 * 60_000) + 10_000
    load = FAST._replace(
        name="hertz", sources=given.sources, first=FIRST, steps=given.seconds, until=until
    )
    with Environment(directory, given.broker, clickhouse=ClickHouseWithBackups) as environment:
        settings = Settings(
            broker=environment.broker.address,
            clickhouse_url=environment.clickhouse.url,
            partitions=given.partitions,
            tick_s=0.0,  # the log has its own
            max_ahead_s=0.0,
            max_step_s=0.0,
            log_format="json",
        )
        await environment.prepare(settings)
        ended = await fill(settings, load)
        found.readings = ended - 2 * given.partitions
        sys.stderr.write(f"{found.readings:,} messages lie on {given.partitions} partitions\n")
        workers = Workers(settings, directory, "hertz", Results(), timeline.note)
        judging: tuple[Kind, ...] = ("streams",) * given.workers
        kinds: tuple[Kind, ...] = (*judging, "sinks")
        for kind in kinds:
            workers.place(kind).start()
        watching = [
            asyncio.create_task(workers.keep()),
            asyncio.create_task(watch(settings, found, Pids(environment, workers))),
        ]
        try:
            await drained(settings, workers, timeline, DRAIN_S)
            await asyncio.sleep(2 * _LOOK_S)  # for the last look
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            workers.end()
        with client(settings) as connected:
            for table in ("readings", "means", "raw_messages"):
                ((found.rows[table],),) = connected.query(
                    f"SELECT count() FROM {table}"
                ).result_rows
            ((found.table_bytes,),) = connected.query(
                "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = "
                "currentDatabase()"
            ).result_rows
        if given.backup:
            found.backup = await asyncio.to_thread(backed_up, settings)
        sys.stdout.write(report(found, given))
        sys.stdout.flush()
        wrong = [*workers.troubles, *([] if given.no_audit else await audited(settings))]
    return found, wrong


def report(found: Measured, given: argparse.Namespace) -> str:
    """What the run was and what it took, at 80 columns."""
    lines = [
        f"{given.sources:,} sources, {given.seconds} s of each at 1 Hz: {found.readings:,} "
        f"messages on {given.partitions} partitions",
    ]
    for name, looks in found.looks.items():
        rate = sustained(looks)
        over = next(look.at for look in looks if look.committed == looks[-1].committed)
        told = "too short to tell" if rate is None else f"{rate:,.0f} readings/s sustained"
        lines.append(f"{name}: {told}, all committed {over:.0f} s after the start")
    lines.append(f"{'process':<14}{'cpu s':>9}{'us/reading':>12}{'peak MB':>10}")
    for name, cpu_s in sorted(found.cpu_s.items()):
        each = cpu_s / found.readings * 1e6
        lines.append(f"{name:<14}{cpu_s:>9.1f}{each:>12.1f}{found.peak_mb[name]:>10.0f}")
    each = sum(found.cpu_s.values()) / found.readings * 1e6
    lines.append(f"{'together':<14}{sum(found.cpu_s.values()):>9.1f}{each:>12.1f}")
    rows = ", ".join(f"{count:,} {name}" for name, count in found.rows.items())
    lines.append(f"ClickHouse: {rows}; {found.table_bytes / 1e6:,.0f} MB in all tables")
    if found.backup is not None:
        size, made_s, restored_s = found.backup
        lines.append(
            f"backup: {size / 1e6:,.0f} MB in {made_s:.1f} s, restored in {restored_s:.1f} s"
        )
    return "\n".join(lines) + "\n"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tests.bench.hertz", description=__doc__)
    made.add_argument("--sources", type=int, default=10_000)
    made.add_argument("--seconds", type=int, default=120)
    made.add_argument("--partitions", type=int, default=12)
    made.add_argument("--workers", type=int, default=2, help="streams workers")
    made.add_argument("--broker", choices=("kafka", "tansu"), default="kafka")
    made.add_argument("--no-audit", action="store_true")
    made.add_argument("--backup", action="store_true", help="back up and restore at the end")
    made.add_argument("--json", type=Path, metavar="FILE")
    return made


def main() -> int:
    """0: measured, and nothing differs; 1: something is wrong, and is said."""
    given = parser().parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    with tempfile.TemporaryDirectory(prefix="hertz-") as directory:
        found, wrong = asyncio.run(run(given, Path(directory)))
    audit = "not audited" if given.no_audit else "audit: no difference"
    sys.stdout.write("\n".join(wrong or [audit]) + "\n")
    if given.json is not None:
        document = {
            "machine": machine(given.broker),
            "readings": found.readings,
            "sustained": {name: sustained(looks) for name, looks in found.looks.items()},
            "cpu_s": found.cpu_s,
            "peak_mb": found.peak_mb,
            "rows": found.rows,
            "table_bytes": found.table_bytes,
            "backup": found.backup,
            "wrong": wrong,
        }
        given.json.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
