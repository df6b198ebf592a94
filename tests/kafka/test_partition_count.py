"""Another number of partitions than the settings say stops the workers before they judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from streams.core.engine.outcome import OTHER_PARTITIONS
from streams.kafka.partition_count import difference, sinks_topics, streams_topics
from streams.kafka.topics import create_topics, topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import SinksProcess, StreamsProcess, own_settings

Worker = Callable[[Settings, Path], StreamsProcess]


def test_what_differs_is_said_with_what_to_do() -> None:
    wanted = {"a": 2, "b": None, "c": 4}
    assert difference(wanted, {"a": 2, "b": 9, "c": 4}) is None
    assert difference(wanted, {"a": 2, "b": 9}) is None  # to be waited for
    assert difference(wanted, {"a": 5, "b": 9, "c": 4}) == (
        "topic a has 5 partitions instead of 2 (EMISSIONS_PARTITIONS): if nothing was judged yet, "
        f"set EMISSIONS_PARTITIONS to 5 for all; otherwise {OTHER_PARTITIONS}"
    )


def test_every_topic_that_follows_the_settings_is_held_to_them() -> None:
    held = {topic: many for topic, many in streams_topics(Settings(partitions=7)).items() if many}
    assert set(held.values()) == {7}
    assert set(held) == {
        *("emissions.readings", "emissions.means", "emissions.gaps", "emissions.violations"),
        *(
            "emissions.findings",
            "emissions.cases",
            "emissions.notice-verdicts",
            "emissions.roots",
            "emissions.advice",
            "emissions.dead-letters",
            "emissions-streams-state-changelog",
        ),
    }


def test_every_topic_that_a_worker_needs_is_made() -> None:
    """Also for a deployment of before: `topics create` makes what is missing."""
    settings = Settings()
    made = {topic.name for topic in topics(settings)}
    assert {getattr(settings, f.name) for f in fields(settings) if f.name[:6] == "topic_"} <= made
    assert made - streams_topics(settings).keys() == set()
    assert settings.topic_holds in sinks_topics(settings), "its partitions are held as well"


@pytest.mark.parametrize("worker", [StreamsProcess, SinksProcess])
async def test_a_worker_does_not_begin(
    any_broker: TestBroker, tmp_path: Path, worker: Worker
) -> None:
    settings = own_settings(any_broker.address, partitions=2)
    await any_broker.create(settings.topic_readings, partitions=3)
    await create_topics(settings)
    with worker(settings, tmp_path / "log") as running:
        await eventually(lambda: running.exit_code is not None, "it ends")
        assert running.exit_code == 1
    said = (tmp_path / "log").read_text()
    assert f"topic {settings.topic_readings} has 3 partitions instead of 2" in said
    assert "Traceback" not in said
    assert await any_broker.committed(settings.group_streams, settings.topic_readings) == {}


@pytest.mark.parametrize("worker", [StreamsProcess, SinksProcess])
async def test_partitions_that_are_added_end_a_worker_that_runs(
    kafka: TestBroker, tmp_path: Path, worker: Worker
) -> None:
    settings = own_settings(kafka.address, partitions=2)
    await create_topics(settings, "replay")
    with worker(settings, tmp_path / "log") as running:
        await eventually(lambda: "worker_started" in running.said(), "it runs")
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
        await admin.start()
        await admin.create_partitions({settings.topic_readings: NewPartitions(5)})
        await admin.close()
        await eventually(lambda: running.exit_code is not None, "it ends")
        assert running.exit_code == 1
    said = (tmp_path / "log").read_text()
    assert f"topic {settings.topic_readings} has " in said
    assert "EMISSIONS_PARTITIONS" in said
    assert "Traceback" not in said
