"""Compares a broker's topics with those of the pipeline: a sentence and a remedy each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.counted import counted
from streams.kafka.client import admin_client
from streams.kafka.partition_count import remedy
from streams.kafka.retry import retry_on_node_loss
from streams.kafka.topics import UNBOUNDED, Profile, Topic, in_sync, topics
from streams.settings import Settings

DifferenceKind = Literal["missing", "broken", "risk", "untold", "hidden"]
"""Not there; a guarantee does not hold; it holds for now; the broker does not say; it may not."""

_AT_LEAST: Final = frozenset(
    {
        "retention.ms", "retention.bytes", "min.compaction.lag.ms", "delete.retention.ms",
        "max.message.bytes", "min.insync.replicas", "message.timestamp.after.max.ms",
    }
)  # fmt: skip
"""Settings of which a higher value is fine; the others have one right value."""

_DENIED: Final = (TopicAuthorizationFailedError.errno, ClusterAuthorizationFailedError.errno)
_ENDLESS: Final = frozenset({"retention.ms", "retention.bytes"})


class Difference(NamedTuple):
    """One difference: kind, topic, what it is and what to do."""

    kind: DifferenceKind
    topic: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.what

    @property
    def breaks(self) -> bool:
        """Whether it breaks a guarantee of the pipeline."""
        return self.kind in ("missing", "broken")


class TopicState(NamedTuple):
    """A topic on the broker: replicas and in-sync replicas of each partition, configuration."""

    replicas: Mapping[int, int]
    in_sync: Mapping[int, int]
    leaderless: Sequence[int]
    config: Mapping[str, str]


async def compare_topics(settings: Settings, profile: Profile = "production") -> list[Difference]:
    """Return every difference; raise ``KafkaError`` when the broker is unreachable."""
    wanted = topics(settings, profile)
    admin = admin_client(settings)
    try:
        await admin.start()
        described = {
            topic["topic"]: topic["partitions"]
            for topic in await retry_on_node_loss(admin.describe_topics)
            if not topic["error_code"]
        }
        there = [topic.name for topic in wanted if topic.name in described]
        hidden = await _hidden(admin, [t.name for t in wanted if t.name not in described])
        denied: set[str] = set()
        configs = await configs_of(admin, ConfigResourceType.TOPIC, there, denied)
    finally:
        await admin.close()
    found = {name: _found(described[name], configs.get(name, {})) for name in there}
    seen = [topic for topic in wanted if topic.name not in hidden | denied]
    return [
        *(_not_allowed(name, "DESCRIBE", "the topic") for name in sorted(hidden)),
        *(_not_allowed(name, "DESCRIBE_CONFIGS", "its settings") for name in sorted(denied)),
        *differences(seen, found, settings),
    ]


async def _hidden(admin: AIOKafkaAdminClient, names: Sequence[str]) -> set[str]:
    """Return the topics that this user may not describe: asked by name, the broker says so."""
    if not names:
        return set()
    request = MetadataRequest(list(names), allow_auto_topic_creation=False)
    answer = (await retry_on_node_loss(lambda: admin._send_request(request))).to_object()
    code = TopicAuthorizationFailedError.errno
    return {topic["topic"] for topic in answer["topics"] if topic["error_code"] == code}


def _not_allowed(name: str, operation: str, what: str) -> Difference:
    return Difference(
        "hidden",
        name,
        f"{name}: not allowed to look at {what}",
        f"kafka-acls.sh --add --allow-principal User:... --operation {operation} --topic {name}",
    )


def differences(
    wanted: Iterable[Topic], found: Mapping[str, TopicState], settings: Settings
) -> Iterator[Difference]:
    """Compare the wanted topics with those of the broker."""
    untold: list[str] = []
    for topic in wanted:
        there = found.get(topic.name)
        if there is None:
            yield Difference(
                "missing", topic.name, f"{topic.name} is missing", "emissions topics create"
            )
            continue
        yield from _partitions(topic, there)
        yield from _replication(topic, there, settings)
        for key, value in topic.config.items():
            actual = there.config.get(key)
            if actual is None:
                untold.append(f"{topic.name}: {key}")
            elif not _good_enough(key, actual, value):
                yield _config(topic.name, key, actual, value)
        yield from _unwritable(topic.name, there, settings)
    if untold:
        what = f"the broker does not tell {len(untold)} settings, first {untold[0]}"
        yield Difference("untold", untold[0].partition(":")[0], what)


def _partitions(topic: Topic, there: TopicState) -> Iterator[Difference]:
    if len(there.replicas) != topic.partitions:
        yield Difference(
            "broken",
            topic.name,
            f"{topic.name} has {counted(len(there.replicas), 'partition')} instead of "
            f"{topic.partitions}",
            remedy(len(there.replicas)),
        )


def _replication(topic: Topic, there: TopicState, settings: Settings) -> Iterator[Difference]:
    few = [p for p, count in sorted(there.replicas.items()) if count < settings.replication]
    if few:
        yield Difference(
            "broken",
            topic.name,
            f"{topic.name}: {len(few)} partitions, first [{few[0]}], are on "
            f"{there.replicas[few[0]]} brokers instead of {settings.replication}",
            "kafka-reassign-partitions.sh, or set EMISSIONS_REPLICATION to what is wanted",
        )
    if there.leaderless:
        yield Difference(
            "broken",
            topic.name,
            f"{topic.name}[{there.leaderless[0]}] has no leader: its brokers are away",
            "start the brokers that hold it",
        )
    least = int(there.config.get("min.insync.replicas", 0))
    behind = [
        p
        for p, count in sorted(there.in_sync.items())
        if count < there.replicas[p] and p not in there.leaderless
    ]
    closed = [p for p in behind if there.in_sync[p] < least <= there.replicas[p]]
    if closed:
        yield Difference(
            "broken",
            topic.name,
            f"{topic.name}: nothing can be written to {counted(len(closed), 'partition')}, first "
            f"[{closed[0]}] with {there.in_sync[closed[0]]} of {there.replicas[closed[0]]} "
            f"replicas in sync: min.insync.replicas is {least}",
            "start the brokers that are away, or wait until they have caught up",
        )
    elif behind and not there.leaderless:
        yield Difference(
            "risk",
            topic.name,
            f"{topic.name}: {len(behind)} partitions are under-replicated, first [{behind[0]}] "
            f"with {there.in_sync[behind[0]]} of {there.replicas[behind[0]]} replicas in sync",
            "start the broker that is away, or wait until it has caught up",
        )


def _unwritable(name: str, there: TopicState, settings: Settings) -> Iterator[Difference]:
    """Report more required in-sync replicas than replicas: nothing is ever confirmed."""
    least = int(there.config.get("min.insync.replicas", 0))
    most = min(there.replicas.values(), default=0)
    if least > most:
        yield Difference(
            "broken",
            name,
            f"{name}: min.insync.replicas is {least}, and it has {most} replicas: "
            "nothing can be written",
            _alter(name, "min.insync.replicas", str(min(in_sync(settings), most))),
        )


def _config(name: str, key: str, actual: str, value: str) -> Difference:
    what = f"{name}: {key} is {actual} instead of {value}"
    if key == "compression.type":  # any is read, but a small batch may hold much
        return Difference("risk", name, what, _alter(name, key, value))
    return Difference("broken", name, what, _alter(name, key, value))


def _alter(name: str, key: str, value: str) -> str:
    return f"kafka-configs.sh --alter --topic {name} --add-config {key}={value}"


def _good_enough(key: str, actual: str, value: str) -> bool:
    if key not in _AT_LEAST:
        return actual == value
    if key in _ENDLESS and UNBOUNDED in (actual, value):
        return actual == UNBOUNDED
    return int(actual) >= int(value)


def _found(partitions: Iterable[Mapping[str, Any]], config: Mapping[str, str]) -> TopicState:
    parts = list(partitions)
    return TopicState(
        replicas={part["partition"]: len(part["replicas"]) for part in parts},
        in_sync={part["partition"]: len(part["isr"]) for part in parts},
        leaderless=sorted(part["partition"] for part in parts if part["leader"] < 0),
        config=config,
    )


async def topic_configs(
    admin: AIOKafkaAdminClient, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Read the configuration of each topic, as far as the broker reports it."""
    return await configs_of(admin, ConfigResourceType.TOPIC, names)


async def configs_of(
    admin: AIOKafkaAdminClient,
    kind: ConfigResourceType,
    names: Sequence[str],
    denied: set[str] | None = None,
) -> dict[str, dict[str, str]]:
    """Read the configuration of resources by name, as far as the broker reports it.

    Adds to ``denied`` the names of those that this user may not describe.
    """
    if not names:
        return {}
    try:
        resources = [ConfigResource(kind, name) for name in names]
        answers = await retry_on_node_loss(lambda: admin.describe_configs(resources))
    except (KafkaError, ValueError):  # not supported, or answered in another form
        return {}
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        for resource in answer.resources:
            name: str = resource[3]
            if resource[0] in _DENIED:
                if denied is not None:
                    denied.add(name)
                continue
            entries: list[Any] = resource[4] or []
            found[name] = {entry[0]: entry[1] for entry in entries if entry[1] is not None}
    return found
