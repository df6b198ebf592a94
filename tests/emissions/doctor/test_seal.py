"""The seal worker is looked at by what it told the broker."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka import TopicPartition

from emissions.doctor.seal import judged, look_at_seal
from streams.kafka.clients import consumer_of
from streams.sealing.records import sealed_topics
from streams.settings import Settings
from tests.support.broker import TestBroker
from tests.support.streams_process import own_settings


@pytest.mark.parametrize(
    ("for_s", "state", "said"),
    [
        (None, "ok", "everything that is published is in the log"),
        (100.0, "ok", "5 not in the log yet, the oldest for 100 s"),
        (181.0, "MISSING", "5 not in the log yet, the oldest for 181 s"),
    ],
)
def test_what_waits_for_long_waits_for_a_worker(for_s: float | None, state: str, said: str) -> None:
    found = judged(Settings(), 5, for_s)
    assert (found.state, found.seen) == (state, said)


def test_a_log_that_has_nothing_to_seal_is_in_order() -> None:
    found = judged(Settings(), 0, None, begun=False)
    assert (found.state, found.seen) == ("ok", "nothing to seal yet")


@pytest.mark.process
async def test_a_log_that_is_not_kept_is_a_risk_and_a_fault_where_it_is_wanted(
    broker: TestBroker,
) -> None:
    settings = own_settings(broker.address)
    (missing,) = await look_at_seal(settings)
    assert missing.state == "UNSEEN"
    await broker.create(*sealed_topics(settings))
    await broker.produce(settings.topic_violations, [b"x"] * 3, timestamp_ms=1_772_366_400_000)
    (without,) = await look_at_seal(settings)
    assert (without.state, "EMISSIONS_LOG_ORIGIN" in without.remedy) == ("RISK", True)

    # A worker that never started: on another host the settings alone tell of a log.
    for told in (
        replace(settings, log_path="nowhere"),
        replace(settings, log_origin="nowhere"),
        replace(settings, log_key_file="nowhere"),
    ):
        (waits,) = await look_at_seal(told)
        assert waits.state == "MISSING"
        assert waits.seen.startswith("3 not in the log yet")
        assert waits.seen.endswith("nothing was ever sealed")
        assert "its log says why" in waits.remedy
    async with consumer_of(settings, settings.group_seal) as group:
        place = TopicPartition(settings.topic_violations, 0)
        group.assign([place])
        await group.commit({place: 3})
    (sealed,) = await look_at_seal(settings)
    assert sealed.state == "ok"
