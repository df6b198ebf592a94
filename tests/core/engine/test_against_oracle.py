"""The core finds what an independent calculation finds, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.replay.export import write_export
from tests.oracle import cases, clock, compare, export
from tests.oracle.calculate import calculate
from tests.oracle.cases.case import Case
from tests.oracle.scenarios import scenario
from tests.support import core_run
from tests.support.generated import shared

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
LARGE = {4, 6, 9}
SEEDS = [
    pytest.param(seed, marks=[pytest.mark.slow] if seed in LARGE or seed >= 16 else [])
    for seed in range(shared(80))
]


def _run(
    registry: Path,
    readings: Path,
    until: str | None,
    out: Path,
    partitions: int = 4,
    *,
    restart: bool = False,
    misplaced: frozenset[int] = frozenset(),
    notices: Path | None = None,
) -> None:
    at = None if until is None else clock.timestamp(until)
    cut = core_run.by(50 if restart else 500)
    found = core_run.run(
        registry,
        readings,
        at,
        partitions=partitions,
        cut=cut,
        restart=restart,
        misplaced=misplaced,
        notices=notices,
    )
    write_export(found, out)


def test_the_worked_example(tmp_path: Path) -> None:
    _run(EXAMPLE / "registry.yaml", EXAMPLE / "input.csv", None, tmp_path)
    assert compare.directories(EXAMPLE / "expected", tmp_path) == []


@pytest.mark.parametrize("case", cases.ALL, ids=lambda case: case.name)
def test_what_a_person_computed(case: Case, tmp_path: Path) -> None:
    registry, readings = case.write(tmp_path)
    _run(registry, readings, case.until, tmp_path / "got", notices=case.notice_file(tmp_path))
    rows = (
        export.read(tmp_path / "got", name)
        for name in ("means.csv", "gaps.csv", "violations.ndjson", "dead-letters.csv")
    )
    assert case.check(*rows) == []


@pytest.mark.generated
@pytest.mark.parametrize("seed", SEEDS)
def test_a_nasty_scenario(seed: int, tmp_path: Path) -> None:
    made = scenario(seed)
    registry, readings = made.write(tmp_path)
    partitions = (1, 3, 4, 7)[seed % 4]
    away = made.misplaced if partitions > 1 else frozenset()
    notices = made.notice_file(tmp_path)
    wanted = calculate(
        registry,
        readings,
        made.until,
        core_run.NOW,
        away,
        notices=notices,
    )
    export.write(wanted, tmp_path / "wanted")
    _run(
        registry,
        readings,
        made.until,
        tmp_path / "got",
        partitions,
        restart=seed % 3 == 0,
        misplaced=away,
        notices=notices,
    )
    assert compare.directories(tmp_path / "wanted", tmp_path / "got") == []
