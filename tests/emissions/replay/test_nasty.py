"""Nasty scenarios through the deployed code, row by row against the independent calculation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emissions.replay.command import replay
from tests.oracle import compare, export
from tests.oracle.calculate import calculate
from tests.oracle.scenarios import scenario

pytestmark = pytest.mark.process


@pytest.mark.parametrize("seed", [3, 11, 16])
def test_a_scenario(tmp_path: Path, seed: int) -> None:
    nasty = scenario(seed)
    registry, readings = nasty.write(tmp_path)
    notices = nasty.notice_file(tmp_path)
    expected = calculate(registry, readings, nasty.until, notices=notices)
    export.write(expected, tmp_path / "expected")
    more = [] if nasty.until is None else ["--until", nasty.until]
    more += [] if notices is None else ["--notices", str(notices)]
    replay("--registry", registry, "--input", readings, *more, export=tmp_path / "out")
    assert compare.directories(tmp_path / "expected", tmp_path / "out") == []
