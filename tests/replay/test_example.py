"""The worked example, end to end: every mean, gap, violation and dead letter.

``example/expected`` was calculated independently of this program. It leaves out what depends on
the partitioning: its revisions are for orientation, its dead letters name rows of the input.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.replay.command import lines, replay, table

EXAMPLE = Path(__file__).parent / "example"
MEAN = ("source_id", "parameter", "unit", "window", "start")
VIOLATION = ("rule", "bin", "source_id", "parameter", "start")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one replay of the example exported."""
    out = tmp_path_factory.mktemp("example")
    replay(
        "--registry", EXAMPLE / "registry.yaml", "--input", EXAMPLE / "input.csv", export=out
    )  # fmt: skip
    return out


def close(value: Any) -> Any:
    """As equal as the specification asks: 1e-9 relative for numbers, exactly for the rest."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-9, abs=0)
    return value


def number(text: str) -> Any:
    return close(float(text)) if text else None


def by_name(rows: list[dict[str, Any]], names: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    return {tuple(row[name] for name in names): row for row in rows}


def test_means(found: Path) -> None:
    told = by_name(table(found / "means.csv"), MEAN)
    expected = by_name(table(EXAMPLE / "expected/means.csv"), MEAN)
    assert told.keys() == expected.keys()
    for key, row in expected.items():
        mine = told[key]
        for name in ("valid_s", "due_s", "status"):
            assert mine[name] == row[name], key
        for name in ("value", "limit"):
            assert (float(mine[name]) if mine[name] else None) == number(row[name]), key


def test_means_are_sorted(found: Path) -> None:
    keys = [tuple(row[name] for name in MEAN) for row in table(found / "means.csv")]
    assert keys == sorted(keys)


def test_gaps(found: Path) -> None:
    assert table(found / "gaps.csv") == table(EXAMPLE / "expected/gaps.csv")


def test_violations(found: Path) -> None:
    told = by_name(lines(found / "violations.ndjson"), VIOLATION)
    expected = by_name(lines(EXAMPLE / "expected/violations.ndjson"), VIOLATION)
    assert told.keys() == expected.keys()
    for key, violation in expected.items():
        for name, value in violation.items():
            assert told[key][name] == close(value), (key, name)
        assert told[key]["evidence"], key


def test_dead_letters(found: Path) -> None:
    letters = table(found / "dead-letters.csv")
    assert [(row["reason"], row["source_id"]) for row in letters] == [
        (row["reason"], row["source_id"]) for row in table(EXAMPLE / "expected/dead-letters.csv")
    ]
