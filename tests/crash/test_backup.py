"""ClickHouse is backed up at work, lost, restored and written on: the same rows, none doubled."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Self

import faust  # noqa: F401 - starts a process when it is imported, which no test here may
import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

import streams.transport  # noqa: F401 - Faust starts a process when it is first imported
from deploy.embedded.kafka import KafkaUnavailable
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of
from streams.kafka.topics import output_topics
from streams.settings import Settings
from tests.crash.environment import Environment
from tests.crash.faults.fault import Conditions, SimpleFault
from tests.crash.load import make_load
from tests.crash.outcome import collect, differences
from tests.crash.plan import Plan
from tests.crash.results import Results
from tests.crash.round_context import RoundContext
from tests.crash.rounds import Rounds, audited
from tests.support.clickhouse_backups import DISK, ClickHouseWithBackups

SETTINGS = {
    "poll_records": 40,
    "commit_s": 0.3,
    "sink_rows": 100,
    "sink_age_s": 0.1,
    "session_timeout_s": 2.5,
    "heartbeat_s": 0.6,
}
Offsets = dict[TopicPartition, int]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """On Apache Kafka where it can run, else on the embedded broker."""
    directory = tmp_path_factory.mktemp("backup")
    try:
        environment = Environment(directory, "kafka", clickhouse=ClickHouseWithBackups).start()
    except KafkaUnavailable:
        environment = Environment(directory, "tansu", clickhouse=ClickHouseWithBackups).start()
    yield environment
    environment.stop()


@dataclass(frozen=True)
class BackUp(SimpleFault):
    """No fault: a backup amid the load, and a second one that holds what is new."""

    at: float
    """How much of the load must be there for the second one."""
    offsets: Offsets = field(default_factory=dict, compare=False, repr=False)
    """What the sinks had committed before the second one began."""

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Always the same."""
        return cls(0.6)

    async def strike(self, context: RoundContext) -> None:
        """Take both; the sinks insert meanwhile."""
        with client(context.settings) as connected:
            while not connected.command("SELECT count() FROM readings"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.to_thread(back_up, context.settings, "full")
        await context.progress.until(self.at)
        self.offsets.update(await committed(context.settings))
        await asyncio.to_thread(back_up, context.settings, "new", base="full")


def back_up(settings: Settings, name: str, base: str | None = None) -> None:
    """The statement of docs/operations/backup.md."""
    more = "" if base is None else f" SETTINGS base_backup = Disk('{DISK}', '{base}')"
    with client(settings, database=False) as connected:
        statement = f"BACKUP DATABASE {settings.clickhouse_database} TO Disk('{DISK}', '{name}')"
        connected.command(statement + more)


def restore(environment: Environment, settings: Settings, name: str) -> float:
    """Lose all of the data, restore it and migrate; returns the seconds of the restoring."""
    server = environment.clickhouse
    server.kill()
    shutil.rmtree(server.path / "engine")
    server.start()
    with client(settings, database=False) as connected:
        began = time.monotonic()
        connected.command(
            f"RESTORE DATABASE {settings.clickhouse_database} FROM Disk('{DISK}', '{name}')"
        )
        took = time.monotonic() - began
        assert migrate(connected, settings.clickhouse_database) == [], "all were applied already"
    return took


async def committed(settings: Settings, offsets: Offsets | None = None) -> Offsets:
    """What the group of the sinks has committed; with ``offsets``, set it back to them."""
    topics = (settings.topic_readings, settings.topic_registry, *output_topics(settings))
    parts = list(await ends_of(settings, *topics))
    async with consumer_of(settings, settings.group_sinks) as group:
        group.assign(parts)
        if offsets is not None:
            await group.commit({tp: OffsetAndMetadata(at, "") for tp, at in offsets.items()})
        return {tp: await group.committed(tp) or 0 for tp in parts}


def tables(settings: Settings) -> dict[str, Sequence[int]]:
    """Rows and a checksum of every table, without versions that were replaced."""
    found: dict[str, Sequence[int]] = {}
    with client(settings) as connected:
        named = connected.query(
            "SELECT name, engine, total_rows FROM system.tables WHERE database = "
            "currentDatabase() AND (engine LIKE '%MergeTree' OR engine = 'Join') ORDER BY name"
        ).result_rows
        for name, engine, total in named:
            if engine == "Join":  # cannot be read: its keys are hashed
                found[name] = total, 0
                continue
            final = "" if engine == "MergeTree" else " FINAL"
            (found[name],) = connected.query(
                f"SELECT count(), sum(cityHash64(toString(tuple(*)))) FROM {name}{final}"
            ).result_rows
    return found


def figures(settings: Settings) -> list[Sequence[Any]]:
    """Name, state, files, bytes and seconds of each backup that the server has made."""
    with client(settings, database=False) as connected:
        return list(
            connected.query(
                "SELECT name, status, num_files, total_size, uncompressed_size, error, "
                "dateDiff('millisecond', start_time, end_time) FROM system.backups"
            ).result_rows
        )


@pytest.mark.process
@pytest.mark.long
async def test_what_was_backed_up_at_work_is_restored_and_written_on(
    environment: Environment, tmp_path: Path
) -> None:
    """Set back to before the backup, the sinks end with the rows that were lost, each once."""
    rounds = Rounds(environment, tmp_path, Results())
    load = make_load("backup", sources=12, minutes=240, partitions=2)
    middle = len(load.steps) * 2 // 3
    taken = BackUp(0.6)
    plan = Plan(1, 1, 0, 2, 8.0, SETTINGS, (taken,), wait=True, replay=False)
    calm = replace(plan, faults=(), wait=False, flow_s=0.0)
    settings = environment.settings(partitions=2, **SETTINGS)
    await environment.prepare(settings)
    part = replace(load, steps=load.steps[:middle])
    assert await rounds.worked(plan, part, settings, tmp_path) == []
    rest = replace(load, steps=load.steps[middle:])
    assert await rounds.worked(calm, rest, settings, tmp_path) == []
    whole, rows = await collect(settings, tmp_path / "whole"), tables(settings)
    assert await audited(settings) == []
    print(*figures(settings), sep="\n")

    seconds = restore(environment, settings, "new")
    restored = tables(settings)
    assert 0 < restored["readings"][0] < rows["readings"][0]
    print(f"restored {sum(count for count, _ in restored.values())} rows in {seconds:.1f} s")
    assert await audited(settings) != [], "nothing is set back yet: rows lack, and it says so"

    assert await committed(settings, taken.offsets) == taken.offsets
    assert await rounds.worked(calm, None, settings, tmp_path) == []
    assert list(differences(whole, await collect(settings, tmp_path / "again"))) == []
    assert tables(settings) == rows
    assert await audited(settings) == []

    back_up(settings, "still")  # nobody writes: what is committed is what is stored
    seconds = restore(environment, settings, "still")
    assert tables(settings) == rows
    assert await audited(settings) == []
    print(f"restored {sum(count for count, _ in rows.values())} rows in {seconds:.1f} s")
    await environment.clear(settings)
