"""When leaves are appended and checkpoints published, and in which order leaves stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from streams.core.evidence.leaf import Leaf, read_entry
from streams.rules.country import home
from streams.sealing import sealer as sealer_module
from streams.sealing.log_keys import NoteSigner
from streams.sealing.log_writer import LogWriter
from streams.sealing.records import LeafReader
from streams.sealing.sealer import Sealer
from streams.settings import Settings
from streams.signing.ed25519 import key_of
from tests.sealing.published import CODEC, Published, case, record, registration, violation

SETTINGS = Settings()
VIOLATIONS, CASES, REGISTRY = (
    SETTINGS.topic_violations,
    SETTINGS.topic_cases,
    SETTINGS.topic_registry,
)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Log:
    """A sealer over a new log, by a clock of its own."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.writer = LogWriter(directory)
        self.sealer = Sealer(
            self.writer,
            LeafReader(SETTINGS, CODEC, home()),
            NoteSigner.of("example.kz/log", key_of(bytes(32))),
            interval_s=60,
            monotonic=self.clock,
            now=lambda: 1_772_366_400.0,
        )

    def leaves(self) -> list[Leaf]:
        """The leaves of the log."""
        return [read_entry(each) for each in self.writer.files.entries(self.writer.size)]

    def published(self) -> int:
        """Size of the last checkpoint."""
        found = self.writer.files.checkpoint()
        return 0 if found is None else found[0].size


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_leaves_stand_by_topic_partition_and_offset(log: Log) -> None:
    contents = [case(1), violation(2), violation(1), registration(4)]
    topics = [CASES, VIOLATIONS, VIOLATIONS, REGISTRY]
    offsets = [3, 9, 2, 4]
    upto = {(topic, 0): 10 for topic in topics}
    log.sealer.take([record(*each) for each in zip(topics, contents, offsets, strict=True)], upto)
    assert log.sealer.append() == 4
    assert log.leaves() == [contents[3][2], contents[2][2], contents[1][2], contents[0][2]]
    assert log.sealer.sealed == upto


def test_an_append_waits_for_the_interval(log: Log) -> None:
    assert log.sealer.publication_due
    assert not log.sealer.append_due
    log.sealer.take([record(VIOLATIONS, violation(1))], {(VIOLATIONS, 0): 1})
    assert log.sealer.append_due  # the first one at once
    log.sealer.append()
    assert log.sealer.publish()
    assert log.published() == 1

    log.sealer.take([record(VIOLATIONS, violation(2), 1)], {(VIOLATIONS, 0): 2})
    assert not log.sealer.append_due
    assert not log.sealer.publication_due
    log.clock.now += 60
    assert log.sealer.append_due
    log.sealer.append()
    assert log.sealer.publish()
    assert log.published() == 2
    assert not log.sealer.publish()  # nothing new


def test_many_leaves_do_not_wait(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer_module, "MOST_LEAVES", 3)
    log.sealer.take([record(VIOLATIONS, violation(0))], {(VIOLATIONS, 0): 1})
    log.sealer.append()
    for number in range(1, 4):
        assert not log.sealer.append_due
        log.sealer.take([record(VIOLATIONS, violation(number), number)], {})
    assert log.sealer.append_due


def test_offsets_alone_are_kept_too(log: Log) -> None:
    log.sealer.append()
    log.sealer.take([], {(VIOLATIONS, 0): 0})
    log.clock.now += 60
    assert log.sealer.append_due
    assert log.sealer.append() == 0
    assert log.sealer.sealed == {(VIOLATIONS, 0): 0}
    log.sealer.take([], {(VIOLATIONS, 0): 0})
    log.clock.now += 60
    assert not log.sealer.append_due


def test_what_is_no_record_of_ours_is_counted_and_told_once(log: Log) -> None:
    wrong = [Published(VIOLATIONS, 0, at, b"k", b"nonsense") for at in range(5)]
    with capture_logs() as logged:
        log.sealer.take(wrong, {(VIOLATIONS, 0): 5})
    assert [line["event"] for line in logged] == ["record_not_sealed"]
    assert log.sealer.unsealed == 5
    log.sealer.append()
    assert log.sealer.sealed == {(VIOLATIONS, 0): 5}
    assert log.sealer.size == 0
    assert not log.sealer.publish()


def test_the_rules_in_force_are_a_leaf_once(log: Log) -> None:
    for _ in range(2):
        log.sealer.seal_rules("kz-1", b"rules")
    assert log.leaves() == [Leaf.of("rules", "kz-1", 1, b"rules")]
