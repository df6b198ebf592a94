"""The least rights at the broker of each role, derived from the settings.

Clients use no transactional ids, and producers that are idempotent need no more than WRITE on their
topics. A right to READ or WRITE a topic, or to READ a group, includes DESCRIBE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from streams.kafka.partition_count import sinks_topics
from streams.kafka.topics import changelog_topic, output_topics, topics
from streams.settings import Settings

Resource = Literal["topic", "group", "cluster"]
Pattern = Literal["literal", "prefixed"]
Operation = Literal["READ", "WRITE", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"]

CLUSTER: Final = "kafka-cluster"
"""Kafka's name of the one resource of the kind cluster."""

BRIDGE_GROUP: Final = "emissions-bridge"
"""Consumer group of ``emissions bridge`` unless ``--group`` names another."""


class Right(NamedTuple):
    """One operation on one resource, for whoever has the role."""

    operation: Operation
    resource: Resource
    name: str
    pattern: Pattern = "literal"


class Role(NamedTuple):
    """What somebody does, and the rights that it needs and no more."""

    name: str
    what: str
    rights: tuple[Right, ...]


ROLES: Final[Mapping[str, str]] = {
    "deployer": "emissions topics create",
    "streams": "emissions worker streams",
    "sinks": "emissions worker sinks",
    "seal": "emissions worker seal",
    "bridge": "emissions bridge",
    "station": "a station, or whoever sends readings for it",
    "officer": "emissions registry, notices and measures load",
    "operator": "emissions resume and dead-letters replay",
    "subscriber": "whoever follows violations, cases, findings and advice",
    "auditor": "emissions doctor and audit; reads everything, writes nothing",
}
"""Every role, and what it is for."""


def default_principal(role: str) -> str:
    """Return the principal of a role unless another is named."""
    return f"User:emissions-{role}"


def role(settings: Settings, name: str, principal: str, *, bridge: str = BRIDGE_GROUP) -> Role:
    """Return a role with its rights; ``bridge`` is the bridge's consumer group.

    A subscriber may use the groups that begin with the name of its own principal: none can take
    another's place in a group. Raises KeyError for an unknown name.
    """
    what = ROLES[name]
    return Role(name, what, tuple(dict.fromkeys(_rights(settings, name, principal, bridge))))


def _rights(settings: Settings, name: str, principal: str, bridge: str) -> Iterable[Right]:
    every = [topic.name for topic in topics(settings)]
    known = (settings.topic_registry, settings.topic_notices, settings.topic_measures)
    if name == "deployer":
        yield from _on(every, "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS")
    elif name == "streams":
        state = changelog_topic(settings.app_id)
        yield from _group(settings.group_streams)
        yield from _on((settings.topic_readings, *known, state, settings.topic_holds), "READ")
        written = (*output_topics(settings), settings.topic_advice, state, settings.topic_holds)
        yield from _on(written, "WRITE")
        if settings.tick_s:
            yield from _on((settings.topic_readings,), "WRITE")  # ticks
    elif name == "sinks":
        yield from _group(settings.group_sinks)
        yield from _on(sinks_topics(settings), "READ")
        yield from _on((settings.topic_holds,), "WRITE")
    elif name == "seal":
        yield from _group(settings.group_seal)
        yield from _on(
            (
                settings.topic_registry,
                settings.topic_roots,
                settings.topic_violations,
                settings.topic_cases,
            ),
            "READ",
        )
    elif name == "bridge":
        yield from _group(bridge)
        yield from _on((settings.topic_cases, settings.topic_violations), "READ")
        yield from _on((settings.topic_measures,), "WRITE")
    elif name == "station":
        yield from _on((settings.topic_readings,), "WRITE")
    elif name == "officer":
        yield from _on(known, "READ", "WRITE")
        yield from _on((settings.topic_notice_verdicts,), "READ")
    elif name == "operator":
        yield from _on((settings.topic_holds,), "READ", "WRITE")
        yield from _on((settings.topic_readings,), "READ", "WRITE")
        yield from _on((settings.topic_dead_letters, *known), "READ")
        yield Right("DESCRIBE", "group", settings.group_streams)
        yield Right("DESCRIBE", "group", settings.group_sinks)
    elif name == "subscriber":
        own = principal.removeprefix("User:")
        yield Right("READ", "group", own)
        yield Right("READ", "group", f"{own}.", "prefixed")
        followed = (settings.topic_violations, settings.topic_cases, settings.topic_findings)
        yield from _on((*followed, settings.topic_advice), "READ")
    else:
        yield from _on(every, "READ", "DESCRIBE_CONFIGS")
        yield Right("DESCRIBE", "topic", "__consumer_offsets")
        yield Right("DESCRIBE", "cluster", CLUSTER)
        yield Right("DESCRIBE_CONFIGS", "cluster", CLUSTER)
        for group in (settings.group_streams, settings.group_sinks, settings.group_seal, bridge):
            yield Right("DESCRIBE", "group", group)


def _on(names: Iterable[str], *operations: Operation) -> Iterable[Right]:
    return (Right(operation, "topic", name) for name in names for operation in operations)


def _group(name: str) -> Iterable[Right]:
    return (Right("READ", "group", name),)
