"""The topics of the pipeline: their partitions and configuration, and how they are created."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.kafka.client import admin_client
from streams.kafka.retry import retry_on_node_loss
from streams.settings import Settings

Profile = Literal["production", "copy", "replay"]
"""Who stamps the readings: the broker (production), or who publishes them.

A copy keeps what production keeps, and becomes production with one setting.
"""

HOUR_MS: Final = 3600 * 1000
DAY_MS: Final = 24 * HOUR_MS
ADVICE_DAYS: Final = 30
"""Advice stays for a month: the longest term that it tells of, and time to look back."""

UNBOUNDED: Final = "-1"
_LOOKS: Final = 100
_LOOK_S: Final = 0.1
_MOST_MS: Final = str(2**63 - 1)

MESSAGE_BYTES: Final = 1_048_588  # Kafka's default, set explicitly: a cluster's may be lower
LETTER_BYTES: Final = 2 * 1024 * 1024
"""A dead letter carries a whole message and its place: what readings takes must fit into one."""


def changelog_topic(app_id: str) -> str:
    """Name of the compacted topic that holds the state of an application."""
    return f"{app_id}-state-changelog"


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


def output_topics(settings: Settings) -> tuple[str, ...]:
    """Return the topics that carry results, from means to dead letters.

    Advice is none: it has no legal weight, is stored nowhere and audited by nobody.
    """
    return (
        settings.topic_means,
        settings.topic_gaps,
        settings.topic_violations,
        settings.topic_findings,
        settings.topic_notice_verdicts,
        settings.topic_cases,
        settings.topic_roots,
        settings.topic_dead_letters,
    )


def topics(settings: Settings, profile: Profile = "production") -> list[Topic]:
    """Every topic of the pipeline, the changelog of the state among them."""
    every = {
        "min.insync.replicas": str(in_sync(settings)),
        "unclean.leader.election.enable": "false",  # rather no leader than one that lacks records
        "max.message.bytes": str(MESSAGE_BYTES),
        "message.timestamp.type": "CreateTime",
    }
    kept = settings.retention

    def deleted_after(days: int) -> dict[str, str]:
        ms = days * DAY_MS if days and profile != "replay" else None
        return {
            **every,
            "cleanup.policy": "delete",
            "retention.bytes": UNBOUNDED,
            "retention.ms": UNBOUNDED if ms is None else str(ms),
        }

    results = deleted_after(kept.results)
    arrival = {"message.timestamp.type": "LogAppendTime"}
    if profile == "replay":
        # The publisher sets the arrival time of a reading, which may be in the future.
        arrival = {
            "message.timestamp.type": "CreateTime",
            "message.timestamp.after.max.ms": _MOST_MS,
        }
    stamped = {"message.timestamp.type": "CreateTime"} if profile == "copy" else arrival
    # A compressed batch passes any size limit: the broker measures what is in it.
    readings = {**deleted_after(kept.readings), **stamped, "compression.type": "uncompressed"}
    registry = {
        **every,
        **arrival,
        "cleanup.policy": "compact",
        # A replay of the readings that are kept must see each registration that applied to them.
        "min.compaction.lag.ms": str((kept.readings + 30) * DAY_MS),
    }
    state = {
        **every,
        "cleanup.policy": "compact",  # never delete: recovery needs the last value of each key
        # A checkpoint that a crash cut short must not replace the complete one before it until a
        # worker goes on: a checkpoint takes minutes. Uncompacted records are read at each
        # restore, at most twice the bytes of the readings.
        "min.compaction.lag.ms": str(6 * HOUR_MS),
        "min.cleanable.dirty.ratio": "0.2",
        "segment.ms": str(HOUR_MS // 4),  # the last segment is never compacted
        "segment.bytes": str(64 * 1024 * 1024),
        # A worker that read the state before hears of a deletion for as long.
        "delete.retention.ms": str(DAY_MS),
    }
    letters = {**deleted_after(kept.dead_letters), "max.message.bytes": str(LETTER_BYTES)}
    many = settings.partitions
    return [
        Topic(settings.topic_readings, many, readings),
        # One partition: registrations have one order.
        Topic(settings.topic_registry, 1, registry),
        Topic(settings.topic_notices, 1, registry),  # as registrations: one order, and kept
        Topic(settings.topic_measures, 1, registry),
        Topic(settings.topic_means, many, deleted_after(kept.means)),
        Topic(settings.topic_gaps, many, results),
        Topic(settings.topic_violations, many, results),
        Topic(settings.topic_findings, many, results),
        Topic(settings.topic_notice_verdicts, many, results),
        Topic(settings.topic_cases, many, results),
        Topic(settings.topic_roots, many, results),
        Topic(settings.topic_advice, many, deleted_after(ADVICE_DAYS)),
        Topic(settings.topic_dead_letters, many, letters),
        Topic(changelog_topic(settings.app_id), many, state),
        # What people decided is kept: each under a key of its own.
        Topic(settings.topic_holds, 1, {**every, "cleanup.policy": "compact"}),
    ]


async def create_topics(settings: Settings, profile: Profile = "production") -> list[str]:
    """Create the topics that do not exist and return their names.

    Existing ones are left as they are: `streams.kafka.topic_check` tells how they differ. Raises
    `TopicError`, or ``KafkaError`` when the broker is away.
    """
    wanted = topics(settings, profile)
    admin = admin_client(settings)
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
        answer = await retry_on_node_loss(lambda: admin.create_topics(new))
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
    """Wait until each broker knows the topics: a cluster confirms a creation before that."""
    for _ in range(_LOOKS):
        described = await retry_on_node_loss(admin.describe_topics)
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
