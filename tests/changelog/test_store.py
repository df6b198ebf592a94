"""The store is a dict with values on disk: same answers, bounded files, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.changelog.segments import BUFFER_BYTES, StoreError, try_directory
from streams.changelog.store import StateStore
from tests.support.disk import files_of_at_most, open_files
from tests.support.generated import examples

SEGMENT = 300
KEYS = st.sampled_from(["0/ledger", "0/source/A", "0/hour/Ә-1/1780000200000", "0/hour/A/1", ""])
VALUES = st.binary(max_size=2 * SEGMENT)


class AgainstDict(RuleBasedStateMachine):
    """Whatever is done to a store and to a dict, they say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.store = StateStore(segment_bytes=SEGMENT)
        self.truth: dict[str, bytes] = {}
        self.held: list[tuple[str, int, bytes]] = []

    @rule(key=KEYS, value=VALUES)
    def put(self, key: str, value: bytes) -> None:
        self.store[key] = value
        self.truth[key] = value

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        assert (self.store.pop(key, None)) == self.truth.pop(key, None)

    @rule(key=KEYS, value=VALUES)
    def hold(self, key: str, value: bytes) -> None:
        self.held.append((key, self.store.stage(key, value), value))

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        if not self.held:
            return
        key, place, value = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        assert self.store.staged(key, place) == value
        if data.draw(st.booleans()):
            self.store.commit(key, place)
            self.truth[key] = value
        else:
            self.store.discard(key, place)

    @rule()
    def tidy(self) -> None:
        for key, place, _ in self.held:
            self.store.discard(key, place)
        self.held.clear()
        self.store.compact()
        alive = sum(10 + len(key.encode()) + len(value) for key, value in self.truth.items())
        # The segment being filled is left alone, and a value may be larger than a segment.
        assert self.store.disk_bytes <= 2 * alive + 4 * SEGMENT

    @invariant()
    def the_same(self) -> None:
        assert self.store == self.truth
        assert (len(self.store), list(self.store)) == (len(self.truth), list(self.store))
        assert all(key in self.store for key in self.truth)
        assert "0/never" not in self.store
        assert self.store.get("0/never") is None


TestAgainstDict = AgainstDict.TestCase
TestAgainstDict.settings = settings(examples(80), stateful_step_count=40)


@examples(40)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 200)), min_size=100, max_size=400))
def test_files_do_not_grow_with_what_was_written(puts: list[tuple[int, int]]) -> None:
    store = StateStore(segment_bytes=2000)
    for key, size in puts:
        store[f"0/hour/A/{key}"] = b"x" * size
        store.compact()
        alive = sum(10 + len(key) + len(value) for key, value in store.items())
        assert store.disk_bytes <= 2 * alive + 2 * 2000


def test_what_is_larger_than_the_buffer_is_read_from_the_disk() -> None:
    store = StateStore(segment_bytes=3 * BUFFER_BYTES)
    wanted = {f"0/hour/A/{n}": os.urandom(BUFFER_BYTES // 7) for n in range(100)}
    store.update(wanted)
    assert store == wanted
    for n in range(0, 100, 3):
        wanted[f"0/hour/A/{n}"] = store[f"0/hour/A/{n}"] = os.urandom(n * 1000)
    for n in range(1, 100, 3):
        del wanted[f"0/hour/A/{n}"], store[f"0/hour/A/{n}"]
    before = store.disk_bytes
    store.compact()
    assert store.disk_bytes < before
    assert store == wanted


def test_two_stores_in_one_directory_share_nothing(tmp_path: Path) -> None:
    first, second = StateStore(tmp_path, 100), StateStore(tmp_path, 100)
    for n in range(50):
        first[f"0/{n}"], second[f"0/{n}"] = b"first", b"second"
    assert set(first.values()) == {b"first"}
    assert set(second.values()) == {b"second"}


def test_files_have_no_name_and_go_with_the_store(tmp_path: Path) -> None:
    store = StateStore(tmp_path, 1000)
    for n in range(100):
        store[f"0/{n}"] = b"x" * 900
    assert list(tmp_path.iterdir()) == []
    assert len(open_files(tmp_path)) == 100
    for n in range(90):
        del store[f"0/{n}"]
    store.compact()
    assert len(open_files(tmp_path)) == 20  # half of it may be dead
    del store
    assert open_files(tmp_path) == []


@pytest.mark.process
def test_a_killed_process_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from streams.changelog.store import StateStore\n"
        "store = StateStore(Path(sys.argv[1]))\n"
        "store.update({str(n): bytes(100_000) for n in range(100)})\n"
        "print(store.disk_bytes, flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout as said:
        assert int(said.readline()) > 10_000_000
    assert list(tmp_path.iterdir()) == []
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_what_the_disk_changed_is_not_believed(tmp_path: Path) -> None:
    store = StateStore(tmp_path, 1000)
    for n in range(4):
        store[f"0/{n}"] = b"x" * 600
    number = min(store._segments._files)
    os.pwrite(store._segments._files[number].fd, b"y", 100)
    with pytest.raises(StoreError, match=r"is damaged.*new start reads the state"):
        store["0/0"]
    assert store["0/1"] == b"x" * 600


@pytest.mark.parametrize("room", [0, 1_500_000])
def test_a_disk_that_takes_no_more_is_a_sentence(tmp_path: Path, room: int) -> None:
    store = StateStore(tmp_path)
    with files_of_at_most(room), pytest.raises(StoreError, match="EMISSIONS_STATE_DIRECTORY"):
        store.update({str(n): bytes(100_000) for n in range(100)})


def test_a_directory_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    try_directory(tmp_path)
    try_directory(None)
    with pytest.raises(StoreError, match=r"missing cannot be written: No such file or directory"):
        try_directory(tmp_path / "missing")
    with files_of_at_most(0), pytest.raises(StoreError, match="cannot be written"):
        try_directory(tmp_path)


def test_a_value_that_is_too_large_is_a_sentence() -> None:
    store = StateStore()
    with pytest.raises(StoreError, match="2,097,152 bytes"):
        store["0/source/A"] = bytes(1 << 21)
    store["0/source/A"] = bytes((1 << 21) - 1)
    assert len(store["0/source/A"]) == (1 << 21) - 1
