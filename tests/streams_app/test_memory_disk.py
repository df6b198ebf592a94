"""A state directory in memory is refused, and the system's own is warned of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from streams import worker
from streams.memory_disk import kept_in_memory
from streams.process import CannotWorkError
from streams.settings import Settings


def mounted(directory: Path, kind: str) -> Path:
    """A list of mounts in which the directory's file system is of this kind."""
    device = os.stat(directory).st_dev
    mounts = directory / "mountinfo"
    mounts.write_text(
        "21 28 0:9999 / /sys rw,nosuid shared:7 - tmpfs tmpfs rw\n"
        f"36 35 {os.major(device)}:{os.minor(device)} / / rw shared:1 - {kind} /dev/x rw\n"
    )
    return mounts


@pytest.mark.parametrize("kind", ["tmpfs", "ramfs"])
def test_memory_is_told_from_disks(tmp_path: Path, kind: str) -> None:
    assert kept_in_memory(tmp_path, mounted(tmp_path, kind)) == kind
    assert kept_in_memory(tmp_path, mounted(tmp_path, "ext4")) is None


def test_what_nobody_can_tell_counts_as_a_disk(tmp_path: Path) -> None:
    assert kept_in_memory(tmp_path / "missing", mounted(tmp_path, "tmpfs")) is None
    assert kept_in_memory(tmp_path, tmp_path / "no list") is None
    (tmp_path / "empty").write_text("")
    assert kept_in_memory(None, tmp_path / "empty") is None


def test_a_worker_refuses_a_state_directory_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(worker, "kept_in_memory", lambda _: "tmpfs")
    chosen = Settings(state_directory=str(tmp_path))
    with pytest.raises(CannotWorkError, match=r"EMISSIONS_STATE_DIRECTORY .* is tmpfs.* disk"):
        worker.look_at_disk(chosen)
    with capture_logs() as said:
        worker.look_at_disk(Settings(state_directory=str(tmp_path), state_in_memory=True))
    assert said == []


def test_a_worker_warns_of_a_temporary_directory_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "kept_in_memory", lambda _: "tmpfs")
    with capture_logs() as said:
        worker.look_at_disk(Settings())
    (line,) = said
    assert (line["log_level"], line["file_system"]) == ("warning", "tmpfs")
    assert "EMISSIONS_STATE_DIRECTORY" in line["event"]
