"""The topics of the pipeline: their partitions and configuration, created and compared."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.kafka import client_options
from streams.saved_state import changelog_topic
from streams.settings import Settings

Profile = Literal["production", "replay"]
"""Who stamps the readings: the broker (production), or the replay that publishes them."""

DAY_MS: Final = 24 * 3600 * 1000
LOG_MS: Final = 400 * DAY_MS
"""Readings and what follows from them stay for a year of KZ-YEAR and the time to contest it."""

FOR_EVER: Final = "-1"


class Topic(NamedTuple):
    """A topic as it must be."""

    name: str
    partitions: int
    config: dict[str, str]


class TopicError(RuntimeError):
    """A topic could not be created; the message names it and says why."""


def topics(settings: Settings, profile: Profile = "production") -> list[Topic]:
    """Every topic of the pipeline, the changelog of the state among them."""
    stamp = "LogAppendTime" if profile == "production" else "CreateTime"
    kept = str(LOG_MS) if profile == "production" else FOR_EVER
    log_ = {"cleanup.policy": "delete", "retention.ms": kept}
    for_ever = {"cleanup.policy": "delete", "retention.ms": FOR_EVER}
    registry = {
        "cleanup.policy": "compact",
        # A replay of the readings that are kept must see each registration that applied to them.
        "min.compaction.lag.ms": str(LOG_MS + 30 * DAY_MS),
        "message.timestamp.type": stamp,
    }
    state = {
        "cleanup.policy": "compact",  # never delete: recovery needs the last value of each key
        # What a crash cut short must not push out what was complete before it.
        "min.compaction.lag.ms": str(DAY_MS),
    }
    many = settings.partitions
    return [
        Topic(settings.topic_readings, many, {**log_, "message.timestamp.type": stamp}),
        # One partition: registrations have one order.
        Topic(settings.topic_registry, 1, registry),
        Topic(settings.topic_means, many, log_),
        Topic(settings.topic_gaps, many, for_ever),
        Topic(settings.topic_violations, many, for_ever),
        Topic(settings.topic_cases, many, for_ever),
        Topic(settings.topic_dead_letters, many, log_),
        Topic(changelog_topic(settings.app_id), many, state),
    ]


async def create_topics(settings: Settings, profile: Profile = "production") -> list[str]:
    """Create the topics that do not exist and return their names.

    Existing ones are left as they are: `compare_topics` tells how they differ. Raises
    `TopicError`, or ``KafkaError`` when the broker is away.
    """
    wanted = topics(settings, profile)
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        answer = await admin.create_topics(
            [
                NewTopic(
                    topic.name,
                    num_partitions=topic.partitions,
                    replication_factor=settings.replication,
                    topic_configs=topic.config,
                )
                for topic in wanted
            ]
        )
    finally:
        await admin.close()
    created = []
    for name, code, *why in answer.topic_errors:
        if code == 0:
            created.append(name)
        elif code != TopicAlreadyExistsError.errno:
            reason = next((text for text in why if text), for_code(code).__name__)
            raise TopicError(f"topic {name} could not be created: {reason}")
    return created


async def compare_topics(settings: Settings, profile: Profile = "production") -> list[str]:
    """How the broker's topics differ from what they must be, a sentence each; [] if not at all.

    Where the broker does not tell configurations, the last sentence says that. Raises
    ``KafkaError`` when it is away.
    """
    wanted = topics(settings, profile)
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        found = {
            topic["topic"]: len(topic["partitions"])
            for topic in await admin.describe_topics()
            if not topic["error_code"]
        }
        there = [topic for topic in wanted if topic.name in found]
        configs = await _configs(admin, [topic.name for topic in there])
    finally:
        await admin.close()
    differences = [f"{t.name} is missing" for t in wanted if t.name not in found]
    for topic in there:
        if found[topic.name] != topic.partitions:
            differences.append(
                f"{topic.name} has {found[topic.name]} partitions instead of {topic.partitions}"
            )
        for key, value in topic.config.items():
            actual = configs.get(topic.name, {}).get(key)
            if actual is not None and actual != value:
                differences.append(f"{topic.name}: {key} is {actual} instead of {value}")
    untold = sorted(
        f"{topic.name}: {key}"
        for topic in there
        for key in topic.config
        if key not in configs.get(topic.name, {})
    )
    if untold:
        differences.append(f"the broker does not tell {len(untold)} settings, first {untold[0]}")
    return differences


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    """Configuration of each topic, as far as the broker tells it."""
    if not names:
        return {}
    try:
        answers = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        )
    except (KafkaError, ValueError):  # not supported, or answered in a form of its own
        return {}
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        for resource in answer.resources:
            name: str = resource[3]
            entries: list[Any] = resource[4] or []
            found[name] = {entry[0]: entry[1] for entry in entries if entry[1] is not None}
    return found
