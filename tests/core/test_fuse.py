"""The fuse: where it blows, told a second time by looking at the whole log at once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.fuse import OFF, PASSED_OVER, Blown, Fuse, FusePolicy
from streams.core.quality import (
    BAD_PERIOD,
    BEFORE_COMMISSIONING,
    FROM_THE_FUTURE,
    TOO_LATE,
    UNDECODABLE,
    UNKNOWN_SCHEMA,
    UNKNOWN_SOURCE,
)

GOOD = ""
COUNTED = (
    UNDECODABLE,
    UNKNOWN_SCHEMA,
    UNKNOWN_SOURCE,
    BAD_PERIOD,
    FROM_THE_FUTURE,
    BEFORE_COMMISSIONING,
)
fates = st.lists(st.sampled_from((GOOD, GOOD, *COUNTED[:3], *sorted(PASSED_OVER))), max_size=80)
policies = st.builds(
    FusePolicy,
    share=st.sampled_from((0.0, 0.1, 0.5, 0.75, 1.0)),
    records=st.integers(1, 20),
    run=st.integers(0, 8),
)


def tell(fuse: Fuse, fate: str, offset: int) -> None:
    if fate == GOOD:
        fuse.good()
    else:
        fuse.dead(fate, offset)


def first_blow(log: list[str], policy: FusePolicy) -> int | None:
    """The offset at which the fuse must blow: each beginning of the log looked at as a whole."""
    for upto in range(1, len(log) + 1):
        seen = [fate for fate in log[:upto] if fate not in PASSED_OVER]
        if log[upto - 1] == GOOD or log[upto - 1] in PASSED_OVER:
            continue
        last = seen[-policy.records :]
        dead = sum(fate != GOOD for fate in last)
        full = len(seen) >= policy.records
        if policy.share and full and dead >= policy.share * policy.records:
            return upto - 1
        if policy.run and len(seen) >= policy.run and GOOD not in seen[-policy.run :]:
            return upto - 1
    return None


@given(fates, policies, st.sets(st.integers(0, 80)))
def test_it_blows_where_the_log_says_wherever_the_worker_starts_again(
    log: list[str], policy: FusePolicy, starts: set[int]
) -> None:
    fuse, found = Fuse(policy), None
    for offset, fate in enumerate(log):
        if offset in starts:
            fuse = Fuse(policy, fuse.save())
        tell(fuse, fate, offset)
        if fuse.blown is not None:
            found = offset
            break
    assert found == first_blow(log, policy)


@given(fates, policies)
def test_what_it_says_is_true(log: list[str], policy: FusePolicy) -> None:
    fuse = Fuse(policy)
    for offset, fate in enumerate(log):
        tell(fuse, fate, offset)
        if fuse.blown is not None:
            break
    if fuse.blown is None:
        return
    blown = fuse.blown
    seen = [(at, fate) for at, fate in enumerate(log[: offset + 1]) if fate not in PASSED_OVER]
    last = [(at, fate) for at, fate in seen[-blown.messages :] if fate != GOOD]
    assert blown.dead == len(last)
    reasons = Counter(fate for _, fate in last)
    assert blown.most == max(reasons.values()) == reasons[blown.reason]
    assert blown.first_offset <= last[0][0]
    assert log[blown.first_offset] == last[0][1]
    assert GOOD not in [log[at] for at in range(blown.first_offset, last[0][0])]


@given(fates, st.permutations(range(20)))
def test_among_the_last_messages_their_order_does_not_matter(
    log: list[str], order: list[int]
) -> None:
    def share(messages: list[str]) -> bool:
        fuse = Fuse(FusePolicy(share=0.5, records=20, run=0))
        for offset, fate in enumerate(messages):
            tell(fuse, fate, offset)
        tell(fuse, UNDECODABLE, len(messages))
        return fuse.blown is not None

    counted = [fate for fate in log if fate not in PASSED_OVER][:19]
    if len(counted) == 19:
        mixed = [counted[at] for at in order if at < 19]
        assert share(counted) == share(mixed)


runs = st.lists(
    st.tuples(st.sampled_from((GOOD, *COUNTED[:2], TOO_LATE)), st.integers(0, 30)), max_size=20
)


@given(runs, policies)
def test_many_good_messages_are_as_many_single_ones(
    log: list[tuple[str, int]], policy: FusePolicy
) -> None:
    together, singly, offset = Fuse(policy), Fuse(policy), 0
    for fate, times in log:
        for at in range(offset, offset + times):
            tell(singly, fate, at)
            if fate != GOOD:
                tell(together, fate, at)
        if fate == GOOD:
            together.good(times)
        offset += times
        assert together.save() == singly.save()
        assert together.blown == singly.blown


@pytest.mark.parametrize("reason", COUNTED)
def test_a_bad_deploy_blows_it(reason: str) -> None:
    fuse = Fuse(FusePolicy())
    for offset in range(1, 1000):
        fuse.dead(reason, offset)
    assert fuse.blown is None
    fuse.dead(reason, 1000)
    assert fuse.blown == Blown(True, 1000, 1000, reason, 1000, 1)


def test_a_backfill_of_old_files_does_not_and_hides_nothing() -> None:
    fuse = Fuse(FusePolicy())
    for offset in range(100_000):
        fuse.dead(TOO_LATE, offset)
    assert fuse.blown is None
    for offset in range(100_000, 102_000, 2):
        fuse.dead(UNKNOWN_SOURCE, offset)
        fuse.dead(TOO_LATE, offset + 1)
    assert fuse.blown is not None
    assert fuse.blown.first_offset == 100_000


def test_half_of_the_last_two_thousand_blow_it_when_there_are_as_many() -> None:
    fuse = Fuse(FusePolicy())
    for offset in range(0, 1998, 2):
        fuse.dead(UNKNOWN_SCHEMA, offset)
        fuse.good()
    fuse.good()
    assert fuse.blown is None
    fuse.dead(UNKNOWN_SOURCE, 1999)
    assert fuse.blown == Blown(False, 1000, 2000, UNKNOWN_SCHEMA, 999, 0)


def test_off_it_never_blows_and_on_again_it_begins_anew() -> None:
    fuse = Fuse(FusePolicy(records=10, run=10))
    for offset in range(9):
        fuse.dead(UNDECODABLE, offset)
    fuse = Fuse(OFF, fuse.save())
    for offset in range(9, 5000):
        fuse.dead(UNDECODABLE, offset)
    assert fuse.blown is None
    fuse = Fuse(FusePolicy(records=10, run=10), fuse.save())
    for offset in range(5000, 5009):
        fuse.dead(UNDECODABLE, offset)
        assert fuse.blown is None
    fuse.dead(UNDECODABLE, 5009)
    assert fuse.blown is not None


def test_its_sentence_says_where_how_many_why_and_what_to_do() -> None:
    assert Blown(True, 1000, 1000, UNKNOWN_SOURCE, 980, 1234).sentence("emissions.readings", 2) == (
        "the fuse of emissions.readings/2 has blown: 1000 messages in a row cannot be used, most "
        "of them UNKNOWN_SOURCE (980), the first at offset 1234; mend what was deployed, or set "
        "EMISSIONS_FUSE_RUN to 0 if they are to be refused, then start again (nothing of the "
        "batch that blew it was diverted or acknowledged)"
    )
    said = Blown(False, 1000, 2000, UNDECODABLE, 999, 7).sentence("emissions.readings", 0)
    assert "1000 of the last 2000 messages cannot be used" in said
    assert "EMISSIONS_FUSE_SHARE to 0" in said


def test_what_it_saves_stays_small() -> None:
    fuse = Fuse(FusePolicy(share=1.0, records=2000, run=0))
    for offset in range(0, 100_000, 2):
        fuse.dead(COUNTED[offset // 2 % len(COUNTED)], offset)
        fuse.good()
    assert len(fuse.save()) < 50_000
