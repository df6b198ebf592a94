"""What may start and what may be committed, for any order of endings and any crash."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from emissions.bridge.window import Bounds, PartitionWindow


@given(st.data())
def test_keys_keep_their_order_and_the_position_is_the_first_unfinished(
    data: st.DataObject,
) -> None:
    keys = data.draw(st.lists(st.sampled_from([b"a", b"b", b"c", None]), max_size=30))
    gaps = data.draw(st.lists(st.integers(1, 3), min_size=len(keys), max_size=len(keys)))
    first = data.draw(st.integers(0, 5))
    window = PartitionWindow(first)
    started: list[int] = []
    ended: list[int] = []
    key_of: dict[int, bytes] = {}
    offset = first - 1
    todo = list(zip(keys, gaps, strict=True))
    while todo or started:
        if todo and (not started or data.draw(st.booleans())):
            key, gap = todo.pop(0)
            offset += gap
            if key is None:
                window.skip(offset)
                continue
            key_of[offset] = key
            if window.add(offset, key, 1):
                started.append(offset)
        else:
            done = started.pop(data.draw(st.integers(0, len(started) - 1)))
            ended.append(done)
            after = window.finish(done)
            if after is not None:
                started.append(after)
        assert len({key_of[each] for each in started}) == len(started)  # one at a time a key
        left = key_of.keys() - set(ended)
        assert window.busy == bool(left)
        assert window.position == (min(left) if left else max(offset + 1, first))
    assert sorted(ended) == sorted(key_of)
    for key in set(key_of.values()):
        own = [each for each in ended if key_of[each] == key]
        assert own == sorted(own)


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=12), st.integers(0, 5), st.integers())
def test_a_receiver_that_knows_ids_sees_each_revision_once_whatever_crashes(
    keys: list[bytes], crashes: int, seed: int
) -> None:
    """The bridge dies at any step; the receiver, the log and the committed offset stay."""
    chance = random.Random(seed)
    log = [(key, keys[: at + 1].count(key)) for at, key in enumerate(keys)]
    committed = 0
    effects: list[tuple[bytes, int]] = []  # of a receiver that acts once an id
    while committed < len(log):
        window = PartitionWindow(committed)
        read, sent, started = committed, set[int](), list[int]()
        while committed < len(log):
            steps = ["read"] * (read < len(log)) + ["post", "end"] * bool(started) + ["commit"]
            step = chance.choice(steps + ["crash"] * bool(crashes))
            at = chance.choice(started) if step in ("post", "end") else 0
            if step == "crash":
                crashes -= 1
                break
            if step == "read":
                if window.add(read, log[read][0], 1):
                    started.append(read)
                read += 1
            elif step == "post" or (step == "end" and at not in sent):
                sent.add(at)
                if log[at] not in effects:
                    effects.append(log[at])
            elif step == "end":
                started.remove(at)
                after = window.finish(at)
                if after is not None:
                    started.append(after)
            else:
                assert set(log[: window.position]) <= set(effects)  # nothing is missed
                committed = window.position
    assert sorted(effects) == sorted(log)
    for key in set(keys):
        own = [revision for name, revision in effects if name == key]
        assert own == sorted(own)  # no revision overtakes the one before


def test_a_window_is_full_by_records_by_bytes_and_by_what_is_sent_again() -> None:
    def full(bounds: Bounds) -> list[bool]:
        window, told = PartitionWindow(0, bounds), []
        for offset in range(4):
            window.add(offset, b"%d" % offset, 10)
            told.append(window.full)
        for offset in (1, 2, 3):
            window.finish(offset)
        return [*told, window.full]

    assert full(Bounds()) == [False] * 5
    assert full(Bounds(unfinished=3)) == [False, False, True, True, False]
    assert full(Bounds(size=20)) == [False, True, True, True, False]
    assert full(Bounds(ahead=4)) == [False, False, False, True, True]  # 0 is not finished yet
