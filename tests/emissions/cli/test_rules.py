"""``emissions rules``: what is judged by, and whether a directory of rules can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from streams.rules.load import load_rules
from tests.rules.test_rules import rule_text

RULES = load_rules()
CASES = """\
rule: XX-1
cases:
  - case: twice the limit over an hour
    day: 2026-03-01
    readings: [from 10:00 to 11:00 at 1000 mg/m3 each minute]
    found: ["XX-1 from 10:00 to 11:00, value {value}, not automatic"]
"""


def call(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(cli, ["rules", *arguments], env=dict(env))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMISSIONS_RULES", raising=False)


@pytest.fixture(name="drafts")
def drafts_of_rules(tmp_path: Path) -> Path:
    (tmp_path / "XX-1.yaml").write_text(rule_text(), encoding="utf-8")
    return tmp_path


def test_list_has_every_rule_in_the_order_of_its_code() -> None:
    rows = [json.loads(line) for line in call("list", "--format", "json").stdout.splitlines()]
    assert [row["code"] for row in rows] == [rule.code for rule in RULES.rules]
    assert rows[0]["kind"] == "plain_mean_over"


def test_list_has_the_rules_of_the_setting(drafts: Path) -> None:
    done = call("list", "--format", "json", EMISSIONS_RULES=str(drafts))
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == ["XX-1"]


def test_show_has_everything_that_a_rule_says() -> None:
    shown = json.loads(call("show", "kz-3h", "--format", "json").stdout)
    assert shown["condition"]["window_by_cadence"] == {"1200": "20min"}
    assert shown["rule_set"] == RULES.version
    text = call("show", "KZ-3H").stdout
    assert all(str(each) in text for each in shown["titles"].values())


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_titles_and_labels_are_in_three_languages(language: str) -> None:
    rows = call("list", "--lang", language, "--format", "json").stdout.splitlines()
    assert [json.loads(row)["title"] for row in rows] == [
        rule.titles[language] for rule in RULES.rules
    ]
    first = {"ru": "закон", "kk": "заң", "en": "law"}[language]
    for rule in RULES.rules:
        text = call("show", rule.code, "--lang", language).stdout
        assert rule.titles[language].split()[0] in text.splitlines()[0]
        assert all(len(line) <= 80 or "/" in line for line in text.splitlines())
        assert first in text


def test_show_tells_where_each_word_comes_from() -> None:
    shown = json.loads(call("show", "KZ-15", "--format", "json").stdout)
    assert shown["citation"].endswith("№ 208 п. 26 пп. 1")
    assert shown["meaning"].startswith("The plain mean of the VALID means of `of`")
    files = [Path(shown[name]) for name in ("file", "kind_file", "cases_file")]
    assert [each.name for each in files] == ["KZ-15.yaml", "plain_mean.py", "KZ-15.cases.yaml"]
    assert all(each.is_file() for each in files)
    assert shown["cases"] > 20


def test_show_has_every_version_of_a_rule(drafts: Path) -> None:
    later = rule_text().replace("2021-07-01", "2027-01-01").replace("valid_to: 2026-04-01\n", "")
    (drafts / "XX-1.2027.yaml").write_text(later, encoding="utf-8")
    done = call("show", "XX-1", "--format", "json", EMISSIONS_RULES=str(drafts))
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["valid_from"], Path(each["file"]).name) for each in shown] == [
        ("2021-07-01", "XX-1.yaml"),
        ("2027-01-01", "XX-1.2027.yaml"),
    ]
    text = call("show", "xx-1", EMISSIONS_RULES=str(drafts)).stdout
    assert text.count("in force") == 2
    assert "from 2021-07-01 until 2026-04-01" in text
    listed = call("list", EMISSIONS_RULES=str(drafts)).stdout
    assert "until" in listed
    checked = call("check", str(drafts))
    assert (checked.exit_code, checked.stdout.splitlines()[0]) == (
        0,
        f"{drafts}: 2 rules, 0 cases, no mistakes",
    )


def test_check_refuses_two_versions_that_overlap(drafts: Path) -> None:
    (drafts / "XX-1.2026.yaml").write_text(
        rule_text().replace("valid_from: 2021-07-01", "valid_from: 2026-03-31"), encoding="utf-8"
    )
    done = call("check", str(drafts))
    assert done.exit_code == 2
    assert "the rule XX-1 is defined twice from 2026-03-31 on" in done.stderr


def test_show_refuses_what_is_no_rule() -> None:
    done = call("show", "KZ-4H")
    assert done.exit_code == 2
    assert "KZ-4H is no rule; the rules are KZ-15, KZ-30," in done.stderr


def test_check_judges_the_cases_of_a_directory(drafts: Path) -> None:
    (drafts / "XX-1.cases.yaml").write_text(CASES.format(value=1000), encoding="utf-8")
    done = call("check", str(drafts))
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"{drafts}: 1 rule, 1 case, no mistakes" in done.stdout


def test_check_tells_a_case_that_comes_out_otherwise(drafts: Path) -> None:
    (drafts / "XX-1.cases.yaml").write_text(CASES.format(value=999), encoding="utf-8")
    done = call("check", str(drafts))
    assert done.exit_code == 1
    assert "value should be 999.0, is 1000.0" in done.stdout
    assert "1 difference in 1 case" in done.stderr


def test_check_names_rules_without_cases(drafts: Path) -> None:
    assert "without cases: XX-1" in call("check", str(drafts)).stdout


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("XX-1.cases.yaml", b"rule: XX-2\ncases: []", "XX-2: there are cases of it and no rule"),
        ("XX-1.cases.yaml", b"rule: [", "XX-1.cases.yaml: line 1, column 8: "),
        ("XX-2.yaml", b"\xff", "XX-2.yaml: the file is not UTF-8"),
        ("XX-2.yaml", rule_text().encode(), "XX-2.yaml: the rule XX-1 is defined twice"),
    ],
)
def test_check_refuses_files_that_cannot_be_used(
    name: str, content: bytes, sentence: str, drafts: Path
) -> None:
    (drafts / name).write_bytes(content)
    done = call("check", str(drafts))
    assert done.exit_code == 2
    assert sentence in done.stderr
