"""Cases of random scenarios, days after their end, as an independent calculation finds them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from emissions.replay.export import write_export
from tests.oracle import clock, compare, export, input_reading
from tests.oracle.calculate import calculate
from tests.oracle.scenarios import scenario
from tests.support import core_run
from tests.support.generated import shared

LARGE = {1, 9, 10, 14}
FOUND = (41, 44, 53, 61, 92, 97, 158)
"""Scenarios that once differed: looked at in every build."""
SEEDS = [
    pytest.param(seed, marks=[pytest.mark.slow] if seed in LARGE or seed >= 16 else [])
    for seed in sorted({*range(shared(80)), *FOUND})
]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [61, 97])
def test_cases_do_not_depend_on_how_batches_are_cut(seed: int, tmp_path: Path) -> None:
    """Of one violation, data make the first revision and time alone the next, in one batch."""
    registry, readings = scenario(seed).write(tmp_path)
    until = core_run.NOW - 60 * 24 * clock.HOUR
    for name, cut in (("one", core_run.by(1)), ("all", core_run.by(500))):
        write_export(core_run.run(registry, readings, until, cut=cut), tmp_path / name)
    one, whole = (export.read(tmp_path / name, "cases.ndjson") for name in ("one", "all"))
    assert whole
    assert without_revisions(one) == without_revisions(whole)


def without_revisions(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Which revisions a batch passes over does depend on it."""
    return [{**row, "revision": None} for row in rows]


@pytest.mark.generated
@pytest.mark.parametrize("seed", SEEDS)
def test_the_cases_of_a_nasty_scenario(seed: int, tmp_path: Path) -> None:
    """With measures on what was found: each case delivered, one fine of before on each source."""
    made = scenario(seed)
    registry, readings = made.write(tmp_path)
    partitions = (1, 3, 4, 7)[seed % 4]
    away = made.misplaced if partitions > 1 else frozenset()
    notices = made.notice_file(tmp_path)
    limit = None if made.until is None else clock.timestamp(made.until)
    _, end = input_reading.read(readings, limit, core_run.NOW)
    until = end + (9 + seed % 5) * 24 * clock.HOUR

    def judged(measures: Path | None, out: Path) -> None:
        found = core_run.run(
            registry,
            readings,
            until,
            partitions=partitions,
            restart=seed % 3 == 0,
            misplaced=away,
            notices=notices,
            measures=measures,
        )
        write_export(found, out)

    judged(None, tmp_path / "first")
    measures = tmp_path / "measures.yaml"
    first = export.read(tmp_path / "first", "cases.ndjson")
    measures.write_bytes(msgspec.yaml.encode({"measures": _measures(first)}))
    judged(measures, tmp_path / "got")
    violations = export.read(tmp_path / "first", "violations.ndjson")
    names = {each["id"]: each["case"] for each in compare.as_named(first, violations)}
    wanted = calculate(
        registry,
        readings,
        clock.written(until),
        core_run.NOW,
        away,
        notices=notices,
        measures=measures,
        names=names,
        with_cases=True,
    )
    export.write(wanted, tmp_path / "wanted")
    assert compare.of_cases(tmp_path / "wanted", tmp_path / "got") == []


def _measures(cases: list[dict[str, object]]) -> list[dict[str, object]]:
    """A fine of a year before on every second source, and a delivery or an end of each case."""
    found: list[dict[str, object]] = []
    for number, case in enumerate(cases):
        opened = case["opened_at"]
        if not isinstance(opened, str):
            continue
        opened = f"{opened[:19]}Z"  # files have whole seconds
        day = date.fromisoformat(opened[:10])
        common = {"bin": case["bin"], "case_id": case["id"], "arrived_at": opened}
        told: dict[str, object] = {"id": f"D-{number}", "kind": "DELIVERED", "delivered_at": opened}
        if number % 4 == 3:
            told = {"id": f"Z-{number}", "kind": "DECIDED", "closes": True}
        found.append({**common, **told})
        if case["source_id"] is not None and number % 2:
            found.append(
                {
                    "id": f"F-{number}", "kind": "FINE", "bin": case["bin"],
                    "source_id": case["source_id"], "article": "328",
                    "imposed_on": day.replace(year=day.year - 1, day=min(day.day + 12, 28)),
                    "arrived_at": "2020-01-01T00:00:00Z" if day.year < 2021 else f"{day}T00:00:00Z",
                }
            )  # fmt: skip
    return found
