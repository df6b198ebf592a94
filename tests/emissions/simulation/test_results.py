"""Findings of an export compare like those of ClickHouse, but for the quality codes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emissions.replay.export import ReplayResults, write_export
from emissions.simulation.compare import compare
from emissions.simulation.nation import Nation
from emissions.simulation.results import PipelineResults, instant, read_export
from tests.emissions.simulation.judged import judge

AT = 1_777_834_800_500


@pytest.mark.parametrize(
    ("shape", "meant"),
    [
        (AT, AT),
        ("2026-05-03T19:00:00.500Z", AT),
        ("2026-05-04T00:00:00.500+05:00", AT),
        ("2026-05-03 19:00:00.500", AT),
        (datetime(2026, 5, 3, 19, 0, 0, 500_000, UTC), AT),
        (datetime(2026, 5, 3, 19, 0, 0, 500_000), AT),  # noqa: DTZ001 - as a driver gives it
        (None, None),
        ("", None),
    ],
)
def test_a_time_may_come_in_any_shape(shape: Any, meant: int | None) -> None:
    assert instant(shape) == meant


def test_an_export_holds_everything_but_quality_codes(tmp_path: Path) -> None:
    nation = Nation(enterprises=3, seed=11, density=15)
    _export(judge(nation), tmp_path)
    comparison = compare(nation.truth, read_export(tmp_path))
    unjudged = {score.kind.split()[0] for score in comparison.scores if not score.judged}
    assert unjudged <= {"case", "equal", "seconds", "suspicion"}
    assert [score for score in comparison.scores if score.judged and not score.perfect] == []
    assert comparison.holds


def _export(found: PipelineResults, directory: Path) -> None:
    findings = ReplayResults()
    for name, rows in (
        ("WindowMean", found.means),
        ("DataGap", found.gaps),
        ("Violation", found.violations),
        ("DeadLetter", found.dead_letters),
        ("Finding", found.findings or ()),
        ("AdministrativeCase", found.cases or ()),
    ):
        for row in rows:
            plain = dict(row)
            if name == "Violation":
                plain["evidence"] = []
            findings.add(name, plain)
    write_export(findings, directory)
