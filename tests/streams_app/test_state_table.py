"""Recovery takes over complete checkpoints, whatever a crash, a zombie or compaction left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import faust
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from streams.checkpoint import mark_key
from streams.state_table import StateTable

Log = list[tuple[bytes, bytes | None, int]]  # key, value, input offset that is reached


def checkpoint(reaches: int, **state: bytes | None) -> Log:
    records = [(f"0/{key}".encode(), value, reaches) for key, value in state.items()]
    return [*records, (mark_key(0), b"%d" % reaches, reaches)]


def event(key: bytes, value: bytes | None, reaches: int) -> Any:
    headers = (("next", b"%d" % reaches),)
    message = SimpleNamespace(key=key, value=value, partition=0, headers=headers)
    return SimpleNamespace(key=key, value=value, message=message)


def recovered(log: Log, cut: int = 1000) -> dict[str, bytes]:
    app = faust.App("table-test", broker="kafka://127.0.0.1:1", store="memory://")
    table = StateTable(app, partitions=1)
    for start in range(0, len(log), cut):
        table.apply_changelog_batch([event(*record) for record in log[start : start + cut]])
    return table.of_partition(0)


def test_complete_checkpoints_count() -> None:
    log = checkpoint(5, a=b"1", b=b"1") + checkpoint(9, a=b"2", b=None)
    assert recovered(log) == {"0/a": b"2"}


def test_a_checkpoint_without_its_mark_does_not() -> None:
    cut_short = checkpoint(9, a=b"2", b=b"2")[:-1]
    assert recovered(checkpoint(5, a=b"1") + cut_short) == {"0/a": b"1"}


def test_a_worker_that_lost_the_partition_is_not_heard() -> None:
    log = checkpoint(5, a=b"1") + checkpoint(9, a=b"2") + checkpoint(7, a=b"1 and a bit")
    assert recovered(log) == {"0/a": b"2"}


def test_what_was_cut_short_counts_when_a_longer_one_is_complete() -> None:
    # Judging is a function of the log: the longer checkpoint has what the shorter one touched.
    log = checkpoint(9, a=b"2", b=b"2")[:-1] + checkpoint(7, a=b"1") + checkpoint(11, b=b"3")
    assert recovered(log[:4]) == {"0/a": b"1"}
    assert recovered(log) == {"0/a": b"1", "0/b": b"3"}


@st.composite
def histories(draw: st.DrawFn) -> tuple[Log, list[dict[str, bytes]]]:
    """A changelog written by workers that crash, and the state after each complete checkpoint.

    Record n of the input sets the key that ``inputs[n]`` names to n.
    """
    inputs = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=20))
    log: Log = []
    at, state = 0, dict[str, bytes]()
    states = [dict(state)]
    while at < len(inputs) and len(log) < 60:
        upto = draw(st.integers(at + 1, len(inputs)))
        touched = {key: b"%d" % n for n, key in enumerate(inputs[:upto]) if n >= at}
        records = checkpoint(upto, **touched)
        if draw(st.booleans()):
            log += records[: draw(st.integers(0, len(records) - 1))]  # crash
            continue
        log += records
        state |= {f"0/{key}": value for key, value in touched.items()}
        states.append(dict(state))
        at = upto
    return log, states


@given(histories(), st.integers(1, 7), st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_crashes_and_compaction_change_nothing(
    history: tuple[Log, list[dict[str, bytes]]], cut: int, data: st.DataObject
) -> None:
    log, states = history
    assert recovered(log, cut) == states[-1]
    # Compaction keeps the last record of each key in the older part of the log.
    marks = [at for at, record in enumerate(log) if record[0] == mark_key(0)]
    if not marks:
        return
    head = data.draw(st.sampled_from(marks)) + 1
    kept = {record[0]: at for at, record in enumerate(log[:head])}
    compacted = [record for at, record in enumerate(log[:head]) if kept[record[0]] == at]
    assert recovered(compacted + log[head:], cut) == states[-1]
