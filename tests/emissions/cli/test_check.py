"""``emissions check``: an operator's own file, judged before it is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
REGISTRY = str(EXAMPLE / "registry.yaml")
INPUT = EXAMPLE / "input.csv"


def call(*arguments: object, **env: str) -> Result:
    given = ["check", *map(str, arguments), "--registry", REGISTRY]
    return CliRunner().invoke(cli, given, env={"COLUMNS": "80", **env})


def test_what_would_be_found_is_exit_1() -> None:
    done = call(INPUT)
    assert done.exit_code == 1
    assert "Violations that would be found: 14" in done.stdout.splitlines()[-1]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_file_that_keeps_the_law_is_exit_0(tmp_path: Path) -> None:
    header, *lines = INPUT.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "b.csv").write_text(header + "".join(x for x in lines[:400] if "EX-01-B" in x))
    done = call(tmp_path / "b.csv")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].startswith("No violation would be found")


def test_a_file_without_rows_is_not_called_lawful(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text(INPUT.read_text(encoding="utf-8").splitlines(keepends=True)[0])
    done = call(empty)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        f"emissions: {empty}: no readings to judge (--until TIME judges the silence)"
    )
    assert call(empty, "--until", "2026-05-05T00:00:00+05:00").exit_code in (0, 1)


def test_json_is_one_object() -> None:
    done = call(INPUT, "--format", "json", "--lang", "ru")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["refused_rows"][0]["row"] == 79
    assert len(found["violations"]) == 14
    assert found["violations"][0]["title"] == "Получасовая концентрация не ниже двух нормативов"


@pytest.mark.parametrize("form", ["table", "json", "html"])
def test_it_is_written_to_a_file(form: str, tmp_path: Path) -> None:
    done = call(INPUT, "--format", form, "--output", tmp_path / "report")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "\x1b" not in (tmp_path / "report").read_text(encoding="utf-8")


def test_outlying_rows_are_named_and_refused_if_strict(tmp_path: Path) -> None:
    rows = [
        f"EX-01-B,2026-05-{day:02}T00:{minute:02}:00+05:00,60,1\n"
        for day in range(1, 29)
        for minute in range(5)
    ]
    rows[50] = rows[50].replace("2026-05", "2026-08")
    (tmp_path / "in.csv").write_text("source_id,measured_at,period_s,CO\n" + "".join(rows))
    found = json.loads(call(tmp_path / "in.csv", "--format", "json").stdout)
    assert [(each["row"], each["source_id"]) for each in found["outlying"]] == [(51, "EX-01-B")]
    refused = call(tmp_path / "in.csv", "--strict")
    assert refused.exit_code == 2
    assert "the first is" in refused.stderr
    assert "row 51" in refused.stderr


def test_a_mistake_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("source_id,measured_at,period_s,CO\nEX-01-B,yesterday,60,1\n")
    done = call(tmp_path / "in.csv")
    assert done.exit_code == 2
    assert "row 1" in done.stderr
    assert call(tmp_path / "none.csv").exit_code == 2


def test_the_rules_of_the_setting_are_judged_by(tmp_path: Path) -> None:
    import streams.rules

    text = (Path(streams.rules.__path__[0]) / "kz" / "KZ-GS.yaml").read_text(encoding="utf-8")
    (tmp_path / "KZ-GS.yaml").write_text(text, encoding="utf-8")
    found = json.loads(call(INPUT, "--format", "json", EMISSIONS_RULES=str(tmp_path)).stdout)
    assert {each["rule"] for each in found["violations"]} == {"KZ-GS"}


def test_an_outage_that_was_told_in_time_is_no_gap(tmp_path: Path) -> None:
    (tmp_path / "notices.yaml").write_text(
        "notices:\n"
        "  - {id: n-1, kind: PLANNED_OUTAGE, bin: '990140001233', source_id: EX-01-A,\n"
        "     from: 2026-05-04T04:50:00+05:00, to: 2026-05-04T05:50:00+05:00,\n"
        "     arrived_at: 2026-03-01T00:00:00+05:00, reason: repair}\n",
        encoding="utf-8",
    )
    assert len(json.loads(call(INPUT, "--format", "json").stdout)["gaps"]) == 1
    told = call(INPUT, "--format", "json", "--notices", tmp_path / "notices.yaml")
    assert json.loads(told.stdout)["gaps"] == []
