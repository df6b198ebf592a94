"""A log that was backed up as docs/operations/backup.md says is whole, and goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

from streams.core.evidence.checkpoint import Checkpoint
from streams.sealing.log_check import check_log
from streams.sealing.log_files import LogFiles
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import publish
from tests.sealing.logs import ORIGIN, SIGNER, at, leaf, write_log


def differences(files: LogFiles) -> list[str]:
    return [said for each in check_log(files, [SIGNER.public]) for said in each.differences]


def grow(directory: Path, day: int, count: int) -> LogFiles:
    """The worker goes on for a day."""
    writer = LogWriter(directory)
    begin = writer.size - 1
    writer.append([leaf(number).entry() for number in range(begin, begin + count)], {})
    publish(writer.files, Checkpoint(ORIGIN, writer.size, writer.root), SIGNER, at(day))
    writer.close()
    return writer.files


def copy_heads(directory: Path, copy: Path) -> None:
    """The checkpoints of days, then the newest: nothing in the copy may be newer than that."""
    shutil.copytree(directory / "checkpoints", copy / "checkpoints")
    shutil.copy(directory / "checkpoint", copy)


def copy_rest(directory: Path, copy: Path) -> None:
    """The tiles, which only grow; not what is only a memory."""
    left_out = shutil.ignore_patterns("state", "checkpoint", "checkpoints")
    shutil.copytree(directory, copy, ignore=left_out, dirs_exist_ok=True)


def test_a_copy_made_while_the_log_grows_holds(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    write_log(log, [10, 300])
    copy_heads(log, copy)
    grow(log, 2, 40)
    copy_rest(log, copy)
    assert (copy / "checkpoint").read_bytes() != (log / "checkpoint").read_bytes()
    assert differences(LogFiles(copy)) == []


def test_a_log_that_was_lost_goes_on_from_its_copy(tmp_path: Path) -> None:
    """The copy is that of the last checkpoint that was published."""
    log, copy = tmp_path / "log", tmp_path / "copy"
    write_log(log, [10, 300])
    before = (log / "checkpoint").read_bytes()
    copy_heads(log, copy)
    copy_rest(log, copy)
    shutil.rmtree(log)

    shutil.copytree(copy, log)
    assert (log / "checkpoint").read_bytes() == before
    files = grow(log, 3, 300)
    assert differences(files) == []
    assert files.days() == ["2026-03-01", "2026-03-02", "2026-03-03"]
    whole = write_log(tmp_path / "undisturbed", [10, 300, 300])
    tiles = {path.name: path.read_bytes() for path in (whole.directory / "tile" / "0").iterdir()
             if path.is_file()}  # fmt: skip
    assert tiles
    for name, tile in tiles.items():
        assert (log / "tile" / "0" / name).read_bytes() == tile
