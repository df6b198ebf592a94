"""The page on health shows the counts that workers tell."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import sinks.health
import streams.sealing.worker
import streams.worker_health

PAGE = (Path(__file__).parents[2] / "docs/operations/health.md").read_text(encoding="utf-8")


def counts_of(module: str | None) -> list[str]:
    """Return the names of the counts that the health of a worker tells, from its source."""
    assert module is not None
    tree = ast.parse(Path(module).read_text(encoding="utf-8"))
    (told,) = (
        each.value
        for each in ast.walk(tree)
        if isinstance(each, ast.keyword) and each.arg == "counts"
    )
    assert isinstance(told, ast.Dict)
    return [str(ast.literal_eval(key)) for key in told.keys if key is not None]


def test_the_sample_has_every_count_of_a_streams_worker() -> None:
    (shown,) = re.findall(r"```json\n(\{\"ready\".*?)```", PAGE, re.DOTALL)
    assert list(json.loads(shown)["counts"]) == counts_of(streams.worker_health.__file__)


def test_the_counts_of_the_others_are_named() -> None:
    for module in (sinks.health, streams.sealing.worker):
        for name in counts_of(module.__file__):
            assert f"`{name}`" in PAGE
