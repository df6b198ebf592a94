"""Judges the stored messages of one source again, with the engine that judged them first.

What an explanation shows is computed by nobody else: the records go through the same
`PartitionProcessor` in the order of their offsets, under the registrations of their time. What
other sources of the partition did to stream time is not stored beside a source; the stream times
at which something was published are, and stand in the log as ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from schemas.columns import DecodedBatch
from streams.core.engine.memory_log import MemoryLog
from streams.core.engine.partition import PartitionProcessor
from streams.core.explanation.facts import Facts, Refusal, StoredMessage
from streams.core.law.quality_codes import CONFLICTING_DUPLICATE
from streams.core.records.findings import DataGap, Proof, Violation, WindowMean
from streams.core.records.record import RawRecord

_BATCH = 2_000
_ROOM = 1_000_000  # offsets of ticks after each message


class Wire(NamedTuple):
    """How messages are read, and the bytes of a tick: the core itself knows no bytes."""

    decode: Callable[[Sequence[bytes | None]], DecodedBatch]
    tick: bytes


class Rerun(NamedTuple):
    """What the engine published this time, every revision that it was seen to make.

    ``refused`` by offset: messages that were dead-lettered again.
    """

    means: list[WindowMean]
    gaps: list[DataGap]
    violations: list[Violation]
    refused: dict[int, Refusal]


def judge_again(
    facts: Facts,
    wire: Wire,
    ticks: Collection[int],
    *,
    cuts: Collection[int] = (),
    alone: Collection[int] = (),
) -> Rerun:
    """Judge the messages again; ``ticks`` are stream times (ms) at which time alone passes.

    A batch ends where stream time reaches one of ``cuts``; ticks, and the messages at the offsets
    ``alone``, are a batch each: of several changes in one batch only the last is seen.
    """
    engine = PartitionProcessor(
        topic=facts.topic,
        partition=0,
        partitions=1,
        decode=wire.decode,
        rules=facts.rules,
        policy=facts.policy,
        registry=facts.registry,
        state={},
    )
    log = MemoryLog(engine, facts.registry.notices)
    found = Rerun([], [], [], {})
    for batch in _batches(_log(facts.messages, wire.tick, ticks), sorted(cuts), alone):
        log.supply(batch)
        outcome = engine.apply(batch, save=False)
        found.means.extend(outcome.means)
        found.gaps.extend(outcome.gaps)
        found.violations.extend(_as_stored(each, facts) for each in outcome.violations)
        for letter in outcome.dead_letters:
            found.refused[_stored(letter.offset)] = Refusal(letter.reason, letter.detail)
    return found


def _log(messages: Sequence[StoredMessage], tick: bytes, ticks: Collection[int]) -> list[RawRecord]:
    """Return the log of the source: offsets are spread, so that ticks fit between them."""
    left, log, now, before = sorted(set(ticks)), [], -1, 0
    for message in messages:
        if message.refusal is not None and message.refusal.reason != CONFLICTING_DUPLICATE:
            continue  # nothing follows from it but its dead letter
        record = message.record
        reached = max(now, record.timestamp)
        while left and left[0] < reached:
            at = left.pop(0)
            if at > now:
                before += 1
                log.append(RawRecord(before, at, None, tick, ()))
        before = _ROOM * (record.offset + 1)
        log.append(record._replace(offset=before))
        now = reached
    for at in left:
        before += 1
        log.append(RawRecord(before, at, None, tick, ()))
    return log


def _stored(offset: int) -> int:
    """Return the offset of the message at or before an offset of the log made here."""
    return offset // _ROOM - 1 if offset >= 0 else offset


def _batches(
    log: Sequence[RawRecord], edges: list[int], alone: Collection[int]
) -> Iterator[list[RawRecord]]:
    batch: list[RawRecord] = []
    at = 0
    for record in log:
        single = record.offset % _ROOM != 0 or _stored(record.offset) in alone
        crossed = at < len(edges) and record.timestamp >= edges[at]
        if batch and (single or crossed or len(batch) == _BATCH):
            yield batch
            batch = []
        while at < len(edges) and record.timestamp >= edges[at]:
            at += 1
        batch.append(record)
        if single:
            yield batch
            batch = []
    if batch:
        yield batch


def _as_stored(violation: Violation, facts: Facts) -> Violation:
    """Name partition and offsets as the log has them."""
    proofs = tuple(
        each if each.topic != facts.topic else _place(each, facts.partition)
        for each in violation.evidence
    )
    return msgspec.structs.replace(violation, evidence=proofs)


def _place(proof: Proof, partition: int) -> Proof:
    return msgspec.structs.replace(
        proof,
        partition=partition,
        first_offset=_stored(proof.first_offset),
        last_offset=_stored(proof.last_offset),
    )
