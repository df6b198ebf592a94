"""The demo with a small nation: everything runs, holds, and can be asked afterwards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from emissions.cli import demo
from emissions.cli.main import cli
from emissions.cli.support.running import run
from emissions.simulation.nation import Nation

pytestmark = pytest.mark.process


def test_what_was_simulated_is_found_and_can_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nation = Nation(seed=4, enterprises=6)
    kept = tmp_path / "nation"
    kept.mkdir()
    comparison = run(demo.show_nation(nation, kept, kept))
    said = capsys.readouterr()
    differing = [score for score in comparison.scores if score.judged and not score.perfect]
    assert comparison.holds, differing
    for title in ("Compliance", "Violations by rule", "ten worst", "Gaps", "Dead letters"):
        assert title in said.out
    assert f"{nation.summary().readings:,} readings" in said.err
    assert re.search(
        r"broker 127\.0\.0\.1:\d+, ClickHouse http://default:\S+@127\.0\.0\.1:\d+ ", said.err
    )

    questions = re.findall(r'^  \S+ sql --workspace (\S+) "(.+)"$', said.out, re.MULTILINE)
    assert len(questions) == 3
    for workspace, statement in questions:
        answer = CliRunner().invoke(cli, ["sql", "--workspace", workspace, statement])
        assert answer.exit_code == 0, answer.output
