"""A state directory in memory is refused, and the system's own is warned of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from streams import worker
from streams.errors import OperatorError
from streams.runtime.memory_disk import memory_file_system
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
    assert memory_file_system(tmp_path, mounted(tmp_path, kind)) == kind
    assert memory_file_system(tmp_path, mounted(tmp_path, "ext4")) is None


def test_what_nobody_can_tell_counts_as_a_disk(tmp_path: Path) -> None:
    assert memory_file_system(tmp_path / "missing", mounted(tmp_path, "tmpfs")) is None
    assert memory_file_system(tmp_path, tmp_path / "no list") is None
    (tmp_path / "empty").write_text("")
    assert memory_file_system(None, tmp_path / "empty") is None


def test_a_worker_refuses_a_state_directory_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(worker, "memory_file_system", lambda _: "tmpfs")
    chosen = Settings(state_directory=str(tmp_path))
    with pytest.raises(OperatorError, match=r"EMISSIONS_STATE_DIRECTORY .* is tmpfs.* disk"):
        worker.check_state_directory(chosen)
    with capture_logs() as said:
        worker.check_state_directory(Settings(state_directory=str(tmp_path), state_in_memory=True))
    assert said == []


def test_a_worker_warns_of_a_temporary_directory_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "memory_file_system", lambda _: "tmpfs")
    with capture_logs() as said:
        worker.check_state_directory(Settings())
    (line,) = said
    assert (line["log_level"], line["file_system"]) == ("warning", "tmpfs")
    assert (line["event"], line["setting"]) == (
        "state_directory_in_memory",
        "EMISSIONS_STATE_DIRECTORY",
    )
