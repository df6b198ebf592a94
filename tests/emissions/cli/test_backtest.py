"""``emissions backtest``: what a draft of the rules would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import streams.rules
from emissions.cli.main import cli

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
RULES = Path(streams.rules.__path__[0]) / "kz"
FILES = ("--registry", EXAMPLE / "registry.yaml", "--input", EXAMPLE / "input.csv")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["backtest", *map(str, arguments)], env={"COLUMNS": "80"})


@pytest.fixture(name="amendment")
def amendment_of_a_rule(tmp_path: Path) -> Path:
    folder = tmp_path / "drafts"
    folder.mkdir()
    text = (RULES / "KZ-DAY.yaml").read_text(encoding="utf-8")
    (folder / "KZ-DAY.yaml").write_text(text.replace("compare: above", "compare: above, factor: 2"))
    return folder


def test_an_amendment_leaves_the_other_rules(amendment: Path) -> None:
    done = call("--rules", amendment, "--amendment", *FILES, "--format", "json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rules"]["changed"] == ["KZ-DAY"]
    assert found["rules"]["removed"] == []
    assert {(each["change"], each["rule"]) for each in found["changes"]} == {("lost", "KZ-DAY")}
    assert found["total"]["lost"] == 2
    assert found["total"]["base"] == 14


def test_a_directory_is_the_whole_draft(amendment: Path) -> None:
    found = json.loads(call("--rules", amendment, *FILES, "--format", "json").stdout)
    assert "KZ-30" in found["rules"]["removed"]
    assert found["total"]["draft"] == 0


def test_a_code_of_a_rule_is_not_broken_at_the_end_of_a_line(amendment: Path) -> None:
    lines = call("--rules", amendment, *FILES).stdout.splitlines()
    assert any("KZ-YEAR" in line for line in lines)
    assert not any(line.endswith("KZ-") for line in lines)


def test_rules_are_taken_out(tmp_path: Path) -> None:
    done = call("--without", "kz-gs", *FILES, "--format", "html", "-o", tmp_path / "b.html")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "0 gained, 4 lost, 0 altered" in (tmp_path / "b.html").read_text(encoding="utf-8")
    text = call("--without", "KZ-GS", *FILES).stdout
    assert text.splitlines()[-1] == "Violations: 0 gained, 4 lost, 0 altered"
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*FILES,), "name a draft with --rules"),
        (("--without", "KZ-X", *FILES), "KZ-X is no rule in force"),
        (("--rules", RULES, *FILES), "nothing can change"),
        (("--without", "KZ-GS", *FILES[2:]), "belong together"),
        (
            ("--without", "KZ-GS", *FILES, "--from", "2026-05-04T00:00:00Z", "--to",
             "2026-05-04T00:00:00Z"),
            "--to is not after --from",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(arguments: tuple[object, ...], said: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
