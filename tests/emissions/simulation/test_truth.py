"""The truth is true: two calculations that know nothing of the plan find exactly it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emissions.simulation.compare import compare
from emissions.simulation.expected_cases import CASE, OPENED, PENDING
from emissions.simulation.files import write_readings, write_registry
from emissions.simulation.nation import Nation
from emissions.simulation.results import PipelineResults
from emissions.simulation.truth import read_truth, write_truth
from streams.core.time.local_clock import iso
from tests.emissions.simulation.judged import judge
from tests.oracle.calculate import calculate


@pytest.mark.parametrize(
    ("enterprises", "seed", "days", "density"), [(4, 3, 1, 10), (3, 11, 2, 15), (2, 5, 1, 40)]
)
def test_the_judging_core_finds_exactly_the_truth(
    enterprises: int, seed: int, days: int, density: float
) -> None:
    nation = Nation(enterprises=enterprises, seed=seed, days=days, density=density)
    found = judge(nation)
    comparison = compare(nation.truth, found)
    wrong = [score for score in comparison.scores if score.judged and not score.perfect]
    assert wrong == []
    assert comparison.holds
    emitted = [each for each in found.violations if each["parameter"] is not None]
    assert emitted
    assert all(each["excess_mass_t"] > 0 for each in emitted)  # every plant measures its flow


@pytest.mark.parametrize(
    ("enterprises", "seed", "density"), [(1, 5, 15), pytest.param(2, 5, 15, marks=pytest.mark.slow)]
)
def test_cases_open_for_what_was_planned_and_for_nothing_else(
    enterprises: int, seed: int, density: float
) -> None:
    nation = Nation(enterprises=enterprises, seed=seed, days=6, density=density, tampered=0)
    found = judge(nation)
    expected = [each for each in nation.truth if each.outcome == CASE]
    assert {each.status for each in expected} >= {OPENED, PENDING}
    assert len({each.kind for each in expected}) > 2
    scores = [each for each in compare(nation.truth, found).scores if each.kind.startswith(CASE)]
    assert [each for each in scores if not each.perfect] == []
    lost = replace(found, cases=[], pending=[])
    told = [each for each in compare(nation.truth, lost).scores if each.kind.startswith(CASE)]
    assert all(each.recall == 0.0 for each in told)


@pytest.mark.parametrize(
    ("density", "tampered"),
    [
        pytest.param(12, 0, marks=pytest.mark.slow),
        pytest.param(0, 1, marks=pytest.mark.long),
    ],
)
def test_the_independent_calculation_finds_exactly_the_truth(
    density: float, tampered: int, tmp_path: Path
) -> None:
    nation = Nation(enterprises=1, seed=16, density=density, with_bytes=False, tampered=tampered)
    write_registry(tmp_path / "registry.yaml", nation.enterprises)
    write_readings(nation, tmp_path / "readings.csv")
    registry, readings = tmp_path / "registry.yaml", tmp_path / "readings.csv"
    result = calculate(registry, readings, iso(nation.until))
    found = PipelineResults(
        violations=result.violations,
        gaps=result.gaps,
        dead_letters=result.dead_letters,
        means=[mean for mean in result.means if mean["window"] == "1h"],
        duplicates=result.duplicates,
        codes_known=False,
    )
    comparison = compare(nation.truth, found)
    wrong = [score for score in comparison.scores if score.judged and not score.perfect]
    assert wrong == []
    assert {truth.outcome for truth in nation.truth} >= {"violation", "dead-letter"}


def test_a_truth_file_reads_back_as_it_was_written(tmp_path: Path) -> None:
    truths = Nation(days=2).truth
    assert write_truth(tmp_path / "truth.jsonl", truths) == len(truths)
    assert tuple(read_truth(tmp_path / "truth.jsonl")) == truths


@pytest.mark.parametrize("line", ["{", '{"kind": "x"}', '{"kind":"x","outcome":"y","start":"z"}'])
def test_a_line_that_is_no_truth_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text('{"kind":"a","outcome":"gap"}\n' + line + "\n")
    with pytest.raises(ValueError, match="line 2"):
        read_truth(path)
