"""Freezing: every message once, in order, under a token that a retry repeats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.batch import Batch, BatchLimits, Entry, FetchedEntries, OpenBatch
from tests.sinks.make import batch, entry

LIMITS = BatchLimits(rows=20, messages=15, bytes=400, age_s=2.0)

sizes = st.tuples(st.integers(1, 9), st.sets(st.integers(0, 8)), st.floats(0, 3))
shapes_of_fetches = st.lists(sizes, max_size=40)


def fetches(shapes: list[tuple[int, set[int], float]]) -> list[tuple[FetchedEntries, float]]:
    """Consecutive portions and the time that passes before each; not every offset has rows."""
    found, offset = [], 0
    for length, kept, passed in shapes:
        entries = tuple(entry(offset + i, None, rows=i % 4) for i in range(length) if i in kept)
        found.append((FetchedEntries(offset, offset + length - 1, entries), passed))
        offset += length
    return found


def cut(shapes: list[tuple[int, set[int], float]]) -> tuple[list[Batch], list[float]]:
    """Batches as a lane freezes them, and the age that each had."""
    gathering, now = OpenBatch("t", 3, LIMITS), 0.0
    batches: list[Batch] = []
    ages: list[float] = []
    since = 0.0
    for fetched, passed in fetches(shapes):
        due = gathering.due_in(now)
        if due is not None and due <= passed:
            batches.append(gathering.freeze())
            ages.append(now + due - since)
        now += passed
        if gathering.due_in(now) is None:
            since = now
        gathering.add(fetched, now)
    if gathering.due_in(now) is not None:
        batches.append(gathering.freeze())
        ages.append(0.0)
    return batches, ages


@given(shapes_of_fetches)
def test_every_message_is_in_one_batch_in_order(
    shapes: list[tuple[int, set[int], float]],
) -> None:
    batches, _ = cut(shapes)
    wanted = [e for fetched, _ in fetches(shapes) for e in fetched.entries]
    assert [e for b in batches for e in b.entries] == wanted


@given(shapes_of_fetches)
def test_batches_cover_every_offset_without_overlap(
    shapes: list[tuple[int, set[int], float]],
) -> None:
    batches, _ = cut(shapes)
    covered = [offset for b in batches for offset in range(b.first, b.last + 1)]
    assert covered == list(range(sum(length for length, _, _ in shapes)))
    tokens = [b.token("readings") for b in batches]
    assert len(set(tokens)) == len(tokens)


@given(shapes_of_fetches)
def test_a_batch_stays_under_its_limits_but_for_one_portion(
    shapes: list[tuple[int, set[int], float]],
) -> None:
    batches, ages = cut(shapes)
    assert all(sum(e.rows for e in b.entries) < LIMITS.rows + 9 * 3 for b in batches)
    assert all(b.last - b.first + 1 < LIMITS.messages + 9 for b in batches)
    assert all(age <= LIMITS.age_s + 1e-9 for age in ages)


def test_the_token_names_table_topic_partition_and_range() -> None:
    assert batch([entry(5, None), entry(9, None)], "t", 2).token("means") == "means:t:2:5-9"


def test_an_empty_batch_still_has_a_range() -> None:
    gathering = OpenBatch("t", 0, LIMITS)
    gathering.add(FetchedEntries(4, 7, ()), 0.0)
    assert gathering.due_in(1.5) == 0.5
    assert gathering.freeze() == Batch("t", 0, 4, 7, ())
    assert gathering.due_in(9.0) is None


def test_offsets_do_not_run_backwards() -> None:
    gathering = OpenBatch("t", 0, LIMITS)
    gathering.add(FetchedEntries(4, 7, ()), 0.0)
    with pytest.raises(ValueError, match="offset 7 follows 7"):
        gathering.add(FetchedEntries(7, 9, ()), 0.0)


@given(st.lists(st.integers(0, 500), min_size=2, unique=True).map(sorted))
def test_halves_are_the_whole(offsets: list[int]) -> None:
    whole = Batch("t", 0, 0, 600, tuple(entry(offset, None) for offset in offsets))
    left, right = whole.split()
    assert [*left.entries, *right.entries] == [*whole.entries]
    assert left.entries
    assert right.entries
    assert (left.first, left.last + 1, right.last) == (whole.first, right.first, whole.last)
    assert all(left.first <= e.offset <= left.last for e in left.entries)


def test_an_entry_is_not_changed_by_freezing() -> None:
    kept: Entry = entry(1, {"a": 1})
    gathering = OpenBatch("t", 0, LIMITS)
    gathering.add(FetchedEntries(1, 1, (kept,)), 0.0)
    assert gathering.freeze().entries[0] is kept
