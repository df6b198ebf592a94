"""The writer of a log: nothing twice, nothing left out, and one tree of each size."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streams.core.evidence.merkle import leaf_hash, root_of
from streams.core.evidence.tiles import WIDTH, tiles_of
from streams.sealing.leaf_places import places_of
from streams.sealing.log_files import LogError, LogFiles
from streams.sealing.log_writer import LogWriter
from tests.core.evidence.test_tiles import files as files_of

AT = ("topic", 0)


def entries(begin: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(begin, end)]


def check_whole(directory: Path, size: int) -> None:
    """The files are those of the log of the first entries, and no others."""
    files = LogFiles(directory)
    assert list(files.entries(size)) == entries(0, size)
    whole = files_of(size)
    for path, content in whole.items():
        assert files.read(path) == content
    levels = {tile.level for tile in tiles_of(size)}
    for _, tile in files.tiles():
        assert tile.level in levels | {-1}
        count = size >> 8 * max(tile.level, 0)
        assert tile.number * WIDTH + tile.width <= count


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_a_log_is_appended_to_and_opened_again(directory: Path) -> None:
    writer = LogWriter(directory)
    assert writer.append(entries(0, 300), {AT: 300}) == 300
    writer.close()

    writer = LogWriter(directory)
    assert (writer.size, writer.offsets) == (300, {AT: 300})
    assert writer.append(entries(300, 70_000), {("topic", 1): 5}) == 69_700
    assert writer.offsets == {AT: 300, ("topic", 1): 5}
    assert writer.root == root_of(map(leaf_hash, entries(0, 70_000)))
    writer.close()
    check_whole(directory, 70_000)


def test_a_leaf_is_added_once(directory: Path) -> None:
    writer = LogWriter(directory)
    assert writer.append([b"1", b"2", b"1"], {}) == 2
    assert writer.append([b"2", b"3"], {AT: 1}) == 1
    writer.close()

    writer = LogWriter(directory)
    assert writer.append([b"3", b"1", b"4", b"4"], {}) == 1
    assert list(writer.files.entries(writer.size)) == [b"1", b"2", b"3", b"4"]
    found = places_of(writer.files, writer.size, [leaf_hash(b"3"), leaf_hash(b"no")])
    assert found == {0: 2}
    writer.close()


def test_the_index_is_made_anew_from_the_tiles(directory: Path) -> None:
    writer = LogWriter(directory)
    writer.append(entries(0, 1000), {})
    writer.append(entries(1000, 1010), {})
    writer.close()
    for path in (directory / "state" / "index").iterdir():
        path.write_bytes(path.read_bytes()[:100])

    asked = [leaf_hash(each) for each in entries(995, 1015)]
    assert places_of(LogFiles(directory), 1010, asked) == {n: 995 + n for n in range(15)}
    writer = LogWriter(directory)
    assert writer.append(entries(990, 1020), {}) == 10
    writer.close()
    shutil.rmtree(directory / "state" / "index")
    writer = LogWriter(directory)
    assert writer.append(entries(0, 1021), {}) == 1
    writer.close()


def test_two_writers_are_refused(directory: Path) -> None:
    writer = LogWriter(directory)
    with pytest.raises(LogError, match="another process writes this log"):
        LogWriter(directory)
    writer.close()
    LogWriter(directory).close()


def test_a_tile_that_was_changed_is_refused(directory: Path) -> None:
    writer = LogWriter(directory)
    writer.append(entries(0, 10), {})
    writer.close()
    tile = directory / "tile/0/000.p/10"
    tile.write_bytes(bytes(320))

    with pytest.raises(LogError, match="the tiles are not those of the state"):
        LogWriter(directory)
    tile.unlink()
    with pytest.raises(LogError, match=r"a tile is missing: .*000\.p"):
        LogWriter(directory)


def test_others_cannot_read_the_entries(directory: Path) -> None:
    writer = LogWriter(directory)
    writer.append(entries(0, 300), {})
    writer.close()
    closed = directory / "tile/entries"
    assert closed.stat().st_mode & 0o007 == 0
    closed.chmod(0o755)
    LogWriter(directory).close()
    assert closed.stat().st_mode & 0o777 == 0o750


def test_a_full_disk_ends_the_writer(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LogWriter(directory)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("streams.sealing.log_writer.write_files", full)
        with pytest.raises(LogError, match="No space left"):
            writer.append([b"0"], {})
    with pytest.raises(LogError, match="No space left"):
        writer.append([b"0"], {})
    writer.close()
