"""Saved state is that of complete checkpoints, whatever a crash, a zombie or compaction left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.changelog.replica import ChangelogReplica, Epoch, claim_key, marker_key
from streams.changelog.store import StateStore
from tests.support.generated import examples


class Entry(NamedTuple):
    """A record of the changelog; ``offset`` stays when compaction takes its neighbours."""

    offset: int
    key: bytes
    value: bytes | None
    reaches: int


def fresh() -> ChangelogReplica:
    """Nothing known yet; with files so small that a few values are written, moved and dropped."""
    return ChangelogReplica(0, StateStore(segment_bytes=60))


def checkpoint(reaches: int, **state: bytes | None) -> list[tuple[bytes, bytes | None, int]]:
    records = [(f"0/{key}".encode(), value, reaches) for key, value in state.items()]
    return [*records, (marker_key(0), b"%d" % reaches, reaches)]


def numbered(records: list[tuple[bytes, bytes | None, int]]) -> list[Entry]:
    return [Entry(at, *record) for at, record in enumerate(records)]


def read(state: ChangelogReplica, log: list[Entry]) -> None:
    """Read on to the end, as recovery does."""
    state.rewind()
    for entry in log:
        if entry.offset >= state.position:
            headers = (("other", b"x"), ("next", b"%d" % entry.reaches))
            state.apply(entry.offset, entry.key, entry.value, headers)


def recovered(records: list[tuple[bytes, bytes | None, int]]) -> dict[str, bytes]:
    state = fresh()
    read(state, numbered(records))
    return dict(state.items)


def test_complete_checkpoints_count() -> None:
    log = checkpoint(5, a=b"1", b=b"1") + checkpoint(9, a=b"2", b=None)
    assert recovered(log) == {"0/a": b"2"}


def test_a_checkpoint_without_its_mark_does_not_count() -> None:
    cut_short = checkpoint(9, a=b"2", b=b"2")[:-1]
    assert recovered(checkpoint(5, a=b"1") + cut_short) == {"0/a": b"1"}


def test_a_worker_that_lost_the_partition_is_not_heard() -> None:
    log = checkpoint(5, a=b"1") + checkpoint(9, a=b"2") + checkpoint(7, a=b"1 and a bit")
    assert recovered(log) == {"0/a": b"2"}


def test_what_was_cut_short_is_replaced_by_what_followed() -> None:
    # Judging is a function of the log: the longer checkpoint has what the shorter one touched.
    log = (
        checkpoint(9, a=b"9", b=b"9")[:-1] + checkpoint(7, a=b"7") + checkpoint(11, a=b"9", b=b"3")
    )
    assert recovered(log[:4]) == {"0/a": b"7"}
    assert recovered(log) == {"0/a": b"9", "0/b": b"3"}


def test_records_that_are_none_of_ours_are_passed_over() -> None:
    state = fresh()
    state.apply(0, b"0/a", b"1", (("next", b"five"),))
    state.apply(1, b"0/a", b"1", ())
    state.apply(2, None, b"1", (("next", b"5"),))
    state.apply(3, marker_key(0), b"5", (("next", b"5"),))
    assert (dict(state.items), state.reached, state.position) == ({}, 5, 4)


def test_a_zombie_that_ends_its_checkpoint_late_does_not_leave_half_of_it() -> None:
    # The first half was there when this worker read the end; the mark came after its own.
    zombie = checkpoint(9, a=b"9", b=b"9")
    log = checkpoint(5, a=b"5", b=b"5") + zombie[:1]
    state = fresh()
    read(state, numbered(log))
    own = checkpoint(7, b=b"7")
    state.committed({"0/b": b"7"}, 7, len(log), len(own))
    log += own + zombie[1:]
    read(state, numbered(log))
    assert (dict(state.items), state.reached) == ({"0/a": b"9", "0/b": b"9"}, 9)


def test_the_record_that_reaches_farthest_counts_whatever_came_last() -> None:
    log = checkpoint(5, a=b"5") + checkpoint(9, a=b"9")[:-1] + checkpoint(7, a=b"7")
    assert recovered(log) == {"0/a": b"7"}
    assert recovered(log + checkpoint(9, b=b"9")) == {"0/a": b"9", "0/b": b"9"}


def test_what_a_zombie_wrote_over_is_written_again() -> None:
    # Compaction would keep the zombie's record and lose the good one.
    log = checkpoint(5, a=b"5") + checkpoint(9, a=b"9") + checkpoint(7, a=b"7", b=b"7")
    state = fresh()
    read(state, numbered(log))
    assert (dict(state.items), state.overwritten) == ({"0/a": b"9"}, {"0/a", "0/b"})
    state.committed({"0/a": b"9", "0/b": None}, 11, len(log), 3)
    assert (state.overwritten, state.stale) == (set(), False)


def test_a_good_record_before_a_zombies_is_written_again_too() -> None:
    log = checkpoint(4, a=b"4", b=b"4")[:1] + checkpoint(2, a=b"2") + checkpoint(4, b=b"4")
    state = fresh()
    read(state, numbered(log))
    assert (dict(state.items), state.overwritten) == ({"0/a": b"4", "0/b": b"4"}, {"0/a"})


def test_a_zombies_record_after_a_staged_one_is_written_over_again() -> None:
    cut_short = checkpoint(4, a=b"3", b=b"2")[:-1]
    late = checkpoint(2, b=b"1")
    end = checkpoint(4, a=b"3")
    state = fresh()
    read(state, numbered([*cut_short, *checkpoint(3, a=b"0", b=b"2"), *late, *end]))
    assert dict(state.items) == {"0/a": b"3", "0/b": b"2"}
    # What was staged of b became valid, but the last record of b is the zombie's.
    assert state.overwritten == {"0/b"}


def test_somebody_who_wrote_in_between_is_noticed() -> None:
    state = fresh()
    read(state, numbered(checkpoint(5, a=b"5")))
    state.committed({"0/a": b"7"}, 7, 4, 2)
    assert state.stale
    log = checkpoint(5, a=b"5") + checkpoint(3, a=b"3") + checkpoint(7, a=b"7")
    read(state, numbered(log))
    assert (state.stale, state.overwritten, state.position) == (False, set(), len(log))


def test_keys_that_compaction_took_are_missed() -> None:
    first, second = fresh(), {"0/a": b"5", "0/b": b"5"}
    log = checkpoint(5, a=b"5", b=b"5")
    log[-1] = (marker_key(0), first.marker(second, 5), 5)
    cut_short = checkpoint(9, a=b"9")[:-1]
    whole, compacted = fresh(), fresh()
    read(whole, numbered(log + cut_short))
    assert (dict(whole.items), whole.missing) == (second, 0)
    read(compacted, numbered(log + cut_short)[1:])  # the record that the cut one pushed out
    assert (dict(compacted.items), compacted.missing) == ({"0/b": b"5"}, 1)


INPUTS = st.sampled_from(["a", "b", "c", "-a", "-b"])


@dataclass
class History:
    """A changelog written by workers that crash, and the state after each complete checkpoint.

    Record n of the input sets the key that ``inputs[n]`` names to n; "-a" deletes the key a.
    """

    inputs: list[str]
    log: list[tuple[bytes, bytes | None, int]] = field(default_factory=list)

    def expected(self, reached: int) -> dict[str, bytes]:
        found = self.touched(0, reached)
        return {f"0/{key}": value for key, value in found.items() if value is not None}

    def touched(self, start: int, upto: int) -> dict[str, bytes | None]:
        """What a worker writes that has the state at ``start``: of what came and went, nothing."""
        known = set(self.expected(start)) if start else set()
        found: dict[str, bytes | None] = {}
        for n, key in enumerate(self.inputs[start:upto], start):
            if not key.startswith("-"):
                found[key] = b"%d" % n
            elif f"0/{key[1:]}" in known:
                found[key[1:]] = None
            else:
                found.pop(key[1:], None)
        return found


@st.composite
def histories(draw: st.DrawFn) -> tuple[History, int]:
    """A history of crashes and how far it got."""
    history = History(draw(st.lists(INPUTS, min_size=1, max_size=20)))
    at = 0
    while at < len(history.inputs) and len(history.log) < 60:
        upto = draw(st.integers(at + 1, len(history.inputs)))
        found = fresh()
        read(found, numbered(history.log))
        again = {key[2:]: found.items.get(key) for key in found.to_write_again}
        records = checkpoint(upto, **{**again, **history.touched(at, upto)})
        if draw(st.booleans()):
            history.log += records[: draw(st.integers(0, len(records) - 1))]  # crash
            continue
        history.log += records
        at = upto
    return history, at


@given(histories(), st.data())
@examples(100)
def test_crashes_and_compaction_change_nothing(
    found: tuple[History, int], data: st.DataObject
) -> None:
    history, at = found
    log = numbered(history.log)
    state = fresh()
    read(state, log)
    assert (dict(state.items), state.reached) == (history.expected(at), at)
    # Compaction keeps the last record of each key in the older part of the log.
    marks = [entry.offset for entry in log if entry.key == marker_key(0)]
    if not marks:
        return
    head = data.draw(st.sampled_from(marks)) + 1
    last = {entry.key: entry.offset for entry in log[:head]}
    compacted = [entry for entry in log[:head] if last[entry.key] == entry.offset] + log[head:]
    again = fresh()
    read(again, compacted)
    assert (dict(again.items), again.reached) == (dict(state.items), state.reached)


@given(st.data())
@examples(300)
def test_workers_that_come_and_go_know_what_the_changelog_says(data: st.DataObject) -> None:
    """Three workers own the partition in turn; the others may still be writing (zombies)."""
    draw = data.draw
    history = History(draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=15)))
    workers = [fresh() for _ in range(3)]
    late: list[list[tuple[bytes, bytes | None, int]]] = []  # of zombies, not written yet
    for _ in range(draw(st.integers(1, 12))):
        owner = draw(st.sampled_from(workers))
        read(owner, numbered(history.log))
        assert (dict(owner.items), owner.missing) == (history.expected(owner.reached), 0)
        for _ in range(draw(st.integers(0, 3))):
            if late and draw(st.sampled_from([True, False])):
                history.log += late.pop(draw(st.integers(0, len(late) - 1)))
            start = owner.reached
            if start >= len(history.inputs):
                break
            upto = draw(st.integers(start + 1, len(history.inputs)))
            touched = history.touched(start, upto)
            again = {key[2:]: owner.items.get(key) for key in owner.to_write_again}
            touched = {**again, **touched}
            records = checkpoint(upto, **touched)
            named = {f"0/{key}": value for key, value in touched.items()}
            records[-1] = (marker_key(0), owner.marker(named, upto), upto)
            fate = draw(st.sampled_from(["confirmed", "crash", "zombie"]))
            if fate == "confirmed":
                first = len(history.log)
                history.log += records
                saved = {f"0/{key}": value for key, value in touched.items()}
                owner.committed(saved, upto, first, len(records))
                assert owner.items == history.expected(owner.reached)
                continue
            cut = draw(st.integers(0, len(records)))
            history.log += records[:cut]
            if fate == "zombie":
                late.append(records[cut:])
            break
    last_comer = fresh()
    read(last_comer, numbered(history.log))
    assert last_comer.items == history.expected(last_comer.reached)
    for worker in workers:
        read(worker, numbered(history.log))
        assert (dict(worker.items), worker.reached) == (dict(last_comer.items), last_comer.reached)
    # What is complete and not written over survives compaction of everything.
    last: dict[bytes, Entry] = {entry.key: entry for entry in numbered(history.log)}
    for key, value in last_comer.items.items():
        if key not in last_comer.overwritten and last[key.encode()].reaches <= last_comer.reached:
            assert last[key.encode()].value == value


class Written(NamedTuple):
    """A record of the changelog; None: a claim reaches nothing."""

    key: bytes
    value: bytes | None
    reaches: int | None
    epoch: Epoch | None  # None: of a worker of the version before
    base: int | None = None

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        found: tuple[tuple[str, bytes], ...] = ()
        if self.reaches is not None:
            found = (("next", b"%d" % self.reaches),)
        if self.base is not None:
            found = (*found, ("base", b"%d" % self.base))
        return found if self.epoch is None else (*found, ("epoch", self.epoch.encode()))


def test_the_first_checkpoint_of_an_epoch_counts_wherever_it_ends() -> None:
    # Compaction took the claims of 2, so what a zombie of 1 wrote after them is heard at first.
    zombie, owner = Epoch(1, b"z"), Epoch(2, b"o")
    log = [
        Written(b"0/b", b"9", 9, zombie),
        Written(marker_key(0), b"9 2", 9, zombie),
        Written(b"0/a", b"7", 7, owner),
        Written(b"0/b", b"7", 7, owner),
        Written(marker_key(0), b"7 2", 7, owner),
    ]
    worker = Worker(b"w")
    worker.read(list(enumerate(log)))
    found = worker.replica
    assert (dict(found.items), found.reached, found.missing) == (
        {"0/a": b"7", "0/b": b"7"}, 7, 0,
    )  # fmt: skip


ONE, TWO, THREE = Epoch(1, b"a"), Epoch(2, b"b"), Epoch(3, b"c")
CUT_SHORT = [
    Written(claim_key(0), b"", None, ONE),
    Written(b"0/gone", b"11", 13, ONE),  # deleted by offset 14
    Written(claim_key(0), b"", None, TWO),
    Written(b"0/k", b"5", 9, TWO),
    Written(marker_key(0), b"9 1", 9, TWO, 0),
    Written(claim_key(0), b"", None, THREE),
    Written(b"0/k", b"13", 14, THREE),
    Written(marker_key(0), b"14 1", 14, THREE, 9),
]


def test_what_an_earlier_epoch_left_of_a_checkpoint_never_counts() -> None:
    worker = Worker(b"w")
    log = list(enumerate(CUT_SHORT))
    worker.read(log[:2])
    assert worker.replica.to_write_again == {"0/gone"}
    worker.read(log[:5])
    assert (dict(worker.replica.items), worker.replica.reached) == ({"0/k": b"5"}, 9)
    assert "0/gone" in worker.replica.to_write_again  # compaction may have taken what it was
    for reader in (worker, Worker(b"v")):
        reader.read(log)
        assert (dict(reader.replica.items), reader.replica.missing) == ({"0/k": b"13"}, 0)


def test_what_rests_on_a_marker_that_compaction_took_counts() -> None:
    log = [
        Written(b"0/k", b"5", 7, ONE),
        Written(b"0/l", b"6", 8, TWO),
        Written(marker_key(0), b"8 2", 8, TWO, 7),
    ]
    worker = Worker(b"w")
    worker.read(list(enumerate(log)))
    found = worker.replica
    assert (dict(found.items), found.missing) == ({"0/k": b"5", "0/l": b"6"}, 0)


def test_of_two_claims_of_one_number_compaction_changes_nothing() -> None:
    lesser, greater = Epoch(1, b"a"), Epoch(1, b"b")
    claim = Written(claim_key(0), b"", None, lesser)
    log = [
        Written(claim_key(0), b"", None, greater),
        Written(b"0/k", b"5", 5, greater),
        Written(marker_key(0), b"5 1", 5, greater),
    ]
    for order in ([claim, *log], [log[0], claim, *log[1:]], [claim, *log[1:]], [*log, claim]):
        worker = Worker(b"w")
        worker.read(list(enumerate(order)))
        assert (dict(worker.replica.items), worker.replica.epoch) == ({"0/k": b"5"}, greater)


class Worker:
    """A worker that may not know that it lost the partition."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.replica = fresh()
        self.epoch: Epoch | None = None

    def read(self, log: list[tuple[int, Written]]) -> None:
        """Read on to the end, from the beginning where what it took over counts for nobody."""
        for _ in range(2):
            self.replica.rewind()
            for offset, record in log:
                if offset >= self.replica.position:
                    self.replica.apply(offset, record.key, record.value, record.headers)
            if not self.replica.diverged:
                return
            self.replica = fresh()
        raise AssertionError("what was read from the beginning diverged")

    @property
    def claimed(self) -> bool:
        return self.epoch is not None and self.epoch == self.replica.epoch

    def checkpoint(
        self, history: History, upto: int
    ) -> tuple[dict[str, bytes | None], list[Written]]:
        """What it writes of the state at ``upto``, on top of what it has; with its records."""
        replica, start = self.replica, self.replica.reached
        again = {key[2:]: replica.items.get(key) for key in replica.to_write_again}
        saved = {f"0/{key}": value for key, value in (again | history.touched(start, upto)).items()}
        records = [Written(key.encode(), value, upto, self.epoch) for key, value in saved.items()]
        marker, base = replica.marker(saved, upto), None if self.epoch is None else start
        return saved, [*records, Written(marker_key(0), marker, upto, self.epoch, base)]


@given(st.data())
@examples(400)
def test_of_workers_that_know_nothing_of_another_one_is_heard(data: st.DataObject) -> None:
    """Each writes whole checkpoints whenever it likes, of keys that come and go; some land late."""
    draw = data.draw
    history = History(draw(st.lists(INPUTS, min_size=1, max_size=15)))
    log: list[tuple[int, Written]] = []
    late: list[list[Written]] = []
    workers = [Worker(name) for name in (b"a", b"b", b"c")]

    def write(records: list[Written]) -> int:
        first = len(log)
        log.extend(enumerate(records, first))
        return first

    for _ in range(draw(st.integers(1, 14))):
        if late and draw(st.sampled_from([True, False])):
            write(late.pop(draw(st.integers(0, len(late) - 1))))
        worker = draw(st.sampled_from(workers))
        if worker.replica.stale or draw(st.booleans()):
            worker.read(log)
            found = worker.replica
            assert (dict(found.items), found.missing) == (history.expected(found.reached), 0)
        replica = worker.replica
        if not worker.claimed:
            worker.epoch = Epoch(replica.epoch.number + 1, worker.name)
            if late and draw(st.sampled_from([True, False])):
                write(late.pop(0))
            claim = Written(claim_key(0), b"", None, worker.epoch)
            replica.confirm_claim(worker.epoch, write([claim]))
        start = replica.reached
        if not worker.claimed or start >= len(history.inputs):
            continue
        upto = draw(st.integers(start + 1, len(history.inputs)))
        saved, records = worker.checkpoint(history, upto)
        if draw(st.booleans()):
            replica.committed(saved, upto, write(records), len(records))
            continue
        # What follows is written when others have claimed the changelog, or never.
        cut = draw(st.integers(0, len(records)))
        write(records[:cut])
        late.append(records[cut:])
        worker.replica, worker.epoch = fresh(), None
        worker.name += b"'"  # who comes back has a name of its own
    last_comer = Worker(b"z")
    last_comer.read(log)
    found = last_comer.replica
    assert (dict(found.items), found.missing) == (history.expected(found.reached), 0)
    for worker in workers:
        worker.read(log)
        assert (dict(worker.replica.items), worker.replica.reached) == (
            dict(found.items), found.reached,
        )  # fmt: skip
    # Compaction keeps the last record of each key in the older part of the log.
    head = draw(st.integers(0, len(log)))
    last = {record.key: offset for offset, record in log[:head]}
    compacted = [each for each in log[:head] if last[each[1].key] == each[0]] + log[head:]
    again_read = Worker(b"y")
    again_read.read(compacted)
    if not found.to_write_again and found.reached == again_read.replica.reached:
        assert dict(again_read.replica.items) == dict(found.items)


@given(st.data())
@examples(200)
def test_workers_of_this_version_and_of_the_one_before_take_turns(data: st.DataObject) -> None:
    """Each reads to the end before it writes; some die amid a checkpoint."""
    draw = data.draw
    history = History(draw(st.lists(INPUTS, min_size=1, max_size=15)))
    log: list[tuple[int, Written]] = []
    workers = [Worker(name) for name in (b"a", b"b", b"c")]
    for _ in range(draw(st.integers(1, 12))):
        worker = draw(st.sampled_from(workers))
        worker.read(log)
        replica = worker.replica
        assert (dict(replica.items), replica.missing) == (history.expected(replica.reached), 0)
        if worker.name != b"a":  # which is of the version before
            worker.epoch = Epoch(replica.epoch.number + 1, worker.name)
            log.append((len(log), Written(claim_key(0), b"", None, worker.epoch)))
            assert replica.confirm_claim(worker.epoch, len(log) - 1)
        start = replica.reached
        if start >= len(history.inputs):
            break
        upto = draw(st.integers(start + 1, len(history.inputs)))
        saved, records = worker.checkpoint(history, upto)
        kept = draw(
            st.sampled_from([len(records), len(records), draw(st.integers(0, len(records)))])
        )
        log.extend(enumerate(records[:kept], len(log)))
        if kept == len(records):
            replica.committed(saved, upto, len(log) - kept, kept)
        else:
            worker.replica = fresh()
    for worker in (*workers, Worker(b"z")):
        worker.read(log)
        found = worker.replica
        assert (dict(found.items), found.missing) == (history.expected(found.reached), 0)
