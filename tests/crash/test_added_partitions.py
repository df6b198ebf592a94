"""More partitions, as docs/operations/add-partitions.md says: workers find the same on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

import streams.transport  # noqa: F401 - Faust starts a process when it is first imported
from deploy.embedded.kafka import KafkaUnavailable
from emissions.repartition.copy_log import copy_log
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.crash.environment import Environment, migrated
from tests.crash.load import Load, make_load
from tests.crash.outcome import Outcome, collect_results
from tests.crash.plan import Plan
from tests.crash.publish import Publisher
from tests.crash.results import Results
from tests.crash.round_context import Progress
from tests.crash.rounds import Rounds, audited
from tests.emissions.repartition.results import without_places

BEFORE: Final = 2
AFTER: Final = 5
A_DAY_AND_MORE: Final = 29 * 60
QUICK: Final[dict[str, Any]] = {
    "poll_records": 500, "commit_s": 0.5, "session_timeout_s": 3.0, "heartbeat_s": 1.0,
    "retention_readings_days": 100_000,  # the arrivals of the load grow older each day
}  # fmt: skip
CALM: Final = Plan(1, 1, 0, BEFORE, 0.0, {}, (), wait=False, replay=False)
_KEPT: Final = ("topic_registry", "topic_notices", "topic_measures")


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    """On Apache Kafka where it can run, else on the embedded broker."""
    try:
        environment = Environment(tmp_path / "k", "kafka").start()
    except KafkaUnavailable:
        environment = Environment(tmp_path / "t", "tansu").start()
    yield environment
    environment.stop()


def with_more(settings: Settings) -> Settings:
    """The deployment beside it: other names for all that has partitions, and another database."""
    names: dict[str, Any] = {
        name: f"more.{value}"
        for name, value in vars(settings).items()
        if name.startswith(("topic_", "group_")) and name not in _KEPT
    }
    database = f"{settings.clickhouse_database}_more"
    return replace(settings, partitions=AFTER, clickhouse_database=database, **names)


async def copied(settings: Settings, source: str, *, last: bool) -> int:
    """How many records were written."""
    done = await copy_log(
        settings, source, Codec(FileIds()).decode_reading,
        last=last, report=lambda *_: None, still_s=0.2,
    )  # fmt: skip
    return done.written


async def found(settings: Settings) -> dict[str, Any]:
    """What the workers found, without the places in the log."""
    return without_places(await collect_results(settings, Outcome()))


@pytest.mark.process
@pytest.mark.long
async def test_five_partitions_find_what_two_found(
    environment: Environment, tmp_path: Path
) -> None:
    """Ids, revisions, means, gaps, cases and digests of evidence; both audits close."""
    load = make_load("7", sources=9, minutes=120, partitions=BEFORE, each_minute=A_DAY_AND_MORE)
    half = len(load.steps) // 2
    settings = environment.settings(partitions=BEFORE, **QUICK)
    more = with_more(settings)
    rounds = Rounds(environment, tmp_path / "kept", Results())
    publisher = Publisher(settings, idempotent=environment.kafka is not None)
    await environment.prepare(settings)
    await create_topics(more, "copy")
    await publisher.publish(Load("1", BEFORE, load.steps[:half]), Progress(), 0.0)
    early = await copied(more, settings.topic_readings, last=False)
    rest = Load("2", BEFORE, load.steps[half:])
    assert await rounds.worked(CALM, rest, settings, tmp_path) == []
    late = await copied(more, settings.topic_readings, last=True)
    assert early > 0
    assert late > 0
    assert await copied(more, settings.topic_readings, last=True) == 0  # the copy is proven

    await asyncio.to_thread(migrated, more)
    assert await rounds.worked(CALM, None, more, tmp_path) == []
    assert await audited(more) == []
    assert await audited(settings) == []
    before, after = await found(settings), await found(more)
    for name, whole in before.items():
        assert after[name] == whole, name
    alone = load.found_by_core()
    assert before["means"] == alone.means
    assert before["violations"].keys() == alone.violations.keys() != set()
    assert before["cases"].keys() == alone.cases.keys() != set()
