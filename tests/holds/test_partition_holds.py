"""Holds and decisions: what the topic says, how long a worker waits, what it writes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from streams.holds.hold import CLOCK, LIMIT, Hold, HoldsView, ResumeDecision, value_of
from streams.holds.partition_holds import PartitionHolds, Records, read_holds, write_decision
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import own_settings

NOW = 1_780_000_000_000
PLACE = ("emissions.readings", 3)


def decision(offset: int, until: int | None = None, partition: int = 3) -> ResumeDecision:
    return ResumeDecision(
        topic="emissions.readings",
        partition=partition,
        offset=offset,
        until=offset + 1 if until is None else until,
        reason="retired stations",
        who="engineer@host",
        at=NOW,
    )


class Desk:
    """A worker's holds with a clock that is set and a topic that is a list."""

    def __init__(self) -> None:
        self.now = NOW
        self.written: list[tuple[bytes, bytes | None]] = []
        self.log = PartitionHolds(
            Settings(log_interval_s=1.0), "streams", now_ms=lambda: self.now, write=self._write
        )

    async def _write(self, records: Records) -> None:
        self.written += records

    def decide(self, made: ResumeDecision) -> None:
        assert self.log.view.apply(made.key, value_of(made))


def batch() -> Any:
    return SimpleNamespace(revoked=False, waiting=False)


def test_a_hold_says_what_is_held_since_when_and_what_to_do() -> None:
    hold = Desk().log.make_hold(PLACE, 12, LIMIT, "so much is refused")
    assert str(hold) == (
        "held since 2026-05-28T20:26:40Z: so much is refused "
        '(emissions resume emissions.readings/3 --offset 12 --reason "…")'
    )


def test_the_topic_is_read_as_it_is_written_and_garbage_says_nothing() -> None:
    table, hold = HoldsView(), Desk().log.make_hold(PLACE, 12, CLOCK, "ahead", NOW + 5)
    assert table.apply(hold.key, value_of(hold))
    assert table.open == {hold.key: hold}
    made = decision(12, 15)
    assert table.apply(made.key, value_of(made))
    assert [table.resumed(*PLACE, at) for at in (11, 12, 14, 15)] == [False, True, True, False]
    assert not table.resumed("emissions.readings", 2, 12)
    assert table.apply(hold.key, None)
    assert table.open == {}
    for key, value in ((None, b""), (b"", b"{}"), (hold.key, b"{"), (made.key, b"[]"), (b"x", b"")):
        assert not table.apply(key, value)
    assert not table.apply(made.key, None)  # what was decided stays decided
    assert table.resumed(*PLACE, 12)


async def test_a_hold_waits_for_a_decision_and_is_written_to_its_topic() -> None:
    desk, held = Desk(), batch()
    hold = desk.log.make_hold(PLACE, 12, LIMIT, "why")
    waiting = asyncio.create_task(desk.log.wait(hold, held))
    await eventually(lambda: desk.written == [(hold.key, value_of(hold))], "it is written down")
    assert (held.waiting, desk.log.held) == (True, {PLACE: hold})
    desk.decide(decision(13))
    desk.decide(decision(12, partition=2))
    assert not waiting.done()
    desk.decide(decision(12))
    await waiting
    assert not held.waiting
    desk.log.release_before(*PLACE, 12)
    assert PLACE in desk.log.held  # its record is not done yet
    desk.log.view.apply(hold.key, value_of(hold))  # as the topic has it by now
    desk.log.release_before(*PLACE, 13)
    assert desk.log.held == {}
    await eventually(lambda: desk.written[1:] == [(hold.key, None)], "the hold is taken back")


async def test_held_again_by_a_new_start_it_is_held_since_it_was_first_held() -> None:
    desk = Desk()
    before = desk.log.make_hold(PLACE, 12, LIMIT, "why")
    desk.log.view.apply(before.key, value_of(before))
    desk.now += 3_600_000
    assert desk.log.make_hold(PLACE, 12, LIMIT, "why, told anew").since == NOW
    assert desk.log.make_hold(PLACE, 13, LIMIT, "another").since == desk.now
    assert desk.log.make_hold(PLACE, 12, CLOCK, "another").since == desk.now


async def test_a_hold_is_logged_repeatedly_and_written_once() -> None:
    desk, held = Desk(), batch()
    hold = desk.log.make_hold(PLACE, 12, LIMIT, "why")
    with capture_logs() as said:
        waiting = asyncio.create_task(desk.log.wait(hold, held))
        await eventually(lambda: len(said) >= 3, "it says so")
        held.revoked = True
        await waiting
    assert {each["event"] for each in said} == {"partition_held"}
    assert said[0]["command"] == hold.command
    held = batch()
    waiting = asyncio.create_task(desk.log.wait(hold, held))  # as its partition comes back
    await eventually(lambda: held.waiting, "it waits")
    held.revoked = True
    await waiting
    assert len(desk.written) == 1


@pytest.mark.parametrize("how", ["revoked", "its time has come"])
async def test_a_hold_ends_when_its_partition_is_revoked_or_its_time_comes(how: str) -> None:
    desk, held = Desk(), batch()
    desk.log = PartitionHolds(
        Settings(log_interval_s=3600.0), "streams", now_ms=lambda: desk.now, write=desk._write
    )
    hold = desk.log.make_hold(PLACE, 12, CLOCK, "why", NOW + 60_000)
    waiting = asyncio.create_task(desk.log.wait(hold, held))
    await eventually(lambda: held.waiting, "it waits")
    if how == "revoked":
        held.revoked = True
    else:
        desk.now += 60_000
    await asyncio.wait_for(waiting, 300)
    desk.log.retain([("emissions.readings", 2)])
    assert desk.log.held == {}


async def test_what_is_decided_reaches_the_workers_and_stays(any_broker: TestBroker) -> None:
    settings = own_settings(any_broker.address)
    await create_topics(settings)
    await write_decision(settings, decision(1))
    log = PartitionHolds(settings, "sinks")
    await log.start()
    try:
        resumed = log.resumed(*PLACE)
        assert resumed(1), "what was decided before the start is known at the start"
        await write_decision(settings, decision(7))
        await eventually(lambda: resumed(7), "it is told")
        hold = log.make_hold(PLACE, 9, LIMIT, "why")
        await log.wait(hold, SimpleNamespace(revoked=True, waiting=False))

        async def stands() -> bool:
            return (await read_holds(settings)).open == {hold.key: hold}

        await eventually(stands, "everybody can see it")
        log.release_before(*PLACE, 10)

        async def gone() -> bool:
            log.release_before(*PLACE, 10)
            return not (await read_holds(settings)).open

        await eventually(gone, "it is over")
    finally:
        await log.stop()
    assert (await read_holds(settings)).resumed(*PLACE, 7)


def test_a_hold_of_another_form_is_not_taken() -> None:
    hold = Hold(worker="sinks", topic="t", partition=0, offset=1, kind=LIMIT, why="w", since=NOW)
    assert not HoldsView().apply(hold.key, value_of(hold).replace(b'"sinks"', b'"others"'))
