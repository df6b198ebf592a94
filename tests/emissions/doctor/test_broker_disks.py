"""Brokers tell the room on their disks, and doctor judges it as that of any other."""

from __future__ import annotations

import shutil

import pytest

from emissions.doctor import broker_disks, disk
from emissions.doctor.broker_disks import checks, look_at_broker_disks
from streams.kafka.log_dirs import BrokerDisks, LogDir, log_dirs
from streams.settings import Settings
from tests.support.broker import TestBroker

NONE = BrokerDisks([], [], {})


@pytest.mark.parametrize(
    ("total", "free", "error", "state", "seen"),
    [
        (100, 40, 0, "ok", "40.0 GiB of 100.0 GiB free"),
        (100, 10, 0, "RISK", "10.0 GiB of 100.0 GiB free"),
        (100, 4, 0, "MISSING", "4.0 GiB of 100.0 GiB free"),
        (None, None, 56, "MISSING", "is offline: error 56 of Kafka"),
        (None, None, 0, "RISK", "its room is not told"),
    ],
)
def test_disks_of_brokers_are_judged_like_any_other(
    total: int | None, free: int | None, error: int, state: str, seen: str
) -> None:
    most, left = (None if size is None else size * disk.GIB for size in (total, free))
    told = LogDir("broker 1, a:1", "/data", most, left, error)
    (found,) = checks(NONE._replace(found=[told]))
    assert (found.part, found.state) == ("disk", state)
    assert found.seen.startswith("broker 1, a:1 (/data)")
    assert found.seen.endswith(seen)
    assert bool(found.remedy) is (state != "ok")


def test_brokers_that_tell_nothing_are_named_with_where_to_look() -> None:
    old, away = checks(
        BrokerDisks([], ["broker 1, a:1", "broker 2, b:1"], {"broker 3, c:1": "gone"})
    )
    assert (old.state, away.state) == ("RISK", "UNSEEN")
    assert "broker 1, a:1; broker 2, b:1" in old.seen
    assert "broker 3, c:1: gone" in away.seen
    assert all("df -h" in each.remedy for each in (old, away))


async def test_apache_kafka_tells_its_disks(kafka: TestBroker) -> None:
    told = await log_dirs(Settings(broker=kafka.address))
    assert (told.untold, told.failed) == ([], {})
    assert told.found
    for each in told.found:
        assert each.total == shutil.disk_usage(each.path).total
        assert each.free is not None
        assert 0 < each.free <= each.total
    (check, *_) = await look_at_broker_disks(Settings(broker=kafka.address))
    assert told.found[0].path in check.seen


async def test_another_broker_is_a_risk_and_one_that_is_away_is_not_seen(
    broker: TestBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = await look_at_broker_disks(Settings(broker=broker.address))
    assert (found.state, "are not told" in found.seen) == ("RISK", True)
    monkeypatch.setattr(broker_disks, "ANSWER_S", 1.0)
    (away,) = await look_at_broker_disks(Settings(broker="127.0.0.1:1"))
    assert away.state == "UNSEEN"
