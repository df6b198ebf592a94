"""Detectors are measured over days as sent, and by the engine, with the same findings."""

from __future__ import annotations

import pytest

from emissions.simulation.suspicious_year import simulate_years
from tests.bench.suspicion import Judged, judge, judge_directly


def told(judged: list[Judged]) -> set[tuple[str, str | None, int, int | None]]:
    """What was found where, without the detector that needs normalised means."""
    return {
        (each.finding.kind, each.finding.parameter, each.finding.start, each.finding.end)
        for each in judged
        if each.finding.kind != "CLIPPING"
    }


@pytest.mark.slow
def test_the_engine_finds_what_is_found_in_the_days_as_sent() -> None:
    years = list(simulate_years(5, 1, 75))
    found = told(judge_directly(years[0]))
    assert len(found) > 3
    assert found == told(judge(years)[years[0].source_id])
