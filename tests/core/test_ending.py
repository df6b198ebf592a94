"""Where records end: counted at once for a batch as if they had been counted one by one."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.core.bury import dead_letter
from streams.core.context import Context
from streams.core.dead_letter_limit import DeadLetterLimit, LimitPolicy, senders_of
from streams.core.ending import (
    DECODE,
    DEDUPLICATE,
    VALIDATE,
    Ending,
    count,
    judged_alone,
    refused_by_source,
)
from streams.core.findings import DeadLetter
from streams.core.intake import Refused
from streams.core.log import Ledger, RawRecord
from streams.core.policy import Policy
from streams.core.quality import (
    BAD_PERIOD,
    CONFLICTING_DUPLICATE,
    LATEST_ARRIVAL,
    TEST_STREAM,
    TOO_LATE,
    UNDECODABLE,
    UNKNOWN_SOURCE,
    Refusal,
)
from streams.core.reading import Rejected, Tick
from streams.core.source_fold import DUPLICATE
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


def ending_of(position: int, fate: str) -> Ending:
    if fate == TICK:
        return judged_alone(position, record(0), Tick())
    if fate == REPEATED:
        return refused_by_source(position, "A", DUPLICATE)
    if fate in (TOO_LATE, CONFLICTING_DUPLICATE):
        return refused_by_source(position, "A", Refusal(fate, "why"))
    if fate == UNDECODABLE:
        return judged_alone(position, record(0), Rejected(fate, "why"))
    return judged_alone(position, record(0), Refused(Refusal(fate, "why"), "A"))


def together(log: list[str], rng: Random, policy: LimitPolicy) -> Counted:
    """By `count`, the endings in any order."""
    records = [record(100 + at) for at in range(len(log))]
    endings = [ending_of(at, fate) for at, fate in enumerate(log) if fate != USED]
    rng.shuffle(endings)
    ledger, limit, context = Ledger(), DeadLetterLimit(policy), Context(TOPIC, 3, RULES, Policy())
    count(records, endings, ledger, limit, context)
    return Counted(ledger, limit.save(), limit.reached, context.findings.dead_letters)


def one_by_one(log: list[str], policy: LimitPolicy) -> Counted:
    """By the definition."""
    ledger, limit, letters = Ledger(), DeadLetterLimit(policy), []
    for at, fate in enumerate(log):
        if fate == USED:
            ledger.used += 1
            limit.good()
        elif fate == REPEATED:
            ledger.duplicates += 1
            limit.good()
        elif fate == TICK:
            ledger.ticks += 1
        else:
            ledger.dead_letters += 1
            known = None if fate == UNDECODABLE else "A"
            limit.dead(fate, 100 + at, senders_of(b"key", known))
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


def test_without_a_time_of_arrival_nothing_else_is_said_of_a_record() -> None:
    for timestamp in (-1, LATEST_ARRIVAL + 1):
        ending = judged_alone(4, record(0, timestamp), Rejected("ANYTHING", "else"))
        assert (ending.position, ending.stage, ending.source_id) == (4, DECODE, None)
        assert ending.refusal.reason == UNDECODABLE
        assert str(timestamp) in ending.refusal.detail
