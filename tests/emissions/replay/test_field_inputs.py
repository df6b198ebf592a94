"""Files of the field through the deployed code: what is said before, and of dead letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli
from tests.emissions.replay.command import replay, table

pytestmark = pytest.mark.process

HERE = Path(__file__).parent / "gas_turbine"
MAPPING = """
source: {column: Unit, values: {"1": GT-01, "2": GT-99}}
period_s: 3600
time: {columns: [Date, Hour], format: "%d.%m.%Y %H", timezone: Asia/Almaty, marks: end}
delimiter: ";"
decimal: ","
encoding: cp1251
skip_lines: 1
parameters:
  CO: {column: "CO, мг/м3"}
"""


def write(tmp_path: Path, mistyped: bool) -> tuple[Path, Path]:
    """Two days of hours 1 to 24, one row of a source that is not registered."""
    lines = ["Отчёт", "Date;Hour;Unit;CO, мг/м3"]
    for day in (4, 5):
        for hour in range(1, 25):
            month = 8 if mistyped and (day, hour) == (5, 7) else 5
            lines.append(f"{day:02}.{month:02}.2026;{hour};1;2,5")
    lines.append("05.05.2026;24;2;2,5")
    (tmp_path / "hours.csv").write_text("\n".join(lines) + "\n", encoding="cp1251")
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    return tmp_path / "hours.csv", tmp_path / "m.yaml"


def test_date_and_hour_in_two_columns_and_a_letter_with_its_row(tmp_path: Path) -> None:
    given, mapping = write(tmp_path, mistyped=False)
    done = replay(
        "--registry", HERE / "registry.yaml", "--input", given, "--mapping", mapping, "--strict",
        "--workspace", tmp_path / "run", export=tmp_path / "out",
    )  # fmt: skip
    hours = [
        row for row in table(tmp_path / "out" / "means.csv")
        if row["window"] == "1h" and row["parameter"] == "CO"
    ]  # fmt: skip
    starts = [row["start"] for row in hours]
    assert len(starts) == 48
    assert (starts[0], starts[-1]) == ("2026-05-03T19:00:00Z", "2026-05-05T18:00:00Z")
    (letter,) = table(tmp_path / "out" / "dead-letters.csv")
    assert letter["reason"] == "UNKNOWN_SOURCE"
    assert (letter["measured_at"], letter["arrived_at"]) == (
        "2026-05-05T18:00:00Z", "2026-05-05T19:00:00Z",
    )  # fmt: skip
    assert (letter["input_file"], letter["input_row"]) == (str(given), "49")
    assert letter["detail"] == "source 'GT-99' is not registered"
    assert "2026-05-04 00:00" in done.stdout
    assert "hours.csv row 49" in done.stdout
    _look_into(tmp_path / "run", f"{letter['partition']}/{letter['offset']}", str(given))


def _look_into(workspace: Path, place: str, given: str) -> None:
    """The letters that the run left, without its broker."""
    kept = ["--workspace", str(workspace), "--format", "json"]
    (listed,) = _lines("list", *kept)
    (shown,) = _lines("show", place, *kept)
    for row in (listed, shown):
        assert (row["reason"], row["input_file"], row["input_row"]) == (
            "UNKNOWN_SOURCE", given, 49,
        )  # fmt: skip
        assert row["measured_at"] == "2026-05-05T18:00:00Z"
    assert shown["message"]["source_id"] == "GT-99"
    assert (shown["now"], shown["replayed"]) == (None, None)
    (counted,) = _lines("list", "--summary", *kept)
    assert counted["letters"] == 1
    for args in (["show", "0/99", *kept], ["list", "--workspace", str(workspace / "none")]):
        refused = CliRunner().invoke(cli, ["dead-letters", *args])
        assert refused.exit_code == 2, refused.output


def _lines(*args: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(cli, ["dead-letters", *args])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_strict_refuses_a_mistyped_month_before_anything_is_started(tmp_path: Path) -> None:
    given, mapping = write(tmp_path, mistyped=True)
    workspace = tmp_path / "run"
    done = replay(
        "--registry", HERE / "registry.yaml", "--input", given, "--mapping", mapping, "--strict",
        "--workspace", workspace, export=tmp_path / "out", code=2,
    )  # fmt: skip
    assert (
        f"far from its neighbours: {given}, row 31, GT-01 at 2026-08-05T06:00:00+05:00 "
        "(row 30 says 2026-05-05T05:00:00+05:00 and row 32 says 2026-05-05T07:00:00+05:00)\n"
    ) in done.stderr
    assert done.stderr.splitlines()[-1].startswith("emissions: 1 row lies far from its neighbours")
    assert "91 days" in done.stdout
    assert not workspace.exists()
