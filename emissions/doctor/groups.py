"""Check the workers by their consumer groups: members, assignment and lag."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, for_code

from emissions.doctor.check import ANSWER_S, PartCheck
from streams.counted import counted
from streams.kafka.client import admin_client
from streams.kafka.reader import ends_of, holding
from streams.kafka.retry import retry_on_node_loss
from streams.settings import Settings

Kind = Literal["streams", "sinks"]
Partitions = frozenset[TopicPartition]

WATCH_S: Final = 2.0
"""Seconds to watch a lagging group for progress."""

_NAMED: Final = 3
_NO_GROUP: Final = 69
"""Apache Kafka 4 answers so for a group that nobody has joined yet (GROUP_ID_NOT_FOUND)."""


class GroupMember(NamedTuple):
    """A worker in the group: its host and the partitions it owns."""

    host: str
    owns: Partitions


class GroupSnapshot(NamedTuple):
    """A group as the broker describes it; members is None where the broker does not say."""

    state: str
    members: tuple[GroupMember, ...] | None
    lag: int
    """Messages between the committed offsets and the ends."""


def without_proof(found: list[PartCheck], ticks: list[PartCheck]) -> list[PartCheck]:
    """Call nothing well that only says "no lag" where no tick arrives any more.

    A broker that tells no assignments may keep members that are gone, and without ticks there is
    nothing that a worker could fall behind. What a member owns is proof: it has a session.
    """
    if all(check.state == "ok" for check in ticks if check.part == "ticks"):
        return found
    return [
        check._replace(
            state="UNSEEN",
            seen=f"{check.seen}; nothing arrives, and what members own is not told: "
            "whether one still runs is not known",
            remedy="see to the ticks first",
        )
        if check.state == "ok" and " has " not in check.seen
        else check
        for check in found
    ]


async def look_at_group(settings: Settings, kind: Kind) -> list[PartCheck]:
    """Check that the members of a group own every partition and keep up. Never raises."""
    part = f"{kind} worker"
    group = settings.group_streams if kind == "streams" else settings.group_sinks
    try:
        async with asyncio.timeout(ANSWER_S * 2 + WATCH_S):
            ends = await ends_of(settings, *_topics(settings, kind))
            first = await _seen(settings, group, ends)
            then = first
            if first.lag and first.members:
                await asyncio.sleep(WATCH_S)
                then = await _seen(settings, group, ends)
    except GroupAuthorizationFailedError:
        remedy = f"allow this user DESCRIBE on the group {group} (kafka-acls.sh)"
        return [PartCheck(part, "UNSEEN", f"access to group {group} denied", remedy)]
    except LookupError as error:
        return [PartCheck(part, "UNSEEN", str(error), "emissions topics create")]
    except (KafkaError, OSError, TimeoutError) as error:
        why = str(error) or "no answer"
        return [
            PartCheck(part, "UNSEEN", f"group {group} could not be described: {why}", "try again")
        ]
    return list(checks(part, kind, group, frozenset(ends), first.lag, then))


def checks(
    part: str, kind: Kind, group: str, places: Partitions, lag_before: int, seen: GroupSnapshot
) -> Iterator[PartCheck]:
    """Judge a snapshot of a group; ``lag_before`` was measured a moment earlier."""
    start = f"emissions worker {kind}"
    behind = f"{seen.lag:,} message{'s' if seen.lag > 1 else ''} behind" if seen.lag else "no lag"
    if seen.members is None:
        if seen.lag and seen.lag >= lag_before > 0:
            yield PartCheck(part, "MISSING", f"group {group}: {behind}, no progress", start)
        else:
            what = f"group {group}: {behind}; the broker does not report members"
            yield PartCheck(part, "UNSEEN", what, f"check that one runs ({start})")
        return
    if not seen.members:
        yield PartCheck(
            part, "MISSING", f"no worker runs: group {group} has no members; {behind}", start
        )
        return
    owned = frozenset().union(*(member.owns for member in seen.members))
    sharing = seen.state.endswith("Rebalance")
    # The embedded broker reports no assignments: then no member owns anything.
    lacking = sorted(places - owned) if owned or sharing else []
    if lacking and sharing:
        what = f"group {group} is rebalancing; {behind}"
        yield PartCheck(part, "RISK", what, "check again in a minute")
    elif lacking:
        named = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in lacking[:_NAMED])
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        what = f"no member of group {group} owns {named}{more}; {behind}"
        yield PartCheck(
            part, "MISSING", what, f"check the logs of the workers, or start one more: {start}"
        )
    elif seen.lag and seen.lag >= lag_before:
        what = f"{_members(seen.members, kind)}; {behind}, no progress"
        yield PartCheck(part, "MISSING", what, "check its /readyz and its log")
    else:
        on = ", progressing" if seen.lag else ""
        yield PartCheck(part, "ok", f"{_members(seen.members, kind)}; {behind}{on}")


def _members(members: tuple[GroupMember, ...], kind: Kind) -> str:
    told = []
    for member in sorted(members, key=lambda member: (member.host, sorted(member.owns)))[:_NAMED]:
        if not any(member.owns for member in members):
            told.append(member.host)
        elif kind == "streams":
            numbers = ", ".join(str(tp.partition) for tp in sorted(member.owns)) or "none"
            told.append(f"{member.host} has partitions {numbers}")
        else:
            told.append(f"{member.host} has {counted(len(member.owns), 'partition')}")
    if len(members) > _NAMED:
        told.append(f"{len(members) - _NAMED} more")
    count = counted(len(members), "member")
    named = "; ".join(filter(None, told))  # the embedded broker names no host
    return f"{count}: {named}" if named else count


def _topics(settings: Settings, kind: Kind) -> tuple[str, ...]:
    if kind == "streams":
        return (settings.topic_readings,)
    return (
        settings.topic_readings, settings.topic_registry, settings.topic_means,
        settings.topic_gaps, settings.topic_violations, settings.topic_findings,
        settings.topic_notice_verdicts, settings.topic_cases, settings.topic_measures,
        settings.topic_roots, settings.topic_dead_letters,
    )  # fmt: skip


async def _seen(
    settings: Settings, group: str, ends: Mapping[TopicPartition, int]
) -> GroupSnapshot:
    admin = admin_client(settings)
    try:
        await admin.start()
        described = await retry_on_node_loss(lambda: admin.describe_consumer_groups([group]))
        offsets = await retry_on_node_loss(
            lambda: admin.list_consumer_group_offsets(group, partitions=list(ends))
        )
    finally:
        await admin.close()
    done = {tp: max(0, found.offset) for tp, found in offsets.items()}
    spans = {tp: (done.get(tp, 0), end) for tp, end in ends.items()}
    lag = sum(spans[tp][1] - spans[tp][0] for tp in await holding(settings, spans))
    for answer in described:
        for code, _, state, _, _, members, *_ in answer.groups:
            if code == GroupAuthorizationFailedError.errno:
                raise for_code(code)
            if code == _NO_GROUP:
                return GroupSnapshot("Dead", (), lag)
            if code:
                return GroupSnapshot("", None, lag)
            return GroupSnapshot(state, tuple(map(_member, members)), lag)
    return GroupSnapshot("", None, lag)


def _member(told: Any) -> GroupMember:
    host, assignment = str(told[2]).lstrip("/"), told[4]
    if not assignment:
        return GroupMember(host, frozenset())
    decoded = ConsumerProtocolMemberAssignment.decode(assignment)
    return GroupMember(
        host,
        frozenset(
            TopicPartition(topic, n) for topic, numbers in decoded.assignment for n in numbers
        ),
    )
