"""A log that is not what was signed is noticed with the next checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.core.evidence.checkpoint import Checkpoint
from streams.metrics.metric_set import MetricSet
from streams.sealing.log_files import CHECKPOINT, LogFiles
from streams.sealing.log_watch import log_differences
from streams.sealing.publish import publish
from streams.sealing.seal_metrics import SealMetrics
from tests.metrics.samples import value
from tests.sealing.logs import ORIGIN, SIGNER, at, write_log


class FakeSealer:
    """What is asked of a sealer."""

    def __init__(self, files: LogFiles) -> None:
        self.files, self.size, self.unsealed = files, 7, 0


def test_a_log_of_several_days_holds(tmp_path: Path) -> None:
    assert log_differences(write_log(tmp_path, [300, 5, 700])) == []
    assert log_differences(LogFiles(tmp_path / "empty")) == []


def test_a_tile_that_was_changed_contradicts_what_was_signed(tmp_path: Path) -> None:
    files = write_log(tmp_path, [300, 5, 700])
    tile = tmp_path / "tile" / "1" / "000.p" / "3"
    content = tile.read_bytes()
    tile.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    found = log_differences(files)
    assert any(f"{CHECKPOINT}: its 1006 leaves had root" in each for each in found)
    assert any("checkpoints/2026-03-02" in each for each in found)


def test_a_second_history_of_a_day_is_seen(tmp_path: Path) -> None:
    files = write_log(tmp_path / "log", [3, 4])
    other = write_log(tmp_path / "other", [3, 5])
    day = "checkpoints/2026-03-02"
    (tmp_path / "log" / day).write_bytes(other.read(day))
    assert log_differences(files) == [f"{day}: 9 leaves, and 8 in {CHECKPOINT}"]
    (tmp_path / "log" / CHECKPOINT).unlink()
    assert log_differences(files) == [f"{CHECKPOINT} is missing"]
    (tmp_path / "log" / CHECKPOINT).write_bytes(b"nonsense")
    assert "is no checkpoint" in log_differences(files)[0]


def test_what_came_out_is_counted(tmp_path: Path) -> None:
    files = write_log(tmp_path, [3, 4])
    metrics = MetricSet("seal")
    counted, sealer = SealMetrics(metrics, lambda: 5.0), FakeSealer(files)
    counted.published(sealer)  # type: ignore[arg-type]
    sealer.unsealed = 2
    publish(files, Checkpoint(ORIGIN, 9, bytes(32)), SIGNER, at(3))
    counted.published(sealer)  # type: ignore[arg-type]
    name = "emissions_log_verifications_total"
    assert (value(metrics, name, result="held"), value(metrics, name, result="failed")) == (1, 1)
    assert value(metrics, "emissions_log_leaves") == 7
    assert value(metrics, "emissions_log_published_leaves") == 7
    assert value(metrics, "emissions_log_checkpoint_timestamp_seconds") == 5.0
    assert value(metrics, "emissions_log_unsealed_records_total") == 2


@pytest.mark.parametrize("missing", ["tile/1/000.p/1", "tile/0/000.p/8"])
def test_a_tile_that_is_missing_is_a_difference(tmp_path: Path, missing: str) -> None:
    files = write_log(tmp_path, [3, 4] if "p/8" in missing else [300])
    (tmp_path / missing).unlink()
    assert "its tree cannot be read" in log_differences(files)[0]
