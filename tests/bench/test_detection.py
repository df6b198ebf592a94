"""What the latency of detection is measured by: the log, its moments, and the figures."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.law.policy import Policy
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.bench.cloned_state import MINUTE
from tests.bench.data import HOUR
from tests.bench.detection import changed_from_default
from tests.bench.detection_load import AFTER_MS, BEFORE_MS, DetectionLoad, plan_of
from tests.bench.detection_run import CLOSED, LATE, run_plan
from tests.bench.detection_table import bars, document, goals, latencies, latency
from tests.support.broker import TestBroker
from tests.support.clickhouse import TestClickHouse
from tests.support.core_run import history, judge
from tests.support.streams_process import own_settings

NOW = 4_102_444_800_000
"""2100-01-01, later than any clock that the workers of these tests can have: with it their own
ticks never move stream time, whatever today is."""


def test_the_core_finds_each_violation_of_a_plan_at_the_arrival_that_it_says() -> None:
    plan = plan_of("try", sources=24, hours=1, count=2, now=NOW)
    load, partitions = DetectionLoad(plan), 2
    logs: list[list[RawRecord]] = [[] for _ in range(partitions)]
    for message in load.messages(plan.began, plan.closings[-1] + AFTER_MS):
        key = message.key
        some = logs if key is None else [logs[partition_of(key.decode(), partitions)]]
        for log in some:
            log.append(RawRecord(len(log), message.arrived_at, key, message.value, ()))

    _, outcomes = judge(history(load.registry()), logs)

    found = {
        (violation.source_id, violation.start): violation.detected_at
        for outcome in outcomes
        for violation in outcome.violations
        if violation.rule == "KZ-30" and violation.detected_at >= plan.closings[0] - BEFORE_MS
    }
    assert not any(outcome.dead_letters for outcome in outcomes)
    for moment in plan.closings:
        assert load.closing(moment)
        assert load.late(moment)
        assert {found.pop(window) for window in load.closing(moment)} == {moment}
        for window in load.late(moment):
            assert moment < found.pop(window) < moment + AFTER_MS
    assert not found


def test_the_messages_come_in_order_and_are_the_same_however_they_are_cut() -> None:
    plan = plan_of("try", sources=12, hours=1, count=1, now=NOW)
    load, moment = DetectionLoad(plan), plan.closings[0]
    since, until = plan.began, moment + 2 * MINUTE

    whole = list(load.messages(since, until))
    cut = [
        *load.messages(since, moment - BEFORE_MS),
        *load.messages(moment - BEFORE_MS, moment + AFTER_MS),
        *load.messages(moment + AFTER_MS, until),
    ]

    assert whole == cut
    arrivals = [message.arrived_at for message in whole]
    assert arrivals == sorted(arrivals)
    before = [message for message in whole if message.arrived_at == moment]
    assert before[0].key is None  # the tick


def test_the_day_is_a_moment_where_enough_of_it_is_fed() -> None:
    with_day = plan_of("national", sources=170, hours=21, count=24, now=NOW)
    without = plan_of("tenfold", sources=1700, hours=2, count=12, now=NOW)

    assert with_day.began > NOW + 24 * HOUR
    assert with_day.day == with_day.began + 24 * HOUR + Policy().day_grace
    assert with_day.day in with_day.moments
    assert len(with_day.moments) == 25
    assert without.day is None
    assert without.moments == list(without.closings)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    hundred = [number / 100 for number in range(100, 0, -1)]

    assert latency(hundred) == (100, 0.5, 0.99, 1.0)
    assert latency([0.25]) == (1, 0.25, 0.25, 0.25)
    assert latency([*hundred, 2.0]) == (101, 0.51, 1.0, 2.0)


def test_a_goal_is_missed_by_the_worst_kind_and_by_nothing_at_all() -> None:
    good, bad = latency([0.5]), latency([3.5])

    assert goals({"a": {"topic": good, "ClickHouse": good}}) == {"topic": True, "ClickHouse": True}
    missed = goals({"a": {"topic": good, "ClickHouse": good}, "b": {"topic": good}})
    assert missed == {"topic": True, "ClickHouse": False}
    assert goals({"a": {"topic": bad, "ClickHouse": bad}}) == {"topic": False, "ClickHouse": False}
    assert goals({}) == {"topic": False, "ClickHouse": False}


def test_what_the_environment_changes_is_said_but_no_password() -> None:
    given = {"EMISSIONS_SINK_AGE_S": "0.5", "EMISSIONS_CLICKHOUSE_PASSWORD": "secret"}

    assert changed_from_default(Settings.from_env(given)) == {"sink_age_s": 0.5}
    assert changed_from_default(Settings()) == {}


@pytest.mark.long
def test_every_violation_of_a_moment_is_found_in_topic_and_table(
    broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    plan = plan_of("try", sources=16, hours=1, count=1, now=NOW)
    load = DetectionLoad(plan)
    settings = own_settings(
        broker.address,
        tick_s=10.0,
        max_ahead_s=0.0,
        max_step_s=0.0,
        clickhouse_url=clickhouse.url,
        clickhouse_database=clickhouse.settings.clickhouse_database,
    )
    said: list[str] = []

    async def run() -> None:
        await create_topics(settings, "replay")
        await publish_registry(settings, load.registry(), Codec(FileIds()), timestamp=0)
        measured = await run_plan(settings, load, tmp_path, said.append)

        moment = plan.closings[0]
        kinds = [sample.kind for sample in measured.samples]
        assert measured.missing == []
        assert kinds.count(CLOSED) == len(load.closing(moment))
        assert kinds.count(LATE) == len(load.late(moment))
        for sample in measured.samples:
            assert sample.stored_s is not None
            assert sample.topic_s > 0
            assert sample.stored_s > 0
        assert len(said) == 1
        assert set(latencies(measured.samples)) == {CLOSED, LATE, "every violation"}
        assert len(measured.cpu_s) == 1
        assert document(plan, measured)["missing"] == []
        assert len(bars(measured)) == 6

    asyncio.run(run())
