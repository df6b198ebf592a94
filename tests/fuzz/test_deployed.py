"""A short fuzz of the deployed workers: they find what the judging code alone finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.deployed import run_deployed
from tests.fuzz.engine import run
from tests.fuzz.traffic import Traffic
from tests.fuzz.world import enterprises

pytestmark = pytest.mark.process

MESSAGES = 1_500


def test_the_workers_survive_and_everything_adds_up(tmp_path: Path) -> None:
    world = enterprises()
    figures = run(Traffic(world, 9, 2), world, MESSAGES, partitions=2, seed=9)
    found = run_deployed(
        Traffic(world, 9, 2), world, MESSAGES, tmp_path, partitions=2, seed=9, garbage=5
    )
    assert found.differences == []
    assert found.counts == {
        "used": figures.used,
        "duplicates": figures.duplicates,
        "dead-lettered": figures.dead + found.extra,
        "ticks": figures.ticks,
    }
    assert figures.used > 100
    assert found.garbage >= 5 * (6 + 5)
    others = found.afterwards[-1]
    assert others.place == "others"
    assert {text.partition("[")[0] for text in others.differences} == {
        "emissions.means",
        "emissions.gaps",
        "emissions.violations",
        "emissions.dead-letters",
        "emissions.findings",
        "emissions.notice-verdicts",
        "emissions.roots",
    }
