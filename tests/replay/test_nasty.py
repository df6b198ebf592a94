"""Nasty scenarios through the deployed code, row by row against the independent calculation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle import compare, export
from tests.oracle.calculate import calculate
from tests.oracle.scenarios import scenario
from tests.replay.command import replay


@pytest.mark.parametrize("seed", [3, 11])
def test_a_scenario(tmp_path: Path, seed: int) -> None:
    nasty = scenario(seed)
    registry, readings = nasty.write(tmp_path)
    export.write(calculate(registry, readings, nasty.until), tmp_path / "expected")
    until = [] if nasty.until is None else ["--until", nasty.until]
    replay("--registry", registry, "--input", readings, *until, export=tmp_path / "out")
    assert compare.directories(tmp_path / "expected", tmp_path / "out") == []
