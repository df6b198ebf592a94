"""Checks the topics' numbers of partitions against the settings, also while a worker runs.

With another number, keys map to other partitions: a source would be judged from half of its
readings. So a worker that sees a difference ends before it processes anything (specification 2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams.core.engine.outcome import OTHER_PARTITIONS
from streams.counted import counted
from streams.errors import OperatorError
from streams.kafka.client import client_options, partitions_by_topic, topic_partitions
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from streams.kafka.retry import Backoff
from streams.kafka.topics import changelog_topic
from streams.settings import Settings

POLL_S: Final = 2.0
"""Interval at which the brokers are asked."""

_CONFIRMATIONS: Final = 3

PartitionCounts = Mapping[str, int | None]
"""Number of partitions that each topic must have; None: any."""


class WrongPartitionsError(OperatorError):
    """A topic's number of partitions differs from the settings; the text is a sentence."""


def streams_topics(settings: Settings) -> dict[str, int | None]:
    """Return the topics of a streams worker with the partitions that they must have."""
    return {
        **sinks_topics(settings),
        settings.topic_notices: None,  # every worker reads all of it
        settings.topic_advice: settings.partitions,
        changelog_topic(settings.app_id): settings.partitions,
    }


def sinks_topics(settings: Settings) -> dict[str, int | None]:
    """Return the topics of a sinks worker with the partitions that they must have."""
    many = settings.partitions
    return {
        settings.topic_readings: many,
        settings.topic_registry: None,  # every worker reads all of it
        settings.topic_means: many,
        settings.topic_gaps: many,
        settings.topic_violations: many,
        settings.topic_findings: many,
        settings.topic_notice_verdicts: many,
        settings.topic_cases: many,
        settings.topic_roots: many,
        settings.topic_measures: None,
        settings.topic_dead_letters: many,
        settings.topic_holds: None,
    }


def remedy(there: int) -> str:
    """Say what to do where a topic has ``there`` partitions instead of another number."""
    return (
        f"if nothing was judged yet, set EMISSIONS_PARTITIONS to {there} for all; otherwise "
        f"{OTHER_PARTITIONS}"
    )


def difference(wanted: PartitionCounts, found: Mapping[str, int]) -> str | None:
    """Say in a sentence which topic has a wrong number of partitions; None if none has.

    A missing topic is not one of them.
    """
    for topic, count in sorted(wanted.items()):
        there = found.get(topic)
        if there and count is not None and there != count:
            return (
                f"topic {topic} has {counted(there, 'partition')} instead of {count} "
                f"(EMISSIONS_PARTITIONS): {remedy(there)}"
            )
    return None


async def wait_for_topics(settings: Settings, wanted: PartitionCounts) -> None:
    """Wait until the broker answers and has every topic.

    Logs periodically what is missing. Raises `WrongPartitionsError` for a topic that has a wrong
    number of partitions three times in a row: one that is being created may seem to have fewer.
    """
    unreachable = Backoff(
        "find_topics",
        f"broker {settings.broker} does not answer",
        settings.log_interval_s,
        longest_s=2.0,
    )
    missing = Backoff(
        "check_topics", "topics are not as they must be", settings.log_interval_s, longest_s=2.0
    )
    seen = 0
    while True:
        try:
            found = await topic_partitions(settings)
        except (KafkaError, OSError) as error:
            await unreachable.wait(error)
            continue
        unreachable.recovered()
        problem = difference(wanted, found)
        seen = seen + 1 if problem else 0
        if problem and seen >= _CONFIRMATIONS:
            raise WrongPartitionsError(problem)
        absent = [f"{topic} is missing" for topic in sorted(wanted) if not found.get(topic)]
        if not absent and not problem:
            missing.recovered()
            return
        await missing.wait("; ".join(absent) or problem)


def too_many(settings: Settings, partition: int) -> WrongPartitionsError:
    """Make the error for an assigned partition of the readings that should not exist."""
    return WrongPartitionsError(
        f"topic {settings.topic_readings} has a partition {partition} and should have "
        f"{settings.partitions} partitions (EMISSIONS_PARTITIONS): {OTHER_PARTITIONS}"
    )


class PartitionCountWatch:
    """Check the numbers of partitions periodically, with a client of its own."""

    def __init__(
        self, settings: Settings, wanted: PartitionCounts, *, poll_s: float = POLL_S
    ) -> None:
        self._settings = settings
        self._wanted = wanted
        self._poll_s = poll_s
        self._consumer: AIOKafkaConsumer | None = None

    async def run(self) -> None:
        """Check until cancelled; raise `WrongPartitionsError` when a number has changed.

        Ignores brokers that do not answer: nothing is processed meanwhile.
        """
        try:
            while True:
                try:
                    found = await self._ask()
                except (KafkaError, OSError):
                    await self._disconnect()
                else:
                    problem = difference(self._wanted, found)
                    if problem is not None:
                        raise WrongPartitionsError(problem)
                await asyncio.sleep(self._poll_s)
        finally:
            await self._disconnect()

    async def _ask(self) -> dict[str, int]:
        if self._consumer is None:
            consumer = committed_consumer(**client_options(self._settings), group_id=None)
            self._consumer = consumer
            await consumer.start()
        known = await partitions_by_topic(self._consumer)
        return {topic: len(numbers) for topic, numbers in known.items()}

    async def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_consumer(consumer)


async def until_wrong_partitions(
    settings: Settings, wanted: PartitionCounts, work: Coroutine[Any, Any, Any]
) -> None:
    """Run ``work`` beside a `PartitionCountWatch` until the first of the two ends.

    Raises what either raises, such as `WrongPartitionsError`.
    """
    watching = asyncio.create_task(PartitionCountWatch(settings, wanted).run())
    working = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        watching.cancel()
        working.cancel()
        await asyncio.gather(watching, working, return_exceptions=True)
