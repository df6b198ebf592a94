"""The bench of the log measures a log that holds."""

from __future__ import annotations

from pathlib import Path

from tests.bench.sealing import measure, measure_proofs


def test_what_is_measured_is_a_whole_log(tmp_path: Path) -> None:
    found = measure(tmp_path / "log", 600, proofs=3)
    assert (found.leaves, len(found.append_s), len(found.proof_s)) == (600, 1, 3)


def test_proofs_are_measured_without_entries(tmp_path: Path) -> None:
    assert len(measure_proofs(tmp_path, 70_000, proofs=2)) == 2
