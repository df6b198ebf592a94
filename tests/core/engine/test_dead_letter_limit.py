"""The dead-letter limit: where it is reached, told a second time by looking at the whole log."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.engine.dead_letter_limit import (
    OFF,
    PASSED_OVER,
    DeadLetterLimit,
    LimitPolicy,
    Reached,
    Senders,
    senders_of,
)
from streams.core.law.quality_codes import (
    BAD_PERIOD,
    BEFORE_COMMISSIONING,
    FROM_THE_FUTURE,
    TOO_LATE,
    UNDECODABLE,
    UNKNOWN_SCHEMA,
    UNKNOWN_SOURCE,
    WRONG_PARTITION,
)

GOOD = ""
COUNTED = (
    UNDECODABLE,
    UNKNOWN_SCHEMA,
    UNKNOWN_SOURCE,
    WRONG_PARTITION,
    BAD_PERIOD,
    FROM_THE_FUTURE,
    BEFORE_COMMISSIONING,
)


class Fate(NamedTuple):
    """What became of a message, and whose it is."""

    what: str
    senders: Senders = (1,)


reasons = st.sampled_from((GOOD, GOOD, *COUNTED[:3], *sorted(PASSED_OVER)))
whose = st.sampled_from([(1,), (2,), (3,), (1, 2), (2, 3)])
fates = st.lists(st.builds(Fate, reasons, whose), max_size=80)
policies = st.builds(
    LimitPolicy,
    share=st.sampled_from((0.0, 0.1, 0.5, 0.75, 1.0)),
    records=st.integers(1, 20),
    run=st.integers(0, 8),
    senders=st.integers(1, 3),
)


def tell(limit: DeadLetterLimit, fate: Fate, offset: int) -> None:
    if fate.what == GOOD:
        limit.record_used()
    else:
        limit.record_dead_letter(fate.what, offset, fate.senders)


def room(counted: list[Fate], senders: Senders, most: int) -> bool:
    """Whether each of the senders has had less than its part of what was counted."""
    dead = [fate for fate in counted if fate.what != GOOD]
    return all(sum(sender in fate.senders for fate in dead) < most for sender in senders)


def first_reached(log: list[Fate], policy: LimitPolicy) -> int | None:
    """The offset at which the limit must be reached, by lists of all that was counted."""
    window: list[Fate] = []
    run: list[Fate] = []
    for offset, fate in enumerate(log):
        if fate.what in PASSED_OVER:
            continue
        if fate.what == GOOD:
            window.append(fate)
            run = []
            continue
        part = int(policy.share * policy.records / policy.senders)
        if room(window[-policy.records :], fate.senders, max(1, part)):
            window.append(fate)
        if policy.run and room(run, fate.senders, max(1, policy.run // policy.senders)):
            run.append(fate)
        last = window[-policy.records :]
        dead = sum(each.what != GOOD for each in last)
        if policy.share and len(window) >= policy.records and dead >= policy.share * policy.records:
            return offset
        if policy.run and len(run) >= policy.run:
            return offset
    return None


@given(fates, policies, st.sets(st.integers(0, 80)))
def test_limit_is_reached_at_the_same_offset_wherever_the_worker_restarts(
    log: list[Fate], policy: LimitPolicy, starts: set[int]
) -> None:
    limit, found = DeadLetterLimit(policy), None
    for offset, fate in enumerate(log):
        if offset in starts:
            limit = DeadLetterLimit(policy, limit.save())
        tell(limit, fate, offset)
        if limit.reached is not None:
            found = limit.reached.offset
            assert found == offset
            break
    assert found == first_reached(log, policy)


@given(st.lists(reasons, max_size=80), policies)
def test_what_it_says_is_true(log: list[str], policy: LimitPolicy) -> None:
    """Each message is another sender's, so that no sender has had its part of the limit."""
    policy = policy._replace(senders=1)
    limit, offset = DeadLetterLimit(policy), 0
    for offset, what in enumerate(log):
        tell(limit, Fate(what, (offset,)), offset)
        if limit.reached is not None:
            break
    if limit.reached is None:
        return
    reached = limit.reached
    seen = [(at, fate) for at, fate in enumerate(log[: offset + 1]) if fate not in PASSED_OVER]
    last = [(at, fate) for at, fate in seen[-reached.messages :] if fate != GOOD]
    assert reached.dead == len(last)
    counts = Counter(fate for _, fate in last)
    assert reached.most == max(counts.values()) == counts[reached.reason]
    assert reached.first_offset <= last[0][0]
    assert log[reached.first_offset] == last[0][1]
    assert GOOD not in [log[at] for at in range(reached.first_offset, last[0][0])]
    assert reached.senders == len(last)


runs = st.lists(
    st.tuples(st.sampled_from((GOOD, *COUNTED[:2], TOO_LATE)), st.integers(0, 30)), max_size=20
)


@given(runs, policies)
def test_many_good_messages_are_as_many_single_ones(
    log: list[tuple[str, int]], policy: LimitPolicy
) -> None:
    together, singly, offset = DeadLetterLimit(policy), DeadLetterLimit(policy), 0
    for what, times in log:
        for at in range(offset, offset + times):
            tell(singly, Fate(what), at)
            if what != GOOD:
                tell(together, Fate(what), at)
        if what == GOOD:
            together.record_used(times)
        offset += times
        assert together.save() == singly.save()
        assert together.reached == singly.reached


@pytest.mark.parametrize("reason", COUNTED)
def test_a_bad_deploy_reaches_the_limit(reason: str) -> None:
    limit = DeadLetterLimit(LimitPolicy())
    for offset in range(1, 1000):
        limit.record_dead_letter(reason, offset, (offset % 40,))
    assert limit.reached is None
    limit.record_dead_letter(reason, 1000, (0,))
    assert limit.reached == Reached(True, 1000, 1000, reason, 1000, 1, 1000, 40)


@pytest.mark.parametrize(
    "sender",
    [
        senders_of(b"one", None),
        senders_of(b"one", "one"),
        senders_of(None, None),
        senders_of(None, "one"),
    ],
)
@pytest.mark.parametrize("good_among_them", [0, 1, 3])
def test_a_single_sender_never_reaches_the_limit(sender: Senders, good_among_them: int) -> None:
    limit = DeadLetterLimit(LimitPolicy())
    for offset in range(20_000):
        limit.record_dead_letter(UNDECODABLE, offset, sender)
        limit.record_used(good_among_them)
    assert limit.reached is None


def test_a_key_for_many_sources_and_a_source_under_many_keys_are_one_sender() -> None:
    for senders in (
        [senders_of(b"gateway", f"source {number}") for number in range(2000)],
        [senders_of(b"%d" % number, "source") for number in range(2000)],
    ):
        limit = DeadLetterLimit(LimitPolicy())
        for offset, sender in enumerate(senders):
            limit.record_dead_letter(UNKNOWN_SOURCE, offset, sender)
        assert limit.reached is None


def test_the_noise_of_one_hides_no_bad_deploy() -> None:
    """However fast it sends between the messages of the others."""
    limit, offset = DeadLetterLimit(LimitPolicy()), 0
    for number in range(1000):
        for _ in range(50):
            limit.record_dead_letter(UNDECODABLE, offset, (7,))
            offset += 1
        limit.record_dead_letter(UNKNOWN_SCHEMA, offset, (100 + number % 30,))
        offset += 1
        if limit.reached is not None:
            break
    assert limit.reached is not None
    assert (limit.reached.reason, limit.reached.senders) == (UNKNOWN_SCHEMA, 31)


def test_a_backfill_of_old_files_does_not_reach_it_and_hides_nothing() -> None:
    limit = DeadLetterLimit(LimitPolicy())
    for offset in range(100_000):
        limit.record_dead_letter(TOO_LATE, offset, (offset % 9,))
    assert limit.reached is None
    for offset in range(100_000, 102_000, 2):
        limit.record_dead_letter(UNKNOWN_SOURCE, offset, (offset // 2 % 9,))
        limit.record_dead_letter(TOO_LATE, offset + 1, (1,))
    assert limit.reached is not None
    assert limit.reached.first_offset == 100_000


def test_half_of_the_last_two_thousand_reach_it_when_there_are_as_many() -> None:
    limit = DeadLetterLimit(LimitPolicy())
    for offset in range(0, 1998, 2):
        limit.record_dead_letter(UNKNOWN_SCHEMA, offset, (offset // 2 % 9,))
        limit.record_used()
    limit.record_used()
    assert limit.reached is None
    limit.record_dead_letter(UNKNOWN_SOURCE, 1999, (1,))
    assert limit.reached == Reached(False, 1000, 2000, UNKNOWN_SCHEMA, 999, 0, 1999, 9)


def test_limit_switched_off_is_never_reached_and_switched_on_counts_from_zero() -> None:
    policy = LimitPolicy(records=10, run=10, senders=1)
    limit = DeadLetterLimit(policy)
    for offset in range(9):
        limit.record_dead_letter(UNDECODABLE, offset, (offset,))
    limit = DeadLetterLimit(OFF, limit.save())
    for offset in range(9, 5000):
        limit.record_dead_letter(UNDECODABLE, offset, (offset,))
    assert limit.reached is None
    limit = DeadLetterLimit(policy, limit.save())
    for offset in range(5000, 5009):
        limit.record_dead_letter(UNDECODABLE, offset, (offset,))
        assert limit.reached is None
    limit.record_dead_letter(UNDECODABLE, 5009, (1,))
    assert limit.reached is not None


def test_count_starts_from_zero_where_a_person_resumed() -> None:
    limit = DeadLetterLimit(LimitPolicy(), resumed=lambda offset: offset == 999)
    for offset in range(1999):
        limit.record_dead_letter(UNDECODABLE, offset, (offset % 40,))
    assert limit.reached is None
    limit.record_dead_letter(UNDECODABLE, 1999, (0,))
    assert limit.reached is not None
    assert limit.reached.first_offset == 1000


def test_limit_message_names_place_count_reasons_and_remedy() -> None:
    reached = Reached(True, 1000, 1000, UNKNOWN_SOURCE, 980, 1234, 2300, 40)
    assert reached.sentence("emissions.readings", 2) == (
        "the dead-letter limit of emissions.readings/2 is reached at offset 2300: 1000 messages in "
        "a row, from 40 senders, cannot be used, most of them UNKNOWN_SOURCE (980), the first at "
        "offset 1234; mend what was deployed and start the worker again, or let them be "
        "refused"
    )
    said = Reached(False, 1000, 2000, UNDECODABLE, 999, 7, 9, 6).sentence("emissions.readings", 0)
    assert "1000 of the last 2000 messages, from 6 senders, cannot be used" in said


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_keys_that_somebody_makes_up_fill_no_memory(share: float) -> None:
    limit = DeadLetterLimit(LimitPolicy(share=share, records=2000, run=0))
    for offset in range(0, 100_000, 2):
        reason = COUNTED[offset // 2 % len(COUNTED)]
        limit.record_dead_letter(reason, offset, senders_of(b"%d" % offset * 1000, f"{offset}"))
        limit.record_used(2)
    assert limit.reached is None
    assert len(limit.save()) < 50_000


def test_while_all_is_well_it_has_nothing_new_to_save() -> None:
    limit = DeadLetterLimit(LimitPolicy())
    limit.record_used(5000)
    before = limit.save()
    limit.record_used(70_000)
    assert limit.save() == before
