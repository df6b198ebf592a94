"""Objects are kept by name and version, in the order and with the times that the broker needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.embedded.object_server import listing
from deploy.embedded.object_store import Listed, ObjectStore, StoreError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "objects.db"


def test_what_was_written_is_there_when_it_is_opened_again(file: Path) -> None:
    store = ObjectStore(file)
    version = store.put("a/1", b"\x00one", over=None)
    store.close()
    found = ObjectStore(file).get("a/1")
    assert found is not None
    about, content = found
    assert (about.version, content) == (version, b"\x00one")


def test_a_conditional_write_changes_nothing_unless_its_condition_holds(file: Path) -> None:
    store = ObjectStore(file)
    first = store.put("a", b"1", over=None, new=True)
    assert first is not None
    assert store.put("a", b"2", over=None, new=True) is None
    assert store.put("a", b"2", over=first + 1) is None
    assert store.put("b", b"2", over=first) is None
    second = store.put("a", b"2", over=first)
    assert second is not None
    assert second > first
    assert store.put("a", b"3", over=first) is None
    found = store.get("a")
    assert found is not None
    assert found[1] == b"2"


def test_a_version_is_never_given_twice_also_after_a_removal(file: Path) -> None:
    store = ObjectStore(file)
    first = store.put("a", b"1", over=None)
    store.delete("a")
    assert store.get("a") is None
    store.close()
    assert store is not None
    again = ObjectStore(file).put("a", b"1", over=None)
    assert first is not None
    assert again is not None
    assert again > first


def test_no_two_objects_have_one_time_and_later_ones_have_later_times(file: Path) -> None:
    store = ObjectStore(file)
    for number in range(200):
        store.put(f"{number:03d}", b"", over=None)
    times = [each.written_us for each in store.list("")]
    assert times == sorted(set(times))
    store.close()
    later = ObjectStore(file)
    later.put("later", b"", over=None)
    assert later.list("later")[0].written_us > times[-1]


def test_a_listing_is_of_a_prefix_in_the_order_of_names(file: Path) -> None:
    store = ObjectStore(file)
    for name in ("b/2", "a/1", "b/1", "b0", "b/10"):
        store.put(name, name.encode(), over=None)
    assert [each.name for each in store.list("b/")] == ["b/1", "b/10", "b/2"]
    assert [each.name for each in store.list("b/", "b/1")] == ["b/10", "b/2"]
    assert [each.size for each in store.list("a/")] == [3]


def test_a_second_process_may_not_open_the_file(file: Path) -> None:
    store = ObjectStore(file)
    store.put("a", b"", over=None)
    with pytest.raises(StoreError, match="another process has it open"):
        ObjectStore(file)
    store.close()


def test_a_file_of_something_else_is_named(file: Path) -> None:
    file.write_bytes(b"no database at all, but some text" * 40)
    with pytest.raises(StoreError, match=r"objects\.db: file is not a database"):
        ObjectStore(file)


def test_a_listing_tells_microseconds_and_folders() -> None:
    found = [Listed("t/a&b/1", 7, 1_700_000_000_000_001, 5), Listed("t/x.json", 8, 0, 2)]
    text = listing(found, "t/", "")
    assert "<Key>t/a&amp;b/1</Key><LastModified>2023-11-14T22:13:20.000001Z</LastModified>" in text
    folded = listing(found, "t/", "/")
    assert "<CommonPrefixes><Prefix>t/a&amp;b/</Prefix></CommonPrefixes>" in folded
    assert "<Key>t/x.json</Key>" in folded
    assert "a&amp;b/1" not in folded
