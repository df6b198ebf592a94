"""Check the workers by their consumer groups: members, assignment and lag."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, for_code

from emissions.doctor.check import ANSWER_S, PartCheck
from streams.counted import counted
from streams.holds.partition_holds import read_holds
from streams.kafka.client import admin_client
from streams.kafka.reader import ends_of, holding
from streams.kafka.retry import retry_on_node_loss
from streams.settings import Settings

Kind = Literal["streams", "sinks"]
Partitions = frozenset[TopicPartition]

WATCH_S: Final = 2.0
"""Seconds between two looks at a group that lags or is rebalancing."""

PATIENCE_S: Final = 15.0
"""Seconds after which a partition that lags and does not move is stuck (`patience_s`)."""

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
    lags: Mapping[TopicPartition, int]
    """Messages between committed offset and end of each partition that has some there."""

    @property
    def lag(self) -> int:
        """Messages behind, of all partitions."""
        return sum(self.lags.values())

    @property
    def rebalancing(self) -> bool:
        """Whether the partitions are being shared out."""
        return self.state.endswith("Rebalance")


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


def patience_s(settings: Settings) -> float:
    """Return the seconds for which what lags and does not move is looked at again.

    A worker commits after each batch: one of streams takes about a second, one of sinks waits for
    its age, and a member that is gone keeps its partitions for a session. Never longer than a
    worker itself takes for a standstill.
    """
    longest = max(PATIENCE_S, settings.session_timeout_s, 2 * settings.sink_age_s)
    return min(settings.stuck_s, longest)


async def look_at_group(settings: Settings, kind: Kind) -> list[PartCheck]:
    """Check that the members of a group own every partition and that each keeps up. Never raises.

    Where something lags it looks again until every such partition has moved, for `patience_s` at
    most. Ends are those of the first look: what comes meanwhile is no lag.
    """
    part = f"{kind} worker"
    group = settings.group_streams if kind == "streams" else settings.group_sinks
    give_up = time.monotonic() + patience_s(settings)
    held: frozenset[TopicPartition] = frozenset()
    try:
        async with asyncio.timeout(ANSWER_S * 2):
            ends = await ends_of(settings, *_topics(settings, kind))
            then = first = await _seen(settings, group, ends)
        if first.lag:
            held = await _held(settings, kind)
        while (
            then.members != ()
            and (then.rebalancing or stuck(first, then) - held)
            and time.monotonic() < give_up
        ):
            await asyncio.sleep(WATCH_S)
            async with asyncio.timeout(ANSWER_S * 2):
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
    return list(checks(part, kind, group, frozenset(ends), first, then, held))


def stuck(first: GroupSnapshot, then: GroupSnapshot) -> Partitions:
    """Return the partitions that lagged and of which nothing was taken meanwhile."""
    return frozenset(tp for tp, lag in first.lags.items() if then.lags.get(tp, 0) >= lag)


def checks(
    part: str,
    kind: Kind,
    group: str,
    places: Partitions,
    first: GroupSnapshot,
    seen: GroupSnapshot,
    held: Partitions = frozenset(),
) -> Iterator[PartCheck]:
    """Judge two snapshots of a group against the same ends; those ``held`` wait for a person."""
    start = f"emissions worker {kind}"
    behind = f"{seen.lag:,} message{'s' if seen.lag > 1 else ''} behind" if seen.lag else "no lag"
    still = stuck(first, seen)
    waiting, still = still & held, still - held
    nothing_moves = f"no progress in {_named(still)}" if still else ""
    if waiting:
        behind += f", {_named(waiting)} held: see its own line"
    if seen.members is None:
        if still:
            yield PartCheck(part, "MISSING", f"group {group}: {behind}, {nothing_moves}", start)
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
    # The embedded broker reports no assignments: then no member owns anything.
    lacking = places - owned if owned or seen.rebalancing else frozenset()
    if seen.rebalancing and lacking:
        what = f"group {group} is rebalancing; {behind}"
        if frozenset(seen.lags) - held:
            yield PartCheck(
                part,
                "MISSING",
                f"{what} and no end of it: nobody takes what waits",
                "look in the logs of the workers for one that joins and leaves again and again",
            )
        else:
            yield PartCheck(part, "RISK", what, "check again in a minute")
    elif lacking:
        what = f"no member of group {group} owns {_named(lacking)}; {behind}"
        yield PartCheck(
            part, "MISSING", what, f"check the logs of the workers, or start one more: {start}"
        )
    elif still:
        what = f"{_members(seen.members, kind)}; {behind}, {nothing_moves}"
        hosts = sorted({member.host for member in seen.members if member.owns & still} - {""})
        whose = f" of {', '.join(hosts[:_NAMED])}" if hosts else ""
        yield PartCheck(part, "MISSING", what, f"check /readyz and the log{whose}")
    else:
        on = ", progressing" if frozenset(seen.lags) - waiting else ""
        yield PartCheck(part, "ok", f"{_members(seen.members, kind)}; {behind}{on}")


def _named(places: Collection[TopicPartition]) -> str:
    """Name the first of some partitions, and say how many more there are."""
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return ", ".join(f"{tp.topic}[{tp.partition}]" for tp in sorted(places)[:_NAMED]) + more


async def _held(settings: Settings, kind: Kind) -> Partitions:
    """Return the partitions that a worker of this kind holds; none where nobody can tell."""
    try:
        async with asyncio.timeout(ANSWER_S):
            standing = (await read_holds(settings)).open.values()
    except (KafkaError, OSError, TimeoutError):
        return frozenset()
    return frozenset(TopicPartition(*hold.place) for hold in standing if hold.worker == kind)


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
    lags = {tp: spans[tp][1] - spans[tp][0] for tp in await holding(settings, spans)}
    for answer in described:
        for code, _, state, _, _, members, *_ in answer.groups:
            if code == GroupAuthorizationFailedError.errno:
                raise for_code(code)
            if code == _NO_GROUP:
                return GroupSnapshot("Dead", (), lags)
            if code:
                return GroupSnapshot("", None, lags)
            return GroupSnapshot(state, tuple(map(_member, members)), lags)
    return GroupSnapshot("", None, lags)


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
