"""Whether a group's workers run: members, what they own, what is left to take."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka import TopicPartition

from emissions.doctor.check import PartCheck
from emissions.doctor.groups import GroupMember, GroupSnapshot, checks, look_at_group
from emissions.wording import duration_words
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess, own_settings

ALL = frozenset(TopicPartition("readings", number) for number in range(4))
HALF = frozenset(TopicPartition("readings", number) for number in range(2))


def check(seen: GroupSnapshot, before: int = 0) -> PartCheck:
    (found,) = checks("streams worker", "streams", "g", ALL, before, seen)
    return found


def test_no_member_is_no_worker_also_where_nothing_is_left() -> None:
    found = check(GroupSnapshot("Empty", (), 0))
    assert found.state == "MISSING"
    assert found.seen == "no worker runs: group g has no members; no lag"
    assert found.remedy == "emissions worker streams"


def test_partitions_that_nobody_owns_are_named() -> None:
    found = check(GroupSnapshot("Stable", (GroupMember("10.0.0.5", HALF),), 7))
    assert found.state == "MISSING"
    assert found.seen == (
        "no member of group g owns readings[2], readings[3]; 7 messages behind"
    )  # fmt: skip


def test_members_and_their_partitions_are_told() -> None:
    members = (GroupMember("10.0.0.6", ALL - HALF), GroupMember("10.0.0.5", HALF))
    assert check(GroupSnapshot("Stable", members, 0)) == PartCheck(
        "streams worker",
        "ok",
        "2 members: 10.0.0.5 has partitions 0, 1; 10.0.0.6 has partitions 2, 3; no lag",
    )


@pytest.mark.parametrize(
    ("before", "then", "state", "word"),
    [
        (9, 4, "ok", "progressing"),
        (4, 4, "MISSING", "no progress"),
        (4, 9, "MISSING", "no progress"),
    ],
)
def test_what_is_behind_and_does_not_get_on(before: int, then: int, state: str, word: str) -> None:
    found = check(GroupSnapshot("Stable", (GroupMember("a", ALL),), then), before)
    assert (found.state, found.seen.rpartition(", ")[2]) == (state, word)


def test_a_rebalance_is_a_matter_of_time() -> None:
    found = check(GroupSnapshot("PreparingRebalance", (GroupMember("a", frozenset()),), 3))
    assert found.state == "RISK"
    assert found.well


def test_a_broker_that_does_not_tell_what_members_own_is_judged_by_what_is_taken() -> None:
    found = check(GroupSnapshot("Stable", (GroupMember("a", frozenset()),), 0))
    assert (found.state, found.seen) == ("ok", "1 member: a; no lag")


def test_a_broker_that_tells_no_members_is_reported_unseen() -> None:
    assert check(GroupSnapshot("", None, 0)).state == "UNSEEN"
    assert check(GroupSnapshot("", None, 5), 5).state == "MISSING"


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
