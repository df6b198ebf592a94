"""The changelog grows with the readings, in every minute, whatever is remembered of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import msgspec
import pytest

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.changelog.replica import ChangelogReplica, ledger_key, marker_key
from streams.changelog.write_behind import HURRY_S, CheckpointPolicy, WriteBehind
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.registry.enterprise import Enterprise
from streams.kafka.producer import PartitionRecord
from streams.rules.load import load_rules
from streams.transport.batch import PartitionBatch
from tests.bench.cloned_state import CHANNELS, enterprises
from tests.support.core_run import history

CODEC = Codec(FileIds())
START = 1_780_254_000_000  # an hour begins
HEAD = 20
"""Bytes of a record beside key, value and headers, at most."""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def sources(names: list[str], cadence_s: int) -> Enterprise:
    (enterprise,) = enterprises(names)
    slower = [msgspec.structs.replace(each, cadence_s=cadence_s) for each in enterprise.sources]
    return msgspec.structs.replace(enterprise, bin="990140001233", sources=tuple(slower))


def size(record: PartitionRecord) -> int:
    headers = sum(len(name) + len(value) for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers + HEAD


class Live:
    """Sources that send as the clock goes; a batch holds what arrives within a second or so."""

    def __init__(self, count: int, cadence_s: int) -> None:
        self.names = [f"KZ-{number:07}" for number in range(count)]
        self.cadence_s = cadence_s
        self.clock = Clock()
        self.saved = ChangelogReplica(0)
        self.engine = PartitionProcessor(
            topic="emissions.readings",
            partition=0,
            partitions=1,
            decode=CODEC.decode_readings,
            rules=load_rules(),
            policy=Policy(),
            registry=history([sources(self.names, cadence_s)]),
            state=self.saved.items,
        )
        self.saving = WriteBehind(0, self.engine, self.saved, CheckpointPolicy(), self.clock)
        self.noise = random.Random(1)
        self.offset = self.written = 0
        self.checkpoints = 0

    def minute(self, number: int) -> tuple[int, int]:
        """Bytes of the readings and of the changelog in one minute."""
        readings = changelog = 0
        for second in range(0, 60, max(1, min(self.cadence_s, 10))):
            at = START + (number * 60 + second) * 1000
            batch = [self.record(None, at, CODEC.encode("StreamTick", {"sent_at": at}))]
            for place, name in enumerate(self.names):
                if self.cadence_s == 60 and place % 6 != second // 10:
                    continue  # they do not all send at the same second
                batch.append(self.record(name, at, self.reading(name, at)))
            more = self.take(batch)
            readings += sum(len(each.key or b"") + len(each.value) for each in batch)
            changelog += sum(map(size, more))
        return readings, changelog

    def reading(self, name: str, at: int) -> bytes:
        period = self.cadence_s * 1000
        noise = self.noise
        return CODEC.encode(
            "EmissionReading",
            {
                "source_id": name,
                "measured_at": at // period * period - period,
                "period_s": self.cadence_s,
                "state": "NORMAL",
                "device_serial": None,
                "values": {p: noise.gauss(mean, by) for p, (_, mean, by) in CHANNELS.items()},
                "flags": {},
            },
        )

    def record(self, key: str | None, at: int, value: bytes) -> SimpleNamespace:
        self.offset += 1
        named = None if key is None else key.encode()
        return SimpleNamespace(
            offset=self.offset - 1, timestamp=at, key=named, value=value, headers=()
        )

    def take(self, batch: Sequence[SimpleNamespace]) -> list[PartitionRecord]:
        self.clock.now = batch[-1].timestamp / 1000
        self.engine.apply(batch, save=False)  # type: ignore[arg-type]
        self.saving.record_batch(PartitionBatch("emissions.readings", 0, batch, 1))
        if not self.saving.claimed:
            self.saving.claim()
            self.saving.confirm_claim(self.written)
            self.written += 1
        records = self.saving.next_records()
        self.saving.confirm(self.written, len(records))
        self.written += len(records)
        self.checkpoints += any(record.key == marker_key(0) for record in records)
        return records


@pytest.mark.parametrize(
    ("cadence_s", "count"), [pytest.param(1, 2, marks=pytest.mark.slow), (10, 8), (60, 48)]
)
def test_the_changelog_takes_at_most_three_times_the_readings_in_every_minute(
    cadence_s: int, count: int
) -> None:
    live = Live(count, cadence_s)
    for minute in range(70):
        readings, changelog = live.minute(minute)
        assert changelog <= 3 * readings, f"minute {minute}: {changelog} for {readings}"
        # What a start would have to judge again: no more than the readings of 40 minutes.
        assert live.engine.next_offset - live.saving.base <= 40 * live.offset / (minute + 1)
    assert live.checkpoints >= 1


def test_the_changelog_of_a_single_slow_source_takes_at_most_a_record_more() -> None:
    live, readings, changelog = Live(1, 60), 0, 0
    for minute in range(70):
        more = live.minute(minute)
        readings, changelog = readings + more[0], changelog + more[1]
        assert changelog <= 3 * readings + 4096
    assert live.saving.dirty


class Engine:
    """Has so much state as it is told, in records of a hundred bytes."""

    def __init__(self) -> None:
        self.next_offset = 0
        self.unsaved = 0
        self.sources = 1
        self.changed: dict[str, bytes | None] = {}
        self.confirmations = 0

    def ledger(self) -> bytes:
        return b"%d" % self.next_offset

    def save(self) -> Mapping[str, bytes | None]:
        changed, self.changed = self.changed, {}
        return changed

    def commit(self) -> None:
        self.confirmations += 1


class Bench:
    """A partition whose changelog can be looked at."""

    def __init__(self, policy: CheckpointPolicy | None = None) -> None:
        self.engine, self.saved, self.clock = Engine(), ChangelogReplica(0), Clock()
        policy = policy or CheckpointPolicy(records=10, seconds=600)
        self.saving = WriteBehind(0, self.engine, self.saved, policy, self.clock)
        self.log: list[PartitionRecord] = []

    def judge(self, records: int, *changed: str, each: int = 100) -> None:
        self.engine.next_offset += records
        for key in changed:
            self.engine.changed[key] = b"%-100d" % self.engine.next_offset
        offsets = range(self.engine.next_offset - records, self.engine.next_offset)
        made = [SimpleNamespace(offset=at, key=b"", value=bytes(each)) for at in offsets]
        self.saving.record_batch(PartitionBatch("readings", 0, made, 1))

    def write(self, *, whole: bool = False) -> list[str]:
        """Write what is due, as `streams.runtime.checkpoint` does; the keys but the claim's."""
        if not self.saving.claimed:
            self.log.append(self.saving.claim())
            self.saving.confirm_claim(len(self.log) - 1)
        records = self.saving.next_records(full=whole)
        first = len(self.log)
        self.log += records
        self.saving.confirm(first, len(records))
        return [(record.key or b"").decode() for record in records]

    def others(self, *records: PartitionRecord) -> None:
        """Somebody else writes."""
        self.log += records

    def read(self, saved: ChangelogReplica) -> ChangelogReplica:
        saved.rewind()
        for at, record in enumerate(self.log):
            if at >= saved.position:
                saved.apply(at, record.key, record.value, record.headers)
        return saved


MARK, LEDGER = "checkpoint/0", "judged/0"


def test_only_the_ledger_is_written_before_a_checkpoint_is_due() -> None:
    bench = Bench()
    bench.judge(9, "0/a")
    assert bench.write() == [LEDGER]
    assert (bench.saved.reached, bench.read(ChangelogReplica(0)).ledger) == (0, b"9")


@pytest.mark.parametrize("due", ["records", "seconds", "memory"])
def test_a_checkpoint_is_due(due: str) -> None:
    bench = Bench(CheckpointPolicy(records=10 if due == "records" else 10**6, seconds=600))
    if due == "memory":
        bench.engine.unsaved = 50_000
    bench.judge(1000 if due == "memory" else 10 if due == "records" else 9, "0/a")
    if due == "seconds":
        bench.clock.now = 600.0
    assert bench.write() == ["0/a", MARK, LEDGER]
    assert (bench.saved.reached, bench.engine.confirmations) == (bench.engine.next_offset, 1)


def test_a_checkpoint_is_written_as_the_readings_allow() -> None:
    bench = Bench()
    bench.judge(10, *(f"0/{n}" for n in range(30)), each=10)
    written = bench.write()
    assert written == ["0/0", LEDGER]
    while MARK not in written:
        bench.judge(1, "0/29", each=100)
        more = bench.write()
        assert len(more) <= 5
        written += more
    # As of when it was taken; what changed meanwhile is of the next one.
    read = bench.read(ChangelogReplica(0))
    assert read.items == {f"0/{n}": b"%-100d" % 10 for n in range(30)}
    assert (read.reached, bench.saved.reached, bench.saving.base) == (10, 10, 10)
    assert bench.engine.next_offset > 10


def test_what_is_not_under_way_saves_nothing_up() -> None:
    bench = Bench(CheckpointPolicy(records=1000))
    for _ in range(99):
        bench.judge(10, "0/a")
        assert bench.write() == [LEDGER]
    bench.judge(10, *(f"0/{n}" for n in range(500)))
    assert 10 < len(bench.write()) < 30


def test_a_worker_that_leaves_writes_the_whole_checkpoint() -> None:
    bench = Bench()
    bench.judge(10, *(f"0/{n}" for n in range(30)), each=1)
    bench.write()
    bench.judge(1, "0/29", "0/new", each=1)
    assert bench.saving.dirty
    bench.write(whole=True)
    assert not bench.saving.dirty
    read = bench.read(ChangelogReplica(0))
    assert (read.reached, len(read.items), read.missing) == (11, 31, 0)
    assert read.items["0/29"] == b"%-100d" % 11
    assert bench.saved.items == read.items


def test_a_checkpoint_does_not_stay_under_way_for_longer_than_compaction_waits() -> None:
    bench = Bench()
    bench.judge(10, *(f"0/{n}" for n in range(30)), each=1)
    bench.write()
    bench.clock.now = HURRY_S - 1
    bench.judge(1, each=1)
    assert MARK not in bench.write()
    bench.clock.now = HURRY_S
    bench.judge(1, each=1)
    assert MARK in bench.write()


def test_a_checkpoint_that_somebody_wrote_into_is_written_from_its_beginning() -> None:
    bench = Bench()
    bench.judge(10, *(f"0/{n}" for n in range(30)), each=10)
    bench.write()
    bench.others(PartitionRecord(b"0/0", b"zombie", (("next", b"3"),)))
    bench.judge(1, each=10)
    bench.write()
    assert bench.saved.stale
    bench.read(bench.saved)  # as whoever asks for the state does next
    bench.judge(1, each=10)
    written = bench.write(whole=True)
    assert written[:2] == ["0/0", "0/1"]
    last = {record.key: record.value for record in bench.log}
    assert last[b"0/0"] == b"%-100d" % 10
    read = bench.read(ChangelogReplica(0))
    assert read.items == bench.saved.items
    assert (read.missing, len(read.overwritten)) == (0, 0)


def test_what_was_written_over_keeps_the_value_of_the_checkpoint_in_progress() -> None:
    bench = Bench()
    bench.judge(10, "0/0")
    bench.write(whole=True)
    bench.judge(10, *(f"0/{n}" for n in range(30)), each=10)
    bench.write()
    bench.others(PartitionRecord(b"0/0", b"zombie", (("next", b"3"),)))
    bench.judge(1, each=10)
    bench.write()
    bench.read(bench.saved)  # as whoever asks for the state does next
    assert bench.saved.overwritten == {"0/0"}
    bench.judge(1, each=10)
    bench.write(whole=True)
    last = {record.key: record.value for record in bench.log}
    assert last[b"0/0"] == b"%-100d" % 20
    assert bench.read(ChangelogReplica(0)).items == bench.saved.items


def test_what_a_checkpoint_that_was_cut_short_had_does_not_come_back() -> None:
    bench = Bench()
    bench.others(PartitionRecord(b"0/gone", b"1", (("next", b"3"),)))
    bench.read(bench.saved)
    bench.judge(10, "0/0")
    assert "0/gone" in bench.write(whole=True)
    read = bench.read(ChangelogReplica(0))
    assert (dict(read.items), read.missing) == ({"0/0": b"%-100d" % 10}, 0)


def test_nothing_of_the_state_is_written_before_the_claim_is_known_to_be_the_last_word() -> None:
    bench = Bench()
    bench.judge(10, "0/a")
    claim = bench.saving.claim()
    bench.others(PartitionRecord(b"0/b", b"1", (("next", b"3"),)))
    bench.log.append(claim)
    bench.saving.confirm_claim(1)
    assert (bench.saving.claimed, bench.saved.stale) == (False, True)
    (ledger,) = bench.saving.next_records(full=True)
    assert ledger.key == ledger_key(0)
    bench.log.append(ledger)
    bench.saving.confirm(2, 1)
    bench.read(bench.saved)
    assert bench.saving.claimed  # nobody claimed it after us
    assert bench.write(whole=True) == ["0/b", "0/a", MARK, LEDGER]
    read = bench.read(ChangelogReplica(0))
    assert (dict(read.items), read.missing) == ({"0/a": b"%-100d" % 10}, 0)


def test_who_claims_later_is_heard_alone() -> None:
    bench = Bench()
    bench.judge(10, "0/a")
    bench.write(whole=True)
    other = ChangelogReplica(0)
    bench.read(other)
    theirs = WriteBehind(0, bench.engine, other, CheckpointPolicy(), bench.clock)
    bench.judge(10, "0/a")
    records = bench.saving.next_records(full=True)
    bench.others(theirs.claim())
    theirs.confirm_claim(len(bench.log) - 1)
    assert theirs.claimed
    first = len(bench.log)
    bench.log += records  # a zombie's: they come after the claim
    bench.saving.confirm(first, len(records))
    read = bench.read(ChangelogReplica(0))
    assert (read.reached, dict(read.items), read.overwritten) == (
        10,
        {"0/a": b"%-100d" % 10},
        {"0/a"},
    )
    # The zombie has taken over what counts for nobody, and learns it when it reads on.
    assert bench.saved.stale
    bench.read(bench.saved)
    assert (bench.saved.diverged, bench.saving.claimed) == (True, False)


def test_the_ledger_is_no_part_of_the_state() -> None:
    saved = ChangelogReplica(0)
    saved.apply(0, ledger_key(0), b"7", ())
    assert (dict(saved.items), saved.reached, saved.ledger, saved.position) == ({}, 0, b"7", 1)
