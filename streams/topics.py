"""The topics of the pipeline: their partitions and configuration, and how they are created."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.kafka import client_options, insisting
from streams.saved_state import changelog_topic
from streams.settings import Settings

Profile = Literal["production", "replay"]
"""Who stamps the readings: the broker (production), or the replay that publishes them."""

HOUR_MS: Final = 3600 * 1000
DAY_MS: Final = 24 * HOUR_MS
LOG_MS: Final = 400 * DAY_MS
"""Readings and what follows from them stay for a year of KZ-YEAR and the time to contest it."""

UNBOUNDED: Final = "-1"
_LOOKS: Final = 100
_LOOK_S: Final = 0.1
_MOST_MS: Final = str(2**63 - 1)

MESSAGE_BYTES: Final = 1_048_588  # Kafka's default, said all the same: a cluster's may be lower
LETTER_BYTES: Final = 2 * 1024 * 1024
"""A dead letter carries a whole message and its place: what readings takes must fit into one."""


class Topic(NamedTuple):
    """A topic as it must be."""

    name: str
    partitions: int
    config: dict[str, str]


class TopicError(RuntimeError):
    """A topic could not be created; the message names it and says why."""


def in_sync(settings: Settings) -> int:
    """Brokers that must have a record before it is confirmed: two, where there are two.

    With one, a confirmed record would be lost with the disk of its leader. So with a replication
    of two a broker that is away stops the pipeline until it is back, and nothing is lost; with
    three it goes on.
    """
    return min(2, settings.replication)


def topics(settings: Settings, profile: Profile = "production") -> list[Topic]:
    """Every topic of the pipeline, the changelog of the state among them."""
    every = {
        "min.insync.replicas": str(in_sync(settings)),
        "unclean.leader.election.enable": "false",  # rather no leader than one that lacks records
        "max.message.bytes": str(MESSAGE_BYTES),
        "message.timestamp.type": "CreateTime",
    }
    kept = str(LOG_MS) if profile == "production" else UNBOUNDED
    delete = {**every, "cleanup.policy": "delete", "retention.bytes": UNBOUNDED}
    log_ = {**delete, "retention.ms": kept}
    for_ever = {**delete, "retention.ms": UNBOUNDED}
    arrival = {"message.timestamp.type": "LogAppendTime"}
    if profile == "replay":
        # The publisher says when a reading arrived, and that may be a time to come.
        arrival = {
            "message.timestamp.type": "CreateTime",
            "message.timestamp.after.max.ms": _MOST_MS,
        }
    # A compressed batch passes any limit of size: the broker measures what is in it.
    readings = {**log_, **arrival, "compression.type": "uncompressed"}
    registry = {
        **every,
        **arrival,
        "cleanup.policy": "compact",
        # A replay of the readings that are kept must see each registration that applied to them.
        "min.compaction.lag.ms": str(LOG_MS + 30 * DAY_MS),
    }
    state = {
        **every,
        "cleanup.policy": "compact",  # never delete: recovery needs the last value of each key
        # What a crash cut short must not push out what was complete before it, for as long as
        # nobody goes on where it stopped: a checkpoint is under way for minutes. What is not
        # compacted is read at each recovery, and that is at most twice the readings.
        "min.compaction.lag.ms": str(6 * HOUR_MS),
        "min.cleanable.dirty.ratio": "0.2",
        "segment.ms": str(HOUR_MS // 4),  # the last segment is never compacted
        "segment.bytes": str(64 * 1024 * 1024),
        # A worker that read the state before hears of a deletion for as long.
        "delete.retention.ms": str(DAY_MS),
    }
    letters = {**log_, "max.message.bytes": str(LETTER_BYTES)}
    many = settings.partitions
    return [
        Topic(settings.topic_readings, many, readings),
        # One partition: registrations have one order.
        Topic(settings.topic_registry, 1, registry),
        Topic(settings.topic_means, many, log_),
        Topic(settings.topic_gaps, many, for_ever),
        Topic(settings.topic_violations, many, for_ever),
        Topic(settings.topic_cases, many, for_ever),
        Topic(settings.topic_dead_letters, many, letters),
        Topic(changelog_topic(settings.app_id), many, state),
        # What people decided is kept: each under a key of its own.
        Topic(settings.topic_holds, 1, {**every, "cleanup.policy": "compact"}),
    ]


async def create_topics(settings: Settings, profile: Profile = "production") -> list[str]:
    """Create the topics that do not exist and return their names.

    Existing ones are left as they are: `streams.topic_differences` tells how they differ. Raises
    `TopicError`, or ``KafkaError`` when the broker is away.
    """
    wanted = topics(settings, profile)
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        new = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=settings.replication,
                topic_configs=topic.config,
            )
            for topic in wanted
        ]
        answer = await insisting(lambda: admin.create_topics(new))
        created = _created(answer.topic_errors)
        await _wait_until_there(admin, set(created))
    finally:
        await admin.close()
    return created


def _created(answers: Iterable[Sequence[Any]]) -> list[str]:
    created = []
    for name, code, *why in answers:
        if code == 0:
            created.append(name)
        elif code != TopicAlreadyExistsError.errno:
            reason = next((text for text in why if text), for_code(code).__name__)
            raise TopicError(f"topic {name} could not be created: {reason}")
    return created


async def _wait_until_there(admin: AIOKafkaAdminClient, created: set[str]) -> None:
    """A cluster says that a topic was created before each of its brokers knows it."""
    for _ in range(_LOOKS):
        described = await insisting(admin.describe_topics)
        led = {
            topic["topic"]
            for topic in described
            if not topic["error_code"] and all(p["leader"] >= 0 for p in topic["partitions"])
        }
        if created <= led:
            return
        await asyncio.sleep(_LOOK_S)
    raise TopicError(
        f"topic {min(created - led)} was created, and no broker leads it yet: look again later"
    )
