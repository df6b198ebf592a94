"""Clocks, certificates, disks and versions are judged; what is wrong is named with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emissions.doctor import certificates, clocks, disk, versions
from emissions.doctor.certificates import Certificate
from emissions.doctor.check import PartCheck
from emissions.doctor.clocks import ClockReading
from emissions.doctor.groups import without_proof
from streams.settings import Settings
from tests.emissions.doctor.certificate_files import certificate

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said_ms", "ahead_s"),
    [(5_000, 0.0), (6_000, 0.0), (9_000, 3.0), (1_000, -4.0)],
)
def test_a_clock_is_wrong_only_by_what_waiting_cannot_explain(said_ms: int, ahead_s: float) -> None:
    assert ClockReading(said_ms, after_ms=5_000, before_ms=6_000).ahead_s == ahead_s


@pytest.mark.parametrize(
    ("ahead_s", "state", "seen"),
    [
        (0.5, "ok", "the brokers' clock agrees with this machine's within 2 s"),
        (-40.0, "RISK", "the brokers' clock is 40 s behind this machine's"),
        (7200.0, "MISSING", "the brokers' clock is 2 h ahead of this machine's"),
    ],
)
def test_clocks_that_differ(ahead_s: float, state: str, seen: str) -> None:
    found = clocks.judged("the brokers' clock", ahead_s)
    assert (found.state, found.seen) == (state, seen)
    assert bool(found.remedy) is (state != "ok")


def valid(name: str, first: int, last: int) -> Certificate:
    return Certificate(name, NOW + timedelta(days=first), NOW + timedelta(days=last))


def test_certificates_that_end_are_named_and_the_others_counted() -> None:
    found = list(
        certificates.judged(
            [
                valid("new", 2, 400),
                valid("good", -9, 90),
                valid("better", -9, 300),
                valid("soon", -9, 12),
                valid("over", -9, -1),
            ],
            NOW,
        )
    )
    assert [(check.state, check.seen) for check in found] == [
        ("MISSING", "over ended on 2026-05-03: nobody trusts it"),
        ("RISK", "soon ends on 2026-05-16, in 12 days"),
        ("MISSING", "new is valid from 2026-05-06 on only"),
        ("ok", "2 valid, the first ends on 2026-08-02"),
    ]
    assert list(certificates.judged([], NOW)) == []


@pytest.fixture(scope="module")
def pem() -> bytes:
    return certificate(NOW, NOW + timedelta(days=10))


def test_certificates_of_files_are_read_and_keys_passed_over(pem: bytes, tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(pem + pem)
    key.write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
    settings = Settings(log_key_file=str(key), bundle_key_file=str(chain))
    found, faults = certificates.files(settings)
    assert faults == []
    assert found == [Certificate(str(chain), NOW, NOW + timedelta(days=10))] * 2


def test_files_that_are_away_or_damaged_are_told_by_their_setting(
    pem: bytes, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_bytes(pem[:80])
    settings = Settings(log_key_file=str(tmp_path / "none.pem"), bundle_key_file=str(damaged))
    _, faults = certificates.files(settings)
    assert {check.state for check in faults} == {"MISSING"}
    assert "EMISSIONS_LOG_KEY_FILE" in faults[0].remedy
    assert "is damaged"[3:] in faults[1].seen
    assert "EMISSIONS_BUNDLE_KEY_FILE" in faults[1].remedy


@pytest.mark.parametrize(
    ("free", "state"),
    [(40 * disk.GIB, "ok"), (10 * disk.GIB, "RISK"), (4 * disk.GIB, "MISSING")],
)
def test_disks_are_judged_by_their_share(free: int, state: str) -> None:
    found = disk.judged(disk.Room("state (/s)", 100 * disk.GIB, free, "free some"))
    assert found.state == state
    assert found.seen == f"state (/s): {free / disk.GIB:.1f} GiB of 100.0 GiB free"
    assert found.remedy == ("" if state == "ok" else "free some")


def test_a_small_disk_needs_its_least_whatever_its_share() -> None:
    half = disk.Room("state (/s)", disk.GIB, disk.GIB // 2, "free some")
    assert disk.judged(half, disk.STATE_BYTES).state == "MISSING"


def test_disks_of_clickhouse_but_no_store_of_objects() -> None:
    rows: Iterator[tuple[str, int, int]] = iter(
        [("default", 100 * disk.GIB, disk.GIB // 2), ("s3", 2**63, 2**63)]
    )
    (found,) = disk.of_clickhouse(rows)
    assert (found.state, "ClickHouse (default)" in found.seen) == ("MISSING", True)


def test_directories_of_this_machine(tmp_path: Path) -> None:
    settings = Settings(state_directory=str(tmp_path), log_path=str(tmp_path / "none"))
    state, log = disk.look_at_disks(settings)
    assert state.seen.startswith(f"state ({tmp_path}): ")
    assert (log.state, "where the worker runs" in log.remedy) == ("RISK", True)
    bare = replace(settings, state_directory=None, log_path=None)
    assert disk.look_at_disks(bare) == []
    (elsewhere,) = disk.look_at_disks(replace(bare, log_origin="regulator.kz/log"))
    assert (elsewhere.state, "not seen from here" in elsewhere.seen) == ("RISK", True)
    assert "where the seal worker runs" in elsewhere.remedy


def test_versions_that_no_test_knows_are_a_risk() -> None:
    assert versions.clickhouse_release("26.9.2.1").state == "ok"
    old = versions.clickhouse_release("24.3.1")
    assert (old.state, "26.8" in old.remedy) == ("RISK", True)
    assert "Apache Kafka 4.1" in versions.broker_release("a:1", {1: (4, 18)}).seen
    assert versions.broker_release("a:1", {1: (4, 99)}).state == "ok"
    assert versions.broker_release("a:1", {1: (0, 11)}).state == "RISK"
    assert versions.broker_release("a:1", {}).state == "RISK"
    ours = versions.look_at_program()
    assert ours.seen.startswith("emission-streams ")


def test_members_without_proof_are_not_called_well_while_nothing_arrives() -> None:
    ghost = PartCheck("sinks worker", "ok", "1 member; no lag")
    proved = PartCheck("streams worker", "ok", "1 member: a has partitions 0, 1; no lag")
    ticking = [PartCheck("ticks", "ok", "fresh")]
    stopped = [PartCheck("ticks", "MISSING", "no tick yet")]
    assert without_proof([ghost, proved], ticking) == [ghost, proved]
    doubted, same = without_proof([ghost, proved], stopped)
    assert (doubted.state, doubted.well) == ("UNSEEN", False)
    assert same == proved
