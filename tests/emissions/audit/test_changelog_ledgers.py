"""The saved ledger is that of the last batch, and never one that a crash cut short."""

from __future__ import annotations

import itertools

import msgspec

from emissions.audit.changelog_ledgers import ChangelogLedgers
from streams.changelog.replica import NEXT_OFFSET, ledger_key, marker_key
from streams.core.engine.outcome import Ledger

_offsets = itertools.count()


def ledger(used: int) -> Ledger:
    return Ledger(used=used, next_offset=used)


def take(
    saved: ChangelogLedgers, reaches: int, *, complete: bool = True, partition: int = 0
) -> None:
    headers = ((NEXT_OFFSET, b"%d" % reaches),)
    saved.take(partition, next(_offsets), b"%d/source/A" % partition, b"state", headers)
    written = msgspec.msgpack.encode(ledger(reaches))
    saved.take(partition, next(_offsets), b"%d/ledger" % partition, written, headers)
    if complete:
        saved.take(partition, next(_offsets), marker_key(partition), b"%d" % reaches, headers)


def test_nothing_saved_is_the_empty_ledger() -> None:
    assert ChangelogLedgers().of(3) == Ledger()


def test_the_last_complete_checkpoint_counts() -> None:
    saved = ChangelogLedgers()
    take(saved, 5)
    take(saved, 9)
    take(saved, 12, complete=False)
    take(saved, 4, partition=1)
    assert saved.of(0) == ledger(9)
    assert saved.of(1) == ledger(4)


def test_a_worker_that_lost_the_partition_is_not_heard() -> None:
    saved = ChangelogLedgers()
    take(saved, 9)
    take(saved, 7)
    assert saved.of(0) == ledger(9)


def test_what_was_cut_short_is_replaced_by_what_followed() -> None:
    saved = ChangelogLedgers()
    take(saved, 5)
    take(saved, 12, complete=False)
    take(saved, 9)
    assert saved.of(0) == ledger(9)
    take(saved, 12)
    assert saved.of(0) == ledger(12)


def test_the_last_batch_reaches_farther_than_the_checkpoint() -> None:
    saved = ChangelogLedgers()
    take(saved, 9)
    for reached, last in ((8, 9), (11, 11)):
        written = msgspec.msgpack.encode(ledger(reached))
        saved.take(0, next(_offsets), ledger_key(0), written, ())
        assert saved.of(0) == ledger(last)
    saved.take(1, next(_offsets), ledger_key(1), msgspec.msgpack.encode(ledger(3)), ())
    assert saved.of(1) == ledger(3)
