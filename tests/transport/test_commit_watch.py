"""Commits that hang end the application; a broker that is away is waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from faust.types import TP

from deploy.embedded.broker import EmbeddedBroker
from streams.transport.commit_watch import HANG_S, CommitWatch, coordinator_answers
from tests.support.broker import TestBroker, eventually, unique
from tests.support.worker import Collector, batch_app, running

PART = TP("topic", 0)


@pytest.fixture
def own_broker() -> Iterator[TestBroker]:
    """One that may be held for a while."""
    with EmbeddedBroker() as running_broker:
        yield TestBroker(running_broker.address, running_broker.pid)


class Told:
    """A clock and a broker that do as they are told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.there = True
        self.asked = 0
        self.watch = CommitWatch(self.answers, self.clock)
        self.watch.hang_s = 60.0

    def clock(self) -> float:
        return self.now

    async def answers(self, _: TP) -> bool:
        self.asked += 1
        return self.there

    async def fail_for(self, seconds: int) -> int | None:
        """A commit fails each second; after how many it was found to hang, None for never."""
        for second in range(seconds):
            if await self.watch.check(PART) is not None:
                return second
            self.now += 1.0
        return None


async def test_commits_that_fail_for_a_minute_hang_when_the_broker_answers() -> None:
    told = Told()
    assert await told.fail_for(300) == 60
    assert told.asked == 4


async def test_a_commit_that_succeeds_restarts_the_minute() -> None:
    told = Told()
    assert await told.fail_for(59) is None
    told.watch.reset()
    assert await told.fail_for(300) == 60


async def test_a_broker_that_is_away_is_waited_for() -> None:
    """Once it is back, the minute begins with the last look that found it away."""
    told = Told()
    told.there = False
    assert await told.fail_for(1003) is None
    told.there = True
    found = await told.fail_for(300)
    assert found is not None
    assert 45 <= found <= 61


async def test_a_broker_that_is_there_again_only_when_it_is_asked_last_is_not_enough() -> None:
    told = Told()
    assert await told.fail_for(20) is None
    told.there = False
    assert await told.fail_for(35) is None
    told.there = True
    assert await told.fail_for(50) is None


async def test_a_client_whose_commits_hang_ends_the_application(any_broker: TestBroker) -> None:
    """No record comes after those whose offsets are not committed."""
    topic, group = unique("hang"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"])
    app = batch_app(any_broker.address, group, topic, Collector())

    async def never(_: object) -> bool:
        return False  # as a commit that is given up

    async with running(app):
        app.consumer._commit_watch.hang_s = 0.5
        app.consumer._commit = never
        await eventually(lambda: app.crash_reason is not None, "the application ends")
        assert "no commit went through" in str(app.crash_reason)


async def test_commits_to_a_broker_that_is_away_do_not_end_the_application(
    own_broker: TestBroker,
) -> None:
    """It is held by a signal: connections are there, and nothing answers."""
    topic, group = unique("away"), unique("group")
    await own_broker.create(topic)
    app = batch_app(own_broker.address, group, topic, Collector())
    async with running(app):
        consumer = app.consumer
        commit, answers = consumer._commit, consumer._commit_watch._answers
        found: list[bool] = []

        async def never(_: object) -> bool:
            return False

        async def asked(tp: TP) -> bool:
            found.append(await answers(tp))
            return found[-1]

        consumer._commit, consumer._commit_watch._answers = never, asked
        await own_broker.produce(topic, [b"x"])
        await eventually(lambda: consumer._commit_watch._since is not None, "a commit failed")
        os.kill(own_broker.pid, signal.SIGSTOP)
        consumer._commit_watch.hang_s = 0.2
        try:
            await eventually(lambda: len(found) > 1, "the broker was asked twice")
        finally:
            # From here on it answers, and has more than a moment for the first commit.
            consumer._commit_watch.hang_s = HANG_S
            os.kill(own_broker.pid, signal.SIGCONT)
        assert not any(found)
        assert app.crash_reason is None
        consumer._commit = commit

        async def committed() -> bool:
            return await own_broker.committed(group, topic) == {0: 1}

        await eventually(committed, "it goes on by itself")


async def test_a_coordinator_answers_or_is_away(any_broker: TestBroker) -> None:
    topic, group = unique("asked"), unique("group")
    await any_broker.create(topic)
    assert await coordinator_answers(group, TP(topic, 0), bootstrap_servers=any_broker.address)
    assert not await coordinator_answers(group, TP(topic, 0), bootstrap_servers="127.0.0.1:1")
