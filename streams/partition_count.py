"""Holds the topics against the number of partitions in the settings, also while a worker runs.

With another number the keys lie elsewhere: a source would be judged from half of its readings, and
missed where it is not sent any more. So a worker that sees one ends before it judges (spec 2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams.core.log import OTHER_PARTITIONS
from streams.kafka import Patience, client_options, partitions_by_topic, topic_partitions
from streams.saved_state import changelog_topic
from streams.settings import Settings
from streams.transport.reader import reader
from streams.transport.stop import stop_consumer

LOOK_S: Final = 2.0
"""The brokers are asked this often."""

_LOOKS: Final = 3

Counts = Mapping[str, int | None]
"""Topics with the number of partitions that they must have; None: any."""


class WrongPartitionsError(Exception):
    """A topic has another number of partitions than the settings say; the text is a sentence."""


def streams_topics(settings: Settings) -> dict[str, int | None]:
    """Tell what a streams worker reads and writes, with the partitions that it must have."""
    return {
        **sinks_topics(settings),
        changelog_topic(settings.app_id): settings.partitions,
    }


def sinks_topics(settings: Settings) -> dict[str, int | None]:
    """Tell what a sinks worker reads, with the partitions that it must have."""
    many = settings.partitions
    return {
        settings.topic_readings: many,
        settings.topic_registry: None,  # read as a whole, by everybody
        settings.topic_means: many,
        settings.topic_gaps: many,
        settings.topic_violations: many,
        settings.topic_dead_letters: many,
        settings.topic_holds: None,
    }


def remedy(there: int) -> str:
    """Say what to do where a topic has ``there`` partitions and should have others."""
    return (
        f"if nothing was judged yet, set EMISSIONS_PARTITIONS to {there} for all; otherwise "
        f"{OTHER_PARTITIONS}"
    )


def difference(wanted: Counts, found: Mapping[str, int]) -> str | None:
    """Say in a sentence which topic has another number of partitions; None if no topic has.

    A topic that is not there is none of them.
    """
    for topic, count in sorted(wanted.items()):
        there = found.get(topic)
        if there and count is not None and there != count:
            return (
                f"topic {topic} has {there} partitions instead of {count} "
                f"(EMISSIONS_PARTITIONS): {remedy(there)}"
            )
    return None


async def wait_for_topics(settings: Settings, wanted: Counts) -> None:
    """Wait until the broker answers and has every topic.

    Says once a period what is missing, and goes on by itself. Raises `WrongPartitionsError` for a
    topic with another number of partitions, once it was seen so three times in a row: a topic that
    is just being made may seem to have fewer.
    """
    away = Patience(f"broker {settings.broker} does not answer", settings.say_s, most_s=2.0)
    missing = Patience("topics are not as they must be", settings.say_s, most_s=2.0)
    looks = 0
    while True:
        try:
            found = await topic_partitions(settings)
        except (KafkaError, OSError) as error:
            await away.wait(error)
            continue
        away.over()
        said = difference(wanted, found)
        looks = looks + 1 if said else 0
        if said and looks >= _LOOKS:
            raise WrongPartitionsError(said)
        absent = [f"{topic} is missing" for topic in sorted(wanted) if not found.get(topic)]
        if not absent and not said:
            missing.over()
            return
        await missing.wait("; ".join(absent) or said)


def too_many(settings: Settings, partition: int) -> WrongPartitionsError:
    """Say that a worker was given a partition of the readings that should not be."""
    return WrongPartitionsError(
        f"topic {settings.topic_readings} has a partition {partition} and should have "
        f"{settings.partitions} partitions (EMISSIONS_PARTITIONS): {OTHER_PARTITIONS}"
    )


class PartitionWatch:
    """Asks the brokers again and again, with a client of its own."""

    def __init__(self, settings: Settings, wanted: Counts, *, look_s: float = LOOK_S) -> None:
        self._settings = settings
        self._wanted = wanted
        self._look_s = look_s
        self._consumer: AIOKafkaConsumer | None = None

    async def run(self) -> None:
        """Look until cancelled; raises `WrongPartitionsError` when a number has changed.

        While no broker answers, nothing can be judged either.
        """
        try:
            while True:
                try:
                    found = await self._ask()
                except (KafkaError, OSError):
                    await self._disconnect()
                else:
                    said = difference(self._wanted, found)
                    if said is not None:
                        raise WrongPartitionsError(said)
                await asyncio.sleep(self._look_s)
        finally:
            await self._disconnect()

    async def _ask(self) -> dict[str, int]:
        if self._consumer is None:
            consumer = reader(**client_options(self._settings), group_id=None)
            self._consumer = consumer
            await consumer.start()
        known = await partitions_by_topic(self._consumer)
        return {topic: len(numbers) for topic, numbers in known.items()}

    async def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_consumer(consumer)


async def until_wrong_partitions(
    settings: Settings, wanted: Counts, work: Coroutine[Any, Any, Any]
) -> None:
    """Do the work beside a `PartitionWatch`; ends with the first of the two.

    Raises what either raises, `WrongPartitionsError` among it.
    """
    watching = asyncio.create_task(PartitionWatch(settings, wanted).run())
    working = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        watching.cancel()
        working.cancel()
        await asyncio.gather(watching, working, return_exceptions=True)
