"""Where records end: counted at once for a batch as if they had been counted one by one."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Rejected, Tick
from streams.core.engine.admission import DUPLICATE
from streams.core.engine.dead_letter import dead_letter
from streams.core.engine.dead_letter_limit import DeadLetterLimit, LimitPolicy, senders_of
from streams.core.engine.disposition import (
    DECODE,
    DEDUPLICATE,
    VALIDATE,
    Disposition,
    count_dispositions,
    disposition_of_reading,
    disposition_of_record,
)
from streams.core.engine.outcome import Ledger
from streams.core.engine.preparation import RejectedReading
from streams.core.judging.context import Context
from streams.core.law.policy import Policy
from streams.core.law.quality_codes import (
    BAD_PERIOD,
    CONFLICTING_DUPLICATE,
    TEST_STREAM,
    TOO_LATE,
    UNDECODABLE,
    UNKNOWN_SOURCE,
)
from streams.core.quality.rejection import Rejection
from streams.core.records.findings import DeadLetter
from streams.core.records.record import RawRecord
from streams.core.time.interval import LATEST_ARRIVAL
from tests.core.examples import RULES, TOPIC

USED, REPEATED, TICK = "used", "repeated", "tick"
DEAD = (BAD_PERIOD, UNKNOWN_SOURCE, UNDECODABLE, TOO_LATE, CONFLICTING_DUPLICATE, TEST_STREAM)
STAGES = {UNDECODABLE: DECODE, CONFLICTING_DUPLICATE: DEDUPLICATE}
fates = st.lists(st.sampled_from((USED, USED, REPEATED, TICK, *DEAD)), max_size=40)
policies = st.builds(
    LimitPolicy,
    st.sampled_from((0.0, 0.3, 1.0)),
    st.integers(1, 9),
    st.integers(0, 5),
    st.integers(1, 3),
)


class Counted(NamedTuple):
    """What counting leaves behind."""

    ledger: Ledger
    limit: bytes
    reached: object
    letters: list[DeadLetter]


def record(offset: int, timestamp: int = 5) -> RawRecord:
    return RawRecord(offset, timestamp, b"key", b"value", ())


def ending_of(position: int, fate: str) -> Disposition:
    if fate == TICK:
        return disposition_of_record(position, record(0), Tick())
    if fate == REPEATED:
        return disposition_of_reading(position, "A", DUPLICATE)
    if fate in (TOO_LATE, CONFLICTING_DUPLICATE):
        return disposition_of_reading(position, "A", Rejection(fate, "why"))
    if fate == UNDECODABLE:
        return disposition_of_record(position, record(0), Rejected(fate, "why"))
    return disposition_of_record(position, record(0), RejectedReading(Rejection(fate, "why"), "A"))


def together(log: list[str], rng: Random, policy: LimitPolicy) -> Counted:
    """By `count_dispositions`, the endings in any order."""
    records = [record(100 + at) for at in range(len(log))]
    endings = [ending_of(at, fate) for at, fate in enumerate(log) if fate != USED]
    rng.shuffle(endings)
    ledger, limit, context = Ledger(), DeadLetterLimit(policy), Context(TOPIC, 3, RULES, Policy())
    count_dispositions(records, endings, ledger, limit, context)
    return Counted(ledger, limit.save(), limit.reached, context.findings.dead_letters)


def one_by_one(log: list[str], policy: LimitPolicy) -> Counted:
    """By the definition."""
    ledger, limit, letters = Ledger(), DeadLetterLimit(policy), []
    for at, fate in enumerate(log):
        if fate == USED:
            ledger.used += 1
            limit.record_used()
        elif fate == REPEATED:
            ledger.duplicates += 1
            limit.record_used()
        elif fate == TICK:
            ledger.ticks += 1
        else:
            ledger.dead_letters += 1
            known = None if fate == UNDECODABLE else "A"
            limit.record_dead_letter(fate, 100 + at, senders_of(b"key", known))
            letters.append(
                dead_letter(
                    record(100 + at),
                    topic=TOPIC,
                    partition=3,
                    stage=STAGES.get(fate, VALIDATE),
                    reason=fate,
                    detail="why",
                    source_id=known,
                )
            )
    return Counted(ledger, limit.save(), limit.reached, letters)


@given(fates, st.randoms(use_true_random=False), policies)
def test_a_batch_is_counted_like_its_records(
    log: list[str], rng: Random, policy: LimitPolicy
) -> None:
    found = together(log, rng, policy)
    assert found == one_by_one(log, policy)
    ledger = found.ledger
    ended = ledger.used + ledger.duplicates + ledger.dead_letters + ledger.ticks
    assert ended == len(log)


def test_a_record_without_an_arrival_time_is_refused_for_that_alone() -> None:
    for timestamp in (-1, LATEST_ARRIVAL + 1):
        ending = disposition_of_record(4, record(0, timestamp), Rejected("ANYTHING", "else"))
        assert (ending.position, ending.stage, ending.source_id) == (4, DECODE, None)
        assert ending.rejection.reason == UNDECODABLE
        assert str(timestamp) in ending.rejection.detail
