"""A check finds what a replay of the same input finds, to the last bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from emissions.cli.support.workspace import run_settings
from emissions.file_check.run import Checked, check_input
from emissions.offline.quality import VALID
from emissions.replay.export import ReplayResults, write_export
from emissions.replay.message_buffer import MessageBuffer
from emissions.simulation.files import write_readings, write_registry
from emissions.simulation.nation import Nation
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.engine.outcome import Outcome
from streams.core.registry.enterprise import Enterprise
from streams.registry.document import load_registry
from streams.rules.load import load_rules
from tests.emissions.offline.recorded import collector, recorded
from tests.emissions.replay.command import replay
from tests.support.core_run import NOW, run
from tests.support.example_run import ExampleRun

ROOT = Path(__file__).parents[3]
STATION = ROOT / "tests" / "oracle" / "example"
BOILERS = ROOT / "docs" / "getting-started" / "example"
FILES = ("means.csv", "gaps.csv", "violations.ndjson", "findings.ndjson")


def checked(
    registry: Path, *files: Path, mapping: Path | None = None, until: int | None = None
) -> tuple[Checked, ReplayResults]:
    enterprises = load_registry(registry)
    found, add = collector()
    given = recorded(files, enterprises, [] if mapping is None else [mapping])
    return check(given, enterprises, add, until), found


def check(
    given: MessageBuffer,
    enterprises: Sequence[Enterprise],
    seen: Callable[[Outcome], None],
    until: int | None = None,
) -> Checked:
    return check_input(
        given,
        enterprises,
        settings=run_settings(None, None),
        rules=load_rules(),
        codec=Codec(FileIds()),
        until=until,
        now=NOW,
        report=lambda *_: None,
        seen=seen,
    )


def letters(found: ReplayResults) -> list[tuple[object, ...]]:
    """Reason, source, partition and offset of each."""
    return sorted(row[:4] for row in found.dead_letters.values())


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a simulated nation: late, repeated, contradicted and refused readings among them."""
    folder = tmp_path_factory.mktemp("nation")
    made = Nation(seed=11, enterprises=4, days=2, start=date(2026, 5, 4), with_bytes=False)
    write_registry(folder / "registry.yaml", made.enterprises)
    write_readings(made, folder / "input.csv")
    return folder


class CheckedNation(NamedTuple):
    """A check of the nation: what it counts, what was found, and the readings of each hour."""

    result: Checked
    found: ReplayResults
    hours: dict[tuple[str, str], int]
    """Readings in the hours that have a mean, by source and parameter."""


@pytest.fixture(scope="module")
def whole(nation: Path) -> CheckedNation:
    """One check of it, for tests that look at one side of it each."""
    seen: dict[tuple[str, str, str, int], int] = {}
    found, add = collector()

    def both(outcome: Outcome) -> None:
        add(outcome)
        for mean in outcome.means:
            if mean.window == "1h" and mean.unit != "g/s":
                seen[mean.source_id, mean.parameter, mean.unit, mean.start] = mean.count

    enterprises = load_registry(nation / "registry.yaml")
    result = check(recorded([nation / "input.csv"], enterprises), enterprises, both)
    hours: Counter[tuple[str, str]] = Counter()
    for (source, parameter, _, _), count in seen.items():
        hours[source, parameter] += count
    return CheckedNation(result, found, hours)


def test_it_finds_what_the_core_finds_in_other_batches(nation: Path, whole: CheckedNation) -> None:
    result, found, _ = whole
    other = run(nation / "registry.yaml", nation / "input.csv")
    assert (found.means, found.gaps) == (other.means, other.gaps)
    assert found.findings == other.findings
    assert found.violations.keys() == other.violations.keys()
    for identity, violation in found.violations.items():
        if violation["source_id"] is not None:  # the evidence of a duty is the registration
            assert violation == other.violations[identity]
    assert letters(found) == letters(other)
    assert result.refused.total() == len(result.refused_rows) == len(other.dead_letters) > 0
    assert result.duplicates > 0


def test_every_row_is_used_repeated_or_refused(nation: Path, whole: CheckedNation) -> None:
    result = whole.result
    rows = len((nation / "input.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert result.used + result.duplicates + result.refused.total() == rows


def test_the_seconds_are_those_that_the_hours_count(nation: Path, whole: CheckedNation) -> None:
    enterprises = load_registry(nation / "registry.yaml")
    cadence = {each.id: each.cadence_s for one in enterprises for each in one.sources}
    assert whole.hours
    for place, count in whole.hours.items():
        seconds = count * cadence[place[0]]
        # What belongs to the hour that was open at the end has no mean yet.
        assert 0 <= whole.result.seconds[place].total() - seconds <= 3600


def test_a_refused_row_has_its_place_in_its_file() -> None:
    result, _ = checked(STATION / "registry.yaml", STATION / "input.csv")
    (row,) = result.refused_rows
    assert (row.reason, row.source_id, row.row) == ("CONFLICTING_DUPLICATE", "EX-01-B", 79)
    assert row.file == str(STATION / "input.csv")
    assert result.seconds["EX-01-A", "SO2"]["OUT_OF_RANGE"] == 60
    assert result.seconds["EX-01-B", "CO"] == {VALID: 26 * 3600}


def test_two_files_are_one_input(tmp_path: Path) -> None:
    header, *lines = (STATION / "input.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    half = len(lines) // 2
    parts = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, some in zip(parts, (lines[:half], lines[half:]), strict=True):
        path.write_text(header + "".join(some), encoding="utf-8")
    whole = checked(STATION / "registry.yaml", STATION / "input.csv")[1]
    assert checked(STATION / "registry.yaml", *parts)[1] == whole


def test_it_finds_what_a_replay_exports(example_run: ExampleRun, tmp_path: Path) -> None:
    _, found = checked(STATION / "registry.yaml", STATION / "input.csv")
    assert_exports_equal(found, example_run.out, tmp_path / "check")


@pytest.mark.process
def test_it_finds_what_a_replay_of_a_mapped_file_exports(tmp_path: Path) -> None:
    registry, given = BOILERS / "registry.yaml", BOILERS / "boilers.csv"
    mapping, out = BOILERS / "mapping.yaml", tmp_path / "replay"
    replay("--registry", registry, "--input", given, "--mapping", mapping, export=out)
    _, found = checked(registry, given, mapping=mapping)
    assert_exports_equal(found, out, tmp_path / "check")


def assert_exports_equal(found: ReplayResults, replayed: Path, directory: Path) -> None:
    write_export(found, directory)
    for name in FILES:
        assert (directory / name).read_bytes() == (replayed / name).read_bytes()
