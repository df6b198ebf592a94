"""A source is judged in the partition of its id, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as murmur2_of_the_client
from hypothesis import given
from hypothesis import strategies as st

from streams.core.engine.outcome import Ledger, Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.partitioning import Share, murmur2, partition_of
from streams.core.records.record import RawRecord
from streams.core.state.errors import UnusableStateError
from streams.core.time.interval import HOUR
from tests.core.examples import CODEC, RULES, TICK, TOPIC, Log, connected, fold, history, local

BEGIN = local("2026-04-01")
PARTITIONS = 2
HOME = partition_of("A", PARTITIONS)
ELSEWHERE = 1 - HOME
OTHER_KEY = next(name for name in map(str, range(9)) if partition_of(name, PARTITIONS) != HOME)


@given(st.binary(max_size=40), st.integers(1, 500))
def test_partition_of_a_key_agrees_with_aiokafka(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert murmur2(key) == murmur2_of_the_client(key)
    assert partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)


@given(st.text(max_size=20), st.integers(1, 60))
def test_one_partition_has_each_key(key: str, partitions: int) -> None:
    having = [number for number in range(partitions) if Share(number, partitions).has(key)]
    assert having == [partition_of(key.encode(), partitions)]


@pytest.mark.parametrize(
    ("key", "hashed"),
    # From the tests of Apache Kafka's Utils.murmur2, as unsigned numbers.
    [
        (b"21", -973932308 % 2**32),
        (b"foobar", -790332482 % 2**32),
        (b"a-little-bit-long-string", -985981536 % 2**32),
        (b"abc", 479470107),
    ],
)
def test_partition_of_a_key_agrees_with_the_java_client(key: bytes, hashed: int) -> None:
    assert murmur2(key) == hashed


def engine(
    partition: int, state: dict[str, bytes] | None = None, partitions: int = PARTITIONS
) -> PartitionProcessor:
    return PartitionProcessor(
        topic=TOPIC,
        partition=partition,
        partitions=partitions,
        decode=CODEC.decode_readings,
        rules=RULES,
        policy=Policy(),
        registry=history(connected()),
        state={} if state is None else state,
    )


def judged(partition: int, records: Sequence[RawRecord]) -> Outcome:
    return engine(partition).apply(records)


def a_day() -> Log:
    """A source that sends without a pause."""
    return Log().series(BEGIN, [100.0] * 144)


def test_a_copy_under_another_key_accuses_nobody_and_makes_no_second_voice() -> None:
    records = a_day().records
    expected = judged(HOME, records)
    copy = records[3]._replace(offset=0, key=OTHER_KEY.encode())
    later = RawRecord(1, copy.timestamp + 48 * HOUR, None, TICK, ())
    found = judged(ELSEWHERE, [copy, later])
    assert (found.used, found.ticks) == (0, 1)
    assert (found.means, found.gaps, found.violations) == ([], [], [])
    (letter,) = found.dead_letters
    assert (letter.reason, letter.stage, letter.source_id) == ("WRONG_PARTITION", "validate", "A")
    assert letter.detail == (
        f"by its source the reading belongs to partition {HOME} of 2, not {ELSEWHERE}: its key "
        "must be the source, partitioned by murmur2"
    )
    assert judged(HOME, records).means == expected.means


def test_a_reading_in_a_partition_of_another_hash_is_refused_as_wrong_partition() -> None:
    found = judged(ELSEWHERE, a_day().tick(BEGIN + 80 * HOUR).records)
    assert {letter.reason for letter in found.dead_letters} == {"WRONG_PARTITION"}
    assert (len(found.dead_letters), found.gaps, found.violations) == (144, [], [])


def test_ticks_count_in_every_partition() -> None:
    for partition in range(PARTITIONS):
        found = judged(partition, [RawRecord(0, BEGIN, b"any key", TICK, ())])
        assert (found.ticks, found.dead_letters) == (1, [])


def test_a_source_that_was_judged_here_before_is_not_judged_any_more() -> None:
    """The state of a partition that took in what belongs elsewhere."""
    past = fold(Log().series(BEGIN, [600.0] * 6), history(connected())).state
    state = {f"{ELSEWHERE}/{key.removeprefix('0/')}": value for key, value in past.items()}
    ledger = msgspec.msgpack.decode(state[f"{ELSEWHERE}/ledger"], type=Ledger)
    ledger.partitions = 0  # as before the number was kept
    state[f"{ELSEWHERE}/ledger"] = msgspec.msgpack.encode(ledger)
    tick = RawRecord(99, BEGIN + 96 * HOUR, None, TICK, ())
    found = engine(ELSEWHERE, state).apply([tick])
    assert (found.means, found.gaps, found.violations) == ([], [], [])


def test_the_state_knows_under_how_many_partitions_it_was_made() -> None:
    saved = engine(0).apply(Log().tick(BEGIN).records).state
    state = {key: value for key, value in saved.items() if value is not None}
    assert engine(0, state).next_offset == 1
    with pytest.raises(UnusableStateError) as refused:
        engine(0, state, PARTITIONS + 3)
    assert str(refused.value).startswith(
        "the state of partition 0 was made with 2 partitions of emissions.readings, and now there "
        "are to be 5: sources have changed their partition"
    )
