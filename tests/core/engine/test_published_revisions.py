"""However a log is cut into batches, a revision says one thing, and the last one the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from emissions.input.read_inputs import read_inputs
from streams.core.engine.outcome import Outcome
from streams.registry.document import load_registry
from tests.oracle import clock
from tests.oracle.published import disagreements
from tests.oracle.scenarios import scenario
from tests.support import core_run

CUTS = (100_000, 300, 40, 7)
MORE_SEEDS = (*range(101, 106), 405)
"""In 301 and 405 a late block shortens a silence of the source under an invalid channel."""


def _batches(outcomes: list[Outcome], kind: str) -> list[list[dict[str, Any]]]:
    return [
        [msgspec.to_builtins(record) for record in getattr(outcome, kind)] for outcome in outcomes
    ]


@pytest.mark.parametrize(
    "seed", [100, 301, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MORE_SEEDS)]
)
def test_every_cut_of_a_log_publishes_the_same_revisions(seed: int, tmp_path: Path) -> None:
    made = scenario(seed)
    registry, readings = made.write(tmp_path)
    enterprises = load_registry(registry)
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    rows = list(read_inputs([readings], parameters))
    until = None if made.until is None else clock.timestamp(made.until)
    log = core_run.logs(rows, until, 3, misplaced=made.misplaced)
    history = core_run.history(enterprises)
    runs = [core_run.judge(history, log, core_run.by(size))[1] for size in CUTS]
    runs += [core_run.judge(history, log, core_run.by(size), restart=True)[1] for size in CUTS[1:]]
    for kind in ("means", "gaps", "violations"):
        assert disagreements(kind, [_batches(outcomes, kind) for outcomes in runs]) == []
