"""Readings of stations that sign: what is used, what is refused as what, and what is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.engine.authentication import CHAIN_BROKEN, UNSIGNED_READINGS
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.quality.authenticity import Signatures
from streams.core.records.partitioning import partition_of
from streams.core.state.source_state import SourceState
from streams.core.time.interval import DAY, HOUR
from streams.signing.ed25519 import verify
from tests.core.chain.attacks import BAD, BROKEN, DUPLICATE, UNSIGNED, USED, Message, attacked
from tests.core.chain.stations import (
    EXPIRED,
    NEXT,
    OWN,
    SECOND,
    Sent,
    Station,
    plant,
    registered_key,
    second,
    signing,
)
from tests.core.examples import (
    BIN,
    CODEC,
    RULES,
    SIGNATURES,
    TOPIC,
    Found,
    Log,
    engine,
    enterprise,
    fold,
    history,
    local,
    proof,
    take,
)
from tests.support.generated import examples

BEGIN = local("2026-04-01 08:00")


def sent(messages: Iterable[Sent], log: Log | None = None) -> Log:
    """A log in which they arrive in this order, each at its interval's end at the earliest."""
    log = log or Log()
    now = log.records[-1].timestamp if log.records else BEGIN
    for each in messages:
        now = max(now, each.reading.ends_at)
        log.raw(now, each.value, each.reading.source_id, each.headers)
    return log


def ends(log: Log, found: Found) -> list[str]:
    """How each message ended."""
    refused = {letter.offset: letter.reason for letter in found.dead_letters}
    assert found.used + found.duplicates + len(refused) + found.ticks == len(log.records)
    return [refused.get(record.offset, USED) for record in log.records]


def heads(station: Station, sizes: Sequence[int], start: int = BEGIN, **more: Any) -> list[Sent]:
    """Readings in a row under heads of these sizes."""
    found: list[Sent] = []
    for size in sizes:
        at = start + len(found) * SECOND
        found += station.sign([second(at + n * SECOND) for n in range(size)], **more)
    return found


def test_signed_readings_are_used_and_the_place_is_kept() -> None:
    log = sent(heads(Station(BEGIN), [3, 1, 100, 2]))
    for cuts in ((), range(1, 106), (2, 50)):
        found = fold(log, plant(), cuts, rebuilt=True)
        assert ends(log, found) == [USED] * 106
        place = msgspec.msgpack.decode(found.state["0/source/A"], type=SourceState).chain
        assert place is not None
        assert (place.number, place.first, place.awaited, place.previous) == (106, 104, b"", b"")
        assert found.findings == []


@pytest.mark.parametrize(
    ("policy", "registered", "end"),
    [
        ("off", None, USED),
        ("warn", None, USED),
        ("require", None, UNSIGNED),
        ("require", "off", USED),
        ("require", "warn", USED),
        ("off", "require", UNSIGNED),
    ],
)
def test_a_registration_may_say_another_policy_than_the_one_of_all(
    policy: str, registered: str | None, end: str
) -> None:
    log = Log().add(second(BEGIN)).add(second(BEGIN + SECOND))
    found, registry = Found(), history(enterprise(signing(signatures=registered)))
    take(found, engine(registry, signatures=Signatures(verify, policy)), log.records)
    assert ends(log, found) == [end, end]
    warns = (registered or policy) == "warn"
    assert [each.kind for each in found.findings] == [UNSIGNED_READINGS] * warns


def test_a_source_without_keys_is_not_asked() -> None:
    log = Log().add(second(BEGIN))
    unsigned = enterprise(signing(keys=(), signatures=None))
    found = Found()
    take(found, engine(history(unsigned), signatures=Signatures(verify, "require")), log.records)
    assert found.used == 1


def tried(messages: Sequence[Message], cuts: Iterable[int] = (), **more: Any) -> Found:
    """Each message ended as it had to; returns what was found."""
    log = sent(each.sent for each in messages)
    keys = registered_key("own", OWN), registered_key("old", EXPIRED, valid_until="2026-01-01")
    found = fold(log, plant(*keys), cuts, **more)
    ended = ends(log, found)
    wrong = [
        (at, each.what, each.ends, end)
        for at, (each, end) in enumerate(zip(messages, ended, strict=True))
        if end != each.ends and (end, each.ends) != (USED, DUPLICATE)
    ]
    assert not wrong[:3]
    assert found.used == sum(each.ends == USED for each in messages)
    return found


def test_every_attack_is_refused_with_its_code_and_no_honest_reading_is_lost() -> None:
    messages = list(attacked(BEGIN, 3000, seed=1))
    found = tried(messages, range(0, len(messages), 500))
    assert len({each.what for each in messages}) == 19
    honest = sent(each.sent for each in messages if each.ends == USED)
    alone = fold(honest.tick(BEGIN + 8 * HOUR), plant())
    assert found.means
    assert {(m.window, m.start, m.value, m.count) for m in found.means} <= {
        (m.window, m.start, m.value, m.count) for m in alone.means
    }


@pytest.mark.long
def test_a_hundred_thousand_attacks() -> None:
    for seed in range(10):
        messages = list(attacked(BEGIN, 10_000, seed=100 + seed))
        tried(messages, range(0, len(messages), 5000))


@given(st.integers(0, 1 << 32), st.lists(st.integers(1, 150), max_size=6), st.booleans())
@examples(40)
def test_how_batches_are_cut_changes_nothing(seed: int, cuts: list[int], rebuilt: bool) -> None:
    messages = list(attacked(BEGIN, 100, seed=seed, each=2))
    found = tried(messages, cuts, rebuilt=rebuilt)
    whole = tried(messages)
    assert found.state["0/source/A"] == whole.state["0/source/A"]
    assert found.dead_letters == whole.dead_letters


@given(st.integers(0, 1 << 32))
@examples(40)
def test_after_a_cut_all_is_refused_until_an_anchor(seed: int) -> None:
    chance = Random(seed)
    station = Station(BEGIN)
    first = heads(station, [chance.randint(1, 5) for _ in range(4)])
    again = heads(station, [3], BEGIN + 60 * SECOND, anchor=True)
    last = heads(station, [2, 2], BEGIN + 70 * SECOND)
    cut = sorted(chance.sample(range(1, len(first)), chance.randint(1, min(3, len(first) - 1))))
    kept = [each for at, each in enumerate(first) if at not in cut]
    log = sent([*kept, *again, *last])
    found = fold(log, plant())
    expected = [USED] * cut[0] + [BROKEN] * (len(kept) - cut[0]) + [USED] * 7
    assert ends(log, found) == expected
    (told,) = found.findings
    assert (told.kind, told.value, told.start) == (
        CHAIN_BROKEN, len(first) - cut[0], BEGIN,
    )  # fmt: skip


def test_a_message_in_another_partition_moves_no_chain() -> None:
    one, two = heads(Station(BEGIN), [1, 1])
    log = sent([one, two])
    for partition in (0, 1):
        found = Found()
        running = PartitionProcessor(
            topic=TOPIC, partition=partition, partitions=2, decode=CODEC.decode_readings,
            rules=RULES, policy=Policy(), registry=history(plant()), state={},
            signatures=SIGNATURES,
        )  # fmt: skip
        take(found, running, log.records)
        here = partition_of("A", 2) == partition
        assert ends(log, found) == [USED if here else "WRONG_PARTITION"] * 2
        assert ("0/source/A" in found.state or "1/source/A" in found.state) == here


def test_messages_in_another_order_are_refused_and_in_time_again_used() -> None:
    one, two, three, four = heads(Station(BEGIN), [2, 2])
    log = sent([one, three, two, four, three, four, one])
    found = fold(log, plant())
    assert ends(log, found) == [USED, BROKEN, USED, BROKEN, USED, USED, USED]
    assert found.duplicates == 1


def test_a_new_chain_is_taken_if_it_is_younger_and_not_of_the_future() -> None:
    old = heads(Station(BEGIN), [2])
    young = heads(Station(BEGIN + HOUR), [2], BEGIN + HOUR)
    ahead = heads(Station(BEGIN + 3 * HOUR), [1], BEGIN + 2 * HOUR)
    older = heads(Station(BEGIN - HOUR), [1], BEGIN + 2 * HOUR + SECOND)
    log = sent([*old, *young, *ahead, *older])
    found = fold(log, plant())
    assert ends(log, found) == [USED] * 4 + [BROKEN] * 2
    (told,) = found.findings
    assert (told.kind, told.value, told.unit) == (CHAIN_BROKEN, None, None)


def test_a_station_that_jumps_at_each_head_is_told_once_an_hour() -> None:
    log = Log()
    for number in range(60):
        at = BEGIN + number * 120 * SECOND
        sent(heads(Station(at), [1], at), log)
    found = fold(log, plant())
    assert ends(log, found) == [USED] * 60
    assert [each.start for each in found.findings] == [BEGIN, BEGIN + HOUR]


def test_nothing_begins_without_an_anchor_and_no_fork_is_taken() -> None:
    station = Station(BEGIN)
    lost, left = heads(station, [1, 1])
    log = sent([left])
    assert ends(log, fold(log, plant())) == [BROKEN]
    fork = Station(BEGIN)
    fork.end = fork.end._replace(number=1, head=b"?" * 32)
    other = fork.sign([second(BEGIN + 5 * SECOND)], anchor=True)
    log = sent([lost, *other, left])
    assert ends(log, fold(log, plant())) == [USED, BROKEN, USED]


def test_more_than_a_hundred_under_one_head_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.core.chain.writer.READINGS_A_HEAD", 1000)
    station = Station(BEGIN)
    log = sent([*heads(station, [103]), *heads(station, [2], BEGIN + 200 * SECOND, anchor=True)])
    assert ends(log, fold(log, plant())) == [USED] * 100 + [BROKEN] * 3 + [USED] * 2


def test_a_message_that_is_refused_for_its_contents_is_a_part_of_the_chain() -> None:
    station = Station(BEGIN - 4 * DAY)
    late = station.sign([second(BEGIN - 4 * DAY), second(BEGIN)])
    odd = station.sign([second(BEGIN + 600 * SECOND, period_s=600), second(BEGIN + SECOND)])
    log = Log().tick(BEGIN + 5 * SECOND)
    for each in (*late, *odd):
        log.raw(BEGIN + 1300 * SECOND, each.value, "A", each.headers)
    found = fold(log, plant())
    assert ends(log, found) == [USED, "TOO_LATE", USED, "BAD_PERIOD", USED]


def test_keys_change_within_a_chain() -> None:
    old = registered_key("old", OWN, valid_until="2026-04-02")
    new = registered_key("new", NEXT, valid_from="2026-04-02")
    midnight = local("2026-04-02")
    station = Station(BEGIN)
    log = sent(heads(station, [2], midnight - 2 * SECOND))
    sent(heads(station, [1], midnight), log)  # still by the old key
    station = Station(BEGIN + 1, key=NEXT)
    sent(heads(station, [2], midnight + SECOND), log)
    assert ends(log, fold(log, plant(old, new))) == [USED, USED, BAD, USED, USED]


def test_a_key_that_is_taken_out_of_the_registry_signs_no_more() -> None:
    station = Station(BEGIN)
    registry = history(plant())
    without = plant(registered_key("new", NEXT))
    registry.add(BEGIN + 10 * SECOND, BIN, without, proof(1))
    log = sent(heads(station, [4]))
    sent(heads(station, [2], BEGIN + 20 * SECOND), log)
    assert ends(log, fold(log, registry)) == [USED] * 4 + [BAD, BROKEN]


def test_warned_of_once_a_day_and_used_all_the_same() -> None:
    station = Station(BEGIN)
    signed = heads(station, [4])
    forged = signed[2].saying(values={"SO2": 9.0})
    log = sent([signed[0], signed[0], signed[1], forged])
    log.add(second(BEGIN + 9 * SECOND)).add(second(BEGIN + DAY))
    for cuts in ((), range(1, 6)):
        found = fold(log, enterprise(signing(signatures="warn")), cuts)
        assert (found.used, found.duplicates) == (5, 1)
        assert [(each.kind, each.start, each.status) for each in found.findings] == [
            (UNSIGNED_READINGS, local("2026-04-01"), "CLOSED"),
            (UNSIGNED_READINGS, local("2026-04-02"), "CLOSED"),
        ]


def test_nobody_looks_at_headers_where_nothing_is_asked() -> None:
    (one,) = heads(Station(BEGIN), [1])
    log = sent([one.carrying(sig=b"x")])
    found = fold(log, enterprise(signing(signatures="off")))
    assert found.used == 1
    assert msgspec.msgpack.decode(found.state["0/source/A"], type=SourceState).chain is None


def test_an_engine_that_verifies_nothing_looks_at_nothing() -> None:
    log, found = Log().add(second(BEGIN)), Found()
    take(found, engine(history(plant()), signatures=None), log.records)
    assert found.used == 1
