"""The independent calculation gives the worked example of the specification."""

from __future__ import annotations

from pathlib import Path

from tests.oracle import compare, export
from tests.oracle.calculate import calculate

EXAMPLE = Path(__file__).parent / "example"


def test_the_worked_example_comes_out_row_by_row(tmp_path: Path) -> None:
    export.write(calculate(EXAMPLE / "registry.yaml", EXAMPLE / "input.csv"), tmp_path)
    assert compare.directories(EXAMPLE / "expected", tmp_path) == []


def test_the_comparison_sees_a_changed_value_a_missing_row_and_a_new_one(tmp_path: Path) -> None:
    expected = EXAMPLE / "expected"
    for kind in ("gaps.csv", "dead-letters.csv", "violations.ndjson"):
        (tmp_path / kind).write_bytes((expected / kind).read_bytes())
    header, first, second, *rest = (expected / "means.csv").read_text().splitlines()
    changed = first.replace("9.8", "9.80001")
    added = second.replace("20:00:00", "20:00:01")
    (tmp_path / "means.csv").write_text("\n".join([header, changed, added, *rest]) + "\n")
    said = compare.directories(expected, tmp_path)
    assert [sentence.split(": ")[1].split(" ")[0] for sentence in said] == [
        "value",
        "expected",
        "expected",
    ]
