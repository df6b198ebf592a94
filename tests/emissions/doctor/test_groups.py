"""Whether a group's workers run: members, what they own, what is left to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from emissions.doctor import groups
from emissions.doctor.check import PartCheck
from emissions.doctor.groups import (
    PATIENCE_S,
    GroupMember,
    GroupSnapshot,
    Partitions,
    checks,
    look_at_group,
    patience_s,
)
from emissions.wording import duration_words
from streams.holds.hold import LIMIT, Hold, value_of
from streams.holds.partition_holds import write_records
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess, own_settings

ALL = frozenset(TopicPartition("readings", number) for number in range(4))
HALF = frozenset(TopicPartition("readings", number) for number in range(2))


A, B = sorted(HALF)


def snapshot(state: str, members: tuple[GroupMember, ...] | None, **lags: int) -> GroupSnapshot:
    """A snapshot with the lag of partitions: ``p0`` is the first."""
    return GroupSnapshot(
        state, members, {TopicPartition("readings", int(p[1:])): lag for p, lag in lags.items()}
    )


def check(
    seen: GroupSnapshot, first: GroupSnapshot | None = None, held: Partitions = frozenset()
) -> PartCheck:
    (found,) = checks("streams worker", "streams", "g", ALL, first or seen, seen, held)
    return found


def test_no_member_is_no_worker_also_where_nothing_is_left() -> None:
    found = check(snapshot("Empty", ()))
    assert found.state == "MISSING"
    assert found.seen == "no worker runs: group g has no members; no lag"
    assert found.remedy == "emissions worker streams"


def test_partitions_that_nobody_owns_are_named() -> None:
    found = check(snapshot("Stable", (GroupMember("10.0.0.5", HALF),), p0=3, p3=4))
    assert found.state == "MISSING"
    assert found.seen == (
        "no member of group g owns readings[2], readings[3]; 7 messages behind"
    )  # fmt: skip


def test_members_and_their_partitions_are_told() -> None:
    members = (GroupMember("10.0.0.6", ALL - HALF), GroupMember("10.0.0.5", HALF))
    assert check(snapshot("Stable", members)) == PartCheck(
        "streams worker",
        "ok",
        "2 members: 10.0.0.5 has partitions 0, 1; 10.0.0.6 has partitions 2, 3; no lag",
    )


@pytest.mark.parametrize(
    ("first", "then", "state", "word"),
    [
        ({"p0": 9}, {"p0": 4}, "ok", "4 messages behind, progressing"),
        ({"p0": 4}, {"p0": 4}, "MISSING", "4 messages behind, no progress in readings[0]"),
        ({"p0": 4}, {"p0": 9}, "MISSING", "9 messages behind, no progress in readings[0]"),
        ({}, {"p0": 9}, "ok", "9 messages behind, progressing"),
        (
            {"p0": 50, "p1": 7}, {"p1": 7}, "MISSING",
            "7 messages behind, no progress in readings[1]",
        ),
        (
            {"p0": 1, "p1": 1, "p2": 1, "p3": 1}, {"p0": 1, "p1": 1, "p2": 1, "p3": 1}, "MISSING",
            "no progress in readings[0], readings[1], readings[2] and 1 more",
        ),
    ],
)  # fmt: skip
def test_what_is_behind_and_does_not_get_on(
    first: dict[str, int], then: dict[str, int], state: str, word: str
) -> None:
    members = (GroupMember("10.0.0.6", ALL - HALF), GroupMember("10.0.0.5", HALF))
    found = check(snapshot("Stable", members, **then), snapshot("Stable", members, **first))
    assert (found.state, found.seen.endswith(word)) == (state, True), found.seen
    if state == "MISSING":
        assert found.remedy.startswith("check /readyz and the log of 10.0.0.5")


def test_a_partition_that_is_held_on_purpose_is_not_called_stuck() -> None:
    members = (GroupMember("a", ALL),)
    seen = snapshot("Stable", members, p1=7)
    alone = check(seen, held=frozenset({B}))
    assert (alone.state, alone.seen) == (
        "ok",
        "1 member: a has partitions 0, 1, 2, 3; 7 messages behind, readings[1] held: "
        "see its own line",
    )
    both = check(snapshot("Stable", members, p0=2, p1=7), held=frozenset({B}))
    assert both.state == "MISSING"
    assert both.seen.endswith("readings[1] held: see its own line, no progress in readings[0]")


def test_a_rebalance_is_a_matter_of_time_unless_messages_wait() -> None:
    members = (GroupMember("a", frozenset()),)
    found = check(snapshot("PreparingRebalance", members))
    assert found.state == "RISK"
    assert found.well
    waits = check(snapshot("PreparingRebalance", members, p0=50_000))
    assert (waits.state, "50,000 messages behind" in waits.seen) == ("MISSING", True)
    assert "logs of the workers" in waits.remedy
    assert check(snapshot("PreparingRebalance", members, p1=7), held=frozenset({B})).well


def test_a_broker_that_does_not_tell_what_members_own_is_judged_by_what_is_taken() -> None:
    found = check(snapshot("Stable", (GroupMember("a", frozenset()),)))
    assert (found.state, found.seen) == ("ok", "1 member: a; no lag")


def test_a_broker_that_tells_no_members_is_reported_unseen() -> None:
    assert check(snapshot("", None)).state == "UNSEEN"
    assert check(snapshot("", None, p0=5)).state == "MISSING"


def test_nothing_is_called_stuck_before_a_worker_can_have_committed() -> None:
    assert patience_s(Settings()) == PATIENCE_S
    assert patience_s(Settings(session_timeout_s=45.0)) == 45
    assert patience_s(Settings(sink_age_s=20.0)) == 40
    assert patience_s(Settings(stuck_s=9.0)) == 9


class Watched:
    """A group of two partitions with three messages each, whose member commits between looks.

    ``steps``: what it commits before each look, by partition; the last of them stays. ``states``
    replaces what the broker says of the group in the first looks.
    """

    def __init__(self, broker: TestBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = own_settings(
            broker.address, partitions=2, session_timeout_s=1.5, sink_age_s=0.1, heartbeat_s=0.4,
        )  # fmt: skip
        self.broker = broker
        self.steps: list[dict[int, int]] = []
        self.states: list[str] = []
        self.looks = 0
        self._seen = groups._seen
        monkeypatch.setattr(groups, "WATCH_S", 0.01)
        monkeypatch.setattr(groups, "_seen", self._look)

    def gives_up_soon(self) -> None:
        """Look for seconds only: whoever expects progress waits as long as `doctor` does."""
        self.settings = replace(self.settings, stuck_s=4.0)

    async def look(self) -> PartCheck:
        topic = self.settings.topic_readings
        await create_topics(self.settings)
        for partition in (0, 1):
            await self.broker.produce(topic, [b"x"] * 3, partition=partition)
        group = self.settings.group_streams
        self._member = AIOKafkaConsumer(
            topic, bootstrap_servers=self.broker.address, group_id=group, enable_auto_commit=False
        )
        await self._member.start()
        try:
            (found,) = await look_at_group(self.settings, "streams")
        finally:
            await self._member.stop()
        return found

    async def _look(self, *args: Any) -> GroupSnapshot:
        if self.looks < len(self.steps):
            topic = self.settings.topic_readings
            done = {TopicPartition(topic, p): at for p, at in self.steps[self.looks].items()}
            await self._member.commit(done)
        seen = await self._seen(*args)
        state = self.states[min(self.looks, len(self.states) - 1)] if self.states else seen.state
        self.looks += 1
        return seen._replace(state=state)

    def name(self, partition: int) -> str:
        return f"{self.settings.topic_readings}[{partition}]"


@pytest.fixture
def watched(broker: TestBroker, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(broker, monkeypatch)


async def test_a_partition_that_is_stuck_is_named_while_another_moves(watched: Watched) -> None:
    watched.gives_up_soon()
    watched.steps = [{0: 1, 1: 1}, {0: 3}]
    found = await watched.look()
    assert found.state == "MISSING"
    assert found.seen.endswith(f"2 messages behind, no progress in {watched.name(1)}")


async def test_a_partition_that_moves_late_is_not_stuck(watched: Watched) -> None:
    watched.steps = [{0: 1, 1: 1}, {0: 2}, {0: 2}, {1: 2}]
    found = await watched.look()
    assert (found.state, watched.looks) == ("ok", 4)
    assert found.seen.endswith("2 messages behind, progressing")


async def test_nobody_waits_for_a_partition_that_is_held(watched: Watched) -> None:
    topic = watched.settings.topic_readings
    hold = Hold(worker="streams", topic=topic, partition=1, offset=1, kind=LIMIT, why="w", since=0)
    await watched.broker.create(watched.settings.topic_holds)
    await write_records(watched.settings, [(hold.key, value_of(hold))])
    watched.steps = [{0: 3, 1: 1}]
    found = await watched.look()
    assert (found.state, watched.looks) == ("ok", 1)
    assert found.seen.endswith(f"2 messages behind, {watched.name(1)} held: see its own line")


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["PreparingRebalance", "CompletingRebalance", "Stable"], "ok"),
        (["PreparingRebalance"], "MISSING"),
    ],
)
async def test_a_rebalance_is_given_time(watched: Watched, states: list[str], state: str) -> None:
    if state == "MISSING":
        watched.gives_up_soon()
    watched.states = states
    watched.steps = [{0: 1, 1: 1}, {0: 2, 1: 2}]
    found = await watched.look()
    assert found.state == state, found
    assert ("rebalancing" in found.seen) is (state == "MISSING")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (300, "5 min"), (12_000, "3 h 20 min"), (7_200, "2 h"),
     (2_098_800, "24 days 7 h"), (172_800, "2 days")],
)  # fmt: skip
def test_lengths_of_time_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_words(seconds) == text


async def test_a_worker_that_comes_and_goes(any_broker: TestBroker, tmp_path: Path) -> None:
    settings = own_settings(any_broker.address, tick_s=1.0)
    await create_topics(settings)

    async def look() -> PartCheck:
        (found,) = await look_at_group(settings, "streams")
        return found

    async def runs() -> bool:
        found = await look()
        return found.state == "ok" and "1 member" in found.seen

    async def is_gone() -> bool:
        return (await look()).state == "MISSING"

    await eventually(is_gone, "nobody is seen before a worker runs")
    with StreamsProcess(settings, tmp_path / "worker.log"):
        await eventually(runs, "a worker that runs is seen")
    if any_broker.kind == "kafka":  # the embedded broker keeps members that are gone
        await eventually(is_gone, "a worker that is gone is missed")


async def test_a_group_whose_topics_are_missing_is_reported_unseen(broker: TestBroker) -> None:
    settings: Settings = own_settings(broker.address)
    (found,) = await look_at_group(settings, "sinks")
    assert (found.state, found.remedy) == ("UNSEEN", "emissions topics create")
