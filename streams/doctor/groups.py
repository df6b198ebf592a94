"""Whether the workers run and keep up: members of the groups, what they own, what is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, for_code

from streams.doctor.check import ANSWER_S, Check
from streams.kafka import client_options, insisting
from streams.replay.logs import ends_of, holding
from streams.settings import Settings

Kind = Literal["streams", "sinks"]
Places = frozenset[TopicPartition]

WATCH_S: Final = 2.0
"""So long a group that is behind is watched: does it get on?"""

_NAMED: Final = 3


class Member(NamedTuple):
    """A worker in the group: where it runs and what it owns."""

    host: str
    owns: Places


class Seen(NamedTuple):
    """A group as the broker tells it; members None: it does not tell."""

    state: str
    members: tuple[Member, ...] | None
    lag: int
    """Messages between what is committed and the ends."""


async def look_at_group(settings: Settings, kind: Kind) -> list[Check]:
    """Whether a group has members that own every partition and keep up. Never raises."""
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
        return [Check(part, "UNSEEN", f"not allowed to look at group {group}", remedy)]
    except LookupError as error:
        return [Check(part, "UNSEEN", str(error), "emissions topics create")]
    except (KafkaError, OSError, TimeoutError) as error:
        why = str(error) or "no answer"
        return [Check(part, "UNSEEN", f"group {group} was not told: {why}", "try again")]
    return list(checks(part, kind, group, frozenset(ends), first.lag, then))


def checks(
    part: str, kind: Kind, group: str, places: Places, lag_before: int, seen: Seen
) -> Iterator[Check]:
    """What the group looks like; ``lag_before`` was seen a moment earlier."""
    start = f"emissions worker {kind}"
    behind = (
        f"{seen.lag:,} message{'s' if seen.lag > 1 else ''} to take"
        if seen.lag
        else "nothing is left to take"
    )
    if seen.members is None:
        if seen.lag and seen.lag >= lag_before > 0:
            yield Check(part, "MISSING", f"group {group}: {behind}, and it stands still", start)
        else:
            what = f"group {group}: {behind}; the broker does not tell whether a worker runs"
            yield Check(part, "UNSEEN", what, f"see whether one runs ({start})")
        return
    if not seen.members:
        yield Check(
            part, "MISSING", f"no worker runs: group {group} has no members; {behind}", start
        )
        return
    owned = frozenset().union(*(member.owns for member in seen.members))
    sharing = seen.state.endswith("Rebalance")
    # Where no member owns anything the broker does not tell it (the embedded one).
    lacking = sorted(places - owned) if owned or sharing else []
    if lacking and sharing:
        what = f"group {group} is sharing out its partitions anew; {behind}"
        yield Check(part, "RISK", what, "look again in a minute")
    elif lacking:
        named = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in lacking[:_NAMED])
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        what = f"no member of group {group} owns {named}{more}; {behind}"
        yield Check(
            part, "MISSING", what, f"look at the log of the workers, or start one more: {start}"
        )
    elif seen.lag and seen.lag >= lag_before:
        what = f"{_members(seen.members, kind)}; {behind}, and it stands still"
        yield Check(part, "MISSING", what, "ask its /readyz and look at its log")
    else:
        on = " and it gets on" if seen.lag else ""
        yield Check(part, "ok", f"{_members(seen.members, kind)}; {behind}{on}")


def _members(members: tuple[Member, ...], kind: Kind) -> str:
    told = []
    for member in sorted(members, key=lambda member: (member.host, sorted(member.owns)))[:_NAMED]:
        if not any(member.owns for member in members):
            told.append(member.host)
        elif kind == "streams":
            numbers = ", ".join(str(tp.partition) for tp in sorted(member.owns)) or "none"
            told.append(f"{member.host} has partitions {numbers}")
        else:
            told.append(f"{member.host} has {len(member.owns)} partitions")
    if len(members) > _NAMED:
        told.append(f"{len(members) - _NAMED} more")
    count = "1 member" if len(members) == 1 else f"{len(members)} members"
    return f"{count}: {'; '.join(told)}"


def _topics(settings: Settings, kind: Kind) -> tuple[str, ...]:
    if kind == "streams":
        return (settings.topic_readings,)
    return (
        settings.topic_readings, settings.topic_registry, settings.topic_means,
        settings.topic_gaps, settings.topic_violations, settings.topic_dead_letters,
    )  # fmt: skip


async def _seen(settings: Settings, group: str, ends: Mapping[TopicPartition, int]) -> Seen:
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        described = await insisting(lambda: admin.describe_consumer_groups([group]))
        offsets = await insisting(
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
            if code:
                return Seen("", None, lag)
            return Seen(state, tuple(map(_member, members)), lag)
    return Seen("", None, lag)


def _member(told: Any) -> Member:
    host, assignment = str(told[2]).lstrip("/"), told[4]
    if not assignment:
        return Member(host, frozenset())
    decoded = ConsumerProtocolMemberAssignment.decode(assignment)
    return Member(
        host,
        frozenset(
            TopicPartition(topic, n) for topic, numbers in decoded.assignment for n in numbers
        ),
    )
